/* judged_read.c - where labelled solutions come from: a file of exact labels, one in the form of
 * Math-Shepherd, or a run of a store, whose labels are what its rollouts found. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "search/prefixes.h"
#include "store/store.h"
#include "task/labelled.h"
#include "task/shepherd.h"
#include "train/judged_source.h"

/* The solutions of one question, with memory that serves the next one too. */
struct batch {
    struct judged_source *source;
    struct judged_text *texts; /* (count) */
    float *labels;             /* (label_count) of all texts, one behind the other */
    int64_t count, cap, label_count, label_cap;
};

static void batch_release(struct batch *batch)
{
    free(batch->texts);
    free(batch->labels);
}

/* Room for `count` texts with `labels` labels in all; what was there is gone. */
static int batch_begin(struct batch *batch, int64_t count, int64_t labels, struct ponder_err *err)
{
    batch->count = batch->label_count = 0;
    if (count > batch->cap) {
        free(batch->texts);
        batch->texts = calloc((size_t)count, sizeof *batch->texts);
        batch->cap = batch->texts ? count : 0;
    }
    if (labels > batch->label_cap) {
        free(batch->labels);
        batch->labels = calloc((size_t)labels, sizeof *batch->labels);
        batch->label_cap = batch->labels ? labels : 0;
    }
    return batch->cap < count || batch->label_cap < labels ? err_memory(err, "labelled solutions")
                                                           : PONDER_OK;
}

/* The next text, with room for its labels. */
static struct judged_text *batch_text(struct batch *batch, const char *text, int lines, bool right,
                                      float **labels)
{
    struct judged_text *out = &batch->texts[batch->count++];
    *labels = batch->labels + batch->label_count;
    batch->label_count += lines;
    *out = (struct judged_text){text, *labels, lines, right};
    return out;
}

static int check_filled(const struct judged_source *source, const char *path, struct ponder_err *err)
{
    if (source->train.count > 0)
        return PONDER_OK;
    return err_set(err, PONDER_E_FORMAT, "%s: holds no solution to train on%s", path,
                   source->heldout.count ? "; --heldout takes all of them" : "");
}

/* ---- a file ---- */

enum { GROUP_MAX = 1 << 12 };

/* Lines of Math-Shepherd's form hold one solution each: those of one question, one behind the other, are kept
 * until another question comes. */
struct file {
    struct batch batch;
    struct shepherd group[GROUP_MAX]; /* (count) */
    int count;
};

static int end_group(struct file *file, struct ponder_err *err)
{
    int64_t lines = 0;
    for (int i = 0; i < file->count; i++)
        lines += file->group[i].lines;
    int status = file->count ? batch_begin(&file->batch, file->count, lines, err) : PONDER_OK;
    for (int i = 0; i < file->count && !status; i++) {
        const struct shepherd *solution = &file->group[i];
        float *labels;
        batch_text(&file->batch, solution->text, solution->lines, solution->right, &labels);
        memcpy(labels, solution->labels, (size_t)solution->lines * sizeof *labels);
    }
    if (file->count && !status)
        status = judged_source_add(file->batch.source, file->group[0].problem, file->batch.texts,
                                   file->batch.count, err);
    while (file->count)
        shepherd_release(&file->group[--file->count]);
    return status;
}

static int add_shepherd(struct file *file, const json_t *record, struct ponder_err *err)
{
    struct shepherd solution;
    int status = shepherd_take(&solution, record, err);
    bool other = !status && file->count && strcmp(file->group[0].problem, solution.problem) != 0;
    if (!status && (other || file->count == GROUP_MAX))
        status = end_group(file, err);
    if (status)
        shepherd_release(&solution);
    else
        file->group[file->count++] = solution;
    return status;
}

static int add_labelled(struct batch *batch, const json_t *object, struct ponder_err *err)
{
    struct labelled record;
    int64_t lines = 0;
    int status = labelled_take(&record, object, err);
    for (int64_t i = 0; i < record.count; i++)
        lines += record.texts[i].lines;
    if (!status)
        status = batch_begin(batch, record.count, lines, err);
    for (int64_t i = 0; i < record.count && !status; i++) {
        const struct labelled_text *text = &record.texts[i];
        float *labels;
        batch_text(batch, text->text, text->lines, text->right, &labels);
        for (int k = 0; k < text->lines; k++)
            labels[k] = (float)text->reachable[k];
    }
    if (!status)
        status = judged_source_add(batch->source, record.problem, batch->texts, batch->count, err);
    labelled_release(&record);
    return status;
}

static int read_lines(struct file *file, struct jsonl *lines, struct ponder_err *err)
{
    int more, status = PONDER_OK;
    json_t *record;
    while (!status && (more = jsonl_next(lines, &record, err)) != 0) {
        if (more < 0)
            return more;
        status =
            shepherd_is(record) ? add_shepherd(file, record, err) : add_labelled(&file->batch, record, err);
        json_decref(record);
    }
    return status ? jsonl_prefix(lines, status, err) : end_group(file, err);
}

