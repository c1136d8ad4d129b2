#include "answer/lex.h"

#include <stdint.h>
#include <string.h>

#include "core/utf8.h"

enum { NESTED_MAX = 16 }; /* texts in texts */

struct lexer {
    struct arena *arena;
    const char *p, *end;
    enum lex_commas commas;
    struct token *token;
    int count, capacity, depth;
    bool spaced, in_matrix, failed;
};

/* ---- tables ---- */

struct spelling {
    const char *from;
    enum token_kind kind;
    int symbol;
    const char *text;
};

#define SIGN(from, symbol)                                                                                   \
    {                                                                                                        \
        from, TOKEN_SYMBOL, symbol, NULL                                                                     \
    }
#define AS(from, text)                                                                                       \
    {                                                                                                        \
        from, TOKEN_COMMAND, 0, text                                                                         \
    }
#define NOTHING(from)                                                                                        \
    {                                                                                                        \
        from, TOKEN_END, 0, NULL                                                                             \
    }

/* Commands by their letters. What is not here is a function or a construct of that name if the parser knows
 * it, a Greek letter, or an unknown name. */
static const struct spelling commands[] = {
    SIGN("cdot", '*'),
    SIGN("times", '*'),
    SIGN("ast", '*'),
    SIGN("div", '/'),
    SIGN("pm", SYMBOL_PLUS_MINUS),
    SIGN("mp", SYMBOL_PLUS_MINUS),
    SIGN("le", SYMBOL_LESS_EQUAL),
    SIGN("leq", SYMBOL_LESS_EQUAL),
    SIGN("leqslant", SYMBOL_LESS_EQUAL),
    SIGN("ge", SYMBOL_GREATER_EQUAL),
    SIGN("geq", SYMBOL_GREATER_EQUAL),
    SIGN("geqslant", SYMBOL_GREATER_EQUAL),
    SIGN("lt", '<'),
    SIGN("gt", '>'),
    SIGN("ne", SYMBOL_NOT_EQUAL),
    SIGN("neq", SYMBOL_NOT_EQUAL),
    SIGN("approx", SYMBOL_APPROXIMATELY),
    SIGN("simeq", SYMBOL_APPROXIMATELY),
    SIGN("in", SYMBOL_IN),
    SIGN("cup", SYMBOL_UNION),
    SIGN("lbrace", SYMBOL_SET_OPEN),
    SIGN("rbrace", SYMBOL_SET_CLOSE),
    SIGN("langle", '('),
    SIGN("rangle", ')'),
    SIGN("lbrack", '['),
    SIGN("rbrack", ']'),
    SIGN("circ", SYMBOL_DEGREE),
    SIGN("degree", SYMBOL_DEGREE),
    SIGN("prime", '\''),
    SIGN("vert", '|'),
    SIGN("lvert", '|'),
    SIGN("rvert", '|'),
    SIGN("mid", '|'),
    SIGN("colon", ':'),
    AS("dfrac", "frac"),
    AS("tfrac", "frac"),
    AS("cfrac", "frac"),
    AS("dbinom", "binom"),
    AS("tbinom", "binom"),
    AS("infty", "infinity"),
    AS("lg", "log"),
    AS("bar", "overline"),
    AS("dots", "ldots"),
    AS("cdots", "ldots"),
    AS("emptyset", "emptyset"),
    AS("varnothing", "emptyset"),
    AS("arcsin", "asin"),
    AS("arccos", "acos"),
    AS("arctan", "atan"),
    NOTHING("left"),
    NOTHING("right"),
    NOTHING("big"),
    NOTHING("Big"),
    NOTHING("bigl"),
    NOTHING("bigr"),
    NOTHING("Bigl"),
    NOTHING("Bigr"),
    NOTHING("bigg"),
    NOTHING("Bigg"),
    NOTHING("displaystyle"),
    NOTHING("textstyle"),
    NOTHING("quad"),
    NOTHING("qquad"),
    NOTHING("boxed"),
    NOTHING("fbox"),
    NOTHING("limits"),
    NOTHING("rm"),
    NOTHING("bf"),
    NOTHING("boldsymbol"),
    NOTHING("vec"),
    NOTHING("hspace"),
    NOTHING("ensuremath"),
    NOTHING("thinspace"),
    NOTHING("negthinspace"),
    NOTHING("enspace"),
    NOTHING("hfill"),
};

