/* answer.h - the final answer of a solution, and when two answers count as the same one. */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

struct answer_span {
    size_t start, len; /* bytes of the text */
};

/* What stands in the last balanced \boxed{} or \fbox{} of `text`, without the spaces around it; false where
 * there is none or it is empty. The convention of the MATH data set (Hendrycks et al. 2021). */
bool answer_extract(const char *text, size_t len, struct answer_span *out) PONDER_USE;

/* Models that reason before they answer do so between <think> and </think>; what stands there is no answer.
 * Moves
 * `*text` behind the last </think>. False where a thought is open to the end: such a text has no answer. */
bool answer_skip_thought(const char **text, size_t *len);
enum { ANSWER_TAIL_BYTES = 7 }; /* of a mark that began in an earlier part of a text */
/* Whether a thought is open at the end of a part of a text, where one was or was not `open` at the end of
 * what stands before it, of which `tail` is the last bytes: ANSWER_TAIL_BYTES where there are as many. */
bool answer_thinks(bool open, const char *tail, size_t tail_len, const char *part, size_t len);

/* ANSWER_NO_FORMULA: where no box, "####" or phrase says it, the last number, even one inside a formula. */
enum answer_mode { ANSWER_BOX_ONLY, ANSWER_ANY_SIGN, ANSWER_NO_FORMULA };
/* How the answer of a text is found that was cut off where it is not `whole`: what looks like an answer in it
 * may be the number of a list or half a formula, and only a box that is closed is one. */
static inline enum answer_mode answer_mode_of(enum answer_mode mode, bool whole)
{
    return whole ? mode : ANSWER_BOX_ONLY;
}

/* Whether a text has a box, "####" or words that lead up to an answer. */
bool answer_has_sign(const char *text, size_t len);
/* Whether a text has a box that never closes and none that does: it was cut off in its answer, and has none.
 */
bool answer_is_cut_off(const char *text, size_t len);

/* Whether a text is an answer and nothing else: no box, no sign of a final answer, no sentence, not long. */
bool answer_is_bare(const char *text, size_t len);

/* Appends the final answer of a text by the surest sign there is of it: boxes, "####", "the answer is",
 * "therefore", the last formula, the last number, behind its thought. `*found` is false, and nothing
 * appended, where it has none. PONDER_E_MEMORY else. */
int answer_find(const char *text, size_t len, enum answer_mode mode, struct buf *out, bool *found) PONDER_USE;

/* Appends the form in which answers are compared: without spaces, dollar signs and \left \right, with the
 * contents of \text{..} and its kin in place of them, \dfrac and \tfrac as \frac, and no full stop at the
 * end. */
int answer_normalise(const char *answer, size_t len, struct buf *out) PONDER_USE;

/* Whether two answers are the same one; docs/answers.md has the policies. Symmetric. `*how` is a constant
 * string: which rule decided. `how` may be NULL. */
bool answer_equal(const char *gold, size_t gold_len, const char *pred, size_t pred_len, const char **how);

/* A copy of the text's answer as it is written, freed by the caller; NULL where the text has none.
 * PONDER_E_MEMORY else. */
int answer_of_text(const char *text, size_t len, enum answer_mode mode, char **answer) PONDER_USE;

#endif
