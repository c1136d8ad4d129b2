/* Step-by-step search over a scripted engine: what is kept, when it ends, and what must not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/err.h"
#include "engine/scripted.h"
#include "ponder/task.h"
#include "driver/driver.h"
#include "sampling_fixture.h"

enum { MOST = 4 };

/* A verifier that reads: "bad" anywhere is 0, "half" anywhere 0.5; ended with "right" is solved. */
static int read_score(struct verifier *v, struct verifier_item *items, int64_t count,
                      const struct deadline *deadline, struct ponder_err *err)
{
    (void)v;
    (void)deadline;
    (void)err;
    for (int64_t i = 0; i < count; i++) {
        struct verifier_item *item = &items[i];
        assert_int_equal(strlen(item->text), item->len);
        item->scores[0] = strstr(item->text, "bad") ? 0 : strstr(item->text, "half") ? 0.5f : 1;
        item->count = 1;
        item->whole = true;
        item->solved = item->ended && strstr(item->text, "right");
        item->of->cost.verifier_tokens += (int64_t)item->len;
    }
    return PONDER_OK;
}

static const struct verifier_ops reader_ops = {.name = "reader", .score = read_score};
static struct verifier reader = {.ops = &reader_ops};

static double ticking_now_s(void *data)
{
    double *now = data;
    return *now += 0.001;
}

/* Solutions of an earlier run, and those that have ended in this one. */
struct kept {
    const char *texts[4]; /* NULL: not there */
    int64_t ended[4];     /* numbers, as they were told */
    int count;
};

/* What a search came to. */
struct solution {
    bool done, failed;
    enum tree_end end;
    struct buf text;
    int64_t rounds, tokens, repeated, nodes;
    struct ponder_ledger cost;
};

struct fixture {
    double now;
    struct clock clock;
    struct engine *engine;
    struct ponder_sampling sampling;
    const char *strategy;
    struct verifier *verifier;
    int64_t lookahead;
    struct budget budget;
    bool partial;
    struct driver_question questions[MOST]; /* "Q0:" "Q1:" .. */
    char prompts[MOST][16];
    struct solution solutions[MOST];
    struct kept kept;
    struct driver_result result;
};

static void setup_context(struct fixture *f, const struct scripted_reply *replies, int count, int context)
{
    *f = (struct fixture){.strategy = "beam"};
    f->clock = (struct clock){ticking_now_s, &f->now};
    f->verifier = &reader;
    struct scripted_options options = {
        .replies = replies, .reply_count = count, .clock = &f->clock, .context = context};
    assert_int_equal(scripted_open(&f->engine, &options, NULL), PONDER_OK);
    f->sampling = plain_sampling();
    for (int i = 0; i < MOST; i++) {
        snprintf(f->prompts[i], sizeof f->prompts[i], "Q%d:", i);
        f->questions[i] = (struct driver_question){
            .prompt = {.text = f->prompts[i], .len = 3, .key = (uint64_t)i}, .problem = "problem"};
    }
}

static void setup(struct fixture *f, const struct scripted_reply *replies, int count)
{
    setup_context(f, replies, count, 0);
}

static int keep_outcome(void *data, int64_t question, const struct driver_outcome *outcome,
                        struct ponder_err *err)
{
    struct fixture *f = data;
    struct solution *s = &f->solutions[question];
    int32_t node;
    (void)err;
    assert_false(s->done);
    assert_int_equal(search_choose(outcome->tree, SEARCH_BEST, ANSWER_BOX_ONLY, &node), PONDER_OK);
    *s = (struct solution){.done = true,
                           .failed = outcome->failed,
                           .text = BUF_INIT(1 << 16),
                           .rounds = outcome->rounds,
                           .repeated = outcome->repeated,
                           .nodes = outcome->tree->count,
                           .cost = outcome->cost};
    if (node < 0)
        return PONDER_OK;
    s->end = outcome->tree->nodes[node].end;
    s->tokens = outcome->tree->nodes[node].tokens_all;
    return tree_path_text(outcome->tree, node, &s->text);
}

static void forget(struct fixture *f)
{
    for (int i = 0; i < MOST; i++) {
        buf_release(&f->solutions[i].text);
        f->solutions[i] = (struct solution){0};
    }
}

static int run_width(struct fixture *f, struct engine *engine, int64_t questions, int64_t n, int64_t width,
                     const struct ponder_watch *watch, struct ponder_err *err)
{
    const struct search_ops *ops = search_find(f->strategy);
    struct search_options options;
    char own[64];
    snprintf(own, sizeof own,
             strcmp(f->strategy, "lookahead") == 0 ? "width=%lld,lookahead=%lld" : "width=%lld",
             (long long)width, (long long)f->lookahead);
    int prepared = search_options_of(&options, ops, n, search_options_has(ops, "width") ? own : "", err);
    if (prepared)
        return prepared;
    struct driver_plan plan = {.ops = ops,
                               .options = &options,
                               .verifier = f->verifier,
                               .budget = f->budget,
                               .partial = f->partial,
                               .sampling = &f->sampling};
    struct driver_run_settings settings = {&f->clock, watch, f->sampling.timeout_s};
    struct driver_run_listener listener = {.question_done = keep_outcome, .data = f};
    for (int64_t q = 0; q < questions; q++)
        f->questions[q].plan = &plan;
    int status = driver_run(engine, f->questions, questions, &settings, &listener, &f->result, err);
    assert_int_equal(scripted_node_count(f->engine), 0);
    return status;
}

