/* ponder/answer.h - the final answer of a text, and whether two answers are the same one, over lines of JSON.
 *
 * The policies, what counts as equal and what does not, are in docs/answers.md. No input takes unbounded time
 * or memory. */
#ifndef PONDER_ANSWER_H
#define PONDER_ANSWER_H

#include <stdbool.h>

#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PONDER_ANSWER_TEXT_BYTES_MAX = 1 << 26 };

/* Whether two bare answers, such as "1/2" and "0.5", are the same one; "" is no answer, and equal to none.
 * Any thread. */
PONDER_API bool ponder_answer_equal(const char *gold, const char *pred);

/* One object with `gold` and `pred`, each a bare answer or a text that comes to one. Adds "equal" and "how":
 * the rule that decided. `*out` is the object in one line without its
 * newline, freed by the caller. PONDER_E_FORMAT says what is missing. */
PONDER_API int ponder_answer_grade(const char *line, char **out, bool *equal,
                                   struct ponder_err *err) PONDER_USE;
/* One object with `text`. Adds "answer", null where the text has none; with `box_only` nothing but a box
 * counts. Else as ponder_answer_grade(). */
PONDER_API int ponder_answer_extract(const char *line, bool box_only, char **out,
                                     struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif

#endif
