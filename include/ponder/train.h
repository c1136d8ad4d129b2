/* train.h - making models.
 *
 * ponder_train_base() trains a language model from scratch on Pocket documents (task.h) and writes a GGUF
 * file. A run is decided by its settings alone: the tokenizer, the documents and their order, and the first
 * weights all come from the seed. It can be interrupted at any moment, kill -9 included, and goes on from its
 * last checkpoint when it is started again with the same settings. */
#ifndef PONDER_TRAIN_H
#define PONDER_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "ponder/calibration.h"
#include "ponder/option.h"
#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Filled by ponder_options_default(ponder_train_base_options(), ..); the table has each one's meaning. */
struct ponder_train_base_settings {
    const char *out, *checkpoint, *metrics, *name, *init, *optimizer;
    bool restart;
    int64_t checkpoint_every;
    int64_t tokens, steps, batch_tokens, accumulate;
    double lr, lr_final, decay, clip, beta1, beta2;
    int64_t warmup;
    int64_t width, layers, heads, kv_heads, ffn, vocab, context;
    double solved_share, many_share, attempts_share, check_after_share, check_between_share, claims_share;
    double tag_weight;
    int64_t heldout_every, heldout_tokens;
    int64_t seed, threads;
    const char *precision;
};
PONDER_API const struct ponder_option *ponder_train_base_options(void);

/* What is known after a step. Losses are means in nats over the rows that have a target. */
struct ponder_train_progress {
    int64_t step, steps;
    uint64_t tokens;     /* seen so far, over all steps */
    double loss;         /* of this step's batch */
    double soft_loss;    /* of its soft targets alone; NAN where it has none */
    double heldout_loss; /* over the held-out documents, after this step; NAN where it was not measured now */
    double lr, grad_norm;
    double tokens_per_s;  /* over the last steps */
    double peak_share;    /* FLOP/s over the measured f32 peak of the machine; NAN where unknown */
    double elapsed_s;     /* over the whole run, interruptions left out */
    double left_s;        /* estimate */
    double data_share;    /* of the time since this start: making and packing documents */
    int64_t resumed_from; /* the step this start began behind; 0: a new run */
};

struct ponder_train_watch {
    /* Called after each step, from the calling thread. Returns true to go on; with false the run saves a
     * checkpoint and ends with PONDER_E_CANCELLED. NULL goes on. */
    bool (*progress)(const struct ponder_train_progress *progress, void *data);
    void *data;
};

struct ponder_train_result {
    int64_t steps, parameters;
    uint64_t tokens;
    double loss, heldout_loss;
    struct ponder_calibration heldout; /* of the verdicts at tags of what was held out, against its labels */
    int64_t best_step; /* whose weights were written, with early stopping; 0: the last one's */
    double seconds;
};

/* Trains and writes settings->out, or continues from the checkpoint file where there is one: a run that had
 * already ended only writes the model again. A checkpoint of other settings is PONDER_E_ARGUMENT with the one
 * that differs. `watch` and `result` may be NULL. */
PONDER_API int ponder_train_base(const struct ponder_train_base_settings *settings,
                                 const struct ponder_train_watch *watch, struct ponder_train_result *result,
                                 struct ponder_err *err) PONDER_USE;

/* ---- from a base model: verifiers, and a model that revises ---- */

/* One of samples and store is given. */
struct ponder_train_tune_settings {
    const char *base, *samples, *store, *out, *name, *labels, *checkpoint, *metrics, *optimizer;
    int64_t run, limit;
    double epochs, lm_share, tag_weight, heldout, dropout;
    int64_t per_question, patience;
    bool restart;
    int64_t checkpoint_every, batch_tokens;
    double lr, lr_final, decay, clip;
    int64_t warmup, heldout_every, heldout_tokens, seed, threads;
    const char *precision;
    const char *chain_text, *between_text; /* of a model that revises: how attempts are shown, and .. */
    int64_t attempts;                      /* .. how many at most */
    double kept_share, plain_share;
};
PONDER_API const struct ponder_option *ponder_train_prm_options(void);
PONDER_API const struct ponder_option *ponder_train_orm_options(void);
PONDER_API const struct ponder_option *ponder_train_revision_options(void);

/* Trains a process verifier from the base model on labelled solutions: those of settings->samples, whose
 * labels are exact, or those of settings->store, whose labels are the rollouts' (label.h). Writes
 * settings->out; resumes as ponder_train_base does. Losses are binary cross-entropies at the step tags (with
 * --lm-share, the text's cross-entropy is in `loss` too). */
PONDER_API int ponder_train_prm(const struct ponder_train_tune_settings *settings,
                                const struct ponder_train_watch *watch, struct ponder_train_result *result,
                                struct ponder_err *err) PONDER_USE;
/* An outcome verifier in the same way: the label is whether the answer is right, at the last tag alone. The
 * store's run needs no labels. `labels` of the settings is not read. */
PONDER_API int ponder_train_orm(const struct ponder_train_tune_settings *settings,
                                const struct ponder_train_watch *watch, struct ponder_train_result *result,
                                struct ponder_err *err) PONDER_USE;
/* A model that revises, from the base model and solutions that it sampled of train questions (a run of
 * samples of settings->store): wrong attempts and then a right one, which alone is learnt (Snell et al. 2024,
 * section 6.1). The file says how attempts are shown (GGUF keys ponder.revision.*). */
PONDER_API int ponder_train_revision(const struct ponder_train_tune_settings *settings,
                                     const struct ponder_train_watch *watch,
                                     struct ponder_train_result *result, struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