/* One beam that chooses among so many. */
static int run_with(struct fixture *f, struct engine *engine, int64_t questions, int64_t candidates,
                    const struct ponder_watch *watch, struct ponder_err *err)
{
    return run_width(f, engine, questions, candidates, candidates, watch, err);
}

static void search_width(struct fixture *f, int64_t questions, int64_t n, int64_t width)
{
    struct ponder_err err = {0};
    if (run_width(f, f->engine, questions, n, width, NULL, &err))
        fail_msg("%s", err.message);
}

static void search(struct fixture *f, int64_t questions, int64_t candidates)
{
    search_width(f, questions, candidates, candidates);
}

static void teardown(struct fixture *f)
{
    forget(f);
    engine_release(f->engine);
}

static void text_is(const struct fixture *f, int64_t question, const char *expected)
{
    assert_string_equal(buf_text(&f->solutions[question].text), expected);
}

static void the_right_step_is_kept_and_the_others_are_released(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.behind = "Q0:", .times = 1, .text = "bad 1\nand what follows"},
        {.behind = "Q0:", .times = 1, .text = "good\nand what follows"},
        {.behind = "Q0:", .times = 1, .text = "half\n"},
        {.behind = "good\n", .times = 1, .text = "half"},
        {.behind = "good\n", .times = 1, .text = "bad"},
        {.behind = "good\n", .times = 1, .text = "right"},
    };
    struct fixture f;
    setup(&f, replies, 6);
    search(&f, 1, 3);
    const struct solution *s = &f.solutions[0];
    text_is(&f, 0, "good\nright");
    assert_true(s->done);
    assert_int_equal(s->end, TREE_ENDED);
    assert_int_equal(s->rounds, 2);
    assert_int_equal(s->tokens, 5 + 6);                                    /* a byte is a token */
    assert_int_equal(s->cost.generated_tokens, (6 + 5 + 5) + (5 + 4 + 6)); /* of all candidates */
    assert_int_equal(f.result.ledger.generated_tokens, s->cost.generated_tokens);
    assert_int_equal(f.result.ledger.generations, 3);
    teardown(&f);
}

static void a_thought_is_one_step_however_many_lines_it_has(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.behind = "Q0:", .text = "<think>\n"},
        {.behind = "<think>\n", .text = "bad\nworse\n</think>\nright"},
        {.behind = "</think>", .text = "\nright"},
    };
    struct fixture f;
    setup(&f, replies, 3);
    search(&f, 1, 2);
    text_is(&f, 0, "<think>\nbad\nworse\n</think>\nright");
    assert_int_equal(f.solutions[0].rounds, 3);
    teardown(&f);
}

static void an_empty_line_is_no_step_of_its_own(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.behind = "Q0:", .text = "one\n"},
        {.behind = "one\n", .text = "\n\ntwo\n"},
        {.behind = "two\n", .text = "\nright"},
    };
    struct fixture f;
    setup(&f, replies, 3);
    search(&f, 1, 2);
    text_is(&f, 0, "one\n\n\ntwo\n\nright");
    assert_int_equal(f.solutions[0].rounds, 3);
    teardown(&f);
}

static void of_equal_scores_a_solved_one_then_the_most_sampled_then_the_first_is_kept(void **state)
{
    (void)state;
    const struct scripted_reply solved[] = {
        {.times = 2, .text = "common\n"}, {.times = 1, .text = "right"}, {.times = 1, .text = "ended"}};
    const struct scripted_reply common[] = {{.behind = ":", .times = 1, .text = "once\n"},
                                            {.behind = ":", .times = 1, .text = "bad\n"},
                                            {.behind = ":", .times = 2, .text = "twice\n"},
                                            {.text = "right"}};
    const struct scripted_reply first[] = {{.behind = ":", .times = 1, .text = "bad\n"},
                                           {.behind = ":", .times = 1, .text = "one\n"},
                                           {.behind = ":", .times = 2, .text = "bad\n"},
                                           {.text = "right"}};
    const struct scripted_reply all_bad[] = {{.times = 1, .text = "bad one"},
                                             {.times = 1, .text = "bad, but right"},
                                             {.times = 2, .text = "bad two"}};
    const struct {
        const struct scripted_reply *replies;
        const char *text;
        int count;
    } rows[] = {{solved, "right", 3},
                {common, "twice\nright", 4},
                {first, "one\nright", 4},
                {all_bad, "bad, but right", 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        setup(&f, rows[i].replies, rows[i].count);
        search(&f, 1, 4);
        text_is(&f, 0, rows[i].text);
        teardown(&f);
    }
}

/* The first of equals by request is kept, whichever finished first. */
static void the_order_of_finishing_changes_nothing(void **state)
{
    (void)state;
    static const double delays[][3] = {{0, 0, 0}, {0.3, 0.2, 0.1}, {0.1, 0.3, 0.2}};
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        const struct scripted_reply replies[] = {
            {.behind = "Q0:", .times = 1, .text = "a\n", .delay_s = delays[i][0]},
            {.behind = "Q0:", .times = 1, .text = "b\n", .delay_s = delays[i][1]},
            {.behind = "Q0:", .times = 1, .text = "c\n", .delay_s = delays[i][2]},
            {.behind = "Q1:", .times = 1, .text = "bad\n", .delay_s = delays[i][2]},
            {.behind = "Q1:", .times = 2, .text = "d\n", .delay_s = delays[i][1]},
            {.text = "right", .delay_s = delays[i][0]},
        };
        struct fixture f;
        setup(&f, replies, 6);
        search(&f, 2, 3);
        text_is(&f, 0, "a\nright");
        text_is(&f, 1, "d\nright");
        teardown(&f);
    }
}

