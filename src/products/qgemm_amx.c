/* qgemm_amx.c - the products of qgemm.h for many rows, by the bf16 tiles of AMX.
 *
 * AMX has tiles of int8, too, but every block has a scale of its own, so the whole numbers of each product of
 * tiles have to leave them, to be scaled by vectors: storing a tile costs as much as multiplying two, and no
 * vectors work meanwhile. Measured, that is about twice the rate of vpdpbusd at best. In bf16 the scales are
 * part of the numbers, and results stay in their tiles from the first block to the last. So a panel of
 * weights is expanded to bf16 in the second cache, the next one while tiles multiply this one, and from some
 * sixteen rows on that is faster than whole numbers are. Rows are then rounded to bf16 (eight bits of each
 * number, not of the largest of 32), so a row's result depends, in its last bits, on how many others there
 * are. Few rows are multiplied as whole numbers by qgemm_avx512.c. */
#include "products/qgemm_avx512.h"

#include <cpuid.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernels/kernels.h"

/* Elements of a tile, of x or of weights: 16 rows of 32 columns, or 16 pairs of columns of 16 rows. */
enum { TILE = 512, PAIR = 2, RESULT = QGEMM_TILE * QGEMM_PANEL };
/* What of x is gone through for all panels before the rest of its columns is, bytes: half of a second cache.
 */
enum { X_BYTES = 1 << 20, BLOCKS_MIN = 16, BLOCKS_MAX = 160 };

/* Blocks of the columns that are gone through together. */
static int blocks_together(int blocks, int rows)
{
    int most = X_BYTES / (rows * QGEMM_BLOCK * 2);
    most = most < BLOCKS_MIN ? BLOCKS_MIN : most > BLOCKS_MAX ? BLOCKS_MAX : most;
    int stretches = (blocks + most - 1) / most;
    return (blocks + stretches - 1) / stretches;
}

static size_t scratch_bytes(int blocks)
{
    int most = blocks < BLOCKS_MAX ? blocks : BLOCKS_MAX;
    return 2 * (size_t)most * PAIR * TILE * sizeof(uint16_t);
}

/* ---- expanding ---- */

/* What makes a number of four columns' bytes: the byte at `shift` stands behind the 256 of a float's
 * mantissa, so the number less 256 times the scale is one multiplication and addition. */
struct expansion {
    __m512 scale, add;
};

/* One NAN that rounding cannot carry into a number. */
INLINE __m512 plain_nan(__m512 v)
{
    return _mm512_mask_mov_ps(v, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), _mm512_set1_ps(__builtin_nanf("")));
}

INLINE struct expansion expansion_of(int zero, __m512 scale, __m512 offset)
{
    __m512 add = _mm512_fmadd_ps(scale, _mm512_set1_ps((float)(-256 - zero)), offset);
    return (struct expansion){plain_nan(scale), plain_nan(add)};
}

INLINE __m512 expand(const struct expansion *e, __m512i moved)
{
    const __m512i byte = _mm512_set1_epi32(0xff << 15), whole = _mm512_set1_epi32(0x43800000); /* 256.0f */
    enum { AND_OR = 0xea }; /* (a & b) | c */
    __m512 number = _mm512_castsi512_ps(_mm512_ternarylogic_epi32(moved, byte, whole, AND_OR));
    return _mm512_fmadd_ps(number, e->scale, e->add);
}

/* Two columns side by side, to the nearest bf16 (half a unit goes up). */
INLINE __m512i pair(__m512 even, __m512 odd)
{
    const __m512i half = _mm512_set1_epi32(0x8000), high = _mm512_set1_epi32((int)0xffff0000);
    enum { AND_OR = 0xea };
    __m512i low = _mm512_srli_epi32(_mm512_add_epi32(_mm512_castps_si512(even), half), 16);
    return _mm512_ternarylogic_epi32(_mm512_add_epi32(_mm512_castps_si512(odd), half), high, low, AND_OR);
}

/* A block of a panel as a tile. */
INLINE void expand_block(const struct qgemm_format f, const struct qgemm_part *part,
                         const unsigned char *panel, int index, uint16_t *out)
{
    __m512i w[VECTORS];
    take_numbers(f.bits, panel + (size_t)index * (size_t)(f.bits * QGEMM_VECTOR), w);
    struct scales s = take_scales(f, panel + part->scales_at, index);
    struct expansion first = expansion_of(f.zero, s.first, s.offset);
    struct expansion second = f.halves ? expansion_of(f.zero, s.second, s.offset) : first;
    UNROLLED
    for (int g = 0; g < VECTORS; g++) {
        const struct expansion *e = g < VECTORS / 2 ? &first : &second;
        __m512 a = expand(e, _mm512_slli_epi32(w[g], 15)), b = expand(e, _mm512_slli_epi32(w[g], 7));
        __m512 c = expand(e, _mm512_srli_epi32(w[g], 1)), d = expand(e, _mm512_srli_epi32(w[g], 9));
        _mm512_store_si512(out + (2 * g) * 32, pair(a, b));
        _mm512_store_si512(out + (2 * g + 1) * 32, pair(c, d));
    }
}

