#include <stdint.h>

#include "formula/lexer.h"
#include "formula/spelling.h"
#include "formula/words.h"
#include "core/utf8.h"

enum { NESTED_MAX = 16 }; /* texts in texts */

/* ---- tokens ---- */

struct token *lexer_add(struct lexer *l, enum token_kind kind)
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

void lexer_add_symbol(struct lexer *l, int symbol)
{
    lexer_add(l, TOKEN_SYMBOL)->symbol = symbol;
}

void lexer_add_text(struct lexer *l, enum token_kind kind, const char *text, size_t n)
{
    const char *copy = arena_copy(l->arena, text, n);
    if (copy)
        lexer_add(l, kind)->text = copy;
    l->failed |= !copy;
}

static void add_spelling(struct lexer *l, const struct spelling *as)
{
    if (as->kind == TOKEN_SYMBOL)
        lexer_add_symbol(l, as->symbol);
    else if (as->kind != TOKEN_END)
        lexer_add_text(l, as->kind, as->text, strlen(as->text));
    else
        l->spaced = true;
}

/* ---- words ---- */

static void lex_range(struct lexer *l, const char *text, size_t n);

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
        bool abbreviates =
            text[i] == '.' && i && ascii_is_letter(text[i - 1]) && i + 1 < n && ascii_is_letter(text[i + 1]);
        if (abbreviates) /* "p.m." */
            continue;
        if (!space)
            joined[len++] = ascii_lower(text[i]);
        else if (len && joined[len - 1] != ' ')
            joined[len++] = ' ';
    }
    while (len && (joined[len - 1] == ' ' || joined[len - 1] == '.'))
        len--;
    if (len)
        lexer_add_text(l, TOKEN_WORD, joined, len);
}

static bool after_number(const struct lexer *l)
{
    return l->count && l->token[l->count - 1].kind == TOKEN_NUMBER;
}

static bool is_unit_letter(char c)
{
    return c && strchr("mgslLhJNWVAKCFTHM", c);
}

/* Whether a text has words that part a list. */
static bool has_joiner(const char *text, size_t n)
{
    for (size_t i = 0; i + 4 < n; i++)
        if (memcmp(text + i, " and ", 5) == 0 || memcmp(text + i, " or ", 4) == 0)
            return true;
    return false;
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
    bool letter = n == 1 && is_unit_letter(*text);
    if (named(text + comma, n - comma, "and") || named(text + comma, n - comma, "or"))
        lexer_add_symbol(l, SYMBOL_AND);
    else if (n == 1 || (n && (ascii_is_digit(*text) || memchr("(+-.\\[{", *text, 7))) ||
             spelling_of_word(text, n) || has_joiner(text, n) || (n && memchr(text, '=', n)))
        lex_range(l, text, n);
    else
        add_words(l, text, n);
    if (letter && !l->failed && l->count)
        l->token[l->count - 1].upright = l->token[l->count - 1].kind == TOKEN_NAME;
}

/* Bytes of a letter beyond ASCII that words are written with: Latin ones with marks, Cyrillic ones. */
static size_t wide_letter(const char *p, const char *end)
{
    uint32_t code = 0;
    size_t n = p < end && (unsigned char)*p >= 0xC3 ? utf8_decode(p, (size_t)(end - p), &code) : 0;
    bool latin = code >= 0xC0 && code < 0x250 && code != 0xD7 && code != 0xF7;
    return latin || (code >= 0x400 && code < 0x530) ? n : 0;
}

/* "xyz", "abc" and "pqr" are products, whatever their order. */
static bool neighbours(const char *text, size_t n)
{
    char low = text[0], high = text[0];
    for (size_t i = 1; i < n; i++) {
        low = text[i] < low ? text[i] : low;
        high = text[i] > high ? text[i] : high;
        if (memchr(text, text[i], i))
            return false;
    }
    return (size_t)(high - low) == n - 1;
}

/* Whether no vowel is in a run of small letters: "mgh" is no word. */
static bool consonants(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < 'a' || text[i] > 'z' || strchr("aeiouy", text[i]))
            return false;
    return true;
}

