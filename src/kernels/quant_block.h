/* quant_block.h - a block of quantised numbers taken apart: small whole numbers, and for each group of them a
 * scale and an offset. For quant.c and quant_dot.c, which are compiled once per instruction set, and
 * qgemm_pack.c; see quant.h for where the formats come from.
 *
 * Q8_0 and the types of 4 and 5 bits scale 32 whole numbers by one f16. The K types pack 256 numbers: one or
 * two f16 scale eight or sixteen small whole numbers, and those scale 32 or 16 numbers each. Letters as in
 * the source: d scales, m is the minimum. */
#ifndef KERNELS_QUANT_BLOCK_H
#define KERNELS_QUANT_BLOCK_H

#include "kernels/tensor_type.h"
#include "kernels/kernels_impl.h"

enum { QUANT_SMALL = 32, QUANT_SUPER = 256, QUANT_GROUPS_MAX = 16 };

/* Element i of a block is q[i] * scale[g] + offset[g] in group g = i / (elements of a group). */
struct quant_block {
    int8_t q[QUANT_SUPER];
    float scale[QUANT_GROUPS_MAX];
    float offset[QUANT_GROUPS_MAX]; /* set by the types that have any */
};

/* The types in blocks: name, elements and bytes of a block, elements of a group, whether there are offsets.
 */
#define QUANT_TYPES(X)                                                                                       \
    X(Q4_0, q4_0, 32, 18, 32, false)                                                                         \
    X(Q4_1, q4_1, 32, 20, 32, true)                                                                          \
    X(Q5_0, q5_0, 32, 22, 32, false)                                                                         \
    X(Q5_1, q5_1, 32, 24, 32, true)                                                                          \
    X(Q8_0, q8_0, 32, 34, 32, false)                                                                         \
    X(Q4_K, q4_k, 256, 144, 32, true)                                                                        \
    X(Q5_K, q5_k, 256, 176, 32, true)                                                                        \
    X(Q6_K, q6_k, 256, 210, 16, false)

/* 32 numbers of a byte. They are shifted in pairs, since no CPU shifts bytes: what crosses over is masked
 * away. */
typedef uint8_t quant_bytes __attribute__((vector_size(32)));
typedef uint16_t quant_pairs __attribute__((vector_size(32)));

INLINE quant_bytes quant_load(const unsigned char *from)
{
    quant_bytes bytes;
    memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

INLINE void quant_store(int8_t *q, quant_bytes bytes)
{
    memcpy(q, &bytes, sizeof bytes);
}

/* Those of the bits of each number that `mask` has once they are `up` places further up, or down where that
 * is negative. */
INLINE quant_bytes quant_bits(quant_bytes from, int up, uint8_t mask)
{
    quant_pairs pairs = (quant_pairs)from;
    return (quant_bytes)(up < 0 ? pairs >> -up : pairs << up) & mask;
}

INLINE float quant_half(const unsigned char *at)
{
    uint16_t half;
    memcpy(&half, at, sizeof half);
#if defined(__AVX2__) && defined(__F16C__)
    return _cvtsh_ss(half);
#else
    return f16_to_f32(half);
#endif
}

INLINE uint32_t quant_u32(const unsigned char *at)
{
    uint32_t bits;
    memcpy(&bits, at, sizeof bits);
    return bits;
}

/* 16 for each of 32 elements whose bit is set. */
INLINE quant_bytes quant_fifth(uint32_t bits)
{
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    return (quant_bytes)_mm256_maskz_set1_epi8(bits, 16);
#else
    const quant_bytes places = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128,
                                1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    quant_bytes spread;
#if defined(__AVX2__)
    const __m256i byte_of = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    spread = (quant_bytes)_mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), byte_of);
#else
    for (int i = 0; i < QUANT_SMALL; i++)
        spread[i] = (uint8_t)(bits >> i / 8 * 8);
#endif
    return (quant_bytes)((spread & places) != 0) & 16;
#endif
}

/* 16 bytes `low`: their low halves are elements 0 to 15, the high ones 16 to 31. */
INLINE quant_bytes quant_nibbles(const unsigned char *low)
{
    typedef uint8_t bytes __attribute__((vector_size(16)));
    typedef uint16_t pairs __attribute__((vector_size(16)));
    bytes both;
    memcpy(&both, low, sizeof both);
    bytes high = (bytes)((pairs)both >> 4);
    return __builtin_shufflevector(both, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
                                   18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31) &
           15;
}

INLINE void quant_take_q4_0(const unsigned char *block, struct quant_block *out)
{
    out->scale[0] = quant_half(block);
    quant_store(out->q, quant_nibbles(block + 2) - 8);
}

INLINE void quant_take_q4_1(const unsigned char *block, struct quant_block *out)
{
    out->scale[0] = quant_half(block);
    out->offset[0] = quant_half(block + 2);
    quant_store(out->q, quant_nibbles(block + 4));
}