/* ---- tiles ---- */

struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* The compiler knows nothing of what tiles, and their configuration, read and write. */
INLINE void settle(const void *at)
{
    __asm__ volatile("" : : "r"(at) : "memory");
}

/* Tiles 0 to 3 are results of two tiles of rows and two panels, 4 and 5 rows of x, 6 and 7 weights. */
static void configure(void)
{
    struct tile_config config = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        config.rows[i] = 16;
        config.row_bytes[i] = QGEMM_VECTOR;
    }
    settle(&config);
    _tile_loadconfig(&config);
}

/* A tile of results: a square of y, of which `rows` and `lanes` are there. */
struct square {
    float *at;
    size_t stride;
    int rows;
    __mmask16 lanes;
};

INLINE bool is_whole(const struct square *s)
{
    return s->rows >= QGEMM_TILE && s->lanes == 0xffff;
}

static void copy_square(const struct square *s, float *tile, bool to_tile)
{
    for (int row = 0; row < QGEMM_TILE && row < s->rows; row++) {
        float *at = s->at + (size_t)row * s->stride, *in = tile + row * QGEMM_PANEL;
        if (to_tile)
            _mm512_storeu_ps(in, _mm512_maskz_loadu_ps(s->lanes, at));
        else
            _mm512_mask_storeu_ps(at, s->lanes, _mm512_loadu_ps(in));
    }
}

/* Tile `r`, which is named since instructions have it in them, from a square or to it. */
#define LOAD_SQUARE(r, s)                                                                                    \
    do {                                                                                                     \
        float copy[RESULT] = {0};                                                                            \
        if (is_whole(s)) {                                                                                   \
            settle((s)->at);                                                                                 \
            _tile_loadd(r, (s)->at, (s)->stride * sizeof(float));                                            \
        } else {                                                                                             \
            copy_square(s, copy, true);                                                                      \
            settle(copy);                                                                                    \
            _tile_loadd(r, copy, QGEMM_VECTOR);                                                              \
        }                                                                                                    \
    } while (0)
#define STORE_SQUARE(r, s)                                                                                   \
    do {                                                                                                     \
        float copy[RESULT];                                                                                  \
        if (is_whole(s)) {                                                                                   \
            _tile_stored(r, (s)->at, (s)->stride * sizeof(float));                                           \
        } else {                                                                                             \
            _tile_stored(r, copy, QGEMM_VECTOR);                                                             \
            settle(copy);                                                                                    \
            copy_square(s, copy, false);                                                                     \
        }                                                                                                    \
    } while (0)

/* ---- a pair of panels ---- */

/* Panels that are expanded while others are multiplied: `panel` is NULL where there is none. */
struct next {
    const unsigned char *panel[PAIR];
    uint16_t *out; /* (blocks, PAIR) tiles */
};

/* The work on a stretch of columns. */
struct stretch {
    const struct qgemm_part *part;
    const struct qgemm_rows *x;
    float *y;
    size_t y_stride;
    int first, count; /* blocks */
    int end;          /* of the panels of this call */
};

INLINE void expand_next(const struct qgemm_format f, const struct stretch *s, const struct next *next,
                        int block, int which)
{
    if (next->panel[which])
        expand_block(f, s->part, next->panel[which], s->first + block,
                     next->out + ((size_t)block * PAIR + (size_t)which) * TILE);
}

static struct square square_of(const struct stretch *s, int tile, int panel)
{
    int left = s->part->rows - panel * QGEMM_PANEL;
    return (struct square){
        .at = s->y + (size_t)tile * QGEMM_TILE * s->y_stride + s->part->first + panel * QGEMM_PANEL,
        .stride = s->y_stride,
        .rows = s->x->rows - tile * QGEMM_TILE,
        .lanes = qgemm_lanes(left),
    };
}

/* One or two tiles of rows from `tile` on with one or two panels from `panel` on, whose expanded tiles are at
 * `w`; and of the next panels those from `from` up to `to`. */
