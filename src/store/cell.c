/* cell.c - cells: claimed, put in with their samples, and read. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "store/store_impl.h"

static sqlite3_stmt *of_cell(struct store *store, enum store_statement which, int64_t run, int64_t seed,
                             int64_t question)
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
    int status = store_run_statement(store, of_cell(store, STORE_CELL_THERE, run, seed, question), &one,
                                     "looking for a cell", err);
    *there = one != 0;
    return status;
}

/* ---- claiming ---- */

/* How a cell stands; nothing is written. */
static int look(struct store *store, int64_t run, int64_t seed, int64_t question, enum store_claim *out,
                struct ponder_err *err)
{
    bool there;
    int64_t worker = 0;
    int status = is_there(store, run, seed, question, &there, err);
    if (!status && !there)
        status = store_run_statement(store, of_cell(store, STORE_CLAIM_FIND, run, seed, question), &worker,
                                     "looking for a claim", err);
    bool others = worker > 0 && worker != store->worker && store_worker_lives(store, worker);
    *out = there ? STORE_CLAIM_DONE : others ? STORE_CLAIM_OTHERS : STORE_CLAIM_MINE;
    return status;
}

static int claim(struct store *store, int64_t run, int64_t seed, int64_t question, enum store_claim *out,
                 struct ponder_err *err)
{
    int status = look(store, run, seed, question, out, err);
    if (status || *out != STORE_CLAIM_MINE)
        return status;
    sqlite3_stmt *set = of_cell(store, STORE_CLAIM_SET, run, seed, question);
    sqlite3_bind_int64(set, 4, store->worker);
    return store_run_statement(store, set, NULL, "claiming a cell", err);
}

int store_cell_claim(struct store *store, int64_t run, int64_t seed, int64_t question, enum store_claim *out,
                     struct ponder_err *err)
{
    int status = store_worker_begin(store, err);
    /* Who waits for others asks again and again: only what may be claimed is worth holding up who writes. */
    if (!status)
        status = look(store, run, seed, question, out, err);
    if (status || *out != STORE_CLAIM_MINE)
        return status;
    status = store_begin(store, err);
    return status ? status : store_end(store, claim(store, run, seed, question, out, err), err);
}

/* ---- putting ---- */

