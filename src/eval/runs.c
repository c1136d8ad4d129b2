/* runs.c - the calls of ponder/runs.h that read figures and trees, export and delete. */
#include "ponder/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "eval/cells.h"
#include "eval/export_line.h"
#include "eval/run_record.h"
#include "store/store.h"
#include "task/shepherd.h"
#include "tree/trace.h"

int ponder_runs_list(const char *path, struct ponder_run **runs, int64_t *count, struct ponder_err *err)
{
    struct store *store;
    *runs = NULL;
    *count = 0;
    int status = store_open(&store, path, STORE_READ, err);
    if (!status)
        status = store_runs(store, runs, count, err);
    store_release(store);
    return status;
}

int ponder_runs_delete(const char *path, int64_t id, struct ponder_err *err)
{
    struct store *store;
    int status = store_open(&store, path, STORE_CHANGE, err);
    if (!status)
        status = store_run_delete(store, id, err);
    store_release(store);
    return status;
}

/* ---- figures ---- */

/* What a run is, with the questions that it asks. */
struct opened {
    struct store *store;
    struct ponder_run run;
    struct questions questions;
};

static int open_run(struct opened *opened, const char *path, int64_t id, struct ponder_err *err)
{
    *opened = (struct opened){0};
    int status = store_open(&opened->store, path, STORE_READ, err);
    if (!status)
        status = store_run_find(opened->store, id, &opened->run, err);
    if (!status)
        status = store_run_questions(opened->store, id, &opened->questions, err);
    return status;
}

static void close_run(struct opened *opened)
{
    questions_release(&opened->questions);
    store_run_release(&opened->run);
    store_release(opened->store);
}

int ponder_runs_eval(const char *path, int64_t id, struct ponder_eval **out, struct ponder_err *err)
{
    struct opened opened;
    struct cells cells = {0};
    *out = NULL;
    int status = open_run(&opened, path, id, err);
    if (!status)
        status = cells_open_run(&cells, opened.store, id, err);
    if (!status)
        status = eval_of_cells(out, &cells, opened.run.data, strdup(opened.run.settings), err);
    if (!status)
        (*out)->resumed = 0; /* nothing was asked for */
    cells_release(&cells);
    close_run(&opened);
    return status;
}

/* ---- exporting ---- */

struct exporting {
    const struct opened *opened;
    json_t *run;
    int (*write)(void *data, const char *line, size_t len, struct ponder_err *err);
    void *data;
};

/* The settings, and of which questions. */
static json_t *run_json(const struct opened *opened)
{
    json_t *run = json_loads(opened->run.settings, 0, NULL);
    json_t *more = json_pack(
        "{s:s, s:o, s:o, s:I, s:o}", "kind", ponder_run_kind_name(opened->run.kind), "model",
        json_from_string(opened->run.model), "data", json_from_string(opened->run.data), "questions",
        (json_int_t)opened->questions.count, "data_hash", run_hash_json(questions_hash(&opened->questions)));
    int failed = json_object_update(run, more);
    json_decref(more);
    if (failed)
        json_decref(run);
    return failed ? NULL : run;
}

/* Takes `line` over; its NUL makes room for the line end. */
static int write_line(const struct exporting *exporting, char *line, struct ponder_err *err)
{
    size_t len = strlen(line);
    line[len] = '\n';
    int status = exporting->write(exporting->data, line, len + 1, err);
    free(line);
    return status;
}

static const struct question *question_of(const struct exporting *exporting, const struct store_cell *cell)
{
    return &exporting->opened->questions.items[cell->question]; /* one of its set, as every cell's */
}

static int export_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct exporting *exporting = data;
    char *line = NULL;
    int status = export_line_print(&line, question_of(exporting, cell), exporting->run,
                                   exporting->opened->run.kind, cell, err);
    return status ? status : write_line(exporting, line, err);
}