/* Runs of two letters and more outside of commands. */
static const struct spelling words[] = {
    AS("sqrt", "sqrt"),
    AS("sin", "sin"),
    AS("cos", "cos"),
    AS("tan", "tan"),
    AS("cot", "cot"),
    AS("sec", "sec"),
    AS("csc", "csc"),
    AS("arcsin", "asin"),
    AS("arccos", "acos"),
    AS("arctan", "atan"),
    AS("asin", "asin"),
    AS("acos", "acos"),
    AS("atan", "atan"),
    AS("sinh", "sinh"),
    AS("cosh", "cosh"),
    AS("tanh", "tanh"),
    AS("log", "log"),
    AS("ln", "ln"),
    AS("exp", "exp"),
    AS("abs", "abs"),
    AS("binom", "binom"),
    AS("floor", "floor"),
    AS("ceil", "ceil"),
    AS("pi", "pi"),
    AS("inf", "infinity"),
    AS("infty", "infinity"),
    AS("infinity", "infinity"),
    AS("frac", "frac"),
    SIGN("and", SYMBOL_AND),
    SIGN("or", SYMBOL_AND),
    SIGN("degrees", SYMBOL_DEGREE),
    SIGN("degree", SYMBOL_DEGREE),
    SIGN("deg", SYMBOL_DEGREE),
    SIGN("percent", '%'),
};

/* Signs beyond ASCII. */
static const struct {
    uint32_t code;
    struct spelling as;
} signs[] = {
    {0x2212, SIGN("", '-')},
    {0x2013, SIGN("", '-')},
    {0x2014, SIGN("", '-')},
    {0xD7, SIGN("", '*')},
    {0xB7, SIGN("", '*')},
    {0x22C5, SIGN("", '*')},
    {0x2217, SIGN("", '*')},
    {0xF7, SIGN("", '/')},
    {0x2044, SIGN("", '/')},
    {0x2215, SIGN("", '/')},
    {0xB1, SIGN("", SYMBOL_PLUS_MINUS)},
    {0x2264, SIGN("", SYMBOL_LESS_EQUAL)},
    {0x2265, SIGN("", SYMBOL_GREATER_EQUAL)},
    {0x2260, SIGN("", SYMBOL_NOT_EQUAL)},
    {0x2248, SIGN("", SYMBOL_APPROXIMATELY)},
    {0x2208, SIGN("", SYMBOL_IN)},
    {0x222A, SIGN("", SYMBOL_UNION)},
    {0xB0, SIGN("", SYMBOL_DEGREE)},
    {0x2032, SIGN("", '\'')},
    {0x2019, SIGN("", '\'')},
    {0x27E8, SIGN("", '(')},
    {0x27E9, SIGN("", ')')},
    {0xFF08, SIGN("", '(')},
    {0xFF09, SIGN("", ')')},
    {0xFF0C, SIGN("", ',')},
    {0x3001, SIGN("", ',')},
    {0xFF05, SIGN("", '%')},
    {0xFF1D, SIGN("", '=')},
    {0x221E, AS("", "infinity")},
    {0x3C0, AS("", "pi")},
    {0x221A, AS("", "sqrt")},
    {0x2205, AS("", "emptyset")},
    {0x2026, AS("", "ldots")},
    {0xA0, NOTHING("")},
    {0x2009, NOTHING("")},
    {0x202F, NOTHING("")},
    {0x3002, NOTHING("")},
    {0x20AC, NOTHING("")},
    {0xA3, NOTHING("")},
    {0x3B1, {"", TOKEN_NAME, 0, "alpha"}},
    {0x3B2, {"", TOKEN_NAME, 0, "beta"}},
    {0x3B8, {"", TOKEN_NAME, 0, "theta"}},
    {0x3BB, {"", TOKEN_NAME, 0, "lambda"}},
    {0x3C6, {"", TOKEN_NAME, 0, "phi"}},
};

