/* test_qgemm.c - products with quantised weights as whole numbers: every kernel of this CPU against the plain
 * one, bit for bit, and that one against the weights as they are expanded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "kernels/kernels.h"
#include "products/qgemm_impl.h"
#include "products/qgemm.h"
#include "kernels/quant.h"

static struct ponder_err err;

static const struct type {
    enum gguf_tensor_type type;
    int elements, bytes;
    int halves[2]; /* where the block has f16 numbers; the same twice where it has one */
} types[] = {{GGUF_TENSOR_Q4_0, 32, 18, {0, 0}},   {GGUF_TENSOR_Q4_1, 32, 20, {0, 2}},
             {GGUF_TENSOR_Q5_0, 32, 22, {0, 0}},   {GGUF_TENSOR_Q5_1, 32, 24, {0, 2}},
             {GGUF_TENSOR_Q8_0, 32, 34, {0, 0}},   {GGUF_TENSOR_Q4_K, 256, 144, {0, 2}},
             {GGUF_TENSOR_Q5_K, 256, 176, {0, 2}}, {GGUF_TENSOR_Q6_K, 256, 210, {208, 208}}};
enum { TYPES = sizeof types / sizeof *types };

static const char *const kernels[] = {"plain", "avx2", "avxvnni", "avx512", "amx"};
enum { KERNELS = sizeof kernels / sizeof *kernels };

/* A matrix of up to three tensors in memory, and rows to multiply it by. */
struct problem {
    struct gguf_tensor tensors[LM_MATRIX_PARTS_MAX];
    struct lm_matrix w;
    unsigned char *data[LM_MATRIX_PARTS_MAX];
    int rows;
    float *x;
};

/* Scales of any kind where `hostile`: NaN, infinities, 0 and numbers below the normal ones among them. */
static uint16_t scale_of(bool hostile, struct rng *rng)
{
    static const uint16_t odd[] = {0x7c00, 0xfc00, 0x7e00, 0xffff, 0, 0x8000, 1, 0x83ff, 0x7bff, 0xfbff};
    if (hostile && rng_below(rng, 4) == 0)
        return odd[rng_below(rng, sizeof odd / sizeof *odd)];
    return (uint16_t)(0x1c00 + rng_below(rng, 0x1000) + rng_below(rng, 2) * 0x8000);
}

/* Any bytes around the scales. */
static void add_tensor(struct problem *p, int type, int rows, int k, bool hostile, struct rng *rng)
{
    const struct type *t = &types[type];
    int at = p->w.part_count++, blocks = rows * (k / t->elements);
    size_t bytes = (size_t)blocks * (size_t)t->bytes;
    unsigned char *data = malloc(bytes);
    assert_non_null(data);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (unsigned char)rng_below(rng, 256);
    for (int i = 0; i < blocks; i++)
        for (int h = 0; h < 2; h++) {
            uint16_t half = scale_of(hostile, rng);
            memcpy(data + (size_t)i * (size_t)t->bytes + t->halves[h], &half, sizeof half);
        }
    p->data[at] = data;
    p->tensors[at] = (struct gguf_tensor){.n_dims = 2,
                                          .dims = {(uint64_t)k, (uint64_t)rows, 1, 1},
                                          .type = t->type,
                                          .data = data,
                                          .bytes = bytes};
    p->w.parts[at] = &p->tensors[at];
    p->w.rows += rows;
    p->w.cols = k;
}

static void set_rows(struct problem *p, int rows, struct rng *rng)
{
    size_t count = (size_t)rows * (size_t)p->w.cols;
    p->rows = rows;
    p->x = malloc(count * sizeof *p->x);
    assert_non_null(p->x);
    for (size_t i = 0; i < count; i++)
        p->x[i] = (float)(rng_normal(rng) * exp(2 * rng_normal(rng)));
}

static void problem_release(struct problem *p)
{
    for (int i = 0; i < p->w.part_count; i++)
        free(p->data[i]);
    free(p->x);
}

/* y (rows, n) by one kernel; the caller frees it. NULL where this CPU lacks it. */
static float *multiply(const struct problem *p, const char *kernel, int threads)
{
    struct qgemm *gemm;
    struct qgemm_weights *w;
    if (qgemm_open(&gemm, kernel, threads, &err))
        return NULL;
    float *y = malloc((size_t)p->rows * (size_t)p->w.rows * sizeof *y);
    assert_non_null(y);
    assert_true(qgemm_takes(&p->w));
    assert_int_equal(qgemm_weights_new(&w, &p->w, threads, &err), 0);
    assert_int_equal(qgemm_weights_bytes(w), qgemm_packed_bytes(&p->w));
    assert_int_equal(qgemm_forward(gemm, w, p->x, p->rows, y, &err), 0);
    qgemm_weights_release(w);
    qgemm_release(gemm);
    return y;
}

