/* What every strategy keeps to, whatever it searches: one set of tests for all of search.def. */
#include <math.h>
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

#include "core/rng.h"
#include "engine/scripted.h"
#include "driver/driver.h"
#include "session/plan.h"
#include "sampling_fixture.h"

/* A verifier whose score is a hash of the text, and that fails, or says nothing, where it is told to. */
struct judge {
    bool fails, zero;
    int64_t read, steps; /* bytes; items that were no whole solutions */
    double flops_per_token;
};

static int judge_score(struct verifier *v, struct verifier_item *items, int64_t count,
                       const struct deadline *deadline, struct ponder_err *err)
{
    struct judge *judge = v->data;
    (void)err;
    if (judge->fails)
        return PONDER_E_ENGINE;
    for (int64_t i = 0; i < count && !deadline_passed(deadline); i++) {
        struct verifier_item *item = &items[i];
        double flops = judge->flops_per_token * (double)item->len;
        if ((int64_t)item->len > item->of->tokens_left || flops > item->of->flops_left)
            continue;
        if (item->of->tokens_left != VERIFIER_TOKENS_ANY)
            item->of->tokens_left -= (int64_t)item->len;
        item->of->flops_left -= flops;
        item->of->cost.verifier_tokens += (int64_t)item->len;
        item->of->cost.flops += flops;
        judge->read += (int64_t)item->len;
        judge->steps += !item->ended;
        item->scores[0] = judge->zero ? 0 : (float)(hash_bytes(item->text, item->len) % 1000) / 1000;
        item->count = 1;
        item->whole = true;
    }
    return PONDER_OK;
}

/* A byte is a token, and the question is none of the text. */
static void judge_reading(struct verifier *v, const struct verifier_case *question,
                          struct verifier_reading *out)
{
    (void)v;
    (void)question;
    *out = (struct verifier_reading){0};
}

static double judge_flops(const struct verifier *v, int64_t first, int64_t count)
{
    const struct judge *judge = v->data;
    (void)first;
    return judge->flops_per_token * (double)count;
}

static const struct verifier_ops judge_ops = {
    .name = "judge", .rereads = true, .score = judge_score, .reading = judge_reading, .flops = judge_flops};

static double ticking_now_s(void *data)
{
    double *now = data;
    return *now += 0.001;
}

struct fixture {
    double now;
    struct clock clock;
    struct engine *engine;
    struct judge judge;
    struct verifier verifier;
    struct ponder_sampling sampling;
    int64_t n, width, lookahead;
    struct budget budget;
    int64_t told, solved;
    uint64_t tree;
    int64_t unscored;   /* solutions that ended */
    int64_t stop_after; /* looks of the watch; -1: never */
    struct ponder_ledger cost;
    struct driver_result result;
};

static const struct scripted_reply lines[] = {
    {.when = "a\nb\n", .times = 0, .text = "so \\boxed{1}"},
    {.behind = ":", .times = 3, .text = "a\n"},
    {.behind = ":", .times = 1, .text = "z \\boxed{2}"},
    {.behind = ":", .text = "c\n"},
    {.behind = "a\n", .text = "b\n"},
    {.behind = "c\n", .text = "d \\boxed{3}"},
};
static const struct scripted_reply slow_lines[] = {
    {.when = "a\nb\n", .times = 0, .text = "so \\boxed{1}", .delay_s = 0.3},
    {.behind = ":", .text = "a\n", .delay_s = 0.1},
    {.behind = "a\n", .text = "b\n", .delay_s = 0.2},
};
static const struct scripted_reply nothing[] = {{.text = NULL, .error = "connection lost"}};
static const struct scripted_reply half_way[] = {{.behind = ":", .text = "a\n"},
                                                 {.text = NULL, .error = "connection lost"}};

static void setup(struct fixture *f, const struct scripted_reply *replies, int count)
{
    *f = (struct fixture){.stop_after = -1, .n = 8, .width = 4, .lookahead = 2};
    f->clock = (struct clock){ticking_now_s, &f->now};
    f->verifier = (struct verifier){.ops = &judge_ops, .hash = 1};
    f->judge.flops_per_token = 1;
    struct scripted_options options = {
        .replies = replies, .reply_count = count, .clock = &f->clock, .flops_per_token = 1};
    assert_int_equal(scripted_open(&f->engine, &options, NULL), PONDER_OK);
    f->sampling = plain_sampling();
    f->sampling.max_tokens = 100;
}