static void a_solution_without_an_end_stops_after_40_rounds(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.text = "on\n"}};
    struct fixture f;
    setup(&f, replies, 1);
    search(&f, 2, 2);
    for (int q = 0; q < 2; q++) {
        const struct solution *s = &f.solutions[q];
        assert_true(s->done);
        assert_int_equal(s->rounds, 40);
        assert_int_equal(s->end, TREE_OPEN);
        assert_int_equal(s->tokens, 3 * 40);
        assert_int_equal(s->cost.generated_tokens, 2 * 3 * 40);
    }
    teardown(&f);
}

static void the_token_limit_is_of_the_whole_solution(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.text = "on\n"}};
    struct fixture f;
    setup(&f, replies, 1);
    f.sampling.max_tokens = 8;
    search(&f, 1, 2);
    text_is(&f, 0, "on\non\non");
    assert_int_equal(f.solutions[0].end, TREE_CUT);
    forget(&f);
    f.sampling.max_tokens = 6; /* filled by a whole line */
    search(&f, 1, 2);
    text_is(&f, 0, "on\non\n");
    assert_int_equal(f.solutions[0].end, TREE_CUT);
    teardown(&f);
}

static void a_failed_request_is_a_candidate_less(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.behind = "Q0:", .times = 2, .text = NULL, .error = "connection lost"},
        {.behind = "Q0:", .times = 1, .text = "bad\n"},
        {.behind = "bad\n", .times = 1, .text = "right"},
        {.behind = "bad\n", .text = NULL},
        {.behind = "Q1:", .text = "good\n"},
        {.behind = "good\n", .text = NULL, .error = "connection lost"},
        {.behind = "Q2:", .text = "right"},
    };
    struct fixture f;
    setup(&f, replies, 7);
    search(&f, 3, 3);
    text_is(&f, 0, "bad\nright");
    text_is(&f, 1, "good\n");
    text_is(&f, 2, "right");
    assert_int_equal(f.solutions[0].end, TREE_ENDED);
    assert_true(f.solutions[1].failed);
    assert_true(f.solutions[1].done);
    assert_int_equal(f.result.failed, 1);
    assert_string_equal(f.result.failure, "connection lost");
    teardown(&f);
}

static void when_every_question_fails_the_first_reason_is_told(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.text = NULL, .error = "connection lost"}};
    struct fixture f;
    setup(&f, replies, 1);
    struct ponder_err err = {0};
    assert_int_equal(run_with(&f, f.engine, 2, 2, NULL, &err), PONDER_E_ENGINE);
    assert_non_null(strstr(err.message, "connection lost"));
    teardown(&f);
}

static bool stop_after_one(const struct ponder_progress *progress, void *data)
{
    (void)data;
    assert_int_equal(progress->total, 2);
    return progress->done < 1;
}

/* Question 1 goes through three rounds while question 0 waits for its first; then the caller stops. */
static void a_slow_question_holds_up_no_other(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.behind = "Q0:", .times = 1, .text = "slow\n", .delay_s = 1e6},
        {.behind = "Q0:", .text = "fast\n"},
        {.behind = "Q1:", .text = "a\n"},
        {.behind = "a\n", .text = "b\n"},
        {.behind = "b\n", .text = "right"},
    };
    struct fixture f;
    setup(&f, replies, 5);
    struct ponder_watch watch = {.progress = stop_after_one};
    assert_int_equal(run_with(&f, f.engine, 2, 2, &watch, NULL), PONDER_OK);
    assert_int_equal(f.result.stopped, PONDER_STOPPED_BY_CALLER);
    assert_false(f.solutions[0].done);
    assert_true(f.solutions[1].done);
    text_is(&f, 1, "a\nb\nright");
    teardown(&f);
}

/* ---- several plans ---- */

/* The verifier that likes what the reader does not. */
static int read_backwards(struct verifier *v, struct verifier_item *items, int64_t count,
                          const struct deadline *deadline, struct ponder_err *err)
{
    int status = read_score(v, items, count, deadline, err);
    for (int64_t i = 0; i < count; i++)
        items[i].scores[0] = 1 - items[i].scores[0];
    return status;
}

static const struct verifier_ops backwards_ops = {.name = "backwards", .score = read_backwards};

/* Runs questions from `from` to before `to`, each by its own plan: a beam, the same beam by the other
 * verifier, whole samples within a budget, groups. */
static void run_planned(struct fixture *f, int64_t from, int64_t to)
{
    static const char *const names[MOST] = {"beam", "beam", "best_of_n", "dvts"};
    static struct verifier backwards = {.ops = &backwards_ops};
    struct search_options options[MOST];
    struct driver_plan plans[MOST];
    struct ponder_err err;
    for (int q = 0; q < MOST; q++) {
        const struct search_ops *ops = search_find(names[q]);
        assert_int_equal(search_options_of(&options[q], ops, 4, ops->options ? "width=2" : "", &err),
                         PONDER_OK);
        plans[q] = (struct driver_plan){.ops = ops,
                                        .options = &options[q],
                                        .verifier = q == 1 ? &backwards : &reader,
                                        .budget = {.generations = q == 2 ? 3 : 0},
                                        .sampling = &f->sampling};
        f->questions[q].plan = &plans[q];
    }
    struct driver_run_settings settings = {.clock = &f->clock};
    struct driver_run_listener listener = {.question_done = keep_outcome, .data = f};
    if (driver_run(f->engine, f->questions + from, to - from, &settings, &listener, &f->result, &err))
        fail_msg("%s", err.message);
}

