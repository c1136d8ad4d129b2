/* loop.h - the training loop, the same for every kind of model.
 *
 * A step fills one pack (or several, `accumulate`) from the stream, runs forward, loss and backward over it,
 * and lets AdamW move the parameters. Held-out loss, metrics and checkpoints come in between. With the same
 * settings, source and number of threads a run gives the same losses whether or not it was interrupted, early
 * stopping included: the best weights so far are in the checkpoint. */
#ifndef TRAIN_LOOP_H
#define TRAIN_LOOP_H

#include "core/clock.h"
#include "ponder/train.h"
#include "train/adamw.h"
#include "train/stream.h"

struct train_settings {
    struct train_schedule schedule; /* with the number of steps */
    struct adamw_options adamw;
    int batch_tokens; /* rows of a pack; at least the model's context */
    int accumulate;   /* packs of a step, >= 1 */
    double dropout;   /* of what is added to the residual stream; not where loss is held out */
    uint64_t dropout_seed;
    double tag_weight;     /* of a soft target against one of text, in the gradient; losses are unweighted */
    int64_t heldout_every; /* steps; 0: only at the end */
    int heldout_tokens;    /* rows at most; 0: no held-out loss */
    int patience; /* > 0: ends after so many held-out losses without a better one, and the model has the
                     weights of the best */
    int threads;  /* 0: all cores */
    enum lm_precision precision;
    const char *checkpoint;   /* NULL: none */
    int64_t checkpoint_every; /* steps; 0: only when stopped and at the end */
    bool restart;             /* do not read a checkpoint that is there */
    const char *recipe;       /* decides whether a checkpoint belongs to this run */
    const char *metrics;      /* NULL: none */
    double peak_flops_per_s;  /* of the machine; 0: unknown */
    struct clock clock;
};

/* Trains `model` on `train`; `heldout` may be NULL. `result` may be NULL. */
int train_run(struct lm_model *model, const struct train_source *train, const struct train_source *heldout,
              const struct train_settings *settings, const struct ponder_train_watch *watch,
              struct ponder_train_result *result, struct ponder_err *err) PONDER_USE;

#endif