/* Of what a search left: texts, places, scores, what was kept. */
static uint64_t hash_tree(const struct tree *tree)
{
    uint64_t hash = 0;
    for (int32_t i = 1; i < tree->count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        double score = isnan(node->score) ? -1 : node->score;
        hash = rng_key(hash, hash_bytes(node->text, node->len));
        hash = rng_key(hash, hash_bytes(&score, sizeof score));
        hash = rng_key(rng_key(hash, (uint64_t)node->parent), (uint64_t)node->same_as);
        hash = rng_key(rng_key(hash, (uint64_t)node->repeats), node->kept + 2u * node->rollout);
    }
    return hash;
}

static int tell(void *data, int64_t question, const struct driver_outcome *outcome, struct ponder_err *err)
{
    struct fixture *f = data;
    int32_t node;
    (void)question;
    (void)err;
    f->told++;
    f->tree = hash_tree(outcome->tree);
    f->cost = outcome->cost;
    assert_int_equal(search_choose(outcome->tree, SEARCH_WEIGHTED, ANSWER_BOX_ONLY, &node), PONDER_OK);
    f->solved += node > 0 && outcome->tree->nodes[node].end == TREE_ENDED;
    for (int32_t i = 1; i < outcome->tree->count; i++) {
        const struct tree_node *ended = &outcome->tree->nodes[i];
        f->unscored += ended->end == TREE_ENDED && ended->same_as < 0 && isnan(ended->score);
    }
    return PONDER_OK;
}

static bool watch_stops(const struct ponder_progress *progress, void *data)
{
    struct fixture *f = data;
    (void)progress;
    return f->stop_after < 0 || f->stop_after-- > 0;
}

static int run(struct fixture *f, const struct search_ops *ops, const char *prompt, struct ponder_err *err)
{
    struct search_options options;
    char own[64] = "";
    struct driver_run_listener listener = {.question_done = tell, .data = f};
    struct ponder_watch watch = {.progress = watch_stops, .data = f};
    f->verifier.data = &f->judge;
    if (search_options_has(ops, "width"))
        snprintf(own, sizeof own, "width=%lld", (long long)f->width);
    if (search_options_has(ops, "lookahead"))
        snprintf(own, sizeof own, "width=%lld,lookahead=%lld", (long long)f->width, (long long)f->lookahead);
    assert_int_equal(search_options_of(&options, ops, f->n, own, err), PONDER_OK);
    struct driver_plan plan = {.ops = ops,
                               .options = &options,
                               .verifier = &f->verifier,
                               .budget = f->budget,
                               .partial = true,
                               .sampling = &f->sampling};
    struct revision revision = {.first = {.text = prompt, .len = strlen(prompt), .key = 7},
                                .between = {.text = "\nagain:", .len = 7},
                                .shown_max = 2};
    struct driver_question question = {
        .prompt = revision.first, .problem = "problem", .plan = &plan, .revision = &revision};
    struct driver_run_settings settings = {&f->clock, &watch, f->sampling.timeout_s};
    int status = driver_run(f->engine, &question, 1, &settings, &listener, &f->result, err);
    assert_int_equal(scripted_node_count(f->engine), 0);
    return status;
}

#define WITH_EVERY(f, script, body)                                                                          \
    for (int at = 0; search_at(at); at++) {                                                                  \
        const struct search_ops *ops = search_at(at);                                                        \
        struct fixture f;                                                                                    \
        struct ponder_err err = {0};                                                                         \
        setup(&f, script, (int)(sizeof(script) / sizeof *(script)));                                         \
        body engine_release(f.engine);                                                                       \
    }