static void questions_of_different_plans_come_to_what_each_comes_to_alone(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.behind = ":", .times = 1, .text = "bad\n"},
                                             {.behind = ":", .text = "good\n"},
                                             {.behind = "bad\n", .text = "half"},
                                             {.behind = "good\n", .text = "right"}};
    struct scripted_reply apart[4 * MOST];
    static const char *const names[MOST] = {"Q0:", "Q1:", "Q2:", "Q3:"};
    for (int i = 0; i < 4 * MOST; i++) {
        apart[i] = replies[i % 4];
        apart[i].when = names[i / 4];
    }
    struct fixture together, alone;
    setup(&together, apart, 4 * MOST);
    run_planned(&together, 0, MOST);
    for (int q = 0; q < MOST; q++) {
        setup(&alone, apart, 4 * MOST);
        run_planned(&alone, q, q + 1);
        const struct solution *one = &alone.solutions[0], *same = &together.solutions[q];
        assert_true(one->done && same->done);
        text_is(&together, q, buf_text(&one->text));
        assert_int_equal(one->nodes, same->nodes);
        assert_int_equal(one->rounds, same->rounds);
        assert_memory_equal(&one->cost, &same->cost, sizeof one->cost);
        teardown(&alone);
    }
    text_is(&together, 0, "good\nright");
    text_is(&together, 1, "bad\nhalf");
    assert_int_equal(together.solutions[2].cost.generations, 3);
    teardown(&together);
}

/* ---- what goes wrong with one question alone ---- */

static int broken_score(struct verifier *v, struct verifier_item *items, int64_t count,
                        const struct deadline *deadline, struct ponder_err *err)
{
    for (int64_t i = 0; i < count; i++)
        if (strcmp(items[i].of->problem, "unreadable") == 0)
            return err_set(err, PONDER_E_ENGINE, "it hung up");
    return read_score(v, items, count, deadline, err);
}

static const struct verifier_ops broken_ops = {.name = "broken", .score = broken_score};

static void a_verifier_that_fails_for_one_question_ends_that_one_alone(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.behind = ":", .times = 1, .text = "bad\n"}, {.behind = ":", .text = "good\n"}, {.text = "right"}};
    struct verifier broken = {.ops = &broken_ops};
    struct fixture f;
    setup(&f, replies, 3);
    f.verifier = &broken;
    f.questions[1].problem = "unreadable";
    search(&f, 3, 2);
    assert_false(f.solutions[0].failed);
    assert_true(f.solutions[1].failed);
    assert_false(f.solutions[2].failed);
    text_is(&f, 2, "good\nright");
    assert_int_equal(f.result.failed, 1);
    assert_string_equal(f.result.failure, "it hung up");
    teardown(&f);
}

static void what_a_failing_verifier_leaves_is_told(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.text = "right"}};
    struct verifier broken = {.ops = &broken_ops};
    struct ponder_err err = {0};
    struct fixture f;
    setup(&f, replies, 1);
    f.verifier = &broken;
    f.strategy = "best_of_n";
    f.questions[0].problem = "unreadable";
    assert_int_equal(run_with(&f, f.engine, 1, 2, NULL, &err), PONDER_E_ENGINE);
    assert_string_equal(err.message, "it hung up");
    assert_true(f.solutions[0].failed);
    text_is(&f, 0, "right");
    teardown(&f);
}

static void a_prompt_that_does_not_fit_ends_its_question_alone(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.text = "right"}};
    char endless[200];
    struct fixture f;
    setup_context(&f, replies, 1, 100);
    memset(endless, 'x', sizeof endless);
    f.questions[1].prompt.text = endless;
    f.questions[1].prompt.len = sizeof endless;
    search(&f, 3, 2);
    text_is(&f, 0, "right");
    assert_true(f.solutions[1].failed);
    assert_non_null(strstr(f.result.failure, "longer than the context"));
    text_is(&f, 2, "right");
    assert_int_equal(f.result.failed, 1);
    teardown(&f);
}

/* ---- several beams ---- */

/* Four first steps, two beams of width two: the two best go on, and a better step of the one crowds out both
 * of the other. */
static void the_best_of_all_candidates_are_kept(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.behind = "Q0:", .times = 1, .text = "bad\n"},
        {.behind = "Q0:", .times = 1, .text = "half a\n"},
        {.behind = "Q0:", .times = 1, .text = "good b\n"},
        {.behind = "Q0:", .times = 1, .text = "half c\n"},
        {.behind = "good b\n", .times = 1, .text = "one\n"},
        {.behind = "good b\n", .times = 1, .text = "two\n"},
        {.behind = "half a\n", .times = 2, .text = "x\n"}, /* "half" is in its path: 0.5 */
        {.behind = "one\n", .times = 2, .text = "bad"},
        {.behind = "two\n", .times = 1, .text = "ended"},
        {.behind = "two\n", .times = 1, .text = "right"},
    };
    struct fixture f;
    setup(&f, replies, 10);
    search_width(&f, 1, 4, 2);
    text_is(&f, 0, "good b\ntwo\nright");
    assert_int_equal(f.solutions[0].rounds, 3);
    assert_int_equal(f.solutions[0].nodes, 1 + 4 + 4 + 4);
    assert_int_equal(f.solutions[0].repeated, 2);
    assert_int_equal(f.solutions[0].cost.generations, 4);
    teardown(&f);
}

/* A step that all samples say holds all beams: it is extended as often as there are candidates. */
static void a_step_sampled_often_holds_as_many_beams(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.behind = "Q0:", .text = "same\n"}, {.text = "right"}};
    struct fixture f;
    setup(&f, replies, 2);
    search_width(&f, 1, 6, 2);
    assert_int_equal(f.solutions[0].nodes, 1 + 6 + 6);
    assert_int_equal(f.solutions[0].repeated, 5 + 5);
    text_is(&f, 0, "same\nright");
    teardown(&f);
}

