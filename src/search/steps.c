#include "search/steps.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/err.h"
#include "core/rng.h"
#include "search/meter.h"
#include "search/step_choose.h"
#include "tree/ledger.h"

/* A question under way: its round. */
struct round {
    int64_t node;                  /* the engine's, where the kept text ends */
    struct engine_result *results; /* (candidates) by index, whatever came first; NULL: not under way */
    int64_t awaited;               /* results not yet in */
};

struct work {
    struct engine *engine;
    const struct steps_question *questions;
    const struct step_judge *judge;
    const struct ponder_sampling *sampling;
    const struct steps_listener *listener;
    struct steps *out;
    struct round *rounds; /* (questions) */
    int64_t candidates;
    int64_t next;  /* the next question to begin */
    int64_t begun; /* questions that were */
    int64_t in_flight, done;
    struct ponder_ledger judged; /* what the verifier took */
    struct meter meter;
};

static void drop_result(struct work *work, struct engine_result *result)
{
    if (result->node)
        engine_node_release(work->engine, result->node);
    engine_result_clear(result);
}

static void drop_round(struct work *work, struct round *round)
{
    for (int64_t i = 0; round->results && i < work->candidates; i++)
        drop_result(work, &round->results[i]);
    if (round->node)
        engine_node_release(work->engine, round->node);
    free(round->results);
    *round = (struct round){0};
}

/* ---- asking ---- */

/* One step more, `candidates` times over. */
static int ask(struct work *work, int64_t question, struct ponder_err *err)
{
    static const char *const line_end[] = {"\n"};
    struct round *round = &work->rounds[question];
    const struct steps_solution *solution = &work->out->solutions[question];
    const struct ponder_sampling *s = work->sampling;
    uint64_t key = rng_key(work->questions[question].prompt.key, (uint64_t)solution->rounds);
    int status = PONDER_OK;
    for (int64_t i = 0; i < work->candidates && !status; i++) {
        struct engine_request request = {
            .tag = question * work->candidates + i,
            .parent = round->node,
            .tokens_max = (int)(s->max_tokens - solution->kept_tokens),
            .sampling = {s->temperature, (int)s->top_k, s->top_p, s->min_p},
            .stream = rng_key(key, (uint64_t)i),
            .stops = line_end,
            .stop_count = 1,
        };
        status = engine_submit(work->engine, &request, err);
        round->awaited += !status;
        work->in_flight += !status;
    }
    return status;
}

/* Whether the question is to be searched. */
static int begin_question(struct work *work, int64_t question, bool *take, struct ponder_err *err)
{
    const struct steps_listener *listener = work->listener;
    *take = true;
    int status = PONDER_OK;
    if (listener && listener->question_begin)
        status = listener->question_begin(listener->data, question, take, err);
    work->done += !*take;
    return status;
}

static int begin(struct work *work, struct ponder_err *err)
{
    int64_t question = work->next++;
    bool take;
    int begun = begin_question(work, question, &take, err);
    if (begun || !take)
        return begun;
    work->begun++;
    struct round *round = &work->rounds[question];
    const struct best_of_n_prompt *prompt = &work->questions[question].prompt;
    round->results = calloc((size_t)work->candidates, sizeof *round->results);
    if (!round->results)
        return err_memory(err, "candidates");
    int status = engine_prompt(work->engine, 0, prompt->text, prompt->len, &round->node, err);
    if (status)
        return prompt->name ? err_prefix(err, status, "%s", prompt->name) : status;
    return ask(work, question, err);
}

static int begin_more(struct work *work, struct ponder_err *err)
{
    int status = PONDER_OK;
    while (!status && work->next < work->out->question_count &&
           work->in_flight + work->candidates <= BEST_OF_N_IN_FLIGHT_MAX)
        status = begin(work, err);
    return status;
}

/* ---- the round's end ---- */

static int keep(struct work *work, int64_t question, int64_t best, struct ponder_err *err)
{
    struct round *round = &work->rounds[question];
    struct steps_solution *solution = &work->out->solutions[question];
    struct engine_result *result = &round->results[best];
    if (buf_append(&solution->text, result->text, result->text_len))
        return err_memory(err, "a solution");
    solution->kept_tokens += result->token_count;
    solution->finish = result->finish;
    engine_node_release(work->engine, round->node);
    round->node = result->node;
    result->node = 0;
    return PONDER_OK;
}

/* What the round took: the prompt in the first one; else the kept text's last token, which was drawn and is
 * computed once for all candidates; and theirs but for the last of each. */
static void charge(struct work *work, int64_t question)
{
    struct ponder_ledger *cost = &work->out->solutions[question].cost;
    const struct round *round = &work->rounds[question];
    bool first = work->out->solutions[question].rounds == 0;
    int64_t before = 0;
    for (int64_t i = 0; i < work->candidates; i++) {
        const struct engine_result *result = &round->results[i];
        before = result->position > before ? result->position : before;
        cost->generated_tokens += result->token_count;
        if (result->token_count > 1)
            cost->flops += engine_flops(work->engine, result->position, result->token_count - 1);
    }
    cost->generations += first ? work->candidates : 0;
    cost->prompt_tokens += first ? before : 0;
    if (before > 0)
        cost->flops +=
            first ? engine_flops(work->engine, 0, before) : engine_flops(work->engine, before - 1, 1);
}

/* The others are dropped. */
static void drop_candidates(struct work *work, int64_t question)
{
    for (int64_t i = 0; i < work->candidates; i++) {
        struct engine_result *result = &work->rounds[question].results[i];
        if (result->finish == ENGINE_FINISH_FAILED && !work->out->failure[0])
            snprintf(work->out->failure, sizeof work->out->failure, "%s", result->error);
        drop_result(work, result);
    }
}

