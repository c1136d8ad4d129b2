/* schema.c - the tables of a store, and which files are one. */
#include <stdio.h>

#include "core/err.h"
#include "store/store_impl.h"

/* "pond": the application id in the header of a SQLite file that is a store. */
enum { APPLICATION = 0x706f6e64 };

/* Version 1 said a run's kind by what its settings have. */
#define KIND_OF_SETTINGS                                                                                     \
    "CASE WHEN NOT json_valid(settings) THEN 'samples' "                                                     \
    "WHEN json_type(settings, '$.rollouts') IS NOT NULL THEN 'rollouts' "                                    \
    "WHEN json_type(settings, '$.select') IS NOT NULL OR "                                                   \
    "  json_extract(settings, '$.search') <> 'best_of_n' THEN 'search' "                                     \
    "WHEN json_type(settings, '$.verifier_hash') IS NOT NULL THEN 'judged' ELSE 'samples' END"

/* versions[v - 1] makes a store of version v from one of the version before; the first from an empty file.
 *
 * Only whole cells are ever in the tables: a cell with its samples is one transaction. Sets are shared by the
 * runs over them. Deleting a run deletes all that hangs on it. */
static const struct version {
    int tables; /* that there are */
    const char *make;
} versions[STORE_SCHEMA] = {
    {7,
     "CREATE TABLE sets (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, data TEXT NOT NULL, "
     "  questions INTEGER NOT NULL) STRICT;"
     "CREATE TABLE questions (set_id INTEGER NOT NULL REFERENCES sets ON DELETE CASCADE, number INTEGER NOT "
     "NULL, "
     "  problem TEXT NOT NULL, answer TEXT NOT NULL, level TEXT NOT NULL, subject TEXT NOT NULL, "
     "  unique_id TEXT NOT NULL, PRIMARY KEY (set_id, number)) STRICT;"
     "CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, set_id INTEGER NOT NULL REFERENCES sets, "
     "  settings TEXT NOT NULL, model TEXT NOT NULL, created TEXT NOT NULL, UNIQUE (set_id, settings)) "
     "STRICT;"
     "CREATE TABLE fingerprints (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs ON DELETE "
     "CASCADE, "
     "  text TEXT NOT NULL, UNIQUE (run_id, text)) STRICT;"
     "CREATE TABLE cells (run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, seed INTEGER NOT NULL, "
     "  question INTEGER NOT NULL, fingerprint_id INTEGER NOT NULL REFERENCES fingerprints, "
     "  generations INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, generated_tokens INTEGER NOT NULL, "
     "  verifier_tokens INTEGER NOT NULL, difficulty_tokens INTEGER NOT NULL, recomputed_tokens INTEGER NOT "
     "NULL, "
     "  flops REAL NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (run_id, seed, question)) STRICT, WITHOUT "
     "ROWID;"
     "CREATE TABLE samples (run_id INTEGER NOT NULL, seed INTEGER NOT NULL, question INTEGER NOT NULL, "
     "  number INTEGER NOT NULL, text TEXT, tokens TEXT, token_count INTEGER NOT NULL, logprob REAL, "
     "  finish TEXT NOT NULL, answer TEXT, correct INTEGER NOT NULL, scores TEXT, "
     "  PRIMARY KEY (run_id, seed, question, number), "
     "  FOREIGN KEY (run_id, seed, question) REFERENCES cells ON DELETE CASCADE) STRICT;"
     "CREATE TABLE claims (run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, seed INTEGER NOT NULL, "
     "  question INTEGER NOT NULL, worker INTEGER NOT NULL, PRIMARY KEY (run_id, seed, question)) "
     "  STRICT, WITHOUT ROWID;"
     "CREATE INDEX claims_by_worker ON claims (worker);"},
    {9,
     "ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'samples';"
     "UPDATE runs SET kind = " KIND_OF_SETTINGS ";"
     "ALTER TABLE cells ADD COLUMN chosen INTEGER;"
     "ALTER TABLE samples ADD COLUMN total REAL;"
     "ALTER TABLE samples ADD COLUMN repeats INTEGER NOT NULL DEFAULT 1;"
     "CREATE TABLE traces (run_id INTEGER NOT NULL, seed INTEGER NOT NULL, question INTEGER NOT NULL, "
     "  bytes INTEGER NOT NULL, deflated BLOB NOT NULL, PRIMARY KEY (run_id, seed, question), "
     "  FOREIGN KEY (run_id, seed, question) REFERENCES cells ON DELETE CASCADE) STRICT;"
     "CREATE TABLE pieces (run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, seed INTEGER NOT NULL, "
     "  question INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT, tokens TEXT, "
     "  token_count INTEGER NOT NULL, logprob REAL, finish TEXT NOT NULL, "
     "  PRIMARY KEY (run_id, seed, question, number)) STRICT;"}};

