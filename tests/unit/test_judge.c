/* The figures of a verifier, and how it reads a solution, against values worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "verify/judge.h"
#include "verifier/calibration.h"

static struct ponder_err err;

static void near(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-6))
        fail_msg("%.6f, expected %.6f", value, expected);
}

static void auroc_counts_pairs_and_halves_ties(void **state)
{
    (void)state;
    const double values[] = {0.9, 0.4, 0.4, 0.1};
    near(judge_auroc(values, (const bool[]){true, true, false, false}, 4), 3.5 / 4);
    near(judge_auroc(values, (const bool[]){false, false, true, true}, 4), 0.5 / 4);
    near(judge_auroc(values, (const bool[]){true, false, false, false}, 4), 1);
    assert_true(isnan(judge_auroc(values, (const bool[]){true, true, true, true}, 4)));
    assert_true(isnan(judge_auroc(values, NULL, 0)));
}

static void the_largest_drop_starts_from_one(void **state)
{
    (void)state;
    assert_int_equal(judge_largest_drop((const float[]){0.9f, 0.3f, 0.1f}, 3), 1);
    assert_int_equal(judge_largest_drop((const float[]){0.2f, 0.1f, 0.05f}, 3), 0);
    assert_int_not_equal(judge_largest_drop((const float[]){0.9f, 0.8f, 0.1f}, 3), 1);
}

static void scores_are_counted_in_the_bin_they_fall_in_and_held_against_their_labels(void **state)
{
    (void)state;
    struct ponder_calibration c = {0};
    calibration_add(&c, 0, 0);
    calibration_add(&c, 0.75, 1);
    calibration_add(&c, 0.75, 0.5);
    calibration_add(&c, 1, 1);
    calibration_end(&c);
    assert_int_equal(c.count, 4);
    assert_int_equal(c.bins[0].count, 1);
    assert_int_equal(c.bins[7].count, 2);
    assert_int_equal(c.bins[9].count, 1);
    near(c.bins[7].score, 0.75);
    near(c.bins[7].label, 0.75);
    assert_true(isnan(c.bins[1].score));
    near(c.ece, 0);
    near(c.loss, (-log(0.75) - 0.5 * log(0.75) - 0.5 * log(0.25)) / 4);
}

static void a_sure_and_wrong_score_costs_much_and_not_everything(void **state)
{
    (void)state;
    struct ponder_calibration c = {0}, none = {0};
    calibration_add(&c, 1, 0);
    calibration_end(&c);
    near(c.ece, 1);
    assert_true(c.loss > 10 && isfinite(c.loss));
    calibration_end(&none);
    assert_true(isnan(none.loss) && isnan(none.ece));
}

static void aggregates_are_last_least_and_product(void **state)
{
    (void)state;
    const float scores[] = {0.5f, 0.25f, 0.8f};
    near(verifier_aggregate(VERIFIER_LAST, scores, 3), 0.8f);
    near(verifier_aggregate(VERIFIER_MIN, scores, 3), 0.25);
    near(verifier_aggregate(VERIFIER_PROD, scores, 3), 0.1f);
    near(verifier_aggregate(VERIFIER_PROD, scores, 0), 0);
}

/* Two questions, four samples each; the verifier knows, the majority does not. */
static const char scored[] = "{\"problem\": \"p\", \"samples\": ["
                             "{\"text\": \"\\\\boxed{1}\", \"answer_right\": true, \"reachable\": [true], "
                             "\"scores\": [0.9], \"logprob\": -1, "
                             "\"tokens\": 2},"
                             "{\"text\": \"\\\\boxed{2}\", \"answer_right\": false, \"reachable\": [false], "
                             "\"scores\": [0.2], \"logprob\": -2, "
                             "\"tokens\": 2},"
                             "{\"text\": \"\\\\boxed{2}\", \"answer_right\": false, \"reachable\": [false], "
                             "\"scores\": [0.3], \"logprob\": -3, "
                             "\"tokens\": 1},"
                             "{\"text\": \"nothing\", \"answer_right\": false, \"reachable\": [true], "
                             "\"scores\": [0.95], \"logprob\": -4, "
                             "\"tokens\": 1}]}\n";

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void a_report_weighs_answers_by_their_scores(void **state)
{
    (void)state;
    char path[] = "/tmp/ponder-judge-XXXXXX", text[4096];
    snprintf(text, sizeof text, "%s%s", scored, scored);
    write_file(path, text);
    struct ponder_score score = {0};
    if (judge_report(path, VERIFIER_LAST, &score, &err))
        fail_msg("%s", err.message);
    unlink(path);
    assert_int_equal(score.questions, 2);
    assert_int_equal(score.n, 4);
    assert_int_equal(score.k_count, 2);
    near(score.choice.maj[1].value, 0);      /* 2 has two votes */
    near(score.choice.best[1].value, 1);     /* what has no answer is not chosen */
    near(score.choice.weighted[1].value, 1); /* 0.9 against 0.5 */
    near(score.choice.pass[1].value, 1);
    near(score.choice.maj[0].value, 0.25);
    near(score.auroc[0].value, 2.0 / 3);
    near(score.auroc_logprob[0].value, 1);
    near(score.auroc_logprob[1].value, 1); /* -2 against -4, -3 and -4 */
    near(score.weighted_gain.value, 1);
    near(score.first_wrong_found.value, 1);
    assert_int_equal(score.wrong, 4);
    assert_int_equal(score.steps.count, 8);
    near(score.solutions.bins[9].label, 0); /* nothing, at 0.95 */
}

