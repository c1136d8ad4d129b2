/* find.c - the final answer of a text, by the surest sign there is of it.
 *
 * In this order: the last box (boxes that only "and" or a comma part are one list), "#### x", what follows
 * the last "the answer is" in one of several languages, the last formula, the last number. */
#include "answer/answer.h"

#include <string.h>

#include "ponder/status.h"

/* ---- scanning ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether `text` begins with `cue`, which is in lower case. */
static bool begins(const char *text, const char *end, const char *cue)
{
    for (; *cue; cue++, text++)
        if (text == end || lower(*text) != *cue)
            return false;
    return true;
}

static struct answer_span span_of(const char *text, const char *from, const char *to)
{
    return (struct answer_span){(size_t)(from - text), (size_t)(to - from)};
}

/* Takes spaces, emphasis and sentence signs off both ends. */
static struct answer_span stripped(const char *text, struct answer_span span)
{
    const char *from = text + span.start, *to = from + span.len;
    while (from < to && (is_space(*from) || *from == '*' || *from == ':' || *from == '_' || *from == '"'))
        from++;
    while (to > from && (is_space(to[-1]) || to[-1] == '.' || to[-1] == '*' || to[-1] == ',' ||
                         to[-1] == ';' || to[-1] == '_' || to[-1] == '"'))
        to--;
    return span_of(text, from, to);
}

/* ---- boxes ---- */

/* Whether what stands between two boxes joins them to one list. */
static bool joins(const char *from, const char *to)
{
    bool joined = false;
    while (from < to) {
        if (is_space(*from) || *from == '$') {
            from++;
        } else if (*from == ',' || begins(from, to, "and")) {
            from += *from == ',' ? 1 : 3;
            joined = true;
        } else if (begins(from, to, "\\text{and}") || begins(from, to, "\\text{ and }")) {
            from = strchr(from, '}') + 1;
            joined = true;
        } else {
            return false;
        }
    }
    return joined;
}

/* The box that ends with the last brace of text[0, len), and where its command begins; false where none does.
 */
static bool box_before(const char *text, size_t len, struct answer_span *inner, size_t *command)
{
    if (!answer_extract(text, len, inner))
        return false;
    const char *p = text + inner->start;
    while (p > text && *p != '\\')
        p--;
    for (const char *q = text + inner->start; q > text; q--)
        if (*q == '\\' && (begins(q, text + len, "\\boxed") || begins(q, text + len, "\\fbox"))) {
            p = q;
            break;
        }
    *command = (size_t)(p - text);
    return true;
}

/* Boxes at the end that are joined, last first in the text and in order in `out`: "a, b". */
/* With `as_written` what stands in a box keeps the spaces around it. */
static int boxes(const char *text, size_t len, bool as_written, struct buf *out, bool *found)
{
    enum { BOXES_MAX = 16 };
    struct answer_span inner[BOXES_MAX];
    size_t command, end = len;
    int n = 0;
    *found = box_before(text, len, &inner[0], &command);
    if (!*found)
        return PONDER_OK;
    for (n = 1; n < BOXES_MAX; n++) {
        end = command;
        if (!box_before(text, end, &inner[n], &command))
            break;
        const char *behind = text + inner[n].start + inner[n].len;
        while (behind < text + end && *behind != '}')
            behind++;
        if (behind == text + end || !joins(behind + 1, text + end))
            break;
    }
    while (n-- > 0) {
        const char *from = text + inner[n].start, *to = from + inner[n].len;
        while (as_written && is_space(from[-1]))
            from--;
        while (as_written && is_space(*to))
            to++;
        buf_append(out, from, (size_t)(to - from));
        if (n)
            buf_puts(out, ", ");
    }
    return buf_ok(out) ? PONDER_OK : PONDER_E_MEMORY;
}

/* ---- words that lead to the answer ---- */

