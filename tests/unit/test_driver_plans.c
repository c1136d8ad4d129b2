/* Questions of many plans in one driver, over the shipped models: each comes to what it comes to alone, bit
 * by bit, and those that go wrong end alone. PONDER_TEST_QUESTIONS: how many, 8 if it is not set. */
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

#include "core/clock.h"
#include "core/err.h"
#include "core/rng.h"
#include "engine/local.h"
#include "eval/prompts.h"
#include "model/ponder_model.h"
#include "ponder/model.h"
#include "driver/driver.h"
#include "sampling_fixture.h"

#define BASE "models/pocket-base.gguf"

enum { PLANS = 8, ODD = 2 /* questions that go wrong */ };

static const struct row {
    const char *search, *own, *verifier, *budget;
    int64_t n;
} rows[PLANS] = {
    {"best_of_n", "", "vote", "", 4},       {"best_of_n", "", "orm", "", 4},
    {"best_of_n", "", "prm", "2500t", 8},   {"beam", "width=2", "prm", "", 4},
    {"beam", "width=4", "oracle", "3g", 8}, {"lookahead", "width=2,lookahead=1", "prm", "", 4},
    {"dvts", "width=2", "prm", "8e9f", 8},  {"particles", "ess=0.7,entropy=0.3", "prm", "", 4},
};

/* A verifier that never answers. */
static int no_score(struct verifier *v, struct verifier_item *items, int64_t count,
                    const struct deadline *deadline, struct ponder_err *err)
{
    (void)v;
    (void)items;
    (void)count;
    (void)deadline;
    return err_set(err, PONDER_E_ENGINE, "nobody answers");
}

static const struct verifier_ops silent_ops = {.name = "silent", .score = no_score};

struct fixture {
    struct ponder_model *model;
    struct engine *engine;
    struct questions questions;
    struct prompt *prompts;
    char *endless;
    struct ponder_sampling sampling;
    struct verifier verifiers[PLANS], silent;
    struct search_options options[PLANS];
    struct driver_plan plans[PLANS], odd;
    struct driver_question *asked; /* (count + ODD) */
    struct ending *together, *alone;
    int64_t count;
};

/* What a question came to: a hash of its tree, and its outcome. */
struct ending {
    uint64_t tree;
    int64_t nodes;
    bool failed;
    char failure[64];
    struct ponder_ledger cost;
};

static uint64_t hash_number(uint64_t hash, double number)
{
    return rng_key(hash, hash_bytes(&number, sizeof number));
}

static uint64_t hash_tree(const struct tree *tree)
{
    uint64_t hash = 0;
    for (int32_t i = 1; i < tree->count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        hash = rng_key(hash, hash_bytes(node->text, node->len));
        hash = rng_key(rng_key(hash, (uint64_t)node->parent), (uint64_t)node->kept);
        hash = hash_number(hash, isnan(node->score) ? -1 : node->score);
        hash = hash_number(hash, isnan(node->total) ? -1 : node->total);
        hash = hash_number(hash, isnan(node->logprob) ? 1 : node->logprob);
    }
    return hash;
}

static int keep(void *data, int64_t question, const struct driver_outcome *outcome, struct ponder_err *err)
{
    struct ending *ending = (struct ending *)data + question;
    (void)err;
    *ending = (struct ending){.tree = hash_tree(outcome->tree),
                              .nodes = outcome->tree->count,
                              .failed = outcome->failed,
                              .cost = outcome->cost};
    snprintf(ending->failure, sizeof ending->failure, "%.63s", outcome->failure);
    return PONDER_OK;
}

static void must(int status, const struct ponder_err *err)
{
    if (status)
        fail_msg("%s", err->message);
}

static void open_models(struct fixture *f, struct ponder_err *err)
{
    /* of one thread each: on a busy machine several of them wait for each other */
    struct local_options local = {.threads = 1, .exact = true};
    const struct verifier_options options = {.threads = 1, .exact = true};
    must(ponder_model_open(&f->model, BASE, err), err);
    must(local_open(&f->engine, f->model->lm, &local, err), err);
    for (int p = 0; p < PLANS; p++)
        must(verifier_open(&f->verifiers[p], rows[p].verifier, &options, err), err);
    f->silent = (struct verifier){.ops = &silent_ops, .hash = 1};
}

static void make_plans(struct fixture *f, struct ponder_err *err)
{
    f->sampling = plain_sampling();
    f->sampling.temperature = 0.8;
    f->sampling.max_tokens = 200;
    for (int p = 0; p < PLANS; p++) {
        const struct search_ops *ops = search_find(rows[p].search);
        f->plans[p] = (struct driver_plan){
            .ops = ops, .options = &f->options[p], .verifier = &f->verifiers[p], .sampling = &f->sampling};
        must(search_options_of(&f->options[p], ops, rows[p].n, rows[p].own, err), err);
        must(budget_parse(rows[p].budget, &f->plans[p].budget, err), err);
    }
    f->odd = f->plans[3];
    f->odd.verifier = &f->silent;
}

