/* forward.h - one forward pass for training and inference, and its backward.
 *
 * An lm_run is what one thread of work needs to run one model: packed weights, oneDNN primitives,
 * activations. In inference, layers share their activations and keys and values live in a KV tree; in
 * training every layer keeps its own, and rows attend to earlier rows of the same document. */
#ifndef LM_FORWARD_H
#define LM_FORWARD_H

#include "lm/kv.h"
#include "lm/model.h"

enum lm_precision {
    LM_PRECISION_AUTO, /* int8 for a model with quantised weights where the CPU has a kernel for that; else
                          bf16 where it multiplies bf16 natively (AMX or AVX512-BF16), else f32 */
    LM_PRECISION_F32,
    LM_PRECISION_BF16, /* products in bf16, accumulated in f32; all else f32 */
    LM_PRECISION_INT8, /* products with quantised weights of whole numbers, rows rounded to 8 bits (qgemm.h),
                          others in f32; a model without any is as with AUTO */
};

struct lm_run_options {
    int rows_max;       /* T: rows of the largest batch */
    int logit_rows_max; /* rows of it that may ask for logits; 0: rows_max */
    int threads;        /* 0: all cores */
    enum lm_precision precision;
    bool exact; /* f32, fixed row tiles: a row's result never depends on what else is in the batch */
    bool train; /* keep what backward needs */
    /* Bytes of packed weights at most; 0: no limit. Matrices that find no room are expanded for each product,
     * a panel at a time. Not for training. */
    size_t weights_bytes_max;
    /* Logits of these tokens alone, in this order: a verifier reads two of a vocabulary. Not for training. */
    const int32_t *outputs; /* (output_count) borrowed while the run is open; NULL: of all tokens */
    int output_count;
};

/* Rows [0, rows). Exactly one of `kv` and `doc_start` is given. */
struct lm_batch {
    int rows;
    const int32_t *tokens;    /* (rows) */
    const int32_t *positions; /* (rows) absolute positions in the path or document */

    struct kv_tree *kv; /* inference: row i is position positions[i] of segment segments[i]; the rows of one
                           segment are */
    const int32_t
        *segments; /* consecutive in the batch and in position, from kv_resident() on, with room reserved */

    const int32_t *
        doc_start; /* training: (docs + 1) first rows of the documents; a row sees rows of its own document */
    int docs;      /* up to itself */

    float dropout; /* training: share of what is added to the residual stream that is dropped, below 1 */
    uint64_t dropout_seed;

    const int32_t *logit_rows; /* (logit_count) rows whose logits are wanted; NULL: all rows */
    int logit_count;
};

struct lm_run;
/* The model must outlive the run. Weights are packed now. */
int lm_run_open(struct lm_run **out, const struct lm_model *model, const struct lm_run_options *options,
                struct ponder_err *err) PONDER_USE;
void lm_run_release(struct lm_run *run);
/* Packs the weights anew after the model's parameters changed. */
int lm_run_repack(struct lm_run *run, struct ponder_err *err) PONDER_USE;
int lm_run_outputs(const struct lm_run *run);                 /* columns of the logits */
enum lm_precision lm_run_precision(const struct lm_run *run); /* what AUTO became */
size_t lm_run_bytes(const struct lm_run *run);                /* packed weights and activations */
size_t lm_run_weights_bytes(const struct lm_run *run);        /* packed weights */

/* On success *logits is (logit_count or rows, V), or as many columns as `outputs`, owned by the run until the
 * next call. With a KV tree the rows' keys and values are stored and marked resident. */
int lm_forward(struct lm_run *run, const struct lm_batch *batch, float **logits,
               struct ponder_err *err) PONDER_USE;

/* What a row is trained towards. */
enum lm_target_kind { LM_TARGET_NONE, LM_TARGET_NEXT, LM_TARGET_SOFT };
struct lm_target {
    enum lm_target_kind kind;
    int32_t token; /* NEXT: the token that follows. SOFT: the "good" token */
    int32_t other; /* SOFT: the "bad" token */
    float p;       /* SOFT: probability of good in the two-way softmax over the two logits */
};

struct lm_loss {
    double next_sum; /* cross-entropy in nats, summed over NEXT targets */
    double soft_sum; /* binary cross-entropy in nats, summed over SOFT targets */
    int next_count, soft_count;
};

/* Loss of the last lm_forward, whose every row had logits. With `scale` > 0 the logits are replaced by scale
 * times the gradient of (sum of NEXT losses + soft_weight * sum of SOFT losses) with respect to them, ready
 * for lm_backward; with 0 they stay. */
struct lm_loss lm_loss(struct lm_run *run, const struct lm_batch *batch, const struct lm_target *targets,
                       float scale, float soft_weight);
/* Adds the gradient to `gradients` (laid out as the parameters). The run was opened for training; the batch
 * is that of the last lm_forward, after lm_loss with scale > 0. */
int lm_backward(struct lm_run *run, const struct lm_batch *batch, float *gradients,
                struct ponder_err *err) PONDER_USE;

#endif
