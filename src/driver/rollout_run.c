/* rollout_run.c - what the lines of sampled solutions are worth, from the tree of a search by rollouts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "driver/driver.h"
#include "driver/rollout_run.h"
#include "select/sample_answer.h"

/* ---- grading ---- */

/* A verdict on an answer as it is written, so that each is compared once. */
struct verdict {
    char *answer;
    bool right;
};

/* One question that is done. */
struct valuing {
    const struct rollouts_question *question;
    const struct rollouts_settings *settings;
    const struct tree *tree;
    struct rollouts_solutions solutions;
    struct prefixes prefixes;
    int32_t first;                    /* the node of prefix 0; the others stand behind it in order */
    int64_t *right;                   /* (prefixes.count) rollouts that ended in the right answer */
    struct best_of_n_sample *samples; /* (n) */
    double *values;                   /* (n, ROLLOUTS_STEPS_MAX) */
    struct verdict *verdicts;
    int64_t verdict_count, verdict_cap;
    struct rollouts_counts counts;
    struct ponder_ledger cost;
};

static void valuing_release(struct valuing *v)
{
    for (int64_t i = 0; i < v->verdict_count; i++)
        free(v->verdicts[i].answer);
    rollouts_solutions_release(&v->solutions);
    prefixes_release(&v->prefixes);
    free(v->right);
    free(v->samples);
    free(v->values);
    free(v->verdicts);
}

static bool find_verdict(const struct valuing *v, const char *answer, bool *right)
{
    for (int64_t i = 0; i < v->verdict_count; i++)
        if (strcmp(v->verdicts[i].answer, answer) == 0) {
            *right = v->verdicts[i].right;
            return true;
        }
    return false;
}

/* Takes `answer` over. */
static int add_verdict(struct valuing *v, char *answer, bool right)
{
    if (array_reserve(&v->verdicts, sizeof *v->verdicts, &v->verdict_cap, v->verdict_count + 1, INT32_MAX)) {
        free(answer);
        return PONDER_E_MEMORY;
    }
    v->verdicts[v->verdict_count++] = (struct verdict){answer, right};
    return PONDER_OK;
}

/* Takes `answer` over; NULL is never right. */
static int rollout_judge(struct valuing *v, char *answer, bool *right)
{
    const char *gold = v->question->answer;
    *right = false;
    if (!answer)
        return PONDER_OK;
    if (find_verdict(v, answer, right)) {
        free(answer);
        return PONDER_OK;
    }
    *right = answer_equal(gold, strlen(gold), answer, strlen(answer), NULL);
    return add_verdict(v, answer, *right);
}

/* ---- rollouts ---- */

static int count_rollout(struct valuing *v, int64_t prefix, int32_t node)
{
    struct buf whole = BUF_INIT(TREE_BYTES_MAX);
    char *answer = NULL;
    bool right = false;
    int status = tree_path_text(v->tree, node, &whole);
    if (!status)
        status = sample_answer(buf_text(&whole), whole.len,
                               answer_mode_of(v->settings->extract, v->tree->nodes[node].end == TREE_ENDED),
                               &answer);
    buf_release(&whole);
    if (!status)
        status = rollout_judge(v, answer, &right);
    v->right[prefix] += right;
    v->counts.rollouts++;
    return status;
}

static int count_rollouts(struct valuing *v)
{
    int status = PONDER_OK;
    for (int32_t i = v->first; i < v->tree->count && !status; i++) {
        int32_t parent = v->tree->nodes[i].parent;
        if (!v->tree->nodes[i].placed && parent >= v->first)
            status = count_rollout(v, parent - v->first, i);
    }
    return status;
}

/* Placed texts were read once, behind their parents: tokens and FLOPs that no result has told. */
static void charge_placed(struct valuing *v, const struct engine *engine)
{
    int64_t *before = calloc((size_t)v->prefixes.count + 1, sizeof *before); /* tokens up to each one's end */
    for (int32_t i = v->first; before && i < v->tree->count; i++) {
        const struct tree_node *node = &v->tree->nodes[i];
        if (!node->placed && node->parent >= v->first)
            before[node->parent - v->first] = node->before;
    }
    for (int64_t i = 0; before && i < v->prefixes.count; i++) {
        int64_t parent = v->prefixes.nodes[i].parent;
        int64_t at = parent < 0 ? v->cost.prompt_tokens : before[parent];
        if (before[i] == 0)
            continue; /* it found no room */
        v->cost.flops += engine_flops(engine, at, before[i] - at);
        v->counts.placed_tokens += before[i] - at;
    }
    free(before);
}

/* ---- samples and their values ---- */

static int fill_sample(struct valuing *v, int64_t i)
{
    struct rollouts_solution *solution = &v->solutions.items[i];
    const struct tree_node *node = solution->node;
    double *values = v->values + i * ROLLOUTS_STEPS_MAX;
    bool right;
    char *answer = solution->answer;
    solution->answer = NULL;
    v->samples[i] = (struct best_of_n_sample){.begun = true,
                                              .done = true,
                                              .finish = (enum engine_finish)node->finish,
                                              .text = (char *)node->text,
                                              .len = node->len,
                                              .tokens = (int32_t *)node->ids,
                                              .token_count = node->tokens,
                                              .logprob = node->logprob};
    if (rollout_judge(v, answer, &right))
        return PONDER_E_MEMORY;
    v->counts.solutions++;
    if (!solution->labelled)
        return PONDER_OK;
    v->counts.labelled++;
    v->samples[i].scores = values;
    v->samples[i].score_count = solution->steps;
    for (int64_t k = 0; k + 1 < solution->steps; k++)
        values[k] = (double)v->right[solution->path[k]] / (double)v->settings->rollouts;
    values[solution->steps - 1] = right;
    return PONDER_OK;
}