static const char *const cues[] = {
    "final answer is",
    "final answer:",
    "final answer",
    "answer is",
    "answer:",
    "answer =",
    "answer would be",
    "answer must be",
    "answers are",
    "result is",
    "antwort ist",
    "antwort lautet",
    "antwort:",
    "lautet die antwort",
    "respuesta es",
    "respuesta:",
    "respuesta final es",
    "r\xC3\xA9ponse est",
    "r\xC3\xA9ponse :",
    "r\xC3\xA9ponse:",
    "risposta \xC3\xA8",
    "risposta:",
    "resposta \xC3\xA9",
    "resposta:",
    "\xE7\xAD\x94\xE6\xA1\x88\xE6\x98\xAF",
    "\xE7\xAD\x94\xE6\xA1\x88\xE4\xB8\xBA",
    "\xE7\xAD\x94\xE6\xA1\x88\xEF\xBC\x9A",
    "\xE7\xAD\x94\xE6\xA1\x88:",
    "\xE7\xAD\x94\xE3\x81\x88\xE3\x81\xAF",
    "\xD0\xBE\xD1\x82\xD0\xB2\xD0\xB5\xD1\x82:",
    "\xD0\x9E\xD1\x82\xD0\xB2\xD0\xB5\xD1\x82:",
};

/* The end of the sentence: a line's end, or a full stop with no digit behind it. */
static const char *sentence_end(const char *p, const char *end)
{
    int braces = 0;
    for (; p < end; p++) {
        braces += *p == '{';
        braces -= *p == '}';
        bool stop = *p == '.' && (p + 1 == end || is_space(p[1]) || p[1] == '*') && braces <= 0;
        bool wide_stop = end - p >= 3 && memcmp(p, "\xE3\x80\x82", 3) == 0;
        if ((*p == '\n' && braces <= 0) || stop || wide_stop)
            break;
    }
    return p;
}

/* Words of two letters and more that are no commands and not inside \text{}. */
static int words_of_prose(const char *text, const char *end)
{
    int words = 0;
    for (const char *p = text; p < end; p++) {
        if (*p == '\\') {
            bool in_words =
                begins(p, end, "\\text") || begins(p, end, "\\mathrm") || begins(p, end, "\\mbox");
            for (p++; p < end && is_letter(*p); p++)
                ;
            while (in_words && p < end && *p != '}')
                p++;
            continue;
        }
        const char *from = p;
        while (p < end && is_letter(*p))
            p++;
        words += p - from > 1;
        p -= p > from;
    }
    return words;
}

/* The first formula between dollar signs or \( \) in a range, without them. */
static bool formula_in(const char *text, const char *from, const char *to, struct answer_span *out)
{
    for (const char *p = from; p + 1 < to; p++) {
        bool paren = p[0] == '\\' && (p[1] == '(' || p[1] == '[');
        if (*p == '\\' && !paren) {
            p++;
            continue;
        }
        if (*p != '$' && !paren)
            continue;
        size_t opening = paren || p[1] == '$' ? 2 : 1;
        const char *begin = p + opening, *q = begin;
        while (q < to && !(paren ? q[0] == '\\' && q + 1 < to && (q[1] == ')' || q[1] == ']') : *q == '$'))
            q += *q == '\\' && !paren && q + 1 < to ? 2 : 1;
        if (q >= to)
            return false;
        *out = stripped(text, span_of(text, begin, q));
        bool money =
            *p == '$' && opening == 1 && begin < q && is_digit(*begin) && words_of_prose(begin, q) > 0;
        if (out->len && !money)
            return true;
        p = money ? p : q;
    }
    return false;
}

/* One number at p with its sign, fraction and percent; returns its end. */
static const char *number_at(const char *p, const char *end)
{
    while (p < end &&
           (is_digit(*p) || (end - p > 1 && (*p == '.' || *p == ',' || *p == '/') && is_digit(p[1]))))
        p++;
    if (p < end && *p == '%')
        p++;
    return p;
}