INLINE void multiply_tiles(const struct qgemm_format f, const struct stretch *s, const uint16_t *w, int panel,
                           int tile, const struct next *next, int from, int to)
{
    size_t x_tile = (size_t)s->x->blocks * TILE;
    const uint16_t *x = s->x->bf16 + (size_t)tile * x_tile + (size_t)s->first * TILE;
    struct square squares[4] = {square_of(s, tile, panel), square_of(s, tile, panel + 1),
                                square_of(s, tile + 1, panel), square_of(s, tile + 1, panel + 1)};
    bool two_rows = squares[2].rows > 0, two_panels = panel + 1 < s->end;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (s->first > 0) {
        LOAD_SQUARE(0, &squares[0]);
        if (two_panels)
            LOAD_SQUARE(1, &squares[1]);
        if (two_rows)
            LOAD_SQUARE(2, &squares[2]);
        if (two_rows && two_panels)
            LOAD_SQUARE(3, &squares[3]);
    }
    settle(w);
    for (int block = 0; block < s->count; block++, x += TILE, w += PAIR * TILE) {
        _tile_loadd(4, x, QGEMM_VECTOR);
        _tile_loadd(6, w, QGEMM_VECTOR);
        _tile_loadd(7, w + TILE, QGEMM_VECTOR);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        if (two_rows) {
            _tile_loadd(5, x + x_tile, QGEMM_VECTOR);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
        for (int which = from; which < to; which++)
            expand_next(f, s, next, block, which);
    }
    STORE_SQUARE(0, &squares[0]);
    if (two_panels)
        STORE_SQUARE(1, &squares[1]);
    if (two_rows)
        STORE_SQUARE(2, &squares[2]);
    if (two_rows && two_panels)
        STORE_SQUARE(3, &squares[3]);
}

static struct next next_of(const struct stretch *s, int panel, uint16_t *out)
{
    struct next next = {.out = out};
    for (int i = 0; i < PAIR; i++)
        next.panel[i] = panel + i < s->end ? qgemm_panel_at(s->part, panel + i) : NULL;
    return next;
}

/* Panels from `first` on with all rows, over a stretch of columns. The first pair is expanded before. */
INLINE void multiply_stretch(const struct qgemm_format f, const struct stretch *s, int first,
                             uint16_t *scratch)
{
    size_t half = (size_t)s->count * PAIR * TILE;
    int tiles = (s->x->rows + QGEMM_TILE - 1) / QGEMM_TILE;
    struct next next = next_of(s, first, scratch);
    for (int block = 0; block < s->count; block++)
        for (int which = 0; which < PAIR; which++)
            expand_next(f, s, &next, block, which);
    for (int panel = first, turn = 0; panel < s->end; panel += PAIR, turn ^= 1) {
        const uint16_t *w = scratch + (size_t)turn * half;
        next = next_of(s, panel + PAIR, scratch + (size_t)(turn ^ 1) * half);
        /* One of the next two panels beside each of the first two pairs of tiles, or both beside the only
         * one. */
        for (int tile = 0; tile < tiles; tile += 2)
            if (tiles <= 2)
                multiply_tiles(f, s, w, panel, tile, &next, 0, PAIR);
            else if (tile < 4)
                multiply_tiles(f, s, w, panel, tile, &next, tile / 2, tile / 2 + 1);
            else
                multiply_tiles(f, s, w, panel, tile, &next, 0, 0);
    }
}

/* ---- all panels ---- */

#define MULTIPLY(type, name, bits, zero, offsets, super, halves)                                             \
    static void multiply_##name(const struct stretch *s, int first, uint16_t *scratch)                       \
    {                                                                                                        \
        const struct qgemm_format f = {GGUF_TENSOR_##type, bits, zero, offsets, super, halves};              \
        multiply_stretch(f, s, first, scratch);                                                              \
    }
QGEMM_TYPES(MULTIPLY)

static void amx_multiply(const struct qgemm_part *part, int first, int count, const struct qgemm_rows *x,
                         float *y, size_t y_stride, void *scratch)
{
    if (!x->bf16) {
        qgemm_avx512.multiply(part, first, count, x, y, y_stride, NULL);
        return;
    }
    int together = blocks_together(part->blocks, x->rows);
    configure();
    for (int block = 0; block < part->blocks; block += together) {
        int left = part->blocks - block;
        struct stretch s = {part, x, y, y_stride, block, left < together ? left : together, first + count};
        switch (part->format.type) {
#define CASE(type, name, bits, zero, offsets, super, halves)                                                 \
    case GGUF_TENSOR_##type:                                                                                 \
        multiply_##name(&s, first, scratch);                                                                 \
        break;
            QGEMM_TYPES(CASE)
        }
    }
    _tile_release();
}

/* ---- whether it works ---- */

/* The CPU has tiles and bf16 products of them (bits 24 and 22 of EDX of leaf 7), and the kernel lets this
 * process use them, which it is asked for once. */
static bool permitted(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; /* arch_prctl of Linux from 5.16 on */
    unsigned eax, ebx, ecx, edx;
    if (!qgemm_avx512.works() || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
        return false;
    return (edx >> 24 & 1) && (edx >> 22 & 1) && syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static bool amx_works(void)
{
    static atomic_int known; /* 1: no, 2: yes */
    if (!known)
        known = permitted() ? 2 : 1;
    return known == 2;
}

const struct qgemm_kernel qgemm_amx = {.name = "amx",
                                       .works = amx_works,
                                       .rows_bf16 = 17,
                                       .scratch_bytes = scratch_bytes,
                                       .multiply = amx_multiply};
