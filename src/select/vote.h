/* vote.h - the one voter: which answer a question's solutions elect, whoever asks.
 *
 * - A solution votes for the cluster of its answer (clusters.h); one without an answer votes for none. One
 * that was cut off has an answer only where it stands in a whole box (answer_mode_of).
 * - In a majority each vote weighs 1; in a weighted vote what the verifier gave the solution, and nothing
 * where it gave none. Where it gave none to any, all weigh 1.
 * - The cluster of largest weight is elected; of equals, that of the vote that came first, in the order of
 * the solutions' random streams. Weights that differ by less than one part in 10^12 are equal, so that the
 * order of a sum decides nothing.
 *
 * (Self-consistency, Wang et al. 2022; best-of-N weighted, Snell et al. 2024, appendix G.) */
#ifndef SELECT_VOTE_H
#define SELECT_VOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "ponder/status.h"

/* Vote i is of solution picked[i], or of solution i where nothing is picked. */
struct ballots {
    const int64_t *of;      /* cluster of each solution; -1: it does not vote */
    const double *weights;  /* of each solution; NAN: it was given none. NULL: all weigh 1 */
    const int32_t *repeats; /* how often each solution votes; NULL: once */
    const int64_t *picked;  /* (n); NULL: the first n solutions */
    int64_t n;
};

/* The cluster elected, -1 where nobody votes. `totals` (class_count) is filled with each cluster's weight;
 * -1: nobody votes for it. */
int64_t vote(const struct ballots *ballots, double *totals, int64_t class_count);
/* Of the clusters that weigh as much as the one elected, this one included, the share for which `right` is
 * set; 0 where nobody votes. `totals` are those of vote(). */
double vote_tied_share(const double *totals, int64_t class_count, const bool *right);

/* One answer and who voted for it. */
struct vote_row {
    int64_t first; /* the first solution with this answer */
    int64_t count; /* solutions with it */
    int64_t best;  /* the one of highest log-probability; the first of equals */
};
/* A majority among solutions 0 to n - 1 as a list: the elected answer first, then by count, of equals the one
 * seen first. `logprobs` may be NULL. `rows` has room for n; `row_of` (n) may be NULL: row of each solution,
 * or -1. Returns how many rows. */
int64_t vote_rows(const int64_t *of, const double *logprobs, int64_t n, struct vote_row *rows,
                  int64_t *row_of);

#endif
