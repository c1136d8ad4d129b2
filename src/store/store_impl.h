/* store_impl.h - what the files of the store share: statements, errors, transactions. */
#ifndef STORE_STORE_IMPL_H
#define STORE_STORE_IMPL_H

#include <sqlite3.h>

#include "store/store.h"

/* X(name, text): every statement that runs more than once, prepared when it is first used. */
#define STORE_STATEMENTS(X)                                                                                  \
    X(SET_FIND, "SELECT id FROM sets WHERE hash = ?1")                                                       \
    X(SET_ADD, "INSERT INTO sets (hash, data, questions) VALUES (?1, ?2, ?3) RETURNING id")                  \
    X(QUESTION_ADD, "INSERT INTO questions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                             \
    X(SET_SIZE, "SELECT questions FROM sets WHERE id = (SELECT set_id FROM runs WHERE id = ?1)")             \
    X(QUESTIONS, "SELECT problem, answer, level, subject, unique_id FROM questions "                         \
                 "WHERE set_id = (SELECT set_id FROM runs WHERE id = ?1) ORDER BY number")                   \
    X(RUN_FIND, "SELECT id FROM runs WHERE set_id = ?1 AND settings = ?2")                                   \
    X(RUN_ADD, "INSERT INTO runs (set_id, settings, model, kind, created) "                                  \
               "VALUES (?1, ?2, ?3, ?4, datetime('now')) RETURNING id")                                      \
    X(RUN_DELETE, "DELETE FROM runs WHERE id = ?1")                                                          \
    X(SETS_CLEAN, "DELETE FROM sets WHERE id NOT IN (SELECT set_id FROM runs)")                              \
    X(RUNS, "SELECT r.id, r.created, s.data, r.model, r.settings, s.questions, "                             \
            "(SELECT json_group_array(json(text)) FROM (SELECT text FROM fingerprints "                      \
            "WHERE run_id = r.id ORDER BY id)), "                                                            \
            "(SELECT count(DISTINCT seed) FROM cells WHERE run_id = r.id), "                                 \
            "(SELECT count(*) FROM cells WHERE run_id = r.id), "                                             \
            "(SELECT count(*) FROM cells JOIN samples USING (run_id, seed, question) "                       \
            "WHERE run_id = r.id AND number = coalesce(chosen, number)), "                                   \
            "(SELECT count(*) FROM samples WHERE run_id = r.id), r.kind "                                    \
            "FROM runs r JOIN sets s ON s.id = r.set_id WHERE ?1 = 0 OR r.id = ?1 ORDER BY r.id")            \
    X(PRINT_FIRST, "SELECT id, text FROM fingerprints WHERE run_id = ?1 ORDER BY id LIMIT 1")                \
    X(PRINT_FIND, "SELECT id FROM fingerprints WHERE run_id = ?1 AND text = ?2")                             \
    X(PRINT_ADD, "INSERT INTO fingerprints (run_id, text) VALUES (?1, ?2) RETURNING id")                     \
    X(CELL_THERE, "SELECT 1 FROM cells WHERE run_id = ?1 AND seed = ?2 AND question = ?3")                   \
    X(CELL_ADD, "INSERT INTO cells VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")         \
    X(CELLS, "SELECT seed, question, generations, prompt_tokens, generated_tokens, verifier_tokens, "        \
             "difficulty_tokens, recomputed_tokens, flops, seconds, chosen FROM cells "                      \
             "WHERE run_id = ?1 AND (?3 < 0 OR (seed = ?2 AND question = ?3)) ORDER BY seed, question")      \
    X(SAMPLE_ADD, "INSERT INTO samples VALUES "                                                              \
                  "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")                           \
    X(SAMPLES, "SELECT number, text, token_count, logprob, finish, answer, correct, scores, total, repeats " \
               "FROM samples WHERE run_id = ?1 AND seed = ?2 AND question = ?3 "                             \
               "AND number = coalesce(?4, number) ORDER BY number")                                          \
    X(TRACE_ADD, "INSERT INTO traces VALUES (?1, ?2, ?3, ?4, ?5)")                                           \
    X(TRACE, "SELECT bytes, deflated, seed FROM traces WHERE run_id = ?1 AND question = ?3 "                 \
             "AND (?2 < 0 OR seed = ?2) ORDER BY seed LIMIT 1")                                              \
    X(PIECE_ADD, "INSERT OR REPLACE INTO pieces SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS " \
                 "(SELECT 1 FROM cells WHERE run_id = ?1 AND seed = ?2 AND question = ?3)")                  \
    X(PIECES, "SELECT number, text, token_count, logprob, finish, tokens FROM pieces "                       \
              "WHERE run_id = ?1 AND seed = ?2 AND question = ?3 ORDER BY number")                           \
    X(PIECES_DROP, "DELETE FROM pieces WHERE run_id = ?1 AND seed = ?2 AND question = ?3")                   \
    X(CLAIM_FIND, "SELECT worker FROM claims WHERE run_id = ?1 AND seed = ?2 AND question = ?3")             \
    X(CLAIM_SET, "INSERT OR REPLACE INTO claims VALUES (?1, ?2, ?3, ?4)")                                    \
    X(CLAIM_DROP, "DELETE FROM claims WHERE run_id = ?1 AND seed = ?2 AND question = ?3")                    \
    X(CLAIMS_OF_WORKER_DROP, "DELETE FROM claims WHERE worker = ?1")                                         \
    X(CLAIMS_OF_RUN, "SELECT DISTINCT worker FROM claims WHERE run_id = ?1")

enum store_statement {
#define X(name, text) STORE_##name,
    STORE_STATEMENTS(X)
#undef X
        STORE_STATEMENT_COUNT
};

struct store {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *statements[STORE_STATEMENT_COUNT];
    int64_t fingerprint; /* of the run that this process has begun, 0: none */
    int worker_fd;       /* FILE-workers, -1: not open */
    int64_t worker;      /* the byte of it that is locked */
};

/* What SQLite says went wrong, as an error of this store; `doing` opens it, e.g. "keeping a cell". */
int store_fail(struct store *store, const char *doing, struct ponder_err *err);
/* Runs statements that return nothing. */
int store_execute(struct store *store, const char *sql, const char *doing, struct ponder_err *err) PONDER_USE;
/* Reset, without bindings; NULL where it cannot be prepared. */
sqlite3_stmt *store_statement(struct store *store, enum store_statement which);
/* Runs a statement that returns no row, or whose first column of one row is wanted: `*id` (may be NULL) is
 * left alone where there is none. */
int store_run_statement(struct store *store, sqlite3_stmt *statement, int64_t *id, const char *doing,
                        struct ponder_err *err);
/* How many questions the set of a run is said to have; 0 where there is no such run. */
int store_set_size(struct store *store, int64_t run, int64_t *out, struct ponder_err *err);
/* A transaction that may write. End it with store_end(), which commits on PONDER_OK and else takes everything
 * back; returns the status. */
int store_begin(struct store *store, struct ponder_err *err);
int store_end(struct store *store, int status, struct ponder_err *err);

/* A statement whose first three parameters say a cell. */
sqlite3_stmt *store_statement_of_cell(struct store *store, enum store_statement which, int64_t run,
                                      int64_t seed, int64_t question);

/* schema.c: makes the tables of an empty file or of an earlier version, and refuses a file of another kind or
 * of a later version. */
int store_schema_check(struct store *store, enum store_mode mode, struct ponder_err *err);

/* sample.c: samples and pieces as rows. Their columns 4 to 9 are a number, and what a piece has. */
int store_sample_add(struct store *store, int64_t run, const struct store_cell *cell, int64_t number,
                     struct ponder_err *err) PONDER_USE;
/* What a row of SAMPLES or PIECES opens with, and the tokens where `ids` is their column, 0 for none. Copies;
 * store_sample_clear() in any case. */
int store_sample_take(struct store_sample *out, sqlite3_stmt *row, int ids,
                      struct ponder_err *err) PONDER_USE;
/* And the rest of a row of SAMPLES. */
int store_sample_take_scores(struct store_sample *out, sqlite3_stmt *row, struct ponder_err *err) PONDER_USE;
void store_sample_clear(struct store_sample *sample);

/* trace.c */
int store_trace_add(struct store *store, int64_t run, const struct store_cell *cell,
                    struct ponder_err *err) PONDER_USE;

/* worker.c: this process takes a byte; whether the process that holds a byte lives. */
int store_worker_begin(struct store *store, struct ponder_err *err);
bool store_worker_lives(struct store *store, int64_t worker);
void store_worker_end(struct store *store);

#endif
