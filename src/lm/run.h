/* run.h - the inside of an lm_run, shared by forward.c, loss.c and backward.c. */
#ifndef LM_RUN_H
#define LM_RUN_H

#include "lm/forward.h"
#include "products/gemm.h"
#include "kernels/kernels.h"
#include "lm/tree_plan.h"

/* Activations of one layer for T rows; in inference all layers use the same ones. "operand": f32 or bf16. */
struct lm_acts {
    float *x;        /* (T, C) the residual stream on entry */
    float *attn_inv; /* (T) 1 / rms of it */
    void *attn_in;   /* (T, C) operand: normed */
    float *qkv;      /* (T, (H+2G)*D) q and k rotated */
    float *lse;      /* (T, H), training only */
    void *attended;  /* (T, H*D) operand */
    float *mid;      /* (T, C) the residual stream between the halves */
    float *ffn_inv;  /* (T) */
    void *ffn_in;    /* (T, C) operand */
    float *gate_up;  /* (T, 2F) */
    void *gated;     /* (T, F) operand */
};

struct lm_packed_layer {
    struct gemm_weights *qkv, *attn_out, *gate_up, *ffn_down;
};

struct lm_run {
    const struct lm_model *model;
    struct lm_run_options options; /* threads and precision resolved */
    const struct lm_kernels *kernels;
    struct gemm *gemm;
    struct lm_packed_layer *layers; /* (L) */
    struct gemm_weights *output;
    float *output_rows; /* (O, C) of the output matrix, where not all are wanted; else NULL */
    struct lm_matrix embedding;
    float *rope;   /* (positions, D/2, 2) cosine and sine */
    int positions; /* for which there are angles and scratch; grows by lm_run_reserve() */
    int rows_padded;

    struct lm_acts *acts; /* (L) */
    float *final;         /* (T, C) the residual stream at the end; where only some rows get logits, those */
    float *out_inv;       /* (T) */
    void *out_in;         /* (T, C) operand: normed rows that get logits */
    float *projected;     /* (T, C) what a half adds to the stream */
    float *logits;        /* (T, V) */

    /* backward only */
    float *dx;        /* (T, C) gradient of the residual stream */
    float *dwide;     /* (T, max(C, H*D, F)) gradient of a product's input */
    void *dy;         /* (T, max(C, (H+2G)*D, 2F, V)) operand: gradient of a product's output */
    float *dqkv;      /* (T, (H+2G)*D) */
    float *dgain;     /* (threads, C) */
    double *row_loss; /* (T) */

    struct tree_plan plan;
    float *scratch; /* (threads) x scratch_floats, of attention */
    size_t scratch_floats;
    void *block; /* all activations */
    size_t block_bytes, packed_bytes;
};

/* Rows of one unit of parallel work. */
static inline int lm_row_chunk(const struct lm_run *run, int rows)
{
    int chunk = rows / (4 * run->options.threads);
    return chunk < 4 ? 4 : chunk > 64 ? 64 : chunk;
}

/* Calls `body` (with `begin` and `count`) for all rows, chunk by chunk on all threads. */
#define LM_FOR_ROWS(run, rows, begin, count)                                                                 \
    int chunk_##begin = lm_row_chunk(run, rows);                                                             \
    _Pragma("omp parallel for schedule(static) num_threads((run)->options.threads)") for (                   \
        int begin = 0; begin < (rows); begin += chunk_##begin) for (int count = (rows)-begin < chunk_##begin \
                                                                                    ? (rows)-begin           \
                                                                                    : chunk_##begin,         \
                                                                    once_##begin = 1;                        \
                                                                    once_##begin; once_##begin = 0)

/* Element `index` of an operand buffer. */
static inline void *lm_operand(const struct lm_run *run, void *operand, size_t index)
{
    return (char *)operand + index * (run->options.precision == LM_PRECISION_BF16 ? 2 : 4);
}

static inline bool lm_run_bf16(const struct lm_run *run)
{
    return run->options.precision == LM_PRECISION_BF16;
}

/* Angles and scratch for positions [0, positions): what of a run grows with the longest path, made when a
 * path gets there, since a model may be made for a context far longer than any that is used. */
int lm_run_reserve(struct lm_run *run, int positions, struct ponder_err *err) PONDER_USE;

/* Attention of one document and key/value head over `acts`, for the calling thread's scratch; outputs to be
 * set. */
struct lm_attend lm_document(struct lm_run *run, const struct lm_batch *batch, const struct lm_acts *acts,
                             int doc, int group);

/* dropout.c: where the batch asks for dropout, (T, C) values with some of them zero and the others scaled up,
 * in `to`, which may be `from`; else `from` as it is. The same site gets the same mask. Returns where they
 * are. */
enum { LM_SITE_EMBEDDING = 0 };
static inline int lm_site(int layer, bool ffn)
{
    return 1 + 2 * layer + ffn;
}
const float *lm_dropout(struct lm_run *run, const struct lm_batch *batch, int site, const float *from,
                        float *to, int rows);

static inline int lm_qkv_width(const struct lm_shape *shape)
{
    return (shape->heads + 2 * shape->kv_heads) * shape->head_dim;
}

#endif