/* The trees of a fixed script: a change here is a change of what every stored run was made by. */
static void every_strategy_grows_the_tree_that_it_always_grew(void **state)
{
    (void)state;
    static const struct {
        const char *strategy;
        uint64_t tree;
    } rows[] = {
        {"best_of_n", 0x47f21d493650a408}, {"beam", 0x2b3b727baf05fc76},
        {"lookahead", 0x7f6ec59502d2db29}, {"dvts", 0x7c31d22c65236cf3},
        {"particles", 0x8c02306c5ee191a4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        struct ponder_err err = {0};
        setup(&f, lines, (int)(sizeof lines / sizeof *lines));
        assert_int_equal(run(&f, search_find(rows[i].strategy), "Q:", &err), PONDER_OK);
        if (f.tree != rows[i].tree)
            fail_msg("%s: the tree is 0x%016llx", rows[i].strategy, (unsigned long long)f.tree);
        engine_release(f.engine);
    }
}

static void a_search_ends_with_a_solution(void **state)
{
    (void)state;
    WITH_EVERY(f, lines, {
        assert_int_equal(run(&f, ops, "Q:", &err), PONDER_OK);
        assert_int_equal(f.told, 1);
        assert_int_equal(f.solved, 1);
        assert_int_equal(f.result.ledger.verifier_tokens, f.judge.read);
        assert_int_equal(f.judge.steps > 0, ops->by_steps && ops != search_find("lookahead"));
        assert_int_equal(f.result.ledger.generated_tokens, f.cost.generated_tokens);
        assert_int_equal(f.result.ledger.prompt_tokens, f.cost.prompt_tokens);
    })
}

static void a_budget_of_one_generation_is_a_search_of_one(void **state)
{
    (void)state;
    WITH_EVERY(f, lines, {
        f.budget.generations = 1;
        assert_int_equal(run(&f, ops, "Q:", &err), PONDER_OK);
        assert_int_equal(f.result.ledger.generations, 1);
        assert_int_equal(f.solved, 1);
    })
}

static void a_budget_below_the_width_is_kept(void **state)
{
    (void)state;
    for (int64_t most = 1; most < 30; most++)
        WITH_EVERY(f, lines, {
            f.budget.generations = most;
            assert_int_equal(run(&f, ops, "Q:", &err), PONDER_OK);
            assert_in_range(f.result.ledger.generations, 1, most);
            assert_int_equal(f.solved, 1);
        })
}

static void when_all_branches_die_there_is_still_an_outcome(void **state)
{
    (void)state;
    WITH_EVERY(f, lines, {
        f.judge.zero = true;
        assert_int_equal(run(&f, ops, "Q:", &err), PONDER_OK);
        assert_int_equal(f.told, 1);
    })
    WITH_EVERY(f, half_way, {
        int status = run(&f, ops, "Q:", &err); /* whole samples go on to their end */
        assert_true(status == PONDER_OK || status == PONDER_E_ENGINE);
        assert_int_equal(f.told, 1);
    })
}

static void an_engine_that_fails_is_an_error_with_its_reason(void **state)
{
    (void)state;
    WITH_EVERY(f, nothing, {
        assert_int_equal(run(&f, ops, "Q:", &err), PONDER_E_ENGINE);
        assert_non_null(strstr(err.message, "connection lost"));
    })
}

static void a_verifier_that_fails_is_an_error(void **state)
{
    (void)state;
    WITH_EVERY(f, lines, {
        f.judge.fails = true;
        assert_int_equal(run(&f, ops, "Q:", &err), PONDER_E_ENGINE);
    })
}

static void a_search_can_be_stopped_at_every_step(void **state)
{
    (void)state;
    for (int64_t looks = 0; looks < 30; looks++)
        WITH_EVERY(f, lines, {
            f.stop_after = looks;
            assert_int_equal(run(&f, ops, "Q:", &err), PONDER_OK);
            assert_in_range(f.told, looks > 0, 1);
        })
}

static void an_empty_question_is_searched_as_any(void **state)
{
    (void)state;
    static const struct scripted_reply any[] = {{.text = "\\boxed{1}"}};
    WITH_EVERY(f, any, {
        assert_int_equal(run(&f, ops, "", &err), PONDER_OK);
        assert_int_equal(f.solved, 1);
    })
}

static void a_budget_that_is_gone_leaves_an_end(void **state)
{
    (void)state;
    static const struct scripted_reply endless[] = {{.behind = "?", .text = "and\n"},
                                                    {.times = 0, .behind = "and\n", .text = "and\n"}};
    WITH_EVERY(f, endless, {
        f.budget.tokens = 160;
        f.sampling.max_tokens = 40;
        assert_int_equal(run(&f, ops, "Q?", &err), PONDER_OK);
        assert_true(f.cost.prompt_tokens + f.cost.generated_tokens + f.cost.verifier_tokens <= 160);

        assert_int_equal(f.solved, 1); /* without the line's end to stop at, the script's text is an end */
    })
}

/* A thousand of them, of generations, tokens, FLOPs and seconds, on every strategy in turn; and what has
 * ended has been judged. */
static void no_budget_is_ever_passed_or_leaves_solutions_unjudged(void **state)
{
    (void)state;
    static const double prices[] = {0.25, 1, 4}; /* of a smaller verifier, an equal one, a larger one */
    struct rng rng;
    rng_init(&rng, 5);
    for (int i = 0; i < 1000; i++) {
        int count = 0;
        struct fixture f;
        struct ponder_err err = {0};
        while (search_at(count))
            count++;
        int kind = (int)(rng_next(&rng) % 4);
        setup(&f, kind == 3 ? slow_lines : lines, kind == 3 ? 3 : (int)(sizeof lines / sizeof *lines));
        int64_t width = 1 + (int64_t)(rng_next(&rng) % 4);
        f.width = width;
        f.n = width * (1 + (int64_t)(rng_next(&rng) % 8));
        f.lookahead = (int64_t)(rng_next(&rng) % 4);
        f.verifier.hash = rng_next(&rng) % 2;
        f.judge.flops_per_token = f.verifier.hash ? prices[rng_next(&rng) % 3] : 0;
        int64_t most = 1 + (int64_t)(rng_next(&rng) % (kind == 0 ? 20 : 1000));
        f.budget = (struct budget){kind == 0 ? most : 0, kind == 1 ? most : 0, kind == 2 ? (double)most : 0,
                                   kind == 3 ? (double)most / 250 : 0};
        assert_int_equal(run(&f, search_at(i % count), "Q:", &err), PONDER_OK);
        const struct ponder_ledger *spent = &f.result.ledger;
        int64_t tokens = spent->generated_tokens + spent->verifier_tokens + f.cost.prompt_tokens;
        assert_true(kind != 0 || spent->generations <= most);
        assert_true(kind != 1 || tokens <= most);
        assert_true(kind != 2 || f.cost.flops <= (double)most);
        assert_true(!f.verifier.hash || kind == 3 || f.unscored == 0);
        assert_true(kind != 3 || spent->seconds <= (double)most / 250 + 0.2);
        assert_int_equal(spent->generated_tokens, f.cost.generated_tokens);
        assert_int_equal(spent->verifier_tokens, f.judge.read);
        engine_release(f.engine);
    }
}

/* What it reads would be free otherwise. */
static void a_budget_in_flops_wants_a_verifier_whose_price_is_known(void **state)
{
    (void)state;
    static const struct verifier_ops unknown = {.name = "unknown", .score = judge_score};
    struct engine engine = {.can = ENGINE_CAN_CONTINUE | ENGINE_CAN_STOP | ENGINE_CAN_FLOPS};
    struct verifier verifier = {.ops = &unknown, .hash = 1};
    struct search_plan plan = {.ops = search_find("beam"), .budget = {.flops = 1e9}, .verifier = &verifier};
    struct ponder_err err = {0};
    assert_int_equal(search_plan_check(&plan, &engine, &err), PONDER_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "'unknown'"));
    verifier.ops = &judge_ops;
    assert_int_equal(search_plan_check(&plan, &engine, &err), PONDER_OK);
    verifier.ops = &unknown;
    plan.budget = (struct budget){.tokens = 1000};
    assert_int_equal(search_plan_check(&plan, &engine, &err), PONDER_OK);
}

