/* eval.c - sample every question, grade, report. */
#include "eval/eval.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "engine/local.h"
#include "eval/cells.h"
#include "eval/report.h"
#include "eval/run_record.h"
#include "model/ponder_model.h"
#include "session/proposer.h"
#include "tree/ledger.h"

/* All that one evaluation owns. */
struct work {
    const struct eval_job *job;
    struct engine *engine;
    struct cells cells;
    const int64_t *missing; /* cells of the pass under way */
    int64_t failed;
    char failure[512];
    struct ponder_ledger spent;
};

/* ---- sampling ---- */

static int cell_begin(void *data, int64_t prompt, bool *take, struct ponder_err *err)
{
    struct work *work = data;
    return cells_claim(&work->cells, work->missing[prompt], take, err);
}

static int cell_done(void *data, int64_t prompt, struct best_of_n_sample *samples,
                     const struct ponder_ledger *cost, struct ponder_err *err)
{
    struct work *work = data;
    int status = cells_keep(&work->cells, work->missing[prompt], samples, cost, err);
    for (int64_t i = 0; i < work->cells.n; i++) { /* only questions in flight are held */
        free(samples[i].text);
        free(samples[i].tokens);
        samples[i].text = NULL;
        samples[i].tokens = NULL;
    }
    return status;
}

static int cell_sample_ended(void *data, int64_t prompt, int64_t i, const struct best_of_n_sample *sample,
                             struct ponder_err *err)
{
    struct work *work = data;
    return cells_keep_piece(&work->cells, work->missing[prompt], i, sample, err);
}

static bool cell_recall(void *data, int64_t prompt, int64_t i, struct driver_recalled *out)
{
    const struct work *work = data;
    return cells_recall(&work->cells, work->missing[prompt], i, out);
}

/* A pass over what is missing. */
static int eval_question(void *data, const int64_t *missing, int64_t count, enum ponder_stopped *stopped,
                         struct ponder_err *err)
{
    struct work *work = data;
    struct best_of_n samples;
    struct ponder_watch watch = {cells_progress, &work->cells, NULL};
    struct best_of_n_listener listener = {.prompt_begin = cell_begin,
                                          .prompt_done = cell_done,
                                          .sample_ended = cell_sample_ended,
                                          .recall = cell_recall,
                                          .data = work};
    struct prompt *asked = calloc((size_t)count, sizeof *asked);
    if (!asked)
        return err_memory(err, "the questions to ask");
    work->missing = missing;
    for (int64_t i = 0; i < count; i++)
        asked[i] = work->cells.prompts[missing[i]];
    int status = best_of_n_run(work->engine, asked, count, work->job->sampling, work->cells.clock, &watch,
                               &listener, &samples, err);
    ledger_add(&work->spent, &samples.ledger);
    work->failed += samples.failed;
    if (!work->failure[0])
        memcpy(work->failure, samples.failure, sizeof work->failure);
    *stopped = samples.stopped;
    best_of_n_release(&samples);
    free(asked);
    return status;
}

/* ---- the report ---- */

static int report(struct ponder_eval *eval, const struct cells *cells, const struct grade *grades,
                  int64_t *kept, struct ponder_err *err)
{
    double answered = 0, tokens = 0, samples = 0;
    for (int64_t q = 0; q < cells->questions.count; q++)
        if (grades[q].n > 0) {
            kept[eval->questions++] = q;
            samples += (double)grades[q].n;
            answered += (double)grades[q].answered;
            tokens += (double)grades[q].tokens;
        }
    if (eval->questions == 0)
        return err_set(err, PONDER_E_CANCELLED, "stopped before any question was done; nothing to report");
    eval->without_answer = 1 - answered / samples;
    eval->tokens_mean = tokens / samples;
    if (report_groups(eval, &cells->questions, grades, kept, eval->questions, NULL))
        return err_memory(err, "the report");
    eval->accuracy = eval->groups[0].maj[eval->k_count - 1];
    return PONDER_OK;
}

