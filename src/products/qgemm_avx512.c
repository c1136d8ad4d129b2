/* qgemm_avx512.c - the products of qgemm.h by the dot products of AVX-512 VNNI.
 *
 * A block of a panel is eight registers once its numbers are taken apart: 16 rows of weights with four
 * columns each. Against one row of x a block is eight vpdpbusd, each with four numbers of x in all lanes. Up
 * to 16 rows of x share what was taken apart, and their sums stay in registers from the first block to the
 * last. */
#include "products/qgemm_avx512.h"

#include "kernels/kernels.h"

INLINE __m512i four(const int8_t *q)
{
    int32_t numbers;
    __builtin_memcpy(&numbers, q, sizeof numbers);
    return _mm512_set1_epi32(numbers);
}

/* Of vectors [from, to) with one row of x. */
INLINE __m512i dot(__m512i sum, const __m512i w[VECTORS], const int8_t *q, int from, int to)
{
    UNROLLED
    for (int g = from; g < to; g++)
        sum = _mm512_dpbusd_epi32(sum, w[g], four(q + 4 * g));
    return sum;
}

INLINE __m512 add_block(const struct qgemm_format f, const __m512i w[VECTORS], const struct scales *s,
                        const struct qgemm_rows *x, size_t tile_block, int row, __m512 sum)
{
    const int8_t *q = x->numbers + (tile_block * QGEMM_TILE + (size_t)row) * QGEMM_BLOCK;
    const int32_t *start = x->start + tile_block * 2 * QGEMM_TILE + row;
    size_t at = tile_block * QGEMM_TILE + (size_t)row;
    __m512i first = f.zero ? _mm512_set1_epi32(start[0]) : _mm512_setzero_si512();
    first = dot(first, w, q, 0, f.halves ? VECTORS / 2 : VECTORS);
    __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(first), s->first);
    if (f.halves) {
        __m512i second = dot(_mm512_set1_epi32(start[QGEMM_TILE]), w, q, VECTORS / 2, VECTORS);
        product = _mm512_fmadd_ps(_mm512_cvtepi32_ps(second), s->second, product);
    }
    sum = _mm512_fmadd_ps(product, _mm512_set1_ps(x->scales[at]), sum);
    return f.offsets ? _mm512_fmadd_ps(s->offset, _mm512_set1_ps(x->lifts[at]), sum) : sum;
}

/* The first `height` rows of a tile, of which `rows` are kept. */
INLINE void multiply_tile(const struct qgemm_format f, const int height, const struct qgemm_part *part,
                          const unsigned char *panel, const struct qgemm_rows *x, int tile, int rows,
                          __mmask16 lanes, float *y, size_t y_stride)
{
    __m512 sums[QGEMM_TILE];
    UNROLLED
    for (int row = 0; row < height; row++)
        sums[row] = _mm512_setzero_ps();
    for (int index = 0; index < part->blocks; index++) {
        __m512i w[VECTORS];
        take_numbers(f.bits, panel + (size_t)index * (size_t)(f.bits * QGEMM_VECTOR), w);
        struct scales s = take_scales(f, panel + part->scales_at, index);
        size_t tile_block = (size_t)tile * (size_t)x->blocks + (size_t)index;
        UNROLLED
        for (int row = 0; row < height; row++)
            sums[row] = add_block(f, w, &s, x, tile_block, row, sums[row]);
    }
    UNROLLED
    for (int row = 0; row < height; row++)
        if (row < rows)
            _mm512_mask_storeu_ps(y + (size_t)row * y_stride, lanes, sums[row]);
}

/* Heights are few, so that each is a piece of code with its sums in registers. */
INLINE void multiply_panel(const struct qgemm_format f, const struct qgemm_part *part, int index,
                           const struct qgemm_rows *x, float *y, size_t y_stride)
{
    const unsigned char *panel = qgemm_panel_at(part, index);
    int left = part->rows - index * QGEMM_PANEL;
    __mmask16 lanes = qgemm_lanes(left);
    y += part->first + index * QGEMM_PANEL;
    for (int tile = 0; tile * QGEMM_TILE < x->rows; tile++) {
        int rows = x->rows - tile * QGEMM_TILE;
        float *at = y + (size_t)tile * QGEMM_TILE * y_stride;
        if (rows > 12)
            multiply_tile(f, 16, part, panel, x, tile, rows, lanes, at, y_stride);
        else if (rows > 8)
            multiply_tile(f, 12, part, panel, x, tile, rows, lanes, at, y_stride);
        else if (rows > 4)
            multiply_tile(f, 8, part, panel, x, tile, rows, lanes, at, y_stride);
        else if (rows > 2)
            multiply_tile(f, 4, part, panel, x, tile, rows, lanes, at, y_stride);
        else if (rows == 2)
            multiply_tile(f, 2, part, panel, x, tile, rows, lanes, at, y_stride);
        else
            multiply_tile(f, 1, part, panel, x, tile, rows, lanes, at, y_stride);
    }
}

#define MULTIPLY(type, name, bits, zero, offsets, super, halves)                                             \
    static void multiply_##name(const struct qgemm_part *part, int index, const struct qgemm_rows *x,        \
                                float *y, size_t y_stride)                                                   \
    {                                                                                                        \
        const struct qgemm_format f = {GGUF_TENSOR_##type, bits, zero, offsets, super, halves};              \
        multiply_panel(f, part, index, x, y, y_stride);                                                      \
    }
QGEMM_TYPES(MULTIPLY)

static void avx512_multiply(const struct qgemm_part *part, int first, int count, const struct qgemm_rows *x,
                            float *y, size_t y_stride, void *scratch)
{
    (void)scratch;
    for (int index = first; index < first + count; index++)
        switch (part->format.type) {
#define CASE(type, name, bits, zero, offsets, super, halves)                                                 \
    case GGUF_TENSOR_##type:                                                                                 \
        multiply_##name(part, index, x, y, y_stride);                                                        \
        break;
            QGEMM_TYPES(CASE)
        }
}

static bool avx512_works(void)
{
    return lm_kernels_named("avx512") && __builtin_cpu_supports("avx512vnni");
}

const struct qgemm_kernel qgemm_avx512 = {
    .name = "avx512", .works = avx512_works, .multiply = avx512_multiply};
