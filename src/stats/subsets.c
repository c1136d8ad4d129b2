#include "stats/subsets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "stats/stats.h"
#include "select/vote.h"

/* ---- the best ---- */

/* Right share of the samples order[from..to), which have the same score. */
static double right_share(const struct clusters *clusters, const int64_t *order, int64_t from, int64_t to)
{
    int64_t right = 0;
    for (int64_t i = from; i < to; i++)
        right += clusters_is_right(clusters, order[i]);
    return (double)right / (double)(to - from);
}

int subsets_best(const struct clusters *clusters, const double *scores, int64_t subset, double *out)
{
    int64_t n = clusters->n, ranked = 0;
    int64_t *order = malloc(((size_t)n + 1) * sizeof *order);
    if (!order || stats_rank(scores, n, order)) {
        free(order);
        return PONDER_E_MEMORY;
    }
    for (int64_t i = 0; i < n; i++)
        if (clusters->of[order[i]] >= 0)
            order[ranked++] = order[i];
    /* Probability that the sample of rank i is in the subset and none before it is:
     * C(n - 1 - i, N - 1) / C(n, N). */
    double first = (double)subset / (double)n, sum = 0;
    for (int64_t i = 0; i < ranked;) {
        int64_t from = i;
        double chosen = 0;
        for (; i < ranked && !(scores[order[i]] < scores[order[from]]); i++) {
            chosen += first;
            first *= n - 1 - i > 0 ? (double)(n - i - subset) / (double)(n - 1 - i) : 0;
        }
        sum += chosen * right_share(clusters, order, from, i);
    }
    free(order);
    *out = sum;
    return PONDER_OK;
}

/* ---- the majority, counted ----
 *
 * In a random subset of N the numbers of samples of each cluster are independent binomials with p = N/n,
 * given that they sum to N. For every k the clusters are multiplied up as polynomials, in which coefficient
 * (t, m) is the probability that they have m samples in all, t clusters of them k samples and the others
 * fewer. */

/* Coefficients (t, m), t <= ties, m <= subset. */
struct counted {
    double *now, *next;
    int64_t ties, subset;
};

static double *cell(const struct counted *c, double *table, int64_t t, int64_t m)
{
    return table + t * (c->subset + 1) + m;
}

static int counted_init(struct counted *c, int64_t ties, int64_t subset)
{
    size_t cells = (size_t)((ties + 1) * (subset + 1));
    *c = (struct counted){calloc(cells, sizeof(double)), calloc(cells, sizeof(double)), ties, subset};
    return c->now && c->next ? PONDER_OK : PONDER_E_MEMORY;
}

static void counted_release(struct counted *c)
{
    free(c->now);
    free(c->next);
}

static void counted_clear(struct counted *c, int64_t ties)
{
    c->ties = ties;
    memset(c->now, 0, (size_t)((ties + 1) * (c->subset + 1)) * sizeof *c->now);
}

/* C(size, x) p^x (1-p)^(size-x), 0 < p < 1. */
static double binomial(int64_t size, int64_t x, double p)
{
    int sign;
    double ways = lgamma_r((double)size + 1, &sign) - lgamma_r((double)x + 1, &sign) -
                  lgamma_r((double)(size - x) + 1, &sign);
    return exp(ways + (double)x * log(p) + (double)(size - x) * log1p(-p));
}

/* Multiplies a cluster of `size` samples in, of which at most k are in the subset. */
static void counted_add(struct counted *c, int64_t size, int64_t k, double p)
{
    memset(c->next, 0, (size_t)((c->ties + 1) * (c->subset + 1)) * sizeof *c->next);
    int64_t most = size < k ? size : k;
    for (int64_t x = 0; x <= most; x++) {
        double factor = binomial(size, x, p);
        int64_t tie = x == k;
        for (int64_t t = tie; t <= c->ties; t++) {
            const double *from = cell(c, c->now, t - tie, 0);
            double *to = cell(c, c->next, t, x);
            for (int64_t m = 0; m + x <= c->subset; m++)
                to[m] += from[m] * factor;
        }
    }
    double *swapped = c->now;
    c->now = c->next;
    c->next = swapped;
}

