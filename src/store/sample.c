/* sample.c - samples as rows: bound, and read. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "store/store_impl.h"

/* ---- writing ---- */

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

static void bind_real(sqlite3_stmt *statement, int at, double real)
{
    if (!isnan(real))
        sqlite3_bind_double(statement, at, real);
}

/* Runs a statement of which the cell is bound, and what is behind a piece's columns. */
static int sample_add(struct store *store, sqlite3_stmt *statement, int64_t number,
                      const struct store_sample *sample, const char *doing, struct ponder_err *err)
{
    bool failed = false;
    char *tokens = list_text(sample->tokens, NULL, sample->token_count, &failed);
    sqlite3_bind_int64(statement, 4, number);
    bind_text(statement, 5, sample->text, sample->len);
    bind_string(statement, 6, tokens);
    sqlite3_bind_int64(statement, 7, sample->token_count);
    bind_real(statement, 8, sample->logprob);
    bind_string(statement, 9, sample->finish);
    int status =
        failed ? err_memory(err, "a sample") : store_run_statement(store, statement, NULL, doing, err);
    if (statement)
        sqlite3_clear_bindings(statement); /* they point to what is freed now */
    free(tokens);
    return status;
}

int store_sample_add(struct store *store, int64_t run, const struct store_cell *cell, int64_t number,
                     struct ponder_err *err)
{
    const struct store_sample *sample = &cell->samples[number];
    bool failed = false;
    char *scores = list_text(NULL, sample->scores, sample->score_count, &failed);
    sqlite3_stmt *row = store_statement_of_cell(store, STORE_SAMPLE_ADD, run, cell->seed, cell->question);
    bind_string(row, 10, sample->answer);
    sqlite3_bind_int(row, 11, sample->correct);
    bind_string(row, 12, scores);
    bind_real(row, 13, cell->found ? cell->found->totals[number] : NAN);
    sqlite3_bind_int(row, 14, cell->found ? cell->found->repeats[number] : 1);
    int status = failed ? err_memory(err, "a sample")
                        : sample_add(store, row, number, sample, "keeping a sample", err);
    free(scores);
    return status;
}

int store_piece_put(struct store *store, int64_t run, int64_t seed, int64_t question, int64_t number,
                    const struct store_sample *sample, struct ponder_err *err)
{
    return sample_add(store, store_statement_of_cell(store, STORE_PIECE_ADD, run, seed, question), number,
                      sample, "keeping a piece", err);
}

/* ---- reading ---- */

void store_sample_clear(struct store_sample *sample)
{
    free((char *)sample->text);
    free((int32_t *)sample->tokens);
    free((char *)sample->finish);
    free((char *)sample->answer);
    free((double *)sample->scores);
    *sample = (struct store_sample){0};
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

/* The array of JSON in a column, of numbers, and of `max` at most; NULL for a null. */
static int take_list(sqlite3_stmt *row, int at, const char *what, size_t max, json_t **out,
                     struct ponder_err *err)
{
    const char *text = (const char *)sqlite3_column_text(row, at);
    *out = text ? json_loads(text, 0, NULL) : NULL;
    return !text || (json_is_array(*out) && json_array_size(*out) <= max)
               ? PONDER_OK
               : err_set(err, PONDER_E_FORMAT, "the %s of a sample are no list of at most %zu numbers", what,
                         max);
}

static int take_tokens(struct store_sample *out, sqlite3_stmt *row, int at, struct ponder_err *err)
{
    json_t *list;
    int status = take_list(row, at, "tokens", STORE_PIECE_TOKENS_MAX, &list, err);
    size_t count = json_array_size(list);
    if (!status && list && (int64_t)count != out->token_count)
        status = err_set(err, PONDER_E_FORMAT, "a sample of %lld tokens has %zu", (long long)out->token_count,
                         count);
    int32_t *ids = !status && list ? calloc(count + 1, sizeof *ids) : NULL;
    if (!status && list && !ids)
        status = err_memory(err, "tokens");
    for (size_t i = 0; ids && i < count && !status; i++) {
        json_int_t id = json_integer_value(json_array_get(list, i));
        ids[i] = (int32_t)id;
        if (!json_is_integer(json_array_get(list, i)) || id < 0 || id > INT32_MAX)
            status = err_set(err, PONDER_E_FORMAT, "token %zu of a sample is no id", i + 1);
    }
    json_decref(list);
    out->tokens = ids;
    return status;
}

int store_sample_take(struct store_sample *out, sqlite3_stmt *row, int ids, struct ponder_err *err)
{
    bool failed = false;
    *out = (struct store_sample){0};
    out->text = column_copy(row, 1, &out->len, &failed);
    out->token_count = sqlite3_column_int64(row, 2);
    out->logprob = sqlite3_column_type(row, 3) == SQLITE_NULL ? NAN : sqlite3_column_double(row, 3);
    out->finish = column_copy(row, 4, NULL, &failed);
    if (failed)
        return err_memory(err, "a sample");
    if (!out->finish || out->token_count < 0 || out->token_count > STORE_TOKENS_MAX)
        return err_set(err, PONDER_E_FORMAT, "a sample has no finish, or no count of tokens up to %d",
                       STORE_TOKENS_MAX);
    return ids ? take_tokens(out, row, ids, err) : PONDER_OK;
}

int store_sample_take_scores(struct store_sample *out, sqlite3_stmt *row, struct ponder_err *err)
{
    bool failed = false;
    json_t *list;
    out->answer = column_copy(row, 5, NULL, &failed);
    out->correct = sqlite3_column_int(row, 6) != 0;
    int status =
        failed ? err_memory(err, "a sample") : take_list(row, 7, "scores", STORE_SCORES_MAX, &list, err);
    if (failed)
        return status;
    size_t count = json_array_size(list);
    double *scores = !status && list ? calloc(count + 1, sizeof *scores) : NULL;
    if (!status && list && !scores)
        status = err_memory(err, "scores");
    for (size_t i = 0; scores && i < count; i++)
        scores[i] = json_number_value(json_array_get(list, i));
    json_decref(list);
    out->scores = scores;
    out->score_count = scores ? (int64_t)count : 0;
    return status;
}

int store_pieces_read(struct store *store, int64_t run, int64_t seed, int64_t question,
                      int (*each)(void *data, int64_t number, const struct store_sample *sample,
                                  struct ponder_err *err),
                      void *data, struct ponder_err *err)
{
    sqlite3_stmt *row = store_statement_of_cell(store, STORE_PIECES, run, seed, question);
    int code = SQLITE_ERROR, status = PONDER_OK;
    while (!status && row && (code = sqlite3_step(row)) == SQLITE_ROW) {
        struct store_sample sample;
        status = store_sample_take(&sample, row, 5, err);
        if (!status)
            status = each(data, sqlite3_column_int64(row, 0), &sample, err);
        store_sample_clear(&sample);
    }
    if (status)
        err_prefix(err, status, "%s: run %lld, seed %lld, question %lld", store->path, (long long)run,
                   (long long)seed, (long long)question);
    else if (code != SQLITE_DONE)
        status = store_fail(store, "reading pieces", err);
    sqlite3_reset(row);
    return status;
}
