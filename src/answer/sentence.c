#include "answer/sentence.h"

#include <string.h>

#include "formula/spelling.h"
#include "core/ascii.h"
#include "core/utf8.h"

enum { FEW_WORDS = 4, TEXT_WORDS_MAX = 8, SENTENCE_BYTES_MAX = 2000 };

/* ---- scanning ---- */

bool sentence_begins(const char *text, const char *end, const char *cue)
{
    for (; *cue; cue++, text++)
        if (text == end || ascii_lower(*text) != *cue)
            return false;
    return true;
}

static struct answer_span span_of(const char *text, const char *from, const char *to)
{
    return (struct answer_span){(size_t)(from - text), (size_t)(to - from)};
}

static bool ends_with(const char *from, const char *to, const char *sign)
{
    size_t n = strlen(sign);
    return (size_t)(to - from) >= n && memcmp(to - n, sign, n) == 0;
}

/* Signs beyond ASCII that end a sentence or open one. */
static const char *const wide_signs[] = {"。", "，", "：", "」", "「", "．", "！", "\xE3\x80\x80", "“", "”"};

static size_t wide_sign_bytes(const char *from, const char *to, bool at_end)
{
    for (size_t i = 0; i < sizeof wide_signs / sizeof *wide_signs; i++) {
        size_t n = strlen(wide_signs[i]);
        if (at_end ? ends_with(from, to, wide_signs[i]) : sentence_begins(from, to, wide_signs[i]))
            return n;
    }
    return 0;
}

/* Bytes of what may be taken off the front, or the end, of an answer; the "!" of 5! may not. */
static size_t strippable(const char *from, const char *to, bool at_end)
{
    if (from == to)
        return 0;
    char c = at_end ? to[-1] : *from;
    bool factorial = c == '!' && at_end && to - from > 1 &&
                     (ascii_is_digit(to[-2]) || ascii_is_letter(to[-2]) || to[-2] == ')');
    const char *dots = at_end && ends_with(from, to, "...") ? to - 3 : NULL;
    while (dots && dots > from && dots[-1] == ' ')
        dots--;
    if (dots && dots > from && dots[-1] == ',') /* "1, 2, 3, ..." */
        return 0;
    bool star = c == '*' && at_end && to - from > 1 && to[-2] == '^'; /* "x^*" */
    if (star)
        return 0;
    if (ascii_is_space(c) || (c && strchr(at_end ? ".*,;_\"`:!" : "*:_\"#`>", c) && !factorial))
        return 1;
    return wide_sign_bytes(from, to, at_end);
}

struct answer_span sentence_stripped(const char *text, const char *from, const char *to)
{
    for (size_t n; (n = strippable(from, to, false)) > 0;)
        from += n;
    for (size_t n; (n = strippable(from, to, true)) > 0;)
        to -= n;
    return span_of(text, from, to);
}

/* ---- prose ---- */

const char *sentence_end(const char *p, const char *end)
{
    int open = 0; /* braces and environments */
    for (; p < end; p++) {
        if (*p == '\\') {
            open += sentence_begins(p, end, "\\begin{");
            open -= sentence_begins(p, end, "\\end{");
            continue;
        }
        open += *p == '{';
        open -= *p == '}';
        bool stop = *p == '.' && (p + 1 == end || ascii_is_space(p[1]) || p[1] == '*');
        if (open <= 0 && (*p == '\n' || stop || sentence_begins(p, end, "。")))
            break;
    }
    return p;
}

/* Past a command, with the braces of one that has text in them. */
static const char *past_command(const char *p, const char *end)
{
    bool in_words = sentence_begins(p, end, "\\text") || sentence_begins(p, end, "\\mathrm") ||
                    sentence_begins(p, end, "\\mbox") || sentence_begins(p, end, "\\begin") ||
                    sentence_begins(p, end, "\\end") || sentence_begins(p, end, "\\operatorname");
    for (p++; p < end && ascii_is_letter(*p); p++)
        ;
    while (in_words && p < end && *p != '}')
        p++;
    return p;
}

