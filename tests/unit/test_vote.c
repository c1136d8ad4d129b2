/* test_vote.c - the one voter: who votes, what a vote weighs, and who wins a tie. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "select/vote.h"

enum { MOST = 8 };

static int64_t elect(const int64_t *of, const double *weights, int64_t n)
{
    double totals[MOST];
    return vote(&(struct ballots){.of = of, .weights = weights, .n = n}, totals, 4);
}

static void the_answer_of_most_solutions_is_elected(void **state)
{
    (void)state;
    assert_int_equal(elect((int64_t[]){0, 1, -1, 1, -1, -1}, NULL, 6), 1);
    assert_int_equal(elect((int64_t[]){-1, -1}, NULL, 2), -1);
    assert_int_equal(elect(NULL, NULL, 0), -1);
}

static void of_equals_the_one_seen_first_is_elected(void **state)
{
    (void)state;
    assert_int_equal(elect((int64_t[]){2, 1, 1, 2}, NULL, 4), 2); /* whatever the clusters are numbered */
    assert_int_equal(elect((int64_t[]){0, 1}, (double[]){0.25, 0.25}, 2), 0);
    /* 0.1 three times is not 0.3 to the last bit: the order of a sum decides nothing. */
    assert_int_equal(elect((int64_t[]){1, 0, 0, 0}, (double[]){0.3, 0.1, 0.1, 0.1}, 4), 1);
    assert_int_equal(elect((int64_t[]){0, 0, 0, 1}, (double[]){0.1, 0.1, 0.1, 0.3}, 4), 0);
}

static void what_was_given_no_score_weighs_nothing_beside_what_was(void **state)
{
    (void)state;
    assert_int_equal(elect((int64_t[]){0, 0, 0, 1}, (double[]){NAN, NAN, NAN, 0.1}, 4), 1);
    assert_int_equal(elect((int64_t[]){0, 1, 1}, (double[]){NAN, NAN, NAN}, 3),
                     1); /* where none has one, all count */
    /* A score of something that does not vote is none. */
    assert_int_equal(elect((int64_t[]){-1, 0, 1, 1}, (double[]){0.9, NAN, NAN, NAN}, 4), 1);
}

static void a_solution_sampled_often_votes_as_often(void **state)
{
    (void)state;
    double totals[MOST];
    struct ballots ballots = {.of = (int64_t[]){0, 1, 1}, .repeats = (int32_t[]){3, 1, 1}, .n = 3};
    assert_int_equal(vote(&ballots, totals, 2), 0);
    assert_true(totals[0] == 3 && totals[1] == 2);
}

static void a_part_of_the_solutions_votes_in_its_own_order(void **state)
{
    (void)state;
    double totals[MOST];
    struct ballots ballots = {.of = (int64_t[]){0, 1, 1, 0}, .picked = (int64_t[]){2, 0}, .n = 2};
    assert_int_equal(vote(&ballots, totals, 3), 1);
    assert_true(totals[2] == -1); /* nobody voted for it */
}

static void those_that_tie_share_a_vote(void **state)
{
    (void)state;
    const bool right[] = {true, false, false};
    assert_true(vote_tied_share((double[]){2, 2, 1}, 3, right) == 0.5);
    assert_true(vote_tied_share((double[]){2, 3, -1}, 3, right) == 0);
    assert_true(vote_tied_share((double[]){-1, -1, -1}, 3, right) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_of_most_solutions_is_elected),
        cmocka_unit_test(of_equals_the_one_seen_first_is_elected),
        cmocka_unit_test(what_was_given_no_score_weighs_nothing_beside_what_was),
        cmocka_unit_test(a_solution_sampled_often_votes_as_often),
        cmocka_unit_test(a_part_of_the_solutions_votes_in_its_own_order),
        cmocka_unit_test(those_that_tie_share_a_vote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