static void a_deadline_is_kept_and_leaves_time_to_judge(void **state)
{
    (void)state;
    static const struct scripted_reply slow[] = {
        {.behind = ":", .times = 4, .text = "\\boxed{1}", .delay_s = 0.5}, {.text = "x\n", .delay_s = 1e6}};
    WITH_EVERY(f, slow, {
        f.budget.seconds = 2;
        assert_int_equal(run(&f, ops, "Q:", &err), PONDER_OK);
        assert_true(f.result.ledger.seconds <= 2.2);
        assert_int_equal(f.told, 1);
        assert_int_equal(f.solved, 1);
    })
}

static void budgets_are_read_or_refused_with_an_example(void **state)
{
    (void)state;
    struct budget budget;
    struct ponder_err err = {0};
    assert_int_equal(budget_parse("64g,20000t,1e12f,2.5s", &budget, &err), PONDER_OK);
    assert_int_equal(budget.generations, 64);
    assert_int_equal(budget.tokens, 20000);
    assert_true(budget.flops == 1e12 && budget.seconds == 2.5);
    assert_int_equal(budget_parse("", &budget, &err), PONDER_OK);
    static const char *const bad[] = {"64",  "g",   "-1g", "0t",   "1.5g", "5s,",
                                      ",5s", "5 s", "5x",  "nang", "1e30t"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(budget_parse(bad[i], &budget, &err), PONDER_E_ARGUMENT);
        assert_non_null(strstr(err.message, "64g"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_strategy_grows_the_tree_that_it_always_grew),
        cmocka_unit_test(a_search_ends_with_a_solution),
        cmocka_unit_test(a_budget_of_one_generation_is_a_search_of_one),
        cmocka_unit_test(a_budget_below_the_width_is_kept),
        cmocka_unit_test(when_all_branches_die_there_is_still_an_outcome),
        cmocka_unit_test(an_engine_that_fails_is_an_error_with_its_reason),
        cmocka_unit_test(a_verifier_that_fails_is_an_error),
        cmocka_unit_test(a_search_can_be_stopped_at_every_step),
        cmocka_unit_test(an_empty_question_is_searched_as_any),
        cmocka_unit_test(a_budget_that_is_gone_leaves_an_end),
        cmocka_unit_test(no_budget_is_ever_passed_or_leaves_solutions_unjudged),
        cmocka_unit_test(a_budget_in_flops_wants_a_verifier_whose_price_is_known),
        cmocka_unit_test(a_deadline_is_kept_and_leaves_time_to_judge),
        cmocka_unit_test(budgets_are_read_or_refused_with_an_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