static void check_same(const struct problem *p, const char *what, const float *wanted, const float *have)
{
    for (int i = 0; i < p->rows * p->w.rows; i++)
        if (!(have[i] == wanted[i] || (isnan(have[i]) && isnan(wanted[i]))))
            fail_msg("%s, %d columns of %s, row %d, element %d of %d: %.9g, not %.9g", what, p->w.cols,
                     gguf_tensor_type_name(p->tensors[0].type), i / p->w.rows, i % p->w.rows, p->w.rows,
                     (double)have[i], (double)wanted[i]);
}

/* Of many rows in bf16: each product is at most two roundings of 2^-8 away from that of the expanded weights.
 * What is no number by one kernel is none by the other. */
static void check_near(const struct problem *p, const char *what, const float *plain, const float *have)
{
    int n = p->w.rows, k = p->w.cols;
    float *w = malloc((size_t)n * (size_t)k * sizeof *w);
    assert_non_null(w);
    lm_matrix_rows(&p->w, 0, n, w);
    for (int i = 0; i < p->rows * n; i++) {
        const float *x = p->x + (size_t)(i / n) * (size_t)k, *row = w + (size_t)(i % n) * (size_t)k;
        double wanted = 0, size = 0;
        for (int j = 0; j < k; j++) {
            wanted += (double)row[j] * (double)x[j];
            size += fabs((double)row[j] * (double)x[j]);
        }
        if (!(isfinite(plain[i]) ? fabs((double)have[i] - wanted) <= 8e-3 * size + 1e-30
                                 : !isfinite(have[i])))
            fail_msg("%s, %d columns of %s, row %d, element %d: %g, not %g", what, k,
                     gguf_tensor_type_name(p->tensors[0].type), i / n, i % n, (double)have[i], wanted);
    }
    free(w);
}

static bool in_bf16(const char *kernel, int rows)
{
    const struct qgemm_kernel *k = qgemm_kernel_named(kernel);
    return k && k->rows_bf16 && rows >= k->rows_bf16;
}

static void check_kernels(const struct problem *p)
{
    float *plain = multiply(p, "plain", 1);
    for (int i = 1; i < KERNELS; i++) {
        float *y = multiply(p, kernels[i], 1 + i % 2);
        if (y && in_bf16(kernels[i], p->rows))
            check_near(p, kernels[i], plain, y);
        else if (y)
            check_same(p, kernels[i], plain, y);
        free(y);
    }
    free(plain);
}

static int columns_of(int type, struct rng *rng)
{
    return types[type].elements * (int)(1 + rng_below(rng, types[type].elements == 32 ? 20 : 5));
}

static void every_kernel_computes_what_the_plain_one_does(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1);
    for (int type = 0; type < TYPES; type++)
        for (int shape = 0; shape < 12; shape++) {
            struct problem p = {0};
            add_tensor(&p, type, (int)(1 + rng_below(&rng, 70)), columns_of(type, &rng), false, &rng);
            set_rows(&p, shape < 6 ? shape + 1 : (int)(1 + rng_below(&rng, 80)), &rng);
            check_kernels(&p);
            problem_release(&p);
        }
}

static void tensors_of_several_types_make_one_matrix(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 2);
    for (int shape = 0; shape < 12; shape++) {
        struct problem p = {0};
        int k = 256 * (int)(1 + rng_below(&rng, 3));
        for (int i = 0; i < LM_MATRIX_PARTS_MAX; i++)
            add_tensor(&p, (int)rng_below(&rng, TYPES), (int)(1 + rng_below(&rng, 40)), k, false, &rng);
        set_rows(&p, (int)(1 + rng_below(&rng, 20)), &rng);
        check_kernels(&p);
        problem_release(&p);
    }
}

static void hostile_blocks_give_the_same_by_every_kernel(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 3);
    for (int type = 0; type < TYPES; type++)
        for (int shape = 0; shape < 6; shape++) {
            struct problem p = {0};
            add_tensor(&p, type, (int)(1 + rng_below(&rng, 40)), columns_of(type, &rng), true, &rng);
            set_rows(&p, (int)(1 + rng_below(&rng, 24)), &rng);
            check_kernels(&p);
            problem_release(&p);
        }
}

/* x as it is rounded: what the product is of. */
static void round_row(const float *x, int k, float *rounded)
{
    int8_t *numbers = malloc((size_t)k);
    float *scales = malloc((size_t)k / LM_DOT_GROUP * sizeof *scales);
    int32_t *sums = malloc(2 * (size_t)k / LM_DOT_GROUP * sizeof *sums);
    assert_true(numbers && scales && sums);
    lm_kernels_named("plain")->round_i8(x, k, numbers, LM_DOT_GROUP, scales, sums, 1);
    for (int i = 0; i < k; i++)
        rounded[i] = (float)numbers[i] * scales[i / LM_DOT_GROUP];
    free(numbers);
    free(scales);
    free(sums);
}

