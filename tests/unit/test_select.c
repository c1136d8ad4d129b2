/* Majority, its tie rule, and the longest agreement. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "select/select.h"
#include "select/vote.h"

static void the_most_frequent_answer_wins(void **state)
{
    (void)state;
    const int64_t of[] = {0, 1, -1, 1, 2, 1, 0};
    double logprobs[] = {-1, -3, 0, -2, -1, -2, -1};
    struct vote_row votes[7];
    int64_t vote_of[7];
    assert_int_equal(vote_rows(of, logprobs, 7, votes, vote_of), 3);
    assert_int_equal(votes[0].first, 1);
    assert_int_equal(votes[0].count, 3);
    assert_int_equal(votes[0].best, 3);
    assert_int_equal(votes[1].first, 0);
    assert_int_equal(votes[1].count, 2);
    assert_int_equal(votes[2].first, 4);
    const int64_t expected[] = {1, 0, -1, 0, 2, 0, 1};
    assert_memory_equal(vote_of, expected, sizeof expected);
}

static void of_equals_the_first_seen_wins(void **state)
{
    (void)state;
    const int64_t of[] = {0, 1, 2, 2, 1};
    struct vote_row votes[5];
    assert_int_equal(vote_rows(of, NULL, 5, votes, NULL), 3);
    assert_int_equal(votes[0].first, 1);
    assert_int_equal(votes[1].first, 2);
    assert_int_equal(votes[2].first, 0);
}

static void without_answers_there_are_no_votes(void **state)
{
    (void)state;
    const int64_t of[] = {-1, -1};
    struct vote_row votes[2];
    int64_t vote_of[2];
    assert_int_equal(vote_rows(of, NULL, 2, votes, vote_of), 0);
    assert_int_equal(vote_of[0], -1);
    assert_int_equal(vote_rows(of, NULL, 0, votes, vote_of), 0);
}

static void an_unknown_log_probability_is_never_the_best(void **state)
{
    (void)state;
    const int64_t of[] = {0, 0, 0};
    double logprobs[] = {NAN, -5, NAN};
    struct vote_row votes[3];
    assert_int_equal(vote_rows(of, logprobs, 3, votes, NULL), 1);
    assert_int_equal(votes[0].best, 1);
}

static void agree(const char *const *lines, int64_t n, const char *expected, int64_t count)
{
    struct select_text texts[8];
    for (int64_t i = 0; i < n; i++)
        texts[i] = (struct select_text){lines[i], (int64_t)strlen(lines[i])};
    int64_t owner, agreeing;
    int64_t len = select_agreement(texts, n, &owner, &agreeing);
    assert_int_equal(len, strlen(expected));
    assert_int_equal(agreeing, count);
    if (len)
        assert_memory_equal(lines[owner], expected, (size_t)len);
}

static void the_longest_opening_of_half_the_texts_is_the_agreement(void **state)
{
    (void)state;
    agree((const char *const[]){"one\ntwo\nthree", "one\ntwo\nfour", "other", "else"}, 4, "one\ntwo\n", 2);
    agree((const char *const[]){"same", "same", "x"}, 3, "same", 2);
    agree((const char *const[]){"a long text", "different", "nothing", "alike"}, 4, "a", 2);
    agree((const char *const[]){"alone"}, 1, "alone", 1);
    agree((const char *const[]){"", ""}, 2, "", 0);
    agree((const char *const[]){"p", "q"}, 2, "p", 1);
}

static void an_agreement_never_ends_inside_a_character(void **state)
{
    (void)state;
    agree((const char *const[]){"x\xc3\xa9y", "x\xc3\xa8y"}, 2, "x", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_frequent_answer_wins),
        cmocka_unit_test(of_equals_the_first_seen_wins),
        cmocka_unit_test(without_answers_there_are_no_votes),
        cmocka_unit_test(an_unknown_log_probability_is_never_the_best),
        cmocka_unit_test(the_longest_opening_of_half_the_texts_is_the_agreement),
        cmocka_unit_test(an_agreement_never_ends_inside_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
