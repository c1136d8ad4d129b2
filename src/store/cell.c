/* cell.c - cells: claimed, put in with their samples, and read. */
#include <math.h>
#include <stdlib.h>

#include "core/array.h"
#include "core/err.h"
#include "store/store_impl.h"

sqlite3_stmt *store_statement_of_cell(struct store *store, enum store_statement which, int64_t run,
                                      int64_t seed, int64_t question)
{
    sqlite3_stmt *statement = store_statement(store, which);
    sqlite3_bind_int64(statement, 1, run);
    sqlite3_bind_int64(statement, 2, seed);
    sqlite3_bind_int64(statement, 3, question);
    return statement;
}

static int is_there(struct store *store, int64_t run, int64_t seed, int64_t question, bool *there,
                    struct ponder_err *err)
{
    int64_t one = 0;
    int status =
        store_run_statement(store, store_statement_of_cell(store, STORE_CELL_THERE, run, seed, question),
                            &one, "looking for a cell", err);
    *there = one != 0;
    return status;
}

/* ---- claiming ---- */

/* How a cell stands; nothing is written. */
static int cell_look(struct store *store, int64_t run, int64_t seed, int64_t question, enum store_claim *out,
                     struct ponder_err *err)
{
    bool there;
    int64_t worker = 0;
    int status = is_there(store, run, seed, question, &there, err);
    if (!status && !there)
        status =
            store_run_statement(store, store_statement_of_cell(store, STORE_CLAIM_FIND, run, seed, question),
                                &worker, "looking for a claim", err);
    bool others = worker > 0 && worker != store->worker && store_worker_lives(store, worker);
    *out = there ? STORE_CLAIM_DONE : others ? STORE_CLAIM_OTHERS : STORE_CLAIM_MINE;
    return status;
}

static int claim(struct store *store, int64_t run, int64_t seed, int64_t question, enum store_claim *out,
                 struct ponder_err *err)
{
    int status = cell_look(store, run, seed, question, out, err);
    if (status || *out != STORE_CLAIM_MINE)
        return status;
    sqlite3_stmt *set = store_statement_of_cell(store, STORE_CLAIM_SET, run, seed, question);
    sqlite3_bind_int64(set, 4, store->worker);
    return store_run_statement(store, set, NULL, "claiming a cell", err);
}

int store_cell_claim(struct store *store, int64_t run, int64_t seed, int64_t question, enum store_claim *out,
                     struct ponder_err *err)
{
    int status = store_worker_begin(store, err);
    /* Who waits for others asks again and again: only what may be claimed is worth holding up who writes. */
    if (!status)
        status = cell_look(store, run, seed, question, out, err);
    if (status || *out != STORE_CLAIM_MINE)
        return status;
    status = store_begin(store, err);
    return status ? status : store_end(store, claim(store, run, seed, question, out, err), err);
}

/* ---- putting ---- */

static int drop(struct store *store, enum store_statement which, int64_t run, int64_t seed, int64_t question,
                const char *doing, struct ponder_err *err)
{
    return store_run_statement(store, store_statement_of_cell(store, which, run, seed, question), NULL, doing,
                               err);
}

static int cell_put(struct store *store, int64_t run, const struct store_cell *cell, struct ponder_err *err)
{
    bool there;
    int status = is_there(store, run, cell->seed, cell->question, &there, err);
    if (status || there)
        return status;
    const struct ponder_ledger *cost = &cell->cost;
    const int64_t counts[] = {cost->generations,     cost->prompt_tokens,     cost->generated_tokens,
                              cost->verifier_tokens, cost->difficulty_tokens, cost->recomputed_tokens};
    sqlite3_stmt *add = store_statement_of_cell(store, STORE_CELL_ADD, run, cell->seed, cell->question);
    sqlite3_bind_int64(add, 4, store->fingerprint);
    for (int i = 0; i < 6; i++)
        sqlite3_bind_int64(add, 5 + i, counts[i]);
    sqlite3_bind_double(add, 11, cost->flops);
    sqlite3_bind_double(add, 12, cost->seconds);
    if (cell->found)
        sqlite3_bind_int64(add, 13, cell->found->chosen);
    status = store_run_statement(store, add, NULL, "keeping a cell", err);
    for (int64_t i = 0; i < cell->n && !status; i++)
        status = store_sample_add(store, run, cell, i, err);
    if (!status)
        status = store_trace_add(store, run, cell, err);
    if (!status)
        status = drop(store, STORE_PIECES_DROP, run, cell->seed, cell->question, "dropping pieces", err);
    return status ? status
                  : drop(store, STORE_CLAIM_DROP, run, cell->seed, cell->question, "giving a claim up", err);
}