/* Either list as a JSON array; NULL where both are NULL, and for want of memory: then *failed is set. */
static char *list_text(const int32_t *ids, const double *reals, int64_t count, bool *failed)
{
    struct buf out = BUF_INIT((size_t)16 << 20);
    if (!ids && !reals)
        return NULL;
    buf_putc(&out, '[');
    for (int64_t i = 0; i < count; i++) {
        if (ids)
            buf_printf(&out, "%s%d", i ? "," : "", ids[i]);
        else
            buf_printf(&out, "%s%.17g", i ? "," : "", reals[i]);
    }
    buf_putc(&out, ']');
    *failed |= !buf_ok(&out);
    char *text = buf_ok(&out) ? buf_take(&out, NULL) : NULL;
    buf_release(&out);
    return text;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text, size_t len)
{
    if (text)
        sqlite3_bind_text64(statement, at, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_string(sqlite3_stmt *statement, int at, const char *text)
{
    bind_text(statement, at, text, text ? strlen(text) : 0);
}

static int put_sample(struct store *store, int64_t run, const struct store_cell *cell, int64_t number,
                      struct ponder_err *err)
{
    const struct store_sample *sample = &cell->samples[number];
    bool failed = false;
    char *tokens = list_text(sample->tokens, NULL, sample->token_count, &failed);
    char *scores = list_text(NULL, sample->scores, sample->score_count, &failed);
    sqlite3_stmt *add = of_cell(store, STORE_SAMPLE_ADD, run, cell->seed, cell->question);
    sqlite3_bind_int64(add, 4, number);
    bind_text(add, 5, sample->text, sample->len);
    bind_string(add, 6, tokens);
    sqlite3_bind_int64(add, 7, sample->token_count);
    if (!isnan(sample->logprob))
        sqlite3_bind_double(add, 8, sample->logprob);
    bind_string(add, 9, sample->finish);
    bind_string(add, 10, sample->answer);
    sqlite3_bind_int(add, 11, sample->correct);
    bind_string(add, 12, scores);
    int status =
        failed ? err_memory(err, "a sample") : store_run_statement(store, add, NULL, "keeping a sample", err);
    if (add)
        sqlite3_clear_bindings(add); /* they point to what is freed now */
    free(tokens);
    free(scores);
    return status;
}

static int put(struct store *store, int64_t run, const struct store_cell *cell, struct ponder_err *err)
{
    bool there;
    int status = is_there(store, run, cell->seed, cell->question, &there, err);
    if (status || there)
        return status;
    const struct ponder_ledger *cost = &cell->cost;
    const int64_t counts[] = {cost->generations,     cost->prompt_tokens,     cost->generated_tokens,
                              cost->verifier_tokens, cost->difficulty_tokens, cost->recomputed_tokens};
    sqlite3_stmt *add = of_cell(store, STORE_CELL_ADD, run, cell->seed, cell->question);
    sqlite3_bind_int64(add, 4, store->fingerprint);
    for (int i = 0; i < 6; i++)
        sqlite3_bind_int64(add, 5 + i, counts[i]);
    sqlite3_bind_double(add, 11, cost->flops);
    sqlite3_bind_double(add, 12, cost->seconds);
    status = store_run_statement(store, add, NULL, "keeping a cell", err);
    for (int64_t i = 0; i < cell->n && !status; i++)
        status = put_sample(store, run, cell, i, err);
    return status
               ? status
               : store_run_statement(store, of_cell(store, STORE_CLAIM_DROP, run, cell->seed, cell->question),
                                     NULL, "giving a claim up", err);
}

int store_cell_put(struct store *store, int64_t run, const struct store_cell *cell, struct ponder_err *err)
{
    int status = store_begin(store, err);
    return status ? status : store_end(store, put(store, run, cell, err), err);
}

int store_cell_unclaim(struct store *store, int64_t run, int64_t seed, int64_t question,
                       struct ponder_err *err)
{
    return store_run_statement(store, of_cell(store, STORE_CLAIM_DROP, run, seed, question), NULL,
                               "giving a claim up", err);
}

/* ---- reading ---- */

/* A cell with all that its samples point to. */
struct held {
    struct store_sample *samples; /* (cap) */
    int64_t n, cap;
};

static void clear_held(struct held *held)
{
    for (int64_t i = 0; i < held->n; i++) {
        struct store_sample *sample = &held->samples[i];
        free((char *)sample->text);
        free((char *)sample->finish);
        free((char *)sample->answer);
        free((double *)sample->scores);
    }
    held->n = 0;
}

/* A copy with a NUL behind it; NULL for a null, and for want of memory: then *failed is set. */
static char *column_copy(sqlite3_stmt *row, int at, size_t *len, bool *failed)
{
    if (sqlite3_column_type(row, at) == SQLITE_NULL)
        return NULL;
    const void *text = sqlite3_column_text(row, at);
    size_t bytes = (size_t)sqlite3_column_bytes(row, at);
    char *copy = malloc(bytes + 1);
    *failed |= !copy || (bytes && !text);
    if (!copy)
        return NULL;
    if (bytes && text)
        memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    if (len)
        *len = bytes;
    return copy;
}

static int take_scores(struct store_sample *out, sqlite3_stmt *row, struct ponder_err *err)
{
    const char *text = (const char *)sqlite3_column_text(row, 6);
    if (!text)
        return PONDER_OK;
    json_t *array = json_loads(text, 0, NULL);
    size_t count = json_array_size(array);
    double *scores = array && count <= STORE_SCORES_MAX ? calloc(count + 1, sizeof *scores) : NULL;
    for (size_t i = 0; scores && i < count; i++)
        scores[i] = json_number_value(json_array_get(array, i));
    bool bad = !json_is_array(array) || count > STORE_SCORES_MAX;
    json_decref(array);
    out->scores = scores;
    out->score_count = scores ? (int64_t)count : 0;
    return bad ? err_set(err, PONDER_E_FORMAT, "the scores of a sample are no list of at most %d numbers",
                         STORE_SCORES_MAX)
           : scores ? PONDER_OK
                    : err_memory(err, "scores");
}

static int take_sample(struct held *held, sqlite3_stmt *row, struct ponder_err *err)
{
    if (held->n == held->cap) {
        int64_t cap = held->cap ? 2 * held->cap : 64;
        if (cap > STORE_CELL_SAMPLES_MAX)
            return err_set(err, PONDER_E_LIMIT, "a cell has more than %d samples",
                           STORE_CELL_SAMPLES_MAX / 2);
        struct store_sample *more = realloc(held->samples, (size_t)cap * sizeof *more);
        if (!more)
            return err_memory(err, "samples");
        held->samples = more;
        held->cap = cap;
    }
    bool failed = false;
    struct store_sample *sample = &held->samples[held->n++];
    *sample = (struct store_sample){0};
    sample->text = column_copy(row, 0, &sample->len, &failed);
    sample->token_count = sqlite3_column_int64(row, 1);
    sample->logprob = sqlite3_column_type(row, 2) == SQLITE_NULL ? NAN : sqlite3_column_double(row, 2);
    sample->finish = column_copy(row, 3, NULL, &failed);
    sample->answer = column_copy(row, 4, NULL, &failed);
    sample->correct = sqlite3_column_int(row, 5) != 0;
    if (failed)
        return err_memory(err, "a sample");
    if (!sample->finish || sample->token_count < 0 || sample->token_count > STORE_TOKENS_MAX)
        return err_set(err, PONDER_E_FORMAT, "a sample has no finish, or no count of tokens up to %d",
                       STORE_TOKENS_MAX);
    return take_scores(sample, row, err);
}

static int read_samples(struct store *store, int64_t run, const struct store_cell *cell, struct held *held,
                        struct ponder_err *err)
{
    sqlite3_stmt *row = of_cell(store, STORE_SAMPLES, run, cell->seed, cell->question);
    int code = SQLITE_ERROR, status = PONDER_OK;
    clear_held(held);
    while (!status && row && (code = sqlite3_step(row)) == SQLITE_ROW)
        status = take_sample(held, row, err);
    if (status)
        err_prefix(err, status, "%s: run %lld, seed %lld, question %lld", store->path, (long long)run,
                   (long long)cell->seed, (long long)cell->question);
    else if (code != SQLITE_DONE)
        status = store_fail(store, "reading samples", err);
    sqlite3_reset(row);
    return status;
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

/* Cells without their samples. */
struct listed {
    struct store_cell *cells; /* (count) */
    int64_t count, cap;
};

static int list_cell(struct store *store, int64_t run, int64_t set_size, sqlite3_stmt *row,
                     struct listed *listed, struct ponder_err *err)
{
    struct store_cell cell = cell_of(row);
    if (cell.question < 0 || cell.question >= set_size)
        return err_set(err, PONDER_E_FORMAT, "%s: run %lld: question %lld is not in its set of %lld",
                       store->path, (long long)run, (long long)cell.question, (long long)set_size);
    if (cell.seed < 0 || cell.seed > STORE_SEED_MAX)
        return err_set(err, PONDER_E_FORMAT, "%s: run %lld: a seed of %lld; they go from 0 to 2^53",
                       store->path, (long long)run, (long long)cell.seed);
    if (listed->count == listed->cap) {
        int64_t cap = listed->cap ? 2 * listed->cap : 64;
        struct store_cell *more = realloc(listed->cells, (size_t)cap * sizeof *more);
        if (!more)
            return err_memory(err, "cells");
        listed->cells = more;
        listed->cap = cap;
    }
    listed->cells[listed->count++] = cell;
    return PONDER_OK;
}

/* All before the first is given away: while a statement reads, nothing can be written where another program
 * has written since it began. */
static int list_cells(struct store *store, int64_t run, int64_t seed, int64_t question, struct listed *listed,
                      struct ponder_err *err)
{
    int64_t set_size;
    int code = SQLITE_ERROR, status = store_set_size(store, run, &set_size, err);
    if (status)
        return status;
    sqlite3_stmt *row = of_cell(store, STORE_CELLS, run, seed, question);
    while (!status && row && (code = sqlite3_step(row)) == SQLITE_ROW)
        status = list_cell(store, run, set_size, row, listed, err);
    if (!status && code != SQLITE_DONE)
        status = store_fail(store, "reading cells", err);
    sqlite3_reset(row);
    return status;
}

int store_cells_read(struct store *store, int64_t run, int64_t seed, int64_t question,
                     int (*each)(void *data, const struct store_cell *cell, struct ponder_err *err),
                     void *data, struct ponder_err *err)
{
    struct listed listed = {0};
    struct held held = {0};
    int status = list_cells(store, run, seed, question, &listed, err);
    for (int64_t i = 0; i < listed.count && !status; i++) {
        struct store_cell *cell = &listed.cells[i];
        status = read_samples(store, run, cell, &held, err);
        cell->samples = held.samples;
        cell->n = held.n;
        if (!status)
            status = each(data, cell, err);
    }
    clear_held(&held);
    free(held.samples);
    free(listed.cells);
    return status;
}
