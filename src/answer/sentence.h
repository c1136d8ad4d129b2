/* sentence.h - what a sentence of prose states: its formula, its number, or its words. */
#ifndef ANSWER_SENTENCE_H
#define ANSWER_SENTENCE_H

#include "answer/answer.h"

/* Whether text[0, end) begins with `cue`, which is in lower case. */
bool sentence_begins(const char *text, const char *end, const char *cue);
/* Whether the word that begins at p is `word`. */
bool sentence_word_is(const char *p, const char *end, const char *word);
/* The end of the sentence at p: a line's end, or a full stop with no digit behind it. */
const char *sentence_end(const char *p, const char *end);

/* Words of two letters and more that are no commands, no functions and not inside \text{}; of scripts that
 * have no spaces, two characters count as a word. */
int sentence_words(const char *text, const char *end);
/* Whether a word of those only prose has, like "is" and "we", stands in it. */
bool sentence_is_prose(const char *text, const char *end);

/* The first formula, or the last one that is no part of a condition, "for all $x$", between dollar signs or
 * \( \) in [from, to), without them; with the ones that "and" or a comma joins to it. Spans are of `text`. */
bool sentence_formula(const char *text, const char *from, const char *to, bool last, struct answer_span *out);
/* Whether words stand before the first formula. */
bool sentence_has_formula_in_words(const char *text, const char *end);
/* The first or the last number with its sign, fraction and percent. */
bool sentence_number(const char *text, const char *from, const char *to, bool last, struct answer_span *out);
/* The number behind the last "=" of the last line, or the last number. */
bool sentence_result(const char *text, const char *from, const char *to, struct answer_span *out);

/* Without spaces, emphasis and signs of sentences at both ends. */
struct answer_span sentence_stripped(const char *text, const char *from, const char *to);

/* Past words that say how sure an answer is, not what it is: "clearly 73". */
const char *sentence_past_adverbs(const char *p, const char *end);
/* Without a remark behind a number or a formula that only comments on it: "72, in total", "72 (in total)".
 * With `known` only such as no answer has. */
struct answer_span sentence_without_remark(const char *text, struct answer_span span, bool known);

/* The last sentence that has a formula or a number. */
bool sentence_last(const char *text, const char *from, const char *to, struct answer_span *out);

/* The answer that [from, to), which leads up to one, states: what follows its last "is", cut before "because"
 * and its like; of that the first formula (with `last` the last one), the words if they are few, a number. */
bool sentence_answer(const char *text, const char *from, const char *to, bool last, struct answer_span *out);

#endif