static const char *const greek[] = {
    "alpha",    "beta",    "gamma", "delta",  "epsilon", "varepsilon", "zeta",  "eta",   "theta",
    "vartheta", "iota",    "kappa", "lambda", "mu",      "nu",         "xi",    "rho",   "sigma",
    "tau",      "upsilon", "phi",   "varphi", "chi",     "psi",        "omega", "Gamma", "Delta",
    "Theta",    "Lambda",  "Xi",    "Pi",     "Sigma",   "Phi",        "Psi",   "Omega", "ell"};

static const char *const short_units[] = {"cm", "km", "mm", "kg", "ft", "mi", "hr", "lb", "oz", "ml"};

static const char *const text_commands[] = {
    "text",   "textbf", "textit", "textrm",  "textsf", "texttt",       "textnormal", "mbox", "mathrm",
    "mathbf", "mathit", "mathsf", "mathcal", "mathbb", "operatorname", "hbox",       "emph", "underline"};

/* ---- characters ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char at(const struct lexer *l, size_t ahead)
{
    return (size_t)(l->end - l->p) > ahead ? l->p[ahead] : '\0';
}

static bool named(const char *text, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(text, name, n) == 0;
}

static bool listed(const char *text, size_t n, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (named(text, n, names[i]))
            return true;
    return false;
}
#define LISTED(text, n, names) listed(text, n, names, sizeof(names) / sizeof *(names))

/* ---- tokens ---- */

static struct token *add(struct lexer *l, enum token_kind kind)
{
    if (l->count == l->capacity) {
        l->failed = true;
        return &l->token[0];
    }
    struct token *token = &l->token[l->count++];
    *token = (struct token){.kind = kind, .text = "", .spaced = l->spaced};
    l->spaced = false;
    return token;
}

static void add_symbol(struct lexer *l, int symbol)
{
    add(l, TOKEN_SYMBOL)->symbol = symbol;
}

static void add_text(struct lexer *l, enum token_kind kind, const char *text, size_t n)
{
    const char *copy = arena_copy(l->arena, text, n);
    if (copy)
        add(l, kind)->text = copy;
    l->failed |= !copy;
}

static void add_spelling(struct lexer *l, const struct spelling *as)
{
    if (as->kind == TOKEN_SYMBOL)
        add_symbol(l, as->symbol);
    else if (as->kind != TOKEN_END)
        add_text(l, as->kind, as->text, strlen(as->text));
    else
        l->spaced = true;
}

static const struct spelling *find(const struct spelling *table, size_t count, const char *text, size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (named(text, n, table[i].from))
            return &table[i];
    return NULL;
}
#define FIND(table, text, n) find(table, sizeof(table) / sizeof *(table), text, n)

/* ---- numbers ---- */

/* Bytes of a thousands separator at the front: "," with three digits and no fourth behind it, or one of
 * TeX's, "{,}" and its like. */
static size_t separator(const struct lexer *l)
{
    static const char *const tex[] = {"{,}", ",\\!", "\\!,\\!", "\\,", "\\ "};
    size_t n = at(l, 0) == ',' && l->commas == LEX_COMMAS_GROUP_DIGITS ? 1 : 0;
    for (size_t i = 0; i < sizeof tex / sizeof *tex; i++) {
        size_t length = strlen(tex[i]);
        if ((size_t)(l->end - l->p) > length && memcmp(l->p, tex[i], length) == 0)
            n = length;
    }
    bool three = n && is_digit(at(l, n)) && is_digit(at(l, n + 1)) && is_digit(at(l, n + 2));
    return three && !is_digit(at(l, n + 3)) ? n : 0;
}

/* The "e-3" of 1.5e-3, as "* 10 ** -3". */
static void exponent(struct lexer *l)
{
    size_t sign = at(l, 1) == '-' || at(l, 1) == '+', n = 1 + sign;
    if ((at(l, 0) != 'e' && at(l, 0) != 'E') || !is_digit(at(l, n)))
        return;
    while (is_digit(at(l, n)))
        n++;
    if (is_letter(at(l, n)))
        return;
    add_symbol(l, '*');
    add_text(l, TOKEN_NUMBER, "10", 2);
    add_symbol(l, SYMBOL_POWER_OF);
    if (at(l, 1) == '-')
        add_symbol(l, '-');
    add_text(l, TOKEN_NUMBER, l->p + 1 + sign, n - 1 - sign);
    l->p += n;
}

