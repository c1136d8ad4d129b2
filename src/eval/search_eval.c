/* search_eval.c - search every question step by step, grade, and compare with best-of-N. */
#include "eval/search_eval.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "eval/against.h"
#include "eval/grade.h"
#include "eval/prompts.h"
#include "eval/questions.h"
#include "eval/samples_run.h"
#include "eval/search_report.h"
#include "search/proposer.h"
#include "search/steps.h"

#define OPTION_FIELD(field) offsetof(struct ponder_search, field)
#include "core/option_rows.h"

const struct ponder_option *ponder_search_options(void)
{
    static const struct ponder_option table[] = {
        ROW_TEXT("search", name, "NAME", "best_of_n", "best_of_n, or steps against a verifier"),
        ROW_INT("candidates", candidates, "M", "4", 1, STEPS_CANDIDATES_MAX,
                "of steps: sampled for each step"),
        ROW_TEXT("verifier", verifier, "NAME", "checker", "of steps: checker, for Pocket"),
        ROW_TEXT("against", against, "FILE", NULL, "of steps: compare with FILE of --samples"),
        PONDER_OPTION_END};
    return table;
}

/* All that one evaluation owns. */
struct work {
    const struct eval_job *job;
    const struct ponder_search *search;
    const struct step_judge *judge;
    struct questions questions;
    struct best_of_n_prompt *prompts; /* (questions); texts owned */
    struct steps_question *asked;     /* (questions); borrowed from the two above */
    struct against against;
    struct steps steps;
    struct search_outcome *outcomes; /* (eval->questions) of the questions that were done */
    struct ponder_search_eval *eval;
};

static int check_names(struct work *work, struct ponder_err *err)
{
    const struct ponder_search *search = work->search;
    if (strcmp(search->name, "steps") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--search: '%.40s' is none of best_of_n, steps", search->name);
    work->judge = step_judge_find(search->verifier);
    if (!work->judge)
        return err_set(err, PONDER_E_ARGUMENT, "--verifier: there is no '%.40s' for steps; give checker",
                       search->verifier);
    return PONDER_OK;
}

static int check_questions(const struct work *work, struct ponder_err *err)
{
    for (int64_t q = 0; q < work->questions.count; q++) {
        const struct question *question = &work->questions.items[q];
        int status = work->judge->accept(work->judge->data, question->problem, err);
        if (status)
            return err_prefix(err, status, "--verifier %s: %s", work->judge->name, question->id);
    }
    return PONDER_OK;
}

static int open_against(struct work *work, struct ponder_err *err)
{
    if (!work->search->against)
        return PONDER_OK;
    json_t *run = samples_run_json(work->job, &work->questions);
    int status = run ? against_read(&work->against, work->search->against, run, &work->questions,
                                    4 * work->eval->candidates, err)
                     : err_memory(err, "the record of a run");
    json_decref(run);
    work->eval->samples = work->against.n;
    return status;
}

static int fill_asked(struct work *work, struct ponder_err *err)
{
    const struct eval_job *job = work->job;
    int status = prompts_fill(&work->prompts, &work->questions, job->template, job->sampling->seed, err);
    if (status)
        return status;
    work->asked = calloc((size_t)work->questions.count, sizeof *work->asked);
    if (!work->asked)
        return err_memory(err, "the questions to ask");
    for (int64_t q = 0; q < work->questions.count; q++)
        work->asked[q] = (struct steps_question){work->prompts[q], work->questions.items[q].problem};
    return PONDER_OK;
}

static int prepare(struct work *work, struct ponder_err *err)
{
    int status = check_names(work, err);
    if (status)
        return status;
    work->eval = calloc(1, sizeof *work->eval);
    if (!work->eval || !(work->eval->data = strdup(work->job->data)))
        return err_memory(err, "an evaluation");
    work->eval->candidates = work->search->candidates;
    status = questions_open(&work->questions, work->job->data, work->job->limit, err);
    work->eval->asked = work->questions.count;
    if (!status)
        status = check_questions(work, err);
    if (!status)
        status = open_against(work, err);
    return status ? status : fill_asked(work, err);
}

/* ---- grading ---- */

static int grade_one(const struct work *work, int64_t q, struct search_outcome *out, int64_t *answered)
{
    const struct steps_solution *solution = &work->steps.solutions[q];
    struct best_of_n_sample sample = {.text = (char *)buf_text(&solution->text), .len = solution->text.len};
    const int64_t one = 1;
    struct grade grade;
    int status = grade_samples(&grade, &work->questions.items[q], &sample, 1, &one, 1);
    *out = (struct search_outcome){q, grade.correct_count > 0, solution->tokens};
    *answered += grade.answered;
    grade_release(&grade);
    return status;
}

static int summarise(struct work *work, struct ponder_err *err)
{
    struct ponder_search_eval *eval = work->eval;
    int64_t answered = 0, rounds = 0;
    int status = PONDER_OK;
    work->outcomes = calloc((size_t)work->questions.count, sizeof *work->outcomes);
    if (!work->outcomes)
        return err_memory(err, "the grades");
    for (int64_t q = 0; q < work->questions.count && !status; q++) {
        if (!work->steps.solutions[q].done)
            continue;
        rounds += work->steps.solutions[q].rounds;
        status = grade_one(work, q, &work->outcomes[eval->questions++], &answered);
    }
    if (status)
        return err_memory(err, "the grades");
    if (eval->questions == 0)
        return err_set(err, PONDER_E_CANCELLED, "stopped before any question was done; nothing to report");
    eval->without_answer = 1 - (double)answered / (double)eval->questions;
    eval->rounds_mean = (double)rounds / (double)eval->questions;
    eval->failed = work->steps.failed;
    eval->ledger = work->steps.ledger;
    const struct against *against = work->search->against ? &work->against : NULL;
    return search_report(eval, work->outcomes, eval->questions, against) ? err_memory(err, "the report")
                                                                         : PONDER_OK;
}

static void work_release(struct work *work)
{
    prompts_free(work->prompts, work->questions.count);
    free(work->asked);
    free(work->outcomes);
    against_release(&work->against);
    steps_release(&work->steps);
    questions_release(&work->questions);
    ponder_search_eval_release(work->eval);
}

int search_eval_run(struct engine *engine, const struct eval_job *job, const struct ponder_search *search,
                    const struct clock *clock, const struct ponder_watch *watch,
                    struct ponder_search_eval **out, struct ponder_err *err)
{
    *out = NULL;
    struct work work = {.job = job, .search = search};
    int status = prepare(&work, err);
    if (!status)
        status = steps_run(engine, work.asked, work.questions.count, search->candidates, work.judge,
                           job->sampling, clock, watch, &work.steps, err);
    if (!status)
        status = summarise(&work, err);
    if (!status) {
        *out = work.eval;
        work.eval = NULL;
    }
    work_release(&work);
    return status;
}

int ponder_search_eval_run(struct ponder_model *model, const char *data, int64_t limit,
                           const struct ponder_sampling *sampling, const struct ponder_search *search,
                           const struct ponder_watch *watch, struct ponder_search_eval **out,
                           struct ponder_err *err)
{
    *out = NULL;
    struct engine *engine;
    int status = proposer_open(&engine, model, sampling, err);
    if (status)
        return status;
    struct eval_job job = eval_job_of(model, engine, data, limit, sampling);
    status = search_eval_run(engine, &job, search, &clock_system, watch, out, err);
    engine_release(engine);
    return status;
}

void ponder_search_eval_release(struct ponder_search_eval *eval)
{
    if (!eval)
        return;
    free(eval->groups);
    free(eval->data);
    free(eval);
}