/* Each group keeps its own best, though both of the first are better than those of the second. */
static void groups_of_a_diverse_search_do_not_crowd_each_other_out(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.behind = "Q0:", .times = 1, .text = "good\n"},
        {.behind = "Q0:", .times = 1, .text = "well\n"},
        {.behind = "Q0:", .times = 1, .text = "bad\n"},
        {.behind = "Q0:", .times = 1, .text = "half\n"},
        {.behind = "good\n", .text = "bad"},
        {.behind = "half\n", .times = 1, .text = "bad"},
        {.behind = "half\n", .text = "right"},
    };
    struct fixture f;
    setup(&f, replies, 7);
    search_width(&f, 1, 4, 2);
    text_is(&f, 0, "good\nbad"); /* both beams are of the first two */
    forget(&f);
    teardown(&f);
    setup(&f, replies, 7);
    f.strategy = "dvts";
    search_width(&f, 1, 4, 2);
    text_is(&f, 0, "half\nright");
    teardown(&f);
}

/* The first steps are all the same, and stay two groups all the same. */
static void groups_that_begin_alike_stay_groups(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.behind = "Q0:", .text = "same\n"}, {.text = "right"}};
    struct fixture f;
    setup(&f, replies, 2);
    f.strategy = "dvts";
    search_width(&f, 1, 6, 3);
    assert_int_equal(f.solutions[0].nodes, 1 + 6 + 6);
    teardown(&f);
}

static void beams_that_do_not_come_out_even_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct ponder_err err = {0};
    setup(&f, NULL, 0);
    assert_int_equal(run_width(&f, f.engine, 1, 6, 4, NULL, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "multiple of the width"));
    assert_int_equal(run_width(&f, f.engine, 1, 2, 4, NULL, &err), PONDER_E_ARGUMENT);
    teardown(&f);
}

/* Three solutions, the best one alone in its answer; an unfinished one has the highest score and never wins.
 */
static void a_result_is_chosen_among_the_solutions_that_ended(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double score;
        enum tree_end end;
    } rows[] = {{"\\boxed{1}", 0.7, TREE_ENDED},
                {"\\boxed{2}", 0.4, TREE_ENDED},
                {"so \\boxed{2.0}", 0.5, TREE_ENDED},
                {"\\boxed{3}", 0.1, TREE_ENDED},
                {"the answer is 9", 1, TREE_CUT}};
    struct tree tree;
    int32_t node;
    assert_int_equal(tree_init(&tree, 1), PONDER_OK);
    for (int i = 0; i < 5; i++) {
        int32_t at = tree_add(&tree, 0);
        assert_int_equal(tree_append(&tree, at, rows[i].text, strlen(rows[i].text)), PONDER_OK);
        tree.nodes[at].score = tree.nodes[at].total = rows[i].score;
        tree.nodes[at].end = rows[i].end;
    }
    assert_int_equal(search_choose(&tree, SEARCH_BEST, ANSWER_BOX_ONLY, &node), PONDER_OK);
    assert_int_equal(node, 1);
    assert_int_equal(search_choose(&tree, SEARCH_WEIGHTED, ANSWER_BOX_ONLY, &node), PONDER_OK);
    assert_int_equal(node, 3); /* 0.4 + 0.5, of which the better */
    tree.nodes[4].repeats = 3;
    assert_int_equal(search_choose(&tree, SEARCH_MAJORITY, ANSWER_BOX_ONLY, &node), PONDER_OK);
    assert_int_equal(node, 4);
    for (int i = 1; i < 5; i++)
        tree.nodes[i].end = TREE_FAILED;
    assert_int_equal(search_choose(&tree, SEARCH_BEST, ANSWER_BOX_ONLY, &node), PONDER_OK);
    assert_int_equal(node, 5);
    tree.nodes[5].end = TREE_FAILED;
    assert_int_equal(search_choose(&tree, SEARCH_WEIGHTED, ANSWER_BOX_ONLY, &node), PONDER_OK);
    assert_int_equal(node, -1);
    tree_release(&tree);
}

/* A verifier that waits for others: it answers at the earliest so many looks later. */
struct slow {
    int looks, calls, stopped;
};

struct slow_call {
    struct verifier_item *items;
    int64_t count;
};

static int slow_start(struct verifier *v, struct verifier_item *items, int64_t count, void **call,
                      struct ponder_err *err)
{
    struct slow_call *slow = *call = calloc(1, sizeof *slow);
    (void)v;
    (void)err;
    *slow = (struct slow_call){items, count};
    return PONDER_OK;
}

static int slow_go_on(struct verifier *v, void *call, double wait_s, const struct deadline *deadline,
                      struct ponder_err *err)
{
    struct slow *slow = v->data;
    struct slow_call *under_way = call;
    (void)wait_s;
    slow->calls++;
    return slow->calls <= slow->looks ? 1 : read_score(v, under_way->items, under_way->count, deadline, err);
}

static void slow_stop(struct verifier *v, void *call)
{
    struct slow *slow = v->data;
    slow->stopped++;
    free(call);
}

static const struct verifier_ops slow_ops = {
    .name = "slow", .start = slow_start, .go_on = slow_go_on, .stop = slow_stop};

/* Which questions were done first. */
struct order {
    uint64_t ids[MOST];
    int count;
};

static int keep_order(void *data, uint64_t id, const struct driver_outcome *outcome, struct ponder_err *err)
{
    struct order *order = data;
    (void)outcome;
    (void)err;
    order->ids[order->count++] = id;
    return PONDER_OK;
}

