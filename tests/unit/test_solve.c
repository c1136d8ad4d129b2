/* Solving over a scripted engine: votes, ties, stops, failures, and what is handed to other programs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/scripted.h"
#include "driver/best_of_n.h"
#include "prompt/prompt.h"
#include "ponder/tree.h"
#include "session/session.h"
#include "sampling_fixture.h"

/* A clock that moves by itself a little each time it is read, so that nothing waits. */
#define TEMPLATE(text) (&(struct prompt_template[]){prompt_template_of(text)}[0])

static double ticking_now_s(void *data)
{
    double *now = data;
    return *now += 0.001;
}

struct fixture {
    double now;
    struct clock clock;
    struct engine *engine;
    struct ponder_sampling sampling;
};

static int solve_run(struct engine *engine, const struct prompt_template *template, enum answer_mode mode,
                     const char *question, const struct ponder_sampling *sampling, const struct clock *clock,
                     const struct ponder_watch *watch, struct ponder_solution **out, struct ponder_err *err)
{
    struct ponder_plan plan;
    struct ponder_session *session;
    *out = NULL;
    assert_int_equal(ponder_plan_default(&plan, err), PONDER_OK);
    plan.sampling = *sampling;
    plan.search.stop = 0;
    assert_int_equal(session_open_over(&session, engine, template, mode, clock, err), PONDER_OK);
    int status = session_solve(session, question, &plan, watch, out, err);
    ponder_session_close(session);
    return status;
}

static void setup(struct fixture *f, const struct scripted_reply *replies, int count, int64_t n)
{
    *f = (struct fixture){.now = 0};
    f->clock = (struct clock){ticking_now_s, &f->now};
    struct scripted_options options = {
        .replies = replies, .reply_count = count, .clock = &f->clock, .context = 4096};
    assert_int_equal(scripted_open(&f->engine, &options, NULL), PONDER_OK);
    f->sampling = plain_sampling();
    f->sampling.n = n;
}

static struct ponder_solution *solve(struct fixture *f, const struct ponder_watch *watch)
{
    struct ponder_solution *solution;
    struct ponder_err err = {0};
    int status = solve_run(f->engine, TEMPLATE("Q: {question}\nA:\n"), ANSWER_BOX_ONLY, "What is 3 + 4?",
                           &f->sampling, &f->clock, watch, &solution, &err);
    if (status)
        fail_msg("%s", err.message);
    assert_int_equal(scripted_node_count(f->engine), 0);
    return solution;
}

static void the_majority_wins_and_its_most_probable_solution_is_shown(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.times = 1, .text = "\\boxed{8}", .logprob = -1},
        {.times = 1, .text = "3 + 4\n\\boxed{ 7 }", .logprob = -90},
        {.times = 1, .text = "\\boxed{$7$}", .logprob = -2},
        {.times = 1, .text = "no idea", .logprob = -1},
    };
    struct fixture f;
    setup(&f, replies, 4, 4);
    struct ponder_solution *s = solve(&f, NULL);
    assert_string_equal(s->prompt, "Q: What is 3 + 4?\nA:\n");
    assert_string_equal(s->answer, "7");
    assert_int_equal(s->vote_count, 2);
    assert_int_equal(s->votes[0].count, 2);
    assert_int_equal(s->best, 2);
    assert_string_equal(s->votes[1].answer, "8");
    assert_int_equal(s->candidate_count, 4);
    assert_null(s->candidates[3].answer);
    assert_int_equal(s->candidates[3].vote, -1);
    assert_int_equal(s->candidates[0].vote, 1);
    assert_int_equal(s->finished, 4);
    assert_int_equal(s->stopped, PONDER_STOPPED_NO);
    assert_int_equal(s->ledger.generations, 4);
    assert_int_equal(s->ledger.prompt_tokens, strlen(s->prompt)); /* once for all four */
    ponder_solution_release(s);
    engine_release(f.engine);
}

/* Slow replies finish last; the vote goes by sample order all the same. */
static void candidates_stand_in_sample_order_whatever_finishes_first(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.times = 1, .text = "\\boxed{slow}", .delay_s = 0.5},
        {.times = 1, .text = "\\boxed{fast}"},
    };
    struct fixture f;
    setup(&f, replies, 2, 2);
    struct ponder_solution *s = solve(&f, NULL);
    assert_string_equal(s->answer, "slow");
    assert_string_equal(s->candidates[1].answer, "fast");
    ponder_solution_release(s);
    engine_release(f.engine);
}

