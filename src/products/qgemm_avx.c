/* qgemm_avx.c - the products of qgemm.h in registers of 256 bits. Compiled twice: with the dot products of
 * AVX-VNNI, and for AVX2 without them, where pairs of products are added in 16 bits, so many at a time as
 * cannot overflow.
 *
 * A register holds eight of a panel's rows of weights, so a panel is gone through twice. */
#include <immintrin.h>

#include "kernels/kernels.h"
#include "products/qgemm_impl.h"

#define INLINE static inline __attribute__((always_inline))
/* Sums stand in registers only where the loop over them is none. */
#define UNROLLED _Pragma("GCC unroll 8")

enum { VECTORS = 8, LANES = 8, WIDE = 32, HEIGHT_MAX = 4 };

INLINE __m256i load(const void *at)
{
    return _mm256_loadu_si256((const __m256i *)at);
}

/* The bits of `v` that `mask` has once they are `up` places further up, or down where that is negative. */
INLINE __m256i bits_of(__m256i v, int up, char mask)
{
    __m256i moved = up < 0 ? _mm256_srli_epi16(v, -up) : _mm256_slli_epi16(v, up);
    return _mm256_and_si256(moved, _mm256_set1_epi8(mask));
}

/* `at` is where this half of the panel begins. */
INLINE void take_numbers(int bits, const unsigned char *at, __m256i w[VECTORS])
{
    UNROLLED
    for (int g = 0; bits == 8 && g < VECTORS; g++)
        w[g] = load(at + g * QGEMM_VECTOR);
    UNROLLED
    for (int v = 0; bits < 8 && v < VECTORS / 2; v++) {
        __m256i both = load(at + v * QGEMM_VECTOR);
        w[v] = bits_of(both, 0, 15);
        w[v + VECTORS / 2] = bits_of(both, -4, 15);
    }
    UNROLLED
    for (int g = 0; bits == 5 && g < VECTORS; g++)
        w[g] = _mm256_or_si256(w[g], bits_of(load(at + VECTORS / 2 * QGEMM_VECTOR), 4 - g, 16));
    UNROLLED
    for (int g = 0; bits == 6 && g < VECTORS; g++)
        w[g] = _mm256_or_si256(w[g],
                               bits_of(load(at + (VECTORS / 2 + g / 4) * QGEMM_VECTOR), 4 - g % 4 * 2, 48));
}

INLINE __m256 halves(const unsigned char *at)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)at));
}

INLINE __m256 bytes8(const unsigned char *at, bool with_sign)
{
    __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)at);
    return _mm256_cvtepi32_ps(with_sign ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes));
}

/* Scales of both halves of a block, and its offsets. */
struct scales {
    __m256 first, second, offset;
};

INLINE struct scales take_scales(const struct qgemm_format f, const unsigned char *scales, int index,
                                 int lane)
{
    struct scales s = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    int in = index % QGEMM_SUPER;
    if (f.halves) {
        scales += (size_t)(index / QGEMM_SUPER) * QGEMM_HALF_SCALES;
        __m256 d = halves(scales + 2 * lane);
        const unsigned char *at = scales + QGEMM_SCALES + 2 * in * QGEMM_PANEL + lane;
        s.first = _mm256_mul_ps(d, bytes8(at, true));
        s.second = _mm256_mul_ps(d, bytes8(at + QGEMM_PANEL, true));
    } else if (f.super) {
        scales += (size_t)(index / QGEMM_SUPER) * QGEMM_SUPER_SCALES;
        const unsigned char *at = scales + 2 * QGEMM_SCALES + in * QGEMM_PANEL + lane;
        __m256 m = _mm256_xor_ps(halves(scales + QGEMM_SCALES + 2 * lane), _mm256_set1_ps(-0.0f));
        s.first = _mm256_mul_ps(halves(scales + 2 * lane), bytes8(at, false));
        s.offset = _mm256_mul_ps(m, bytes8(at + QGEMM_SUPER * QGEMM_PANEL, false));
    } else {
        scales += (size_t)index * QGEMM_SCALES * (f.offsets ? 2 : 1) + 2 * (size_t)lane;
        s.first = halves(scales);
        if (f.offsets)
            s.offset = halves(scales + QGEMM_SCALES);
    }
    return s;
}

INLINE __m256i four(const int8_t *q)
{
    int32_t numbers;
    __builtin_memcpy(&numbers, q, sizeof numbers);
    return _mm256_set1_epi32(numbers);
}

#ifdef QGEMM_AVXVNNI
/* Of vectors [from, to) with one row of x, from `start` on. */
INLINE __m256i dot(int bits, int start, const __m256i w[VECTORS], const int8_t *q, int from, int to)
{
    (void)bits;
    __m256i sum = _mm256_set1_epi32(start);
    UNROLLED
    for (int g = from; g < to; g++)
        sum = _mm256_dpbusd_avx_epi32(sum, w[g], four(q + 4 * g));
    return sum;
}
#else
/* Pairs of products of one vector, added in 16 bits. Numbers of 8 bits would overflow: they are taken as
 * signed ones, by their magnitude, the sign given to x. */
INLINE __m256i pairs(int bits, __m256i w, __m256i x)
{
    if (bits < 8)
        return _mm256_maddubs_epi16(w, x);
    __m256i with_sign = _mm256_xor_si256(w, _mm256_set1_epi8((char)0x80));
    return _mm256_maddubs_epi16(_mm256_abs_epi8(with_sign), _mm256_sign_epi8(x, with_sign));
}

