/* qgemm_amx.c - the products of qgemm.h by the int8 tiles of AMX.
 *
 * A panel is taken apart once, as signed bytes in the order that tiles want, with its scales in f32, and
 * stays in the second cache for all tiles of rows. One block of a panel with 16 rows of x is one product of
 * tiles; scales differ from block to block, so its whole numbers go through memory to vectors, which scale
 * and add them up while the tiles of the next blocks are at work. Few rows are better off without tiles. */
#include "lm/qgemm_avx512.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lm/kernels.h"

/* Blocks whose tiles are at work together, and rows of x from which on tiles are faster (measured). */
enum { TOGETHER = 4, ROWS_MIN = 5 };
enum { BLOCK_BYTES = VECTORS * QGEMM_VECTOR, RESULT = QGEMM_TILE * QGEMM_PANEL };

/* What a thread keeps of a panel. */
struct taken {
    int8_t *numbers; /* (blocks, 8, 64) */
    float *scales;   /* (blocks, 2, 16) of each half */
    float *offsets;  /* (blocks, 16) */
    int32_t *dots;   /* (2, TOGETHER, 2, 16, 16) of the blocks at work, and of those before */
};

static size_t scratch_bytes(int blocks)
{
    return (size_t)blocks * (BLOCK_BYTES + 3 * QGEMM_PANEL * sizeof(float)) +
           (size_t)2 * TOGETHER * 2 * RESULT * sizeof(int32_t);
}

static struct taken carve(void *scratch, int blocks)
{
    struct taken t = {.numbers = scratch};
    t.scales = (float *)(void *)(t.numbers + (size_t)blocks * BLOCK_BYTES);
    t.offsets = t.scales + (size_t)blocks * 2 * QGEMM_PANEL;
    t.dots = (int32_t *)(void *)(t.offsets + (size_t)blocks * QGEMM_PANEL);
    return t;
}

INLINE void take_panel(const struct qgemm_format f, const struct qgemm_part *part, const unsigned char *panel,
                       const struct taken *t)
{
    for (int index = 0; index < part->blocks; index++) {
        __m512i w[VECTORS];
        take_numbers(f.bits, panel + (size_t)index * (size_t)(f.bits * QGEMM_VECTOR), w);
        UNROLLED
        for (int g = 0; g < VECTORS; g++)
            _mm512_store_si512(t->numbers + (size_t)index * BLOCK_BYTES + g * QGEMM_VECTOR,
                               _mm512_sub_epi8(w[g], _mm512_set1_epi8((char)f.zero)));
        struct scales s = take_scales(f, panel + part->scales_at, index);
        _mm512_store_ps(t->scales + (size_t)index * 2 * QGEMM_PANEL, s.first);
        if (f.halves)
            _mm512_store_ps(t->scales + ((size_t)index * 2 + 1) * QGEMM_PANEL, s.second);
        if (f.offsets)
            _mm512_store_ps(t->offsets + (size_t)index * QGEMM_PANEL, s.offset);
    }
}

/* ---- tiles ---- */

struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* Tiles 0 to 3 are results, 4 and 5 rows of x, 6 and 7 weights: 32 columns of a block, or 16 where its halves
 * are apart. */
static void configure(bool halves)
{
    struct tile_config config = {.palette = 1};
    int columns = halves ? QGEMM_BLOCK / 2 : QGEMM_BLOCK;
    for (int i = 0; i < 8; i++) {
        config.rows[i] = (uint8_t)(i < 6 ? QGEMM_TILE : columns / 4);
        config.row_bytes[i] = (uint16_t)(i == 4 || i == 5 ? columns : QGEMM_VECTOR);
    }
    _tile_loadconfig(&config);
}

/* The compiler knows nothing of what tiles read. */
INLINE void settle(void)
{
    __asm__ volatile("" ::: "memory");
}

/* Tile `r` is w times x, by way of tiles `a` and `b`, which are named since instructions have them in them.
 */
#define TILE_PRODUCT(r, a, b, x, w, out)                                                                     \
    do {                                                                                                     \
        _tile_loadd(a, x, QGEMM_BLOCK);                                                                      \
        _tile_loadd(b, w, QGEMM_VECTOR);                                                                     \
        _tile_zero(r);                                                                                       \
        _tile_dpbssd(r, a, b);                                                                               \
        _tile_stored(r, out, QGEMM_VECTOR);                                                                  \
    } while (0)

