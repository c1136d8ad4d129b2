/* search_eval.c - search every question against a verifier, grade, and compare with best-of-N. */
#include "eval/search_eval.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "eval/against.h"
#include "eval/cells.h"
#include "eval/run_record.h"
#include "eval/search_report.h"
#include "eval/searched.h"
#include "session/proposer.h"
#include "session/plan.h"
#include "tree/ledger.h"

/* All that one evaluation owns. */
struct work {
    struct eval_job job;
    const struct ponder_search *search;
    struct search_plan plan;
    struct verifier verifier;
    struct engine *engine;
    struct cells cells;
    const int64_t *missing; /* cells of the pass under way */
    struct against against;
    struct search_outcome *outcomes; /* (eval->questions) of the questions that were done */
    struct ponder_search_eval *eval;
    struct ponder_ledger spent;
};

/* ---- preparing ---- */

static int open_plan(struct work *work, struct ponder_err *err)
{
    if (work->search->stop > 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "a stop rule is for solving: an evaluation keeps every solution");
    int status = search_plan_of(&work->plan, work->search, work->job.sampling, err);
    if (!status)
        status =
            search_plan_verifier(&work->plan, work->search, work->job.sampling, false, &work->verifier, err);
    if (status)
        return status;
    search_plan_take(&work->plan, &work->verifier, false);
    if (!status)
        status = search_plan_check(&work->plan, work->engine, err);
    work->job.verifier_hash = work->verifier.hash;
    if (!status)
        work->eval->width = search_options_get(&work->plan.options, work->plan.ops, "width", 0);
    return status;
}

static int check_questions(struct work *work, struct ponder_err *err)
{
    for (int64_t q = 0; q < work->cells.questions.count; q++) {
        const struct question *question = &work->cells.questions.items[q];
        struct verifier_case asked = verifier_case_of(question->problem, question->answer);
        int status = verifier_accept(&work->verifier, &asked, err);
        if (status)
            return err_prefix(err, status, "--verifier %s: %s", work->verifier.ops->name, question->id);
    }
    return PONDER_OK;
}

static int open_against(struct work *work, struct ponder_err *err)
{
    if (!work->job.settings->against)
        return PONDER_OK;
    int status = against_read(&work->against, &work->job, &work->cells.questions, 4 * work->eval->n, err);
    work->eval->samples = work->against.n;
    return status;
}

static int search_eval_prepare(struct work *work, const struct clock *clock, const struct ponder_watch *watch,
                               struct ponder_err *err)
{
    work->eval = calloc(1, sizeof *work->eval);
    if (!work->eval || !(work->eval->data = strdup(work->job.settings->data)))
        return err_memory(err, "an evaluation");
    work->eval->n = work->job.sampling->n;
    work->eval->seeds = work->job.settings->seeds;
    int status = open_plan(work, err);
    if (!status)
        status = cells_open(&work->cells, &work->job, 1, clock, watch, err);
    if (!status)
        status = check_questions(work, err);
    if (!status)
        status = open_against(work, err);
    return status ? status : cells_open_store(&work->cells, err);
}

/* ---- searching ---- */

static int question_begin(void *data, int64_t question, bool *take, struct ponder_err *err)
{
    struct work *work = data;
    return cells_claim(&work->cells, work->missing[question], take, err);
}

static int question_done(void *data, int64_t question, const struct driver_outcome *outcome,
                         struct ponder_err *err)
{
    struct work *work = data;
    struct cells *cells = &work->cells;
    int64_t cell = work->missing[question];
    const struct searched_plan plan = {&work->plan, work->search, work->job.sampling, work->job.extract,
                                       cells->store != NULL};
    struct searched searched;
    int status = searched_fill(&searched, &plan, outcome, cells_question(cells, cell),
                               cells->prompts[cell].text, cells_seed(cells, cell), err);
    if (!status)
        status = cells_keep_search(cells, cell, &searched.cell, &outcome->cost, err);
    searched_release(&searched);
    return status;
}

/* The revisions of a pass, where its strategy shows attempts; NULL: it does not. */
static int fill_revisions(struct work *work, const int64_t *missing, int64_t count, struct revision **out,
                          struct ponder_err *err)
{
    static const struct revision_template none;
    const struct revision_template *template = work->job.revision ? work->job.revision : &none;
    int status = PONDER_OK;
    *out = work->plan.ops->revises ? calloc((size_t)count + 1, sizeof **out) : NULL;
    if (!*out)
        return work->plan.ops->revises ? err_memory(err, "the questions to ask") : PONDER_OK;
    for (int64_t i = 0; i < count && !status; i++) {
        const struct question *question = cells_question(&work->cells, missing[i]);
        status = revision_fill(template, question->problem, strlen(question->problem),
                               cells_seed(&work->cells, missing[i]), question->id, &(*out)[i], err);
    }
    return status;
}

static void revisions_free(struct revision *revisions, int64_t count)
{
    for (int64_t i = 0; revisions && i < count; i++)
        free((char *)revisions[i].first.text);
    free(revisions);
}

