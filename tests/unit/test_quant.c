/* test_quant.c - blocks of every tensor type, written by hand, and the numbers that they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdint.h>
#include <string.h>

#include "lm/kernels.h"
#include "lm/quant.h"

enum { BYTES_MAX = 256, SUPER = 256 };
enum {
    HALF_ONE = 0x3c00,
    HALF_TWO = 0x4000,
    HALF_HALF = 0x3800,
    HALF_QUARTER = 0x3400,
    HALF_MINUS_THREE = 0xc200
};

static void put_half(unsigned char *at, uint16_t half)
{
    memcpy(at, &half, sizeof half);
}

/* By every instruction set of this CPU alike: two blocks, of which the second begins at an odd address where
 * the first has an odd size or `shift` is 1.
 */
static void expand(enum gguf_tensor_type type, const unsigned char *block, size_t bytes, int elements,
                   float *out)
{
    static const char *const names[] = {"plain", "avx2", "avx512"};
    unsigned char twice[2 * BYTES_MAX + 1];
    float both[2 * SUPER], first[2 * SUPER];
    for (size_t way = 0; way < 2 * sizeof names / sizeof *names; way++) {
        const struct lm_kernels *kernels = lm_kernels_named(names[way / 2]);
        size_t shift = way % 2;
        if (!kernels)
            continue;
        memcpy(twice + shift, block, bytes);
        memcpy(twice + shift + bytes, block, bytes);
        kernels->expand((int)type, twice + shift, 2 * (size_t)elements, both);
        assert_memory_equal(both, both + elements, (size_t)elements * sizeof *both);
        if (way == 0)
            memcpy(first, both, sizeof both);
        assert_memory_equal(first, both, 2 * (size_t)elements * sizeof *both);
    }
    memcpy(out, both, (size_t)elements * sizeof *out);
}

static void floats_of_16_bits_widen(void **state)
{
    (void)state;
    float out[3];
    const uint16_t halves[3] = {HALF_ONE, HALF_MINUS_THREE, 1};
    const uint16_t uppers[3] = {0x3f80, 0xc040, 0x4049};
    quant_expand(GGUF_TENSOR_F16, halves, 3, out);
    assert_true(out[0] == 1 && out[1] == -3 && out[2] == 0x1p-24f);
    quant_expand(GGUF_TENSOR_BF16, uppers, 3, out);
    assert_true(out[0] == 1 && out[1] == -3 && out[2] == 3.140625f);
    uint16_t many[37];
    float wide[37];
    for (int i = 0; i < 37; i++)
        many[i] = (uint16_t)(HALF_ONE + i);
    quant_expand(GGUF_TENSOR_F16, many, 37, wide);
    for (int i = 0; i < 37; i++)
        assert_true(wide[i] == 1 + (float)i * 0x1p-10f);
}

static void q8_0_scales_signed_bytes(void **state)
{
    (void)state;
    unsigned char block[34];
    float out[32];
    put_half(block, HALF_HALF);
    for (int i = 0; i < 32; i++)
        block[2 + i] = (unsigned char)(8 * i - 128);
    expand(GGUF_TENSOR_Q8_0, block, sizeof block, 32, out);
    for (int i = 0; i < 32; i++)
        assert_true(out[i] == 0.5f * (float)(8 * i - 128));
}

/* Byte i of the four-bit types holds i for element i and 15 - i for element 16 + i. */
static void put_nibbles(unsigned char *at)
{
    for (int i = 0; i < 16; i++)
        at[i] = (unsigned char)(i | (15 - i) << 4);
}

static int nibble(int element)
{
    return element < 16 ? element : 31 - element;
}

static void q4_0_is_less_8_and_scaled(void **state)
{
    (void)state;
    unsigned char block[18];
    float out[32];
    put_half(block, HALF_TWO);
    put_nibbles(block + 2);
    expand(GGUF_TENSOR_Q4_0, block, sizeof block, 32, out);
    assert_true(out[0] == -16 && out[15] == 14 && out[16] == 14 && out[31] == -16);
    for (int i = 0; i < 32; i++)
        assert_true(out[i] == 2.0f * (float)(nibble(i) - 8));
}

