/* bench.h - what the two benchmarks share: the model they run and the summary of their repeats. */
#ifndef LM_BENCH_H
#define LM_BENCH_H

#include "lm/model.h"
#include "ponder/bench.h"

enum { BENCH_REPEATS_MAX = 100 };

/* The model of settings->model, or one with random weights of the settings' shape and `tokenizer` (NULL:
 * none), which is taken over when this succeeds; it is written to settings->save_model where that is set. */
int bench_model_open(struct lm_model **out, const struct ponder_bench_settings *settings, int context,
                     struct tokenizer *tokenizer, struct ponder_err *err) PONDER_USE;
/* Measures the peak and fills `out` from the seconds that each repeat over out->tokens tokens took; sorts
 * `seconds`. */
int bench_summarise(const struct ponder_bench_settings *settings, double *seconds, struct ponder_bench *out,
                    struct ponder_err *err) PONDER_USE;

#endif
