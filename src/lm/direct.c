#include "lm/direct.h"

#include <stdlib.h>

#include "core/err.h"
#include "lm/kernels.h"
#include "lm/quant.h"

static int reserve(struct direct *direct, int rows, int k, struct ponder_err *err)
{
    size_t row = ((size_t)k + LM_DOT_GROUP - 1) / LM_DOT_GROUP * LM_DOT_GROUP;
    size_t elements = (size_t)rows * row;
    if (elements > direct->elements) {
        direct_release(direct);
        direct->plain = aligned_alloc(64, elements * sizeof *direct->plain);
        direct->numbers = aligned_alloc(64, elements * sizeof *direct->numbers);
        direct->scales = malloc(2 * elements / LM_DOT_GROUP * sizeof *direct->scales);
        if (!direct->plain || !direct->numbers || !direct->scales)
            return err_memory(err, "a product of few rows");
        direct->elements = elements;
    }
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * row;
        float *scales = direct->scales + 2 * at / LM_DOT_GROUP;
        direct->rows[i] = (struct lm_dot_row){direct->plain + at, direct->numbers + at, scales,
                                              scales + row / LM_DOT_GROUP};
    }
    return PONDER_OK;
}

void direct_release(struct direct *direct)
{
    free(direct->plain);
    free(direct->numbers);
    free(direct->scales);
    *direct = (struct direct){0};
}

static void round_rows(struct direct *direct, const void *x, bool bf16, int rows, int k)
{
    size_t bytes = (size_t)k * (bf16 ? 2 : 4);
    for (int i = 0; i < rows; i++) {
        const struct lm_dot_row *row = &direct->rows[i];
        size_t at = (size_t)(row->plain - direct->plain);
        quant_expand(bf16 ? GGUF_TENSOR_BF16 : GGUF_TENSOR_F32, (const char *)x + (size_t)i * bytes,
                     (size_t)k, direct->plain + at);
        float *scales = direct->scales + 2 * at / LM_DOT_GROUP;
        lm_kernels_best()->dot_round(row->plain, k, direct->numbers + at, scales,
                                     scales + (row->sums - row->scales));
    }
}

/* Rows [first, first + count) of w. */
static void multiply_rows(const struct direct *direct, const struct lm_matrix *w, int rows, int first,
                          int count, float *y)
{
    while (count > 0) {
        struct lm_stretch stretch = lm_matrix_stretch(w, first, count);
        struct lm_dots dots = {.type = (int)stretch.type,
                               .weights_stride = stretch.row_bytes,
                               .k = w->cols,
                               .rows = rows,
                               .x = direct->rows,
                               .y_stride = (size_t)w->rows};
        lm_kernels_best()->dots(&dots, stretch.data, stretch.rows, y + first);
        first += stretch.rows;
        count -= stretch.rows;
    }
}

int direct_product(struct direct *direct, const struct lm_matrix *w, const void *x, bool bf16, int rows,
                   int threads, float *y, struct ponder_err *err)
{
    enum { CHUNK = 32 };
    int status = reserve(direct, rows, w->cols, err);
    if (status)
        return status;
    round_rows(direct, x, bf16, rows, w->cols);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int first = 0; first < w->rows; first += CHUNK)
        multiply_rows(direct, w, rows, first, w->rows - first < CHUNK ? w->rows - first : CHUNK, y);
    return PONDER_OK;
}