/* Share of the right clusters among those that tie, over all ways to come to N samples. */
static double meet(const struct counted *right, const struct counted *wrong)
{
    double sum = 0;
    for (int64_t i = 1; i <= right->ties; i++)
        for (int64_t j = 0; j <= wrong->ties; j++) {
            const double *a = cell(right, right->now, i, 0), *b = cell(wrong, wrong->now, j, 0);
            double ways = 0;
            for (int64_t m = 0; m <= right->subset; m++)
                ways += a[m] * b[right->subset - m];
            sum += ways * (double)i / (double)(i + j);
        }
    return sum;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct sides {
    int64_t right, wrong; /* clusters */
    int64_t largest;      /* right cluster: with more than that many votes none wins */
};

static struct sides sides_of(const struct clusters *clusters)
{
    struct sides sides = {0};
    for (int64_t c = 0; c < clusters->count; c++) {
        sides.right += clusters->right[c];
        sides.wrong += !clusters->right[c];
        if (clusters->right[c] && clusters->size[c] > sides.largest)
            sides.largest = clusters->size[c];
    }
    return sides;
}

static bool is_countable(const struct clusters *clusters, struct sides sides, int64_t subset)
{
    double work = 0;
    for (int64_t k = 1; k <= least(sides.largest, subset) && work <= SUBSETS_WORK_MAX; k++) {
        double factors = 0;
        for (int64_t c = 0; c < clusters->count; c++)
            factors += (double)least(clusters->size[c], k) + 1;
        work += factors * (double)(least(clusters->count, subset / k) + 1) * (double)(subset + 1);
    }
    return work <= SUBSETS_WORK_MAX;
}

static int count_majority(const struct clusters *clusters, struct sides sides, int64_t subset, double *out)
{
    struct counted right, wrong;
    double p = (double)subset / (double)clusters->n, sum = 0;
    int64_t unanswered = clusters->n - clusters_answered_count(clusters);
    int failed = counted_init(&right, least(sides.right, subset), subset) |
                 counted_init(&wrong, least(sides.wrong, subset), subset);
    for (int64_t k = 1; k <= least(sides.largest, subset) && !failed; k++) {
        counted_clear(&right, least(sides.right, subset / k));
        counted_clear(&wrong, least(sides.wrong, subset / k));
        right.now[0] = 1;
        for (int64_t m = 0; m <= least(unanswered, subset); m++)
            wrong.now[m] = binomial(unanswered, m, p);
        for (int64_t c = 0; c < clusters->count; c++)
            counted_add(clusters->right[c] ? &right : &wrong, clusters->size[c], k, p);
        sum += meet(&right, &wrong);
    }
    counted_release(&right);
    counted_release(&wrong);
    *out = sum / binomial(clusters->n, subset, p);
    return failed ? PONDER_E_MEMORY : PONDER_OK;
}

int subsets_majority(const struct clusters *clusters, int64_t subset, uint64_t key, double *out, bool *exact)
{
    struct sides sides = sides_of(clusters);
    *out = 0;
    if (sides.right == 0)
        return PONDER_OK;
    if (subset == clusters->n || !is_countable(clusters, sides, subset))
        return subsets_vote(clusters, NULL, subset, key, out, exact);
    return count_majority(clusters, sides, subset, out);
}

/* ---- votes in one subset after the other ---- */

struct voting {
    const struct clusters *clusters;
    const double *weights; /* may be NULL */
    double *totals;        /* (clusters) */
    int64_t *picked;       /* (n) the first N of them are the subset */
    int64_t subset;
};

/* 1, 0, or the right share where clusters tie. */
static double vote_once(const struct voting *v)
{
    const struct clusters *clusters = v->clusters;
    struct ballots ballots = {clusters->of, v->weights, NULL, v->picked, v->subset};
    vote(&ballots, v->totals, clusters->count);
    return vote_tied_share(v->totals, clusters->count, clusters->right);
}

/* The number of subsets, or more than SUBSETS_ALL_MAX. */
static double subset_count(int64_t n, int64_t subset)
{
    double count = 1;
    int64_t fewer = least(subset, n - subset);
    for (int64_t i = 1; i <= fewer && count <= SUBSETS_ALL_MAX; i++)
        count = count * (double)(n - fewer + i) / (double)i;
    return count;
}

/* The next subset in the order of its indices; false after the last. */
static bool next_subset(int64_t *picked, int64_t subset, int64_t n)
{
    int64_t i = subset - 1;
    while (i >= 0 && picked[i] == n - subset + i)
        i--;
    if (i < 0)
        return false;
    picked[i]++;
    for (int64_t j = i + 1; j < subset; j++)
        picked[j] = picked[j - 1] + 1;
    return true;
}

static double vote_in_all(const struct voting *v)
{
    double sum = 0, count = 0;
    do {
        sum += vote_once(v);
        count++;
    } while (next_subset(v->picked, v->subset, v->clusters->n));
    return sum / count;
}

static double vote_in_drawn(const struct voting *v, uint64_t key)
{
    struct rng rng;
    double sum = 0;
    rng_init(&rng, key);
    for (int draw = 0; draw < SUBSETS_DRAWN; draw++) {
        for (int64_t i = 0; i < v->subset; i++) {
            int64_t other = i + (int64_t)rng_below(&rng, (uint64_t)(v->clusters->n - i));
            int64_t swapped = v->picked[i];
            v->picked[i] = v->picked[other];
            v->picked[other] = swapped;
        }
        sum += vote_once(v);
    }
    return sum / SUBSETS_DRAWN;
}

int subsets_vote(const struct clusters *clusters, const double *weights, int64_t subset, uint64_t key,
                 double *out, bool *exact)
{
    struct voting v = {.clusters = clusters, .weights = weights, .subset = subset};
    v.totals = calloc((size_t)clusters->count + 1, sizeof *v.totals);
    v.picked = malloc(((size_t)clusters->n + 1) * sizeof *v.picked);
    bool fits = v.totals && v.picked;
    *out = 0;
    for (int64_t i = 0; i < clusters->n && fits; i++)
        v.picked[i] = i;
    if (fits && clusters_right_count(clusters)) {
        bool all = subset_count(clusters->n, subset) <= SUBSETS_ALL_MAX;
        *out = all ? vote_in_all(&v) : vote_in_drawn(&v, key);
        *exact = *exact && all;
    }
    free(v.totals);
    free(v.picked);
    return fits ? PONDER_OK : PONDER_E_MEMORY;
}

/* ---- the first N ---- */

int64_t subsets_first_best(const struct clusters *clusters, const double *scores, int64_t from, int64_t count)
{
    int64_t best = -1;
    for (int64_t i = from; i < from + count; i++)
        if (clusters->of[i] >= 0 && (best < 0 || scores[i] > scores[best]))
            best = i;
    return best;
}

int64_t subsets_first_vote(const struct clusters *clusters, const double *weights, int64_t subset,
                           double *totals)
{
    struct ballots ballots = {.of = clusters->of, .weights = weights, .n = subset};
    int64_t elected = vote(&ballots, totals, clusters->count);
    return elected < 0 ? -1 : clusters->first[elected];
}
