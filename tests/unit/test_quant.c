/* test_quant.c - blocks of every tensor type, written by hand, and the numbers that they stand for; products
 * with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/rng.h"
#include "kernels/kernels.h"
#include "gguf/gguf.h"
#include "kernels/quant.h"

enum { BYTES_MAX = 256, SUPER = 256 };
enum {
    HALF_ONE = 0x3c00,
    HALF_TWO = 0x4000,
    HALF_HALF = 0x3800,
    HALF_QUARTER = 0x3400,
    HALF_MINUS_THREE = 0xc200
};

static const char *const sets[] = {"plain", "avx2", "avx512"};
enum { SETS = sizeof sets / sizeof *sets };

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
    unsigned char twice[2 * BYTES_MAX + 1];
    float both[2 * SUPER], first[2 * SUPER];
    for (size_t way = 0; way < 2 * SETS; way++) {
        const struct lm_kernels *kernels = lm_kernels_named(sets[way / 2]);
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

/* --- products ------------------------------------------------------------------------------------------ */

static const struct type {
    enum gguf_tensor_type type;
    int elements, bytes;
    int halves[2]; /* where the block has f16 numbers; the same twice where it has one */
} types[] = {{GGUF_TENSOR_F32, 1, 4, {0, 0}},           {GGUF_TENSOR_F16, 1, 2, {0, 0}},
             {GGUF_TENSOR_BF16, 1, 2, {0, 0}},          {GGUF_TENSOR_Q4_0, 32, 18, {0, 0}},
             {GGUF_TENSOR_Q4_1, 32, 20, {0, 2}},        {GGUF_TENSOR_Q5_0, 32, 22, {0, 0}},
             {GGUF_TENSOR_Q5_1, 32, 24, {0, 2}},        {GGUF_TENSOR_Q8_0, 32, 34, {0, 0}},
             {GGUF_TENSOR_Q4_K, SUPER, 144, {0, 2}},    {GGUF_TENSOR_Q5_K, SUPER, 176, {0, 2}},
             {GGUF_TENSOR_Q6_K, SUPER, 210, {208, 208}}};
enum { TYPES = sizeof types / sizeof *types, K_MAX = 3 * SUPER, WEIGHT_ROWS = 3 };

/* What a caller of `dots` prepares: LM_DOT_ROWS rows of k numbers. */
struct rounded {
    float plain[LM_DOT_ROWS][K_MAX];
    int16_t numbers[LM_DOT_ROWS][K_MAX];
    float scales[LM_DOT_ROWS][K_MAX / LM_DOT_GROUP], sums[LM_DOT_ROWS][K_MAX / LM_DOT_GROUP];
    struct lm_dot_row rows[LM_DOT_ROWS];
};

static void round_rows(const struct lm_kernels *kernels, struct rounded *x, int k)
{
    for (int row = 0; row < LM_DOT_ROWS; row++) {
        kernels->dot_round(x->plain[row], k, x->numbers[row], x->scales[row], x->sums[row]);
        x->rows[row] = (struct lm_dot_row){x->plain[row], x->numbers[row], x->scales[row], x->sums[row]};
    }
}

/* Any bytes, but scales of which no product is infinite. */
static void fill_blocks(const struct type *type, int blocks, unsigned char *out, struct rng *rng)
{
    for (int i = 0; i < blocks * type->bytes; i++)
        out[i] = (unsigned char)rng_below(rng, 256);
    for (int i = 0; i < blocks; i++) {
        unsigned char *block = out + i * type->bytes;
        if (type->type == GGUF_TENSOR_F32)
            memcpy(block, &(float){(float)rng_normal(rng)}, sizeof(float));
        else if (type->type == GGUF_TENSOR_BF16)
            put_half(block, (uint16_t)(0x3e00 + rng_below(rng, 0x200)));
        else
            for (int h = 0; h < 2; h++)
                put_half(block + type->halves[h], (uint16_t)(0x2c00 + rng_below(rng, 0x1000)));
    }
}

