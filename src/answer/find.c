/* find.c - the final answer of a text, by the surest sign there is of it.
 *
 * In this order: the last box (boxes that only "and" or a comma part are one list) or a "final answer" behind
 * it, "#### x", what follows the last "the answer is" in one of several languages, the last sentence that
 * opens with "therefore" and its like, the last formula, the last number, the last letter that stands alone.
 */
#include "answer/answer.h"

#include "core/ascii.h"

#include <string.h>

#include "answer/sentence.h"
#include "ponder/status.h"

enum {
    BOXES_MAX = 16,
    WINDOW_BYTES = 4096,
    WORDS_MAX = 4,
    BARE_BYTES_MAX = 4096,
    END_BYTES_MAX = 1 << 15,
    FORMULA_BYTES_MAX = 4096
};

/* ---- boxes ---- */

/* Bytes of a line's end with the mark of a list behind it, "\n- " or "\n2. ", or 0. */
static size_t bullet(const char *from, const char *to)
{
    static const char *const signs[] = {"-", "*", "+", "•", "\\item"};
    const char *p = from;
    while (p < to && ascii_is_space(*p))
        p++;
    if (p == from || !memchr(from, '\n', (size_t)(p - from)))
        return 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (sentence_begins(p, to, signs[i]))
            return (size_t)(p - from) + strlen(signs[i]);
    const char *digits = p;
    while (p < to && p - digits < 3 && *p >= '0' && *p <= '9')
        p++;
    return p > digits && p < to && (*p == '.' || *p == ')') ? (size_t)(p + 1 - from) : 0;
}

/* Bytes of "$x = ", or 0. */
static size_t naming(const char *from, const char *to)
{
    const char *p = from;
    while (p < to && strchr(" $", *p))
        p++;
    const char *name = p;
    while (p < to && (ascii_is_letter(*p) || strchr("_0123456789 ", *p)))
        p++;
    return p > name && ascii_is_letter(*name) && p < to && *p == '=' ? (size_t)(p + 1 - from) : 0;
}

/* Whether what stands between two boxes joins them to one list: "and", a comma, a new point of a list, or
 * nothing at all. */
static bool joins(const char *from, const char *to)
{
    static const char *const joiners[] = {",", ";", "and", "\\text{and}", "\\text{ and }"};
    static const char *const fillers[] = {" ", "$", "\\quad", "\\qquad", "\\)", "\\(", "\\;", "\\,", "\n"};
    bool joined = from == to;
    while (from < to) {
        size_t n = bullet(from, to);
        n += n ? naming(from + n, to) : 0;
        joined |= n > 0;
        for (size_t i = 0; i < sizeof fillers / sizeof *fillers && !n; i++)
            n = sentence_begins(from, to, fillers[i]) ? strlen(fillers[i]) : 0;
        for (size_t i = 0; i < sizeof joiners / sizeof *joiners && !n; i++) {
            n = sentence_begins(from, to, joiners[i]) ? strlen(joiners[i]) : 0;
            joined |= n > 0;
        }
        if (!n)
            return false;
        from += n;
    }
    return joined;
}

/* The last box of the end of text[0, len), and where its command begins. */
static bool box_before(const char *text, size_t len, struct answer_span *inner, size_t *command)
{
    size_t skipped = len > WINDOW_BYTES ? len - WINDOW_BYTES : 0;
    if (!answer_extract(text + skipped, len - skipped, inner))
        return false;
    inner->start += skipped;
    const char *p = text + inner->start;
    for (const char *q = text + inner->start; q > text; q--)
        if (sentence_begins(q, text + len, "\\boxed") || sentence_begins(q, text + len, "\\fbox")) {
            p = q;
            break;
        }
    *command = (size_t)(p - text);
    return true;
}

/* Boxes at the end that are joined, in order in `out`: "a, b". With `as_written` what stands in a box keeps
 * the spaces around it. */