/* A store of version 1 that is only read looks like one of version 2. */
static const char view_of_version_1[] =
    "CREATE TEMP VIEW runs AS SELECT *, " KIND_OF_SETTINGS " AS kind FROM main.runs;"
    "CREATE TEMP VIEW cells AS SELECT *, NULL AS chosen FROM main.cells;"
    "CREATE TEMP VIEW samples AS SELECT *, NULL AS total, 1 AS repeats FROM main.samples;"
    "CREATE TEMP VIEW traces AS SELECT run_id, seed, question, 0 AS bytes, NULL AS deflated FROM main.cells "
    "  WHERE 0;"
    "CREATE TEMP VIEW pieces AS SELECT run_id, seed, question, number, text, tokens, token_count, logprob, "
    "  finish FROM main.samples WHERE 0;";

static int pragma(struct store *store, const char *sql, int64_t *value, struct ponder_err *err)
{
    sqlite3_stmt *statement = NULL;
    *value = 0;
    int status = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL)
                     ? store_fail(store, "cannot be read", err)
                     : store_run_statement(store, statement, value, "cannot be read", err);
    sqlite3_finalize(statement);
    return status;
}

/* Everything that is read is a table: a view can be made to have no end. */
static int check_tables(struct store *store, int64_t version, struct ponder_err *err)
{
    int64_t tables, others;
    int status =
        pragma(store,
               "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('sets', 'questions', "
               "'runs', 'fingerprints', 'cells', 'samples', 'claims', 'traces', 'pieces')",
               &tables, err);
    if (!status)
        status = pragma(store, "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')",
                        &others, err);
    if (!status && (tables != versions[version - 1].tables || others))
        status =
            err_set(err, PONDER_E_FORMAT, "%s: is damaged: its tables are not those of a store", store->path);
    return status;
}

/* Which version the file is a store of, 0 where it is empty; or an error. */
static int schema_look(struct store *store, int64_t *version, struct ponder_err *err)
{
    int64_t application, objects;
    int status = pragma(store, "PRAGMA application_id", &application, err);
    if (!status)
        status = pragma(store, "PRAGMA user_version", version, err);
    if (!status)
        status = pragma(store, "SELECT count(*) FROM sqlite_schema", &objects, err);
    if (status || (application == 0 && *version == 0 && objects == 0))
        return status;
    if (application != APPLICATION)
        return err_set(err, PONDER_E_FORMAT, "%s: is a SQLite file of another program, not a store of runs",
                       store->path);
    if (*version >= 1 && *version <= STORE_SCHEMA)
        return check_tables(store, *version, err);
    return err_set(err, PONDER_E_UNSUPPORTED,
                   "%s: is a store of version %lld, and this program knows %d; use the ponder that wrote it, "
                   "or `runs export` there",
                   store->path, (long long)*version, STORE_SCHEMA);
}

/* A program that knows only the version before could not go on. */
static int check_idle(struct store *store, struct ponder_err *err)
{
    sqlite3_stmt *row = NULL;
    bool busy = false;
    int code = sqlite3_prepare_v2(store->db, "SELECT DISTINCT worker FROM claims", -1, &row, NULL);
    while (!busy && row && (code = sqlite3_step(row)) == SQLITE_ROW)
        busy = store_worker_lives(store, sqlite3_column_int64(row, 0));
    int status = busy || code == SQLITE_DONE ? PONDER_OK : store_fail(store, "looking for claims", err);
    sqlite3_finalize(row);
    return busy
               ? err_set(err, PONDER_E_IO,
                         "%s: is a store of an earlier version, and a process is at work on it; wait for its "
                         "end",
                         store->path)
               : status;
}

static int schema_make(struct store *store, int64_t version, struct ponder_err *err)
{
    char version_sql[96];
    int status = version > 0 ? check_idle(store, err) : PONDER_OK;
    for (; version < STORE_SCHEMA && !status; version++)
        status = store_execute(store, versions[version].make, "its tables cannot be made", err);
    snprintf(version_sql, sizeof version_sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION, STORE_SCHEMA);
    return status ? status : store_execute(store, version_sql, "its tables cannot be made", err);
}

/* Another process may be making the same store: what the file is counts once nobody else can write. */
static int bring_up(struct store *store, struct ponder_err *err)
{
    int64_t version, unused;
    int status = pragma(store, "PRAGMA journal_mode = WAL", &unused, err);
    if (!status)
        status = store_begin(store, err);
    if (status)
        return status;
    status = schema_look(store, &version, err);
    if (!status && version < STORE_SCHEMA)
        status = schema_make(store, version, err);
    return store_end(store, status, err);
}

int store_schema_check(struct store *store, enum store_mode mode, struct ponder_err *err)
{
    int64_t version, unused;
    int status = schema_look(store, &version, err);
    if (status)
        return status;
    if (version == 0 && mode != STORE_WRITE)
        return err_set(err, PONDER_E_FORMAT, "%s: is empty; `ponder eval --store` fills it", store->path);
    if (version < STORE_SCHEMA)
        status = mode == STORE_READ ? store_execute(store, view_of_version_1, "cannot be read", err)
                                    : bring_up(store, err);
    return status ? status : pragma(store, "PRAGMA synchronous = NORMAL", &unused, err);
}