/* 2^15 is never reached by so many pairs of products, each at most 2 * 127 * (2^bits - 1), or 2 * 127 * 128.
 */
INLINE int vectors_together(int bits)
{
    return bits == 4 ? 8 : bits == 5 ? 4 : bits == 6 ? 2 : 1;
}

/* Of vectors [from, to) with one row of x, from `start` on. */
INLINE __m256i dot(int bits, int start, const __m256i w[VECTORS], const int8_t *q, int from, int to)
{
    int together = vectors_together(bits);
    __m256i sum = _mm256_set1_epi32(bits < 8 ? start : 0), few = _mm256_setzero_si256();
    UNROLLED
    for (int g = from; g < to; g++) {
        __m256i products = pairs(bits, w[g], four(q + 4 * g));
        few = (g - from) % together ? _mm256_add_epi16(few, products) : products;
        if ((g - from) % together == together - 1 || g == to - 1)
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(few, _mm256_set1_epi16(1)));
    }
    return sum;
}
#endif

INLINE __m256 add_block(const struct qgemm_format f, const __m256i w[VECTORS], const struct scales *s,
                        const struct qgemm_rows *x, size_t tile_block, int row, __m256 sum)
{
    const int8_t *q = x->numbers + (tile_block * QGEMM_TILE + (size_t)row) * QGEMM_BLOCK;
    const int32_t *start = x->start + tile_block * 2 * QGEMM_TILE + row;
    size_t at = tile_block * QGEMM_TILE + (size_t)row;
    __m256i first = dot(f.bits, f.zero ? start[0] : 0, w, q, 0, f.halves ? VECTORS / 2 : VECTORS);
    __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(first), s->first);
    if (f.halves) {
        __m256i second = dot(f.bits, start[QGEMM_TILE], w, q, VECTORS / 2, VECTORS);
        product = _mm256_fmadd_ps(_mm256_cvtepi32_ps(second), s->second, product);
    }
    sum = _mm256_fmadd_ps(product, _mm256_set1_ps(x->scales[at]), sum);
    return f.offsets ? _mm256_fmadd_ps(s->offset, _mm256_set1_ps(x->lifts[at]), sum) : sum;
}

/* `lanes` rows of weights from `lane` of the panel on with `height` rows of x from `row` of the tile on, of
 * which `rows` are kept. */
INLINE void multiply_few(const struct qgemm_format f, const int height, const struct qgemm_part *part,
                         const unsigned char *panel, int lane, int lanes, const struct qgemm_rows *x, int row,
                         int rows, float *y, size_t y_stride)
{
    __m256 sums[HEIGHT_MAX];
    size_t tile = (size_t)(row / QGEMM_TILE) * (size_t)x->blocks;
    UNROLLED
    for (int i = 0; i < height; i++)
        sums[i] = _mm256_setzero_ps();
    for (int index = 0; index < part->blocks; index++) {
        __m256i w[VECTORS];
        take_numbers(f.bits, panel + (size_t)index * (size_t)(f.bits * QGEMM_VECTOR) + 4 * lane, w);
        struct scales s = take_scales(f, panel + part->scales_at, index, lane);
        UNROLLED
        for (int i = 0; i < height; i++)
            sums[i] = add_block(f, w, &s, x, tile + (size_t)index, row % QGEMM_TILE + i, sums[i]);
    }
    UNROLLED
    for (int i = 0; i < height; i++) {
        float results[LANES];
        _mm256_storeu_ps(results, sums[i]);
        if (i < rows)
            __builtin_memcpy(y + (size_t)i * y_stride, results, (size_t)lanes * sizeof *results);
    }
}

INLINE void multiply_panel(const struct qgemm_format f, const struct qgemm_part *part, int index,
                           const struct qgemm_rows *x, float *y, size_t y_stride)
{
    const unsigned char *panel = qgemm_panel_at(part, index);
    for (int lane = 0; lane < QGEMM_PANEL; lane += LANES) {
        int first = index * QGEMM_PANEL + lane,
            lanes = part->rows - first < LANES ? part->rows - first : LANES;
        for (int row = 0; lanes > 0 && row < x->rows; row += HEIGHT_MAX) {
            float *at = y + (size_t)row * y_stride + (size_t)(part->first + first);
            if (x->rows - row == 1)
                multiply_few(f, 1, part, panel, lane, lanes, x, row, 1, at, y_stride);
            else
                multiply_few(f, HEIGHT_MAX, part, panel, lane, lanes, x, row, x->rows - row, at, y_stride);
        }
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

static void avx_multiply(const struct qgemm_part *part, int first, int count, const struct qgemm_rows *x,
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

#ifdef QGEMM_AVXVNNI
#include <cpuid.h>

/* Compilers of 2022 have no name for it in __builtin_cpu_supports(): bit 4 of EAX of leaf 7, subleaf 1. */
static bool avx_works(void)
{
    unsigned eax, ebx, ecx, edx;
    return lm_kernels_named("avx2") && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & 1u << 4);
}

const struct qgemm_kernel qgemm_avxvnni = {.name = "avxvnni", .works = avx_works, .multiply = avx_multiply};
#else
static bool avx_works(void)
{
    return lm_kernels_named("avx2") != NULL;
}

const struct qgemm_kernel qgemm_avx2 = {.name = "avx2", .works = avx_works, .multiply = avx_multiply};
#endif
