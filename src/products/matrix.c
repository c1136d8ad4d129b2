#include "products/matrix.h"

#include "kernels/quant.h"

static int rows_of(const struct gguf_tensor *part)
{
    return (int)(part->n_dims > 1 ? part->dims[1] : 1);
}

struct lm_stretch lm_matrix_stretch(const struct lm_matrix *matrix, int first, int count)
{
    size_t cols = (size_t)matrix->cols;
    if (matrix->plain)
        return (struct lm_stretch){GGUF_TENSOR_F32, (const char *)(matrix->plain + (size_t)first * cols),
                                   cols * sizeof(float), count};
    int p = 0;
    while (first >= rows_of(matrix->parts[p]))
        first -= rows_of(matrix->parts[p++]);
    const struct gguf_tensor *part = matrix->parts[p];
    int rows = rows_of(part);
    size_t row_bytes = part->bytes / (size_t)rows;
    return (struct lm_stretch){part->type, (const char *)part->data + (size_t)first * row_bytes, row_bytes,
                               count < rows - first ? count : rows - first};
}

size_t lm_matrix_bytes(const struct lm_matrix *matrix)
{
    size_t bytes = 0;
    for (int p = 0; p < matrix->part_count; p++)
        bytes += matrix->parts[p]->bytes;
    return matrix->plain ? (size_t)matrix->rows * (size_t)matrix->cols * sizeof(float) : bytes;
}

void lm_matrix_rows(const struct lm_matrix *matrix, int first, int count, float *out)
{
    while (count > 0) {
        struct lm_stretch stretch = lm_matrix_stretch(matrix, first, count);
        size_t elements = (size_t)stretch.rows * (size_t)matrix->cols;
        quant_expand(stretch.type, stretch.data, elements, out);
        out += elements;
        first += stretch.rows;
        count -= stretch.rows;
    }
}

void lm_matrix_rows_parallel(const struct lm_matrix *matrix, int first, int count, float *out)
{
    enum { STRETCH = 16 };
#pragma omp parallel for schedule(dynamic)
    for (int at = 0; at < count; at += STRETCH)
        lm_matrix_rows(matrix, first + at, count - at < STRETCH ? count - at : STRETCH,
                       out + (size_t)at * (size_t)matrix->cols);
}
