/* Answers put together: by text, by value, and where equality is not transitive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "select/clusters.h"
#include "select/sample_answer.h"

static void fill(struct clusters *clusters, const char *const *answers, int64_t n, const char *gold)
{
    assert_int_equal(clusters_fill(clusters, answers, n, gold), PONDER_OK);
    assert_int_equal(clusters->n, n);
}

static void the_same_answer_in_other_words_is_one_class(void **state)
{
    (void)state;
    const char *answers[] = {"\\frac{1}{2}", "3", "0.5", NULL, "\\dfrac12", " 3 ", "x = 3", "4"};
    const int64_t expected[] = {0, 1, 0, -1, 0, 1, 1, 2};
    struct clusters clusters;
    fill(&clusters, answers, 8, "1/2");
    assert_int_equal(clusters.count, 3);
    for (int i = 0; i < 8; i++)
        assert_int_equal(clusters.of[i], expected[i]);
    assert_int_equal(clusters.first[2], 7);
    assert_int_equal(clusters.size[0], 3);
    assert_int_equal(clusters.size[1], 3);
    assert_true(clusters.right[0] && !clusters.right[1] && !clusters.right[2]);
    assert_int_equal(clusters_right_count(&clusters), 3);
    assert_int_equal(clusters_answered_count(&clusters), 7);
    assert_true(clusters_is_right(&clusters, 4));
    assert_false(clusters_is_right(&clusters, 3));
    clusters_release(&clusters);
}

static void a_class_is_what_equals_its_first_answer(void **state)
{
    (void)state;
    struct clusters clusters;
    /* Both round 1/3, and they are not each other. */
    fill(&clusters, (const char *[]){"1/3", "0.333", "0.3333"}, 3, "1/3");
    assert_int_equal(clusters.count, 1);
    clusters_release(&clusters);
    fill(&clusters, (const char *[]){"0.333", "0.3333", "1/3"}, 3, "1/3");
    assert_int_equal(clusters.count, 2);
    assert_int_equal(clusters.of[2], 0);
    assert_true(clusters.right[0] && clusters.right[1]); /* several may be right */
    clusters_release(&clusters);
}

static void what_is_empty_is_no_answer(void **state)
{
    (void)state;
    struct clusters clusters;
    fill(&clusters, (const char *[]){"", "$ $", "."}, 3, "1");
    assert_int_equal(clusters.count, 0);
    assert_int_equal(clusters_answered_count(&clusters), 0);
    clusters_release(&clusters);
    fill(&clusters, NULL, 0, "1");
    clusters_release(&clusters);
}

static void past_the_comparisons_equal_texts_still_meet(void **state)
{
    (void)state;
    enum { N = 2000 };
    char(*texts)[16] = calloc(N, sizeof *texts);
    const char *answers[N];
    for (int i = 0; i < N; i++) {
        snprintf(texts[i], sizeof texts[i], "w%dx", i / 2);
        answers[i] = texts[i];
    }
    struct clusters clusters;
    fill(&clusters, answers, N, "none");
    assert_int_equal(clusters.count, N / 2);
    assert_int_equal(clusters.size[N / 2 - 1], 2);
    clusters_release(&clusters);
    free(texts);
}

static void a_nul_byte_does_not_end_an_answer(void **state)
{
    (void)state;
    static const char in_box[] = "So \\boxed{4\0 2}.", before[] = "a\0b \\boxed{4}";
    char *answer;
    assert_int_equal(sample_answer(in_box, sizeof in_box - 1, ANSWER_BOX_ONLY, &answer), PONDER_OK);
    assert_string_equal(answer, "4\xef\xbf\xbd 2");
    free(answer);
    assert_int_equal(sample_answer(in_box, sizeof in_box - 1, ANSWER_ANY_SIGN, &answer), PONDER_OK);
    assert_true(!answer || strcmp(answer, "4") != 0);
    free(answer);
    assert_int_equal(sample_answer(before, sizeof before - 1, ANSWER_BOX_ONLY, &answer), PONDER_OK);
    assert_string_equal(answer, "4");
    free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_answer_in_other_words_is_one_class),
        cmocka_unit_test(a_class_is_what_equals_its_first_answer),
        cmocka_unit_test(what_is_empty_is_no_answer),
        cmocka_unit_test(past_the_comparisons_equal_texts_still_meet),
        cmocka_unit_test(a_nul_byte_does_not_end_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