/* What a character beyond ASCII adds to words, in halves: letters of scripts without spaces one each, of
 * others two for the first of a word. */
static int wide_halves(uint32_t code, bool inside)
{
    bool mathematical = code < 0xC0 || code == 0xD7 || code == 0xF7 || (code >= 0x370 && code < 0x400) ||
                        (code >= 0x2000 && code < 0x2E80) || (code >= 0x3000 && code < 0x3040) ||
                        (code >= 0xFF00 && code < 0xFFF0) || code >= 0x10000;
    if (mathematical)
        return 0;
    return code >= 0x2E80 && !(code >= 0xAC00 && code < 0xD7B0) ? 1 : inside ? 0 : 3;
}

int sentence_words(const char *text, const char *end)
{
    int halves = 0;
    for (const char *p = text; p < end;) {
        if (*p == '\\') {
            p = past_command(p, end);
            continue;
        }
        const char *from = p;
        bool inside = false;
        int ascii = 0;
        while (p < end) {
            uint32_t code = 0;
            size_t n = ascii_is_letter(*p)         ? 1
                       : (unsigned char)*p >= 0x80 ? utf8_decode(p, (size_t)(end - p), &code)
                                                   : 0;
            if (n > 1) {
                int more = wide_halves(code, inside);
                if (!more && !inside)
                    break;
                halves += more;
                inside |= more == 3;
            } else if (n == 1 && ascii_is_letter(*p)) {
                ascii++;
            } else {
                break;
            }
            p += n;
        }
        bool function = ascii > 1 && spelling_of_word(from, (size_t)(p - from));
        halves += ascii > 1 && !inside && !function ? 2 : 0;
        p += p == from;
    }
    return halves / 2;
}

bool sentence_word_is(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    return sentence_begins(p, end, word) && (p + n == end || !ascii_is_letter(p[n]));
}

bool sentence_is_prose(const char *text, const char *end)
{
    static const char *const words[] = {"is",    "are",     "was",   "equals", "therefore", "thus",
                                        "hence", "because", "since", "we",     "have",      "there",
                                        "get",   "so",      "which", "that"};
    char before = ' ';
    for (const char *p = text; p < end; before = *p, p++) {
        if (*p == '\\') {
            p = past_command(p, end) - 1;
            continue;
        }
        if (ascii_is_letter(before) || !ascii_is_letter(*p))
            continue;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (ascii_lower(*p) == words[i][0] && sentence_word_is(p, end, words[i]))
                return true;
    }
    return false;
}

/* ---- formulas ---- */

/* The formula that opens at p, if one does: its inside, and where its closing sign ends. `*unclosed` is set
 * where no \) follows, and keeps later ones from being looked for. */
static const char *formula_at(const char *text, const char *p, const char *to, bool *unclosed,
                              struct answer_span *out)
{
    bool paren = *p == '\\' && p + 1 < to && (p[1] == '(' || p[1] == '[');
    if ((*p != '$' && !paren) || (paren && *unclosed))
        return NULL;
    size_t opening = paren || (p + 1 < to && p[1] == '$') ? 2 : 1;
    const char *begin = p + opening, *q = begin;
    while (q < to && !(paren ? *q == '\\' && q + 1 < to && (q[1] == ')' || q[1] == ']') : *q == '$'))
        q += *q == '\\' && !paren && q + 1 < to ? 2 : 1;
    if (q >= to) {
        *unclosed |= paren;
        return NULL;
    }
    bool amounts =
        !paren && opening == 1 && begin < q && ascii_is_digit(*begin); /* "$5 + $3", "$5 for a $" */
    bool money = amounts && (sentence_words(begin, q) > 0 || (q + 1 < to && ascii_is_digit(q[1])));
    *out = sentence_stripped(text, begin, q);
    if (money || out->len == 0)
        return NULL;
    return q + (paren || (opening == 2 && q + 1 < to && q[1] == '$') ? 2 : 1);
}

