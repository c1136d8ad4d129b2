/* run_record.h - what a run was made with, as it is kept in a store, exported and reported. */
#ifndef EVAL_RUN_RECORD_H
#define EVAL_RUN_RECORD_H

#include <jansson.h>

#include "eval/eval.h"

/* All that shapes a sample, but for the questions and the seed: {"exact", "extract", "max_tokens", "min_p",
 * "model_hash", "precision", "search", "temperature", "top_k", "top_p"}, and "n", or what the search has
 * instead. Threads, memory and timeout change no sample and are left out. As text with sorted keys: the same
 * settings are the same text. Freed by the caller; NULL: out of memory. */
char *run_settings_text(const struct eval_job *job);
/* {"cpu", "version"}, in the same way. */
char *run_fingerprint_text(void);
/* The settings for a reader: with "model", "data", "seed" and "seeds". */
char *run_report_text(const struct eval_job *job, const char *settings);
/* The name of a file without its folders. */
const char *run_file_name(const char *path);
/* 16 hexadecimal digits. */
json_t *run_hash_json(uint64_t hash);

#endif
