/* store.h - runs that are kept: a SQLite file that many evaluations add to and reports read.
 *
 * A run is what one set of questions is asked under one set of settings. It is made of cells, one for each
 * question and seed; a cell is put in whole, in one transaction, or not at all: a process that is killed
 * leaves nothing half done, and the same work begun again asks only for the cells that are missing.
 *
 * Several processes may add to one store, to the same run too. Before it works on a cell a process claims
 * it. Claims of a process that has ended count nothing: each holds a lock on a byte of the file FILE-workers,
 * which the system drops with the process, however it ends.
 *
 * A file of an earlier version is read as it is, and made one of this version, in one transaction, before it
 * is written.
 *
 * The file is in write-ahead mode, and everything in it is checked when it is read, as any file. The tables
 * are in schema.c. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/runs.h"
#include "task/questions.h"

enum {
    STORE_SCHEMA = 2,
    STORE_CELL_SAMPLES_MAX = 1 << 16,
    STORE_SCORES_MAX = 1 << 12,
    STORE_TOKENS_MAX = 1 << 30,
    STORE_PIECE_TOKENS_MAX = 1 << 20, /* ids of a piece */
    STORE_TRACE_BYTES_MAX = 1 << 24   /* of a cell, as text; a larger one is not kept */
};

#define STORE_SEED_MAX ((int64_t)1 << 53)

struct store;

enum store_mode {
    STORE_READ,
    STORE_CHANGE, /* what is there */
    STORE_WRITE   /* made where there is none */
};

/* PONDER_E_FORMAT: a file of another kind or damaged; PONDER_E_UNSUPPORTED: of a later version; PONDER_E_IO:
 * of an earlier version, and a process is at work on it. It is left as it is then. Release `*out` in any
 * case. */
int store_open(struct store **out, const char *path, enum store_mode mode, struct ponder_err *err) PONDER_USE;
void store_release(struct store *store);

/* ---- runs ---- */

struct store_run_key {
    const char *data; /* the set's name, for the reader */
    const struct questions *questions;
    const char *model; /* its file, for the reader */
    enum ponder_run_kind kind;
    const char *settings;    /* a JSON object with sorted keys: the same text and set are the same run */
    const char *fingerprint; /* a JSON object: what computes, apart from the settings */
    bool mix;                /* a run of another fingerprint may be gone on with */
};

/* Finds or begins the run. PONDER_E_ARGUMENT where it was begun under another fingerprint and `mix` is not
 * set: the error says what differs. */
int store_run_begin(struct store *store, const struct store_run_key *key, int64_t *run,
                    struct ponder_err *err) PONDER_USE;

/* All of them by number; released by ponder_runs_release() in any case. */
int store_runs(struct store *store, struct ponder_run **out, int64_t *count,
               struct ponder_err *err) PONDER_USE;
/* PONDER_E_NOT_FOUND says which runs there are. Release `out` in any case. */
int store_run_find(struct store *store, int64_t id, struct ponder_run *out,
                   struct ponder_err *err) PONDER_USE;
void store_run_release(struct ponder_run *run);
/* Its questions in order, as many as its set says. Release `out` in any case. */
int store_run_questions(struct store *store, int64_t id, struct questions *out,
                        struct ponder_err *err) PONDER_USE;
/* With all its cells; PONDER_E_IO where a process is at work on it. */
int store_run_delete(struct store *store, int64_t id, struct ponder_err *err) PONDER_USE;

/* ---- cells ---- */

struct store_sample {
    const char *text; /* any bytes; NULL: none */
    size_t len;
    const int32_t *tokens; /* (token_count) ids, or NULL */
    int64_t token_count;
    double logprob;     /* mean over the tokens; NAN where unknown */
    const char *finish; /* as struct ponder_text has it */
    const char *answer; /* as written; NULL: none */
    bool correct;
    const double *scores; /* (score_count) of its steps, or NULL */
    int64_t score_count;
};

/* What a search saw, and what it chose. */
struct store_found {
    int64_t chosen;         /* which of the cell's samples; the others are those it was chosen from */
    const double *totals;   /* (n) the verifier's score of each as a whole; NAN: none */
    const int32_t *repeats; /* (n) how often each was sampled */
    const char *trace;      /* (trace_len) its tree (tree/trace.h); NULL: it is not kept, or not read */
    size_t trace_len;
};

struct store_cell {
    int64_t seed, question;
    struct ponder_ledger cost;
    const struct store_sample *samples; /* (n) */
    int64_t n;
    const struct store_found *found; /* of a search; NULL: every sample counts for itself */
};

enum store_claim {
    STORE_CLAIM_MINE,  /* this process is to do it */
    STORE_CLAIM_DONE,  /* it is in the store */
    STORE_CLAIM_OTHERS /* another process is at work on it */
};
int store_cell_claim(struct store *store, int64_t run, int64_t seed, int64_t question, enum store_claim *out,
                     struct ponder_err *err) PONDER_USE;
/* Of a cell that is not to be put in. */
int store_cell_unclaim(struct store *store, int64_t run, int64_t seed, int64_t question,
                       struct ponder_err *err) PONDER_USE;
/* Gives the claim up, and drops the cell's pieces. A cell that is there already stays as it is. */
int store_cell_put(struct store *store, int64_t run, const struct store_cell *cell,
                   struct ponder_err *err) PONDER_USE;
/* Calls `each` for every cell of the run by seed, then question, which is one of its set; `question` of 0 or
 * more: only that one of `seed`. Of a search a cell has the one sample that was chosen: what figures count.
 * The cell is valid during the call, which may write to the store; its error ends the reading. */
typedef int store_cell_fn(void *data, const struct store_cell *cell, struct ponder_err *err);
int store_cells_read(struct store *store, int64_t run, int64_t seed, int64_t question, store_cell_fn *each,
                     void *data, struct ponder_err *err) PONDER_USE;
/* The same with all that the searches saw: `found` without the trace, where they were kept. */
int store_candidates_read(struct store *store, int64_t run, int64_t seed, int64_t question,
                          store_cell_fn *each, void *data, struct ponder_err *err) PONDER_USE;
/* Of a cell, freed by the caller, with a NUL behind it; NULL where the cell has none. A `*seed` of -1 becomes
 * the first that has one. */
int store_trace_read(struct store *store, int64_t run, int64_t *seed, int64_t question, char **out,
                     size_t *len, struct ponder_err *err) PONDER_USE;

/* ---- pieces: samples that have ended, of a cell that is not whole yet ---- */

/* Its text, tokens, log-probability and finish are kept, in place of what was there under that number;
 * nothing is where the cell is there. */
int store_piece_put(struct store *store, int64_t run, int64_t seed, int64_t question, int64_t number,
                    const struct store_sample *sample, struct ponder_err *err) PONDER_USE;
/* Calls `each` for those that are there, by number. The sample is valid during the call, which may not use
 * the store; its error ends the reading. */
int store_pieces_read(struct store *store, int64_t run, int64_t seed, int64_t question,
                      int (*each)(void *data, int64_t number, const struct store_sample *sample,
                                  struct ponder_err *err),
                      void *data, struct ponder_err *err) PONDER_USE;

#endif