static void number(struct lexer *l)
{
    char text[LEX_BYTES_MAX + 1];
    size_t n = 0, lead = 0;
    bool point = false;
    for (;;) {
        size_t skip = separator(l);
        if (is_digit(at(l, 0))) {
            text[n++] = *l->p++;
            lead += !point;
        } else if (at(l, 0) == '.' && !point && (is_digit(at(l, 1)) || n) && at(l, 1) != '.') {
            point = true;
            text[n++] = *l->p++;
        } else if (skip && !point && lead > 0 && (lead <= 3 || n > 3)) {
            l->p += skip;
        } else {
            break;
        }
    }
    bool repeats = at(l, 0) == '\\' && (at(l, 1) == 'o' || at(l, 1) == 'd'); /* \overline, \dot */
    if (n > 1 && text[n - 1] == '.' && !repeats) /* a full stop, not a decimal point */
        n--;
    add_text(l, TOKEN_NUMBER, text, n);
    exponent(l);
}

/* ---- words ---- */

static void lex_range(struct lexer *l, const char *text, size_t n);

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A text in words, in lower case; joins the words before it. */
static void add_words(struct lexer *l, const char *text, size_t n)
{
    char joined[LEX_BYTES_MAX + 1];
    size_t len = 0;
    struct token *last = l->count ? &l->token[l->count - 1] : NULL;
    if (last && last->kind == TOKEN_WORD && strlen(last->text) + n + 1 < LEX_BYTES_MAX) {
        len = strlen(last->text);
        memcpy(joined, last->text, len);
        joined[len++] = ' ';
        l->spaced = last->spaced;
        l->count--;
    }
    for (size_t i = 0; i < n && len < LEX_BYTES_MAX; i++) {
        bool space = is_space(text[i]) || text[i] == '-' || text[i] == '$';
        if (!space)
            joined[len++] = lower(text[i]);
        else if (len && joined[len - 1] != ' ')
            joined[len++] = ' ';
    }
    while (len && (joined[len - 1] == ' ' || joined[len - 1] == '.'))
        len--;
    if (len)
        add_text(l, TOKEN_WORD, joined, len);
}

/* The contents of \text{..}: a joiner of lists, mathematics in disguise, or words. */
static void text_contents(struct lexer *l, const char *text, size_t n)
{
    while (n && is_space(*text)) {
        text++;
        n--;
        l->spaced = true;
    }
    while (n && is_space(text[n - 1]))
        n--;
    size_t comma = n && *text == ',' ? 1 : 0;
    while (comma && comma < n && is_space(text[comma]))
        comma++;
    if (named(text + comma, n - comma, "and") || named(text + comma, n - comma, "or"))
        add_symbol(l, SYMBOL_AND);
    else if (n == 1 || (n && (is_digit(*text) || memchr("(+-.\\[{", *text, 7))) || FIND(words, text, n))
        lex_range(l, text, n);
    else
        add_words(l, text, n);
}

/* A run of letters outside of commands: a function, words, or variables side by side. */
static void letters(struct lexer *l)
{
    size_t n = 0;
    while (is_letter(at(l, n)))
        n++;
    const char *text = l->p;
    const struct spelling *as = n > 1 ? FIND(words, text, n) : NULL;
    for (size_t front = n - 1; !as && front > 1 && front + 2 >= n; front--) { /* "sinx" */
        as = FIND(words, text, front);
        as = as && as->kind == TOKEN_COMMAND ? as : NULL;
        n = as ? front : n;
    }
    bool after_number = l->count && l->token[l->count - 1].kind == TOKEN_NUMBER;
    bool in_words = l->count && l->token[l->count - 1].kind == TOKEN_WORD;
    bool before_words = l->count == 0 && at(l, n) == ' ' && is_letter(at(l, n + 1)) &&
                        is_letter(at(l, n + 2)) && is_letter(at(l, n + 3)); /* "no solution" */
    l->p += n;
    if (as)
        add_spelling(l, as);
    else if (n > 3 || in_words || (n > 1 && before_words) ||
             (n == 3 && (after_number || l->spaced || l->count == 0)) ||
             (n == 2 && after_number && (l->spaced || LISTED(text, n, short_units))))
        add_words(l, text, n);
    else
        for (size_t i = 0; i < n; i++)
            add_text(l, TOKEN_NAME, text + i, 1);
}