int judged_read_samples(struct judged_source *source, const char *path, struct ponder_err *err)
{
    struct file *file = calloc(1, sizeof *file);
    struct jsonl *lines = NULL;
    int status = file ? jsonl_open(&lines, path, err) : err_memory(err, "labelled solutions");
    if (!status) {
        file->batch.source = source;
        status = read_lines(file, lines, err);
    }
    jsonl_release(lines);
    for (int i = 0; file && i < file->count; i++)
        shepherd_release(&file->group[i]);
    if (file)
        batch_release(&file->batch);
    free(file);
    return status ? status : check_filled(source, path, err);
}

/* ---- a store ---- */

struct reading {
    struct batch batch;
    struct questions questions;
    const char *path;
    bool labels; /* the run's scores are labels */
};

static int check_sample(const struct store_sample *sample, int lines, struct ponder_err *err)
{
    bool bad = sample->scores && sample->score_count != lines;
    for (int64_t i = 0; i < sample->score_count; i++)
        bad |= !(sample->scores[i] >= 0 && sample->scores[i] <= 1);
    if (bad)
        return err_set(err, PONDER_E_FORMAT, "a sample of %d lines does not have as many labels from 0 to 1",
                       lines);
    return PONDER_OK;
}

/* Text with a NUL inside is no solution, and one without an answer has no labels. */
static int add_sample(struct batch *batch, const struct store_sample *sample, bool has_labels,
                      struct ponder_err *err)
{
    const char *text = sample->text && strlen(sample->text) == sample->len ? sample->text : "";
    int64_t lines = prefixes_steps(text, strlen(text));
    if (lines == 0 || lines > LABELLED_LINES_MAX)
        return PONDER_OK;
    int status = has_labels ? check_sample(sample, (int)lines, err) : PONDER_OK;
    if (status)
        return status;
    float *labels;
    struct judged_text *out = batch_text(batch, text, (int)lines, sample->correct, &labels);
    if (!has_labels || !sample->scores)
        out->labels = NULL;
    for (int i = 0; i < lines && out->labels; i++)
        labels[i] = (float)sample->scores[i];
    return PONDER_OK;
}

static int add_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct reading *reading = data;
    struct batch *batch = &reading->batch;
    int status = batch_begin(batch, cell->n, cell->n * LABELLED_LINES_MAX, err);
    for (int64_t i = 0; i < cell->n && !status; i++)
        status = add_sample(batch, &cell->samples[i], reading->labels, err);
    if (status)
        return err_prefix(err, status, "%s: question %lld", reading->path, (long long)cell->question + 1);
    return judged_source_add(batch->source, reading->questions.items[cell->question].problem, batch->texts,
                             batch->count, err);
}

/* The only run that will do. */
static int choose_run(struct store *store, const struct judged_source *source, const char *path, int64_t *out,
                      struct ponder_err *err)
{
    bool any = source->options.profile->outcome;
    struct ponder_run *runs;
    int64_t count, fit = 0, last = 0;
    int status = store_runs(store, &runs, &count, err);
    for (int64_t i = 0; i < count && !status; i++)
        if (any || runs[i].kind == PONDER_RUN_ROLLOUTS) {
            fit++;
            *out = last;
            last = runs[i].id;
        }
    if (!status && fit != 1)
        status = fit ? err_set(err, PONDER_E_ARGUMENT,
                               "%s: %lld runs would do, %lld and %lld among them; --run names the one", path,
                               (long long)fit, (long long)*out, (long long)last)
                     : err_set(err, PONDER_E_FORMAT, "%s: holds no run %s", path,
                               any ? "" : "with labels; `ponder label` makes one");
    *out = last;
    ponder_runs_release(runs, count);
    return status;
}

static int check_run(struct store *store, const struct judged_source *source, const char *path, int64_t id,
                     bool *labels, struct ponder_err *err)
{
    struct ponder_run run;
    int status = store_run_find(store, id, &run, err);
    *labels = run.kind == PONDER_RUN_ROLLOUTS;
    if (!status && !source->options.profile->outcome && !*labels)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "--run: %s: run %lld has no labels; `ponder label` makes them", path, (long long)id);
    store_run_release(&run);
    return status;
}

int judged_read_store(struct judged_source *source, const char *path, int64_t run, struct ponder_err *err)
{
    struct reading reading = {.batch = {.source = source}, .path = path};
    struct store *store;
    int status = store_open(&store, path, STORE_READ, err);
    if (!status && !run)
        status = choose_run(store, source, path, &run, err);
    if (!status)
        status = check_run(store, source, path, run, &reading.labels, err);
    if (!status)
        status = store_run_questions(store, run, &reading.questions, err);
    if (!status)
        status = store_cells_read(store, run, 0, -1, add_cell, &reading, err);
    questions_release(&reading.questions);
    batch_release(&reading.batch);
    store_release(store);
    return status ? status : check_filled(source, path, err);
}