/* Solutions without labels, and those that the form cannot say, are left out. */
static int export_labels(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct exporting *exporting = data;
    int64_t rollouts = run_record_of_json(exporting->run).rollouts;
    int status = PONDER_OK;
    for (int64_t i = 0; i < cell->n && !status; i++) {
        const struct store_sample *sample = &cell->samples[i];
        struct shepherd_solution solution = {question_of(exporting, cell)->problem,
                                             run_file_name(exporting->opened->run.data),
                                             sample->text,
                                             sample->len,
                                             sample->scores,
                                             sample->score_count,
                                             rollouts};
        char *line = NULL;
        if (sample->text && sample->scores)
            status = shepherd_print(&line, &solution, err);
        if (!status && line)
            status = write_line(exporting, line, err);
    }
    return status;
}

static int check_labels(const struct exporting *exporting, struct ponder_err *err)
{
    const struct ponder_run *run = &exporting->opened->run;
    if (run->kind == PONDER_RUN_ROLLOUTS)
        return PONDER_OK;
    return err_set(err, PONDER_E_ARGUMENT, "run %lld has no labels; `ponder label` makes them",
                   (long long)run->id);
}

int ponder_runs_export(const char *path, int64_t id, enum ponder_export_form form,
                       int (*write)(void *data, const char *line, size_t len, struct ponder_err *err),
                       void *data, struct ponder_err *err)
{
    struct opened opened;
    struct exporting exporting = {.opened = &opened, .write = write, .data = data};
    bool labels = form == PONDER_EXPORT_SHEPHERD;
    int status = open_run(&opened, path, id, err);
    if (!status && !(exporting.run = run_json(&opened)))
        status = err_memory(err, "an export");
    if (!status && labels)
        status = check_labels(&exporting, err);
    if (!status)
        status = labels ? store_cells_read(opened.store, id, 0, -1, export_labels, &exporting, err)
                        : store_candidates_read(opened.store, id, 0, -1, export_cell, &exporting, err);
    json_decref(exporting.run);
    close_run(&opened);
    return status;
}

/* ---- trees ---- */

static int check_tree(const struct opened *opened, int64_t question, struct ponder_err *err)
{
    const struct ponder_run *run = &opened->run;
    if (run->kind != PONDER_RUN_SEARCH)
        return err_set(err, PONDER_E_ARGUMENT, "run %lld is of %s; a search has trees", (long long)run->id,
                       ponder_run_kind_name(run->kind));
    return question >= 0 && question < run->questions
               ? PONDER_OK
               : err_set(err, PONDER_E_ARGUMENT, "run %lld has questions 1 to %lld, and no %lld",
                         (long long)run->id, (long long)run->questions, (long long)question + 1);
}

static int take_cost(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct ponder_tree *tree = data;
    (void)err;
    tree->ledger = cell->cost;
    return PONDER_OK;
}

static int read_tree(struct opened *opened, int64_t question, int64_t seed, struct ponder_tree **out,
                     struct ponder_err *err)
{
    char *text, name[64];
    size_t len;
    int64_t run = opened->run.id, at = seed ? seed : -1;
    int status = store_trace_read(opened->store, run, &at, question, &text, &len, err);
    if (!status && !text)
        status = err_set(err, PONDER_E_NOT_FOUND,
                         "run %lld has no tree of question %lld%s: it is not done, was done by an earlier "
                         "version, or its tree is larger than %d bytes",
                         (long long)run, (long long)question + 1, seed ? " under that seed" : "",
                         STORE_TRACE_BYTES_MAX);
    snprintf(name, sizeof name, "the tree of question %lld", (long long)question + 1);
    if (!status)
        status = trace_read_text(out, name, text, len, err);
    free(text);
    return status ? status : store_cells_read(opened->store, run, at, question, take_cost, *out, err);
}

int ponder_runs_tree(const char *path, int64_t id, int64_t question, int64_t seed, struct ponder_tree **out,
                     struct ponder_err *err)
{
    struct opened opened = {0};
    *out = NULL;
    int status = store_open(&opened.store, path, STORE_READ, err);
    if (!status)
        status = store_run_find(opened.store, id, &opened.run, err);
    if (!status)
        status = check_tree(&opened, question, err);
    if (!status)
        status = read_tree(&opened, question, seed, out, err);
    if (status) {
        ponder_tree_release(*out);
        *out = NULL;
    }
    close_run(&opened);
    return status;
}
