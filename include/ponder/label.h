/* label.h - labels for the steps of a model's own solutions, from rollouts: nobody has to know the steps.
 *
 * Solutions of questions with known answers are sampled; from behind each line the model completes them
 * several times, and the share that ends in the right answer is the line's label (Snell et al. 2024,
 * section 5.1; Wang et al. 2024, "Math-Shepherd"). Verifiers are trained on them (train.h). */
#ifndef PONDER_LABEL_H
#define PONDER_LABEL_H

#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/model.h"
#include "ponder/progress.h"
#include "ponder/sampling.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Filled by ponder_options_default(ponder_label_options(), ..); most as in struct ponder_eval_settings. */
struct ponder_label_settings {
    const char *data, *store, *extract; /* the store is needed */
    int64_t limit;
    int64_t rollouts; /* from behind each line */
    bool skip_bad, mix;
};
PONDER_API const struct ponder_option *ponder_label_options(void);
/* Of the solutions and of the rollouts: those of ponder_solve_options() with n of 16. */
PONDER_API const struct ponder_option *ponder_label_sampling_options(void);

struct ponder_label {
    int64_t run;                        /* its number in the store */
    int64_t asked, done, resumed;       /* questions: of the set, labelled, of those there before */
    int64_t solutions, labelled;        /* of the questions done; those with an answer have labels */
    int64_t steps;                      /* labels */
    double right, value;                /* share of right solutions; mean label */
    int64_t prefixes, rollouts;         /* of this call: distinct ones, rollouts from them */
    struct ponder_ledger ledger, spent; /* as in struct ponder_eval */
};

/* Labels what is missing in the run of these settings: each question is kept as soon as it is done, and the
 * same call goes on after any interruption. When the watch stops the work, `out` covers what is there. */
PONDER_API int ponder_label_run(struct ponder_model *model, const struct ponder_label_settings *settings,
                                const struct ponder_sampling *sampling, const struct ponder_watch *watch,
                                struct ponder_label *out, struct ponder_err *err) PONDER_USE;
PONDER_API int ponder_label_json(const struct ponder_label *label, char **json,
                                 struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