static int value(struct valuing *v, const struct engine *engine, int64_t n)
{
    int status = rollouts_solutions_read(&v->solutions, v->tree, n, v->settings->extract, &v->prefixes);
    v->first = (int32_t)(1 + v->solutions.count);
    v->counts.prefixes = v->prefixes.count;
    v->right = calloc((size_t)v->prefixes.count + 1, sizeof *v->right);
    v->samples = calloc((size_t)n, sizeof *v->samples);
    v->values = calloc((size_t)n * ROLLOUTS_STEPS_MAX, sizeof *v->values);
    if (!status && !(v->right && v->samples && v->values))
        status = PONDER_E_MEMORY;
    if (!status)
        status = count_rollouts(v);
    for (int64_t i = 0; i < v->solutions.count && !status; i++)
        status = fill_sample(v, i);
    if (!status)
        charge_placed(v, engine);
    v->cost.prompt_tokens += v->counts.placed_tokens;
    return status;
}

/* ---- the run ---- */

struct work {
    struct engine *engine;
    const struct rollouts_question *questions;
    const struct rollouts_settings *settings;
    const struct rollouts_listener *listener;
    struct rollouts_result *out;
    struct driver_result result;
};

static int question_begin(void *data, int64_t question, bool *take, struct ponder_err *err)
{
    const struct rollouts_listener *listener = ((struct work *)data)->listener;
    return listener->question_begin ? listener->question_begin(listener->data, question, take, err)
                                    : PONDER_OK;
}

static bool any_failed(const struct tree *tree)
{
    for (int32_t i = 1; i < tree->count; i++)
        if (!tree->nodes[i].placed && tree->nodes[i].end == TREE_FAILED)
            return true;
    return false;
}

/* A label from fewer rollouts than were asked for would be another label: a request that fails ends the run.
 */
static int question_done(void *data, int64_t question, const struct driver_outcome *outcome,
                         struct ponder_err *err)
{
    struct work *work = data;
    const struct rollouts_question *asked = &work->questions[question];
    struct valuing v = {.question = asked,
                        .settings = work->settings,
                        .tree = outcome->tree,
                        .prefixes = PREFIXES_INIT,
                        .cost = outcome->cost};
    if (any_failed(outcome->tree))
        return err_set(err, PONDER_E_ENGINE, "%s: %s", asked->prompt.name ? asked->prompt.name : "a question",
                       work->result.failure);
    int status = value(&v, work->engine, work->settings->sampling->n);
    struct rollouts_counts *sum = &work->out->counts;
    sum->solutions += v.counts.solutions;
    sum->labelled += v.counts.labelled;
    sum->prefixes += v.counts.prefixes;
    sum->rollouts += v.counts.rollouts;
    status = status ? err_memory(err, "the values of solutions")
                    : work->listener->question_done(work->listener->data, question, v.samples, &v.counts,
                                                    &v.cost, err);
    valuing_release(&v);
    return status;
}

int rollouts_run(struct engine *engine, const struct rollouts_question *questions, int64_t question_count,
                 const struct rollouts_settings *settings, const struct clock *clock,
                 const struct ponder_watch *watch, const struct rollouts_listener *listener,
                 struct rollouts_result *out, struct ponder_err *err)
{
    *out = (struct rollouts_result){0};
    struct work work = {engine, questions, settings, listener, out, {0}};
    struct verifier none;
    struct search_options options = {.n = settings->sampling->n};
    const struct rollouts_options own = {settings->rollouts, settings->extract};
    memcpy(options.own, &own, sizeof own);
    const struct driver_plan plan = {.ops = &search_rollouts,
                                     .options = &options,
                                     .verifier = &none,
                                     .keep_ids = true,
                                     .sampling = settings->sampling};
    const struct driver_run_settings all = {clock, watch, settings->sampling->timeout_s};
    struct driver_run_listener driven = {
        .question_begin = question_begin, .question_done = question_done, .data = &work};
    int status = plan.ops->prepare(&options, err);
    if (!status)
        status = verifier_open(&none, "vote", &(struct verifier_options){0}, err);
    struct driver_question *asked = status ? NULL : calloc((size_t)question_count + 1, sizeof *asked);
    if (status)
        return status;
    for (int64_t i = 0; asked && i < question_count; i++)
        asked[i] = (struct driver_question){.prompt = questions[i].prompt, .problem = "", .plan = &plan};
    status = asked ? driver_run(engine, asked, question_count, &all, &driven, &work.result, err)
                   : err_memory(err, "questions");
    out->ledger = work.result.ledger;
    out->stopped = work.result.stopped;
    verifier_release(&none);
    free(asked);
    return status;
}