int store_cell_put(struct store *store, int64_t run, const struct store_cell *cell, struct ponder_err *err)
{
    int status = store_begin(store, err);
    return status ? status : store_end(store, cell_put(store, run, cell, err), err);
}

int store_cell_unclaim(struct store *store, int64_t run, int64_t seed, int64_t question,
                       struct ponder_err *err)
{
    return drop(store, STORE_CLAIM_DROP, run, seed, question, "giving a claim up", err);
}

/* ---- reading ---- */

/* The samples of a cell, and what a search knows of each. */
struct held {
    struct store_sample *samples; /* (cap) */
    double *totals;               /* (cap) */
    int32_t *repeats;             /* (cap) */
    int64_t n, cap;
};

static void held_clear(struct held *held)
{
    for (int64_t i = 0; i < held->n; i++)
        store_sample_clear(&held->samples[i]);
    held->n = 0;
}

static void held_release(struct held *held)
{
    held_clear(held);
    free(held->samples);
    free(held->totals);
    free(held->repeats);
}

static int held_grow(struct held *held, struct ponder_err *err)
{
    enum { MAX = STORE_CELL_SAMPLES_MAX };
    int64_t need = held->n + 1, samples = held->cap, totals = held->cap;
    int status = array_reserve(&held->samples, sizeof *held->samples, &samples, need, MAX);
    if (!status)
        status = array_reserve(&held->totals, sizeof *held->totals, &totals, need, MAX);
    if (!status)
        status = array_reserve(&held->repeats, sizeof *held->repeats, &held->cap, need, MAX);
    if (status == PONDER_E_LIMIT)
        return err_set(err, status, "a cell has more than %d samples", MAX);
    return status ? err_memory(err, "samples") : PONDER_OK;
}

static int take_sample(struct held *held, sqlite3_stmt *row, struct ponder_err *err)
{
    int status = held_grow(held, err);
    if (status)
        return status;
    int64_t i = held->n++, repeats = sqlite3_column_int64(row, 9);
    held->totals[i] = sqlite3_column_type(row, 8) == SQLITE_NULL ? NAN : sqlite3_column_double(row, 8);
    held->repeats[i] = (int32_t)repeats;
    status = store_sample_take(&held->samples[i], row, 0, err);
    if (!status)
        status = store_sample_take_scores(&held->samples[i], row, err);
    if (!status && (repeats < 1 || repeats > INT32_MAX))
        status = err_set(err, PONDER_E_FORMAT, "a sample was sampled %lld times", (long long)repeats);
    return status;
}

/* A cell without its samples. */
struct listed {
    struct store_cell cell;
    int64_t chosen; /* the number of a sample; -1: none was */
};

/* The chosen one alone, or all; `*at` is where the chosen one stands, -1 where it is not there. */
static int read_samples(struct store *store, int64_t run, const struct listed *of, bool all,
                        struct held *held, int64_t *at, struct ponder_err *err)
{
    sqlite3_stmt *row = store_statement_of_cell(store, STORE_SAMPLES, run, of->cell.seed, of->cell.question);
    int code = SQLITE_ERROR, status = PONDER_OK;
    if (of->chosen >= 0 && !all)
        sqlite3_bind_int64(row, 4, of->chosen);
    held_clear(held);
    *at = -1;
    while (!status && row && (code = sqlite3_step(row)) == SQLITE_ROW) {
        if (sqlite3_column_int64(row, 0) == of->chosen)
            *at = held->n;
        status = take_sample(held, row, err);
    }
    if (!status && code != SQLITE_DONE)
        status = store_fail(store, "reading samples", err);
    else if (!status && of->chosen >= 0 && *at < 0)
        status = err_set(err, PONDER_E_FORMAT, "the sample %lld that was chosen is not there",
                         (long long)of->chosen);
    sqlite3_reset(row);
    return status ? err_prefix(err, status, "%s: run %lld, seed %lld, question %lld", store->path,
                               (long long)run, (long long)of->cell.seed, (long long)of->cell.question)
                  : PONDER_OK;
}

