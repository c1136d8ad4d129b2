/* Figures over subsets, against two other ways to the same: every subset voted in by plain code, and "the
 * first seen wins" averaged over every order of the samples. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "stats/stats.h"
#include "stats/subsets.h"

enum { ROOM = 64 };

/* Classes by hand: labels as they are first seen, -1 for none. */
struct made {
    struct clusters clusters;
    int64_t of[ROOM], first[ROOM], size[ROOM];
    bool right[ROOM];
};

static struct clusters *make(struct made *made, const int *labels, int n, uint32_t right)
{
    int64_t known[ROOM];
    memset(made, 0, sizeof *made);
    made->clusters = (struct clusters){n, made->of, 0, made->first, made->size, made->right};
    for (int i = 0; i < n; i++) {
        int64_t c = 0;
        made->of[i] = -1;
        if (labels[i] < 0)
            continue;
        while (c < made->clusters.count && known[c] != labels[i])
            c++;
        if (c == made->clusters.count) {
            known[made->clusters.count++] = labels[i];
            made->first[c] = i;
            made->right[c] = right >> labels[i] & 1;
        }
        made->of[i] = c;
        made->size[c]++;
    }
    return &made->clusters;
}

static void near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-9))
        fail_msg("%.12f, expected %.12f", value, expected);
}

/* ---- every subset, in plain code ---- */

static double share(const struct clusters *c, const double *totals, double most)
{
    double tied = 0, right = 0;
    for (int64_t i = 0; i < c->count; i++)
        if (totals[i] >= 0 && fabs(totals[i] - most) < 1e-9) {
            tied++;
            right += c->right[i];
        }
    return tied > 0 ? right / tied : 0;
}

static double vote_in(const struct clusters *c, const double *weights, uint32_t mask)
{
    double totals[ROOM], most = -1;
    for (int i = 0; i < ROOM; i++)
        totals[i] = -1;
    for (int i = 0; i < c->n; i++)
        if (mask >> i & 1 && c->of[i] >= 0)
            totals[c->of[i]] = fmax(totals[c->of[i]], 0) + (weights ? weights[i] : 1);
    for (int i = 0; i < c->count; i++)
        most = fmax(most, totals[i]);
    return share(c, totals, most);
}

static double best_in(const struct clusters *c, const double *scores, uint32_t mask)
{
    double most = -INFINITY, tied = 0, right = 0;
    for (int i = 0; i < c->n; i++)
        if (mask >> i & 1 && c->of[i] >= 0)
            most = fmax(most, scores[i]);
    for (int i = 0; i < c->n; i++)
        if (mask >> i & 1 && c->of[i] >= 0 && !(scores[i] < most)) {
            tied++;
            right += c->right[c->of[i]];
        }
    return tied > 0 ? right / tied : 0;
}

static double mean_over_subsets(const struct clusters *c, const double *weights, int subset,
                                double (*in)(const struct clusters *, const double *, uint32_t))
{
    double sum = 0, count = 0;
    for (uint32_t mask = 0; mask < 1u << c->n; mask++)
        if (__builtin_popcount(mask) == subset) {
            sum += in(c, weights, mask);
            count++;
        }
    return sum / count;
}

static void agree_at(const struct clusters *c, const double *scores, int subset)
{
    double value;
    bool exact = true;
    assert_int_equal(subsets_majority(c, subset, 1, &value, &exact), PONDER_OK);
    near(value, mean_over_subsets(c, NULL, subset, vote_in));
    assert_int_equal(subsets_best(c, scores, subset, &value), PONDER_OK);
    near(value, mean_over_subsets(c, scores, subset, best_in));
    assert_int_equal(subsets_vote(c, scores, subset, 1, &value, &exact), PONDER_OK);
    near(value, mean_over_subsets(c, scores, subset, vote_in));
    assert_true(exact);
}