static int boxes(const char *text, size_t len, bool as_written, struct buf *out, bool *found)
{
    struct answer_span inner[BOXES_MAX];
    size_t command, end = len;
    int n = 0;
    *found = answer_extract(text, len, &inner[0]);
    if (!*found)
        return PONDER_OK;
    command = inner[0].start;
    while (command > 0 && !sentence_begins(text + command, text + len, "\\boxed") &&
           !sentence_begins(text + command, text + len, "\\fbox"))
        command--;
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
        while (as_written && ascii_is_space(from[-1]))
            from--;
        while (as_written && ascii_is_space(*to))
            to++;
        buf_append(out, from, (size_t)(to - from));
        if (n)
            buf_puts(out, ", ");
    }
    return buf_ok(out) ? PONDER_OK : PONDER_E_MEMORY;
}

/* ---- cues ---- */

/* What leads up to an answer; longer ones before their beginnings. */
static const char *const cues[] = {
    "<answer>",
    "[answer]",
    "final answer is",
    "final answer:",
    "final answer",
    "answer is",
    "answer:",
    "answer =",
    "answer would be",
    "answer must be",
    "answer should be",
    "answer will be",
    "answer to",
    "answers are",
    "answers:",
    "result is",
    "result:",
    "correct option is",
    "choose option",
    "\\boxed",
    "correct choice is",
    "option is",
    "antwort ist",
    "antwort lautet",
    "antwort:",
    "lautet die antwort",
    "ergebnis ist",
    "ergebnis:",
    "lösung ist",
    "lösung lautet",
    "lösung:",
    "respuesta es",
    "respuesta:",
    "respuesta final es",
    "resultado es",
    "resultado:",
    "respuesta correcta es",
    "solución es",
    "réponse est",
    "réponse :",
    "réponse:",
    "réponse finale est",
    "résultat est",
    "réponse finale :",
    "réponse finale:",
    "risposta è",
    "risposta:",
    "risposta finale è",
    "risultato è",
    "resposta é",
    "resposta:",
    "resposta final é",
    "resultado é",
    "antwoord is",
    "antwoord:",
    "svaret är",
    "svar:",
    "svaret er",
    "odpowiedź:",
    "odpowiedź to",
    "odpověď:",
    "cevap:",
    "cevabı:",
    "jawabannya adalah",
    "jawaban:",
    "đáp án là",
    "đáp số:",
    "Đáp số:",
    "Đáp án là",
    "Đáp án:",
    "答案是",
    "答案为",
    "答案為",
    "答案：",
    "答案:",
    "故选",
    "结果是",
    "结果为",
    "答：",
    "答:",
    "答えは",
    "答え:",
    "答え：",
    "解答は",
    "解答:",
    "解答：",
    "正解は",
    "답은",
    "답:",
    "답안:",
    "ответ:",
    "Ответ:",
    "ответ —",
    "Ответ —",
    "ответ равен",
    "Ответ равен",
    "Відповідь:",
    "відповідь:",
    "الجواب هو",
    "الإجابة هي",
    "उत्तर है",
    "उत्तर:",
};

/* What opens a sentence that concludes. */
static const char *const openers[] = {
    "therefore",
    "thus",
    "hence",
    "so ",
    "so,",
    "consequently",
    "in conclusion",
    "we conclude that",
    "altogether",
    "in total",
    "it follows that",
    "this means",
    "donc",
    "por lo tanto",
    "por tanto",
    "así que",
    "also ",
    "daher",
    "folglich",
    "somit",
    "quindi",
    "dunque",
    "portanto",
    "logo,",
    "dus ",
    "因此",
    "所以",
    "故",
    "综上",
    "よって",
    "したがって",
    "따라서",
    "Следовательно",
    "поэтому",
    "Поэтому",
    "Итак",
    "Таким образом",
};

static const char *const marks[] = {"\\boxed", "\\fbox", "####"};

/* Phrases to be searched for, with the bytes they begin with: a text is looked at closely only there. */
struct phrases {
    const char *const *phrase;
    int count;
    unsigned char first[256], second[256];
};

