/* samples_run.h - what samples were made with: the "run" of each line of a samples file. */
#ifndef EVAL_SAMPLES_RUN_H
#define EVAL_SAMPLES_RUN_H

#include <jansson.h>
#include <stdbool.h>

#include "eval/eval.h"
#include "eval/questions.h"

/* {"model", "model_hash", "data", "questions", "data_hash", "n", "seed", "temperature", "top_k", "top_p",
 * "min_p", "max_tokens", "precision", "exact"}. Threads, memory and timeout change no sample and are left
 * out. NULL: out of memory. */
json_t *samples_run_json(const struct eval_job *job, const struct questions *questions);

/* PONDER_E_ARGUMENT where the two differ, the error naming all that does, and then the hint; `theirs` is what
 * was found in a file. With `set_only` just the model and the questions are compared. Names of files are for
 * the reader: hashes decide. */
int samples_run_compare(const json_t *theirs, const json_t *ours, bool set_only, const char *hint,
                        struct ponder_err *err) PONDER_USE;

#endif