static void a_verifier_that_waits_for_others_holds_up_nobody(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.behind = "Q0:", .text = "good"},
                                             {.behind = "Q1:", .text = "good\n"},
                                             {.behind = "good\n", .text = "right"}};
    struct slow slow = {.looks = 40};
    struct verifier waiting = {.ops = &slow_ops, .data = &slow};
    for (int closed = 0; closed < 2; closed++) {
        struct fixture f;
        struct order order = {0};
        struct ponder_err err = {0};
        struct driver *driver;
        struct search_options options;
        uint64_t id;
        int64_t open = 2;
        slow = (struct slow){.looks = closed ? 1000000 : 40};
        setup(&f, replies, 3);
        assert_int_equal(search_options_of(&options, search_find("beam"), 2, "width=2", &err), PONDER_OK);
        struct driver_plan plan = {
            .ops = search_find("beam"), .options = &options, .verifier = &waiting, .sampling = &f.sampling};
        struct driver_plan quick = plan;
        quick.verifier = &reader;
        f.questions[0].plan = &plan;
        f.questions[1].plan = &quick;
        const struct driver_settings settings = {.engine = f.engine, .clock = &f.clock};
        const struct driver_listener listener = {.done = keep_order, .data = &order};
        assert_int_equal(driver_open(&driver, &settings, &err), PONDER_OK);
        for (int q = 0; q < 2; q++)
            assert_int_equal(driver_add(driver, &f.questions[q], &listener, &id, &err), PONDER_OK);
        while (open > (closed ? 1 : 0))
            open = driver_step(driver, 0.01, &err);
        assert_int_equal(order.ids[0], 1);
        assert_int_equal(order.count, closed ? 1 : 2);
        driver_close(driver);
        assert_int_equal(slow.stopped, 1);
        assert_int_equal(scripted_node_count(f.engine), 0);
        verifier_release(&waiting);
        waiting = (struct verifier){.ops = &slow_ops, .data = &slow};
        teardown(&f);
    }
}

/* ---- solutions that are there already ---- */

static bool recall_kept(void *data, int64_t i, struct driver_recalled *out)
{
    const struct kept *kept = data;
    *out = (struct driver_recalled){.text = kept->texts[i],
                                    .len = kept->texts[i] ? strlen(kept->texts[i]) : 0,
                                    .token_count = 3,
                                    .logprob = -0.5,
                                    .finish = ENGINE_FINISH_END};
    return kept->texts[i] != NULL;
}

static int note_ended(void *data, int64_t question, const struct tree_node *node, struct ponder_err *err)
{
    struct fixture *f = data;
    (void)question;
    (void)err;
    f->kept.ended[f->kept.count++] = node->ordinal;
    return PONDER_OK;
}

static void solutions_that_are_there_are_not_asked_for_again(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.behind = ":", .times = 2, .text = "half"},
                                             {.text = "none left"}};
    struct search_options options;
    struct ponder_err err = {0};
    struct fixture f;
    setup(&f, replies, 2);
    f.kept = (struct kept){.texts = {"right", NULL, "bad", NULL}};
    assert_int_equal(search_options_of(&options, search_find("best_of_n"), 4, "", &err), PONDER_OK);
    struct driver_plan plan = {
        .ops = search_find("best_of_n"), .options = &options, .verifier = &reader, .sampling = &f.sampling};
    f.questions[0].plan = &plan;
    f.questions[0].recall = recall_kept;
    f.questions[0].recall_data = &f.kept;
    struct driver_run_settings settings = {.clock = &f.clock};
    struct driver_run_listener listener = {
        .question_done = keep_outcome, .solution_ended = note_ended, .data = &f};
    assert_int_equal(driver_run(f.engine, f.questions, 1, &settings, &listener, &f.result, &err), PONDER_OK);
    text_is(&f, 0, "right");
    assert_int_equal(f.solutions[0].nodes, 1 + 4);
    assert_int_equal(f.solutions[0].cost.generations, 4);
    assert_int_equal(f.solutions[0].cost.generated_tokens, 3 + 3 + 5 + 5); /* what it cost, then and now .. */
    assert_int_equal(f.result.ledger.generated_tokens, 5 + 5);             /* .. and now */
    assert_int_equal(f.kept.count, 2);
    assert_int_equal(f.kept.ended[0] + f.kept.ended[1], 1 + 3);
    teardown(&f);
}

/* ---- one strategy after another ---- */

struct scout {
    bool asked;
};

static int scout_propose(struct search *search)
{
    struct scout *scout = search->state;
    if (scout->asked || search->pending > 0)
        return SEARCH_WAIT;
    scout->asked = true;
    struct search_options beam;
    if (search_options_of(&beam, search_find("beam"), 4, "width=2", NULL))
        return PONDER_E_MEMORY;
    search_become(search, search_find("beam"), &beam);
    return search_ask(search, (struct search_ask){.count = 3, .unit = SEARCH_SOLUTION});
}

static int scout_observe(struct search *search, int32_t node)
{
    (void)search;
    (void)node;
    return PONDER_OK;
}

static int scout_prepare(struct search_options *options, struct ponder_err *err)
{
    (void)options;
    (void)err;
    return PONDER_OK;
}

static int64_t scout_generations(const struct search_options *options)
{
    return options->n;
}

static const struct search_ops scout_ops = {.name = "scout",
                                            .state_size = sizeof(struct scout),
                                            .prepare = scout_prepare,
                                            .generations = scout_generations,
                                            .propose = scout_propose,
                                            .observe = scout_observe};

