/* qgemm_avx512.h - a block of a panel into registers of 512 bits; for the kernels that have such. */
#ifndef PRODUCTS_QGEMM_AVX512_H
#define PRODUCTS_QGEMM_AVX512_H

#include <immintrin.h>

#include "products/qgemm_impl.h"

#define INLINE static inline __attribute__((always_inline))
/* Sums stand in registers only where the loop over them is none. */
#define UNROLLED _Pragma("GCC unroll 16")

enum { VECTORS = 8 }; /* of a block */

/* Of a panel's rows, those that there are: `left` from its first on, none where it is past the end. */
INLINE __mmask16 qgemm_lanes(int left)
{
    uint32_t lanes = left >= QGEMM_PANEL ? 0xffffu : left > 0 ? (1u << left) - 1 : 0;
    return (__mmask16)(lanes & 0xffffu);
}

INLINE __m512i load(const unsigned char *at)
{
    return _mm512_loadu_si512(at);
}

/* The bits of `v` that `mask` has once they are `up` places further up, or down where that is negative. */
INLINE __m512i bits_of(__m512i v, int up, char mask)
{
    __m512i moved = up < 0 ? _mm512_srli_epi16(v, (unsigned)-up) : _mm512_slli_epi16(v, (unsigned)up);
    return _mm512_and_si512(moved, _mm512_set1_epi8(mask));
}

INLINE void take_numbers(int bits, const unsigned char *at, __m512i w[VECTORS])
{
    UNROLLED
    for (int g = 0; bits == 8 && g < VECTORS; g++)
        w[g] = load(at + g * QGEMM_VECTOR);
    UNROLLED
    for (int v = 0; bits < 8 && v < VECTORS / 2; v++) {
        __m512i both = load(at + v * QGEMM_VECTOR);
        w[v] = bits_of(both, 0, 15);
        w[v + VECTORS / 2] = bits_of(both, -4, 15);
    }
    __m512i above = bits == 5 || bits == 6 ? load(at + VECTORS / 2 * QGEMM_VECTOR) : _mm512_setzero_si512();
    UNROLLED
    for (int g = 0; bits == 5 && g < VECTORS; g++)
        w[g] = _mm512_or_si512(w[g], bits_of(above, 4 - g, 16));
    UNROLLED
    for (int g = 0; bits == 6 && g < VECTORS; g++) {
        if (g == VECTORS / 2)
            above = load(at + (VECTORS / 2 + 1) * QGEMM_VECTOR);
        w[g] = _mm512_or_si512(w[g], bits_of(above, 4 - g % 4 * 2, 48));
    }
}

INLINE __m512 halves(const unsigned char *at)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)at));
}

INLINE __m128i bytes16(const unsigned char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* Scales of both halves of a block, and its offsets. */
struct scales {
    __m512 first, second, offset;
};

INLINE struct scales take_scales(const struct qgemm_format f, const unsigned char *scales, int index)
{
    struct scales s = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    int in = index % QGEMM_SUPER;
    if (f.halves) {
        scales += (size_t)(index / QGEMM_SUPER) * QGEMM_HALF_SCALES;
        __m512 d = halves(scales);
        const unsigned char *at = scales + QGEMM_SCALES + 2 * in * QGEMM_PANEL;
        s.first = _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes16(at))));
        s.second = _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes16(at + QGEMM_PANEL))));
    } else if (f.super) {
        scales += (size_t)(index / QGEMM_SUPER) * QGEMM_SUPER_SCALES;
        const unsigned char *at = scales + 2 * QGEMM_SCALES + in * QGEMM_PANEL;
        __m512 m = _mm512_xor_ps(halves(scales + QGEMM_SCALES), _mm512_set1_ps(-0.0f));
        s.first = _mm512_mul_ps(halves(scales), _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes16(at))));
        at += QGEMM_SUPER * QGEMM_PANEL;
        s.offset = _mm512_mul_ps(m, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes16(at))));
    } else {
        scales += (size_t)index * QGEMM_SCALES * (f.offsets ? 2 : 1);
        s.first = halves(scales);
        if (f.offsets)
            s.offset = halves(scales + QGEMM_SCALES);
    }
    return s;
}

#endif