static struct store_cell cell_of(sqlite3_stmt *row)
{
    int64_t counts[6];
    for (int i = 0; i < 6; i++)
        counts[i] = sqlite3_column_int64(row, 2 + i);
    return (struct store_cell){.seed = sqlite3_column_int64(row, 0),
                               .question = sqlite3_column_int64(row, 1),
                               .cost = {.generations = counts[0],
                                        .prompt_tokens = counts[1],
                                        .generated_tokens = counts[2],
                                        .verifier_tokens = counts[3],
                                        .difficulty_tokens = counts[4],
                                        .recomputed_tokens = counts[5],
                                        .flops = sqlite3_column_double(row, 8),
                                        .seconds = sqlite3_column_double(row, 9)}};
}

struct list {
    struct listed *items; /* (count) */
    int64_t count, cap;
};

static int list_cell(struct store *store, int64_t run, int64_t set_size, sqlite3_stmt *row, struct list *list,
                     struct ponder_err *err)
{
    bool chose = sqlite3_column_type(row, 10) != SQLITE_NULL;
    struct listed one = {cell_of(row), chose ? sqlite3_column_int64(row, 10) : -1};
    if (one.cell.question < 0 || one.cell.question >= set_size)
        return err_set(err, PONDER_E_FORMAT, "%s: run %lld: question %lld is not in its set of %lld",
                       store->path, (long long)run, (long long)one.cell.question, (long long)set_size);
    if (one.cell.seed < -1 || one.cell.seed > STORE_SEED_MAX) /* -1: no seed was sent */
        return err_set(err, PONDER_E_FORMAT, "%s: run %lld: a seed of %lld; they go from -1 to 2^53",
                       store->path, (long long)run, (long long)one.cell.seed);
    if (array_reserve(&list->items, sizeof *list->items, &list->cap, list->count + 1, INT64_MAX))
        return err_memory(err, "cells");
    list->items[list->count++] = one;
    return PONDER_OK;
}

/* All before the first is given away: while a statement reads, nothing can be written where another program
 * has written since it began. */
static int list_cells(struct store *store, int64_t run, int64_t seed, int64_t question, struct list *list,
                      struct ponder_err *err)
{
    int64_t set_size;
    int code = SQLITE_ERROR, status = store_set_size(store, run, &set_size, err);
    if (status)
        return status;
    sqlite3_stmt *row = store_statement_of_cell(store, STORE_CELLS, run, seed, question);
    while (!status && row && (code = sqlite3_step(row)) == SQLITE_ROW)
        status = list_cell(store, run, set_size, row, list, err);
    if (!status && code != SQLITE_DONE)
        status = store_fail(store, "reading cells", err);
    sqlite3_reset(row);
    return status;
}

static int read_cells(struct store *store, int64_t run, int64_t seed, int64_t question, bool all,
                      store_cell_fn *each, void *data, struct ponder_err *err)
{
    struct list list = {0};
    struct held held = {0};
    int status = list_cells(store, run, seed, question, &list, err);
    for (int64_t i = 0; i < list.count && !status; i++) {
        struct store_cell *cell = &list.items[i].cell;
        struct store_found found = {0};
        status = read_samples(store, run, &list.items[i], all, &held, &found.chosen, err);
        found.totals = held.totals;
        found.repeats = held.repeats;
        cell->samples = held.samples;
        cell->n = held.n;
        cell->found = all && found.chosen >= 0 ? &found : NULL;
        if (!status)
            status = each(data, cell, err);
    }
    held_release(&held);
    free(list.items);
    return status;
}

int store_cells_read(struct store *store, int64_t run, int64_t seed, int64_t question, store_cell_fn *each,
                     void *data, struct ponder_err *err)
{
    return read_cells(store, run, seed, question, false, each, data, err);
}

int store_candidates_read(struct store *store, int64_t run, int64_t seed, int64_t question,
                          store_cell_fn *each, void *data, struct ponder_err *err)
{
    return read_cells(store, run, seed, question, true, each, data, err);
}