static int keep_best(struct work *work, int64_t question, struct ponder_err *err)
{
    struct steps_solution *solution = &work->out->solutions[question];
    struct ponder_ledger judged = {0};
    int64_t best;
    charge(work, question);
    int status = step_choose(work->judge, work->questions[question].problem, &solution->text,
                             work->rounds[question].results, work->candidates, &best, &judged, err);
    ledger_add(&solution->cost, &judged);
    ledger_add(&work->judged, &judged);
    if (!status && best < 0)
        solution->finish = ENGINE_FINISH_FAILED;
    else if (!status)
        status = keep(work, question, best, err);
    drop_candidates(work, question);
    solution->rounds++;
    if (solution->finish == ENGINE_FINISH_STOP && solution->kept_tokens >= work->sampling->max_tokens)
        solution->finish = ENGINE_FINISH_LENGTH;
    return status;
}

/* All candidates are in: the best is kept, and asked for one step more unless that was the last. */
static int end_round(struct work *work, int64_t question, struct ponder_err *err)
{
    struct steps_solution *solution = &work->out->solutions[question];
    int status = keep_best(work, question, err);
    if (status)
        return status;
    if (solution->finish == ENGINE_FINISH_STOP && solution->rounds < STEPS_ROUNDS_MAX)
        return ask(work, question, err);
    solution->done = true;
    work->done++;
    work->out->failed += solution->finish == ENGINE_FINISH_FAILED;
    drop_round(work, &work->rounds[question]);
    return work->listener ? work->listener->question_done(work->listener->data, question, solution, err)
                          : PONDER_OK;
}

/* ---- the loop ---- */

static int take_all(struct work *work, bool stopping, struct ponder_err *err)
{
    struct engine_result result;
    int status = PONDER_OK;
    while (!status && engine_take(work->engine, &result)) {
        int64_t question = result.tag / work->candidates;
        struct round *round = &work->rounds[question];
        round->results[result.tag % work->candidates] = result;
        work->in_flight--;
        if (--round->awaited == 0 && !stopping)
            status = end_round(work, question, err);
    }
    return status;
}

/* Everything in flight is given up; what is not done stays so. */
static int drain(struct work *work, struct ponder_err *err)
{
    for (int64_t q = 0; q < work->next; q++)
        for (int64_t i = 0; work->rounds[q].awaited && i < work->candidates; i++)
            engine_cancel(work->engine, q * work->candidates + i);
    int unfinished = 1, status = PONDER_OK;
    while (work->in_flight > 0 && unfinished > 0 && !status) {
        unfinished = engine_step(work->engine, 0.01, err);
        if (unfinished >= 0)
            status = take_all(work, true, err);
    }
    return unfinished < 0 ? unfinished : status;
}

static int loop(struct work *work, struct ponder_err *err)
{
    while (work->next < work->out->question_count || work->in_flight > 0) {
        work->out->stopped = meter_stop(&work->meter, work->done, work->out->question_count, "questions");
        if (work->out->stopped != PONDER_STOPPED_NO)
            return drain(work, err);
        int status = begin_more(work, err);
        if (status)
            return status;
        int unfinished = engine_step(work->engine, 0.05, err);
        if (unfinished < 0)
            return unfinished;
        status = take_all(work, false, err);
        if (status)
            return status;
    }
    return PONDER_OK;
}

static int prepare(struct work *work, struct ponder_err *err)
{
    struct steps *out = work->out;
    if (work->candidates < 1 || work->candidates > STEPS_CANDIDATES_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "%lld candidates: there may be 1 to %d",
                       (long long)work->candidates, STEPS_CANDIDATES_MAX);
    out->solutions = calloc((size_t)out->question_count + 1, sizeof *out->solutions);
    work->rounds = calloc((size_t)out->question_count + 1, sizeof *work->rounds);
    if (!out->solutions || !work->rounds)
        return err_memory(err, "solutions");
    for (int64_t q = 0; q < out->question_count; q++)
        out->solutions[q].text = BUF_INIT(STEP_TEXT_BYTES_MAX);
    return PONDER_OK;
}

int steps_run(struct engine *engine, const struct steps_question *questions, int64_t question_count,
              int64_t candidates, const struct step_judge *judge, const struct ponder_sampling *sampling,
              const struct clock *clock, const struct ponder_watch *watch,
              const struct steps_listener *listener, struct steps *out, struct ponder_err *err)
{
    *out = (struct steps){.question_count = question_count};
    struct work work = {.engine = engine,
                        .questions = questions,
                        .judge = judge,
                        .sampling = sampling,
                        .listener = listener,
                        .out = out,
                        .candidates = candidates,
                        .meter = meter_begin(engine, clock, watch, sampling->timeout_s)};
    int status = prepare(&work, err);
    if (!status)
        status = loop(&work, err);
    meter_read(&work.meter, &out->ledger);
    ledger_add(&out->ledger, &work.judged);
    out->ledger.generations = work.begun * candidates;
    for (int64_t q = 0; work.rounds && q < question_count; q++)
        drop_round(&work, &work.rounds[q]);
    free(work.rounds);
    if (!status && out->failed > 0 && out->failed == work.begun)
        status = err_set(err, PONDER_E_ENGINE, "all %lld questions failed; the first: %s",
                         (long long)out->failed, out->failure);
    return status;
}

void steps_release(struct steps *steps)
{
    for (int64_t q = 0; steps->solutions && q < steps->question_count; q++)
        buf_release(&steps->solutions[q].text);
    free(steps->solutions);
    *steps = (struct steps){0};
}
