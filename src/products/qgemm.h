/* qgemm.h - matrix products with quantised weights as products of small whole numbers.
 *
 * y (rows, n) = x' w^T. The weights are what their blocks stand for (quant.h), to the last bit; x' is x
 * rounded to 8 bits: each group of 32 neighbours of a row to whole numbers from -127 to 127 under a scale of
 * its own, the largest magnitude over 127. Products and sums inside a group are whole numbers, exact; scales
 * meet them in f32, group after group, in the same order and with the same roundings in every kernel. So a
 * row's result depends on that row alone, and not on the instructions either.
 *
 * On CPUs with AMX this holds for up to 16 rows. More are multiplied by its bf16 tiles, which are faster
 * still (qgemm_amx.c says why): rows and weights are rounded to bf16, the weights out of the same packed
 * bytes.
 *
 * Weights are packed once, at the bits of their file (qgemm_impl.h), and read from there for any number of
 * rows. */
#ifndef PRODUCTS_QGEMM_H
#define PRODUCTS_QGEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "products/matrix.h"
#include "ponder/status.h"

struct qgemm;         /* kernel and scratch: for one caller at a time */
struct qgemm_weights; /* one packed matrix; shared by all callers */

/* `kernel` is "amx", "avx512", "avxvnni", "avx2" or "plain"; NULL: the one that the environment variable
 * PONDER_INTEGER_KERNEL names, else the fastest of this CPU. One that this CPU lacks is PONDER_E_UNSUPPORTED.
 */
int qgemm_open(struct qgemm **out, const char *kernel, int threads, struct ponder_err *err) PONDER_USE;
void qgemm_release(struct qgemm *gemm); /* NULL is none */
const char *qgemm_kernel_name(const struct qgemm *gemm);

/* Whether this CPU has a kernel that is faster than products in f32. */
bool qgemm_is_fast(void);
/* Whether all of w is in blocks of whole numbers. */
bool qgemm_takes(const struct lm_matrix *w);
/* What packing it takes: as much as its file within one part in 25, and rows in multiples of 16. */
size_t qgemm_packed_bytes(const struct lm_matrix *w);

/* Packs by `threads` threads. The source is not needed afterwards. */
int qgemm_weights_new(struct qgemm_weights **out, const struct lm_matrix *w, int threads,
                      struct ponder_err *err) PONDER_USE;
void qgemm_weights_release(struct qgemm_weights *weights); /* NULL is none */
size_t qgemm_weights_bytes(const struct qgemm_weights *weights);

/* y (rows, n) from x (rows, k). A row of x with an infinity or NaN gives NaNs. */
int qgemm_forward(struct qgemm *gemm, const struct qgemm_weights *w, const float *x, int rows, float *y,
                  struct ponder_err *err) PONDER_USE;

#endif
