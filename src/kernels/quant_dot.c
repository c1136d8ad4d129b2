/* quant_dot.c - rows of weights, as their file packs them, times a few rows of f32. Compiled once per
 * instruction set, like the kernels.
 *
 * One token at a time, a product costs what reading its weights costs: so they are read as they are packed,
 * and a block is taken apart in the nearest cache. Each group of 32 elements of x is rounded to whole numbers
 * of 16 bits under a scale of its own, an error of at most 2^-16 of the largest of them, and then products
 * are of whole numbers. With scales s of weights q and t of rounded x, r, and offsets o, a row is the sum
 * over groups of s t sum_i q_i r_i + o sum_i x_i, and the sums of x alone serve all rows of weights. */
#include <float.h>

#include "kernels/quant_block.h"

enum { GROUP = LM_DOT_GROUP };

typedef void take_block(const unsigned char *block, struct quant_block *out);

/* A type, as QUANT_TYPES has it. */
struct kind {
    take_block *take;
    int elements, bytes, group;
    bool offsets;
};

/* Sums of products that take turns, so that one addition need not wait for the other. */
struct sums {
    vec products[2];
    float offsets[QUANT_SUPER / GROUP];
};

/* Products of a group of whole numbers, added up in LANES sums; its two halves have a scale each, or one
 * together. */
INLINE vec multiply_group(const int8_t *q, const int16_t *x, const float *scale, bool halves)
{
    veci sums[2] = {{0}, {0}};
    for (int i = 0; i < GROUP; i += 2 * LANES)
        sums[i / (GROUP / 2)] += vec_multiply_i8_i16(q + i, x + i);
    if (!halves)
        return __builtin_convertvector(sums[0] + sums[1], vec) * scale[0];
    if (2 * LANES == GROUP)
        return __builtin_convertvector(sums[0], vec) * vec_halves(scale[0], scale[1]);
    return __builtin_convertvector(sums[0], vec) * scale[0] +
           __builtin_convertvector(sums[1], vec) * scale[1];
}

INLINE void add_block(const struct kind kind, const struct quant_block *block, const struct lm_dot_row *x,
                      size_t at, int turn, struct sums *sums)
{
    const int groups = kind.elements / GROUP, scales = GROUP / kind.group;
    float scale[QUANT_GROUPS_MAX];
    for (int g = 0; g < groups * scales; g++)
        scale[g] = block->scale[g] * x->scales[at / GROUP + (size_t)(g / scales)];
    for (int g = 0; g < groups; g++)
        sums->products[(turn + g) % 2] +=
            multiply_group(block->q + g * GROUP, x->numbers + at + g * GROUP, scale + g * scales, scales > 1);
    for (int g = 0; kind.offsets && g < groups; g++)
        sums->offsets[g] += block->offset[g] * x->sums[at / GROUP + (size_t)g];
}

INLINE void take_and_add(const struct kind kind, const struct lm_dots *d, int rows,
                         const unsigned char *weights, int index, int turn, struct sums *sums)
{
    struct quant_block block;
    kind.take(weights + (size_t)index * (size_t)kind.bytes, &block);
    for (int row = 0; row < rows; row++)
        add_block(kind, &block, &d->x[row], (size_t)index * (size_t)kind.elements, turn, &sums[row]);
}

INLINE float total_of(const struct sums *sums, int offsets)
{
    float total = vec_sum(sums->products[0] + sums->products[1]);
    for (int g = 0; g < offsets; g++)
        total += sums->offsets[g];
    return total;
}

/* One row of weights with `rows` rows of x. */
INLINE void dot_row(const struct kind kind, const struct lm_dots *d, int rows, const unsigned char *weights,
                    float *y)
{
    struct sums sums[LM_DOT_ROWS];
    int blocks = d->k / kind.elements;
    memset(sums, 0, (size_t)rows * sizeof *sums);
    for (int i = 0; i < blocks; i += 2) {
        take_and_add(kind, d, rows, weights, i, 0, sums);
        if (i + 1 < blocks)
            take_and_add(kind, d, rows, weights, i + 1, 1, sums);
    }
    for (int row = 0; row < rows; row++)
        y[(size_t)row * d->y_stride] = total_of(&sums[row], kind.offsets ? kind.elements / kind.group : 0);
}

/* Each number of rows apart, so that all sums stand in registers. */
INLINE void dot_rows(const struct kind kind, const struct lm_dots *d, const unsigned char *weights, float *y)
{
    switch (d->rows) {
    case 1:
        dot_row(kind, d, 1, weights, y);
        break;
    case 2:
        dot_row(kind, d, 2, weights, y);
        break;
    case 3:
        dot_row(kind, d, 3, weights, y);
        break;
    default:
        dot_row(kind, d, LM_DOT_ROWS, weights, y);
    }
}

