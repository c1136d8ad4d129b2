/* remark.c - what stands around an answer in its sentence and says nothing of its value. */
#include <string.h>

#include "answer/sentence.h"

#include "core/ascii.h"
#include "formula/words.h"

const char *sentence_past_adverbs(const char *p, const char *end)
{
    static const char *const adverbs[] = {
        "clearly ",   "simply ",  "therefore ",     "thus ",      "hence ",      "indeed ",
        "then ",      "just ",    "obviously ",     "surely ",    "definitely ", "actually ",
        "exactly ",   "about ",   "also ",          "still ",     "now ",        "really ",
        "of course ", "in fact ", "approximately ", "evidently ", "equal to ",   "precisely "};
    for (size_t i = 0; i < sizeof adverbs / sizeof *adverbs; i++)
        if (sentence_begins(p, end, adverbs[i]))
            return sentence_past_adverbs(p + strlen(adverbs[i]), end);
    return p;
}

/* Remarks that say nothing of a value. */
static const char *const remarks[] = {"in total",   "altogether",    "overall",     "in all",
                                      "total",      "all told",      "of course",   "as required",
                                      "as desired", "approximately", "respectively"};

static bool is_remark(const char *from, const char *to)
{
    for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++)
        if (sentence_begins(from, to, remarks[i]) && from + strlen(remarks[i]) == to)
            return true;
    return false;
}

/* Whether [from, to) is words alone that go on about something: no number, no formula, no word for a number,
 * and nothing that may be one more item. */
static bool comments(const char *text, const char *from, const char *to)
{
    struct answer_span ignored;
    if (sentence_words(from, to) < 2 || sentence_word_is(from, to, "and") ||
        sentence_word_is(from, to, "or") || sentence_number(text, from, to, false, &ignored))
        return false;
    for (const char *p = from; p < to; p++) {
        size_t n = 0;
        while (p + n < to && ascii_is_letter(p[n]))
            n++;
        char word[16];
        for (size_t i = 0; n < sizeof word && i < n; i++)
            word[i] = ascii_lower(p[i]);
        if (strchr("$\\=^_", *p) || (n > 0 && n < sizeof word && words_number(word, n)))
            return false;
        p += n ? n - 1 : 0;
    }
    return true;
}

struct answer_span sentence_without_remark(const char *text, struct answer_span span, bool known)
{
    const char *from = text + span.start, *to = from + span.len;
    struct answer_span ignored;
    int open = 0;
    for (const char *p = from; p < to; p++) {
        bool comma = *p == ',' && p > from && p + 1 < to && p[1] == ' ',
             bracket = *p == '(' && p > from && p[-1] == ' ';
        const char *behind = p + (comma ? 2 : 1), *end = bracket ? to - 1 : to;
        bool whole = comma || (bracket && *end == ')');
        if (comma && !known && open == 0 && is_remark(behind, end))
            return sentence_stripped(text, from, p);
        bool remark = whole && open == 0 && behind < end &&
                      (is_remark(behind, end) || (!known && comments(text, behind, end)));
        bool digit = p > from && ascii_is_digit(p[-1 - (bracket && p - from > 1)]);
        if (remark && (digit || !known) &&
            (sentence_number(text, from, p, false, &ignored) ||
             sentence_formula(text, from, p, false, &ignored)))
            return sentence_stripped(text, from, p);
        open += (*p == '(' || *p == '{' || *p == '[') - (*p == ')' || *p == '}' || *p == ']');
    }
    return span;
}
