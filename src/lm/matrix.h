/* matrix.h - a matrix of a model as products want it: rows of f32, from the parameters or from the tensors of
 * a file.
 *
 * Up to three tensors stand one below another, as those of queries, keys and values do. */
#ifndef LM_MATRIX_H
#define LM_MATRIX_H

#include "lm/gguf.h"

enum { LM_MATRIX_PARTS_MAX = 3 };

struct lm_matrix {
    int rows, cols;
    const float *plain; /* (rows, cols); NULL: the parts have the rows */
    int part_count;
    const struct gguf_tensor *parts[LM_MATRIX_PARTS_MAX]; /* each (its rows, cols); their file stays open */
};

/* Rows [first, first + count) as f32 to out (count, cols). */
void lm_matrix_rows(const struct lm_matrix *matrix, int first, int count, float *out);
/* The same by all threads of the caller's parallel setting. */
void lm_matrix_rows_parallel(const struct lm_matrix *matrix, int first, int count, float *out);

#endif