#define DOT(type, name, elements, bytes, group, offsets)                                                     \
    static void dot_##name(const struct lm_dots *d, const unsigned char *weights, float *y)                  \
    {                                                                                                        \
        const struct kind kind = {quant_take_##name, elements, bytes, group, offsets};                       \
        dot_rows(kind, d, weights, y);                                                                       \
    }
QUANT_TYPES(DOT)

/* The types without blocks, expanded a stretch at a time. */
static void dot_plain(const struct lm_dots *d, const unsigned char *weights, float *y)
{
    enum { STRETCH = 256 };
    float expanded[STRETCH];
    size_t bytes = d->type == GGUF_TENSOR_F32 ? 4 : 2;
    for (int row = 0; row < d->rows; row++)
        y[(size_t)row * d->y_stride] = 0;
    for (int i = 0; i < d->k; i += STRETCH) {
        int n = d->k - i < STRETCH ? d->k - i : STRETCH;
        KERNEL(expand)(d->type, weights + (size_t)i * bytes, (size_t)n, expanded);
        for (int row = 0; row < d->rows; row++)
            y[(size_t)row * d->y_stride] += KERNEL(dot)(d->x[row].plain + i, expanded, n);
    }
}

void KERNEL(dots)(const struct lm_dots *d, const void *weights, int count, float *y)
{
    typedef void dot_function(const struct lm_dots *d, const unsigned char *weights, float *y);
    dot_function *dot = dot_plain;
    switch (d->type) {
#define CASE(type, name, elements, bytes, group, offsets)                                                    \
    case GGUF_TENSOR_##type:                                                                                 \
        dot = dot_##name;                                                                                    \
        break;
        QUANT_TYPES(CASE)
    }
    for (int i = 0; i < count; i++)
        dot(d, (const unsigned char *)weights + (size_t)i * d->weights_stride, y + i);
}

void KERNEL(dot_round)(const float *x, int k, int16_t *numbers, float *scales, float *sums)
{
    const float most = 32767;
    for (int g = 0; g < k / GROUP; g++, x += GROUP, numbers += GROUP) {
        vec largest = {0}, sum = {0};
        for (int i = 0; i < GROUP; i += LANES) {
            vec v = vec_load(x + i);
            largest = vec_max(largest, vec_max(v, -v));
            sum += v;
        }
        float total = vec_sum(sum), scale = vec_max_of(largest) / most;
        bool finite = total - total == 0; /* else the group is a number times what is none */
        scales[g] = finite ? scale : NAN;
        sums[g] = total;
        float inverse = finite && scale >= FLT_MIN ? 1 / scale : 0;
        for (int i = 0; i < GROUP; i++)
            numbers[i] = (int16_t)rintf(inverse > 0 ? x[i] * inverse : 0);
    }
}

/* A group; `scale` is NAN or a number. */
INLINE void round_group(const float *x, float scale, int8_t *numbers, int32_t *sums, size_t stride)
{
    enum { HALF = GROUP / 2 };
    bool whole = scale >= FLT_MIN;
    float inverse = whole ? 1 / scale : 0;
    for (int h = 0; h < 2; h++) {
        veci sum = {0};
        for (int i = h * HALF; i < (h + 1) * HALF; i += LANES) {
            veci q = whole ? vec_round(vec_load(x + i) * inverse) : (veci){0};
            vec_store_i8(numbers + i, q);
            sum += q;
        }
        sums[(size_t)h * stride] = veci_sum(sum);
    }
}

void KERNEL(round_i8)(const float *x, int k, int8_t *numbers, size_t spread, float *scales, int32_t *sums,
                      size_t stride)
{
    const float most = 127;
    for (int g = 0; g < k / GROUP; g++) {
        vec largest = {0}, odd = {0};
        for (int i = 0; i < GROUP; i += LANES) {
            vec v = vec_load(x + g * GROUP + i);
            largest = vec_max(largest, vec_max(v, -v));
            odd += v - v; /* 0, but NAN of what is no number */
        }
        float scale = vec_sum(odd) == 0 ? vec_max_of(largest) / most : NAN;
        scales[(size_t)g * stride] = scale;
        round_group(x + g * GROUP, scale, numbers + (size_t)g * spread, sums + 2 * (size_t)g * stride,
                    stride);
    }
}
