/* Figures and their intervals, against values computed by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/stats.h"

static void near(double value, double expected, double allowed)
{
    if (!(fabs(value - expected) <= allowed))
        fail_msg("%.6f, expected %.6f within %.6f", value, expected, allowed);
}

static void pass_at_k_is_the_unbiased_estimator(void **state)
{
    (void)state;
    near(stats_pass_at_k(4, 1, 1), 0.25, 1e-12);
    near(stats_pass_at_k(4, 1, 2), 0.5, 1e-12);             /* 1 - C(3,2)/C(4,2) = 1 - 3/6 */
    near(stats_pass_at_k(10, 3, 4), 1 - 35.0 / 210, 1e-12); /* 1 - C(7,4)/C(10,4) */
    near(stats_pass_at_k(4, 0, 4), 0, 1e-12);
    near(stats_pass_at_k(4, 1, 4), 1, 1e-12);
    near(stats_pass_at_k(4096, 1, 64), 64.0 / 4096, 1e-9); /* no overflow */
}

static void maj_at_k_averages_disjoint_blocks(void **state)
{
    (void)state;
    const char *answers[] = {"7", "7", "3", "7.0", NULL, "3", NULL, NULL};
    struct clusters clusters;
    assert_int_equal(clusters_fill(&clusters, answers, 8, "7"), PONDER_OK);
    near(stats_maj_at_k(&clusters, 1), 3.0 / 8, 1e-12); /* k = 1 is pass@1 */
    near(stats_maj_at_k(&clusters, 2), 1.0 / 4, 1e-12); /* 7 7 right, 3 7 tie to 3, - 3 wrong, - - wrong */
    near(stats_maj_at_k(&clusters, 4), 1.0 / 2, 1e-12); /* 7 wins the first block, 3 the second */
    near(stats_maj_at_k(&clusters, 8), 1, 1e-12);
    near(stats_maj_at_k(&clusters, 3), 1, 1e-12); /* 7 7 3 and 7 - 3; the last two are left over */
    clusters_release(&clusters);
}

static void a_bootstrap_interval_has_the_width_of_the_standard_error(void **state)
{
    (void)state;
    enum { N = 400 };
    double values[N];
    for (int i = 0; i < N; i++)
        values[i] = i % 4 == 0;
    struct ponder_interval interval;
    assert_int_equal(stats_bootstrap(values, N, 1, &interval), PONDER_OK);
    double error = sqrt(0.25 * 0.75 / N); /* 0.02165 */
    near(interval.value, 0.25, 1e-12);
    near(interval.low, 0.25 - 1.96 * error, 0.004);
    near(interval.high, 0.25 + 1.96 * error, 0.004);
}

static void a_constant_has_no_width_and_nothing_has_no_value(void **state)
{
    (void)state;
    double same[] = {0.5, 0.5, 0.5};
    struct ponder_interval interval;
    assert_int_equal(stats_bootstrap(same, 3, 1, &interval), PONDER_OK);
    near(interval.low, 0.5, 1e-12);
    near(interval.high, 0.5, 1e-12);
    assert_int_equal(stats_bootstrap(NULL, 0, 1, &interval), PONDER_OK);
    assert_true(isnan(interval.value));
}

static void the_same_seed_gives_the_same_interval(void **state)
{
    (void)state;
    double values[] = {0, 0.25, 1, 0.5, 0.125, 1, 0};
    struct ponder_interval a, b;
    assert_int_equal(stats_bootstrap(values, 7, 3, &a), PONDER_OK);
    assert_int_equal(stats_bootstrap(values, 7, 3, &b), PONDER_OK);
    assert_true(a.low == b.low && a.high == b.high);
}

/* Two methods that differ by 0.1 on every question: the paired interval has no width, whatever the questions.
 */
static void a_paired_interval_leaves_the_questions_out(void **state)
{
    (void)state;
    double differences[20];
    for (int i = 0; i < 20; i++)
        differences[i] = (0.1 + i / 32.0) - i / 32.0;
    struct ponder_interval interval;
    assert_int_equal(stats_bootstrap(differences, 20, 1, &interval), PONDER_OK);
    near(interval.low, 0.1, 1e-9);
    near(interval.high, 0.1, 1e-9);
}

/* As it was before several columns shared their resamples: to the last digit. */
static void columns_have_the_figures_of_each_alone(void **state)
{
    (void)state;
    enum { N = 37, COUNT = 5 };
    double values[COUNT][N];
    struct ponder_interval together[COUNT], alone;
    struct stats_column columns[COUNT];
    for (int c = 0; c < COUNT; c++) {
        for (int i = 0; i < N; i++)
            values[c][i] = c == 0 ? i % 3 == 0 : c == 1 ? 0.3 : i * 7919 * (c + 1) % 101 / 101.0;
        columns[c] = (struct stats_column){values[c], &together[c]};
    }
    assert_int_equal(stats_bootstrap_columns(columns, COUNT, N, 1), PONDER_OK);
    for (int c = 0; c < COUNT; c++) {
        assert_int_equal(stats_bootstrap(values[c], N, 1, &alone), PONDER_OK);
        assert_true(alone.value == together[c].value && alone.low == together[c].low &&
                    alone.high == together[c].high);
    }
    /* Written down when each metric drew its own; a fused product may round the last bit otherwise. */
    near(together[0].value, 0x1.67c8a60dd67c9p-2, 1e-15);
    near(together[0].low, 0x1.b96d51a4ab976p-3, 1e-15);
    near(together[0].high, 0x1.06eb3e45306ebp-1, 1e-15);
    near(together[4].low, 0x1.708d647edea35p-2, 1e-15);
    near(together[4].high, 0x1.1be1958b67ebcp-1, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pass_at_k_is_the_unbiased_estimator),
        cmocka_unit_test(maj_at_k_averages_disjoint_blocks),
        cmocka_unit_test(a_bootstrap_interval_has_the_width_of_the_standard_error),
        cmocka_unit_test(a_constant_has_no_width_and_nothing_has_no_value),
        cmocka_unit_test(the_same_seed_gives_the_same_interval),
        cmocka_unit_test(a_paired_interval_leaves_the_questions_out),
        cmocka_unit_test(columns_have_the_figures_of_each_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