/* Whether a run of letters is a word, not variables side by side. */
static bool is_word(const struct lexer *l, const char *text, size_t n)
{
    bool in_words = l->count && l->token[l->count - 1].kind == TOKEN_WORD;
    bool before_words = l->count == 0 && at(l, n) == ' ' && ascii_is_letter(at(l, n + 1)) &&
                        ascii_is_letter(at(l, n + 2)) && ascii_is_letter(at(l, n + 3)); /* "no solution" */
    if (in_words || n > 4 || (before_words && (n > 1 || ascii_lower(*text) == 'a')))
        return true;
    bool square = n == 2 && after_number(l) && (named(text, n, "sq") || named(text, n, "cu"));
    if (square)
        return true;
    if (n == 1 || neighbours(text, n))
        return false;
    if (after_number(l) && (!l->spaced || n == 2))
        return words_is_short_unit(text, n) || (n == 2 && l->spaced && named(text, n, "in"));
    if (!after_number(l) && consonants(text, n))
        return false;
    return n == 4 || (n == 3 && (l->spaced || l->count == 0));
}

/* Whether nothing stands before, or behind the last "=", but a number: a fraction, or one in scientific
 * notation. */
static bool after_plain_number(const struct lexer *l)
{
    for (int i = l->count - 1; i >= 0; i--) {
        const struct token *t = &l->token[i];
        if (t->kind == TOKEN_SYMBOL && t->symbol == '=')
            break;
        bool sign =
            t->kind == TOKEN_SYMBOL && (t->symbol == SYMBOL_POWER_OF || strchr("*-+^{}()/", t->symbol));
        if (t->kind != TOKEN_NUMBER && !sign)
            return false;
    }
    const struct token *last = l->count ? &l->token[l->count - 1] : NULL;
    return last && (last->kind == TOKEN_NUMBER || (last->kind == TOKEN_SYMBOL && strchr("})", last->symbol)));
}

/* "m/s^2" and its like behind a number, up to the end of the text: its bytes, or 0. */
static size_t unit_to_end(const struct lexer *l)
{
    if (!l->spaced || !after_plain_number(l))
        return 0;
    size_t n = lex_unit(l->p, l->end);
    while (n && (is_space(at(l, n)) || at(l, n) == '.'))
        n++;
    return l->p + n == l->end ? n : 0;
}

/* "a.m." and "p.m." */
static bool half_of_day(struct lexer *l)
{
    char half = ascii_lower(at(l, 0));
    bool is = after_number(l) && (half == 'a' || half == 'p') && at(l, 1) == '.' &&
              ascii_lower(at(l, 2)) == 'm' && !ascii_is_letter(at(l, 3));
    if (!is)
        return false;
    l->p += at(l, 3) == '.' ? 4 : 3;
    add_words(l, half == 'a' ? "am" : "pm", 2);
    return true;
}

/* The "x" of "1.5 x 10^3". */
static bool times(struct lexer *l)
{
    if ((at(l, 0) != 'x' && at(l, 0) != 'X') || !after_number(l) || !l->spaced || at(l, 1) != ' ' ||
        !ascii_is_digit(at(l, 2)))
        return false;
    l->p++;
    lexer_add_symbol(l, '*');
    return true;
}

/* Bytes of the word at p, and whether a letter of it is beyond ASCII. */
static size_t word_bytes(const struct lexer *l, bool *wide)
{
    size_t n = 0;
    for (*wide = false;;) {
        size_t more = ascii_is_letter(at(l, n)) ? 1 : wide_letter(l->p + n, l->end);
        *wide |= more > 1;
        if (!more)
            return n;
        n += more;
    }
}

/* A run of letters outside of commands: a function, words, or variables side by side. */
static void letters(struct lexer *l)
{
    bool wide;
    const char *text = l->p;
    size_t unit = unit_to_end(l), n = word_bytes(l, &wide);
    if (half_of_day(l) || times(l))
        return;
    if (wide || unit) {
        l->p += unit ? unit : n;
        add_words(l, text, unit ? unit : n);
        return;
    }
    const struct spelling *as = n > 1 ? spelling_of_word(text, n) : NULL;
    for (size_t front = n - 1; !as && front > 1 && front + 2 >= n; front--) { /* "sinx" */
        as = spelling_of_word(text, front);
        as = as && as->kind == TOKEN_COMMAND ? as : NULL;
        n = as ? front : n;
    }
    bool word = !as && is_word(l, text, n);
    l->p += n;
    l->p += n == 2 && after_number(l) && (named(text, 2, "sq") || named(text, 2, "cu")) && at(l, 0) == '.';
    if (as)
        add_spelling(l, as);
    else if (word)
        add_words(l, text, n);
    else
        for (size_t i = 0; i < n; i++)
            lexer_add_text(l, TOKEN_NAME, text + i, 1);
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
        lexer_add_symbol(l, SYMBOL_ROW);
    else if (c == '{' || c == '}')
        lexer_add_symbol(l, c == '{' ? SYMBOL_SET_OPEN : SYMBOL_SET_CLOSE);
    else if (c == '%' || c == '|')
        lexer_add_symbol(l, c);
    else
        l->spaced = true; /* "\,", "\!", "\$", "\(" and the like only shape the text */
}

