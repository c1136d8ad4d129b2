#include "driver/best_of_n.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "driver/driver.h"

bool pool_is_greedy(const struct ponder_sampling *sampling)
{
    return sampling->pool && strcmp(sampling->pool, "greedy") == 0;
}

/* ---- from a tree of whole samples to a list of them ---- */

/* A run under way. */
struct work {
    const struct best_of_n_listener *listener; /* NULL: none */
    struct best_of_n *out;
    struct recalling *recalling; /* (prompt_count) */
};

struct recalling {
    const struct best_of_n_listener *listener;
    int64_t prompt;
};

static bool recall(void *data, int64_t i, struct driver_recalled *out)
{
    const struct recalling *recalling = data;
    return recalling->listener->recall(recalling->listener->data, recalling->prompt, i, out);
}

static int take_sample(struct best_of_n_sample *sample, const struct tree_node *node)
{
    enum engine_finish finish = (enum engine_finish)node->finish;
    *sample = (struct best_of_n_sample){.begun = true,
                                        .done = finish != ENGINE_FINISH_CANCELLED,
                                        .finish = finish,
                                        .len = node->len,
                                        .token_count = node->tokens,
                                        .logprob = node->logprob};
    if (finish == ENGINE_FINISH_FAILED)
        return PONDER_OK;
    size_t id_bytes = (size_t)node->tokens * sizeof *node->ids;
    sample->text = malloc(node->len + 1);
    sample->tokens = node->ids ? malloc(id_bytes + 1) : NULL;
    if (!sample->text || (node->ids && !sample->tokens))
        return PONDER_E_MEMORY;
    memcpy(sample->text, node->text, node->len);
    sample->text[node->len] = '\0';
    if (node->ids)
        memcpy(sample->tokens, node->ids, id_bytes);
    return PONDER_OK;
}

static int prompt_begin(void *data, int64_t prompt, bool *take, struct ponder_err *err)
{
    const struct best_of_n_listener *listener = ((struct work *)data)->listener;
    return listener && listener->prompt_begin ? listener->prompt_begin(listener->data, prompt, take, err)
                                              : PONDER_OK;
}

/* The root's children are the samples, in the order of their asking. */
static int prompt_done(void *data, int64_t prompt, const struct driver_outcome *outcome,
                       struct ponder_err *err)
{
    struct work *work = data;
    struct best_of_n *out = work->out;
    struct best_of_n_sample *samples = out->samples + prompt * out->n;
    int64_t done = 0;
    for (int64_t i = 0; i < out->n && outcome->status; i++) /* it could not be asked, or not to its end */
        samples[i] = (struct best_of_n_sample){.done = true, .finish = ENGINE_FINISH_FAILED, .logprob = NAN};
    if (outcome->status) {
        out->failed += out->n;
        done = out->n;
    }
    for (int32_t i = 1; i < outcome->tree->count && !outcome->status; i++) {
        const struct tree_node *node = &outcome->tree->nodes[i];
        struct best_of_n_sample *sample = &samples[node->ordinal];
        if (take_sample(sample, node))
            return err_memory(err, "samples");
        done += sample->done;
        out->failed += sample->finish == ENGINE_FINISH_FAILED;
    }
    const struct best_of_n_listener *listener = work->listener;
    return listener && done == out->n
               ? listener->prompt_done(listener->data, prompt, samples, &outcome->cost, err)
               : PONDER_OK;
}

static int sample_ended(void *data, int64_t prompt, const struct tree_node *node, struct ponder_err *err)
{
    const struct best_of_n_listener *listener = ((struct work *)data)->listener;
    const struct best_of_n_sample sample = {.begun = true,
                                            .done = true,
                                            .finish = (enum engine_finish)node->finish,
                                            .text = (char *)node->text,
                                            .len = node->len,
                                            .tokens = (int32_t *)node->ids,
                                            .token_count = node->tokens,
                                            .logprob = node->logprob};
    return listener->sample_ended(listener->data, prompt, node->ordinal, &sample, err);
}

/* ---- the run ---- */

static int best_of_n_check(const struct best_of_n *out, struct ponder_err *err)
{
    if (out->n < 1 || out->prompt_count < 1 || out->n > BEST_OF_N_SAMPLES_MAX / out->prompt_count)
        return err_set(err, PONDER_E_LIMIT,
                       "%lld questions with %lld samples each; give 1 to %d samples in all",
                       (long long)out->prompt_count, (long long)out->n, BEST_OF_N_SAMPLES_MAX);
    return PONDER_OK;
}

static int drive(struct work *work, struct engine *engine, const struct prompt *prompts,
                 const struct driver_plan *plan, const struct driver_run_settings *settings,
                 struct ponder_err *err)
{
    struct best_of_n *out = work->out;
    const struct best_of_n_listener *told = work->listener;
    struct driver_run_listener listener = {.question_begin = prompt_begin,
                                           .question_done = prompt_done,
                                           .solution_ended = told && told->sample_ended ? sample_ended : NULL,
                                           .data = work};
    struct driver_result result = {0};
    struct driver_question *questions = calloc((size_t)out->prompt_count, sizeof *questions);
    work->recalling = calloc((size_t)out->prompt_count, sizeof *work->recalling);
    out->samples = calloc((size_t)(out->prompt_count * out->n), sizeof *out->samples);
    if (!questions || !out->samples || !work->recalling) {
        free(questions);
        free(work->recalling);
        return err_memory(err, "samples");
    }
    for (int64_t i = 0; i < out->prompt_count; i++) {
        work->recalling[i] = (struct recalling){told, i};
        questions[i] = (struct driver_question){.prompt = prompts[i],
                                                .problem = "",
                                                .plan = plan,
                                                .recall = told && told->recall ? recall : NULL,
                                                .recall_data = &work->recalling[i]};
    }
    int status = driver_run(engine, questions, out->prompt_count, settings, &listener, &result, err);
    out->ledger = result.ledger;
    out->stopped = result.stopped;
    snprintf(out->failure, sizeof out->failure, "%s", result.failure);
    free(questions);
    free(work->recalling);
    return status;
}

int best_of_n_run(struct engine *engine, const struct prompt *prompts, int64_t prompt_count,
                  const struct ponder_sampling *sampling, const struct clock *clock,
                  const struct ponder_watch *watch, const struct best_of_n_listener *listener,
                  struct best_of_n *out, struct ponder_err *err)
{
    *out = (struct best_of_n){.prompt_count = prompt_count, .n = sampling->n};
    struct work work = {.listener = listener, .out = out};
    struct search_options options = {.n = sampling->n, .greedy_first = pool_is_greedy(sampling)};
    struct verifier none;
    int status = best_of_n_check(out, err);
    if (!status)
        status = verifier_open(&none, "vote", &(struct verifier_options){0}, err);
    if (status)
        return status;
    const struct driver_plan plan = {.ops = search_find("best_of_n"),
                                     .options = &options,
                                     .verifier = &none,
                                     .partial = true,
                                     .keep_ids = true,
                                     .sampling = sampling};
    const struct driver_run_settings settings = {clock, watch, sampling->timeout_s};
    status = drive(&work, engine, prompts, &plan, &settings, err);
    verifier_release(&none);
    return status;
}

void best_of_n_release(struct best_of_n *run)
{
    for (int64_t i = 0; run->samples && i < run->prompt_count * run->n; i++) {
        free(run->samples[i].text);
        free(run->samples[i].tokens);
    }
    free(run->samples);
    run->samples = NULL;
}
