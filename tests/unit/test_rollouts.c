/* Labels by rollouts, on scripted replies: which beginnings solutions share, and what a label is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/scripted.h"
#include "search/prefixes.h"
#include "driver/rollout_run.h"
#include "sampling_fixture.h"

static struct ponder_err err;

/* ---- prefixes ---- */

static void steps_are_counted_as_a_verifier_reads_them(void **state)
{
    (void)state;
    assert_int_equal(prefixes_steps("", 0), 0);
    assert_int_equal(prefixes_steps("a", 1), 1);
    assert_int_equal(prefixes_steps("a\nb", 3), 2);
    assert_int_equal(prefixes_steps("a\nb\n", 4), 2);
    assert_int_equal(prefixes_steps("\n\n", 2), 2);
}

static void solutions_share_the_lines_they_begin_with(void **state)
{
    (void)state;
    struct prefixes prefixes = PREFIXES_INIT;
    int64_t path[4][4];
    assert_int_equal(prefixes_add(&prefixes, "a\nb\nc", 5, path[0]), 0);
    assert_int_equal(prefixes_add(&prefixes, "a\nb\nd", 5, path[1]), 0);
    assert_int_equal(prefixes_add(&prefixes, "a\nx\nc", 5, path[2]), 0);
    assert_int_equal(prefixes_add(&prefixes, "b\nb\nc", 5, path[3]), 0);
    assert_int_equal(prefixes.count, 5);
    assert_int_equal(path[0][0], path[2][0]);
    assert_int_equal(path[0][1], path[1][1]);
    assert_int_not_equal(path[0][1], path[2][1]);
    assert_int_not_equal(path[0][1], path[3][1]); /* the same line behind another one */
    assert_int_equal(prefixes.nodes[path[0][1]].parent, path[0][0]);
    assert_int_equal(prefixes.nodes[path[0][1]].len, 4);
    assert_memory_equal(prefixes.nodes[path[2][1]].text, "a\nx\n", 4);
    prefixes_release(&prefixes);
}

static void one_line_and_no_line_have_no_prefix(void **state)
{
    (void)state;
    struct prefixes prefixes = PREFIXES_INIT;
    int64_t path[1] = {-7};
    assert_int_equal(prefixes_add(&prefixes, "", 0, path), 0);
    assert_int_equal(prefixes_add(&prefixes, "a", 1, path), 0);
    assert_int_equal(prefixes_add(&prefixes, "a\n", 2, path), 0);
    assert_int_equal(prefixes.count, 0);
    assert_int_equal(path[0], -7);
    prefixes_release(&prefixes);
}

/* ---- rollouts ---- */

struct seen {
    int64_t questions, stop_after;
    int64_t score_count[3];
    double scores[3][4];
    struct rollouts_counts counts;
    struct ponder_ledger cost;
};

static int see(void *data, int64_t question, const struct best_of_n_sample *samples,
               const struct rollouts_counts *counts, const struct ponder_ledger *cost, struct ponder_err *e)
{
    struct seen *seen = data;
    (void)question, (void)e;
    seen->questions++;
    seen->counts = *counts;
    seen->cost = *cost;
    for (int i = 0; i < 3; i++) {
        seen->score_count[i] = samples[i].score_count;
        for (int64_t k = 0; k < samples[i].score_count; k++)
            seen->scores[i][k] = samples[i].scores[k];
    }
    return PONDER_OK;
}

static bool stop(const struct ponder_progress *progress, void *data)
{
    struct seen *seen = data;
    (void)progress;
    return seen->stop_after-- > 0;
}

/* Three solutions, the last without an answer; of four rollouts behind "a" one ends right. */
static const struct scripted_reply replies[] = {
    {.behind = ":", .times = 1, .text = "a\nb\nso \\boxed{1}"},
    {.behind = ":", .times = 1, .text = "a\nso \\boxed{2}"},
    {.behind = ":", .times = 1, .text = "a\nno idea"},
    {.behind = ":a\n", .times = 1, .text = "so \\boxed{1.0}"},
    {.behind = ":a\n", .times = 1, .text = "no idea"},
    {.behind = ":a\n", .text = "so \\boxed{3}"},
    {.behind = "b\n", .times = 3, .text = "so \\boxed{1}"},
    {.behind = "b\n", .text = "so \\boxed{1} or \\boxed{4}"},
};
static const struct scripted_reply failing[] = {
    {.behind = ":", .text = "a\nso \\boxed{1}"},
    {.text = NULL, .error = "connection lost"},
};