static void a_strategy_hands_its_tree_over_to_another(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.behind = ":", .times = 3, .text = "half"},
                                             {.behind = ":", .times = 4, .text = "good\n"},
                                             {.behind = "good\n", .text = "right"}};
    struct fixture f;
    struct search_options options = {.n = 3};
    struct ponder_err err = {0};
    setup(&f, replies, 3);
    struct driver_plan plan = {
        .ops = &scout_ops, .options = &options, .verifier = &reader, .sampling = &f.sampling};
    f.questions[0].plan = &plan;
    struct driver_run_settings settings = {.clock = &f.clock};
    struct driver_run_listener listener = {.question_done = keep_outcome, .data = &f};
    assert_int_equal(driver_run(f.engine, f.questions, 1, &settings, &listener, &f.result, &err), PONDER_OK);
    text_is(&f, 0, "good\nright");
    assert_int_equal(f.solutions[0].nodes, 1 + 3 + 4 + 4); /* what the scout found is there too */
    assert_int_equal(f.solutions[0].cost.generations, 3 + 4);
    assert_int_equal(f.solutions[0].rounds, 3);
    teardown(&f);
}

/* What was cut off votes with a whole box, and with nothing else. */
static void a_text_that_was_cut_off_is_a_solution_where_its_box_is_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tree_end end;
    } rows[] = {{"so \\boxed{1}", TREE_ENDED},
                {"\\boxed{2}, as", TREE_CUT},
                {"it is \\boxed{2", TREE_CUT},
                {"3. The answer is 7", TREE_CUT},
                {"again \\boxed{2} or", TREE_CUT}};
    int32_t nodes[8], node;
    int64_t count;
    struct tree tree;
    assert_int_equal(tree_init(&tree, 1), PONDER_OK);
    for (int i = 0; i < 5; i++) {
        int32_t at = tree_add(&tree, 0);
        assert_int_equal(tree_append(&tree, at, rows[i].text, strlen(rows[i].text)), PONDER_OK);
        tree.nodes[at].end = rows[i].end;
    }
    for (int any = 0; any < 2; any++) {
        enum answer_mode mode = any ? ANSWER_ANY_SIGN : ANSWER_BOX_ONLY;
        assert_int_equal(search_solutions(&tree, mode, nodes, &count), PONDER_OK);
        assert_int_equal(count, 3);
        assert_int_equal(search_choose(&tree, SEARCH_WEIGHTED, mode, &node), PONDER_OK);
        assert_int_equal(node, 2);
    }
    tree_release(&tree);
}

/* ---- random streams ---- */

/* Passes everything on, and notes the streams. */
struct recorder {
    struct engine engine;
    struct engine *inner;
    uint64_t streams[64];
    int count;
};

static int recorder_prompt(struct engine *engine, int64_t parent, const char *text, size_t len, int64_t *out,
                           struct ponder_err *err)
{
    return engine_prompt(((struct recorder *)engine)->inner, parent, text, len, out, err);
}

static void recorder_node_release(struct engine *engine, int64_t node)
{
    engine_node_release(((struct recorder *)engine)->inner, node);
}

static int recorder_submit(struct engine *engine, const struct engine_request *request,
                           struct ponder_err *err)
{
    struct recorder *recorder = (struct recorder *)engine;
    assert_true(recorder->count < 64);
    recorder->streams[recorder->count++] = request->stream;
    return engine_submit(recorder->inner, request, err);
}

static void recorder_cancel(struct engine *engine, int64_t tag)
{
    engine_cancel(((struct recorder *)engine)->inner, tag);
}

static int recorder_step(struct engine *engine, double wait_s, struct ponder_err *err)
{
    return engine_step(((struct recorder *)engine)->inner, wait_s, err);
}

static bool recorder_take(struct engine *engine, struct engine_result *out)
{
    return engine_take(((struct recorder *)engine)->inner, out);
}

static void recorder_usage(const struct engine *engine, struct engine_usage *out)
{
    engine_usage_get(((const struct recorder *)engine)->inner, out);
}

static const struct engine_ops recorder_ops = {.prompt = recorder_prompt,
                                               .node_release = recorder_node_release,
                                               .submit = recorder_submit,
                                               .cancel = recorder_cancel,
                                               .step = recorder_step,
                                               .take = recorder_take,
                                               .usage = recorder_usage};

static bool among(uint64_t stream, const uint64_t *streams, int count)
{
    for (int i = 0; i < count; i++)
        if (streams[i] == stream)
            return true;
    return false;
}

static void every_candidate_draws_from_a_stream_of_its_own_whatever_is_beside_it(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {
        {.behind = "b\n", .text = "right"}, {.behind = "a\n", .text = "b\n"}, {.text = "a\n"}};
    struct fixture f;
    setup(&f, replies, 3);
    struct recorder both = {.engine = {&recorder_ops, f.engine->can}, .inner = f.engine};
    assert_int_equal(run_with(&f, &both.engine, 2, 2, NULL, NULL), PONDER_OK);
    assert_int_equal(both.count, 2 * 3 * 2);
    for (int i = 0; i < both.count; i++)
        assert_false(among(both.streams[i], both.streams, i));
    forget(&f);

    struct recorder alone = {.engine = {&recorder_ops, f.engine->can}, .inner = f.engine};
    assert_int_equal(run_with(&f, &alone.engine, 1, 2, NULL, NULL), PONDER_OK);
    assert_int_equal(alone.count, 3 * 2);
    for (int i = 0; i < alone.count; i++)
        assert_true(among(alone.streams[i], both.streams, both.count));
    teardown(&f);
}

/* ---- particles ---- */

