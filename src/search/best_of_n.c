#include "search/best_of_n.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "search/meter.h"

/* A run under way. */
struct work {
    struct engine *engine;
    const struct best_of_n_prompt *prompts;
    const struct ponder_sampling *sampling;
    const struct best_of_n_listener *listener;
    struct best_of_n *out;
    int64_t *nodes;     /* (prompts) engine node of the prompt while it has samples in flight */
    int64_t *remaining; /* (prompts) samples not yet done */
    int64_t *tokens;    /* (prompts) of the prompt itself, once a sample is done */
    int64_t next;       /* the next sample to submit, in order */
    int64_t submitted;
    int64_t in_flight, done; /* of `done`: those left out too */
    struct meter meter;
};

const char *best_of_n_finish_name(enum engine_finish finish)
{
    static const char *const names[] = {
        [ENGINE_FINISH_END] = "end",       [ENGINE_FINISH_STOP] = "stop",
        [ENGINE_FINISH_LENGTH] = "length", [ENGINE_FINISH_CONTEXT] = "context",
        [ENGINE_FINISH_SCORED] = "scored", [ENGINE_FINISH_CANCELLED] = "cancelled",
        [ENGINE_FINISH_FAILED] = "failed",
    };
    return names[finish];
}

bool pool_is_greedy(const struct ponder_sampling *sampling)
{
    return sampling->pool && strcmp(sampling->pool, "greedy") == 0;
}

static int64_t total(const struct work *work)
{
    return work->out->prompt_count * work->out->n;
}

int best_of_n_prompt_open(struct engine *engine, const struct best_of_n_prompt *prompt, int64_t *node,
                          struct ponder_err *err)
{
    struct engine_text text = {prompt->text, prompt->len, prompt->parts, prompt->part_count};
    int status = engine_prompt_parts(engine, &text, node, err);
    return status && prompt->name ? err_prefix(err, status, "%s", prompt->name) : status;
}

/* Opens the next prompt, or goes past it where the listener does not want it. */
static int begin_prompt(struct work *work, int64_t prompt, bool *take, struct ponder_err *err)
{
    const struct best_of_n_listener *listener = work->listener;
    int status = PONDER_OK;
    if (listener && listener->prompt_begin)
        status = listener->prompt_begin(listener->data, prompt, take, err);
    if (!status && *take)
        return best_of_n_prompt_open(work->engine, &work->prompts[prompt], &work->nodes[prompt], err);
    work->next += work->out->n;
    work->done += work->out->n;
    return status;
}

static int submit_one(struct work *work, struct ponder_err *err)
{
    int64_t prompt = work->next / work->out->n, sample = work->next % work->out->n;
    const struct ponder_sampling *s = work->sampling;
    bool take = true;
    int status = sample == 0 ? begin_prompt(work, prompt, &take, err) : PONDER_OK;
    if (status || !take)
        return status;
    struct engine_request request = {
        .tag = work->next,
        .parent = work->nodes[prompt],
        .tokens_max = (int)s->max_tokens,
        .sampling = {sample == 0 && pool_is_greedy(s) ? 0 : s->temperature, (int)s->top_k, s->top_p,
                     s->min_p},
        .stream = rng_key(work->prompts[prompt].key, (uint64_t)sample),
        .end = work->prompts[prompt].end,
    };
    status = engine_submit(work->engine, &request, err);
    if (status)
        return status;
    work->out->samples[work->next++].begun = true;
    work->submitted++;
    work->in_flight++;
    return PONDER_OK;
}

static int submit(struct work *work, struct ponder_err *err)
{
    int status = PONDER_OK;
    while (!status && work->next < total(work) && work->in_flight < BEST_OF_N_IN_FLIGHT_MAX)
        status = submit_one(work, err);
    return status;
}

static bool all_done(const struct best_of_n_sample *samples, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!samples[i].done)
            return false;
    return true;
}

/* Of one prompt. The last token of a sample is drawn and never computed. */
static struct ponder_ledger cost_of(const struct work *work, int64_t prompt,
                                    const struct best_of_n_sample *samples)
{
    int64_t tokens = work->tokens[prompt];
    struct ponder_ledger cost = {
        .generations = work->out->n, .prompt_tokens = tokens, .flops = engine_flops(work->engine, 0, tokens)};
    for (int64_t i = 0; i < work->out->n; i++) {
        cost.generated_tokens += samples[i].token_count;
        if (samples[i].token_count > 1)
            cost.flops += engine_flops(work->engine, tokens, samples[i].token_count - 1);
    }
    return cost;
}

/* The last sample of a prompt is in. */
static int close_prompt(struct work *work, int64_t prompt, struct ponder_err *err)
{
    engine_node_release(work->engine, work->nodes[prompt]);
    work->nodes[prompt] = 0;
    struct best_of_n_sample *samples = work->out->samples + prompt * work->out->n;
    if (!work->listener || !all_done(samples, work->out->n))
        return PONDER_OK;
    struct ponder_ledger cost = cost_of(work, prompt, samples);
    return work->listener->prompt_done(work->listener->data, prompt, samples, &cost, err);
}

