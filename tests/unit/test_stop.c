/* test_stop.c - the stop rule: how often it elects what unlimited sampling would not, and what it takes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/rng.h"
#include "select/stop.h"

enum { QUESTIONS = 10000, ANSWERS_MAX = 40, SOLUTIONS_MAX = 256 };

/* How often each answer is given, and the largest first; whether its verifier's weight is told. */
struct world {
    double p[ANSWERS_MAX];
    int count;
    bool weighted;
};

static int draw(const struct world *world, struct rng *rng)
{
    double u = rng_unit(rng);
    int a = 0;
    while (a + 1 < world->count && (u -= world->p[a]) >= 0)
        a++;
    return a;
}

/* Weights in [0, 1] of the same mean for all answers, so that the mode is that of the shares. */
static double weight(const struct world *world, struct rng *rng)
{
    return world->weighted ? rng_unit(rng) : 1;
}

/* The answer elected, or -1 where SOLUTIONS_MAX did not do; *taken: solutions. */
static int64_t elect(const struct world *world, double delta, struct rng *rng, int64_t *taken)
{
    struct stop_rule rule;
    int64_t number[ANSWERS_MAX], of[ANSWERS_MAX], seen = 0, elected = -1;
    for (int a = 0; a < ANSWERS_MAX; a++)
        number[a] = -1;
    stop_init(&rule, delta);
    for (*taken = 0; elected < 0 && *taken < SOLUTIONS_MAX; ++*taken) {
        int a = draw(world, rng);
        if (number[a] < 0) {
            of[seen] = a;
            number[a] = seen++;
        }
        assert_int_equal(stop_add(&rule, number[a], weight(world, rng)), PONDER_OK);
        elected = stop_elected(&rule);
    }
    stop_release(&rule);
    return elected < 0 ? -1 : of[elected];
}

static double wilson_high(double wrong, double n)
{
    double p = wrong / n, z = 1.96;
    return (p + z * z / (2 * n) + z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n);
}

static struct world sharp(struct rng *rng, int k)
{
    struct world world = {.count = k};
    double sum = 0;
    for (int a = 0; a < k; a++)
        sum += world.p[a] = pow(rng_unit(rng), 4) + 1e-9;
    for (int a = 0; a < k; a++)
        world.p[a] /= sum;
    return world;
}

/* Of several kinds of worlds a share of wrong elections, which is printed beside what it took. */
static void check(const char *name, struct world (*make)(struct rng *rng), bool weighted)
{
    struct rng rng;
    int64_t wrong = 0, solutions = 0, stopped = 0, taken;
    rng_init(&rng, 7);
    for (int q = 0; q < QUESTIONS; q++) {
        struct world world = make(&rng);
        world.weighted = weighted;
        int64_t elected = elect(&world, 0.05, &rng, &taken);
        int mode = 0;
        for (int a = 1; a < world.count; a++)
            mode = world.p[a] > world.p[mode] ? a : mode;
        stopped += elected >= 0;
        wrong += elected >= 0 && elected != mode;
        solutions += taken;
    }
    printf("# %s%s: %.4f wrong, %.3f stopped before %d, %.1f solutions\n", name, weighted ? ", weighted" : "",
           (double)wrong / QUESTIONS, (double)stopped / QUESTIONS, SOLUTIONS_MAX,
           (double)solutions / QUESTIONS);
    if (wilson_high((double)wrong, QUESTIONS) >= 0.06)
        fail_msg("%s: %lld of %d elections are wrong", name, (long long)wrong, QUESTIONS);
}

static struct world few(struct rng *rng)
{
    return sharp(rng, rng_range(rng, 2, 5));
}

static struct world many(struct rng *rng)
{
    return sharp(rng, ANSWERS_MAX);
}

/* The worst: two answers that are all but equal, and the larger one first or second. */
static struct world even(struct rng *rng)
{
    double gap = 0.002 * rng_unit(rng);
    return (struct world){.p = {0.5 + gap, 0.5 - gap}, .count = 2};
}

