/* tally.h - votes as they come: each answer once, under the number in which it was first seen.
 *
 * As clusters.h has it for a whole set, an answer joins the first one that it equals. */
#ifndef SELECT_TALLY_H
#define SELECT_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "answer/answer.h"
#include "ponder/status.h"

struct tally_answer {
    char *answer; /* as its first voter wrote it */
    int64_t count;
    double weight;
};

struct tally {
    struct tally_answer *answers; /* (count) */
    int64_t count, cap;
    int64_t comparisons;
};

void tally_release(struct tally *tally);
/* One more solution: *out is the number of its answer, -1 where it has none. A NAN weighs 0. PONDER_E_MEMORY.
 */
int tally_add(struct tally *tally, const char *text, size_t len, enum answer_mode mode, double weight,
              int64_t *out) PONDER_USE;
/* The number of the answer of most weight; of equals, and where none weighs anything, that of the most votes,
 * then the one first seen. -1: there is none. */
int64_t tally_leader(const struct tally *tally);

#endif