static void phrases_init(struct phrases *phrases, const char *const *list, size_t count)
{
    *phrases = (struct phrases){.phrase = list, .count = (int)count};
    for (size_t i = 0; i < count; i++)
        phrases->first[(unsigned char)list[i][0]] = phrases->second[(unsigned char)list[i][1]] = 1;
}
#define PHRASES_INIT(phrases, list) phrases_init(phrases, list, sizeof(list) / sizeof *(list))

/* Bytes of the phrase at p, or 0. */
static size_t phrase_at(const struct phrases *phrases, const char *p, const char *end)
{
    if (end - p < 2 || !phrases->first[(unsigned char)ascii_lower(p[0])] ||
        !phrases->second[(unsigned char)ascii_lower(p[1])])
        return 0;
    for (int i = 0; i < phrases->count; i++)
        if (phrases->phrase[i][0] == ascii_lower(p[0]) && sentence_begins(p, end, phrases->phrase[i]))
            return strlen(phrases->phrase[i]);
    return 0;
}

/* Behind the last phrase in the text, if anything is; NULL where there is none. A phrase of letters stands at
 * the front of a word. */
static const char *behind_last(const struct phrases *phrases, const char *text, const char *end)
{
    const char *at = NULL;
    for (const char *p = text; p < end; p++) {
        size_t n = p > text && ascii_is_letter(p[-1]) && ascii_is_letter(*p) ? 0 : phrase_at(phrases, p, end);
        if (!n || p + n == end)
            continue;
        at = p + n;
        p = at - 1;
    }
    return at;
}

/* Whether a line of a text is a heading, "### Answer". */
static bool has_heading(const char *text, const char *end)
{
    for (const char *p = text; (p = memchr(p, '#', (size_t)(end - p))); p++) {
        const char *hashes = p;
        while (hashes < end && *hashes == '#')
            hashes++;
        if (hashes < end && *hashes == ' ' && (p == text || p[-1] == '\n') &&
            memchr(hashes, '\n', (size_t)(end - hashes)))
            return true;
        p = hashes - 1;
    }
    return false;
}

/* Bytes of a heading at p, "Answer" alone in its line but for signs, through the space behind it; or 0. */
static size_t heading_at(const char *text, const char *p, const char *end)
{
    static const char word[] = "answer";
    const char *front = p, *behind = p + sizeof word - 1;
    if (ascii_lower(*p) != *word || !sentence_begins(p, end, word))
        return 0;
    while (front > text && front[-1] != '\n' && strchr("#*_ \t", front[-1]))
        front--;
    if (front - text >= 3 && sentence_begins(front - 3, p, "the"))
        for (front -= 3; front > text && front[-1] != '\n' && strchr("#*_ \t", front[-1]); front--)
            ;
    while (behind < end && *behind != '\n' && strchr("#*_: \t\r", *behind))
        behind++;
    bool alone = (front == text || front[-1] == '\n') && behind < end && *behind == '\n';
    while (behind < end && ascii_is_space(*behind))
        behind++;
    return alone && behind < end ? (size_t)(behind - p) : 0;
}

/* The last cue that begins before `before`, and what follows it; false where there is none. */
static bool last_cue(const struct phrases *phrases, const char *text, const char *end, const char *before,
                     const char **cue, const char **behind)
{
    *cue = NULL;
    for (const char *p = text; p < before; p++) {
        if (p > text && ascii_is_letter(p[-1]) && ascii_is_letter(*p))
            continue;
        size_t n = phrase_at(phrases, p, end);
        n = n ? n : heading_at(text, p, end);
        if (!n || p + n == end)
            continue;
        *cue = p;
        *behind = p + n;
        p = *behind - 1;
    }
    return *cue;
}

static const char *past_signs(const char *p, const char *end)
{
    while (p < end && (ascii_is_space(*p) || strchr(":*=#,>", *p)))
        p++;
    return p;
}