/* Products of blocks [0, count) of those at x and w: of each half into dots (count, 2, 16, 16), or of both
 * into the first. */
INLINE void start_blocks(bool halves, int count, const int8_t *x, const int8_t *w, int32_t *dots)
{
    enum { X = QGEMM_TILE * QGEMM_BLOCK, HALF = QGEMM_BLOCK / 2, W_HALF = BLOCK_BYTES / 2 };
    if (halves)
        for (int i = 0; i < count; i++, x += X, w += BLOCK_BYTES, dots += 2 * RESULT) {
            TILE_PRODUCT(0, 4, 6, x, w, dots);
            TILE_PRODUCT(1, 5, 7, x + HALF, w + W_HALF, dots + RESULT);
        }
    else if (count == TOGETHER) {
        TILE_PRODUCT(0, 4, 6, x, w, dots);
        TILE_PRODUCT(1, 5, 7, x + X, w + BLOCK_BYTES, dots + 2 * RESULT);
        TILE_PRODUCT(2, 4, 6, x + 2 * X, w + 2 * BLOCK_BYTES, dots + 4 * RESULT);
        TILE_PRODUCT(3, 5, 7, x + 3 * X, w + 3 * BLOCK_BYTES, dots + 6 * RESULT);
    } else {
        for (int i = 0; i < count; i++)
            TILE_PRODUCT(0, 4, 6, x + i * X, w + i * BLOCK_BYTES, dots + i * 2 * RESULT);
    }
}

/* ---- vectors ---- */

INLINE __m512 dots_of(const int32_t *dots)
{
    return _mm512_cvtepi32_ps(_mm512_load_si512(dots));
}

INLINE void finish_block(const struct qgemm_format f, const struct taken *t, int index, const int32_t *dots,
                         const struct qgemm_rows *x, size_t tile_block, __m512 sums[QGEMM_TILE])
{
    const float *scales = x->scales + tile_block * QGEMM_TILE, *lifts = x->lifts + tile_block * QGEMM_TILE;
    __m512 first = _mm512_load_ps(t->scales + (size_t)index * 2 * QGEMM_PANEL);
    __m512 second = _mm512_load_ps(t->scales + ((size_t)index * 2 + (f.halves ? 1 : 0)) * QGEMM_PANEL);
    __m512 offset = _mm512_load_ps(t->offsets + (size_t)index * QGEMM_PANEL);
    UNROLLED
    for (int row = 0; row < QGEMM_TILE; row++) {
        __m512 product = _mm512_mul_ps(dots_of(dots + row * QGEMM_PANEL), first);
        if (f.halves)
            product = _mm512_fmadd_ps(dots_of(dots + RESULT + row * QGEMM_PANEL), second, product);
        sums[row] = _mm512_fmadd_ps(product, _mm512_set1_ps(scales[row]), sums[row]);
        if (f.offsets)
            sums[row] = _mm512_fmadd_ps(offset, _mm512_set1_ps(lifts[row]), sums[row]);
    }
}

/* One tile of rows, of which `rows` are kept. */
INLINE void multiply_tile(const struct qgemm_format f, const struct taken *t, int blocks,
                          const struct qgemm_rows *x, int tile, int rows, __mmask16 lanes, float *y,
                          size_t y_stride)
{
    enum { GROUP = TOGETHER * 2 * RESULT };
    size_t tile_block = (size_t)tile * (size_t)x->blocks;
    const int8_t *numbers = x->numbers + tile_block * QGEMM_TILE * QGEMM_BLOCK;
    __m512 sums[QGEMM_TILE];
    UNROLLED
    for (int row = 0; row < QGEMM_TILE; row++)
        sums[row] = _mm512_setzero_ps();
    for (int first = 0; first < blocks + TOGETHER; first += TOGETHER) {
        int left = blocks - first, before = first - TOGETHER;
        if (left > 0)
            start_blocks(f.halves, left < TOGETHER ? left : TOGETHER,
                         numbers + (size_t)first * QGEMM_TILE * QGEMM_BLOCK,
                         t->numbers + (size_t)first * BLOCK_BYTES, t->dots + first / TOGETHER % 2 * GROUP);
        for (int i = before; i >= 0 && i < blocks && i < first; i++)
            finish_block(f, t, i, t->dots + before / TOGETHER % 2 * GROUP + (i - before) * 2 * RESULT, x,
                         tile_block + (size_t)i, sums);
    }
    UNROLLED
    for (int row = 0; row < QGEMM_TILE; row++)
        if (row < rows)
            _mm512_mask_storeu_ps(y + (size_t)row * y_stride, lanes, sums[row]);
}

