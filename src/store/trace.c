/* trace.c - a search's tree beside its cell: the text of a trace, deflated (RFC 1950). */
#include <stdlib.h>
#include <zlib.h>

#include "core/err.h"
#include "store/store_impl.h"

int store_trace_add(struct store *store, int64_t run, const struct store_cell *cell, struct ponder_err *err)
{
    const struct store_found *found = cell->found;
    if (!found || !found->trace || found->trace_len > STORE_TRACE_BYTES_MAX)
        return PONDER_OK;
    uLong len = compressBound((uLong)found->trace_len);
    Bytef *deflated = malloc(len);
    if (!deflated ||
        compress2(deflated, &len, (const Bytef *)found->trace, (uLong)found->trace_len, Z_BEST_COMPRESSION)) {
        free(deflated);
        return err_memory(err, "a trace");
    }
    sqlite3_stmt *add = store_statement_of_cell(store, STORE_TRACE_ADD, run, cell->seed, cell->question);
    sqlite3_bind_int64(add, 4, (int64_t)found->trace_len);
    sqlite3_bind_blob64(add, 5, deflated, len, SQLITE_STATIC);
    int status = store_run_statement(store, add, NULL, "keeping a trace", err);
    if (add)
        sqlite3_clear_bindings(add);
    free(deflated);
    return status;
}

/* The row's text; it must be as long as it says. */
static int inflate_row(sqlite3_stmt *row, char **out, size_t *len, struct ponder_err *err)
{
    int64_t bytes = sqlite3_column_int64(row, 0);
    if (bytes < 0 || bytes > STORE_TRACE_BYTES_MAX)
        return err_set(err, PONDER_E_FORMAT, "a trace of %lld bytes; they have %d at most", (long long)bytes,
                       STORE_TRACE_BYTES_MAX);
    uLongf room = (uLongf)bytes + 1;
    const Bytef *deflated = sqlite3_column_blob(row, 1);
    char *text = malloc(room);
    if (!text)
        return err_memory(err, "a trace");
    int code = deflated ? uncompress((Bytef *)text, &room, deflated, (uLong)sqlite3_column_bytes(row, 1))
                        : Z_DATA_ERROR;
    if (code != Z_OK || (int64_t)room != bytes) {
        free(text);
        return err_set(err, PONDER_E_FORMAT, "a trace is damaged: it does not inflate to %lld bytes",
                       (long long)bytes);
    }
    text[bytes] = '\0';
    *out = text;
    *len = (size_t)bytes;
    return PONDER_OK;
}

int store_trace_read(struct store *store, int64_t run, int64_t *seed, int64_t question, char **out,
                     size_t *len, struct ponder_err *err)
{
    sqlite3_stmt *row = store_statement_of_cell(store, STORE_TRACE, run, *seed, question);
    int code = row ? sqlite3_step(row) : SQLITE_ERROR, status = PONDER_OK;
    *out = NULL;
    *len = 0;
    if (code == SQLITE_ROW) {
        *seed = sqlite3_column_int64(row, 2);
        status = inflate_row(row, out, len, err);
    } else if (code != SQLITE_DONE)
        status = store_fail(store, "reading a trace", err);
    sqlite3_reset(row);
    return status ? err_prefix(err, status, "%s: run %lld, seed %lld, question %lld", store->path,
                               (long long)run, (long long)*seed, (long long)question)
                  : PONDER_OK;
}