/* The same of an environment of equations: what the last of them comes to. */
static const char *equations_at(const char *text, const char *p, const char *to, bool *unclosed,
                                struct answer_span *out)
{
    static const char *const names[] = {"\\begin{align", "\\begin{equation", "\\begin{gather",
                                        "\\begin{eqnarray"};
    bool opens = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        opens |= sentence_begins(p, to, names[i]);
    if (!opens || *unclosed)
        return NULL;
    const char *from = p, *end = p + 1;
    int inside = 0; /* environments in this one */
    for (; end < to; end++) {
        if (sentence_begins(end, to, "\\begin{"))
            inside++;
        else if (sentence_begins(end, to, "\\end{") && inside-- == 0)
            break;
        if (*end == '=' && !inside)
            from = end + 1;
    }
    *unclosed = end == to;
    if (end == to || from == p)
        return NULL;
    *out = sentence_stripped(text, from, end);
    while (end < to && *end != '}')
        end++;
    return out->len ? end : NULL;
}

/* Past what joins one formula to the next, or NULL. */
static const char *joined(const char *p, const char *to)
{
    static const char *const joiners[] = {",", "and", "or", "und", "oder", "et", "ou",
                                          "y", "o",   "和", "或",  "、",   "и"};
    bool any = false;
    for (;;) {
        size_t n = 0;
        while (p < to && *p == ' ')
            p++;
        for (size_t i = 0; i < sizeof joiners / sizeof *joiners && !n; i++)
            n = sentence_word_is(p, to, joiners[i]) ? strlen(joiners[i]) : 0;
        if (!n)
            return any && p < to ? p : NULL;
        any = true;
        p += n;
    }
}

/* Whether the words before p on its line open a condition: "for all", "where". */
static bool behind_opener(const char *from, const char *p)
{
    static const char *const opening[] = {"for", "where", "if", "when", "whenever", "with", "provided"};
    static const char *const between[] = {"all",      "any",      "every",   "each",     "some",
                                          "real",     "the",      "integer", "integers", "constants",
                                          "numbers",  "number",   "value",   "values",   "natural",
                                          "positive", "constant", "a",       "an",       "of"};
    for (int words = 0; words < 5; words++) {
        while (p > from && (p[-1] == ' ' || p[-1] == ','))
            p--;
        const char *end = p;
        while (p > from && ascii_is_letter(p[-1]))
            p--;
        for (size_t i = 0; p < end && i < sizeof opening / sizeof *opening; i++)
            if (sentence_word_is(p, end, opening[i]))
                return true;
        bool more = false;
        for (size_t i = 0; p < end && i < sizeof between / sizeof *between; i++)
            more |= sentence_word_is(p, end, between[i]);
        if (!more)
            return false;
    }
    return false;
}

/* Whether a formula is what a condition is about: names alone, or an inequality or membership. */
static bool conditions(const char *from, const char *to)
{
    static const char *const signs[] = {"\\ge", "\\le", "\\in", "\\ne", ">", "<"};
    bool names = true, bounds = false;
    for (const char *p = from; p < to; p++) {
        if (*p == '=' && p > from && !strchr("<>!", p[-1]))
            return false;
        names &= ascii_is_letter(*p) || strchr(" ,$", *p);
        for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
            bounds |= sentence_begins(p, to, signs[i]);
    }
    return names || bounds;
}

bool sentence_formula(const char *text, const char *from, const char *to, bool last, struct answer_span *out)
{
    bool found = false, unclosed = false, open = false; /* what never closes is not looked for again */
    for (const char *p = from; p + 1 < to;) {
        struct answer_span span, more;
        const char *behind = formula_at(text, p, to, &unclosed, &span);
        if (!behind && *p == '\\')
            behind = equations_at(text, p, to, &open, &span);
        if (!behind) {
            p += *p == '\\' ? 2 : 1;
            continue;
        }
        for (const char *next = joined(behind, to); next; next = joined(behind, to)) {
            const char *end = formula_at(text, next, to, &unclosed, &more);
            if (!end)
                break;
            span.len = more.start + more.len - span.start;
            behind = end;
        }
        const char *before = text + out->start + out->len;
        bool aside = last && found && conditions(text + span.start, text + span.start + span.len) &&
                     behind_opener(from, p) && p - before < SENTENCE_BYTES_MAX &&
                     sentence_end(before, p) == p;
        if (!aside)
            *out = span;
        found = true;
        if (!last)
            break;
        p = behind;
    }
    return found;
}

