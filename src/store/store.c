#include "store/store_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"

enum { BUSY_MS = 30000 };

/* ---- statements and errors ---- */

static int status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return PONDER_E_MEMORY;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        return PONDER_E_FORMAT;
    case SQLITE_TOOBIG:
        return PONDER_E_LIMIT;
    default:
        return PONDER_E_IO;
    }
}

int store_fail(struct store *store, const char *doing, struct ponder_err *err)
{
    int code = store->db ? sqlite3_errcode(store->db) : SQLITE_NOMEM;
    if (code == SQLITE_NOTADB)
        return err_set(err, PONDER_E_FORMAT, "%s: is no store of runs: not a SQLite file", store->path);
    if (code == SQLITE_BUSY)
        return err_set(err, PONDER_E_IO, "%s: %s: another program has held it for %d seconds", store->path,
                       doing, BUSY_MS / 1000);
    return err_set(err, status_of(code), "%s: %s: %s", store->path, doing, sqlite3_errmsg(store->db));
}

sqlite3_stmt *store_statement(struct store *store, enum store_statement which)
{
    static const char *const texts[] = {
#define X(name, text) [STORE_##name] = text,
        STORE_STATEMENTS(X)
#undef X
    };
    sqlite3_stmt **statement = &store->statements[which];
    if (!*statement &&
        sqlite3_prepare_v3(store->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL))
        return NULL;
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    return *statement;
}

int store_run_statement(struct store *store, sqlite3_stmt *statement, int64_t *id, const char *doing,
                        struct ponder_err *err)
{
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    if (code == SQLITE_ROW && id)
        *id = sqlite3_column_int64(statement, 0);
    int status = code == SQLITE_ROW || code == SQLITE_DONE ? PONDER_OK : store_fail(store, doing, err);
    sqlite3_reset(statement);
    return status;
}

int store_execute(struct store *store, const char *sql, const char *doing, struct ponder_err *err)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) ? store_fail(store, doing, err) : PONDER_OK;
}

int store_begin(struct store *store, struct ponder_err *err)
{
    return store_execute(store, "BEGIN IMMEDIATE", "beginning to write", err);
}

int store_end(struct store *store, int status, struct ponder_err *err)
{
    if (!status)
        status = store_execute(store, "COMMIT", "writing", err);
    if (status)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* ---- opening ---- */

/* Where neither the file nor the folder can be written, there is nothing beside it to read with it: it is
 * read as it stands. */
static int open_unwritable(struct store *store)
{
    struct buf uri = BUF_INIT(1 << 16);
    buf_puts(&uri, "file:");
    for (const char *c = store->path; *c; c++)
        buf_printf(&uri, strchr("%?#", *c) ? "%%%02X" : "%c", (unsigned char)*c);
    buf_puts(&uri, "?immutable=1");
    int code = buf_ok(&uri)
                   ? sqlite3_open_v2(buf_text(&uri), &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL)
                   : SQLITE_NOMEM;
    buf_release(&uri);
    return code;
}

static int check_path(const char *path, enum store_mode mode, struct ponder_err *err)
{
    struct stat at;
    if (!*path || *path == ':') /* SQLite would keep it in memory */
        return err_set(err, PONDER_E_ARGUMENT, "'%s' is no name for a store; name a file", path);
    bool there = stat(path, &at) == 0;
    if (there && !S_ISREG(at.st_mode))
        return err_set(err, PONDER_E_ARGUMENT, "%s: is no ordinary file; name one", path);
    if (!there && mode != STORE_WRITE)
        return err_set(err, PONDER_E_IO, "%s: there is no such store; `ponder eval --store` makes one", path);
    return PONDER_OK;
}

static int open_file(struct store *store, enum store_mode mode, struct ponder_err *err)
{
    int status = check_path(store->path, mode, err);
    if (status)
        return status;
    int flags = SQLITE_OPEN_READWRITE | (mode == STORE_WRITE ? SQLITE_OPEN_CREATE : 0);
    int code = mode == STORE_READ && access(store->path, W_OK) != 0
                   ? open_unwritable(store)
                   : sqlite3_open_v2(store->path, &store->db, flags, NULL);
    return code ? store_fail(store, "cannot be opened", err) : PONDER_OK;
}

static int set_up(struct store *store, enum store_mode mode, struct ponder_err *err)
{
    sqlite3_extended_result_codes(store->db, 0);
    sqlite3_busy_timeout(store->db, BUSY_MS);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    int status =
        store_execute(store, "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON", "cannot be read", err);
    return status ? status : store_schema_check(store, mode, err);
}

int store_open(struct store **out, const char *path, enum store_mode mode, struct ponder_err *err)
{
    struct store *store = *out = calloc(1, sizeof *store);
    if (!store || !(store->path = strdup(path))) {
        free(store);
        *out = NULL;
        return err_memory(err, "a store");
    }
    store->worker_fd = -1;
    int status = open_file(store, mode, err);
    return status ? status : set_up(store, mode, err);
}

void store_release(struct store *store)
{
    if (!store)
        return;
    for (int i = 0; i < STORE_STATEMENT_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    store_worker_end(store);
    free(store->path);
    free(store);
}