/* Whether the formula whose inside begins at `start` opens at p. */
static bool leads(const char *text, const char *p, size_t start)
{
    while (p < text + start && strchr("$\\([ \n", *p))
        p++;
    return p == text + start;
}

/* Whether the sentence at p only judges the answer, or says where it is: "correct", "as follows". */
static bool only_judges(const char *text, const char *p, const char *end)
{
    static const char *const words[] = {
        "correct",     "right",      "wrong",      "incorrect", "verified",   "confirmed", "valid",
        "invalid",     "not",        "below",      "above",     "given",      "shown",     "found",
        "clear",       "obvious",    "unique",     "final",     "boxed",      "exact",     "checked",
        "complete",    "consistent", "reasonable", "accurate",  "as follows", "proven",    "proved",
        "as expected", "in the box", "justified"};
    static const char *const reasons[] = {" because", " since", " as ", ","};
    struct answer_span ignored;
    const char *stop = sentence_end(p, end), *behind = NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words && !behind; i++)
        if (sentence_word_is(p, end, words[i]))
            behind = p + strlen(words[i]);
    if (!behind)
        return false;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (sentence_begins(behind, end, reasons[i]))
            return true;
    return !sentence_number(text, p, stop, false, &ignored) &&
           !sentence_formula(text, p, stop, false, &ignored);
}

/* What follows the last cue that an answer follows. */
static bool after_cue(const char *text, size_t len, struct answer_span *out)
{
    enum { TRIES_MAX = 8 };
    struct phrases phrases;
    const char *end = text + len, *cue = end, *at;
    PHRASES_INIT(&phrases, cues);
    for (int i = 0; i < TRIES_MAX && last_cue(&phrases, text, end, cue, &cue, &at); i++) {
        at = sentence_past_adverbs(past_signs(at, end), end);
        if (only_judges(text, at, end))
            continue;
        if (sentence_formula(text, at, end - at > FORMULA_BYTES_MAX ? at + FORMULA_BYTES_MAX : end, false,
                             out) &&
            leads(text, at, out->start))
            return true; /* which may have lines of its own */
        return sentence_answer(text, at, sentence_end(at, end), false, out);
    }
    return false;
}

/* What the last sentence that concludes states, if no formula or number comes behind it. */
static bool concluded(const char *text, size_t len, struct answer_span *out)
{
    struct phrases phrases;
    struct answer_span later;
    const char *end = text + len;
    PHRASES_INIT(&phrases, openers);
    const char *at = behind_last(&phrases, text, end);
    const char *stop = at ? sentence_end(at, end) : NULL;
    return at && sentence_answer(text, at, stop, true, out) &&
           !sentence_formula(text, stop, end, false, &later) &&
           !sentence_number(text, stop, end, false, &later);
}

static bool after_hashes(const char *text, size_t len, struct answer_span *out)
{
    for (size_t i = len; i-- > 3;) {
        if (memcmp(text + i - 3, "####", 4) != 0)
            continue;
        const char *from = text + i + 1, *to;
        while (from < text + len && ascii_is_space(*from))
            from++;
        to = from;
        for (int open = 0; to < text + len && (*to != '\n' || open > 0); to++)
            open += (*to == '{') - (*to == '}') + sentence_begins(to, text + len, "\\begin{") -
                    sentence_begins(to, text + len, "\\end{");
        *out = sentence_stripped(text, from, to);
        return out->len > 0;
    }
    return false;
}

/* Whether words before p say that what follows is the answer: "is", "get", "=". */
static bool behind_verb(const char *text, const char *p)
{
    static const char *const verbs[] = {"is",     "are",  "be",     "get",     "gets",    "gives",
                                        "give",   "have", "has",    "obtain",  "obtains", "yields",
                                        "equals", "to",   "as",     "becomes", "or",      "by",
                                        "find",   "and",  "leaves", "remains", "letter"};
    const char *end = p;
    while (end > text && strchr(" $\\([:*\n", end[-1]))
        end--;
    const char *word = end;
    while (word > text && ascii_is_letter(word[-1]))
        word--;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if ((size_t)(end - word) == strlen(verbs[i]) && sentence_begins(word, end, verbs[i]))
            return true;
    return word == end;
}

