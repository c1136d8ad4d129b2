/* worded.h - answers that say in words which values are meant: "odd $n$", "$2^n$ where $n$ is odd".
 *
 * Such an answer is no text in which the answer has to be looked for: its last formula is part of a
 * condition.
 */
#ifndef ANSWER_WORDED_H
#define ANSWER_WORDED_H

#include "answer/answer.h"

/* Whether a text without any sign of an answer is itself one, with a condition, a restriction or labels. */
bool worded_is_answer(const char *text, size_t len);

/* Compares values without words. */
typedef bool worded_compare(const char *a, size_t n, const char *b, size_t m, const char **how);

/* Whether two answers, of which one or both are worded, are the same one: what a condition follows counts
 * without it, unless both have one; restrictions and labels must be the same. */
bool worded_equal(const char *a, size_t n, const char *b, size_t m, worded_compare *equal, const char **how);

#endif
