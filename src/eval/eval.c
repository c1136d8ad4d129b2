/* eval.c - sample every question, grade, report. */
#include "eval/eval.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "eval/grade.h"
#include "eval/questions.h"
#include "eval/report.h"
#include "search/best_of_n.h"
#include "search/prompt.h"
#include "search/proposer.h"

/* All that one evaluation owns. */
struct work {
    struct questions questions;
    struct best_of_n_prompt *prompts; /* (questions); their texts are owned */
    struct best_of_n run;
    struct grade *grades; /* (questions); zeroed where not all samples are done */
    int64_t *kept;        /* questions whose samples are all done */
    int64_t kept_count;
    struct ponder_eval *eval;
};

static int fill_prompts(struct work *work, const char *template, int64_t seed, struct ponder_err *err)
{
    int64_t count = work->questions.count;
    work->prompts = calloc((size_t)count, sizeof *work->prompts);
    if (!work->prompts)
        return err_memory(err, "prompts");
    for (int64_t i = 0; i < count; i++) {
        const struct question *question = &work->questions.items[i];
        struct buf text = BUF_INIT(4u * PONDER_QUESTION_BYTES_MAX);
        size_t len = strlen(question->problem);
        int status = prompt_check_question(question->problem, len, err);
        if (!status)
            status = prompt_fill(template, question->problem, len, &text, err);
        size_t filled = text.len;
        char *taken = status ? NULL : buf_take(&text, NULL);
        buf_release(&text);
        if (!status && !taken)
            status = err_memory(err, "prompts");
        if (status)
            return err_prefix(err, status, "%s", question->id);
        work->prompts[i] =
            (struct best_of_n_prompt){taken, filled, prompt_key(seed, taken, filled), question->id};
    }
    return PONDER_OK;
}

static bool all_done(const struct best_of_n *run, int64_t question)
{
    for (int64_t i = 0; i < run->n; i++)
        if (!run->samples[question * run->n + i].done)
            return false;
    return true;
}

static int grade_all(struct work *work)
{
    struct ponder_eval *eval = work->eval;
    int64_t count = work->questions.count, answered = 0;
    double tokens = 0;
    work->grades = calloc((size_t)count, sizeof *work->grades);
    work->kept = calloc((size_t)count, sizeof *work->kept);
    if (!work->grades || !work->kept)
        return PONDER_E_MEMORY;
    for (int64_t q = 0; q < count; q++) {
        const struct best_of_n_sample *samples = work->run.samples + q * work->run.n;
        if (!all_done(&work->run, q))
            continue;
        int status = grade_samples(&work->grades[q], &work->questions.items[q], samples, eval->n, eval->ks,
                                   eval->k_count);
        if (status)
            return status;
        work->kept[work->kept_count++] = q;
        answered += work->grades[q].answered;
        for (int64_t i = 0; i < eval->n; i++)
            tokens += (double)samples[i].token_count;
    }
    double samples = (double)work->kept_count * (double)eval->n;
    eval->questions = work->kept_count;
    eval->asked = count;
    eval->without_answer = samples > 0 ? 1 - (double)answered / samples : 0;
    eval->tokens_mean = samples > 0 ? tokens / samples : 0;
    return PONDER_OK;
}

/* ---- the file of samples ---- */

static json_t *sample_json(const struct best_of_n_sample *sample, const struct grade *grade, int64_t i)
{
    return json_pack("{s:o, s:b, s:o, s:I, s:o, s:s}", "answer", json_from_string(grade->answers[i]),
                     "correct", (int)grade->correct[i], "text", json_from_text(sample->text, sample->len),
                     "tokens", (json_int_t)sample->token_count, "logprob", json_from_real(sample->logprob),
                     "finish", best_of_n_finish_name(sample->finish));
}

static int question_line(const struct work *work, int64_t q, struct buf *file, struct ponder_err *err)
{
    const struct question *question = &work->questions.items[q];
    json_t *samples = json_array();
    for (int64_t i = 0; i < work->run.n; i++)
        json_array_append_new(samples,
                              sample_json(&work->run.samples[q * work->run.n + i], &work->grades[q], i));
    char *line = NULL;
    int status =
        json_print(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "unique_id", json_from_string(question->id),
                             "problem", json_from_string(question->problem), "answer",
                             json_from_string(question->answer), "level", json_from_string(question->level),
                             "subject", json_from_string(question->subject), "samples", samples),
                   &line, err);
    if (!status && (buf_puts(file, line) || buf_putc(file, '\n')))
        status = err_memory(err, "the file of samples");
    free(line);
    return status;
}

static int save_samples(const struct work *work, const char *path, struct ponder_err *err)
{
    struct buf file = BUF_INIT(SIZE_MAX / 2);
    int status = PONDER_OK;
    for (int64_t i = 0; i < work->kept_count && !status; i++)
        status = question_line(work, work->kept[i], &file, err);
    if (!status)
        status = file_write_atomic(path, buf_text(&file), file.len, err);
    buf_release(&file);
    return status;
}

static void work_release(struct work *work)
{
    for (int64_t i = 0; i < work->questions.count; i++) {
        if (work->prompts)
            free((char *)work->prompts[i].text);
        if (work->grades)
            grade_release(&work->grades[i]);
    }
    free(work->prompts);
    free(work->grades);
    free(work->kept);
    best_of_n_release(&work->run);
    questions_release(&work->questions);
    ponder_eval_release(work->eval);
}

static int prepare(struct work *work, const char *data, int64_t limit, const struct ponder_sampling *sampling,
                   struct ponder_err *err)
{
    work->eval = calloc(1, sizeof *work->eval);
    if (!work->eval || !(work->eval->data = strdup(data)))
        return err_memory(err, "an evaluation");
    work->eval->n = sampling->n;
    work->eval->k_count = grade_ks(sampling->n, work->eval->ks);
    return questions_open(&work->questions, data, limit, err);
}

int eval_run(struct engine *engine, const char *template, const char *data, int64_t limit,
             const struct ponder_sampling *sampling, const char *samples_path, const struct clock *clock,
             const struct ponder_watch *watch, struct ponder_eval **out, struct ponder_err *err)
{
    *out = NULL;
    struct work work = {0};
    int status = prepare(&work, data, limit, sampling, err);
    if (!status)
        status = fill_prompts(&work, template, sampling->seed, err);
    if (!status)
        status =
            best_of_n_run(engine, work.prompts, work.questions.count, sampling, clock, watch, &work.run, err);
    if (!status) {
        work.eval->ledger = work.run.ledger;
        status = grade_all(&work);
        if (!status)
            status = report_groups(work.eval, &work.questions, work.grades, work.kept, work.kept_count);
        if (status)
            err_memory(err, "the grades");
    }
    if (!status && work.kept_count == 0)
        status = err_set(err, PONDER_E_CANCELLED, "stopped before any question was done; nothing to report");
    if (!status && samples_path)
        status = save_samples(&work, samples_path, err);
    if (!status) {
        *out = work.eval;
        work.eval = NULL;
    }
    work_release(&work);
    return status;
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
    status = eval_run(engine, model->prompt_template, data, limit, sampling, samples_path, &clock_system,
                      watch, out, err);
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