static void q4_1_is_scaled_and_lifted_by_a_minimum(void **state)
{
    (void)state;
    unsigned char block[20];
    float out[32];
    put_half(block, HALF_TWO);
    put_half(block + 2, HALF_MINUS_THREE);
    put_nibbles(block + 4);
    expand(GGUF_TENSOR_Q4_1, block, sizeof block, 32, out);
    for (int i = 0; i < 32; i++)
        assert_true(out[i] == 2.0f * (float)nibble(i) - 3.0f);
}

/* The fifth bit of elements 0, 3, 6, .. */
static const unsigned char thirds[4] = {0x49, 0x92, 0x24, 0x49};

static void q5_0_and_q5_1_have_a_fifth_bit(void **state)
{
    (void)state;
    unsigned char less[22], lifted[24];
    float out[32];
    put_half(less, HALF_HALF);
    memcpy(less + 2, thirds, sizeof thirds);
    put_nibbles(less + 6);
    expand(GGUF_TENSOR_Q5_0, less, sizeof less, 32, out);
    for (int i = 0; i < 32; i++)
        assert_true(out[i] == 0.5f * (float)(nibble(i) + (i % 3 ? 0 : 16) - 16));
    put_half(lifted, HALF_HALF);
    put_half(lifted + 2, HALF_MINUS_THREE);
    memcpy(lifted + 4, thirds, sizeof thirds);
    put_nibbles(lifted + 8);
    expand(GGUF_TENSOR_Q5_1, lifted, sizeof lifted, 32, out);
    for (int i = 0; i < 32; i++)
        assert_true(out[i] == 0.5f * (float)(nibble(i) + (i % 3 ? 0 : 16)) - 3.0f);
}

/* Scales and minima of the eight groups of Q4_K and Q5_K, and the twelve bytes that hold them. */
static const int scales[8] = {1, 2, 3, 4, 0x15, 0x26, 0x37, 0x08};
static const int minima[8] = {5, 6, 7, 8, 0x39, 0x2a, 0x1b, 0x0c};
static const unsigned char packed_scales[12] = {0x41, 0x82, 0xc3, 0x04, 0xc5, 0x86,
                                                0x47, 0x08, 0x95, 0xa6, 0xb7, 0xc8};

/* Four bits of every element: byte j holds j % 16 for an even group and (3 + j / 8) % 16 for the odd one. */
static void put_super_nibbles(unsigned char *at)
{
    for (int j = 0; j < 128; j++)
        at[j] = (unsigned char)(j % 16 | (3 + j / 8) % 16 << 4);
}

static int super_nibble(int group, int i)
{
    int j = group / 2 * 32 + i;
    return group % 2 ? (3 + j / 8) % 16 : j % 16;
}

static void q4_k_has_a_scale_and_a_minimum_for_each_32(void **state)
{
    (void)state;
    unsigned char block[144];
    float out[SUPER];
    put_half(block, HALF_HALF);
    put_half(block + 2, HALF_QUARTER);
    memcpy(block + 4, packed_scales, sizeof packed_scales);
    put_super_nibbles(block + 16);
    expand(GGUF_TENSOR_Q4_K, block, sizeof block, SUPER, out);
    assert_true(out[0] == -1.25f);          /* 0.5 * 1 * 0 - 0.25 * 5 */
    assert_true(out[33] == 1.5f);           /* 0.5 * 2 * 3 - 0.25 * 6 */
    assert_true(out[4 * 32 + 1] == -3.75f); /* 0.5 * 21 * 1 - 0.25 * 57 */
    assert_true(out[7 * 32 + 31] == 5.0f);  /* 0.5 * 8 * 2 - 0.25 * 12 */
    for (int group = 0; group < 8; group++)
        for (int i = 0; i < 32; i++)
            assert_true(out[group * 32 + i] == 0.5f * (float)(scales[group] * super_nibble(group, i)) -
                                                   0.25f * (float)minima[group]);
}

