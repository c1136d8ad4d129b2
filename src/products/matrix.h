/* matrix.h - a matrix of a model as products want it: rows of f32, from the parameters or from the tensors of
 * a file.
 *
 * Up to three tensors stand one below another, as those of queries, keys and values do. */
#ifndef PRODUCTS_MATRIX_H
#define PRODUCTS_MATRIX_H

#include "gguf/gguf.h"

enum { LM_MATRIX_PARTS_MAX = 3 };

struct lm_matrix {
    int rows, cols;
    const float *plain; /* (rows, cols); NULL: the parts have the rows */
    int part_count;
    const struct gguf_tensor *parts[LM_MATRIX_PARTS_MAX]; /* each (its rows, cols); their file stays open */
};

/* Neighbouring rows in one tensor, as its type packs them. */
struct lm_stretch {
    enum gguf_tensor_type type;
    const char *data;
    size_t row_bytes;
    int rows;
};
/* The rows from `first` on that stand in one tensor, `count` at most. */
struct lm_stretch lm_matrix_stretch(const struct lm_matrix *matrix, int first, int count);
/* Bytes of all rows where they are. */
size_t lm_matrix_bytes(const struct lm_matrix *matrix);

/* Rows [first, first + count) as f32 to out (count, cols). */
void lm_matrix_rows(const struct lm_matrix *matrix, int first, int count, float *out);
/* The same by all threads of the caller's parallel setting. */
void lm_matrix_rows_parallel(const struct lm_matrix *matrix, int first, int count, float *out);

#endif