static int keep(struct work *work, struct engine_result *result, struct ponder_err *err)
{
    struct best_of_n_sample *sample = &work->out->samples[result->tag];
    int64_t prompt = result->tag / work->out->n;
    sample->finish = result->finish;
    sample->done = result->finish != ENGINE_FINISH_CANCELLED;
    if (result->position > 0)
        work->tokens[prompt] = result->position;
    sample->text = result->text;
    sample->len = result->text_len;
    sample->tokens = result->tokens;
    sample->token_count = result->token_count;
    sample->logprob = result->token_count > 0 ? result->logprob / result->token_count : NAN;
    if (result->finish == ENGINE_FINISH_FAILED && work->out->failed++ == 0)
        snprintf(work->out->failure, sizeof work->out->failure, "%s", result->error);
    result->text = NULL;
    result->tokens = NULL;
    if (result->node)
        engine_node_release(work->engine, result->node);
    engine_result_clear(result);
    work->done += sample->done;
    work->in_flight--;
    return --work->remaining[prompt] == 0 ? close_prompt(work, prompt, err) : PONDER_OK;
}

static int take_all(struct work *work, struct ponder_err *err)
{
    struct engine_result result;
    int status = PONDER_OK;
    while (!status && engine_take(work->engine, &result))
        status = keep(work, &result, err);
    return status;
}

/* Everything in flight ends with what it has. */
static int drain(struct work *work, struct ponder_err *err)
{
    for (int64_t tag = 0; tag < work->next; tag++)
        if (work->out->samples[tag].begun && !work->out->samples[tag].text && !work->out->samples[tag].done)
            engine_cancel(work->engine, tag);
    int unfinished = 1, status = PONDER_OK;
    while (work->in_flight > 0 && unfinished > 0 && !status) {
        unfinished = engine_step(work->engine, 0.01, err);
        if (unfinished >= 0)
            status = take_all(work, err);
    }
    return unfinished < 0 ? unfinished : status;
}

static int loop(struct work *work, struct ponder_err *err)
{
    while (work->next < total(work) || work->in_flight > 0) {
        work->out->stopped = meter_stop(&work->meter, work->done, total(work), "solutions");
        if (work->out->stopped != PONDER_STOPPED_NO)
            return drain(work, err);
        int status = submit(work, err);
        if (status)
            return status;
        int unfinished = engine_step(work->engine, 0.05, err);
        if (unfinished < 0)
            return unfinished;
        status = take_all(work, err);
        if (status)
            return status;
    }
    return PONDER_OK;
}

static int prepare(struct work *work, struct ponder_err *err)
{
    struct best_of_n *out = work->out;
    if (out->n < 1 || out->prompt_count < 1 || out->n > BEST_OF_N_SAMPLES_MAX / out->prompt_count)
        return err_set(err, PONDER_E_LIMIT,
                       "%lld questions with %lld samples each; give 1 to %d samples in all",
                       (long long)out->prompt_count, (long long)out->n, BEST_OF_N_SAMPLES_MAX);
    out->samples = calloc((size_t)total(work), sizeof *out->samples);
    work->nodes = calloc((size_t)out->prompt_count, sizeof *work->nodes);
    work->remaining = calloc((size_t)out->prompt_count, sizeof *work->remaining);
    work->tokens = calloc((size_t)out->prompt_count, sizeof *work->tokens);
    if (!out->samples || !work->nodes || !work->remaining || !work->tokens)
        return err_memory(err, "samples");
    for (int64_t i = 0; i < out->prompt_count; i++)
        work->remaining[i] = out->n;
    return PONDER_OK;
}

int best_of_n_run(struct engine *engine, const struct best_of_n_prompt *prompts, int64_t prompt_count,
                  const struct ponder_sampling *sampling, const struct clock *clock,
                  const struct ponder_watch *watch, const struct best_of_n_listener *listener,
                  struct best_of_n *out, struct ponder_err *err)
{
    *out = (struct best_of_n){.prompt_count = prompt_count, .n = sampling->n};
    struct work work = {.engine = engine,
                        .prompts = prompts,
                        .sampling = sampling,
                        .listener = listener,
                        .out = out,
                        .meter = meter_begin(engine, clock, watch, sampling->timeout_s)};
    int status = prepare(&work, err);
    if (!status) {
        status = loop(&work, err);
        meter_read(&work.meter, &out->ledger);
        out->ledger.generations = work.submitted;
        for (int64_t i = 0; i < prompt_count; i++)
            if (work.nodes[i])
                engine_node_release(engine, work.nodes[i]);
    }
    free(work.nodes);
    free(work.remaining);
    free(work.tokens);
    if (!status && out->failed > 0 && out->failed == work.submitted)
        status = err_set(err, PONDER_E_ENGINE, "all %lld samples failed; the first: %s",
                         (long long)out->failed, out->failure);
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
