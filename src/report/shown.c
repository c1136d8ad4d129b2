#include "report/shown.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "eval/grade.h"
#include "select/vote.h"

struct reading {
    struct shown *shown;
    const struct question *question;
    int64_t samples_max;
    enum answer_mode extract;
};

static int copy_votes(struct shown *shown, const struct grade *grade)
{
    struct vote_row *votes = calloc((size_t)grade->n, sizeof *votes);
    if (!votes)
        return PONDER_E_MEMORY;
    int64_t count = vote_rows(grade->of, NULL, grade->n, votes, NULL);
    shown->votes = calloc((size_t)count + 1, sizeof *shown->votes);
    int status = shown->votes ? PONDER_OK : PONDER_E_MEMORY;
    for (int64_t v = 0; v < count && !status; v++) {
        int64_t first = votes[v].first;
        shown->votes[v] =
            (struct shown_vote){strdup(grade->answers[first]), votes[v].count, grade->correct[first]};
        shown->vote_count++;
        status = shown->votes[v].answer ? PONDER_OK : PONDER_E_MEMORY;
    }
    free(votes);
    return status;
}

static int copy_sample(struct shown_sample *out, const struct store_sample *sample, const struct grade *grade,
                       int64_t i)
{
    size_t len = sample->len < SHOWN_TEXT_BYTES_MAX ? sample->len : SHOWN_TEXT_BYTES_MAX;
    *out = (struct shown_sample){.len = len,
                                 .cut = len < sample->len,
                                 .correct = grade->correct[i],
                                 .logprob = sample->logprob,
                                 .tokens = sample->token_count,
                                 .finish = strdup(sample->finish)};
    int failed = !out->finish;
    if (sample->text && (out->text = malloc(len + 1)))
        memcpy(out->text, sample->text, len);
    failed |= sample->text && !out->text;
    if (grade->answers[i] && !(out->answer = strdup(grade->answers[i])))
        failed = 1;
    if (sample->scores && (out->scores = malloc(((size_t)sample->score_count + 1) * sizeof *out->scores))) {
        memcpy(out->scores, sample->scores, (size_t)sample->score_count * sizeof *out->scores);
        out->score_count = sample->score_count;
    }
    return failed || (sample->scores && !out->scores) ? PONDER_E_MEMORY : PONDER_OK;
}

static int copy_samples(struct shown *shown, const struct store_cell *cell, const struct grade *grade,
                        int64_t samples_max)
{
    int64_t count = cell->n < samples_max ? cell->n : samples_max;
    shown->samples = calloc((size_t)count + 1, sizeof *shown->samples);
    int status = shown->samples ? PONDER_OK : PONDER_E_MEMORY;
    for (; shown->sample_count < count && !status; shown->sample_count++)
        status = copy_sample(&shown->samples[shown->sample_count], &cell->samples[shown->sample_count], grade,
                             shown->sample_count);
    return status;
}

static int shown_take(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct reading *reading = data;
    struct shown *shown = reading->shown;
    struct grade grade = {0};
    const int64_t ks[] = {cell->n};
    struct best_of_n_sample *samples = cells_samples_of(cell);
    int status = samples ? PONDER_OK : PONDER_E_MEMORY;
    if (!status)
        status = grade_samples(&grade, reading->question, samples, reading->extract, cell->n, ks, 1);
    shown_release(shown);
    *shown = (struct shown){.seed = cell->seed, .n = cell->n, .cost = cell->cost};
    shown->correct = grade.correct_count;
    shown->without_answer = cell->n - grade.answered;
    if (!status)
        status = copy_votes(shown, &grade);
    if (!status)
        status = copy_samples(shown, cell, &grade, reading->samples_max);
    grade_release(&grade);
    free(samples);
    return status ? err_memory(err, "samples") : PONDER_OK;
}

int shown_read(struct shown *out, struct store *store, const struct figures_run *run, int64_t question,
               int64_t samples_max, struct ponder_err *err)
{
    const struct cells *cells = &run->cells;
    struct reading reading = {out, &cells->questions.items[question], samples_max, cells->extract};
    *out = (struct shown){0};
    int64_t cell = question;
    while (cell < cells->count && cells->grades[cell].n == 0)
        cell += cells->questions.count;
    if (cell >= cells->count)
        return PONDER_OK;
    int64_t seed = cells_seed(cells, cell);
    return store_cells_read(store, run->record.id, seed, question, shown_take, &reading, err);
}

void shown_release(struct shown *shown)
{
    for (int64_t v = 0; v < shown->vote_count; v++)
        free(shown->votes[v].answer);
    for (int64_t i = 0; i < shown->sample_count; i++) {
        free(shown->samples[i].text);
        free(shown->samples[i].answer);
        free(shown->samples[i].finish);
        free(shown->samples[i].scores);
    }
    free(shown->votes);
    free(shown->samples);
    *shown = (struct shown){0};
}