static void q5_k_has_a_fifth_bit_besides(void **state)
{
    (void)state;
    unsigned char block[176];
    float out[SUPER];
    put_half(block, HALF_HALF);
    put_half(block + 2, HALF_QUARTER);
    memcpy(block + 4, packed_scales, sizeof packed_scales);
    for (int i = 0; i < 32; i++)
        block[16 + i] = (unsigned char)(1 << i % 8); /* the group whose element i has it */
    put_super_nibbles(block + 48);
    expand(GGUF_TENSOR_Q5_K, block, sizeof block, SUPER, out);
    for (int group = 0; group < 8; group++)
        for (int i = 0; i < 32; i++) {
            int q = super_nibble(group, i) + (i % 8 == group ? 16 : 0);
            assert_true(out[group * 32 + i] ==
                        0.5f * (float)(scales[group] * q) - 0.25f * (float)minima[group]);
        }
}

/* Element 128 h + 32 p + i of the block is 6 bits: 4 low ones and 2 high ones, less 32. */
static int six_bits(int h, int p, int i)
{
    return (i + 5 * p + 7 * h) % 64;
}

static void q6_k_has_a_signed_scale_for_each_16(void **state)
{
    (void)state;
    unsigned char block[210] = {0};
    float out[SUPER];
    for (int h = 0; h < 2; h++)
        for (int i = 0; i < 32; i++) {
            unsigned char *low = block + 64 * h, *high = block + 128 + 32 * h;
            low[i] = (unsigned char)(six_bits(h, 0, i) % 16 | six_bits(h, 2, i) % 16 << 4);
            low[32 + i] = (unsigned char)(six_bits(h, 1, i) % 16 | six_bits(h, 3, i) % 16 << 4);
            high[i] = (unsigned char)(six_bits(h, 0, i) / 16 | six_bits(h, 1, i) / 16 << 2 |
                                      six_bits(h, 2, i) / 16 << 4 | six_bits(h, 3, i) / 16 << 6);
        }
    for (int i = 0; i < 16; i++)
        block[192 + i] = (unsigned char)(i % 2 ? -i : i + 100);
    put_half(block + 208, HALF_HALF);
    expand(GGUF_TENSOR_Q6_K, block, sizeof block, SUPER, out);
    assert_true(out[0] == -1600.0f);  /* 0.5 * 100 * (0 - 32) */
    assert_true(out[16] == 8.0f);     /* 0.5 * -1 * (16 - 32) */
    assert_true(out[255] == -157.5f); /* 0.5 * -15 * (31 + 15 + 7 - 32) */
    for (int at = 0; at < SUPER; at++) {
        int scale = at / 16 % 2 ? -(at / 16) : at / 16 + 100;
        assert_true(out[at] == 0.5f * (float)(scale * (six_bits(at / 128, at / 32 % 4, at % 32) - 32)));
    }
}

static void every_type_has_its_block_in_the_table(void **state)
{
    (void)state;
    const unsigned char zeros[BYTES_MAX] = {0};
    float out[SUPER];
#define X(name, number, elements, bytes)                                                                     \
    memset(out, 0xff, sizeof out);                                                                           \
    expand(GGUF_TENSOR_##name, zeros, bytes, elements, out);                                                 \
    for (int i = 0; i < (elements); i++)                                                                     \
        assert_true(out[i] == 0);
    GGUF_TENSOR_TYPES(X)
#undef X
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_of_16_bits_widen),
        cmocka_unit_test(q8_0_scales_signed_bytes),
        cmocka_unit_test(q4_0_is_less_8_and_scaled),
        cmocka_unit_test(q4_1_is_scaled_and_lifted_by_a_minimum),
        cmocka_unit_test(q5_0_and_q5_1_have_a_fifth_bit),
        cmocka_unit_test(q4_k_has_a_scale_and_a_minimum_for_each_32),
        cmocka_unit_test(q5_k_has_a_fifth_bit_besides),
        cmocka_unit_test(q6_k_has_a_signed_scale_for_each_16),
        cmocka_unit_test(every_type_has_its_block_in_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
