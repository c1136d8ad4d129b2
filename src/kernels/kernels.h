/* kernels.h - the loops between the matrix products, compiled once per instruction set and chosen at run
 * time.
 *
 * Every kernel works on a range of rows given by its caller, who runs ranges in parallel. A row's result
 * depends on that row alone and on the order stated here, never on how rows are grouped: exact mode stands on
 * it. "Operand" outputs are f32 or bf16, as the products want them (gemm.h). Shapes use the letters of
 * model.h. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/sample.h"

/* Attention of one document in training: rows [0, rows) of qkv (rows, stride) with q of head h at h*D, k of
 * group g at (H+g)*D, v at (H+G+g)*D, already rotated. One call handles the H/G heads of one group. */
struct lm_attend {
    const float *qkv;
    size_t stride;
    int rows, heads, kv_heads, dim, group;
    float *lse; /* (rows, H) log-sum-exp of the scaled scores: written forward, read backward */
    void *out;  /* forward: (rows, H*D) operand */
    bool out_bf16;
    const float *dout; /* backward: (rows, H*D) */
    float *dqkv;       /* backward: (rows, stride), zeroed by the caller; this group's parts are written */
    float *scratch;    /* lm_attend_scratch() floats, for this thread alone */
};

enum { KV_BLOCK = 16 }; /* positions of a block of keys and values */

/* Attention over the KV tree. A span is a stretch of one segment together with the batch rows whose paths
 * hold it; rows are in path order, so a span's rows are neighbours, and spans come parents first. */
struct lm_span {
    int row_begin, row_end; /* in path order */
    int from, to;           /* positions; `to` is the largest limit of its rows */
    const int *limits;      /* (row_end - row_begin) each row's own `to`; NULL: `to` for all */
    char *const *blocks;    /* base of the blocks that cover from / KV_BLOCK onwards */
};

struct lm_tree_attend {
    const float *q; /* (T, q_stride), head h at h*D, already rotated */
    size_t q_stride;
    void *out; /* (T, H*D) operand */
    bool out_bf16;
    int heads, kv_heads, dim;
    const int *rows;    /* (T) path order -> batch row */
    const int *lengths; /* (T) keys each row (in path order) sees */
    const struct lm_span *spans;
    int span_count;
    bool f16;                        /* type of keys and values, else f32 */
    size_t key_offset, value_offset; /* of this layer and group in a block, bytes; set per call */
    int group;
    int score_stride; /* floats per score row: longest path rounded up to KV_BLOCK */
};

enum { LM_TREE_ROWS = 32 }; /* rows one call of attend_tree takes at most */

/* A row of x for products with rows of weights as their tensor packs them: as it is for types without
 * blocks, and for those with blocks in groups of LM_DOT_GROUP numbers under one scale, with the sum of each.
 */
struct lm_dot_row {
    const float *plain;     /* (k) */
    const int16_t *numbers; /* (k) */
    const float *scales;    /* (k / LM_DOT_GROUP) */
    const float *sums;      /* (k / LM_DOT_GROUP) of x itself */
};

struct lm_dots {
    int type;              /* of gguf.h */
    size_t weights_stride; /* bytes of a row of weights */
    int k;                 /* elements of a row, whole blocks of the type */
    int rows;              /* 1 to LM_DOT_ROWS */
    const struct lm_dot_row *x;
    size_t y_stride; /* of y, between rows of x */
};

enum { LM_DOT_ROWS = 4, LM_DOT_GROUP = 32 };

struct lm_kernels {
    const char *name;
    /* y = x / rms(x) * gain, where y may be x; inv (rows) = 1 / rms(x), may be NULL. */
    void (*rmsnorm)(const float *x, const float *gain, float eps, int rows, int width, void *y, bool bf16,
                    float *inv);
    /* dx += gradient; dgain += gradient. */
    void (*rmsnorm_backward)(const float *x, const float *gain, const float *inv, const float *dy, int rows,
                             int width, float *dx, float *dgain);
    void (*add)(float *x, const float *y, size_t n); /* x += y */
    void (*to_bf16)(const float *x, uint16_t *y, size_t n);
    /* Rotates pairs of `heads` neighbouring heads by the angles of one position: cos_sin (D/2, 2). Pair i is
     * elements (i, i + D/2) with `halves`, else (2i, 2i + 1); sign -1 rotates back. */
    void (*rope)(float *x, int heads, int dim, bool halves, const float *cos_sin, float sign);
    /* y (rows, F) = silu(gate) * up from gate_up (rows, 2F). */
    void (*swiglu)(const float *gate_up, int rows, int ffn, void *y, bool bf16);
    void (*swiglu_backward)(const float *gate_up, const float *dy, int rows, int ffn, void *dgate_up,
                            bool bf16);
    /* log(sum(exp(x))). With `p`, also the softmax times `scale`; p may be x. */
    float (*softmax)(const float *x, int n, float scale, float *p);
    void (*attend)(const struct lm_attend *a);
    void (*attend_backward)(const struct lm_attend *a);
    /* Rows [begin, end) of the path order, at most LM_TREE_ROWS. */
    void (*attend_tree)(const struct lm_tree_attend *a, int begin, int end, float *scratch);
    /* One row's key and value (D each) into slot `slot` of a block's keys (D, KV_BLOCK) and values (KV_BLOCK,
     * D). */
    void (*store_kv)(const float *key, const float *value, int dim, int slot, bool f16, void *keys,
                     void *values);
    /* quant_expand() of quant.h; `type` is one of gguf.h. */
    void (*expand)(int type, const void *from, size_t count, float *out);
    /* Element i of row r of y, for i < count: row i of the weights times row r of x. */
    void (*dots)(const struct lm_dots *d, const void *weights, int count, float *y);
    /* Rounds the first k / LM_DOT_GROUP groups: numbers are x / scale, sums those of x. A group whose sum is
     * not finite has the scale NAN, and so its products are. */
    void (*dot_round)(const float *x, int k, int16_t *numbers, float *scales, float *sums);
    /* Rounds the first k / LM_DOT_GROUP groups to whole numbers of at most 127 (ties to even) under a scale
     * each, the largest magnitude over 127: group g to numbers + g * spread, its scale to scales[g * stride],
     * and the sums of the numbers of its halves to sums[(2 * g + half) * stride]. With an infinity or NaN
     * among them the numbers are 0 and the scale is NAN. The same bits by every instruction set. */
    void (*round_i8)(const float *x, int k, int8_t *numbers, size_t spread, float *scales, int32_t *sums,
                     size_t stride);
    /* sample_row() of sample.h with the number `u` drawn from [0, 1). The same bits by every instruction set.
     */
    struct sample (*sample)(const float *logits, int vocab, const struct sample_options *options, double u);
};

/* The best this CPU runs; "avx512", "avx2" or "plain". */
const struct lm_kernels *lm_kernels_best(void);
/* By name, NULL where this CPU or build lacks it (tests compare them). */
const struct lm_kernels *lm_kernels_named(const char *name);

/* Floats of scratch for documents of up to `rows` rows. */
size_t lm_attend_scratch(int rows, int dim);
size_t lm_tree_scratch(const struct lm_tree_attend *a);

#endif
