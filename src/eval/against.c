#include "eval/against.h"

#include <stdlib.h>

#include "core/err.h"
#include "eval/grade.h"
#include "eval/samples_file.h"
#include "eval/samples_run.h"

struct reading {
    struct against *out;
    const json_t *run;
    const struct questions *questions;
    int64_t n_min, count;
};

static int take_grade(struct against *out, int64_t question, const struct grade *grade,
                      struct ponder_err *err)
{
    if (out->tokens[question] >= 0)
        return err_set(err, PONDER_E_FORMAT, "question %lld stands here a second time", (long long)question);
    out->correct[question] = grade->correct_count;
    out->tokens[question] = (double)grade->tokens / (double)grade->n;
    return PONDER_OK;
}

static int check_line(struct reading *reading, const struct samples_line *line, struct ponder_err *err)
{
    int status =
        samples_run_compare(line->run, reading->run, true,
                            "a search is compared with samples of the same model and questions", err);
    if (status)
        return status;
    if (line->n < reading->n_min)
        return err_set(err, PONDER_E_ARGUMENT,
                       "%lld samples; best-of-N of 4 times the candidates needs -n %lld or more",
                       (long long)line->n, (long long)reading->n_min);
    if (line->index < 0 || line->index >= reading->questions->count ||
        (reading->count > 0 && line->n != reading->out->n))
        return err_set(err, PONDER_E_FORMAT, "question %lld with %lld samples does not belong here",
                       (long long)line->index, (long long)line->n);
    return PONDER_OK;
}

static int take_line(void *data, const struct samples_line *line, struct samples_place place,
                     struct ponder_err *err)
{
    (void)place;
    struct reading *reading = data;
    int status = check_line(reading, line, err);
    if (status)
        return status;
    struct grade grade;
    if (grade_samples(&grade, &reading->questions->items[line->index], line->samples, line->n, &line->n, 1))
        status = err_memory(err, "the grades");
    if (!status)
        status = take_grade(reading->out, line->index, &grade, err);
    grade_release(&grade);
    reading->out->n = line->n;
    reading->count++;
    return status;
}

int against_read(struct against *out, const char *path, const json_t *run, const struct questions *questions,
                 int64_t n_min, struct ponder_err *err)
{
    size_t count = (size_t)questions->count;
    *out = (struct against){.correct = calloc(count + 1, sizeof *out->correct),
                            .tokens = calloc(count + 1, sizeof *out->tokens)};
    if (!out->correct || !out->tokens)
        return err_memory(err, "the samples to compare with");
    for (int64_t q = 0; q < questions->count; q++)
        out->tokens[q] = -1;
    struct reading reading = {.out = out, .run = run, .questions = questions, .n_min = n_min};
    int64_t whole;
    int status = samples_read(path, take_line, &reading, &whole, err);
    if (!status && reading.count < questions->count)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "--against: %s has the samples of %lld of the %lld questions; finish it with the "
                         "command that made it",
                         path, (long long)reading.count, (long long)questions->count);
    return status;
}

void against_release(struct against *against)
{
    free(against->correct);
    free(against->tokens);
    *against = (struct against){0};
}