static void check_against_expanded(const struct problem *p, const float *y)
{
    int n = p->w.rows, k = p->w.cols;
    float *w = malloc((size_t)n * (size_t)k * sizeof *w), *x = malloc((size_t)k * sizeof *x);
    assert_true(w && x);
    lm_matrix_rows(&p->w, 0, n, w);
    for (int row = 0; row < p->rows; row++) {
        round_row(p->x + (size_t)row * (size_t)k, k, x);
        for (int i = 0; i < n; i++) {
            double wanted = 0, size = 0;
            for (int j = 0; j < k; j++) {
                wanted += (double)w[(size_t)i * (size_t)k + (size_t)j] * (double)x[j];
                size += fabs((double)w[(size_t)i * (size_t)k + (size_t)j] * (double)x[j]);
            }
            if (!(fabs((double)y[row * n + i] - wanted) <= 2e-6 * size + 1e-30))
                fail_msg("%s, row %d, element %d: %g, not %g", gguf_tensor_type_name(p->tensors[0].type), row,
                         i, (double)y[row * n + i], wanted);
        }
    }
    free(w);
    free(x);
}

static void a_product_is_that_of_the_expanded_weights_with_the_rounded_rows(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 4);
    for (int type = 0; type < TYPES; type++) {
        struct problem p = {0};
        add_tensor(&p, type, 37, types[type].elements * 5, false, &rng);
        set_rows(&p, 6, &rng);
        float *y = multiply(&p, NULL, 2);
        check_against_expanded(&p, y);
        free(y);
        problem_release(&p);
    }
}

/* With any other rows, as long as their number gives them the same way to be multiplied. */
static void a_row_does_not_depend_on_the_others(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);
    for (int kernel = 0; kernel < KERNELS; kernel++)
        for (int type = 0; type < TYPES; type++) {
            struct problem p = {0};
            add_tensor(&p, type, 50, 512, false, &rng);
            set_rows(&p, 45, &rng);
            int fewer = in_bf16(kernels[kernel], 45) ? 20 : 1;
            float *all = multiply(&p, kernels[kernel], 2);
            for (int row = 0; all && row + fewer <= p.rows; row += 7) {
                struct problem part = p;
                part.rows = fewer;
                part.x = p.x + (size_t)row * (size_t)p.w.cols;
                float *alone = multiply(&part, kernels[kernel], 1);
                assert_memory_equal(alone, all + (size_t)row * (size_t)p.w.rows,
                                    (size_t)(fewer * p.w.rows) * sizeof *alone);
                free(alone);
            }
            free(all);
            problem_release(&p);
        }
}

static void what_is_no_number_stays_in_its_row(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 6);
    for (int kernel = 0; kernel < KERNELS; kernel++) {
        struct problem p = {0};
        add_tensor(&p, kernel % TYPES, 20, 512, false, &rng);
        set_rows(&p, 20, &rng);
        p.x[3 * 512 + 100] = NAN;
        p.x[17 * 512 + 511] = -INFINITY;
        float *y = multiply(&p, kernels[kernel], 1);
        for (int i = 0; y && i < 20 * 20; i++)
            assert_true(!isfinite(y[i]) == (i / 20 == 3 || i / 20 == 17));
        free(y);
        problem_release(&p);
    }
}

/* Nothing, next to nothing, halves between two numbers, the largest there is, and no number. */
static void rows_are_rounded_alike_by_every_instruction_set(void **state)
{
    (void)state;
    enum { GROUPS = 6, K = GROUPS * LM_DOT_GROUP };
    static const char *const sets[] = {"plain", "avx2", "avx512"};
    float x[K] = {0}, scales[GROUPS];
    int8_t numbers[K];
    int32_t sums[2 * GROUPS];
    x[LM_DOT_GROUP] = 1e-42f;
    for (int i = 0; i < LM_DOT_GROUP; i++)
        x[2 * LM_DOT_GROUP + i] = i == 0 ? 127 : (float)i - 16.5f;
    x[3 * LM_DOT_GROUP + 5] = -3.4e38f;
    x[3 * LM_DOT_GROUP + 31] = 3.4e38f;
    x[4 * LM_DOT_GROUP + 3] = INFINITY;
    x[5 * LM_DOT_GROUP + 3] = NAN;
    for (size_t set = 0; set < 3; set++) {
        const struct lm_kernels *k = lm_kernels_named(sets[set]);
        if (!k)
            continue;
        k->round_i8(x, K, numbers, LM_DOT_GROUP, scales, sums, 1);
        for (int i = 0; i < 2 * LM_DOT_GROUP; i++)
            assert_int_equal(numbers[i], 0);
        assert_true(scales[0] == 0 && scales[2] == 1 && isnan(scales[4]) && isnan(scales[5]));
        assert_int_equal(numbers[2 * LM_DOT_GROUP], 127);
        assert_int_equal(numbers[2 * LM_DOT_GROUP + 1], -16); /* -15.5 */
        assert_int_equal(numbers[2 * LM_DOT_GROUP + 2], -14); /* -14.5 */
        assert_int_equal(sums[4] + sums[5], 127 + 112 - 120 - 8);
        assert_int_equal(numbers[3 * LM_DOT_GROUP + 5], -127);
        assert_int_equal(numbers[3 * LM_DOT_GROUP + 31], 127);
        assert_int_equal(sums[6], -127);
        assert_int_equal(sums[7], 127);
    }
}

