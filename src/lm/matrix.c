#include "lm/matrix.h"

#include <string.h>

#include "lm/quant.h"

void lm_matrix_rows(const struct lm_matrix *matrix, int first, int count, float *out)
{
    size_t cols = (size_t)matrix->cols;
    if (matrix->plain)
        memcpy(out, matrix->plain + (size_t)first * cols, (size_t)count * cols * sizeof *out);
    for (int p = 0, top = 0; !matrix->plain && p < matrix->part_count; p++) {
        const struct gguf_tensor *part = matrix->parts[p];
        int rows = (int)(part->n_dims > 1 ? part->dims[1] : 1);
        int begin = first > top ? first : top, end = first + count < top + rows ? first + count : top + rows;
        size_t row_bytes = part->bytes / (size_t)rows;
        if (begin < end)
            quant_expand(part->type, (const char *)part->data + (size_t)(begin - top) * row_bytes,
                         (size_t)(end - begin) * cols, out + (size_t)(begin - first) * cols);
        top += rows;
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