static bool number_in(const char *text, const char *from, const char *to, bool last, struct answer_span *out)
{
    bool found = false;
    for (const char *p = from; p < to; p++) {
        if (!is_digit(*p) && !(*p == '.' && p + 1 < to && is_digit(p[1])))
            continue;
        bool in_word = p > from && (is_letter(p[-1]) || p[-1] == '_');
        const char *begin = p > from && p[-1] == '-' && (p - 1 == from || !is_digit(p[-2])) ? p - 1 : p;
        const char *end = number_at(p, to);
        if (!in_word) {
            *out = span_of(text, begin, end);
            found = true;
            if (!last)
                return true;
        }
        p = end - 1;
    }
    return found;
}

static bool after_cue(const char *text, size_t len, struct answer_span *out)
{
    const char *end = text + len, *at = NULL;
    for (const char *p = text; p < end; p++) {
        for (size_t i = 0; i < sizeof cues / sizeof *cues; i++) {
            if (begins(p, end, cues[i]) && p + strlen(cues[i]) < end) {
                at = p + strlen(cues[i]);
                p = at - 1;
                break;
            }
        }
    }
    if (!at)
        return false;
    while (at < end && (is_space(*at) || *at == ':' || *at == '*' || *at == '='))
        at++;
    const char *stop = sentence_end(at, end);
    if (formula_in(text, at, stop, out))
        return true;
    *out = stripped(text, span_of(text, at, stop));
    return out->len > 0;
}

static bool after_hashes(const char *text, size_t len, struct answer_span *out)
{
    for (size_t i = len; i-- > 3;) {
        if (memcmp(text + i - 3, "####", 4) != 0)
            continue;
        const char *from = text + i + 1, *to = from;
        while (to < text + len && *to != '\n')
            to++;
        *out = stripped(text, span_of(text, from, to));
        return out->len > 0;
    }
    return false;
}

static bool last_formula(const char *text, size_t len, struct answer_span *out)
{
    const char *from = text, *end = text + len;
    struct answer_span span;
    bool found = false;
    while (formula_in(text, from, end, &span)) {
        *out = span;
        found = true;
        from = text + span.start + span.len;
        while (from < end && *from != '$' && *from != ')' && *from != ']')
            from++;
        from += from < end && *from == '$' && from + 1 < end && from[1] == '$' ? 2 : from < end;
    }
    return found;
}

/* Whether a box, "####" or a cue stands anywhere: one pass, which looks closer only where the first two bytes
 * of a sign are. */
static bool has_sign(const char *text, const char *end)
{
    static const char *const marks[] = {"\\boxed", "\\fbox", "####"};
    enum { MARKS = sizeof marks / sizeof *marks, CUES = sizeof cues / sizeof *cues };
    unsigned char first[256] = {0}, second[256] = {0};
    const char *sign[MARKS + CUES];
    for (int i = 0; i < MARKS + CUES; i++) {
        sign[i] = i < MARKS ? marks[i] : cues[i - MARKS];
        first[(unsigned char)sign[i][0]] = second[(unsigned char)sign[i][1]] = 1;
    }
    for (const char *p = text; p + 1 < end; p++) {
        char a = lower(p[0]), b = lower(p[1]);
        if (!(first[(unsigned char)a] & second[(unsigned char)b]))
            continue;
        for (int i = 0; i < MARKS + CUES; i++)
            if (sign[i][0] == a && sign[i][1] == b && begins(p, end, sign[i]))
                return true;
    }
    return false;
}

bool answer_is_bare(const char *text, size_t len)
{
    return !has_sign(text, text + len) && words_of_prose(text, text + len) < 4;
}

int answer_find(const char *text, size_t len, enum answer_mode mode, struct buf *out, bool *found)
{
    struct answer_span span;
    int status = boxes(text, len, mode == ANSWER_BOX_ONLY, out, found);
    if (*found || status || mode == ANSWER_BOX_ONLY)
        return status;
    *found = after_hashes(text, len, &span) || after_cue(text, len, &span) ||
             (mode == ANSWER_ANY_SIGN && last_formula(text, len, &span)) ||
             number_in(text, text, text + len, true, &span);
    if (*found && buf_append(out, text + span.start, span.len))
        return PONDER_E_MEMORY;
    return PONDER_OK;
}
