/* runs.c - the calls of ponder/runs.h that read figures, export and delete. */
#include "ponder/runs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "eval/cells.h"
#include "eval/export_line.h"
#include "eval/run_record.h"
#include "store/store.h"

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
    int status = store_open(&store, path, STORE_READ, err);
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
    json_t *more =
        json_pack("{s:o, s:o, s:I, s:o}", "model", json_from_string(opened->run.model), "data",
                  json_from_string(opened->run.data), "questions", (json_int_t)opened->questions.count,
                  "data_hash", run_hash_json(questions_hash(&opened->questions)));
    int failed = json_object_update(run, more);
    json_decref(more);
    if (failed)
        json_decref(run);
    return failed ? NULL : run;
}

static int export_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct exporting *exporting = data;
    const struct questions *questions = &exporting->opened->questions;
    if (cell->question < 0 || cell->question >= questions->count)
        return err_set(err, PONDER_E_FORMAT, "run %lld: question %lld is not in its set",
                       (long long)exporting->opened->run.id, (long long)cell->question);
    char *line;
    int status = export_line_print(&line, &questions->items[cell->question], exporting->run, cell, err);
    if (status)
        return status;
    size_t len = strlen(line);
    line[len] = '\n'; /* in place of its NUL */
    status = exporting->write(exporting->data, line, len + 1, err);
    free(line);
    return status;
}

int ponder_runs_export(const char *path, int64_t id,
                       int (*write)(void *data, const char *line, size_t len, struct ponder_err *err),
                       void *data, struct ponder_err *err)
{
    struct opened opened;
    struct exporting exporting = {.opened = &opened, .write = write, .data = data};
    int status = open_run(&opened, path, id, err);
    if (!status && !(exporting.run = run_json(&opened)))
        status = err_memory(err, "an export");
    if (!status)
        status = store_cells_read(opened.store, id, 0, -1, export_cell, &exporting, err);
    json_decref(exporting.run);
    close_run(&opened);
    return status;
}