/* A pass over what is missing. */
static int search_eval_question(void *data, const int64_t *missing, int64_t count,
                                enum ponder_stopped *stopped, struct ponder_err *err)
{
    struct work *work = data;
    struct driver_result result = {0};
    struct ponder_watch watch = {cells_progress, &work->cells, NULL};
    struct driver_plan plan = search_plan_driven(&work->plan, work->job.sampling);
    struct driver_run_settings settings = {work->cells.clock, &watch, work->job.sampling->timeout_s};
    struct driver_run_listener listener = {
        .question_begin = question_begin, .question_done = question_done, .data = work};
    struct driver_question *asked = calloc((size_t)count, sizeof *asked);
    if (!asked)
        return err_memory(err, "the questions to ask");
    work->missing = missing;
    struct revision *revisions;
    int status = fill_revisions(work, missing, count, &revisions, err);
    for (int64_t i = 0; i < count; i++) {
        const struct question *question = cells_question(&work->cells, missing[i]);
        asked[i] = (struct driver_question){.prompt = work->cells.prompts[missing[i]],
                                            .revision = revisions ? &revisions[i] : NULL,
                                            .problem = question->problem,
                                            .gold = question->answer,
                                            .plan = &plan};
    }
    if (!status)
        status = driver_run(work->engine, asked, count, &settings, &listener, &result, err);
    revisions_free(revisions, count);
    ledger_add(&work->spent, &result.ledger);
    work->eval->failed += result.failed;
    if (!work->eval->failure[0])
        memcpy(work->eval->failure, result.failure, sizeof result.failure);
    *stopped = result.stopped;
    free(asked);
    return status;
}

/* ---- the report ---- */

/* A question's outcome is the mean over its seeds. */
static void fill_outcomes(struct work *work, const struct grade *grades, double *answered, double *samples)
{
    const struct cells *cells = &work->cells;
    for (int64_t q = 0; q < cells->questions.count; q++) {
        double tokens = 0, done = (double)grades[q].n;
        for (int64_t c = q; c < cells->count; c += cells->questions.count)
            tokens += (double)cells->costs[c].generated_tokens;
        if (grades[q].n == 0)
            continue;
        work->outcomes[work->eval->questions++] = (struct search_outcome){q, grades[q].pass_1, tokens / done};
        *answered += (double)grades[q].answered;
        *samples += done;
    }
}

/* The figures cost the verifier's probe once, however many calls have made them; its seconds are this call's.
 */
static void add_probe(struct work *work)
{
    struct ponder_ledger probed = work->verifier.probed;
    ledger_add(&work->eval->spent, &probed);
    probed.seconds = 0;
    ledger_add(&work->eval->ledger, &probed);
}

static int summarise(struct work *work, struct ponder_err *err)
{
    struct ponder_search_eval *eval = work->eval;
    double answered = 0, samples = 0;
    struct grade *grades = cells_by_question(&work->cells);
    work->outcomes = calloc((size_t)work->cells.questions.count, sizeof *work->outcomes);
    eval->settings = run_report_text(&work->job, work->cells.settings);
    if (grades && work->outcomes)
        fill_outcomes(work, grades, &answered, &samples);
    free(grades);
    if (!grades || !work->outcomes || !eval->settings)
        return err_memory(err, "the grades");
    if (eval->questions == 0)
        return err_set(err, PONDER_E_CANCELLED, "stopped before any question was done; nothing to report");
    eval->run = work->cells.run;
    eval->asked = work->cells.questions.count;
    eval->resumed = work->cells.resumed;
    eval->done = work->cells.done;
    eval->without_answer = 1 - answered / samples;
    eval->ledger = cells_cost(&work->cells);
    eval->spent = work->spent;
    add_probe(work);
    const struct against *against = work->job.settings->against ? &work->against : NULL;
    return search_report(eval, work->outcomes, eval->questions, against) ? err_memory(err, "the report")
                                                                         : PONDER_OK;
}

static void work_release(struct work *work)
{
    free(work->outcomes);
    against_release(&work->against);
    cells_release(&work->cells);
    verifier_release(&work->verifier);
    ponder_search_eval_release(work->eval);
}

int search_eval_run(struct engine *engine, const struct eval_job *job, const struct clock *clock,
                    const struct ponder_watch *watch, struct ponder_search_eval **out, struct ponder_err *err)
{
    *out = NULL;
    struct work work = {.job = *job, .search = job->search, .engine = engine};
    int status = search_eval_prepare(&work, clock, watch, err);
    if (!status)
        status = cells_do(&work.cells, search_eval_question, &work, err);
    if (!status)
        status = summarise(&work, err);
    if (!status) {
        *out = work.eval;
        work.eval = NULL;
    }
    work_release(&work);
    return status;
}

int ponder_search_eval_run(struct ponder_model *model, const struct ponder_eval_settings *settings,
                           const struct ponder_sampling *sampling, const struct ponder_search *search,
                           const struct ponder_watch *watch, struct ponder_search_eval **out,
                           struct ponder_err *err)
{
    *out = NULL;
    struct engine *engine;
    struct ponder_sampling whole =
        ponder_model_sampling(model, proposer_purpose(search, sampling->n), sampling);
    int status = proposer_open(&engine, model, &whole, err);
    if (status)
        return status;
    struct eval_job job;
    status = eval_job_of(&job, model, engine, settings, &whole, err);
    job.search = search;
    if (!status)
        status = search_eval_run(engine, &job, &clock_system, watch, out, err);
    engine_release(engine);
    return status;
}

void ponder_search_eval_release(struct ponder_search_eval *eval)
{
    if (!eval)
        return;
    free(eval->groups);
    free(eval->data);
    free(eval->settings);
    free(eval);
}
