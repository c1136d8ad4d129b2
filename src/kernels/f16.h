/* f16.h - 16-bit floats to f32 and back, one value at a time.
 *
 * f16 is IEEE 754 binary16 (5 bits of exponent, 10 of mantissa); bf16 is the upper half of an f32 (8 bits of
 * exponent, 7 of mantissa). Narrowing rounds to nearest, ties to even; infinities stay, NaNs stay NaNs. The
 * functions have no branches that a compiler cannot turn into selects, so a loop over them vectorises. */
#ifndef KERNELS_F16_H
#define KERNELS_F16_H

#include <stdint.h>
#include <string.h>

static inline uint32_t f32_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float f32_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float f16_to_f32(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t exponent = (half >> 10) & 0x1fu;
    uint32_t mantissa = half & 0x3ffu;
    uint32_t wide = exponent == 31 ? 255 : exponent + 112; /* the biases are 15 and 127 */
    uint32_t normal = wide << 23 | mantissa << 13;
    uint32_t subnormal = f32_bits((float)(int32_t)mantissa * 0x1p-24f);
    return f32_from_bits(sign | (exponent ? normal : subnormal));
}

static inline uint16_t f32_to_f16(float value)
{
    uint32_t bits = f32_bits(value);
    uint32_t sign = (bits >> 16) & 0x8000u;
    uint32_t size = bits & 0x7fffffffu;
    /* Adding half a unit less one, plus the lowest kept bit, carries exactly when rounding to even is up. */
    uint32_t normal = (size + 0xfffu + ((size >> 13) & 1u) - (112u << 23)) >> 13;
    /* One unit in the last place of 0.5f + x is 2^-24, the step of f16 subnormals: the addition rounds. */
    float small = size < 0x38800000u ? f32_from_bits(size) : 0.0f;
    uint32_t subnormal = f32_bits(small + 0.5f) - 0x3f000000u;
    uint32_t half = size < 0x38800000u ? subnormal : normal; /* 2^-14, the smallest normal f16 */
    half = size >= 0x477ff000u ? 0x7c00u : half;             /* 65,520 and more round to infinity */
    half = size > 0x7f800000u ? 0x7e00u | ((size >> 13) & 0x3ffu) : half;
    return (uint16_t)(sign | half);
}

static inline float bf16_to_f32(uint16_t half)
{
    return f32_from_bits((uint32_t)half << 16);
}

static inline uint16_t f32_to_bf16(float value)
{
    uint32_t bits = f32_bits(value);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    uint32_t quiet = bits >> 16 | 0x40u; /* a NaN must not round up into an infinity */
    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
}

#endif