bool sentence_has_formula_in_words(const char *text, const char *end)
{
    struct answer_span span;
    if (!sentence_formula(text, text, end, false, &span))
        return false;
    return sentence_words(text, text + span.start) > 0;
}

/* ---- numbers ---- */

static bool three_digits(const char *p, const char *end)
{
    return end - p >= 3 && ascii_is_digit(p[0]) && ascii_is_digit(p[1]) && ascii_is_digit(p[2]) &&
           (end - p == 3 || !ascii_is_digit(p[3]));
}

static const char *digits_end(const char *p, const char *end)
{
    while (p < end && ascii_is_digit(*p))
        p++;
    return p;
}

/* The end of the number at p: 1,234.5, 1 000, 3/4, 4 4/9, 4:30, 28%. */
static const char *number_end(const char *p, const char *end)
{
    const char *from = p;
    for (;;) {
        p = digits_end(p, end);
        bool group = end - p > 3 && *p == ' ' && p - from <= 3 && three_digits(p + 1, end) &&
                     !(end - p > 4 && p[4] == '/');
        bool sign = end - p > 1 && strchr(".,/:", *p) && ascii_is_digit(p[1]);
        if (!group && !sign)
            break;
        p++;
    }
    const char *above = p < end && *p == ' ' ? digits_end(p + 1, end) : end;
    if (above < end && above > p + 1 && *above == '/' && above + 1 < end && ascii_is_digit(above[1]) &&
        !memchr(from, '/', (size_t)(p - from)))
        p = digits_end(above + 1, end);
    if (p < end && (*p == 'e' || *p == 'E')) { /* 3.2e-5 */
        const char *power = digits_end(p + 1 + (end - p > 1 && (p[1] == '-' || p[1] == '+')), end);
        if (ascii_is_digit(power[-1]) && power > p + 1 && (power == end || !ascii_is_letter(*power)))
            p = power;
    }
    return p + (p < end && *p == '%');
}

/* With the minus sign before it, if that is no operator between two terms. */
static const char *with_sign(const char *from, const char *p)
{
    size_t n = p > from && p[-1] == '-' ? 1 : ends_with(from, p, "−") ? 3 : 0;
    const char *sign = p - n;
    bool term =
        n && sign > from && (ascii_is_digit(sign[-1]) || ascii_is_letter(sign[-1]) || sign[-1] == ')');
    return term ? p : sign;
}

bool sentence_number(const char *text, const char *from, const char *to, bool last, struct answer_span *out)
{
    bool found = false;
    for (const char *p = from; p < to; p++) {
        if (!ascii_is_digit(*p) && !(*p == '.' && p + 1 < to && ascii_is_digit(p[1])))
            continue;
        bool in_word = p > from && (ascii_is_letter(p[-1]) || p[-1] == '_');
        const char *end = number_end(p, to);
        if (!in_word) {
            const char *begin = with_sign(from, p);
            *out = span_of(text, begin, end);
            found = true;
            if (!last)
                return true;
        }
        p = end - 1;
    }
    return found;
}

bool sentence_result(const char *text, const char *from, const char *to, struct answer_span *out)
{
    const char *line = to, *equals = NULL;
    while (line > from && ascii_is_space(line[-1]))
        line--;
    while (line > from && line[-1] != '\n')
        line--;
    for (const char *p = line; p < to; p++)
        if (*p == '=')
            equals = p + 1;
    const char *p = equals;
    while (p && p < to && strchr(" $-.", *p))
        p++;
    if (p && p < to && ascii_is_digit(*p))
        return sentence_number(text, equals, to, false, out);
    return sentence_number(text, from, to, true, out);
}

/* ---- what a sentence states ---- */

static const char *const copulas[] = {
    " is ",   " are ", " equals ", " be ",      " equal to ", " es ",    " son ", " est ",
    " sont ", " ist ", " sind ",   " beträgt ", " è ",        " é ",     " to ",  "是",
    "为",     "等于",  "は",       " равно ",   " равен ",    " равна ", " — ",
};

