/* runs.h - the runs that a store holds: listed, shown, compared, exported, deleted.
 *
 * A store is a file that ponder_eval_run() fills (docs/file-formats.md). A run is one set of questions under
 * one set of settings, with any number of seeds. */
#ifndef PONDER_RUNS_H
#define PONDER_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/eval.h"
#include "ponder/tree.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ponder_run {
    int64_t id;
    enum ponder_run_kind kind;
    char *created;      /* UTC, "2026-01-31 12:00:00" */
    char *data, *model; /* names of files, for the reader */
    char *settings;     /* a JSON object */
    char *fingerprints; /* a JSON array of objects, the first one first: what computed */
    int64_t questions;
    int64_t seeds;   /* different ones of which something is done */
    int64_t done;    /* of questions x seeds */
    int64_t samples; /* of all that is done; of a search those that were chosen */
    int64_t kept;    /* samples, and what they were chosen from */
};

/* Whether the file is a store, by its first bytes. */
PONDER_API bool ponder_is_store(const char *path);
/* By number. Every call here opens the store and closes it; PONDER_E_FORMAT: it is none, PONDER_E_NOT_FOUND:
 * it has no such run. */
PONDER_API int ponder_runs_list(const char *store, struct ponder_run **runs, int64_t *count,
                                struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_runs_release(struct ponder_run *runs, int64_t count);

/* The figures of what is done of a run, graded anew from its texts. `eval->spent` is zero. */
PONDER_API int ponder_runs_eval(const char *store, int64_t run, struct ponder_eval **out,
                                struct ponder_err *err) PONDER_USE;

/* Two runs on the questions that both have: by text, whatever their sets. */
struct ponder_comparison {
    int64_t questions;                  /* shared */
    struct ponder_interval accuracy[2]; /* of each, on those */
    struct ponder_interval pass_1[2];
    struct ponder_interval difference; /* of accuracy, second - first, paired */
    struct ponder_interval pass_1_difference;
    struct ponder_ledger cost[2]; /* of each, as a mean over its questions and seeds */
    char *settings; /* JSON: {"KEY": [first's, second's]} of what differs; freed by the caller */
};
PONDER_API int ponder_runs_compare(const char *store, int64_t first, int64_t second,
                                   struct ponder_comparison *out, struct ponder_err *err) PONDER_USE;

enum ponder_export_form {
    PONDER_EXPORT_SAMPLES, /* a line a question and seed, with all that is kept of it */
    PONDER_EXPORT_SHEPHERD /* a line a labelled solution, in the form of Math-Shepherd: of a run of labels */
};
/* Hands the run to `write` a line of JSON at a time, each with its newline, by seed and question; a negative
 * status of it ends the work. docs/file-formats.md has the lines. */
PONDER_API int ponder_runs_export(const char *store, int64_t run, enum ponder_export_form form,
                                  int (*write)(void *data, const char *line, size_t len,
                                               struct ponder_err *err),
                                  void *data, struct ponder_err *err) PONDER_USE;
/* The tree of question `question`, from 0, as a run of a search kept it, under `seed`; 0: under the first one
 * that it has. `*out` is the caller's. PONDER_E_NOT_FOUND: none is kept. */
PONDER_API int ponder_runs_tree(const char *store, int64_t run, int64_t question, int64_t seed,
                                struct ponder_tree **out, struct ponder_err *err) PONDER_USE;
/* With all that it holds. PONDER_E_IO where a process is at work on it. */
PONDER_API int ponder_runs_delete(const char *store, int64_t run, struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