static int roll(struct seen *seen, const struct scripted_reply *script, int count, int64_t questions,
                struct rollouts_result *result)
{
    struct engine *engine;
    struct scripted_options options = {.replies = script, .reply_count = count, .flops_per_token = 1};
    struct ponder_sampling sampling;
    struct rollouts_question asked[4];
    for (int i = 0; i < 4; i++)
        asked[i] = (struct rollouts_question){{.text = "q:", .len = 2, .key = 7, .name = "question"}, "1"};
    assert_int_equal(scripted_open(&engine, &options, NULL), PONDER_OK);
    sampling = plain_sampling();
    sampling.n = 3;
    sampling.max_tokens = 100;
    struct rollouts_settings settings = {&sampling, 4, ANSWER_BOX_ONLY};
    struct rollouts_listener listener = {NULL, see, seen};
    struct ponder_watch watch = {stop, seen, NULL};
    int status = rollouts_run(engine, asked, questions, &settings, &clock_system,
                              seen->stop_after > 0 ? &watch : NULL, &listener, result, &err);
    assert_int_equal(scripted_node_count(engine), 0);
    engine_release(engine);
    return status;
}

static void a_label_is_the_share_of_rollouts_that_end_right(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct rollouts_result result;
    assert_int_equal(roll(&seen, replies, sizeof replies / sizeof *replies, 1, &result), 0);
    assert_int_equal(seen.questions, 1);
    assert_int_equal(seen.score_count[0], 3);
    assert_true(seen.scores[0][0] == 0.25); /* 1.0 is 1, and no answer is no right one */
    assert_true(seen.scores[0][1] == 0.75); /* the last box counts */
    assert_true(seen.scores[0][2] == 1);
}

static void the_end_of_a_solution_is_right_or_wrong_and_without_an_answer_there_are_no_labels(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct rollouts_result result;
    assert_int_equal(roll(&seen, replies, sizeof replies / sizeof *replies, 1, &result), 0);
    assert_int_equal(seen.score_count[1], 2);
    assert_true(seen.scores[1][1] == 0);
    assert_int_equal(seen.score_count[2], 0);
    assert_int_equal(seen.counts.solutions, 3);
    assert_int_equal(seen.counts.labelled, 2);
}

static void equal_beginnings_are_rolled_out_once(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct rollouts_result result;
    assert_int_equal(roll(&seen, replies, sizeof replies / sizeof *replies, 1, &result), 0);
    assert_true(seen.scores[0][0] == seen.scores[1][0]);
    assert_int_equal(seen.counts.prefixes, 2);
    assert_int_equal(seen.counts.rollouts, 8);
    assert_int_equal(seen.cost.generations, 11);
    assert_int_equal(result.counts.rollouts, 8);
}

static void a_rollout_that_fails_ends_the_run_and_leaves_no_node(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct rollouts_result result;
    assert_int_equal(roll(&seen, failing, 2, 2, &result), PONDER_E_ENGINE);
    assert_non_null(strstr(err.message, "connection lost"));
    assert_non_null(strstr(err.message, "question"));
    assert_int_equal(seen.questions, 0);
}

static void a_run_that_is_stopped_tells_of_no_half_question_and_leaves_no_node(void **state)
{
    (void)state;
    struct seen seen = {.stop_after = 1};
    struct rollouts_result result;
    assert_int_equal(roll(&seen, replies, sizeof replies / sizeof *replies, 1, &result), 0);
    assert_int_equal(result.stopped, PONDER_STOPPED_BY_CALLER);
    assert_int_equal(seen.questions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_counted_as_a_verifier_reads_them),
        cmocka_unit_test(solutions_share_the_lines_they_begin_with),
        cmocka_unit_test(one_line_and_no_line_have_no_prefix),
        cmocka_unit_test(a_label_is_the_share_of_rollouts_that_end_right),
        cmocka_unit_test(the_end_of_a_solution_is_right_or_wrong_and_without_an_answer_there_are_no_labels),
        cmocka_unit_test(equal_beginnings_are_rolled_out_once),
        cmocka_unit_test(a_rollout_that_fails_ends_the_run_and_leaves_no_node),
        cmocka_unit_test(a_run_that_is_stopped_tells_of_no_half_question_and_leaves_no_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
