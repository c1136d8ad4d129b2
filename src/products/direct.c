#include "products/direct.h"

#include <stdlib.h>

#include "core/err.h"
#include "kernels/kernels.h"
#include "kernels/quant.h"

/* Elements of a row of scratch. */
static size_t row_elements(int k)
{
    return ((size_t)k + LM_DOT_GROUP - 1) / LM_DOT_GROUP * LM_DOT_GROUP;
}

static int direct_reserve(struct direct *direct, size_t elements, struct ponder_err *err)
{
    if (elements <= direct->elements)
        return PONDER_OK;
    direct_release(direct);
    direct->plain = aligned_alloc(64, elements * sizeof *direct->plain);
    direct->numbers = aligned_alloc(64, elements * sizeof *direct->numbers);
    direct->scales = malloc(elements / LM_DOT_GROUP * sizeof *direct->scales);
    direct->sums = malloc(elements / LM_DOT_GROUP * sizeof *direct->sums);
    if (!direct->plain || !direct->numbers || !direct->scales || !direct->sums)
        return err_memory(err, "a product of few rows");
    direct->elements = elements;
    return PONDER_OK;
}

void direct_release(struct direct *direct)
{
    free(direct->plain);
    free(direct->numbers);
    free(direct->scales);
    free(direct->sums);
    *direct = (struct direct){0};
}

/* Row `row` of x in f32 and rounded. */
static void prepare_row(struct direct *direct, const void *x, bool bf16, int row, int k)
{
    size_t from = (size_t)row * (size_t)k * (bf16 ? 2 : 4), at = (size_t)row * row_elements(k);
    float *plain = direct->plain + at, *scales = direct->scales + at / LM_DOT_GROUP;
    float *sums = direct->sums + at / LM_DOT_GROUP;
    int16_t *numbers = direct->numbers + at;
    quant_expand(bf16 ? GGUF_TENSOR_BF16 : GGUF_TENSOR_F32, (const char *)x + from, (size_t)k, plain);
    lm_kernels_best()->dot_round(plain, k, numbers, scales, sums);
    direct->rows[row] = (struct lm_dot_row){plain, numbers, scales, sums};
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
    int status = direct_reserve(direct, (size_t)rows * row_elements(w->cols), err);
    if (status)
        return status;
    for (int row = 0; row < rows; row++)
        prepare_row(direct, x, bf16, row, w->cols);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int first = 0; first < w->rows; first += CHUNK)
        multiply_rows(direct, w, rows, first, w->rows - first < CHUNK ? w->rows - first : CHUNK, y);
    return PONDER_OK;
}
