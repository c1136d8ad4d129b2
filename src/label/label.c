/* label.c - ponder_label_run(): the steps of sampled solutions are labelled by rollouts and kept in a store.
 *
 * A run of labels is a run like any other, of a kind of its own: its samples carry the labels as scores. */
#include "ponder/label.h"

#include <math.h>
#include <stdlib.h>

#include "core/err.h"
#include "core/json.h"
#include "eval/cells.h"
#include "session/proposer.h"
#include "driver/rollout_run.h"
#include "tree/ledger.h"

/* All that one labelling owns. */
struct work {
    const struct eval_job *job;
    struct engine *engine;
    struct cells cells;
    const int64_t *missing; /* cells of the pass under way */
    struct ponder_label *out;
};

/* ---- labelling ---- */

static int cell_begin(void *data, int64_t question, bool *take, struct ponder_err *err)
{
    struct work *work = data;
    return cells_claim(&work->cells, work->missing[question], take, err);
}

static int cell_done(void *data, int64_t question, const struct best_of_n_sample *samples,
                     const struct rollouts_counts *counts, const struct ponder_ledger *cost,
                     struct ponder_err *err)
{
    struct work *work = data;
    work->out->prefixes += counts->prefixes;
    work->out->rollouts += counts->rollouts;
    return cells_keep(&work->cells, work->missing[question], samples, cost, err);
}

/* A pass over what is missing. */
static int label_question(void *data, const int64_t *missing, int64_t count, enum ponder_stopped *stopped,
                          struct ponder_err *err)
{
    struct work *work = data;
    struct rollouts_result result;
    struct ponder_watch watch = {cells_progress, &work->cells, NULL};
    struct rollouts_listener listener = {cell_begin, cell_done, work};
    struct rollouts_settings settings = {work->job->sampling, work->job->rollouts, work->job->extract};
    struct rollouts_question *asked = calloc((size_t)count, sizeof *asked);
    if (!asked)
        return err_memory(err, "the questions to ask");
    work->missing = missing;
    for (int64_t i = 0; i < count; i++)
        asked[i] = (struct rollouts_question){work->cells.prompts[missing[i]],
                                              cells_question(&work->cells, missing[i])->answer};
    int status = rollouts_run(work->engine, asked, count, &settings, work->cells.clock, &watch, &listener,
                              &result, err);
    ledger_add(&work->out->spent, &result.ledger);
    *stopped = result.stopped;
    free(asked);
    return status;
}

/* ---- what there is ---- */

static int count_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct ponder_label *out = data;
    (void)err;
    out->done++;
    out->solutions += cell->n;
    for (int64_t i = 0; i < cell->n; i++) {
        const struct store_sample *sample = &cell->samples[i];
        out->right += sample->correct;
        out->labelled += sample->score_count > 0;
        out->steps += sample->score_count;
        for (int64_t k = 0; k < sample->score_count; k++)
            out->value += sample->scores[k];
    }
    return PONDER_OK;
}

static int sum_up(struct work *work, struct ponder_err *err)
{
    struct ponder_label *out = work->out;
    out->run = work->cells.run;
    out->asked = work->cells.count;
    out->resumed = work->cells.resumed;
    out->ledger = cells_cost(&work->cells);
    int status = store_cells_read(work->cells.store, out->run, 0, -1, count_cell, out, err);
    out->right = out->solutions ? out->right / (double)out->solutions : NAN;
    out->value = out->steps ? out->value / (double)out->steps : NAN;
    return status;
}

/* ---- the calls ---- */

static int label_questions(struct work *work, const struct ponder_watch *watch, struct ponder_err *err)
{
    int status = cells_open(&work->cells, work->job, work->job->sampling->n, &clock_system, watch, err);
    if (!status)
        status = cells_open_store(&work->cells, err);
    if (!status)
        status = cells_do(&work->cells, label_question, work, err);
    if (!status)
        status = sum_up(work, err);
    cells_release(&work->cells);
    return status;
}

int ponder_label_run(struct ponder_model *model, const struct ponder_label_settings *settings,
                     const struct ponder_sampling *sampling, const struct ponder_watch *watch,
                     struct ponder_label *out, struct ponder_err *err)
{
    *out = (struct ponder_label){0};
    if (!settings->store)
        return err_set(err, PONDER_E_ARGUMENT, "--store is missing: the file where labels are kept");
    struct ponder_eval_settings asked = {.data = settings->data,
                                         .limit = settings->limit,
                                         .skip_bad = settings->skip_bad,
                                         .extract = settings->extract,
                                         .seeds = 1,
                                         .store = settings->store,
                                         .mix = settings->mix};
    struct work work = {.out = out};
    struct eval_job job;
    int status = proposer_open(&work.engine, model, sampling, err);
    if (status)
        return status;
    status = eval_job_of(&job, model, work.engine, &asked, sampling, err);
    job.rollouts = settings->rollouts;
    if (!status && !(work.engine->can & ENGINE_CAN_CONTINUE))
        status =
            err_set(err, PONDER_E_UNSUPPORTED,
                    "rollouts go on with unfinished answers, which this server's chat does not; use --api "
                    "completions, or serve the model with vLLM or llama-server");
    work.job = &job;
    if (!status)
        status = label_questions(&work, watch, err);
    engine_release(work.engine);
    return status;
}

int ponder_label_json(const struct ponder_label *l, char **json, struct ponder_err *err)
{
    return json_print(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:o, s:o}", "run",
                                (json_int_t)l->run, "asked", (json_int_t)l->asked, "done",
                                (json_int_t)l->done, "resumed", (json_int_t)l->resumed, "solutions",
                                (json_int_t)l->solutions, "labelled", (json_int_t)l->labelled, "steps",
                                (json_int_t)l->steps, "right", json_from_real(l->right), "value",
                                json_from_real(l->value), "prefixes", (json_int_t)l->prefixes, "rollouts",
                                (json_int_t)l->rollouts, "ledger", ledger_json(&l->ledger), "spent",
                                ledger_json(&l->spent)),
                      json, err);
}