static void all_methods_agree_with_every_subset_enumerated(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 7);
    for (int round = 0; round < 150; round++) {
        int n = rng_range(&rng, 1, 11), kinds = rng_range(&rng, 1, 6), labels[ROOM];
        double scores[ROOM];
        for (int i = 0; i < n; i++) {
            labels[i] = rng_range(&rng, -1, kinds - 1);
            scores[i] = rng_range(&rng, 0, 4) / 4.0; /* with many ties */
        }
        struct made made;
        struct clusters *c = make(&made, labels, n, (uint32_t)rng_below(&rng, 1u << kinds));
        for (int subset = 1; subset <= n; subset++)
            agree_at(c, scores, subset);
    }
}

/* ---- every order ---- */

struct orders {
    const int *labels;
    const double *scores;
    int n, subset;
    uint32_t right;
    double majority, best, pass, count;
};

static void try_order(struct orders *o, const int *order)
{
    int labels[ROOM];
    double scores[ROOM], totals[ROOM];
    struct made made;
    for (int i = 0; i < o->n; i++) {
        labels[i] = o->labels[order[i]];
        scores[i] = o->scores[order[i]];
    }
    struct clusters *c = make(&made, labels, o->n, o->right);
    int64_t vote = subsets_first_vote(c, NULL, o->subset, totals);
    int64_t best = subsets_first_best(c, scores, 0, o->subset);
    bool any = false;
    for (int i = 0; i < o->subset; i++)
        any |= clusters_is_right(c, i);
    o->majority += vote >= 0 && clusters_is_right(c, vote);
    o->best += best >= 0 && clusters_is_right(c, best);
    o->pass += any;
    o->count++;
}

static void each_order(struct orders *o, int *order, int at)
{
    if (at == o->n)
        try_order(o, order);
    for (int i = at; i < o->n; i++) {
        int kept = order[at];
        order[at] = order[i];
        order[i] = kept;
        each_order(o, order, at + 1);
        order[i] = order[at];
        order[at] = kept;
    }
}

static void a_shared_tie_is_first_seen_wins_over_all_orders(void **state)
{
    (void)state;
    static const int labels[] = {0, 1, 1, 0, 2, -1, 3};
    static const double scores[] = {0.5, 0.9, 0.5, 0.9, 0.9, 1, 0.1};
    for (int subset = 1; subset <= 7; subset++) {
        struct orders o = {labels, scores, 7, subset, 1u << 0 | 1u << 2, 0, 0, 0, 0};
        int order[] = {0, 1, 2, 3, 4, 5, 6};
        struct made made;
        double value;
        bool exact = true;
        each_order(&o, order, 0);
        struct clusters *c = make(&made, labels, 7, o.right);
        assert_int_equal(subsets_majority(c, subset, 1, &value, &exact), PONDER_OK);
        near(value, o.majority / o.count);
        assert_int_equal(subsets_best(c, scores, subset, &value), PONDER_OK);
        near(value, o.best / o.count);
        near(stats_pass_at_k(7, clusters_right_count(c), subset), o.pass / o.count);
    }
}

/* ---- by hand ---- */

static void majority_of_two_is_pass_at_1(void **state)
{
    (void)state;
    struct made made;
    int labels[ROOM];
    double value;
    bool exact = true;
    for (int i = 0; i < 60; i++)
        labels[i] = i % 5;
    struct clusters *c = make(&made, labels, 60, 1);
    for (int subset = 1; subset <= 2; subset++) {
        assert_int_equal(subsets_majority(c, subset, 1, &value, &exact), PONDER_OK);
        near(value, 0.2);
    }
    assert_true(exact);
}

static void the_wrong_answer_more_samples_have_wins_in_the_end(void **state)
{
    (void)state;
    struct made made;
    double value;
    bool exact = true;
    struct clusters *c = make(&made, (const int[]){0, 0, 1, 1, 1, -1}, 6, 1);
    assert_int_equal(subsets_majority(c, 6, 1, &value, &exact), PONDER_OK);
    near(value, 0);
    /* Of 5, one is left out: a wrong one (3 of 6) makes a tie, the one without an answer or a right one
     * changes nothing. */
    assert_int_equal(subsets_majority(c, 5, 1, &value, &exact), PONDER_OK);
    near(value, 0.25);
}

