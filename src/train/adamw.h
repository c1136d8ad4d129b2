/* adamw.h - the optimiser.
 *
 * AdamW (Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2) with the gradient
 * clipped to a global norm first (Pascanu et al. 2013) and a learning rate that rises linearly and falls
 * along a cosine (Loshchilov and Hutter 2017, "SGDR", without restarts). The matrices inside the layers may
 * be left to Muon (muon.h), which takes their first moments as its momentum. All state is f32. Sums are taken
 * over fixed chunks in a fixed order, so a step of AdamW does not depend on the number of threads. */
#ifndef TRAIN_ADAMW_H
#define TRAIN_ADAMW_H

#include <stddef.h>
#include <stdint.h>

#include "lm/model.h"
#include "train/muon.h"

struct adamw_options {
    double beta1, beta2; /* decay of the first and second moments */
    double eps;
    double decay; /* weight decay: a decaying weight loses lr * decay of itself each step */
    double clip;  /* largest global norm of a gradient; 0: never clipped */
    bool muon;    /* matrices inside the layers are moved by Muon */
    int threads;  /* 0: all cores */
};

struct adamw {
    struct adamw_options options;
    size_t count;              /* parameters */
    float *m, *v;              /* (count) first and second moments, owned */
    int64_t step;              /* steps taken */
    struct lm_tensor *tensors; /* (tensor_count) which parameters decay, owned */
    int tensor_count;
    double *partials;  /* scratch of the norm */
    struct muon *muon; /* (threads) scratch, owned; NULL where it is not used */
};

/* For `count` parameters described by `tensors`, which are copied. */
int adamw_init(struct adamw *adamw, const struct adamw_options *options, size_t count,
               const struct lm_tensor *tensors, int tensor_count, struct ponder_err *err) PONDER_USE;
void adamw_release(struct adamw *adamw);
/* One step with learning rate `lr`. Returns the global norm of the gradients before clipping; where it is not
 * finite nothing is changed. */
double adamw_step(struct adamw *adamw, float *params, const float *gradients, double lr);

struct train_schedule {
    double lr;       /* at its peak */
    double lr_final; /* at the last step, as a share of the peak */
    int64_t warmup;  /* steps of linear rise */
    int64_t steps;   /* in all */
};
/* Learning rate of step 1..steps: lr at step `warmup`, lr * lr_final at step `steps`. */
double train_schedule_lr(const struct train_schedule *schedule, int64_t step);

#endif