/* Takes `settings` over. */
static int new_eval(struct ponder_eval **out, const struct cells *cells, const char *data, char *settings,
                    struct ponder_err *err)
{
    struct ponder_eval *eval = *out = calloc(1, sizeof *eval);
    if (!eval) {
        free(settings);
        return err_memory(err, "an evaluation");
    }
    eval->kind = cells->record.kind;
    eval->settings = settings;
    eval->data = strdup(data);
    eval->run = cells->run;
    eval->n = cells->n;
    eval->asked = cells->questions.count;
    eval->seeds = cells->seed_count;
    eval->done = cells->done;
    eval->resumed = cells->resumed;
    eval->k_count = cells->k_count;
    memcpy(eval->ks, cells->ks, sizeof eval->ks);
    eval->ledger = cells_cost(cells);
    return eval->data && settings ? PONDER_OK : err_memory(err, "an evaluation");
}

int eval_of_cells(struct ponder_eval **out, const struct cells *cells, const char *data, char *settings,
                  struct ponder_err *err)
{
    struct grade *grades = cells_by_question(cells);
    int64_t *kept = calloc((size_t)cells->questions.count, sizeof *kept);
    int status = new_eval(out, cells, data, settings, err);
    if (!status && !(grades && kept))
        status = err_memory(err, "an evaluation");
    if (!status)
        status = report(*out, cells, grades, kept, err);
    if (status) {
        ponder_eval_release(*out);
        *out = NULL;
    }
    free(grades);
    free(kept);
    return status;
}

int eval_run(struct engine *engine, const struct eval_job *job, const struct clock *clock,
             const struct ponder_watch *watch, struct ponder_eval **out, struct ponder_err *err)
{
    *out = NULL;
    struct work work = {.job = job, .engine = engine};
    int status = cells_open(&work.cells, job, job->sampling->n, clock, watch, err);
    if (!status)
        status = cells_open_store(&work.cells, err);
    if (!status)
        status = cells_do(&work.cells, eval_question, &work, err);
    if (!status)
        status = eval_of_cells(out, &work.cells, job->settings->data,
                               run_report_text(job, work.cells.settings), err);
    if (!status) {
        (*out)->failed = work.failed;
        memcpy((*out)->failure, work.failure, sizeof work.failure);
        (*out)->spent = work.spent;
    }
    cells_release(&work.cells);
    return status;
}

static int parse_extract(const struct ponder_model *model, const char *text, enum answer_mode *out,
                         struct ponder_err *err)
{
    bool automatic = strcmp(text, "auto") == 0, box = strcmp(text, "box") == 0;
    if (!automatic && !box && strcmp(text, "any") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--extract: '%.40s' is none of auto, box, any", text);
    *out = box || (automatic && model->boxes) ? ANSWER_BOX_ONLY : ANSWER_ANY_SIGN;
    return PONDER_OK;
}

/* Of a model and how it is asked. */
static uint64_t asked_hash(const struct ponder_model *model)
{
    const struct prompt_template *template = &model->prompt;
    uint64_t hash = rng_key(model->hash, hash_bytes(template->text, strlen(template->text)));
    return template->more_hash ? rng_key(hash, template->more_hash) : hash;
}

int eval_job_of(struct eval_job *out, const struct ponder_model *model, const struct engine *engine,
                const struct ponder_eval_settings *settings, const struct ponder_sampling *sampling,
                struct ponder_err *err)
{
    *out = (struct eval_job){
        .template = &model->prompt,
        .revision = &model->revision,
        .model = model->path,
        .model_hash = asked_hash(model),
        .precision = model->remote ? "server" : precision_name(local_precision(engine)),
        .settings = settings,
        .sampling = sampling,
    };
    return parse_extract(model, settings->extract, &out->extract, err);
}

int ponder_eval_run(struct ponder_model *model, const struct ponder_eval_settings *settings,
                    const struct ponder_sampling *sampling, const struct ponder_watch *watch,
                    struct ponder_eval **out, struct ponder_err *err)
{
    *out = NULL;
    struct engine *engine;
    struct ponder_sampling whole =
        ponder_model_sampling(model, proposer_purpose(NULL, sampling->n), sampling);
    int status = proposer_open(&engine, model, &whole, err);
    if (status)
        return status;
    struct eval_job job;
    status = eval_job_of(&job, model, engine, settings, &whole, err);
    if (!status)
        status = eval_run(engine, &job, &clock_system, watch, out, err);
    engine_release(engine);
    return status;
}

void ponder_eval_release(struct ponder_eval *eval)
{
    if (!eval)
        return;
    for (int64_t i = 0; i < eval->group_count; i++)
        free(eval->groups[i].name);
    free(eval->groups);
    free(eval->data);
    free(eval->settings);
    free(eval);
}