/* With an odd number of blocks, and one stretch more than whole ones of the types without blocks. */
static void check_dots(const struct lm_kernels *kernels, const struct type *type, struct rounded *x,
                       struct rng *rng)
{
    static unsigned char weights[WEIGHT_ROWS * K_MAX * 4 + 1];
    static float expanded[WEIGHT_ROWS * K_MAX];
    int k = type->elements == SUPER ? K_MAX
            : type->elements == 32  ? 5 * 32
                                    : 300,
        blocks = k / type->elements;
    fill_blocks(type, WEIGHT_ROWS * blocks, weights + 1, rng);
    kernels->expand((int)type->type, weights + 1, (size_t)(WEIGHT_ROWS * k), expanded);
    round_rows(kernels, x, k);
    for (int rows = 1; rows <= LM_DOT_ROWS; rows++) {
        float y[LM_DOT_ROWS][WEIGHT_ROWS + 1];
        struct lm_dots dots = {.type = (int)type->type,
                               .weights_stride = (size_t)(blocks * type->bytes),
                               .k = k,
                               .rows = rows,
                               .x = x->rows,
                               .y_stride = WEIGHT_ROWS + 1};
        kernels->dots(&dots, weights + 1, WEIGHT_ROWS, y[0]);
        for (int row = 0; row < rows; row++)
            for (int i = 0; i < WEIGHT_ROWS; i++) {
                double wanted = 0, size = 0;
                for (int j = 0; j < k; j++) {
                    double product = (double)expanded[i * k + j] * (double)x->plain[row][j];
                    wanted += product;
                    size += fabs(product);
                }
                if (!(fabs((double)y[row][i] - wanted) <= 3e-5 * size))
                    fail_msg("%s, %s, %d rows, element %d of row %d: %g, not %g", kernels->name,
                             gguf_tensor_type_name(type->type), rows, i, row, (double)y[row][i], wanted);
            }
    }
}

static void products_with_packed_rows_are_those_with_expanded_ones(void **state)
{
    (void)state;
    static struct rounded x;
    struct rng rng;
    rng_init(&rng, 3);
    for (int row = 0; row < LM_DOT_ROWS; row++)
        for (int i = 0; i < K_MAX; i++)
            x.plain[row][i] = (float)rng_normal(&rng);
    for (size_t set = 0; set < SETS; set++)
        for (int type = 0; type < TYPES && lm_kernels_named(sets[set]); type++)
            check_dots(lm_kernels_named(sets[set]), &types[type], &x, &rng);
}

/* Nothing, next to nothing, and no number: each keeps to its own group. */
static void groups_are_rounded_under_their_own_scale(void **state)
{
    (void)state;
    enum { GROUPS = 5 };
    float x[GROUPS * LM_DOT_GROUP] = {0}, t[GROUPS], sums[GROUPS];
    int16_t numbers[GROUPS * LM_DOT_GROUP];
    x[LM_DOT_GROUP] = 1e-42f;
    x[2 * LM_DOT_GROUP + 3] = INFINITY;
    x[3 * LM_DOT_GROUP + 1] = -2;
    x[3 * LM_DOT_GROUP + 2] = 1;
    x[4 * LM_DOT_GROUP] = 3e38f;
    for (size_t set = 0; set < SETS; set++) {
        if (!lm_kernels_named(sets[set]))
            continue;
        lm_kernels_named(sets[set])->dot_round(x, GROUPS * LM_DOT_GROUP, numbers, t, sums);
        for (int i = 0; i < 3 * LM_DOT_GROUP; i++)
            assert_int_equal(numbers[i], 0);
        assert_true(t[0] == 0 && isnan(t[2]));
        assert_int_equal(numbers[3 * LM_DOT_GROUP + 1], -32767);
        assert_int_equal(numbers[3 * LM_DOT_GROUP + 2], 16384); /* 16,383.5, to even */
        assert_true(sums[3] == -1 && fabsf(t[3] * 32767 - 2) < 1e-6f);
        assert_int_equal(numbers[4 * LM_DOT_GROUP], 32767);
    }
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
        cmocka_unit_test(products_with_packed_rows_are_those_with_expanded_ones),
        cmocka_unit_test(groups_are_rounded_under_their_own_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
