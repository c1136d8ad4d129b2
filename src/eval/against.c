#include "eval/against.h"

#include <stdlib.h>

#include "core/err.h"
#include "core/jsonl.h"
#include "eval/export_line.h"
#include "eval/grade.h"
#include "eval/run_record.h"

struct reading {
    struct against *out;
    const struct eval_job *job;
    const struct questions *questions;
    uint64_t set_hash;
    int64_t n_min, count;
};

static int take_grade(struct against *out, int64_t question, const struct grade *grade,
                      struct ponder_err *err)
{
    if (out->tokens[question] >= 0)
        return err_set(err, PONDER_E_FORMAT,
                       "question %lld stands here a second time; give a run of one seed",
                       (long long)question);
    out->correct[question] = grade->correct_count;
    out->tokens[question] = (double)grade->tokens / (double)grade->n;
    return PONDER_OK;
}

static int check_same(const struct export_line *line, const char *key, json_t *ours, struct ponder_err *err)
{
    json_t *theirs = json_object_get(line->run, key);
    bool same = theirs && ours && json_equal(theirs, ours);
    json_decref(ours);
    return same ? PONDER_OK
                : err_set(err, PONDER_E_ARGUMENT,
                          "another %s; a search is compared with samples of the same model and questions",
                          key);
}

static int check_line(struct reading *reading, const struct export_line *line, struct ponder_err *err)
{
    int status = check_same(line, "model_hash", run_hash_json(reading->job->model_hash), err);
    if (!status)
        status = check_same(line, "data_hash", run_hash_json(reading->set_hash), err);
    if (status)
        return status;
    if (line->n < reading->n_min)
        return err_set(err, PONDER_E_ARGUMENT,
                       "%lld samples; best-of-N of 4 times the generations needs -n %lld or more",
                       (long long)line->n, (long long)reading->n_min);
    if (line->index < 0 || line->index >= reading->questions->count ||
        (reading->count > 0 && line->n != reading->out->n))
        return err_set(err, PONDER_E_FORMAT, "question %lld with %lld samples does not belong here",
                       (long long)line->index, (long long)line->n);
    return PONDER_OK;
}

static int take_line(struct reading *reading, const json_t *record, struct ponder_err *err)
{
    struct export_line line;
    struct grade grade = {0};
    int status = export_line_take(&line, record, err);
    if (!status)
        status = check_line(reading, &line, err);
    if (!status && grade_samples(&grade, &reading->questions->items[line.index], line.samples,
                                 reading->job->extract, line.n, &line.n, 1))
        status = err_memory(err, "the grades");
    if (!status)
        status = take_grade(reading->out, line.index, &grade, err);
    grade_release(&grade);
    reading->out->n = line.n;
    reading->count++;
    export_line_release(&line);
    return status;
}

static int read_all(struct reading *reading, struct ponder_err *err)
{
    const char *path = reading->job->settings->against;
    struct jsonl *file;
    json_t *record;
    int status = jsonl_open(&file, path, err), more = 0;
    while (!status && (more = jsonl_next(file, &record, err)) > 0) {
        status = take_line(reading, record, err);
        json_decref(record);
        if (status)
            jsonl_prefix(file, status, err);
    }
    jsonl_release(file);
    if (status || more < 0)
        return status ? status : more;
    if (reading->count < reading->questions->count)
        return err_set(
            err, PONDER_E_ARGUMENT,
            "--against: %s has the samples of %lld of the %lld questions; finish the run and export it "
            "again",
            path, (long long)reading->count, (long long)reading->questions->count);
    return PONDER_OK;
}

int against_read(struct against *out, const struct eval_job *job, const struct questions *questions,
                 int64_t n_min, struct ponder_err *err)
{
    size_t count = (size_t)questions->count;
    *out = (struct against){.correct = calloc(count + 1, sizeof *out->correct),
                            .tokens = calloc(count + 1, sizeof *out->tokens)};
    if (!out->correct || !out->tokens)
        return err_memory(err, "the samples to compare with");
    for (int64_t q = 0; q < questions->count; q++)
        out->tokens[q] = -1;
    struct reading reading = {.out = out,
                              .job = job,
                              .questions = questions,
                              .set_hash = questions_hash(questions),
                              .n_min = n_min};
    return read_all(&reading, err);
}

void against_release(struct against *against)
{
    free(against->correct);
    free(against->tokens);
    *against = (struct against){0};
}
