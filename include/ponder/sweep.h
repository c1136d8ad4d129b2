/* sweep.h - every method at several temperatures, as runs of one store.
 *
 * How warm to sample depends on the method, the model and the questions; a sweep measures it. At temperature
 * 0 each question is asked once; at each other one N solutions are sampled, and where a verifier is named
 * they are scored; or a search by steps is made. Each temperature is a run of its own in the store, so that
 * another call, or `eval` at one temperature, goes on with what is there, and temperatures can be added
 * later. */
#ifndef PONDER_SWEEP_H
#define PONDER_SWEEP_H

#include "ponder/eval.h"
#include "ponder/figure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PONDER_SWEEP_MAX = 16 };

/* "0,0.2,0.8" as numbers from 0 to 10, ascending. PONDER_E_ARGUMENT says what is wrong. */
PONDER_API int ponder_sweep_parse(const char *text, double temperatures[PONDER_SWEEP_MAX], int *count,
                                  struct ponder_err *err) PONDER_USE;

struct ponder_sweep {
    int64_t runs[PONDER_SWEEP_MAX]; /* in the store; 0 where that was private and is gone */
    int count;
    struct ponder_figure *figure; /* "temperature": all that the store has of these questions */
    struct ponder_sampling_choice best;
    struct ponder_ledger spent; /* by this call */
};

/* As ponder_eval_run(), at each of the temperatures; that of `sampling` is not looked at. Of `search`, which
 * may be NULL, "best_of_n" with a verifier has the samples scored, and another name is a search by steps.
 * Without settings->store a file in $TMPDIR is one for the length of the call. Stopped by the watch:
 * PONDER_E_CANCELLED; a store has what was done. `*out` is the caller's. */
PONDER_API int ponder_sweep_run(struct ponder_model *model, const struct ponder_eval_settings *settings,
                                const struct ponder_sampling *sampling, const struct ponder_search *search,
                                const double *temperatures, int count, const struct ponder_watch *watch,
                                struct ponder_sweep **out, struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_sweep_release(struct ponder_sweep *sweep);

#ifdef __cplusplus
}
#endif
#endif