static void without_an_answer_the_longest_agreement_is_kept(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.times = 1, .text = "first\nsecond\nthird", .logprob = -3},
        {.times = 1, .text = "first\nsecond\nother", .logprob = -3000},
        {.times = 1, .text = "zzz", .logprob = -30},
    };
    struct fixture f;
    setup(&f, replies, 3, 3);
    struct ponder_solution *s = solve(&f, NULL);
    assert_null(s->answer);
    assert_int_equal(s->vote_count, 0);
    assert_string_equal(s->agreement, "first\nsecond\n");
    assert_int_equal(s->agreeing, 2);
    assert_int_equal(s->best, 0);
    ponder_solution_release(s);
    engine_release(f.engine);
}

/* The number of a list's item is no answer, a closed box is one. */
static void a_text_that_was_cut_off_votes_only_with_a_whole_box(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.times = 3, .text = "1. first\n2. second\n3.", .open_ended = true},
        {.times = 1, .text = "so \\boxed{7} and", .open_ended = true},
        {.times = 1, .text = "so \\boxed{7", .open_ended = true},
    };
    struct fixture f;
    setup(&f, replies, 3, 5);
    struct ponder_solution *s;
    struct ponder_err err = {0};
    assert_int_equal(solve_run(f.engine, TEMPLATE("{question}"), ANSWER_ANY_SIGN, "x?", &f.sampling, &f.clock,
                               NULL, &s, &err),
                     PONDER_OK);
    assert_string_equal(s->answer, "7");
    assert_int_equal(s->vote_count, 1);
    assert_int_equal(s->votes[0].count, 1);
    ponder_solution_release(s);
    engine_release(f.engine);
}

static void a_timeout_keeps_what_was_finished(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.times = 3, .text = "\\boxed{1}"},
        {.text = "\\boxed{2}", .delay_s = 1e6},
    };
    struct fixture f;
    setup(&f, replies, 2, 8);
    f.sampling.timeout_s = 0.5;
    struct ponder_solution *s = solve(&f, NULL);
    assert_string_equal(s->answer, "1");
    assert_int_equal(s->finished, 3);
    assert_int_equal(s->stopped, PONDER_STOPPED_BY_TIMEOUT);
    ponder_solution_release(s);
    engine_release(f.engine);
}

static bool stop_after_two(const struct ponder_progress *progress, void *data)
{
    (void)data;
    return progress->done < 2;
}

static void a_caller_that_stops_gets_what_was_finished(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.times = 2, .text = "\\boxed{1}"},
        {.text = "\\boxed{2}", .delay_s = 1e6},
    };
    struct fixture f;
    setup(&f, replies, 2, 4096);
    struct ponder_watch watch = {.progress = stop_after_two};
    struct ponder_solution *s = solve(&f, &watch);
    assert_string_equal(s->answer, "1");
    assert_int_equal(s->finished, 2);
    assert_int_equal(s->stopped, PONDER_STOPPED_BY_CALLER);
    ponder_solution_release(s);
    engine_release(f.engine);
}

static void some_failed_samples_do_not_spoil_the_rest(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.times = 2, .text = NULL, .error = "connection lost"},
        {.text = "\\boxed{5}"},
    };
    struct fixture f;
    setup(&f, replies, 2, 4);
    struct ponder_solution *s = solve(&f, NULL);
    assert_string_equal(s->answer, "5");
    assert_int_equal(s->finished, 2);
    struct ponder_tree_facts facts;
    ponder_tree_facts(s->tree, &facts);
    assert_int_equal(facts.ended, 1);
    assert_int_equal(facts.failed, 2);
    assert_int_equal(facts.samples, 4);
    ponder_solution_release(s);
    engine_release(f.engine);
}

static void when_every_sample_fails_the_first_reason_is_told(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.text = NULL, .error = "connection lost"}};
    struct fixture f;
    setup(&f, replies, 1, 4);
    struct ponder_solution *s;
    struct ponder_err err = {0};
    assert_int_equal(solve_run(f.engine, TEMPLATE("{question}"), ANSWER_BOX_ONLY, "x?", &f.sampling, &f.clock,
                               NULL, &s, &err),
                     PONDER_E_ENGINE);
    assert_null(s);
    assert_non_null(strstr(err.message, "connection lost"));
    engine_release(f.engine);
}

static void refuse(struct fixture *f, const char *question, int status, const char *expected)
{
    struct ponder_solution *s;
    struct ponder_err err = {0};
    assert_int_equal(solve_run(f->engine, TEMPLATE("{question}"), ANSWER_BOX_ONLY, question, &f->sampling,
                               &f->clock, NULL, &s, &err),
                     status);
    assert_null(s);
    assert_non_null(strstr(err.message, expected));
}

