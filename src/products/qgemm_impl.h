/* qgemm_impl.h - what the kernels of qgemm.h share: how weights and rows are laid out. For qgemm*.c alone.
 *
 * Weights come in panels of 16 rows, which are the lanes of a register of 512 bits. Of a panel the numbers
 * stand first, a block of 32 columns after another, 64 bytes for each bit of a number: numbers of 8 bits
 * eight vectors of 64 bytes; vector g has columns 4g to 4g + 3, four for each row of fewer bits         their
 * low four in four vectors: vector v has columns 4v.. in its low halves and 16 + 4v.. in its high ones. Then
 * the fifth bits in one vector, bit g of a byte for the column that stands in this byte of vector g; or the
 * two bits above the low four in two vectors, each for four of the eight, lowest first All are unsigned: Q8_0
 * has 128 added, and the types without offsets have what their file has, so that `zero` stands for 0. Behind
 * the numbers stand the scales of all blocks: simple types          16 f16 for a block, and 16 more that are
 * offsets Q4_K, Q5_K            for eight blocks 16 f16 that scale the scales and 16 that scale the minima,
 * then 16 bytes of scales for each block and 16 of minima for each Q6_K                  for eight blocks 16
 * f16, then 16 signed bytes for each half of a block
 *
 * Rows of x come in tiles of 16: of a tile, block after block, 32 numbers for each row, and beside them
 * numbers for each row of each block (struct qgemm_rows). */
#ifndef PRODUCTS_QGEMM_IMPL_H
#define PRODUCTS_QGEMM_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gguf/gguf.h"

enum { QGEMM_BLOCK = 32, QGEMM_PANEL = 16, QGEMM_TILE = 16, QGEMM_VECTOR = 64, QGEMM_SUPER = 8 };

/* Type, name, bits of a number, what stands for 0, whether there are offsets, whether scales are whole
 * numbers under a scale of eight blocks, whether each half of a block has its own. */
#define QGEMM_TYPES(X)                                                                                       \
    X(Q4_0, q4_0, 4, 8, false, false, false)                                                                 \
    X(Q4_1, q4_1, 4, 0, true, false, false)                                                                  \
    X(Q5_0, q5_0, 5, 16, false, false, false)                                                                \
    X(Q5_1, q5_1, 5, 0, true, false, false)                                                                  \
    X(Q8_0, q8_0, 8, 128, false, false, false)                                                               \
    X(Q4_K, q4_k, 4, 0, true, true, false)                                                                   \
    X(Q5_K, q5_k, 5, 0, true, true, false)                                                                   \
    X(Q6_K, q6_k, 6, 32, false, true, true)

struct qgemm_format {
    int type, bits, zero;
    bool offsets, super, halves;
};

/* Bytes of the scales of eight blocks, or of one. */
enum {
    QGEMM_SCALES = 2 * QGEMM_PANEL,
    QGEMM_SUPER_SCALES = 4 * QGEMM_PANEL + 2 * QGEMM_SUPER * QGEMM_PANEL,
    QGEMM_HALF_SCALES = 2 * QGEMM_PANEL + 2 * QGEMM_SUPER * QGEMM_PANEL,
};

/* Of one tensor. */
struct qgemm_part {
    struct qgemm_format format;
    int first, rows; /* rows of the matrix */
    int blocks;      /* of a row */
    int panels;
    size_t panel_bytes, scales_at; /* of a panel; where its scales begin */
    unsigned char *data;           /* (panels) */
};

struct qgemm_rows {
    int rows, blocks;
    uint16_t *bf16;  /* (tiles, blocks, 16, 32), and nothing else is set; or NULL */
    int8_t *numbers; /* (tiles, blocks, 16, 32) */
    float *scales;   /* (tiles, blocks, 16) */
    int32_t *sums;   /* (tiles, blocks, 2, 16) of the numbers of each half of a block */
    /* Set for each format, by qgemm_prepare(). */
    float *lifts;   /* (tiles, blocks, 16) what an offset counts: the scale times the sum of both halves */
    int32_t *start; /* (tiles, blocks, 2, 16) minus `zero` times the sums: of both halves, or of each */
};

struct qgemm_kernel {
    const char *name;
    bool (*works)(void); /* on this CPU */
    int rows_bf16;       /* from so many rows on they are wanted in bf16 (measured); 0: never */
    /* Scratch of one thread for rows of `blocks` blocks, bytes; NULL: none. */
    size_t (*scratch_bytes)(int blocks);
    /* Panels [first, first + count) of a part with all rows of x, into the part's columns of y. */
    void (*multiply)(const struct qgemm_part *part, int first, int count, const struct qgemm_rows *x,
                     float *y, size_t y_stride, void *scratch);
};

extern const struct qgemm_kernel qgemm_plain;
#ifdef __x86_64__
extern const struct qgemm_kernel qgemm_avx2, qgemm_avxvnni, qgemm_avx512, qgemm_amx;
#endif
/* NULL where this CPU or build lacks it. */
const struct qgemm_kernel *qgemm_kernel_named(const char *name);

static inline const unsigned char *qgemm_panel_at(const struct qgemm_part *part, int panel)
{
    return part->data + (size_t)panel * part->panel_bytes;
}

/* Lays a part out and says its bytes; its data is NULL. */
struct qgemm_part qgemm_part_of(const struct gguf_tensor *tensor, int first, int columns);
size_t qgemm_part_bytes(const struct qgemm_part *part);
/* Fills panel `panel` from the tensor. */
void qgemm_pack_panel(const struct qgemm_part *part, const struct gguf_tensor *tensor, int panel);

#endif
