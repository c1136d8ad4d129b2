/* subsets.h - how often N of a question's n recorded samples come to the right answer.
 *
 * The N samples are a subset drawn without replacement, every subset as likely as any other, and a figure is
 * the mean over subsets. A subset has no order of its own, so where t answers or samples tie, each counts
 * 1/t: what "the first seen wins" (vote.h) comes to on average over all orders. Samples without an answer do
 * not vote and are not chosen; a subset in which none has an answer is wrong.
 *
 * pass@N and best-of-N have closed forms, majority is counted over the sizes of the clusters of answers, and
 * a weighted vote is taken in every subset where there are few and in SUBSETS_DRAWN random ones where there
 * are many. */
#ifndef STATS_SUBSETS_H
#define STATS_SUBSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "select/clusters.h"

enum { SUBSETS_ALL_MAX = 20000, SUBSETS_DRAWN = 4096 };
/* Multiplications for the majority of one question; what needs more is drawn too. */
enum { SUBSETS_WORK_MAX = 1 << 28 };

/* In all of these 1 <= N <= clusters->n. `exact` is cleared where subsets were drawn and left alone where
 * not; `key` is of the stream they are drawn from. PONDER_E_MEMORY. */

/* The sample of highest score that has an answer (best-of-N). `scores` (n). */
int subsets_best(const struct clusters *clusters, const double *scores, int64_t subset,
                 double *out) PONDER_USE;
int subsets_majority(const struct clusters *clusters, int64_t subset, uint64_t key, double *out,
                     bool *exact) PONDER_USE;
/* The answer of largest total weight; NULL weighs every sample 1. */
int subsets_vote(const struct clusters *clusters, const double *weights, int64_t subset, uint64_t key,
                 double *out, bool *exact) PONDER_USE;

/* The sample of highest score that has an answer among `count` from `from` on, the first of equals; -1: none
 * has. */
int64_t subsets_first_best(const struct clusters *clusters, const double *scores, int64_t from,
                           int64_t count);
/* What the first N in recorded order elect (vote.h): the first sample of that cluster, -1 where none has an
 * answer. `totals` has room for clusters->count. */
int64_t subsets_first_vote(const struct clusters *clusters, const double *weights, int64_t subset,
                           double *totals);

#endif
