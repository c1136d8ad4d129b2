#include "stats/stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "select/vote.h"

double stats_pass_at_k(int64_t n, int64_t correct, int64_t k)
{
    if (n - correct < k)
        return 1;
    /* The quotient of the two binomials as a product of k factors below 1: no overflow. */
    double none = 1;
    for (int64_t i = 0; i < k; i++)
        none *= (double)(n - correct - i) / (double)(n - i);
    return 1 - none;
}

double stats_maj_at_k(const struct clusters *clusters, int64_t k)
{
    double *totals = malloc(((size_t)clusters->count + 1) * sizeof *totals);
    if (!totals)
        return -1;
    int64_t right = 0, blocks = clusters->n / k;
    for (int64_t first = 0; first < blocks * k; first += k) {
        int64_t elected =
            vote(&(struct ballots){.of = clusters->of + first, .n = k}, totals, clusters->count);
        right += elected >= 0 && clusters->right[elected];
    }
    free(totals);
    return (double)right / (double)blocks;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Quantile of sorted values with linear interpolation between neighbours. */
static double quantile(const double *sorted, int count, double q)
{
    double at = q * (count - 1);
    int below = (int)at;
    int above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

static double sum_of(const double *values, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

static bool all_equal(const double *values, int64_t n)
{
    int64_t i = 1;
    while (i < n && values[i] == values[0])
        i++;
    return i == n;
}

/* rows (n, count): the columns' values of one question beside each other. */
static void interleave(double *rows, const struct stats_column *columns, int count, int64_t n)
{
    for (int c = 0; c < count; c++)
        for (int64_t i = 0; i < n; i++)
            rows[i * count + c] = columns[c].values[i];
}

/* means (count, STATS_RESAMPLES), each added up in the order of its draws; sums (count) are for that. */
static void resample(const double *rows, int count, int64_t n, uint64_t seed, double *sums, double *means)
{
    struct rng rng;
    rng_init(&rng, seed);
    for (int r = 0; r < STATS_RESAMPLES; r++) {
        memset(sums, 0, (size_t)count * sizeof *sums);
        for (int64_t i = 0; i < n; i++) {
            const double *row = rows + (int64_t)rng_below(&rng, (uint64_t)n) * count;
            for (int c = 0; c < count; c++)
                sums[c] += row[c];
        }
        for (int c = 0; c < count; c++)
            means[(size_t)c * STATS_RESAMPLES + (size_t)r] = sums[c] / (double)n;
    }
}

int stats_bootstrap_columns(const struct stats_column *columns, int count, int64_t n, uint64_t seed)
{
    for (int c = 0; c < count; c++)
        *columns[c].out = (struct ponder_interval){NAN, NAN, NAN};
    if (n == 0 || count == 0)
        return PONDER_OK;
    double *rows = malloc((size_t)n * (size_t)count * sizeof *rows);
    double *means = malloc((size_t)count * STATS_RESAMPLES * sizeof *means);
    double *sums = malloc((size_t)count * sizeof *sums);
    int status = rows && means && sums ? PONDER_OK : PONDER_E_MEMORY;
    if (!status) {
        interleave(rows, columns, count, n);
        resample(rows, count, n, seed, sums, means);
    }
    for (int c = 0; c < count && !status; c++) {
        double *sorted = means + (size_t)c * STATS_RESAMPLES;
        if (!all_equal(columns[c].values, n)) /* else the means are, too */
            qsort(sorted, STATS_RESAMPLES, sizeof *sorted, ascending);
        *columns[c].out = (struct ponder_interval){sum_of(columns[c].values, n) / (double)n,
                                                   quantile(sorted, STATS_RESAMPLES, 0.025),
                                                   quantile(sorted, STATS_RESAMPLES, 0.975)};
    }
    free(rows);
    free(means);
    free(sums);
    return status;
}

int stats_bootstrap(const double *values, int64_t n, uint64_t seed, struct ponder_interval *out)
{
    return stats_bootstrap_columns(&(struct stats_column){values, out}, 1, n, seed);
}

struct ranked {
    int64_t index;
    double value;
};

static int largest_first(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

int stats_rank(const double *values, int64_t n, int64_t *order)
{
    struct ranked *ranked = malloc(((size_t)n + 1) * sizeof *ranked);
    if (!ranked)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        ranked[i] = (struct ranked){i, values[i]};
    qsort(ranked, (size_t)n, sizeof *ranked, largest_first);
    for (int64_t i = 0; i < n; i++)
        order[i] = ranked[i].index;
    free(ranked);
    return PONDER_OK;
}

const char *const stats_quintile_names[STATS_QUINTILES] = {"1 (easiest)", "2", "3", "4", "5 (hardest)"};