/* Of the steps "half" and the rest, as read_score() has it: odds of 1 against what is nearly 0 or endless. */
static void particles_stand_where_the_verifier_likes_it(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.behind = ":", .times = 3, .text = "bad\n"},
                                             {.behind = ":", .times = 1, .text = "good\n"},
                                             {.behind = "good\n", .text = "right"}};
    struct fixture f;
    setup(&f, replies, 3);
    f.strategy = "particles";
    search_width(&f, 1, 4, 0);
    text_is(&f, 0, "good\nright");
    assert_int_equal(f.solutions[0].rounds, 2);
    assert_int_equal(f.solutions[0].nodes, 1 + 4 + 4); /* all four behind the good one */
    teardown(&f);
}

/* Two that are equally good keep two particles each, whatever is drawn. */
static void equal_particles_keep_their_numbers(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.behind = ":", .times = 2, .text = "a half\n"},
                                             {.behind = ":", .times = 2, .text = "b half\n"},
                                             {.behind = "a half\n", .times = 2, .text = "right"},
                                             {.behind = "b half\n", .times = 2, .text = "right"}};
    struct fixture f;
    for (int64_t key = 0; key < 20; key++) {
        setup(&f, replies, 4);
        f.questions[0].prompt.key = (uint64_t)key;
        f.strategy = "particles";
        search_width(&f, 1, 4, 0);
        assert_int_equal(f.solutions[0].nodes, 1 + 4 + 4);
        assert_false(f.solutions[0].failed);
        teardown(&f);
    }
}

/* What stands behind a bad step. */
static int count_wrong(void *data, int64_t question, const struct driver_outcome *outcome,
                       struct ponder_err *err)
{
    int64_t *wrong = data;
    (void)question;
    (void)err;
    for (int32_t i = 1; i < outcome->tree->count; i++)
        *wrong += strcmp(outcome->tree->nodes[i].text, "wrong") == 0;
    return PONDER_OK;
}

/* With a floor for the entropy a bad step keeps some of its particles. */
static void tempered_particles_do_not_die_out_at_once(void **state)
{
    (void)state;
    const struct scripted_reply replies[] = {{.behind = ":", .times = 4, .text = "bad\n"},
                                             {.behind = ":", .times = 4, .text = "good\n"},
                                             {.behind = "good\n", .text = "right"},
                                             {.behind = "bad\n", .text = "wrong"}};
    static const char *const own[] = {"entropy=0", "entropy=0.95"};
    for (int tempered = 0; tempered < 2; tempered++) {
        struct search_options options;
        struct ponder_err err = {0};
        struct fixture f;
        int64_t wrong = 0;
        setup(&f, replies, 4);
        const struct search_ops *ops = search_find("particles");
        assert_int_equal(search_options_of(&options, ops, 8, own[tempered], &err), PONDER_OK);
        struct driver_plan plan = {
            .ops = ops, .options = &options, .verifier = &reader, .sampling = &f.sampling};
        f.questions[0].plan = &plan;
        struct driver_run_settings settings = {.clock = &f.clock};
        struct driver_run_listener listener = {.question_done = count_wrong, .data = &wrong};
        assert_int_equal(driver_run(f.engine, f.questions, 1, &settings, &listener, &f.result, &err),
                         PONDER_OK);
        assert_true(tempered ? wrong > 0 && wrong < 4 : wrong == 0);
        teardown(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_step_is_kept_and_the_others_are_released),
        cmocka_unit_test(a_thought_is_one_step_however_many_lines_it_has),
        cmocka_unit_test(an_empty_line_is_no_step_of_its_own),
        cmocka_unit_test(of_equal_scores_a_solved_one_then_the_most_sampled_then_the_first_is_kept),
        cmocka_unit_test(the_order_of_finishing_changes_nothing),
        cmocka_unit_test(a_solution_without_an_end_stops_after_40_rounds),
        cmocka_unit_test(the_token_limit_is_of_the_whole_solution),
        cmocka_unit_test(a_failed_request_is_a_candidate_less),
        cmocka_unit_test(when_every_question_fails_the_first_reason_is_told),
        cmocka_unit_test(a_slow_question_holds_up_no_other),
        cmocka_unit_test(questions_of_different_plans_come_to_what_each_comes_to_alone),
        cmocka_unit_test(a_verifier_that_fails_for_one_question_ends_that_one_alone),
        cmocka_unit_test(what_a_failing_verifier_leaves_is_told),
        cmocka_unit_test(a_prompt_that_does_not_fit_ends_its_question_alone),
        cmocka_unit_test(the_best_of_all_candidates_are_kept),
        cmocka_unit_test(a_step_sampled_often_holds_as_many_beams),
        cmocka_unit_test(groups_of_a_diverse_search_do_not_crowd_each_other_out),
        cmocka_unit_test(groups_that_begin_alike_stay_groups),
        cmocka_unit_test(beams_that_do_not_come_out_even_are_refused),
        cmocka_unit_test(particles_stand_where_the_verifier_likes_it),
        cmocka_unit_test(equal_particles_keep_their_numbers),
        cmocka_unit_test(tempered_particles_do_not_die_out_at_once),
        cmocka_unit_test(a_result_is_chosen_among_the_solutions_that_ended),
        cmocka_unit_test(a_verifier_that_waits_for_others_holds_up_nobody),
        cmocka_unit_test(solutions_that_are_there_are_not_asked_for_again),
        cmocka_unit_test(a_strategy_hands_its_tree_over_to_another),
        cmocka_unit_test(a_text_that_was_cut_off_is_a_solution_where_its_box_is_whole),
        cmocka_unit_test(every_candidate_draws_from_a_stream_of_its_own_whatever_is_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
