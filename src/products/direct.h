/* direct.h - products of a few rows with weights as their file packs them.
 *
 * A product of one row costs what reading the weights costs, and those of a quantised file are two to four
 * times smaller than what is packed for products of many rows. */
#ifndef PRODUCTS_DIRECT_H
#define PRODUCTS_DIRECT_H

#include <stdbool.h>

#include "kernels/kernels.h"
#include "products/matrix.h"
#include "ponder/status.h"

enum { DIRECT_ROWS_MAX = LM_DOT_ROWS };

struct direct { /* scratch; all zero at first */
    float *plain, *scales, *sums;
    int16_t *numbers;
    size_t elements;
    struct lm_dot_row rows[DIRECT_ROWS_MAX];
};
void direct_release(struct direct *direct);

/* y (rows, w->rows) = x (rows, w->cols) w^T for up to DIRECT_ROWS_MAX rows of f32, or of bf16. */
int direct_product(struct direct *direct, const struct lm_matrix *w, const void *x, bool bf16, int rows,
                   int threads, float *y, struct ponder_err *err) PONDER_USE;

#endif