static void scores_that_are_the_same_for_every_line_say_nothing_of_lines(void **state)
{
    (void)state;
    static const char outcomes[] =
        "{\"problem\": \"p\", \"samples\": ["
        "{\"text\": \"a\\n1\", \"answer_right\": true, \"reachable\": [true, true], \"scores\": [0.9, 0.9]},"
        "{\"text\": \"b\\n2\", \"answer_right\": false, \"reachable\": [true, false], \"scores\": [0.2, "
        "0.2]}]}\n";
    char path[] = "/tmp/ponder-judge-XXXXXX";
    write_file(path, outcomes);
    struct ponder_score score = {0};
    assert_int_equal(judge_report(path, VERIFIER_LAST, &score, &err), 0);
    unlink(path);
    assert_int_equal(score.wrong, 0);
    assert_true(isnan(score.first_wrong_found.value));
    assert_int_equal(score.steps.count, 0);
    assert_int_equal(score.solutions.count, 2);
    near(score.auroc[0].value, 1);
    near(score.solutions.ece, 0.15);
}

static void records_that_lack_something_are_named(void **state)
{
    (void)state;
    char path[] = "/tmp/ponder-judge-XXXXXX";
    write_file(path, "{\"problem\": \"p\", \"samples\": [{\"text\": \"x\"}]}\n");
    struct ponder_score score = {0};
    assert_int_equal(judge_report(path, VERIFIER_LAST, &score, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, ":1: "));
    assert_non_null(strstr(err.message, "task check"));
    unlink(path);
    assert_int_equal(judge_report(path, VERIFIER_LAST, &score, &err), PONDER_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auroc_counts_pairs_and_halves_ties),
        cmocka_unit_test(the_largest_drop_starts_from_one),
        cmocka_unit_test(scores_are_counted_in_the_bin_they_fall_in_and_held_against_their_labels),
        cmocka_unit_test(a_sure_and_wrong_score_costs_much_and_not_everything),
        cmocka_unit_test(aggregates_are_last_least_and_product),
        cmocka_unit_test(a_report_weighs_answers_by_their_scores),
        cmocka_unit_test(scores_that_are_the_same_for_every_line_say_nothing_of_lines),
        cmocka_unit_test(records_that_lack_something_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
