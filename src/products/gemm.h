/* gemm.h - matrix products with weights, through oneDNN. Only gemm.c includes its header.
 *
 * On the CPUs this was measured on, oneDNN reaches its peak only with weights packed in the layout it asks
 * for and with a row count known when the primitive is made. So weights are packed once, and row counts come
 * in a few fixed sizes (gemm_rows): callers allocate that many rows and keep the surplus rows finite
 * (inference) or zero (training).
 *
 * An operand is a row-major matrix in the type that products are made in: f32, or bf16 with f32 accumulation.
 * Results are always f32. Quantised weights may be multiplied as whole numbers instead, by kernels of our own
 * (qgemm.h), since oneDNN has no scales for blocks; operands are f32 then. */
#ifndef PRODUCTS_GEMM_H
#define PRODUCTS_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "products/matrix.h"

struct gemm;         /* engine, primitives, scratch: for one caller at a time */
struct gemm_weights; /* one packed matrix */

struct gemm_options {
    int threads; /* >= 1 */
    bool bf16;
    bool integers; /* products with quantised weights as whole numbers (qgemm.h); not with bf16 or exact */
    bool exact; /* every product in tiles of GEMM_EXACT_ROWS rows: a row's bits never depend on the others */
};

enum { GEMM_EXACT_ROWS = 16 };

int gemm_open(struct gemm **out, const struct gemm_options *options, struct ponder_err *err) PONDER_USE;
void gemm_release(struct gemm *gemm);
/* Whether this CPU multiplies bf16 natively (AMX-BF16 or AVX512-BF16): measured at about twice f32 or better.
 */
bool gemm_bf16_is_fast(void);
/* Whether it multiplies bf16 at all: oneDNN does from AVX-512 on. gemm_open() refuses it elsewhere. */
bool gemm_bf16_works(void);
/* The row count that `rows` rows are padded to; nondecreasing in `rows`, so rows_max rows need
 * gemm_rows(rows_max). */
int gemm_rows(int rows);

/* What is kept of a matrix w (n, k). */
enum gemm_keep {
    GEMM_KEEP_PACKED,  /* packed for y = x w^T; where its rows are smaller than that, they must stay there for
                          products of few rows (direct.h) */
    GEMM_KEEP_BOTH,    /* and for dx = dy w; of plain rows only */
    GEMM_KEEP_NOTHING, /* only where its rows are, which must stay there: each product expands them anew, a
                          panel of rows at a time */
};
/* Freed by gemm_weights_release. */
int gemm_weights_new(struct gemm *gemm, struct gemm_weights **out, const struct lm_matrix *w,
                     enum gemm_keep keep, struct ponder_err *err) PONDER_USE;
/* The same matrix with other values. */
int gemm_weights_update(struct gemm *gemm, struct gemm_weights *weights, const struct lm_matrix *w,
                        struct ponder_err *err) PONDER_USE;
/* Bytes of one packing of a matrix. */
size_t gemm_packed_bytes(const struct gemm *gemm, const struct lm_matrix *w);
void gemm_weights_release(struct gemm_weights *weights);
size_t gemm_weights_bytes(const struct gemm_weights *weights);

/* y (rows, n) = x (rows, k) w^T; all with gemm_rows(rows) rows allocated. Up to DIRECT_ROWS_MAX rows are
 * multiplied by the rows of a file where those are smaller than what is packed (direct.h), but not in exact
 * mode; surplus rows of y are then not written. */
int gemm_forward(struct gemm *gemm, const struct gemm_weights *w, const void *x, int rows, float *y,
                 struct ponder_err *err) PONDER_USE;
/* dx (rows, k) = dy (rows, n) w */
int gemm_input(struct gemm *gemm, const struct gemm_weights *w, const void *dy, int rows, float *dx,
               struct ponder_err *err) PONDER_USE;
/* dw (n, k) += dy (rows, n)^T x (rows, k); surplus rows must be zero */
int gemm_weight(struct gemm *gemm, const void *dy, const void *x, int rows, int n, int k, float *dw,
                struct ponder_err *err) PONDER_USE;

/* c (m, n) = op(a) op(b) with inner dimension k, all row-major f32; op transposes where told. */
void gemm_plain(bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, const float *b,
                float *c);

/* The machine's measured f32 peak: FLOP/s of a 2,048-cubed product with packed weights, best of `repeats`. */
int gemm_peak(int threads, int repeats, double *flops_per_s, struct ponder_err *err) PONDER_USE;

#endif
