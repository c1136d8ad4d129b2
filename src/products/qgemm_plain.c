/* qgemm_plain.c - the products of qgemm.h as plainly as they can be written: what the other kernels compute,
 * bit for bit, and what a CPU has that they do not run on. */
#include <math.h>
#include <string.h>

#include "kernels/f16.h"
#include "products/qgemm_impl.h"

/* A block of one row of weights. */
struct block {
    int numbers[QGEMM_BLOCK]; /* unsigned */
    float scale[2], offset;   /* of each half; the same twice where they share one */
};

static float half_at(const unsigned char *at, int row)
{
    uint16_t half;
    memcpy(&half, at + 2 * row, sizeof half);
    return f16_to_f32(half);
}

static int number_at(int bits, const unsigned char *block, int row, int column)
{
    int g = column / 4, at = row * 4 + column % 4;
    if (bits == 8)
        return block[g * QGEMM_VECTOR + at];
    int low = block[g % 4 * QGEMM_VECTOR + at] >> (g < 4 ? 0 : 4) & 15;
    if (bits == 5)
        return low | (block[4 * QGEMM_VECTOR + at] >> g & 1) << 4;
    if (bits == 6)
        return low | (block[(4 + g / 4) * QGEMM_VECTOR + at] >> g % 4 * 2 & 3) << 4;
    return low;
}

static void take_scales(const struct qgemm_part *part, const unsigned char *scales, int row, int index,
                        struct block *out)
{
    const struct qgemm_format *f = &part->format;
    int in = index % QGEMM_SUPER;
    out->offset = 0;
    if (f->halves) {
        scales += (size_t)(index / QGEMM_SUPER) * QGEMM_HALF_SCALES;
        for (int h = 0; h < 2; h++)
            out->scale[h] =
                half_at(scales, row) * (float)(int8_t)scales[QGEMM_SCALES + (2 * in + h) * QGEMM_PANEL + row];
        return;
    }
    if (f->super) {
        scales += (size_t)(index / QGEMM_SUPER) * QGEMM_SUPER_SCALES;
        const unsigned char *numbers = scales + 2 * QGEMM_SCALES + in * QGEMM_PANEL + row;
        out->scale[0] = half_at(scales, row) * (float)numbers[0];
        out->offset = -half_at(scales + QGEMM_SCALES, row) * (float)numbers[QGEMM_SUPER * QGEMM_PANEL];
    } else {
        scales += (size_t)index * QGEMM_SCALES * (f->offsets ? 2 : 1);
        out->scale[0] = half_at(scales, row);
        if (f->offsets)
            out->offset = half_at(scales + QGEMM_SCALES, row);
    }
}

/* Adds a block's part of the product with row `at` of x. */
static float add_block(const struct qgemm_format *f, const struct block *w, const struct qgemm_rows *x,
                       size_t tile_block, int at, float sum)
{
    const int8_t *q = x->numbers + (tile_block * QGEMM_TILE + (size_t)at) * QGEMM_BLOCK;
    const int32_t *start = x->start + tile_block * 2 * QGEMM_TILE + at;
    float scale = x->scales[tile_block * QGEMM_TILE + (size_t)at];
    int dots[2] = {start[0], f->halves ? start[QGEMM_TILE] : 0};
    for (int i = 0; i < QGEMM_BLOCK; i++)
        dots[f->halves ? i / (QGEMM_BLOCK / 2) : 0] += w->numbers[i] * q[i];
    float product = (float)dots[0] * w->scale[0];
    if (f->halves)
        product = fmaf((float)dots[1], w->scale[1], product);
    sum = fmaf(product, scale, sum);
    return f->offsets ? fmaf(w->offset, x->lifts[tile_block * QGEMM_TILE + (size_t)at], sum) : sum;
}

static void multiply_row(const struct qgemm_part *part, int row, const struct qgemm_rows *x, float *y,
                         size_t y_stride)
{
    const unsigned char *panel = qgemm_panel_at(part, row / QGEMM_PANEL);
    for (int at = 0; at < x->rows; at++)
        y[(size_t)at * y_stride + (size_t)(part->first + row)] = 0;
    for (int index = 0; index < part->blocks; index++) {
        struct block w;
        take_scales(part, panel + part->scales_at, row % QGEMM_PANEL, index, &w);
        for (int i = 0; i < QGEMM_BLOCK; i++)
            w.numbers[i] =
                number_at(part->format.bits, panel + (size_t)index * (size_t)part->format.bits * QGEMM_VECTOR,
                          row % QGEMM_PANEL, i);
        for (int at = 0; at < x->rows; at++) {
            float *sum = y + (size_t)at * y_stride + (size_t)(part->first + row);
            size_t tile = (size_t)(at / QGEMM_TILE) * (size_t)x->blocks;
            *sum = add_block(&part->format, &w, x, tile + (size_t)index, at % QGEMM_TILE, *sum);
        }
    }
}

static void plain_multiply(const struct qgemm_part *part, int first, int count, const struct qgemm_rows *x,
                           float *y, size_t y_stride, void *scratch)
{
    (void)scratch;
    int end = (first + count) * QGEMM_PANEL;
    for (int row = first * QGEMM_PANEL; row < end && row < part->rows; row++)
        multiply_row(part, row, x, y, y_stride);
}

static bool plain_works(void)
{
    return true;
}

const struct qgemm_kernel qgemm_plain = {.name = "plain", .works = plain_works, .multiply = plain_multiply};
