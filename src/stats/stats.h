/* stats.h - figures with intervals. */
#ifndef STATS_STATS_H
#define STATS_STATS_H

#include <stdint.h>

#include "ponder/eval.h"
#include "select/clusters.h"
#include "ponder/status.h"

enum { STATS_RESAMPLES = 5000, STATS_QUINTILES = 5 };
/* Fixed: the same values give the same intervals. */
#define STATS_SEED 1

/* Probability that at least one of k samples, drawn without replacement from n of which `correct` are
 * correct, is correct: 1 - C(n-correct, k) / C(n, k), the unbiased estimator of Chen et al. 2021. 1 <= k <=
 * n. */
double stats_pass_at_k(int64_t n, int64_t correct, int64_t k);

/* Share of correct majorities over the n/k disjoint blocks of k consecutive samples. The
 * first seen of equals wins a block; a block without an answer is wrong. 1 <= k <= clusters->n. Negative: out
 * of memory. */
double stats_maj_at_k(const struct clusters *clusters, int64_t k);

/* Mean of `values` (n) and its 95% percentile interval over STATS_RESAMPLES bootstrap resamples of the
 * values. Give per-question differences for a paired interval. NAN where n is 0. */
int stats_bootstrap(const double *values, int64_t n, uint64_t seed, struct ponder_interval *out) PONDER_USE;

/* The same of `count` columns of n values each, over the same resamples, which are drawn once: as many calls
 * of stats_bootstrap() give the same figures, later. */
struct stats_column {
    const double *values; /* (n) of the same questions in the same order */
    struct ponder_interval *out;
};
int stats_bootstrap_columns(const struct stats_column *columns, int count, int64_t n,
                            uint64_t seed) PONDER_USE;

/* order[i], i < n: the index of the i-th largest value; the first of equals first. */
int stats_rank(const double *values, int64_t n, int64_t *order) PONDER_USE;

/* Quintile f, from 0, of n ranked values is [stats_quintile_begin(n, f), stats_quintile_begin(n, f + 1)). */
static inline int64_t stats_quintile_begin(int64_t n, int quintile)
{
    return quintile * n / STATS_QUINTILES;
}
/* "1 (easiest)", "2" .. "5 (hardest)". */
extern const char *const stats_quintile_names[STATS_QUINTILES];

#endif
