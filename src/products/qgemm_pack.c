/* qgemm_pack.c - blocks of a file into panels; the layout is told in qgemm_impl.h. */
#include "products/qgemm_impl.h"
#include "kernels/quant_block.h"

enum { COLUMNS = 4, VECTORS = QGEMM_BLOCK / COLUMNS, WIDE = QGEMM_VECTOR };

static struct qgemm_format format_of(enum gguf_tensor_type type)
{
    switch (type) {
#define CASE(type, name, bits, zero, offsets, super, halves)                                                 \
    case GGUF_TENSOR_##type:                                                                                 \
        return (struct qgemm_format){GGUF_TENSOR_##type, bits, zero, offsets, super, halves};
        QGEMM_TYPES(CASE)
#undef CASE
    default:
        return (struct qgemm_format){0};
    }
}

static size_t scales_bytes(const struct qgemm_format *format, int blocks)
{
    size_t supers = (size_t)(blocks / QGEMM_SUPER);
    if (format->super)
        return supers * (format->halves ? QGEMM_HALF_SCALES : QGEMM_SUPER_SCALES);
    return (size_t)blocks * QGEMM_SCALES * (format->offsets ? 2 : 1);
}

struct qgemm_part qgemm_part_of(const struct gguf_tensor *tensor, int first, int columns)
{
    struct qgemm_part part = {
        .format = format_of(tensor->type), .first = first, .blocks = columns / QGEMM_BLOCK};
    part.rows = (int)(tensor->n_dims > 1 ? tensor->dims[1] : 1);
    part.panels = (part.rows + QGEMM_PANEL - 1) / QGEMM_PANEL;
    part.scales_at = (size_t)part.blocks * (size_t)part.format.bits * WIDE;
    size_t bytes = part.scales_at + scales_bytes(&part.format, part.blocks);
    part.panel_bytes = (bytes + WIDE - 1) / WIDE * WIDE;
    return part;
}

size_t qgemm_part_bytes(const struct qgemm_part *part)
{
    return (size_t)part->panels * part->panel_bytes;
}

/* ---- numbers ---- */

/* 32 numbers of row `row` of a panel into the vectors of their block. */
static void put_numbers(int bits, const uint8_t *u, int row, unsigned char *block)
{
    unsigned char *at = block + row * COLUMNS;
    if (bits == 8) {
        for (int g = 0; g < VECTORS; g++)
            memcpy(at + g * WIDE, u + g * COLUMNS, COLUMNS);
        return;
    }
    uint8_t low[QGEMM_BLOCK / 2], above[2 * COLUMNS] = {0};
    for (int i = 0; i < QGEMM_BLOCK / 2; i++)
        low[i] = (uint8_t)((u[i] & 15) | (u[i + QGEMM_BLOCK / 2] & 15) << 4);
    for (int v = 0; v < VECTORS / 2; v++)
        memcpy(at + v * WIDE, low + v * COLUMNS, COLUMNS);
    if (bits == 4)
        return;
    for (int i = 0; i < QGEMM_BLOCK; i++) {
        int g = i / COLUMNS, c = i % COLUMNS, high = u[i] >> 4;
        if (bits == 5)
            above[c] |= (uint8_t)(high << g);
        else
            above[g / 4 * COLUMNS + c] |= (uint8_t)(high << g % 4 * 2);
    }
    for (int v = 0; v < bits - 4; v++)
        memcpy(at + (VECTORS / 2 + v) * WIDE, above + v * COLUMNS, COLUMNS);
}

/* The blocks of `count` columns' worth of numbers, from block `index` on. */
static void put_blocks(const struct qgemm_part *part, const int8_t *q, int count, int zero, int row,
                       int index, unsigned char *panel)
{
    uint8_t u[QUANT_SUPER];
    for (int i = 0; i < count; i++)
        u[i] = (uint8_t)(q[i] + zero);
    for (int i = 0; i < count; i += QGEMM_BLOCK, index++)
        put_numbers(part->format.bits, u + i, row, panel + (size_t)index * (size_t)part->format.bits * WIDE);
}

/* ---- a row of a panel ---- */

/* f16 number `number` of each row, of those at `at`. */
static void put_half(unsigned char *at, int number, int row, const unsigned char *half)
{
    memcpy(at + number * QGEMM_SCALES + row * 2, half, 2);
}

static void pack_simple(const struct qgemm_part *part, const unsigned char *block, int row, int index,
                        const int8_t *q, unsigned char *panel)
{
    int halves = part->format.offsets ? 2 : 1;
    unsigned char *scales = panel + part->scales_at + (size_t)index * (size_t)halves * QGEMM_SCALES;
    put_half(scales, 0, row, block);
    if (part->format.offsets)
        put_half(scales, 1, row, block + 2);
    put_blocks(part, q, QUANT_SMALL, part->format.zero, row, index, panel);
}

/* Q4_K and Q5_K. */
static void pack_pairs(const struct qgemm_part *part, const unsigned char *block, int row, int index,
                       const int8_t *q, unsigned char *panel)
{
    unsigned char *scales = panel + part->scales_at + (size_t)index * QGEMM_SUPER_SCALES;
    int8_t numbers[2 * QUANT_PAIRS];
    put_half(scales, 0, row, block);
    put_half(scales, 1, row, block + 2);
    quant_take_pairs(block, numbers);
    for (int i = 0; i < 2 * QUANT_PAIRS; i++)
        scales[2 * QGEMM_SCALES + i * QGEMM_PANEL + row] = (unsigned char)numbers[i];
    put_blocks(part, q, QUANT_SUPER, part->format.zero, row, index * QGEMM_SUPER, panel);
}

static void pack_q6_k(const struct qgemm_part *part, const unsigned char *block, int row, int index,
                      const int8_t *q, unsigned char *panel)
{
    unsigned char *scales = panel + part->scales_at + (size_t)index * QGEMM_HALF_SCALES;
    put_half(scales, 0, row, block + 208);
    for (int i = 0; i < QUANT_GROUPS_MAX; i++)
        scales[QGEMM_SCALES + i * QGEMM_PANEL + row] = block[192 + i];
    put_blocks(part, q, QUANT_SUPER, part->format.zero, row, index * QGEMM_SUPER, panel);
}

static void pack_block(const struct qgemm_part *part, const unsigned char *block, int row, int index,
                       unsigned char *panel)
{
    struct quant_block taken;
    switch (part->format.type) {
#define CASE(type, name, elements, bytes, group, offsets)                                                    \
    case GGUF_TENSOR_##type:                                                                                 \
        quant_take_##name(block, &taken);                                                                    \
        break;
        QUANT_TYPES(CASE)
#undef CASE
    default:
        return;
    }
    if (part->format.halves)
        pack_q6_k(part, block, row, index, taken.q, panel);
    else if (part->format.super)
        pack_pairs(part, block, row, index, taken.q, panel);
    else
        pack_simple(part, block, row, index, taken.q, panel);
}

void qgemm_pack_panel(const struct qgemm_part *part, const struct gguf_tensor *tensor, int panel)
{
    unsigned char *out = part->data + (size_t)panel * part->panel_bytes;
    int first = panel * QGEMM_PANEL,
        count = part->rows - first < QGEMM_PANEL ? part->rows - first : QGEMM_PANEL;
    int blocks = part->format.super ? part->blocks / QGEMM_SUPER : part->blocks;
    size_t row_bytes = tensor->bytes / (size_t)part->rows, block_bytes = row_bytes / (size_t)blocks;
    memset(out, 0, part->panel_bytes); /* rows that are not there have scales of 0 */
    for (int row = 0; row < count; row++) {
        const unsigned char *from = (const unsigned char *)tensor->data + (size_t)(first + row) * row_bytes;
        for (int i = 0; i < blocks; i++)
            pack_block(part, from + (size_t)i * block_bytes, row, i, out);
    }
}