static void samples_without_an_answer_are_not_chosen(void **state)
{
    (void)state;
    struct made made;
    double value, scores[] = {0.1, 0.9}, totals[ROOM];
    struct clusters *c = make(&made, (const int[]){0, -1}, 2, 1);
    assert_int_equal(subsets_best(c, scores, 2, &value), PONDER_OK);
    near(value, 1);
    assert_int_equal(subsets_best(c, scores, 1, &value), PONDER_OK);
    near(value, 0.5);
    assert_int_equal(subsets_first_best(c, scores, 0, 2), 0);
    c = make(&made, (const int[]){-1, 0}, 2, 1);
    assert_int_equal(subsets_first_best(c, scores, 0, 1), -1);
    assert_int_equal(subsets_first_vote(c, NULL, 1, totals), -1);
    assert_int_equal(subsets_first_vote(c, NULL, 2, totals), 1);
}

static void drawn_subsets_say_so_and_come_near_the_count(void **state)
{
    (void)state;
    struct made made;
    int labels[ROOM];
    double value, drawn, ones[ROOM];
    bool exact = true;
    for (int i = 0; i < 60; i++) {
        labels[i] = i % 3 ? i % 2 : 2 + i % 7;
        ones[i] = 1;
    }
    struct clusters *c = make(&made, labels, 60, 1);
    assert_int_equal(subsets_majority(c, 16, 1, &value, &exact), PONDER_OK);
    assert_true(exact);
    assert_int_equal(subsets_vote(c, ones, 16, 1, &drawn, &exact), PONDER_OK);
    assert_false(exact);
    assert_true(fabs(value - drawn) < 4 * 0.5 / sqrt(SUBSETS_DRAWN));
    double again;
    assert_int_equal(subsets_vote(c, ones, 16, 1, &again, &exact), PONDER_OK);
    assert_true(again == drawn);
}

static void equal_sums_tie_in_whatever_order_they_are_added(void **state)
{
    (void)state;
    struct made made;
    double value, weights[] = {0.1, 0.2, 0.3, 0.6, 0.6}, totals[ROOM]; /* 0.1 + 0.2 + 0.3 > 0.6 in doubles */
    bool exact = true;
    struct clusters *c = make(&made, (const int[]){0, 0, 0, 1, 2}, 5, 1u << 1);
    assert_int_equal(subsets_vote(c, weights, 5, 1, &value, &exact), PONDER_OK);
    near(value, 1.0 / 3);
    assert_int_equal(subsets_first_vote(c, weights, 5, totals), 0);
}

/* Binomials past the range of a double. */
static void large_counts_do_not_overflow(void **state)
{
    (void)state;
    enum { N = 1400 };
    static int64_t of[N], first[2], size[2];
    static bool right[2] = {true, false};
    struct clusters c = {N, of, 2, first, size, right};
    double value;
    bool exact = true;
    for (int i = 0; i < N; i++) {
        of[i] = i % 2;
        size[i % 2]++;
    }
    for (int subset = 1; subset < 400; subset = subset * 3 + 1) {
        assert_int_equal(subsets_majority(&c, subset, 1, &value, &exact), PONDER_OK);
        if (!(fabs(value - 0.5) <= 1e-7))
            fail_msg("%.12f at %d", value, subset);
    }
    assert_true(exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_methods_agree_with_every_subset_enumerated),
        cmocka_unit_test(a_shared_tie_is_first_seen_wins_over_all_orders),
        cmocka_unit_test(majority_of_two_is_pass_at_1),
        cmocka_unit_test(the_wrong_answer_more_samples_have_wins_in_the_end),
        cmocka_unit_test(samples_without_an_answer_are_not_chosen),
        cmocka_unit_test(drawn_subsets_say_so_and_come_near_the_count),
        cmocka_unit_test(equal_sums_tie_in_whatever_order_they_are_added),
        cmocka_unit_test(large_counts_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