static void setup(struct fixture *f)
{
    enum { TOO_LONG = 100000 };
    struct ponder_err err = {0};
    const char *set = getenv("PONDER_TEST_QUESTIONS");
    char data[64];
    *f = (struct fixture){.count = set ? atoll(set) : 8};
    snprintf(data, sizeof data, "pocket:test:%lld:9", (long long)f->count);
    open_models(f, &err);
    make_plans(f, &err);
    must(questions_open(&f->questions, &(struct questions_source){.data = data}, &err), &err);
    f->prompts = calloc((size_t)f->count, sizeof *f->prompts);
    f->asked = calloc((size_t)f->count + ODD, sizeof *f->asked);
    f->together = calloc((size_t)f->count + ODD, sizeof *f->together);
    f->alone = calloc((size_t)f->count + ODD, sizeof *f->alone);
    f->endless = malloc(TOO_LONG);
    memset(f->endless, 'x', TOO_LONG);
    must(prompts_fill(f->prompts, &f->questions, &f->model->prompt, 1, &err), &err);
    for (int64_t q = 0; q < f->count; q++) {
        const struct question *question = &f->questions.items[q];
        f->asked[q] = (struct driver_question){.prompt = f->prompts[q],
                                               .problem = question->problem,
                                               .gold = question->answer,
                                               .plan = &f->plans[q % PLANS]};
    }
    f->asked[f->count] = f->asked[0];
    f->asked[f->count].plan = &f->odd;
    f->asked[f->count + 1] = f->asked[1];
    f->asked[f->count + 1].prompt = (struct prompt){.text = f->endless, .len = TOO_LONG};
}

static void teardown(struct fixture *f)
{
    for (int p = 0; p < PLANS; p++)
        verifier_release(&f->verifiers[p]);
    engine_release(f->engine);
    prompts_free(f->prompts, f->count);
    questions_release(&f->questions);
    ponder_model_release(f->model);
    free(f->asked);
    free(f->together);
    free(f->alone);
    free(f->endless);
}

static double run(struct fixture *f, int64_t from, int64_t count, struct ending *endings)
{
    struct ponder_err err = {0};
    struct driver_result result;
    const struct driver_run_settings settings = {.clock = &clock_system};
    const struct driver_run_listener listener = {.question_done = keep, .data = endings + from};
    double began_s = clock_now_s(&clock_system);
    must(driver_run(f->engine, f->asked + from, count, &settings, &listener, &result, &err), &err);
    return clock_now_s(&clock_system) - began_s;
}

static void is_the_same(const struct ending *a, const struct ending *b, int64_t question)
{
    if (a->tree != b->tree || a->nodes != b->nodes || memcmp(&a->cost, &b->cost, sizeof a->cost) != 0)
        fail_msg(
            "question %lld, plan %s %s: together %lld nodes, %lld+%lld tokens, %.17g FLOPs, tree %llx; alone "
            "%lld nodes, %lld+%lld tokens, %.17g FLOPs, tree %llx",
            (long long)question, rows[question % PLANS].search, rows[question % PLANS].verifier,
            (long long)a->nodes, (long long)a->cost.generated_tokens, (long long)a->cost.verifier_tokens,
            a->cost.flops, (unsigned long long)a->tree, (long long)b->nodes,
            (long long)b->cost.generated_tokens, (long long)b->cost.verifier_tokens, b->cost.flops,
            (unsigned long long)b->tree);
    assert_false(a->failed || b->failed);
}

static void questions_of_eight_plans_come_to_what_each_comes_to_alone(void **state)
{
    (void)state;
    struct fixture f;
    if (access(BASE, R_OK) != 0)
        skip();
    setup(&f);
    double together_s = run(&f, 0, f.count + ODD, f.together), alone_s = 0;
    for (int64_t q = 0; q < f.count; q++) {
        alone_s += run(&f, q, 1, f.alone);
        is_the_same(&f.together[q], &f.alone[q], q);
    }
    assert_true(f.together[f.count].failed);
    assert_string_equal(f.together[f.count].failure, "nobody answers");
    assert_true(f.together[f.count + 1].failed);
    assert_non_null(strstr(f.together[f.count + 1].failure, "tokens"));
    print_message("# %lld questions: together in %.2f of the time of one after another\n", (long long)f.count,
                  together_s / alone_s);
    teardown(&f);
}

/* Each plan's questions as a run of their own, one plan after another. */
static void one_driver_for_all_plans_takes_no_longer_than_one_for_each(void **state)
{
    (void)state;
    struct fixture f;
    if (access(BASE, R_OK) != 0)
        skip();
    setup(&f);
    double together_s = run(&f, 0, f.count, f.together), apart_s = 0;
    struct driver_question *mixed = f.asked;
    f.asked = calloc((size_t)f.count + ODD, sizeof *f.asked);
    for (int64_t p = 0, at = 0; p < PLANS; p++) {
        int64_t from = at;
        for (int64_t q = p; q < f.count; q += PLANS)
            f.asked[at++] = mixed[q];
        if (at > from)
            apart_s += run(&f, from, at - from, f.alone);
    }
    int64_t at = 0;
    for (int64_t p = 0; p < PLANS; p++)
        for (int64_t q = p; q < f.count; q += PLANS)
            is_the_same(&f.together[q], &f.alone[at++], q);
    print_message("# %lld questions of 8 plans: one driver in %.2f of the time of eight\n",
                  (long long)f.count, together_s / apart_s);
    free(mixed);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_of_eight_plans_come_to_what_each_comes_to_alone),
        cmocka_unit_test(one_driver_for_all_plans_takes_no_longer_than_one_for_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
