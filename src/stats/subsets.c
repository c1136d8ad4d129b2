#include "stats/subsets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "stats/stats.h"
#include "select/vote.h"

/* ---- the best ---- */

/* Right share of the samples order[from..to), which have the same score. */
static double right_share(const struct classes *classes, const int64_t *order, int64_t from, int64_t to)
{
    int64_t right = 0;
    for (int64_t i = from; i < to; i++)
        right += classes_is_right(classes, order[i]);
    return (double)right / (double)(to - from);
}

int subsets_best(const struct classes *classes, const double *scores, int64_t subset, double *out)
{
    int64_t n = classes->n, ranked = 0;
    int64_t *order = malloc(((size_t)n + 1) * sizeof *order);
    if (!order || stats_rank(scores, n, order)) {
        free(order);
        return PONDER_E_MEMORY;
    }
    for (int64_t i = 0; i < n; i++)
        if (classes->of[order[i]] >= 0)
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
        sum += chosen * right_share(classes, order, from, i);
    }
    free(order);
    *out = sum;
    return PONDER_OK;
}

/* ---- the majority, counted ----
 *
 * In a random subset of N the numbers of samples of each class are independent binomials with p = N/n, given
 * that they sum to N. For every k the classes are multiplied up as polynomials, in which coefficient (t, m)
 * is the probability that they have m samples in all, t classes of them k samples and the others fewer. */

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

/* Multiplies a class of `size` samples in, of which at most k are in the subset. */
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

/* Share of the right classes among those that tie, over all ways to come to N samples. */
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
    int64_t right, wrong; /* classes */
    int64_t largest;      /* right class: with more than that many votes none wins */
};

static struct sides sides_of(const struct classes *classes)
{
    struct sides sides = {0};
    for (int64_t c = 0; c < classes->count; c++) {
        sides.right += classes->right[c];
        sides.wrong += !classes->right[c];
        if (classes->right[c] && classes->size[c] > sides.largest)
            sides.largest = classes->size[c];
    }
    return sides;
}

static bool is_countable(const struct classes *classes, struct sides sides, int64_t subset)
{
    double work = 0;
    for (int64_t k = 1; k <= least(sides.largest, subset) && work <= SUBSETS_WORK_MAX; k++) {
        double factors = 0;
        for (int64_t c = 0; c < classes->count; c++)
            factors += (double)least(classes->size[c], k) + 1;
        work += factors * (double)(least(classes->count, subset / k) + 1) * (double)(subset + 1);
    }
    return work <= SUBSETS_WORK_MAX;
}

static int count_majority(const struct classes *classes, struct sides sides, int64_t subset, double *out)
{
    struct counted right, wrong;
    double p = (double)subset / (double)classes->n, sum = 0;
    int64_t unanswered = classes->n - classes_answered_count(classes);
    int failed = counted_init(&right, least(sides.right, subset), subset) |
                 counted_init(&wrong, least(sides.wrong, subset), subset);
    for (int64_t k = 1; k <= least(sides.largest, subset) && !failed; k++) {
        counted_clear(&right, least(sides.right, subset / k));
        counted_clear(&wrong, least(sides.wrong, subset / k));
        right.now[0] = 1;
        for (int64_t m = 0; m <= least(unanswered, subset); m++)
            wrong.now[m] = binomial(unanswered, m, p);
        for (int64_t c = 0; c < classes->count; c++)
            counted_add(classes->right[c] ? &right : &wrong, classes->size[c], k, p);
        sum += meet(&right, &wrong);
    }
    counted_release(&right);
    counted_release(&wrong);
    *out = sum / binomial(classes->n, subset, p);
    return failed ? PONDER_E_MEMORY : PONDER_OK;
}

int subsets_majority(const struct classes *classes, int64_t subset, uint64_t key, double *out, bool *exact)
{
    struct sides sides = sides_of(classes);
    *out = 0;
    if (sides.right == 0)
        return PONDER_OK;
    if (subset == classes->n || !is_countable(classes, sides, subset))
        return subsets_vote(classes, NULL, subset, key, out, exact);
    return count_majority(classes, sides, subset, out);
}

/* ---- votes in one subset after the other ---- */

struct voting {
    const struct classes *classes;
    const double *weights; /* may be NULL */
    double *totals;        /* (classes) */
    int64_t *picked;       /* (n) the first N of them are the subset */
    int64_t subset;
};

/* 1, 0, or the right share where classes tie. */
static double vote_once(const struct voting *v)
{
    const struct classes *classes = v->classes;
    struct ballots ballots = {classes->of, v->weights, NULL, v->picked, v->subset};
    vote(&ballots, v->totals, classes->count);
    return vote_tied_share(v->totals, classes->count, classes->right);
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
    } while (next_subset(v->picked, v->subset, v->classes->n));
    return sum / count;
}

static double vote_in_drawn(const struct voting *v, uint64_t key)
{
    struct rng rng;
    double sum = 0;
    rng_init(&rng, key);
    for (int draw = 0; draw < SUBSETS_DRAWN; draw++) {
        for (int64_t i = 0; i < v->subset; i++) {
            int64_t other = i + (int64_t)rng_below(&rng, (uint64_t)(v->classes->n - i));
            int64_t swapped = v->picked[i];
            v->picked[i] = v->picked[other];
            v->picked[other] = swapped;
        }
        sum += vote_once(v);
    }
    return sum / SUBSETS_DRAWN;
}

int subsets_vote(const struct classes *classes, const double *weights, int64_t subset, uint64_t key,
                 double *out, bool *exact)
{
    struct voting v = {.classes = classes, .weights = weights, .subset = subset};
    v.totals = calloc((size_t)classes->count + 1, sizeof *v.totals);
    v.picked = malloc(((size_t)classes->n + 1) * sizeof *v.picked);
    bool fits = v.totals && v.picked;
    *out = 0;
    for (int64_t i = 0; i < classes->n && fits; i++)
        v.picked[i] = i;
    if (fits && classes_right_count(classes)) {
        bool all = subset_count(classes->n, subset) <= SUBSETS_ALL_MAX;
        *out = all ? vote_in_all(&v) : vote_in_drawn(&v, key);
        *exact = *exact && all;
    }
    free(v.totals);
    free(v.picked);
    return fits ? PONDER_OK : PONDER_E_MEMORY;
}

/* ---- the first N ---- */

int64_t subsets_first_best(const struct classes *classes, const double *scores, int64_t from, int64_t count)
{
    int64_t best = -1;
    for (int64_t i = from; i < from + count; i++)
        if (classes->of[i] >= 0 && (best < 0 || scores[i] > scores[best]))
            best = i;
    return best;
}

int64_t subsets_first_vote(const struct classes *classes, const double *weights, int64_t subset,
                           double *totals)
{
    struct ballots ballots = {.of = classes->of, .weights = weights, .n = subset};
    int64_t elected = vote(&ballots, totals, classes->count);
    return elected < 0 ? -1 : classes->first[elected];
}
