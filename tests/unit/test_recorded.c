/* Recorded samples of each format as they are read, and what is refused with which words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/jsonl.h"
#include "replay/recorded.h"

static struct recorded recorded;
static struct ponder_err err;

static int read_text(const char *text, size_t len)
{
    struct jsonl *file;
    assert_int_equal(jsonl_open_text(&file, "f", text, len, &err), PONDER_OK);
    int status = recorded_read_lines(&recorded, file, "f", &err);
    jsonl_release(file);
    return status;
}

static void reads(const char *text)
{
    if (read_text(text, strlen(text)))
        fail_msg("%s", err.message);
}

static void refuses(const char *text, const char *words)
{
    assert_int_not_equal(read_text(text, strlen(text)), PONDER_OK);
    if (!strstr(err.message, words))
        fail_msg("'%s' is not in: %s", words, err.message);
    recorded_release(&recorded);
}

static void our_own_samples_are_read_with_all_that_is_known(void **state)
{
    (void)state;
    reads("{\"unique_id\": \"a\", \"problem\": \"p\", \"answer\": \"1\", \"level\": \"Level 3\", "
          "\"subject\": \"s\","
          " \"run\": {\"seed\": 4}, \"samples\": ["
          "{\"answer\": \"1\", \"correct\": true, \"text\": \"t1\", \"tokens\": 7, \"logprob\": -0.5, "
          "\"scores\": [0.25, 1], \"score\": 3},"
          "{\"answer\": null, \"correct\": false, \"text\": \"\", \"logprob\": null}]}\n\n");
    assert_int_equal(recorded.count, 1);
    assert_string_equal(recorded.format, "samples");
    const struct recorded_question *q = &recorded.questions[0];
    assert_string_equal(q->id, "a");
    assert_string_equal(q->problem, "p");
    assert_string_equal(q->answer, "1");
    assert_string_equal(q->level, "3");
    assert_string_equal(q->subject, "s");
    assert_int_equal(q->n, 2);
    assert_int_equal(q->seed, 4);
    const struct recorded_sample *s = q->samples;
    assert_string_equal(s[0].text, "t1");
    assert_int_equal(s[0].len, 2);
    assert_int_equal(s[0].tokens, 7);
    assert_true(s[0].logprob == -0.5 && s[0].score == 3);
    assert_int_equal(s[0].steps, 2);
    assert_true(s[0].scores[0] == 0.25f && s[0].scores[1] == 1);
    assert_int_equal(s[0].verdict, RECORDED_RIGHT);
    assert_string_equal(s[0].answer, "1");
    assert_int_equal(s[1].verdict, RECORDED_WRONG);
    assert_int_equal(s[1].tokens, -1);
    assert_true(isnan(s[1].logprob) && isnan(s[1].score));
    assert_null(s[1].scores);
    assert_null(s[1].answer);
    recorded_release(&recorded);
}

static void step_scores_of_another_name_are_read(void **state)
{
    (void)state;
    reads("{\"problem\": \"p\", \"answer\": \"1\", \"level\": 2, \"samples\": "
          "[{\"text\": \"t\", \"step_scores\": [0.5], \"header_score\": 0.1}]}");
    const struct recorded_question *q = &recorded.questions[0];
    assert_string_equal(q->id, "p");
    assert_string_equal(q->level, "2");
    assert_string_equal(q->subject, "none");
    assert_int_equal(q->samples[0].steps, 1);
    assert_int_equal(q->samples[0].verdict, RECORDED_UNJUDGED);
    recorded_release(&recorded);
}

static void search_and_learn_is_read_with_what_it_picked(void **state)
{
    (void)state;
    reads("{\"unique_id\": \"a\", \"problem\": \"p\", \"answer\": \"1\", \"completions\": [\"x\", \"y\"], "
          "\"scores\": [[0.5], []], \"agg_scores\": [0.5, 0.25], \"pred\": \"x\", \"pred_maj@2\": "
          "\"\\\\boxed{1}\", "
          "\"pred_naive@1\": \"\\\\boxed{2}\", \"pred_weighted@2x\": \"no\", \"pred_weighted@0\": \"no\"}");
    assert_string_equal(recorded.format, "search-and-learn");
    const struct recorded_question *q = &recorded.questions[0];
    assert_string_equal(q->samples[1].text, "y");
    assert_non_null(q->samples[1].scores);
    assert_int_equal(q->samples[1].steps, 0);
    assert_true(q->samples[1].score == 0.25);
    assert_int_equal(q->pick_count, 2);
    for (int i = 0; i < 2; i++) {
        bool majority = strcmp(q->picks[i].method, "majority") == 0;
        assert_string_equal(q->picks[i].method, majority ? "majority" : "best_of_n");
        assert_int_equal(q->picks[i].n, majority ? 2 : 1);
        assert_string_equal(q->picks[i].answer, majority ? "\\boxed{1}" : "\\boxed{2}");
    }
    recorded_release(&recorded);
}

static void qwen_is_read_with_verdicts_and_scores(void **state)
{
    (void)state;
    reads("{\"idx\": 5, \"question\": \"p\", \"gt\": \"1\", \"answer\": \"1.0\", \"code\": [\"x\", \"y\"], "
          "\"pred\": [\"1\", \"\"], \"score\": [true, false], \"pred_score\": [[-2.5], 4]}");
    assert_string_equal(recorded.format, "qwen");
    const struct recorded_question *q = &recorded.questions[0];
    assert_string_equal(q->id, "5");
    assert_string_equal(q->answer, "1.0");
    assert_true(q->samples[0].score == -2.5 && q->samples[1].score == 4);
    assert_int_equal(q->samples[0].verdict, RECORDED_RIGHT);
    assert_int_equal(q->samples[1].verdict, RECORDED_WRONG);
    assert_string_equal(q->samples[0].answer, "1");
    recorded_release(&recorded);
}

#define HEAD "{\"problem\": \"p\", \"answer\": \"1\", "

static void bad_lines_are_refused_with_their_place(void **state)
{
    (void)state;
    refuses("", "f: holds no question");
    refuses("\n \n", "f: holds no question");
    refuses("\n{\"a\"", "f:2: not JSON");
    refuses("[1]", "f:1: no JSON object");
    refuses("{\"samples\": 3}", "\"completions\" or \"code\"");
    refuses("{\"answer\": \"1\", \"samples\": [{\"text\": \"\"}]}",
            "f:1: there is no text under \"problem\"");
    refuses("{\"problem\": \"1\", \"samples\": [{\"text\": \"\"}]}", "there is no text under \"answer\"");
    refuses(HEAD "\"samples\": []}", "f:1: 0 samples");
    refuses(HEAD "\"samples\": [{\"text\": \"\"}, {\"text\": null}]}", "f:1: sample 2: it has no text");
    refuses(HEAD "\"samples\": [4]}", "sample 1: it has no text");
    refuses(HEAD "\"samples\": [{\"text\": \"\", \"scores\": 1}]}", "step scores are no list");
    refuses(HEAD "\"samples\": [{\"text\": \"\", \"scores\": [0, 1.5]}]}",
            "sample 1: step score 2 is no number");
    refuses(HEAD "\"samples\": [{\"text\": \"\", \"scores\": [-0.1]}]}", "from 0 to 1");
    refuses(HEAD "\"samples\": [{\"text\": \"\", \"scores\": [null]}]}", "from 0 to 1");
    refuses(HEAD "\"samples\": [{\"text\": \"\", \"scores\": [NaN]}]}", "f:1: not JSON");
    refuses(HEAD "\"samples\": [{\"text\": \"\", \"score\": 1e999}]}", "f:1: not JSON");
    refuses(HEAD "\"samples\": [{\"text\": \"\", \"score\": \"1\"}]}", "its score is neither");
    refuses(HEAD "\"code\": [\"\"], \"pred_score\": [[1, 2]]}", "its score is neither");
    refuses(HEAD "\"code\": [\"\", \"\"], \"score\": [true]}", "\"score\" is no list of 2");
    refuses(HEAD "\"completions\": [\"\"], \"scores\": [[1], [1]]}", "\"scores\" is no list of 1");
    refuses(HEAD "\"completions\": [\"\"], \"agg_scores\": 3}", "\"agg_scores\" is no list of 1");
}

static void mixed_files_are_refused(void **state)
{
    (void)state;
    refuses(HEAD "\"samples\": [{\"text\": \"\"}]}\n" HEAD "\"code\": [\"\"]}",
            "f:2: this line is of the format qwen, those before it are of samples");
    refuses("{\"problem\": \"p\", \"answer\": \"1\", \"run\": {\"model\": \"a\"}, \"samples\": [{\"text\": "
            "\"\"}]}\n"
            "{\"problem\": \"q\", \"answer\": \"1\", \"run\": {\"model\": \"b\"}, \"samples\": [{\"text\": "
            "\"\"}]}",
            "f:2: its \"run\" is another");
}

#define SEED(seed, answer, text)                                                                             \
    "{\"unique_id\": \"a\", \"problem\": \"p\", \"answer\": \"" answer                                       \
    "\", \"run\": {\"index\": 0, \"seed\": " seed "}, \"samples\": [{\"text\": \"" text "\"}]}\n"

static void seeds_of_one_question_are_put_together(void **state)
{
    (void)state;
    reads(
        SEED("2", "1", "second") "{\"unique_id\": \"0\", \"problem\": \"p\", \"answer\": \"1\", \"run\": {}, "
                                 "\"samples\": [{\"text\": \"other\"}]}\n" SEED("1", "1", "first"));
    assert_int_equal(recorded.count, 2);
    assert_string_equal(recorded.questions[0].id, "a"); /* where it is seen first */
    assert_int_equal(recorded.questions[0].n, 2);
    assert_string_equal(recorded.questions[0].samples[0].text, "first");
    assert_string_equal(recorded.questions[0].samples[1].text, "second");
    assert_string_equal(recorded.questions[1].samples[0].text, "other");
    recorded_release(&recorded);
    refuses(SEED("1", "1", "x") SEED("2", "1", "x") SEED("1", "1", "x"),
            "f:3: the question a stands in line 1 already, with the same seed");
    refuses(SEED("1", "1", "x") SEED("2", "2", "x"),
            "f:2: the question a stands in line 1 already, with another");
    refuses(HEAD "\"code\": [\"\"]}\n" HEAD "\"code\": [\"\"]}", "with the same seed");
}

static void texts_may_hold_nul_and_anything(void **state)
{
    (void)state;
    reads(HEAD "\"samples\": [{\"text\": \"a\\u0000b\", \"tokens\": -3, \"logprob\": \"x\"}]}");
    assert_int_equal(recorded.questions[0].samples[0].len, 3);
    assert_int_equal(recorded.questions[0].samples[0].tokens, -1);
    recorded_release(&recorded);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    assert_int_equal(recorded_read(&recorded, "no/such/file", 0, &err), PONDER_E_IO);
    assert_non_null(strstr(err.message, "no/such/file"));
    recorded_release(&recorded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_samples_are_read_with_all_that_is_known),
        cmocka_unit_test(step_scores_of_another_name_are_read),
        cmocka_unit_test(search_and_learn_is_read_with_what_it_picked),
        cmocka_unit_test(qwen_is_read_with_verdicts_and_scores),
        cmocka_unit_test(bad_lines_are_refused_with_their_place),
        cmocka_unit_test(mixed_files_are_refused),
        cmocka_unit_test(seeds_of_one_question_are_put_together),
        cmocka_unit_test(texts_may_hold_nul_and_anything),
        cmocka_unit_test(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
