/* quant.c - blocks of quantised numbers to f32; see quant.h for where the formats come from. Compiled once
 * per instruction set, like the kernels.
 *
 * Q8_0 and the types of 4 and 5 bits scale 32 whole numbers by one f16. The K types pack 256 numbers: one or
 * two f16 scale eight or sixteen small whole numbers, and those scale 32 or 16 numbers each. Letters as in
 * the source: d scales, m is the minimum. */
#include "lm/gguf.h"
#include "lm/kernels_impl.h"

enum { SMALL = 32, SUPER = 256 }; /* elements of a block */

static float half_at(const unsigned char *at)
{
    uint16_t half;
    memcpy(&half, at, sizeof half);
    return f16_to_f32(half);
}

static void expand_f16(const unsigned char *from, size_t count, float *out)
{
    uint16_t halves[LANES];
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        memcpy(halves, from + 2 * i, sizeof halves);
        vec_store(out + i, vec_load_f16(halves));
    }
    for (; i < count; i++)
        out[i] = half_at(from + 2 * i);
}

static void expand_bf16(const unsigned char *from, size_t count, float *out)
{
    uint16_t half;
    for (size_t i = 0; i < count; i++) {
        memcpy(&half, from + 2 * i, sizeof half);
        out[i] = bf16_to_f32(half);
    }
}

/* d, then 32 signed bytes. */
static void expand_q8_0(const unsigned char *block, float *out)
{
    float d = half_at(block);
    for (int i = 0; i < SMALL; i++)
        out[i] = d * (float)(int8_t)block[2 + i];
}

/* 16 bytes `low`: their low halves are elements 0 to 15, the high ones 16 to 31. `fifth` has a fifth bit of
 * each. */
INLINE void expand_small(float d, int zero, float m, uint32_t fifth, const unsigned char *low, float *out)
{
    for (int i = 0; i < SMALL / 2; i++) {
        int q = (low[i] & 15) | (int)(fifth >> i & 1) << 4;
        out[i] = d * (float)(q - zero) + m;
    }
    for (int i = 0; i < SMALL / 2; i++) {
        int q = low[i] >> 4 | (int)(fifth >> (i + SMALL / 2) & 1) << 4;
        out[i + SMALL / 2] = d * (float)(q - zero) + m;
    }
}

INLINE uint32_t bits_at(const unsigned char *at)
{
    uint32_t bits;
    memcpy(&bits, at, sizeof bits);
    return bits;
}

static void expand_q4_0(const unsigned char *block, float *out)
{
    expand_small(half_at(block), 8, 0, 0, block + 2, out);
}

static void expand_q4_1(const unsigned char *block, float *out)
{
    expand_small(half_at(block), 0, half_at(block + 2), 0, block + 4, out);
}

static void expand_q5_0(const unsigned char *block, float *out)
{
    expand_small(half_at(block), 16, 0, bits_at(block + 2), block + 6, out);
}

static void expand_q5_1(const unsigned char *block, float *out)
{
    expand_small(half_at(block), 0, half_at(block + 2), bits_at(block + 4), block + 8, out);
}

/* Eight pairs of 6-bit numbers in 12 bytes: the first four in the low bits of bytes 0 to 3 and 4 to 7, the
 * others with 4 bits in bytes 8 to 11 and 2 in the high bits of the bytes before. */
INLINE void scale_and_min(const unsigned char *packed, int group, int *scale, int *min)
{
    if (group < 4) {
        *scale = packed[group] & 63;
        *min = packed[group + 4] & 63;
    } else {
        *scale = (packed[group + 4] & 15) | packed[group - 4] >> 6 << 4;
        *min = packed[group + 4] >> 4 | packed[group] >> 6 << 4;
    }
}

/* d, m, 12 bytes of scales and minima, `high` with the fifth bits of Q5_K or NULL, and 4 bits an element: of
 * 64 elements the first 32 in the low halves of 32 bytes, the others in the high ones. */