static void bad_questions_are_refused_with_a_word(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.text = "\\boxed{5}"}};
    struct fixture f;
    setup(&f, replies, 1, 2);
    refuse(&f, "", PONDER_E_ARGUMENT, "empty");
    refuse(&f, " \n\t ", PONDER_E_ARGUMENT, "empty");
    refuse(&f, "a\xff", PONDER_E_ARGUMENT, "not UTF-8");
    refuse(&f, "a\x1b[2J", PONDER_E_ARGUMENT, "U+001B");
    char *longer = malloc(10001);
    memset(longer, 'x', 10000);
    longer[10000] = '\0';
    refuse(&f, longer, PONDER_E_LIMIT, "context");
    free(longer);
    assert_int_equal(scripted_node_count(f.engine), 0);
    engine_release(f.engine);
}

static void more_samples_than_fit_in_flight_are_all_taken(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.text = "\\boxed{5}"}};
    struct fixture f;
    setup(&f, replies, 1, 4096);
    struct ponder_solution *s = solve(&f, NULL);
    assert_int_equal(s->votes[0].count, 4096);
    ponder_solution_release(s);
    engine_release(f.engine);
}

static void a_template_without_a_slot_is_an_error(void **state)
{
    (void)state;
    struct prompt out;
    struct ponder_err err = {0};
    assert_int_equal(prompt_fill(TEMPLATE("Q:"), "x", 1, 1, NULL, &out, &err), PONDER_E_FORMAT);
    assert_int_equal(prompt_fill(TEMPLATE("<{question}|{question}>"), " x\n", 3, 1, NULL, &out, &err),
                     PONDER_OK);
    assert_string_equal(out.text, "<x|{question}>");
    free((char *)out.text);
}

static void json_and_trace_hold_every_candidate(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.times = 1, .text = "\xff\\boxed{5}"}, {.text = "none"}};
    struct fixture f;
    setup(&f, replies, 2, 3);
    struct ponder_solution *s = solve(&f, NULL);
    char *text;
    assert_int_equal(ponder_solution_json(s, &text, NULL), PONDER_OK);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "answer")), "5");
    json_t *candidates = json_object_get(json, "candidates");
    assert_int_equal(json_array_size(candidates), 3);
    assert_true(json_is_null(json_object_get(json_array_get(candidates, 1), "answer")));
    assert_string_equal(json_string_value(json_object_get(json_array_get(candidates, 0), "text")),
                        "\xef\xbf\xbd\\boxed{5}");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "ledger"), "generations")), 3);
    json_decref(json);
    free(text);

    char path[] = "/tmp/ponder_trace_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(ponder_tree_save(s->tree, path, NULL), PONDER_OK);
    json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    json_t *nodes = json_object_get(json, "nodes"), *second = json_array_get(nodes, 2);
    assert_int_equal(json_array_size(nodes), 3); /* the second and third say the same */
    assert_string_equal(json_string_value(json_object_get(json_array_get(nodes, 0), "text")), s->prompt);
    assert_string_equal(json_string_value(json_object_get(json_array_get(nodes, 1), "answer")), "5");
    assert_int_equal(json_integer_value(json_object_get(second, "parent")), 0);
    assert_int_equal(json_integer_value(json_object_get(second, "samples")), 2);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "path"), 1)), 1);
    json_decref(json);
    unlink(path);
    assert_int_equal(ponder_tree_save(s->tree, "/nonexistent/trace.json", NULL), PONDER_E_IO);
    ponder_solution_release(s);
    engine_release(f.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_majority_wins_and_its_most_probable_solution_is_shown),
        cmocka_unit_test(candidates_stand_in_sample_order_whatever_finishes_first),
        cmocka_unit_test(without_an_answer_the_longest_agreement_is_kept),
        cmocka_unit_test(a_text_that_was_cut_off_votes_only_with_a_whole_box),
        cmocka_unit_test(a_timeout_keeps_what_was_finished),
        cmocka_unit_test(a_caller_that_stops_gets_what_was_finished),
        cmocka_unit_test(some_failed_samples_do_not_spoil_the_rest),
        cmocka_unit_test(when_every_sample_fails_the_first_reason_is_told),
        cmocka_unit_test(bad_questions_are_refused_with_a_word),
        cmocka_unit_test(more_samples_than_fit_in_flight_are_all_taken),
        cmocka_unit_test(a_template_without_a_slot_is_an_error),
        cmocka_unit_test(json_and_trace_hold_every_candidate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
