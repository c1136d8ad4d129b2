/* run_record.h - what a run was made with, as it is kept in a store, exported and reported. */
#ifndef EVAL_RUN_RECORD_H
#define EVAL_RUN_RECORD_H

#include <jansson.h>

#include "eval/eval.h"
#include "ponder/runs.h"

/* All that shapes a sample, but for the questions and the seed. Threads, memory and timeout change no sample
 * and are left out. What a run does not say is NULL, 0 (of a hash), -1 (of a count) or NAN. */
struct run_record {
    enum ponder_run_kind kind;
    uint64_t model_hash; /* of the model and how it is asked */
    const char *prompt;  /* the kind of chat template, or "shots" */
    const char *extract, *precision;
    double temperature, top_p, min_p;
    int64_t top_k, max_tokens, n;
    int64_t exact;          /* 0 or 1 */
    int64_t weights_memory; /* MiB */
    const char *pool;       /* "greedy": the first sample is */
    const char *search;     /* "best_of_n" of samples, too, and "rollouts" of those */
    int64_t width, lookahead, chains;
    const char *select, *budget, *step_end;
    const char *verifier, *aggregate;
    uint64_t verifier_hash;
    int64_t rollouts; /* from behind each line */
    json_t *held;     /* what the texts belong to; NULL: they are borrowed */
};

/* Of what is asked for; borrows from the job. */
struct run_record run_record_of_job(const struct eval_job *job);
/* As its settings stand in JSON, an export's too; the kind is the caller's to say. Borrows from `settings`;
 * what is no object says nothing. */
struct run_record run_record_of_json(const json_t *settings);
/* As it stands in a store; PONDER_E_FORMAT where its settings are no JSON object. Release `out` in any case.
 */
int run_record_of_run(struct run_record *out, const struct ponder_run *run,
                      struct ponder_err *err) PONDER_USE;
void run_record_release(struct run_record *record);
/* The settings of a store: JSON with sorted keys, so that the same record is the same text. What the record
 * was read with and does not know stays. Freed by the caller; NULL: out of memory. */
char *run_record_print(const struct run_record *record);

/* {"cpu", "version"}, in the same way. */
char *run_fingerprint_text(void);
/* The settings for a reader: with "model", "data", "seed" and "seeds". */
char *run_report_text(const struct eval_job *job, const char *settings);
/* The name of a file without its folders. */
const char *run_file_name(const char *path);
/* 16 hexadecimal digits. */
json_t *run_hash_json(uint64_t hash);

#endif
