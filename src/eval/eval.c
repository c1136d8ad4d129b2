/* eval.c - sample every question, grade, report.
 *
 * A question is graded as soon as its samples are done; its line goes to the file of samples, and its texts
 * are freed: only the questions in flight are held. Questions that the file holds from an earlier run are
 * graded from there and not sampled again. */
#include "eval/eval.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "engine/local.h"
#include "eval/grade.h"
#include "eval/prompts.h"
#include "eval/questions.h"
#include "eval/report.h"
#include "eval/samples_file.h"
#include "eval/samples_run.h"
#include "search/best_of_n.h"
#include "search/proposer.h"

/* All that one evaluation owns. */
struct work {
    const struct eval_job *job;
    const struct ponder_watch *watch;
    struct questions questions;
    struct best_of_n_prompt *prompts; /* (questions); texts owned */
    struct grade *grades;             /* (questions); n is 0 where not all samples are done */
    json_t *run;                      /* what the samples are made with */
    struct samples_file file;         /* fd -1: none is kept */
    int64_t *missing;                 /* (missing_count) questions that are to be sampled */
    struct best_of_n_prompt *asked;   /* (missing_count) their prompts; texts borrowed */
    int64_t missing_count;
    struct best_of_n samples;
    int64_t *kept; /* (kept_count) graded questions */
    int64_t kept_count;
    struct ponder_eval *eval;
};

/* ---- one question ---- */

static int grade_one(struct work *work, int64_t question, const struct best_of_n_sample *samples,
                     struct ponder_err *err)
{
    struct ponder_eval *eval = work->eval;
    int status = grade_samples(&work->grades[question], &work->questions.items[question], samples, eval->n,
                               eval->ks, eval->k_count);
    return status ? err_memory(err, "the grades") : PONDER_OK;
}

static bool any_failed(const struct best_of_n_sample *samples, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (samples[i].finish == ENGINE_FINISH_FAILED)
            return true;
    return false;
}

static void free_texts(struct best_of_n_sample *samples, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        free(samples[i].text);
        free(samples[i].tokens);
        samples[i].text = NULL;
        samples[i].tokens = NULL;
    }
}

/* A question with a failed sample counts, but gets no line: the next run asks it again. */
static int question_done(void *data, int64_t prompt, struct best_of_n_sample *samples, struct ponder_err *err)
{
    struct work *work = data;
    int64_t question = work->missing[prompt];
    int status = grade_one(work, question, samples, err);
    if (!status && work->file.fd >= 0 && !any_failed(samples, work->eval->n))
        status = samples_file_append(&work->file, question, samples, &work->grades[question], err);
    grade_clear_samples(&work->grades[question]);
    free_texts(samples, work->eval->n);
    return status;
}

/* A question that the file has already. */
static int question_there(void *data, const struct samples_line *line, struct ponder_err *err)
{
    struct work *work = data;
    if (line->n != work->eval->n)
        return err_set(err, PONDER_E_FORMAT, "%lld samples; a line of this run has %lld", (long long)line->n,
                       (long long)work->eval->n);
    int status = grade_one(work, line->index, line->samples, err);
    grade_clear_samples(&work->grades[line->index]);
    work->eval->resumed++;
    return status;
}

/* ---- all of them ---- */

static int open_file(struct work *work, struct ponder_err *err)
{
    if (!work->job->samples_path)
        return PONDER_OK;
    work->run = samples_run_json(work->job, &work->questions);
    if (!work->run)
        return err_memory(err, "the record of a run");
    return samples_file_open(&work->file, work->job->samples_path, work->run, &work->questions,
                             question_there, work, err);
}

static int list_missing(struct work *work, struct ponder_err *err)
{
    size_t count = (size_t)work->questions.count;
    work->missing = calloc(count, sizeof *work->missing);
    work->asked = calloc(count, sizeof *work->asked);
    if (!work->missing || !work->asked)
        return err_memory(err, "the questions to ask");
    for (int64_t q = 0; q < work->questions.count; q++)
        if (work->grades[q].n == 0) {
            work->asked[work->missing_count] = work->prompts[q];
            work->missing[work->missing_count++] = q;
        }
    return PONDER_OK;
}

/* The caller's progress counts what was there before. */
static bool show_progress(const struct ponder_progress *progress, void *data)
{
    const struct work *work = data;
    struct ponder_progress all = *progress;
    all.before = work->eval->resumed * work->eval->n;
    all.done += all.before;
    all.total += all.before;
    return work->watch->progress(&all, work->watch->data);
}