/* The last formula; without any, what the last sentence with a number states. A formula of letters alone,
 * "$n$", only names something if a number comes behind it, or if no verb leads up to it. */
static bool last_stated(const char *text, size_t len, struct answer_span *out)
{
    const char *end = text + len;
    struct answer_span number;
    if (!sentence_formula(text, text, end, true, out)) {
        if (!sentence_last(text, text, end, out))
            return false;
        const char *from = text + out->start, *to = from + out->len;
        return sentence_answer(text, from, to, true, out) || sentence_number(text, from, to, true, out);
    }
    bool weak = true;
    for (size_t i = 0; i < out->len; i++)
        weak &= ascii_is_letter(text[out->start + i]);
    if (weak && sentence_result(text, text + out->start + out->len, end, &number))
        *out = number;
    else if (weak && !behind_verb(text, text + out->start))
        return false;
    return true;
}

bool answer_has_sign(const char *text, size_t len)
{
    const char *end = text + len;
    struct phrases sure, words;
    PHRASES_INIT(&sure, marks);
    PHRASES_INIT(&words, cues);
    for (const char *p = text; p + 1 < end; p++)
        if (phrase_at(&sure, p, end) || phrase_at(&words, p, end) || heading_at(text, p, end))
            return true;
    return false;
}

/* The last letter of a choice that stands by itself; the "A" before a word is none. */
static bool last_letter(const char *text, size_t len, struct answer_span *out)
{
    for (size_t i = len; i-- > 0;) {
        bool alone = text[i] >= 'A' && text[i] <= 'H' && (i == 0 || !ascii_is_letter(text[i - 1])) &&
                     (i + 1 == len || !ascii_is_letter(text[i + 1]));
        bool article = text[i] == 'A' && i + 2 < len && text[i + 1] == ' ' && ascii_is_letter(text[i + 2]);
        if (alone && !article) {
            *out = (struct answer_span){i, 1};
            return true;
        }
    }
    return false;
}

/* Whether words in front lead up to a number: "He spent 12 dollars". */
static bool tells(const char *text, const char *end)
{
    struct phrases phrases;
    struct answer_span number;
    PHRASES_INIT(&phrases, openers);
    if (phrase_at(&phrases, text, end))
        return true;
    return text < end && ascii_is_letter(*text) && sentence_words(text, end) >= WORDS_MAX - 1 &&
           sentence_number(text, text, end, false, &number);
}

bool answer_is_bare(const char *text, size_t len)
{
    const char *end = text + len;
    return len <= BARE_BYTES_MAX && !answer_has_sign(text, len) && !has_heading(text, end) &&
           sentence_words(text, end) < WORDS_MAX && !sentence_is_prose(text, end) &&
           !sentence_has_formula_in_words(text, end) && !tells(text, end);
}

int answer_find(const char *text, size_t len, enum answer_mode mode, struct buf *out, bool *found)
{
    struct answer_span span;
    *found = false;
    if (!answer_skip_thought(&text, &len))
        return PONDER_OK;
    int status = boxes(text, len, mode == ANSWER_BOX_ONLY, out, found);
    if (*found || status || mode == ANSWER_BOX_ONLY || answer_is_cut_off(text, len))
        return status;
    if (len > END_BYTES_MAX) { /* any other sign of it is looked for near the end */
        text += len - END_BYTES_MAX;
        len = END_BYTES_MAX;
    }
    *found = after_hashes(text, len, &span) || after_cue(text, len, &span) ||
             (mode == ANSWER_NO_FORMULA ? sentence_number(text, text, text + len, true, &span)
                                        : concluded(text, len, &span) || last_stated(text, len, &span) ||
                                              last_letter(text, len, &span));
    if (*found && buf_append(out, text + span.start, span.len))
        return PONDER_E_MEMORY;
    return PONDER_OK;
}