/* ---- panels ---- */

/* Rows of a last tile that are too few for tiles, or all. */
static struct qgemm_rows rows_behind(const struct qgemm_rows *x, int tile)
{
    size_t cells = (size_t)tile * (size_t)x->blocks * QGEMM_TILE;
    return (struct qgemm_rows){.rows = x->rows - tile * QGEMM_TILE,
                               .blocks = x->blocks,
                               .numbers = x->numbers + cells * QGEMM_BLOCK,
                               .scales = x->scales + cells,
                               .sums = x->sums + 2 * cells,
                               .lifts = x->lifts + cells,
                               .start = x->start + 2 * cells};
}

INLINE void multiply_panel(const struct qgemm_format f, const struct qgemm_part *part, int index,
                           const struct qgemm_rows *x, int tiles, float *y, size_t y_stride,
                           const struct taken *t)
{
    int left = part->rows - index * QGEMM_PANEL;
    __mmask16 lanes = left < QGEMM_PANEL ? (__mmask16)((1u << left) - 1) : 0xffff;
    take_panel(f, part, qgemm_panel_at(part, index), t);
    settle();
    for (int tile = 0; tile < tiles; tile++)
        multiply_tile(f, t, part->blocks, x, tile, x->rows - tile * QGEMM_TILE, lanes,
                      y + (size_t)tile * QGEMM_TILE * y_stride + part->first + index * QGEMM_PANEL, y_stride);
}

#define MULTIPLY(type, name, bits, zero, offsets, super, halves)                                             \
    static void multiply_##name(const struct qgemm_part *part, int index, const struct qgemm_rows *x,        \
                                int tiles, float *y, size_t y_stride, const struct taken *t)                 \
    {                                                                                                        \
        const struct qgemm_format f = {GGUF_TENSOR_##type, bits, zero, offsets, super, halves};              \
        multiply_panel(f, part, index, x, tiles, y, y_stride, t);                                            \
    }
QGEMM_TYPES(MULTIPLY)

static void multiply_by_tiles(const struct qgemm_part *part, int index, const struct qgemm_rows *x, int tiles,
                              float *y, size_t y_stride, const struct taken *t)
{
    switch (part->format.type) {
#define CASE(type, name, bits, zero, offsets, super, halves)                                                 \
    case GGUF_TENSOR_##type:                                                                                 \
        multiply_##name(part, index, x, tiles, y, y_stride, t);                                              \
        break;
        QGEMM_TYPES(CASE)
    }
}

static void multiply(const struct qgemm_part *part, int first, int count, const struct qgemm_rows *x,
                     float *y, size_t y_stride, void *scratch)
{
    int tiles = (x->rows + QGEMM_TILE - ROWS_MIN) / QGEMM_TILE;
    struct qgemm_rows rest = rows_behind(x, tiles);
    struct taken t = carve(scratch, part->blocks);
    if (tiles)
        configure(part->format.halves);
    for (int index = first; tiles && index < first + count; index++)
        multiply_by_tiles(part, index, x, tiles, y, y_stride, &t);
    if (tiles)
        _tile_release();
    if (rest.rows > 0)
        qgemm_avx512.multiply(part, first, count, &rest, y + (size_t)tiles * QGEMM_TILE * y_stride, y_stride,
                              NULL);
}

/* ---- whether it works ---- */

#include <cpuid.h>

/* The CPU has tiles and int8 products of them (bits 24 and 25 of EDX of leaf 7), and the kernel lets this
 * process use them, which it is asked for once. */
static bool permitted(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; /* arch_prctl of Linux from 5.16 on */
    unsigned eax, ebx, ecx, edx;
    if (!qgemm_avx512.works() || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
        return false;
    return (edx >> 24 & 3) == 3 && syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static bool works(void)
{
    static atomic_int known; /* 1: no, 2: yes */
    if (!known)
        known = permitted() ? 2 : 1;
    return known == 2;
}

const struct qgemm_kernel qgemm_amx = {
    .name = "amx", .works = works, .scratch_bytes = scratch_bytes, .multiply = multiply};