/* Commands whose argument says how it looks, not what it is. */
static bool takes_nothing(const char *name, size_t n)
{
    static const char *const names[] = {"color", "textcolor", "hspace", "vspace", "tag", "label", "phantom"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (named(name, n, names[i]))
            return true;
    return false;
}

static void command(struct lexer *l)
{
    size_t n = 1;
    while (ascii_is_letter(at(l, n)))
        n++;
    const char *name = l->p + 1, *text;
    size_t name_len = n - 1, len;
    if (name_len == 0 && at(l, 1) == '\\' && !l->in_matrix &&
        (ascii_is_letter(at(l, 2)) ||
         (at(l, 2) && strchr("{}%$,;!()[", at(l, 2))))) { /* an escape too many */
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
    if (takes_nothing(name, name_len)) {
        (void)group(l, &text, &len);
        return;
    }
    const struct spelling *as = spelling_of_command(name, name_len);
    if (spelling_is_text(name, name_len)) {
        if (!group(l, &text, &len))
            return;
        if (named(name, name_len, "mathbb") && named(text, len, "R"))
            add_words(l, "all real numbers", 16);
        else
            text_contents(l, text, len);
    } else if (named(name, name_len, "begin") || named(name, name_len, "end")) {
        if (group(l, &text, &len))
            lexer_add_text(l, *name == 'b' ? TOKEN_BEGIN : TOKEN_FINISH, text, len);
        l->in_matrix = *name == 'b';
    } else if (as) {
        add_spelling(l, as);
        if (as->kind == TOKEN_END && (named(name, name_len, "left") || named(name, name_len, "right")) &&
            at(l, 0) == '.')
            l->p++;
    } else {
        lexer_add_text(l, spelling_is_name(name, name_len) ? TOKEN_NAME : TOKEN_COMMAND, name, name_len);
    }
}

/* ---- signs beyond ASCII ---- */

static const struct {
    uint32_t code;
    const char *digits; /* of \\frac */
} fractions[] = {{0xBD, "12"},   {0xBC, "14"},   {0xBE, "34"},   {0x2153, "13"}, {0x2154, "23"},
                 {0x2155, "15"}, {0x215B, "18"}, {0x215C, "38"}, {0x215D, "58"}, {0x215E, "78"}};

/* The plain sign of a raised or lowered one at the front, or '\0'. */
static char script_at(const struct lexer *l, bool *above, size_t *bytes)
{
    uint32_t code = 0;
    *bytes = l->p < l->end ? utf8_decode(l->p, (size_t)(l->end - l->p), &code) : 0;
    return *bytes ? spelling_of_script(code, above) : '\0';
}

/* A run of them: "10⁻³" is 10, a power, -3. */
static bool script(struct lexer *l)
{
    char text[32], sign;
    size_t n = 0, bytes;
    bool above = false, first = false;
    while (n < sizeof text && (sign = script_at(l, &above, &bytes)) && (n == 0 || above == first)) {
        first = above;
        text[n++] = sign;
        l->p += bytes;
    }
    if (n == 0)
        return false;
    lexer_add_symbol(l, first ? SYMBOL_POWER_OF : '_');
    if (n > 1)
        lexer_add_symbol(l, '{');
    lex_range(l, text, n);
    if (n > 1)
        lexer_add_symbol(l, '}');
    return true;
}

static void beyond_ascii(struct lexer *l)
{
    uint32_t code = 0;
    bool above;
    size_t ignored, n = utf8_decode(l->p, (size_t)(l->end - l->p), &code);
    if (script(l))
        return;
    const char *begin = l->p;
    l->p += n ? n : 1;
    if (code == 0x2103 || code == 0x2109) { /* the degrees Celsius and Fahrenheit in one sign */
        lexer_add_symbol(l, SYMBOL_DEGREE);
        lexer_add_text(l, TOKEN_WORD, code == 0x2103 ? "celsius" : "fahrenheit", code == 0x2103 ? 7 : 10);
        return;
    }
    const struct spelling *as = spelling_of_sign(code);
    if (as) {
        add_spelling(l, as);
        return;
    }
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
        if (fractions[i].code == code) {
            lexer_add_text(l, TOKEN_COMMAND, "frac", 4);
            lexer_add_text(l, TOKEN_NUMBER, fractions[i].digits, 2);
            return;
        }
    }
    while (l->p < l->end && (unsigned char)*l->p >= 0x80 && !script_at(l, &above, &ignored) &&
           (n = utf8_decode(l->p, (size_t)(l->end - l->p), &code)) > 0 && !spelling_of_sign(code))
        l->p += n;
    add_words(l, begin, (size_t)(l->p - begin));
}

/* ---- all ---- */

/* A quote behind words or a number says nothing. */
static void prime(struct lexer *l)
{
    const struct token *last = l->count ? &l->token[l->count - 1] : NULL;
    l->p++;
    bool subscript =
        l->count > 1 && last->kind == TOKEN_NUMBER && last[-1].kind == TOKEN_SYMBOL && last[-1].symbol == '_';
    if (subscript || (last && last->kind != TOKEN_WORD && last->kind != TOKEN_NUMBER))
        lexer_add_symbol(l, '\'');
}

/* "(in total)", "(apples)" behind a number: words in brackets. */
static bool bracketed_words(struct lexer *l)
{
    size_t n = 1, run = 0, longest = 0;
    if (!l->count || !l->spaced || at(l, 0) != '(')
        return false;
    for (; ascii_is_letter(at(l, n)) || at(l, n) == ' '; n++) {
        run = ascii_is_letter(at(l, n)) ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    bool unit = n > 1 && lex_unit(l->p + 1, l->end) == n - 1;
    if (at(l, n) != ')' || (longest < 3 && !unit) || spelling_of_word(l->p + 1, strcspn(l->p + 1, " )")))
        return false;
    lexer_add_symbol(l, '(');
    add_words(l, l->p + 1, n - 1);
    lexer_add_symbol(l, ')');
    l->p += n + 1;
    return true;
}

/* "^oC" and "^{o}\text{F}" behind a number: a letter for the sign of degrees. */
static bool letter_of_degrees(struct lexer *l)
{
    static const char *const between[] = {" ", "\\text{", "\\mathrm{", "\\,"};
    size_t n = starts(l, 0, "^{o}") ? 4 : starts(l, 0, "^o") ? 2 : 0, next = n;
    if (!n || !after_number(l))
        return false;
    for (size_t i = 0; i < sizeof between / sizeof *between; i++)
        next += starts(l, next, between[i]) ? strlen(between[i]) : 0;
    if ((at(l, next) != 'C' && at(l, next) != 'F') || ascii_is_letter(at(l, next + 1)))
        return false;
    l->p += n;
    lexer_add_symbol(l, SYMBOL_DEGREE);
    return true;
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
    if (bracketed_words(l) || letter_of_degrees(l))
        return;
    if (starts(l, 0, "...")) {
        l->p += 3;
        lexer_add_text(l, TOKEN_COMMAND, "ldots", 5);
        return;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (at(l, 0) == pairs[i].text[0] && at(l, 1) == pairs[i].text[1]) {
            l->p += 2;
            lexer_add_symbol(l, pairs[i].symbol);
            return;
        }
    }
    lexer_add_symbol(l, *l->p++);
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
        if (is_space(c) || c == '$' || c == '"' || c == '`') {
            l->spaced = true;
            l->p++;
        } else if (ascii_is_digit(c) || (c == '.' && ascii_is_digit(at(l, 1)))) {
            lexer_number(l);
        } else if (ascii_is_letter(c) || wide_letter(l->p, l->end)) {
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
    return l.failed ? NULL : lex_scripts(arena, l.token, l.count);
}
