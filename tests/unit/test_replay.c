/* Whole replays of small files worked out by hand, and the published figures where the shared data is. */
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

#include "ponder/replay.h"
#include "failing_alloc.h"

static struct ponder_err err;
static char path[64];

static void near(double value, double expected, double allowed)
{
    if (!(fabs(value - expected) <= allowed))
        fail_msg("%.6f, expected %.6f within %.6f", value, expected, allowed);
}

static void write_file(const char *text)
{
    strcpy(path, "/tmp/ponder-replay-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static struct ponder_replay_settings settings_of(const char *file)
{
    struct ponder_replay_settings settings;
    assert_int_equal(ponder_options_default(ponder_replay_options(), &settings, &err), PONDER_OK);
    settings.samples = file;
    return settings;
}

static struct ponder_replay *replay(const struct ponder_replay_settings *settings)
{
    struct ponder_replay *out;
    if (ponder_replay_run(settings, &out, &err))
        fail_msg("%s", err.message);
    return out;
}

static const struct ponder_replay_figure *figure(const struct ponder_replay *r, const char *method,
                                                 const char *score, int64_t n)
{
    for (int m = 0; m < r->method_count; m++)
        for (int at = 0; at < r->n_count; at++)
            if (r->ns[at] == n && strcmp(r->methods[m].name, method) == 0 &&
                (!score || strcmp(r->methods[m].score, score) == 0))
                return &r->methods[m].at[at];
    fail_msg("no %s at %lld", method, (long long)n);
    return NULL;
}

static double value(const struct ponder_replay *r, const char *method, const char *score, int64_t n)
{
    return figure(r, method, score, n)->accuracy.value;
}

static const struct ponder_replay_rule *rule(const struct ponder_replay *r, const char *vote,
                                             const char *name)
{
    for (int i = 0; i < r->rule_count; i++)
        if (strcmp(r->rules[i].vote, vote) == 0 && strcmp(r->rules[i].rule, name) == 0)
            return &r->rules[i];
    fail_msg("no rule %s of %s", name, vote);
    return NULL;
}

/* Of one question all 32 samples agree; of the other 16 say 1 and 16 say 2. */
static void where_a_vote_may_stop_is_told_beside_what_it_costs(void **state)
{
    (void)state;
    static char text[8192];
    int len = 0;
    for (int q = 0; q < 2; q++) {
        len += sprintf(text + len, "{\"problem\": \"p%d\", \"answer\": \"1\", \"samples\": [", q);
        for (int i = 0; i < 32; i++)
            len += sprintf(text + len, "%s{\"text\": \"\\\\boxed{%d}\", \"scores\": [1]}", i ? ", " : "",
                           q == 1 && i % 2 ? 2 : 1);
        len += sprintf(text + len, "]}\n");
    }
    write_file(text);
    struct ponder_replay_settings settings = settings_of(path);
    settings.stop = 0.05;
    settings.aggregate = "last";
    struct ponder_replay *r = replay(&settings);
    assert_int_equal(r->rule_count, 7);
    near(rule(r, "majority", "all")->taken.value, 32, 1e-9);
    near(rule(r, "majority", "stop")->taken.value, (8 + 32) / 2.0, 1e-9); /* never where they are even */
    near(rule(r, "weighted", "stop")->taken.value, 20, 1e-9);             /* scores of 1 are whole votes */
    near(rule(r, "majority", "fixed")->taken.value, 20, 1e-9);
    assert_true(rule(r, "majority", "beta")->taken.value < 20); /* four that agree are enough for it */
    near(rule(r, "majority", "stop")->other.value, 0, 1e-9);
    near(rule(r, "majority", "stop")->over_all.value, 0, 1e-9);
    ponder_replay_release(r);
    settings.stop = 0;
    r = replay(&settings);
    assert_int_equal(r->rule_count, 0);
    ponder_replay_release(r);
    unlink(path);
}

/* The right answer is 1: one sample of three, and the best by its last step alone. */
static const char steps[] = "{\"problem\": \"p\", \"answer\": \"1\", \"samples\": ["
                            "{\"text\": \"\\\\boxed{2}\", \"scores\": [0.5, 0.5], \"logprob\": -0.1},"
                            "{\"text\": \"\\\\boxed{1}\", \"scores\": [0.1, 0.95], \"logprob\": -3},"
                            "{\"text\": \"so 2\", \"scores\": [0.4, 0.4], \"logprob\": -0.2}]}\n";

static void aggregates_change_what_is_chosen(void **state)
{
    (void)state;
    write_file(steps);
    struct ponder_replay_settings settings = settings_of(path);
    struct ponder_replay *r = replay(&settings);
    assert_int_equal(r->n_count, 3); /* 1, 2 and all */
    assert_int_equal(r->method_count, 10);
    near(value(r, "pass", NULL, 2), 2.0 / 3, 1e-9);
    near(value(r, "majority", NULL, 2), 1.0 / 3, 1e-9);
    near(value(r, "majority", NULL, 3), 0, 1e-9);
    near(value(r, "best_of_n", "last", 3), 1, 1e-9);
    near(value(r, "best_of_n", "min", 3), 0, 1e-9);
    near(value(r, "best_of_n", "prod", 3), 0, 1e-9); /* 0.095 against 0.25 and 0.16 */
    near(value(r, "best_of_n", "mean", 3), 1, 1e-9);
    near(value(r, "weighted", "last", 3), 1, 1e-9); /* 0.95 against 0.9 */
    near(value(r, "weighted", "mean", 3), 0, 1e-9); /* 0.525 against 0.9 */
    near(figure(r, "weighted", "last", 3)->over_majority.value, 1, 1e-9);
    assert_true(isnan(figure(r, "majority", NULL, 3)->over_majority.value));
    ponder_replay_release(r);
    settings.score = "logprob";
    settings.n = "3";
    r = replay(&settings);
    near(value(r, "best_of_n", "logprob", 3), 0, 1e-9);
    ponder_replay_release(r);
    settings.score = "none";
    settings.extract = "number";
    r = replay(&settings);
    near(value(r, "majority", NULL, 3), 0, 1e-9);
    ponder_replay_release(r);
    settings.extract = "box"; /* "so 2" does not vote: a tie */
    r = replay(&settings);
    assert_int_equal(r->method_count, 2);
    near(value(r, "majority", NULL, 3), 0.5, 1e-9);
    near(r->without_answer, 1.0 / 3, 1e-9);
    ponder_replay_release(r);
    unlink(path);
}

static const char qwen[] =
    "{\"problem\": \"p\", \"answer\": \"7\", \"code\": [\"\\\\boxed{7}\", \"\\\\boxed{8}\"], "
    "\"pred\": [\"8\", \"7\"], \"score\": [false, true], \"pred_score\": [[-4], [2]]}\n";

static void recorded_verdicts_and_answers_are_taken_where_asked(void **state)
{
    (void)state;
    write_file(qwen);
    struct ponder_replay_settings settings = settings_of(path);
    settings.n = "2";
    struct ponder_replay *r = replay(&settings);
    assert_true(!r->graded && r->logistic);
    assert_int_equal(r->judged, 2);
    assert_int_equal(r->judged_same, 0);
    near(value(r, "best_of_n", "outcome", 2), 1, 1e-9);
    ponder_replay_release(r);
    settings.verdicts = "graded";
    r = replay(&settings);
    near(value(r, "best_of_n", "outcome", 2), 0, 1e-9);
    ponder_replay_release(r);
    settings.extract = "recorded";
    r = replay(&settings);
    near(value(r, "best_of_n", "outcome", 2), 1, 1e-9);
    assert_int_equal(r->judged_same, 2);
    ponder_replay_release(r);
    unlink(path);
}

/* A negative score weighs little, never less than nothing: three samples of -1 outvote one of 0.5. */
static void scores_below_zero_do_not_vote_against_their_answer(void **state)
{
    (void)state;
    write_file(
        "{\"problem\": \"p\", \"answer\": \"1\", \"samples\": ["
        "{\"text\": \"\\\\boxed{1}\", \"score\": -1}, {\"text\": \"\\\\boxed{1}\", \"score\": -1},"
        "{\"text\": \"\\\\boxed{1}\", \"score\": -1}, {\"text\": \"\\\\boxed{2}\", \"score\": 0.5}]}\n");
    struct ponder_replay_settings settings = settings_of(path);
    settings.n = "4";
    struct ponder_replay *r = replay(&settings);
    near(value(r, "weighted", "outcome", 4), 1, 1e-9);
    near(value(r, "best_of_n", "outcome", 4), 0, 1e-9);
    ponder_replay_release(r);
    unlink(path);
}

static void refused(const struct ponder_replay_settings *settings, const char *words)
{
    struct ponder_replay *out;
    assert_int_equal(ponder_replay_run(settings, &out, &err), PONDER_E_ARGUMENT);
    assert_null(out);
    if (!strstr(err.message, words))
        fail_msg("'%s' is not in: %s", words, err.message);
}

static void settings_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    write_file(steps);
    struct ponder_replay_settings settings = settings_of(NULL);
    refused(&settings, "--samples FILE is missing");
    settings = settings_of(path);
    static const struct {
        const char *n, *words;
    } lists[] = {
        {"4", "from 1 to 3"}, {"0", "from 1"},   {"1,,2", "no list"}, {"1,", "no list"},
        {"", "empty"},        {"2,1", "ascend"}, {"x", "no list"},    {"99999999999999999999", "no list"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        settings.n = lists[i].n;
        refused(&settings, lists[i].words);
    }
    settings = settings_of(path);
    settings.score = "outcome";
    refused(&settings, "sample 1 of the question has no score");
    settings.score = "best";
    refused(&settings, "none of auto");
    settings = settings_of(path);
    settings.aggregate = "max";
    refused(&settings, "none of last");
    settings = settings_of(path);
    settings.extract = "all";
    refused(&settings, "none of auto, any");
    settings = settings_of(path);
    settings.verdicts = "recorded";
    refused(&settings, "has no verdict");
    settings.verdicts = "theirs";
    refused(&settings, "none of auto");
    settings = settings_of(path);
    settings.answers = "x";
    refused(&settings, "needs --first");
    unlink(path);
}

static const char picked[] =
    "{\"unique_id\": \"a\", \"problem\": \"p\", \"answer\": \"1/2\", \"completions\": [\"\\\\boxed{3}\", "
    "\"\\\\boxed{\\\\frac12}\", \"\\\\boxed{0.5}\"], \"scores\": [[0.5], [0.9], [0.9]], "
    "\"pred_maj@1\": \"\\\\boxed{3}\", \"pred_maj@2\": \"\\\\boxed{0.50}\", \"pred_naive@3\": "
    "\"\\\\boxed{.5}\"}\n";

static void first_says_what_it_picks_beside_what_was_recorded(void **state)
{
    (void)state;
    write_file(picked);
    char answers[] = "/tmp/ponder-picks-XXXXXX", text[8192] = "";
    close(mkstemp(answers));
    struct ponder_replay_settings settings = settings_of(path);
    settings.first = true;
    settings.aggregate = "last";
    settings.n = "1,2,3";
    settings.answers = answers;
    struct ponder_replay *r = replay(&settings);
    assert_int_equal(figure(r, "majority", NULL, 1)->same, 1);
    assert_int_equal(figure(r, "majority", NULL, 2)->same, 0); /* a tie: 3 is seen first */
    assert_int_equal(figure(r, "majority", NULL, 2)->recorded, 1);
    assert_int_equal(figure(r, "majority", NULL, 3)->recorded, 0);
    assert_int_equal(figure(r, "best_of_n", "last", 3)->same, 1);
    near(value(r, "majority", NULL, 3), 1, 1e-9);
    near(value(r, "pass", NULL, 1), 0, 1e-9);
    ponder_replay_release(r);
    FILE *in = fopen(answers, "r");
    assert_true(fread(text, 1, sizeof text - 1, in) > 0);
    fclose(in);
    assert_non_null(strstr(text, "{\"unique_id\":\"a\",\"answer\":\"1/2\",\"picks\":["));
    assert_non_null(strstr(text,
                           "{\"n\":3,\"method\":\"best_of_n\",\"score\":\"last\",\"sample\":1,\"answer\":"
                           "\"\\\\frac12\",\"correct\":true,\"recorded\":\"\\\\boxed{.5}\",\"same\":true}"));
    unlink(answers);
    unlink(path);
}

/* Each allocation fails once: an error and nothing left behind, or what did not need it. */
static void no_memory_is_an_error_at_every_allocation(void **state)
{
    (void)state;
    char text[2048], answers[] = "/tmp/ponder-picks-XXXXXX";
    snprintf(text, sizeof text, "%s%s", picked,
             "{\"problem\": \"q\", \"answer\": \"1\", \"completions\": "
             "[\"\", \"2\", \"3\"], \"scores\": [[], [1], [0.5]]}\n");
    write_file(text);
    close(mkstemp(answers));
    struct ponder_replay_settings settings = settings_of(path);
    int64_t failed = 0, last = 0;
    for (int64_t at = 1; at < last + 50; at++) {
        struct ponder_replay *out;
        settings.first = at % 2;
        settings.answers = settings.first ? answers : NULL;
        fail_after = at - 1;
        int status = ponder_replay_run(&settings, &out, &err);
        if (fail_after < 0)
            last = at;
        fail_after = -1;
        assert_true(status == PONDER_OK || status == PONDER_E_MEMORY);
        failed += status != PONDER_OK;
        ponder_replay_release(out);
        if (last == 0)
            break;
    }
    assert_true(failed > 50);
    unlink(answers);
    unlink(path);
}

static void the_json_has_every_figure(void **state)
{
    (void)state;
    write_file(steps);
    struct ponder_replay_settings settings = settings_of(path);
    settings.n = "3";
    settings.aggregate = "last";
    struct ponder_replay *r = replay(&settings);
    char *json;
    assert_int_equal(ponder_replay_json(r, &json, &err), PONDER_OK);
    assert_non_null(strstr(json, "\"format\":\"samples\",\"order\":\"subsets\",\"questions\":1"));
    assert_non_null(strstr(
        json, "\"method\":\"weighted\",\"score\":\"last\",\"at\":[{\"n\":3,\"exact\":true,\"accuracy\":"
              "{\"value\":1.0,\"low\":1.0,\"high\":1.0},\"over_majority\":{\"value\":1.0"));
    free(json);
    ponder_replay_release(r);
    unlink(path);
}

/* ---- the shared data ---- */

static struct ponder_replay_settings shared(const char *name)
{
    static char file[512];
    const char *folder = getenv("PONDER_TEST_DATA");
    snprintf(file, sizeof file, "%s/samples/%s", folder ? folder : "../shared/data", name);
    if (access(file, R_OK))
        skip();
    return settings_of(file);
}

static void the_published_figures_of_a_reward_model_come_out(void **state)
{
    (void)state;
    struct ponder_replay_settings settings = shared("qwen_orm_math100x8.jsonl");
    settings.n = "8";
    struct ponder_replay *r = replay(&settings);
    near(value(r, "majority", NULL, 8), 0.93, 0.01);
    near(value(r, "best_of_n", NULL, 8), 0.94, 0.01);
    near(value(r, "pass", NULL, 8), 0.96, 0.01);
    assert_true(r->judged_same >= 790);
    ponder_replay_release(r);
}

static void search_and_learn_picked_the_same_answers(void **state)
{
    (void)state;
    struct ponder_replay_settings settings = shared("search_and_learn_beam16_llama3.2-3b_q100.jsonl");
    settings.first = true;
    settings.aggregate = "last";
    settings.extract = "number";
    struct ponder_replay *r = replay(&settings);
    static const char *const methods[] = {"majority", "best_of_n", "weighted"};
    for (int m = 0; m < 3; m++)
        for (int64_t n = 1; n <= 16; n *= 2) {
            const struct ponder_replay_figure *f = figure(r, methods[m], NULL, n);
            assert_int_equal(f->recorded, 100);
            if (f->same < 97)
                fail_msg("%s at %lld: %lld the same", methods[m], (long long)n, (long long)f->same);
        }
    ponder_replay_release(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_a_vote_may_stop_is_told_beside_what_it_costs),
        cmocka_unit_test(aggregates_change_what_is_chosen),
        cmocka_unit_test(recorded_verdicts_and_answers_are_taken_where_asked),
        cmocka_unit_test(scores_below_zero_do_not_vote_against_their_answer),
        cmocka_unit_test(settings_that_do_not_fit_are_refused),
        cmocka_unit_test(first_says_what_it_picks_beside_what_was_recorded),
        cmocka_unit_test(no_memory_is_an_error_at_every_allocation),
        cmocka_unit_test(the_json_has_every_figure),
        cmocka_unit_test(the_published_figures_of_a_reward_model_come_out),
        cmocka_unit_test(search_and_learn_picked_the_same_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