INLINE void expand_q4_or_q5(const unsigned char *block, const unsigned char *high, const unsigned char *low,
                            float *out)
{
    float d = half_at(block), m = half_at(block + 2);
    for (int group = 0; group < SUPER / SMALL; group++) {
        int scale, min, shift = group % 2 * 4;
        scale_and_min(block + 4, group, &scale, &min);
        float group_d = d * (float)scale, group_m = m * (float)min;
        const unsigned char *bytes = low + group / 2 * SMALL;
        for (int i = 0; i < SMALL; i++) {
            int q = (bytes[i] >> shift & 15) | (high ? (high[i] >> group & 1) << 4 : 0);
            out[group * SMALL + i] = group_d * (float)q - group_m;
        }
    }
}

static void expand_q4_k(const unsigned char *block, float *out)
{
    expand_q4_or_q5(block, NULL, block + 16, out);
}

static void expand_q5_k(const unsigned char *block, float *out)
{
    expand_q4_or_q5(block, block + 16, block + 48, out);
}

/* 16 elements of Q6_K: 4 bits of each byte of `low` from `low_shift` on, 2 of each of `high`. */
INLINE void expand_sixteen(float d, const unsigned char *low, int low_shift, const unsigned char *high,
                           int high_shift, float *out)
{
    for (int i = 0; i < 16; i++) {
        int q = (low[i] >> low_shift & 15) | (high[i] >> high_shift & 3) << 4;
        out[i] = d * (float)(q - 32);
    }
}

/* 128 bytes of low 4 bits, 64 of high 2, 16 signed scales, d. Each half of the block, 128 elements, has 64
 * and 32 of these bytes and 8 scales: element i of its part p (32 elements) has its low bits in byte i, or 32
 * + i in odd parts, and its high ones in byte i. */
static void expand_q6_k(const unsigned char *block, float *out)
{
    float d = half_at(block + 208);
    for (int i = 0; i < SUPER / 16; i++) {
        int half = i / 8, p = i / 2 % 4, within = i % 2 * 16;
        const unsigned char *low = block + half * 64 + p % 2 * SMALL + within;
        const unsigned char *high = block + 128 + half * SMALL + within;
        expand_sixteen(d * (float)(int8_t)block[192 + i], low, p / 2 * 4, high, 2 * p, out + i * 16);
    }
}

void KERNEL(expand)(int type, const void *from, size_t count, float *out)
{
    static const struct {
        void (*expand)(const unsigned char *block, float *out);
        size_t elements, bytes;
    } blocks[] = {
        [GGUF_TENSOR_Q4_0] = {expand_q4_0, SMALL, 18},  [GGUF_TENSOR_Q4_1] = {expand_q4_1, SMALL, 20},
        [GGUF_TENSOR_Q5_0] = {expand_q5_0, SMALL, 22},  [GGUF_TENSOR_Q5_1] = {expand_q5_1, SMALL, 24},
        [GGUF_TENSOR_Q8_0] = {expand_q8_0, SMALL, 34},  [GGUF_TENSOR_Q4_K] = {expand_q4_k, SUPER, 144},
        [GGUF_TENSOR_Q5_K] = {expand_q5_k, SUPER, 176}, [GGUF_TENSOR_Q6_K] = {expand_q6_k, SUPER, 210},
    };
    const unsigned char *bytes = from;
    if (type == GGUF_TENSOR_F32)
        memcpy(out, from, count * sizeof *out);
    else if (type == GGUF_TENSOR_F16)
        expand_f16(bytes, count, out);
    else if (type == GGUF_TENSOR_BF16)
        expand_bf16(bytes, count, out);
    else
        for (size_t i = 0; i < count / blocks[type].elements; i++)
            blocks[type].expand(bytes + i * blocks[type].bytes, out + i * blocks[type].elements);
}