static struct world small_gap(struct rng *rng)
{
    double gap = 0.05 * rng_unit(rng);
    return (struct world){.p = {0.4 + gap, 0.4 - gap, 0.2}, .count = 3};
}

/* Many answers as good as equal, so that those that appear late are as often the mode as the early ones. */
static struct world late(struct rng *rng)
{
    struct world world = {.count = ANSWERS_MAX};
    int mode = rng_range(rng, 0, ANSWERS_MAX - 1);
    for (int a = 0; a < ANSWERS_MAX; a++)
        world.p[a] = (a == mode ? 1.2 : 1) / (ANSWERS_MAX + 0.2);
    return world;
}

/* A leader that appears first as a rule, and a mode that does not. */
static struct world two_and_many(struct rng *rng)
{
    struct world world = {.p = {0.3, 0.29}, .count = ANSWERS_MAX};
    (void)rng;
    for (int a = 2; a < ANSWERS_MAX; a++)
        world.p[a] = 0.41 / (ANSWERS_MAX - 2);
    return world;
}

static void of_10000_questions_of_any_kind_at_most_one_in_twenty_elects_another_answer(void **state)
{
    (void)state;
    for (int weighted = 0; weighted < 2; weighted++) {
        check("a few answers", few, weighted);
        check("many answers", many, weighted);
        check("two nearly equal", even, weighted);
        check("a small gap", small_gap, weighted);
        check("many nearly equal", late, weighted);
        check("two ahead of many", two_and_many, weighted);
    }
}

static int64_t unanimous(double delta, double weight)
{
    struct stop_rule rule;
    int64_t n = 0;
    stop_init(&rule, delta);
    do {
        assert_int_equal(stop_add(&rule, 0, weight), PONDER_OK);
        n++;
    } while (stop_elected(&rule) < 0 && n < 10000);
    stop_release(&rule);
    return n;
}

static void where_all_agree_a_handful_is_enough_and_lighter_votes_take_more(void **state)
{
    (void)state;
    assert_int_equal(unanimous(0.05, 1), 8);
    assert_true(unanimous(0.2, 1) < 8);
    assert_true(unanimous(0.001, 1) > 8);
    assert_true(unanimous(0.05, 0.5) > 8);
    assert_int_equal(unanimous(0.05, 0), 10000);
}

static void solutions_without_answer_or_weight_are_no_evidence(void **state)
{
    (void)state;
    struct stop_rule rule;
    stop_init(&rule, 0.05);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(stop_add(&rule, -1, 1), PONDER_OK);
    assert_int_equal(stop_elected(&rule), -1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(stop_add(&rule, 0, NAN), PONDER_OK);
    assert_int_equal(stop_elected(&rule), -1);
    for (int i = 0; i < 8; i++)
        assert_int_equal(stop_add(&rule, 0, 7), PONDER_OK); /* no more than 1 each */
    assert_int_equal(stop_elected(&rule), 0);
    stop_release(&rule);
}

static void a_rival_that_comes_late_is_met_from_its_first_vote_on(void **state)
{
    (void)state;
    struct stop_rule rule;
    int64_t ahead = 0;
    stop_init(&rule, 0.05);
    for (int i = 0; i < 5; i++)
        assert_int_equal(stop_add(&rule, 0, 1), PONDER_OK);
    for (; stop_elected(&rule) < 0; ahead++)
        assert_int_equal(stop_add(&rule, 1, 1), PONDER_OK);
    assert_int_equal(stop_elected(&rule), 1);
    assert_true(ahead > 5 + 8);
    stop_release(&rule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_10000_questions_of_any_kind_at_most_one_in_twenty_elects_another_answer),
        cmocka_unit_test(where_all_agree_a_handful_is_enough_and_lighter_votes_take_more),
        cmocka_unit_test(solutions_without_answer_or_weight_are_no_evidence),
        cmocka_unit_test(a_rival_that_comes_late_is_met_from_its_first_vote_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