static int sample_missing(struct work *work, struct engine *engine, const struct clock *clock,
                          struct ponder_err *err)
{
    if (work->missing_count == 0)
        return PONDER_OK;
    struct ponder_watch watch = {work->watch && work->watch->progress ? show_progress : NULL, work};
    struct best_of_n_listener listener = {question_done, work};
    int status = best_of_n_run(engine, work->asked, work->missing_count, work->job->sampling, clock, &watch,
                               &listener, &work->samples, err);
    work->eval->ledger = work->samples.ledger;
    work->eval->failed = work->samples.failed;
    return status;
}

static int summarise(struct work *work, struct ponder_err *err)
{
    struct ponder_eval *eval = work->eval;
    double answered = 0, tokens = 0;
    work->kept = calloc((size_t)work->questions.count, sizeof *work->kept);
    if (!work->kept)
        return err_memory(err, "the grades");
    for (int64_t q = 0; q < work->questions.count; q++)
        if (work->grades[q].n > 0) {
            work->kept[work->kept_count++] = q;
            answered += (double)work->grades[q].answered;
            tokens += (double)work->grades[q].tokens;
        }
    if (work->kept_count == 0)
        return err_set(err, PONDER_E_CANCELLED, "stopped before any question was done; nothing to report");
    double samples = (double)work->kept_count * (double)eval->n;
    eval->questions = work->kept_count;
    eval->without_answer = 1 - answered / samples;
    eval->tokens_mean = tokens / samples;
    return report_groups(eval, &work->questions, work->grades, work->kept, work->kept_count)
               ? err_memory(err, "the report")
               : PONDER_OK;
}

static void work_release(struct work *work)
{
    for (int64_t i = 0; work->grades && i < work->questions.count; i++)
        grade_release(&work->grades[i]);
    prompts_free(work->prompts, work->questions.count);
    free(work->grades);
    free(work->missing);
    free(work->asked);
    free(work->kept);
    best_of_n_release(&work->samples);
    samples_file_release(&work->file);
    json_decref(work->run);
    questions_release(&work->questions);
    ponder_eval_release(work->eval);
}

static int prepare(struct work *work, struct ponder_err *err)
{
    const struct eval_job *job = work->job;
    work->eval = calloc(1, sizeof *work->eval);
    if (!work->eval || !(work->eval->data = strdup(job->data)))
        return err_memory(err, "an evaluation");
    work->eval->n = job->sampling->n;
    work->eval->k_count = grade_ks(work->eval->n, work->eval->ks);
    int status = questions_open(&work->questions, job->data, job->limit, err);
    if (status)
        return status;
    work->eval->asked = work->questions.count;
    work->grades = calloc((size_t)work->questions.count, sizeof *work->grades);
    if (!work->grades)
        return err_memory(err, "the grades");
    status = prompts_fill(&work->prompts, &work->questions, job->template, job->sampling->seed, err);
    if (!status)
        status = open_file(work, err);
    return status ? status : list_missing(work, err);
}

int eval_run(struct engine *engine, const struct eval_job *job, const struct clock *clock,
             const struct ponder_watch *watch, struct ponder_eval **out, struct ponder_err *err)
{
    *out = NULL;
    struct work work = {.job = job, .watch = watch, .file = {.fd = -1}};
    int status = prepare(&work, err);
    if (!status)
        status = sample_missing(&work, engine, clock, err);
    if (!status && job->samples_path)
        status = samples_file_finish(&work.file, err);
    if (!status)
        status = summarise(&work, err);
    if (!status) {
        *out = work.eval;
        work.eval = NULL;
    }
    work_release(&work);
    return status;
}

struct eval_job eval_job_of(const struct ponder_model *model, const struct engine *engine, const char *data,
                            int64_t limit, const struct ponder_sampling *sampling)
{
    const char *template = model->prompt_template;
    return (struct eval_job){
        .template = template,
        .model = model->path,
        .model_hash = rng_key(model->lm->hash, hash_bytes(template, strlen(template))),
        .precision = local_precision(engine) == LM_PRECISION_BF16 ? "bf16" : "f32",
        .data = data,
        .limit = limit,
        .sampling = sampling,
    };
}

int ponder_eval_run(struct ponder_model *model, const char *data, int64_t limit,
                    const struct ponder_sampling *sampling, const char *samples_path,
                    const struct ponder_watch *watch, struct ponder_eval **out, struct ponder_err *err)
{
    *out = NULL;
    struct engine *engine;
    int status = proposer_open(&engine, model, sampling, err);
    if (status)
        return status;
    struct eval_job job = eval_job_of(model, engine, data, limit, sampling);
    job.samples_path = samples_path;
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
    free(eval);
}
