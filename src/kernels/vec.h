/* vec.h - a register of floats at a time, in GCC's vector extension.
 *
 * The same source compiles for 512, 256 and 128 bits. A vec is one register and no more: GCC 12 keeps arrays
 * of wider vectors in memory, which made training on AVX2 three times slower. Only the conversions that the
 * extension cannot say well are written per instruction set. Included by the kernel sources alone. */
#ifndef KERNELS_VEC_H
#define KERNELS_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "kernels/f16.h"

#define INLINE static inline __attribute__((always_inline))

/* The rows and registers of a tile of accumulators leave room for the operands. */
#if defined(__AVX512F__)
enum { LANES = 16, TILE_ROWS = 8, TILE_VECS = 2 };
#elif defined(__AVX__)
enum { LANES = 8, TILE_ROWS = 4, TILE_VECS = 2 };
#else
enum { LANES = 4, TILE_ROWS = 4, TILE_VECS = 2 };
#endif
typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t veci __attribute__((vector_size(LANES * 4)));
typedef uint32_t vecu __attribute__((vector_size(LANES * 4)));
typedef uint16_t vech __attribute__((vector_size(LANES * 2)));

INLINE vec vec_all(float x)
{
    return x - (vec){0};
}

INLINE vec vec_load(const float *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void vec_store(float *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

/* The first n < LANES floats, the others `fill`. */
INLINE vec vec_load_part(const float *p, int n, float fill)
{
    vec v = vec_all(fill);
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
}

INLINE void vec_store_part(float *p, vec v, int n)
{
    memcpy(p, &v, (size_t)n * sizeof *p);
}

/* The first half of the lanes `low`, the others `high`. */
INLINE vec vec_halves(float low, float high)
{
#if defined(__AVX512DQ__)
    return (vec)_mm512_insertf32x8(_mm512_set1_ps(low), _mm256_set1_ps(high), 1);
#else
    vec v;
    for (int i = 0; i < LANES; i++)
        v[i] = i < LANES / 2 ? low : high;
    return v;
#endif
}

/* 0, 1, 2 and so on */
INLINE veci vec_places(void)
{
    veci v = {0};
    for (int i = 0; i < LANES; i++)
        v[i] = i;
    return v;
}

/* mask lanes are all ones or zero */
INLINE vec vec_select(veci mask, vec yes, vec no)
{
    return (vec)(((veci)yes & mask) | ((veci)no & ~mask));
}

INLINE vec vec_max(vec a, vec b)
{
    return vec_select(a > b, a, b);
}

/* Whether any lane is `least` or more. */
INLINE int vec_any_from(vec v, float least)
{
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask((__m512)v, _mm512_set1_ps(least), _CMP_GE_OQ) != 0;
#elif defined(__AVX__)
    return _mm256_movemask_ps(_mm256_cmp_ps((__m256)v, _mm256_set1_ps(least), _CMP_GE_OQ)) != 0;
#else
    int any = 0;
    for (int i = 0; i < LANES; i++)
        any |= v[i] >= least;
    return any;
#endif
}

/* Always the same tree of additions. */
INLINE float vec_sum(vec v)
{
    float x[LANES];
    vec_store(x, v);
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            x[i] += x[i + half];
    return x[0];
}

INLINE float vec_max_of(vec v)
{
    float x[LANES];
    vec_store(x, v);
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            x[i] = x[i] > x[i + half] ? x[i] : x[i + half];
    return x[0];
}

/* e^x with a relative error under 2e-7 for x in [-87, 88]; 0 below, so that a masked score weighs nothing.
 * Cody-Waite reduction by ln 2 and the degree-5 polynomial of Cephes' expf. */
INLINE vec vec_exp(vec x)
{
    const vec magic = vec_all(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer in the low bits */
    veci alive = x > vec_all(-87.0f);
    x = vec_select(x < vec_all(88.0f), x, vec_all(88.0f));
    x = vec_select(alive, x, vec_all(-87.0f));
    vec t = x * 1.44269504f + magic;
    veci n = (veci)t - (veci)magic;
    vec whole = t - magic;
    vec r = x - whole * 0.693359375f;
    r = r - whole * -2.12194440e-4f;
    vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    return (vec)(((veci)p + (n << 23)) & alive);
}

INLINE vech vec_to_bf16(vec v)
{
    vecu bits = (vecu)v;
    bits = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return __builtin_convertvector(bits, vech);
}

INLINE void vec_store_bf16(uint16_t *p, vec v)
{
    vech h = vec_to_bf16(v);
    memcpy(p, &h, sizeof h);
}

INLINE vec vec_load_i8(const int8_t *p)
{
#if defined(__AVX512F__)
    return (vec)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
#elif defined(__AVX2__)
    return (vec)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
#else
    vec v;
    for (int i = 0; i < LANES; i++)
        v[i] = (float)p[i];
    return v;
#endif
}

/* Products of 2 * LANES numbers, each two neighbours added. */
INLINE veci vec_multiply_i8_i16(const int8_t *a, const int16_t *b)
{
#if defined(__AVX512BW__)
    __m512i wide = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)a));
    return (veci)_mm512_madd_epi16(wide, _mm512_loadu_si512(b));
#elif defined(__AVX2__)
    __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)a));
    return (veci)_mm256_madd_epi16(wide, _mm256_loadu_si256((const __m256i *)(const void *)b));
#else
    veci v;
    for (int i = 0; i < LANES; i++)
        v[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
    return v;
#endif
}

/* To the nearest whole numbers, ties to even. */
INLINE veci vec_round(vec v)
{
#if defined(__AVX512F__)
    return (veci)_mm512_cvtps_epi32((__m512)v);
#elif defined(__AVX2__)
    return (veci)_mm256_cvtps_epi32((__m256)v);
#else
    veci whole;
    for (int i = 0; i < LANES; i++)
        whole[i] = (int32_t)rintf(v[i]);
    return whole;
#endif
}

/* Of numbers that fit. */
INLINE void vec_store_i8(int8_t *p, veci v)
{
#if defined(__AVX512F__)
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8((__m512i)v));
#else
    typedef int8_t bytes __attribute__((vector_size(LANES)));
    bytes narrow = __builtin_convertvector(v, bytes);
    memcpy(p, &narrow, sizeof narrow);
#endif
}

INLINE int32_t veci_sum(veci v)
{
#if defined(__AVX512F__)
    return _mm512_reduce_add_epi32((__m512i)v);
#else
    int32_t sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += v[i];
    return sum;
#endif
}

INLINE vec vec_load_f16(const uint16_t *p)
{
#if defined(__AVX512F__)
    return (vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
#elif defined(__AVX2__) && defined(__F16C__)
    return (vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
#else
    vec v;
    for (int i = 0; i < LANES; i++)
        v[i] = f16_to_f32(p[i]);
    return v;
#endif
}

#endif