static const char *const cuts[] = {", assuming ", ", because ", ", giving ", ", making ", ", meaning ",
                                   ", rounded ",  ", that is",  ", i.e.",    ", not ",    ", but ",
                                   ", if ",       "</",         "<|",        " because ", " since ",
                                   ", where ",    " which ",    ", so ",     ", as ",     " when ",
                                   ", which ",    ", since ",   " where "};

static const char *earliest_cut(const char *from, const char *to)
{
    for (const char *p = from + 1; p < to; p++)
        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
            if (*p == *cuts[i] && sentence_begins(p, to, cuts[i]))
                return p;
    return to;
}

static bool states(const char *text, const char *from, const char *to)
{
    struct answer_span ignored;
    return sentence_formula(text, from, to, false, &ignored) ||
           sentence_number(text, from, to, false, &ignored);
}

/* Behind the last copula that a formula or a number follows; `from` where there is none. Formulas are passed.
 */
static const char *behind_copula(const char *text, const char *from, const char *to)
{
    const char *at = from;
    bool unclosed = false;
    for (const char *p = from; p < to;) {
        struct answer_span ignored;
        const char *behind = formula_at(text, p, to, &unclosed, &ignored);
        if (behind) {
            p = behind;
            continue;
        }
        for (size_t i = 0; i < sizeof copulas / sizeof *copulas; i++)
            if (*p == *copulas[i] && sentence_begins(p, to, copulas[i]) &&
                states(text, p + strlen(copulas[i]), to))
                at = p + strlen(copulas[i]);
        p++;
    }
    return at;
}

/* Whether it is more than one number: brackets, a list, something in letters. */
static bool is_structure(const char *from, const char *to)
{
    if (memchr(from, '=', (size_t)(to - from)) || sentence_words(from, to) > 1)
        return false;
    for (const char *p = from; p < to; p++)
        if (sentence_begins(p, to, " and ") || sentence_begins(p, to, ", "))
            return true;
    return from < to && !ascii_is_digit(*from) && *from != '-' && *from != '$';
}

bool sentence_last(const char *text, const char *from, const char *to, struct answer_span *out)
{
    bool found = false;
    while (from < to) {
        const char *stop = sentence_end(from, to);
        if (states(text, from, stop)) {
            *out = span_of(text, from, stop);
            found = true;
        }
        from = stop + 1;
    }
    return found;
}

bool sentence_answer(const char *text, const char *from, const char *to, bool last, struct answer_span *out)
{
    if (to - from > SENTENCE_BYTES_MAX)
        to = from + SENTENCE_BYTES_MAX;
    if (!last)
        to = earliest_cut(from, to);
    struct answer_span whole = sentence_without_remark(text, sentence_stripped(text, from, to), false);
    from = text + whole.start;
    to = from + whole.len;
    if (whole.len == 0)
        return false;
    struct answer_span leading;
    bool unclosed = false, leads = formula_at(text, from, to, &unclosed, &leading) != NULL;
    if (leads && !last)
        return sentence_formula(text, from, to, false, out);
    bool few = sentence_words(from, to) < FEW_WORDS && !sentence_is_prose(from, to);
    const char *stated = few && !last ? from : behind_copula(text, from, to);
    const char *rest = sentence_past_adverbs(stated, to);
    if (sentence_formula(text, rest, to, last && stated == from, out))
        return true;
    *out = sentence_stripped(text, rest, to);
    int words = sentence_words(text + out->start, to);
    if (words < FEW_WORDS && !sentence_is_prose(rest, to) &&
        (!last || (stated != from && is_structure(rest, to))))
        return out->len > 0;
    bool begins = (ascii_is_digit(*rest) || *rest == '-') && !memchr(rest, '=', (size_t)(to - rest));
    if (begins ? sentence_number(text, rest, to, false, out) : sentence_result(text, rest, to, out))
        return true;
    return words <= TEXT_WORDS_MAX && !last;
}