/* ---- commands ---- */

/* The group that follows, without its braces, or nothing where none does. */
static bool group(struct lexer *l, const char **text, size_t *n)
{
    const char *p = l->p;
    while (p < l->end && is_space(*p))
        p++;
    if (p == l->end || *p != '{')
        return false;
    int depth = 0;
    for (const char *q = p; q < l->end; q++) {
        if (*q == '\\' && q + 1 < l->end) {
            q++;
        } else if (*q == '{') {
            depth++;
        } else if (*q == '}' && --depth == 0) {
            *text = p + 1;
            *n = (size_t)(q - p - 1);
            l->p = q + 1;
            return true;
        }
    }
    return false;
}

static void control_symbol(struct lexer *l, char c)
{
    if (c == '\\')
        add_symbol(l, SYMBOL_ROW);
    else if (c == '{' || c == '}')
        add_symbol(l, c == '{' ? SYMBOL_SET_OPEN : SYMBOL_SET_CLOSE);
    else if (c == '%' || c == '|')
        add_symbol(l, c);
    else
        l->spaced = true; /* "\,", "\!", "\$", "\(" and the like only shape the text */
}

static void command(struct lexer *l)
{
    size_t n = 1;
    while (is_letter(at(l, n)))
        n++;
    const char *name = l->p + 1, *text;
    size_t name_len = n - 1, len;
    if (name_len == 0 && at(l, 1) == '\\' && is_letter(at(l, 2)) && !l->in_matrix) { /* an escape too many */
        l->p++;
        command(l);
        return;
    }
    if (name_len == 0) {
        char c = at(l, 1);
        l->p += c ? 2 : 1;
        control_symbol(l, c);
        return;
    }
    l->p += n;
    const struct spelling *as = FIND(commands, name, name_len);
    if (LISTED(name, name_len, text_commands)) {
        if (group(l, &text, &len))
            text_contents(l, text, len);
    } else if (named(name, name_len, "begin") || named(name, name_len, "end")) {
        if (group(l, &text, &len))
            add_text(l, *name == 'b' ? TOKEN_BEGIN : TOKEN_FINISH, text, len);
        l->in_matrix = *name == 'b';
    } else if (as) {
        add_spelling(l, as);
        if (as->kind == TOKEN_END && (named(name, name_len, "left") || named(name, name_len, "right")) &&
            at(l, 0) == '.')
            l->p++;
    } else {
        add_text(l, LISTED(name, name_len, greek) ? TOKEN_NAME : TOKEN_COMMAND, name, name_len);
    }
}

/* ---- signs beyond ASCII ---- */

static const char superscripts[][4] = {"\xE2\x81\xB0", "\xC2\xB9",     "\xC2\xB2",     "\xC2\xB3",
                                       "\xE2\x81\xB4", "\xE2\x81\xB5", "\xE2\x81\xB6", "\xE2\x81\xB7",
                                       "\xE2\x81\xB8", "\xE2\x81\xB9"};

static const struct {
    uint32_t code;
    const char *digits; /* of \\frac */
} fractions[] = {{0xBD, "12"},   {0xBC, "14"},   {0xBE, "34"},   {0x2153, "13"}, {0x2154, "23"},
                 {0x2155, "15"}, {0x215B, "18"}, {0x215C, "38"}, {0x215D, "58"}, {0x215E, "78"}};

static int superscript(const struct lexer *l, size_t *bytes)
{
    for (int digit = 0; digit < 10; digit++) {
        size_t n = strlen(superscripts[digit]);
        if ((size_t)(l->end - l->p) >= n && memcmp(l->p, superscripts[digit], n) == 0) {
            *bytes = n;
            return digit;
        }
    }
    return -1;
}