static void random_rows_are_rounded_alike_by_every_instruction_set(void **state)
{
    (void)state;
    enum { GROUPS = 200, K = GROUPS * LM_DOT_GROUP };
    static float x[K], scales[GROUPS], first_scales[GROUPS];
    static int8_t numbers[K], first[K];
    static int32_t sums[2 * GROUPS], first_sums[2 * GROUPS];
    static const char *const sets[] = {"avx2", "avx512"};
    struct rng rng;
    rng_init(&rng, 7);
    for (int i = 0; i < K; i++)
        x[i] = (float)rng_normal(&rng);
    lm_kernels_named("plain")->round_i8(x, K, first, LM_DOT_GROUP, first_scales, first_sums, 1);
    for (size_t set = 0; set < 2; set++)
        if (lm_kernels_named(sets[set])) {
            lm_kernels_named(sets[set])->round_i8(x, K, numbers, LM_DOT_GROUP, scales, sums, 1);
            assert_memory_equal(numbers, first, sizeof numbers);
            assert_memory_equal(scales, first_scales, sizeof scales);
            assert_memory_equal(sums, first_sums, sizeof sums);
        }
}

static void packed_weights_are_as_large_as_their_file(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 8);
    for (int type = 0; type < TYPES; type++) {
        struct problem p = {0};
        add_tensor(&p, type, 64, 1024, false, &rng);
        assert_true((double)qgemm_packed_bytes(&p.w) <= 1.04 * (double)p.tensors[0].bytes);
        problem_release(&p);
    }
}

static void weights_that_are_in_no_blocks_are_not_taken(void **state)
{
    (void)state;
    struct rng rng;
    struct problem p = {0};
    rng_init(&rng, 9);
    add_tensor(&p, 0, 4, 256, false, &rng);
    add_tensor(&p, 1, 4, 256, false, &rng);
    assert_true(qgemm_takes(&p.w));
    p.tensors[1].type = GGUF_TENSOR_F16;
    assert_false(qgemm_takes(&p.w));
    assert_false(qgemm_takes(&(struct lm_matrix){.rows = 4, .cols = 256, .plain = (const float *)p.data[0]}));
    problem_release(&p);
}

static void a_kernel_that_is_none_is_refused_with_the_names(void **state)
{
    (void)state;
    struct qgemm *gemm;
    assert_int_equal(qgemm_open(&gemm, "mmx", 1, &err), PONDER_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "avx512"));
    setenv("PONDER_INTEGER_KERNEL", "plain", 1);
    assert_int_equal(qgemm_open(&gemm, NULL, 1, &err), 0);
    assert_string_equal(qgemm_kernel_name(gemm), "plain");
    qgemm_release(gemm);
    unsetenv("PONDER_INTEGER_KERNEL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_computes_what_the_plain_one_does),
        cmocka_unit_test(tensors_of_several_types_make_one_matrix),
        cmocka_unit_test(hostile_blocks_give_the_same_by_every_kernel),
        cmocka_unit_test(a_product_is_that_of_the_expanded_weights_with_the_rounded_rows),
        cmocka_unit_test(a_row_does_not_depend_on_the_others),
        cmocka_unit_test(what_is_no_number_stays_in_its_row),
        cmocka_unit_test(rows_are_rounded_alike_by_every_instruction_set),
        cmocka_unit_test(random_rows_are_rounded_alike_by_every_instruction_set),
        cmocka_unit_test(packed_weights_are_as_large_as_their_file),
        cmocka_unit_test(weights_that_are_in_no_blocks_are_not_taken),
        cmocka_unit_test(a_kernel_that_is_none_is_refused_with_the_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