INLINE void quant_take_q5_0(const unsigned char *block, struct quant_block *out)
{
    out->scale[0] = quant_half(block);
    quant_store(out->q, (quant_nibbles(block + 6) | quant_fifth(quant_u32(block + 2))) - 16);
}

INLINE void quant_take_q5_1(const unsigned char *block, struct quant_block *out)
{
    out->scale[0] = quant_half(block);
    out->offset[0] = quant_half(block + 2);
    quant_store(out->q, quant_nibbles(block + 8) | quant_fifth(quant_u32(block + 4)));
}

/* d, then 32 signed bytes. */
INLINE void quant_take_q8_0(const unsigned char *block, struct quant_block *out)
{
    out->scale[0] = quant_half(block);
    memcpy(out->q, block + 2, QUANT_SMALL);
}

/* d, m, and eight pairs of 6-bit numbers in 12 bytes: the first four in the low bits of bytes 0 to 3 and 4 to
 * 7, the others with 4 bits in bytes 8 to 11 and 2 in the high bits of the bytes before. */
enum { QUANT_PAIRS = 8 };
INLINE void quant_take_pairs(const unsigned char *block, int8_t numbers[2 * QUANT_PAIRS])
{
    uint32_t first = quant_u32(block + 4), second = quant_u32(block + 8), third = quant_u32(block + 12);
    uint32_t packed[4] = {first & 0x3f3f3f3f, (third & 0x0f0f0f0f) | (first >> 6 & 0x03030303) << 4,
                          second & 0x3f3f3f3f, (third >> 4 & 0x0f0f0f0f) | (second >> 6 & 0x03030303) << 4};
    memcpy(numbers, packed, sizeof packed);
}

INLINE void quant_take_scales(const unsigned char *block, struct quant_block *out)
{
    float d = quant_half(block), m = quant_half(block + 2);
    int8_t numbers[2 * QUANT_PAIRS];
    float floats[2 * QUANT_PAIRS];
    quant_take_pairs(block, numbers);
    for (int i = 0; i < 2 * QUANT_PAIRS; i += LANES)
        vec_store(floats + i, vec_load_i8(numbers + i));
    for (int i = 0; i < QUANT_PAIRS; i++) {
        out->scale[i] = d * floats[i];
        out->offset[i] = -m * floats[QUANT_PAIRS + i];
    }
}

/* 4 bits an element: of 64 elements the first 32 in the low halves of 32 bytes, the others in the high ones.
 * `high` has the fifth bits of Q5_K, bit g of a byte for group g, or is NULL. */
INLINE void quant_take_q4_or_q5(const unsigned char *low, const unsigned char *high, int8_t *q)
{
    for (int group = 0; group < QUANT_SUPER / QUANT_SMALL; group++) {
        quant_bytes bytes = quant_load(low + group / 2 * QUANT_SMALL);
        quant_bytes bits = quant_bits(bytes, group % 2 ? -4 : 0, 15);
        if (high)
            bits |= quant_bits(quant_load(high), 4 - group, 16);
        quant_store(q + group * QUANT_SMALL, bits);
    }
}

INLINE void quant_take_q4_k(const unsigned char *block, struct quant_block *out)
{
    quant_take_scales(block, out);
    quant_take_q4_or_q5(block + 16, NULL, out->q);
}

INLINE void quant_take_q5_k(const unsigned char *block, struct quant_block *out)
{
    quant_take_scales(block, out);
    quant_take_q4_or_q5(block + 48, block + 16, out->q);
}

/* 128 bytes of low 4 bits, 64 of high 2, 16 signed scales, d. Each half of the block, 128 elements, has 64
 * and 32 of these bytes and 8 scales: element i of its part p (32 elements) has its low bits in byte i, or 32
 * + i in odd parts, and its high ones in byte i. */
INLINE void quant_take_q6_k(const unsigned char *block, struct quant_block *out)
{
    for (int i = 0; i < QUANT_SUPER / QUANT_SMALL; i++) {
        int half = i / 4, part = i % 4;
        quant_bytes low = quant_load(block + half * 64 + part % 2 * QUANT_SMALL);
        quant_bytes high = quant_load(block + 128 + half * QUANT_SMALL);
        quant_bytes bits = quant_bits(low, part < 2 ? 0 : -4, 15) | quant_bits(high, 4 - 2 * part, 0x30);
        quant_store(out->q + i * QUANT_SMALL, bits - 32);
    }
    vec d = vec_all(quant_half(block + 208));
    int8_t scales[QUANT_GROUPS_MAX];
    memcpy(scales, block + 192, sizeof scales);
    for (int i = 0; i < QUANT_GROUPS_MAX; i += LANES)
        vec_store(out->scale + i, d * vec_load_i8(scales + i));
}

#endif
