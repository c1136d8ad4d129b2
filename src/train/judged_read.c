/* judged_read.c - where labelled solutions come from: a file of exact labels, or a run of a store, whose
 * labels are what its rollouts found. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "search/prefixes.h"
#include "store/store.h"
#include "task/labelled.h"
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

static int add_record(void *data, const struct labelled *record, struct ponder_err *err)
{
    struct batch *batch = data;
    int64_t lines = 0;
    for (int64_t i = 0; i < record->count; i++)
        lines += record->texts[i].lines;
    int status = batch_begin(batch, record->count, lines, err);
    for (int64_t i = 0; i < record->count && !status; i++) {
        const struct labelled_text *text = &record->texts[i];
        float *labels;
        batch_text(batch, text->text, text->lines, text->right, &labels);
        for (int k = 0; k < text->lines; k++)
            labels[k] = (float)text->reachable[k];
    }
    return status ? status
                  : judged_source_add(batch->source, record->problem, batch->texts, batch->count, err);
}

int judged_read_samples(struct judged_source *source, const char *path, struct ponder_err *err)
{
    struct batch batch = {.source = source};
    int status = labelled_each(path, add_record, &batch, err);
    batch_release(&batch);
    return status ? status : check_filled(source, path, err);
}

/* ---- a store ---- */

struct reading {
    struct batch batch;
    struct questions questions;
    const char *path;
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
static int add_sample(struct batch *batch, const struct store_sample *sample, struct ponder_err *err)
{
    const char *text = sample->text && strlen(sample->text) == sample->len ? sample->text : "";
    int64_t lines = prefixes_steps(text, strlen(text));
    if (lines == 0 || lines > LABELLED_LINES_MAX)
        return PONDER_OK;
    int status = check_sample(sample, (int)lines, err);
    if (status)
        return status;
    float *labels;
    struct judged_text *out = batch_text(batch, text, (int)lines, sample->correct, &labels);
    if (!sample->scores)
        out->labels = NULL;
    for (int i = 0; i < lines && sample->scores; i++)
        labels[i] = (float)sample->scores[i];
    return PONDER_OK;
}

static int add_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct reading *reading = data;
    struct batch *batch = &reading->batch;
    if (cell->question < 0 || cell->question >= reading->questions.count)
        return err_set(err, PONDER_E_FORMAT, "%s: a cell of question %lld, and there are %lld", reading->path,
                       (long long)cell->question, (long long)reading->questions.count);
    int status = batch_begin(batch, cell->n, cell->n * LABELLED_LINES_MAX, err);
    for (int64_t i = 0; i < cell->n && !status; i++)
        status = add_sample(batch, &cell->samples[i], err);
    if (status)
        return err_prefix(err, status, "%s: question %lld", reading->path, (long long)cell->question + 1);
    return judged_source_add(batch->source, reading->questions.items[cell->question].problem, batch->texts,
                             batch->count, err);
}

static bool has_labels(const struct ponder_run *run)
{
    json_t *settings = json_loads(run->settings, 0, NULL);
    bool has = json_object_get(settings, "rollouts") != NULL;
    json_decref(settings);
    return has;
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
        if (any || has_labels(&runs[i])) {
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
                     struct ponder_err *err)
{
    struct ponder_run run;
    int status = store_run_find(store, id, &run, err);
    if (!status && !source->options.profile->outcome && !has_labels(&run))
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
    if (!status)
        status = run ? check_run(store, source, path, run, err) : choose_run(store, source, path, &run, err);
    if (!status)
        status = store_run_questions(store, run, &reading.questions, err);
    if (!status)
        status = store_cells_read(store, run, 0, -1, add_cell, &reading, err);
    questions_release(&reading.questions);
    batch_release(&reading.batch);
    store_release(store);
    return status ? status : check_filled(source, path, err);
}