static void superscript_digits(struct lexer *l)
{
    char text[32];
    size_t n = 0, bytes;
    for (int digit; n < sizeof text && (digit = superscript(l, &bytes)) >= 0; l->p += bytes)
        text[n++] = (char)('0' + digit);
    add_symbol(l, SYMBOL_POWER_OF);
    add_text(l, TOKEN_NUMBER, text, n);
}

static void beyond_ascii(struct lexer *l)
{
    uint32_t code = 0;
    size_t ignored, n = utf8_decode(l->p, (size_t)(l->end - l->p), &code);
    if (superscript(l, &ignored) >= 0) {
        superscript_digits(l);
        return;
    }
    const char *begin = l->p;
    l->p += n ? n : 1;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (signs[i].code == code) {
            add_spelling(l, &signs[i].as);
            return;
        }
    }
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
        if (fractions[i].code == code) {
            add_text(l, TOKEN_COMMAND, "frac", 4);
            add_text(l, TOKEN_NUMBER, fractions[i].digits, 2);
            return;
        }
    }
    while (l->p < l->end && (unsigned char)*l->p >= 0x80)
        l->p++;
    add_words(l, begin, (size_t)(l->p - begin));
}

/* ---- all ---- */

static void prime(struct lexer *l)
{
    struct token *last = l->count ? &l->token[l->count - 1] : NULL;
    l->p++;
    if (!last || last->kind != TOKEN_NAME)
        return;
    char name[32];
    size_t n = strlen(last->text);
    if (n + 1 >= sizeof name)
        return;
    memcpy(name, last->text, n);
    name[n] = '\'';
    l->count--;
    l->spaced = last->spaced;
    add_text(l, TOKEN_NAME, name, n + 1);
}

static void ascii(struct lexer *l)
{
    static const struct {
        const char *text;
        int symbol;
    } pairs[] = {{"**", SYMBOL_POWER_OF},
                 {"<=", SYMBOL_LESS_EQUAL},
                 {">=", SYMBOL_GREATER_EQUAL},
                 {"!=", SYMBOL_NOT_EQUAL},
                 {"==", '='},
                 {"+-", SYMBOL_PLUS_MINUS},
                 {"~=", SYMBOL_APPROXIMATELY}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (at(l, 0) == pairs[i].text[0] && at(l, 1) == pairs[i].text[1]) {
            l->p += 2;
            add_symbol(l, pairs[i].symbol);
            return;
        }
    }
    add_symbol(l, *l->p++);
}

static void lex_range(struct lexer *l, const char *text, size_t n)
{
    const char *p = l->p, *end = l->end;
    if (++l->depth > NESTED_MAX)
        l->failed = true;
    l->p = text;
    l->end = text + n;
    while (l->p < l->end && !l->failed) {
        char c = *l->p;
        if (is_space(c) || c == '$') {
            l->spaced = true;
            l->p++;
        } else if (is_digit(c) || (c == '.' && is_digit(at(l, 1)))) {
            number(l);
        } else if (is_letter(c)) {
            letters(l);
        } else if (c == '\\') {
            command(l);
        } else if (c == '\'') {
            prime(l);
        } else if ((unsigned char)c >= 0x80) {
            beyond_ascii(l);
        } else {
            ascii(l);
        }
    }
    l->depth--;
    l->p = p;
    l->end = end;
}

const struct token *lex(struct arena *arena, const char *text, size_t len, enum lex_commas commas)
{
    if (len > LEX_BYTES_MAX)
        return NULL;
    struct lexer l = {
        .arena = arena, .commas = commas, .capacity = 2 * (int)len + 1}; /* "1e5" makes five of three bytes */
    l.token = arena_array(arena, 2 * len + 2, sizeof *l.token);
    if (!l.token)
        return NULL;
    lex_range(&l, text, len);
    l.token[l.count] = (struct token){.kind = TOKEN_END, .text = ""};
    return l.failed ? NULL : l.token;
}
