/* schema.c - the tables of a store, and which files are one. */
#include "core/err.h"
#include "store/store_impl.h"

/* "pond": the application id in the header of a SQLite file that is a store. */
enum { APPLICATION = 0x706f6e64, TABLE_COUNT = 7 };

/* Only whole cells are ever in the tables: a cell with its samples is one transaction. Sets are shared by the
 * runs over them. Deleting a run deletes all that hangs on it. */
static const char tables[] =
    "CREATE TABLE sets (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, data TEXT NOT NULL, "
    "  questions INTEGER NOT NULL) STRICT;"
    "CREATE TABLE questions (set_id INTEGER NOT NULL REFERENCES sets ON DELETE CASCADE, number INTEGER NOT "
    "NULL, "
    "  problem TEXT NOT NULL, answer TEXT NOT NULL, level TEXT NOT NULL, subject TEXT NOT NULL, "
    "  unique_id TEXT NOT NULL, PRIMARY KEY (set_id, number)) STRICT;"
    "CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, set_id INTEGER NOT NULL REFERENCES sets, "
    "  settings TEXT NOT NULL, model TEXT NOT NULL, created TEXT NOT NULL, UNIQUE (set_id, settings)) STRICT;"
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
    "CREATE INDEX claims_by_worker ON claims (worker);";

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

static int make(struct store *store, struct ponder_err *err)
{
    char *sql = sqlite3_mprintf("%s PRAGMA application_id = %d; PRAGMA user_version = %d;", tables,
                                APPLICATION, STORE_SCHEMA);
    int failed = !sql || sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
    return failed ? store_fail(store, "cannot be made", err) : PONDER_OK;
}

/* Everything that is read is a table: a view can be made to have no end. */
static int check_tables(struct store *store, struct ponder_err *err)
{
    int64_t tables_there, others;
    int status =
        pragma(store,
               "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('sets', 'questions', "
               "'runs', 'fingerprints', 'cells', 'samples', 'claims')",
               &tables_there, err);
    if (!status)
        status = pragma(store, "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')",
                        &others, err);
    if (!status && (tables_there != TABLE_COUNT || others))
        status =
            err_set(err, PONDER_E_FORMAT, "%s: is damaged: its tables are not those of a store", store->path);
    return status;
}

/* What the file is: *empty, or a store of this version, or an error. */
static int look(struct store *store, bool *empty, struct ponder_err *err)
{
    int64_t application, version, objects;
    int status = pragma(store, "PRAGMA application_id", &application, err);
    if (!status)
        status = pragma(store, "PRAGMA user_version", &version, err);
    if (!status)
        status = pragma(store, "SELECT count(*) FROM sqlite_schema", &objects, err);
    if (status)
        return status;
    *empty = application == 0 && version == 0 && objects == 0;
    if (*empty)
        return PONDER_OK;
    if (application == APPLICATION && version == STORE_SCHEMA)
        return check_tables(store, err);
    if (application != APPLICATION)
        return err_set(err, PONDER_E_FORMAT, "%s: is a SQLite file of another program, not a store of runs",
                       store->path);
    return err_set(err, PONDER_E_UNSUPPORTED,
                   "%s: is a store of version %lld, and this program knows %d; use the ponder that wrote it, "
                   "or `runs export` there",
                   store->path, (long long)version, STORE_SCHEMA);
}

/* Another process may be making the same store: what the file is counts once nobody else can write. */
static int make_if_empty(struct store *store, struct ponder_err *err)
{
    bool empty = false;
    int64_t unused;
    int status = pragma(store, "PRAGMA journal_mode = WAL", &unused, err);
    if (!status)
        status = store_begin(store, err);
    if (status)
        return status;
    status = look(store, &empty, err);
    if (!status && empty)
        status = make(store, err);
    return store_end(store, status, err);
}

int store_schema_check(struct store *store, enum store_mode mode, struct ponder_err *err)
{
    bool empty;
    int64_t unused;
    int status = look(store, &empty, err);
    if (status)
        return status;
    if (empty && mode == STORE_READ)
        return err_set(err, PONDER_E_FORMAT, "%s: is empty; `ponder eval --store` fills it", store->path);
    if (empty)
        status = make_if_empty(store, err);
    return status ? status : pragma(store, "PRAGMA synchronous = NORMAL", &unused, err);
}
