/* test_train_adamw.c - the optimiser against steps worked out by hand, and the learning rate's course. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "core/rng.h"
#include "train/adamw.h"

static struct ponder_err err;

static struct adamw_options plain(void)
{
    return (struct adamw_options){.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .decay = 0.1, .threads = 2};
}

static void three_steps_are_those_of_the_paper(void **state)
{
    (void)state;
    /* Two parameters with the gradients of two: a matrix, which decays, and a gain, which does not.
     * Worked out with beta1 = .9, beta2 = .99, lr = .1, decay = .1, eps negligible:
     *   t=1, g=1: m=.1,  v=.01;     step .1*1*.../sqrt -> .1
     *   t=2, g=2: m=.29, v=.0499;   m/(1-.81)=1.526316, v/(1-.9801)=2.507538; .1*1.526316/1.583521=.0963875
     *   t=3, g=-1: m=.161, v=.059401; m/.271=.594096, v/.029701=2.0;          .1*.594096/1.414214=.0420090 */
    const struct lm_tensor tensors[] = {
        {.name = "w", .offset = 0, .rows = 1, .cols = 1, .decay = true},
        {.name = "g", .offset = 1, .rows = 1, .cols = 1, .decay = false},
    };
    struct adamw_options options = plain();
    struct adamw adamw;
    assert_int_equal(adamw_init(&adamw, &options, 2, tensors, 2, &err), 0);
    float params[2] = {1, 1};
    const float gradients[3][2] = {{1, 1}, {2, 2}, {-1, -1}};
    const double moves[3] = {0.1, 0.0963875, 0.0420090};
    double decaying = 1, gain = 1;
    for (int t = 0; t < 3; t++) {
        double norm = adamw_step(&adamw, params, gradients[t], 0.1);
        assert_true(fabs(norm - sqrt(2) * fabs(gradients[t][0])) < 1e-6);
        decaying = decaying * (1 - 0.1 * 0.1) - moves[t];
        gain -= moves[t];
        assert_true(fabs(params[0] - decaying) < 2e-6);
        assert_true(fabs(params[1] - gain) < 2e-6);
    }
    assert_int_equal(adamw.step, 3);
    adamw_release(&adamw);
}

static void a_gradient_over_the_norm_is_scaled_down_to_it(void **state)
{
    (void)state;
    const struct lm_tensor tensors[] = {{.name = "g", .rows = 1, .cols = 2, .decay = false}};
    struct adamw_options options = plain();
    options.clip = 1;
    struct adamw adamw;
    assert_int_equal(adamw_init(&adamw, &options, 2, tensors, 1, &err), 0);
    float params[2] = {0, 0};
    assert_true(fabs(adamw_step(&adamw, params, (const float[]){30, 40}, 0.1) - 50) < 1e-5);
    assert_true(fabsf(adamw.m[0] - 0.1f * 0.6f) < 1e-7f);
    assert_true(fabsf(adamw.v[1] - 0.01f * 0.64f) < 1e-7f);
    adamw_release(&adamw);
}

static void a_gradient_that_is_not_finite_changes_nothing(void **state)
{
    (void)state;
    const struct lm_tensor tensors[] = {{.name = "g", .rows = 1, .cols = 2, .decay = false}};
    struct adamw_options options = plain();
    struct adamw adamw;
    assert_int_equal(adamw_init(&adamw, &options, 2, tensors, 1, &err), 0);
    float params[2] = {3, 4};
    assert_false(isfinite(adamw_step(&adamw, params, (const float[]){NAN, 1}, 0.1)));
    assert_true(params[0] == 3 && params[1] == 4 && adamw.m[1] == 0);
    assert_int_equal(adamw.step, 0);
    adamw_release(&adamw);
}

static void the_number_of_threads_does_not_change_a_bit(void **state)
{
    (void)state;
    enum { MATRIX = 120 * 200, COUNT = 100003 + 2 * MATRIX };
    const struct lm_tensor tensors[] = {
        {.name = "w", .rows = 1, .cols = COUNT - 2 * MATRIX, .decay = true},
        {.name = "blk.0.a", .offset = COUNT - 2 * MATRIX, .rows = 120, .cols = 200, .decay = true},
        {.name = "blk.0.b", .offset = COUNT - MATRIX, .rows = 200, .cols = 120, .decay = true},
    };
    float *params[2], *gradients = malloc(COUNT * sizeof(float));
    struct rng rng;
    rng_init(&rng, 5);
    for (int i = 0; i < COUNT; i++)
        gradients[i] = (float)rng_normal(&rng);
    for (int k = 0; k < 2; k++) {
        struct adamw_options options = plain();
        options.threads = k ? 3 : 1;
        options.muon = true;
        options.clip = 1;
        struct adamw adamw;
        params[k] = calloc(COUNT, sizeof(float));
        assert_int_equal(adamw_init(&adamw, &options, COUNT, tensors, 3, &err), 0);
        adamw_step(&adamw, params[k], gradients, 0.01);
        adamw_step(&adamw, params[k], gradients, 0.01);
        adamw_release(&adamw);
    }
    assert_memory_equal(params[0], params[1], COUNT * sizeof(float));
    free(params[0]);
    free(params[1]);
    free(gradients);
}

/* ---- Muon ---- */

/* The singular values of a direction are alike: x x^T (or x^T x) is close to a multiple of the identity. */
static void check_direction(int rows, int cols)
{
    size_t n = (size_t)rows * (size_t)cols;
    float *momentum = calloc(n, sizeof *momentum), *gradient = malloc(n * sizeof *gradient);
    struct rng rng;
    rng_init(&rng, 7);
    for (size_t i = 0; i < n; i++) /* one direction is a hundred times the others */
        gradient[i] = (float)(rng_normal(&rng) +
                              100 * sin((double)(i / (size_t)cols)) * cos((double)(i % (size_t)cols)));
    struct muon muon;
    int side = rows < cols ? rows : cols;
    assert_int_equal(muon_init(&muon, n, (size_t)side, &err), 0);
    const float *x = muon_direction(&muon, momentum, gradient, 0.5f, rows, cols);
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(fabsf(momentum[i] - 0.5f * gradient[i]) < 1e-4f);
        square += (double)x[i] * x[i];
    }
    assert_true(fabs(sqrt(square / (double)n) - 0.6) < 0.15);
    double mean = square / side;
    for (int a = 0; a < side; a++) {
        for (int b = 0; b <= a; b++) {
            double dot = 0;
            for (int k = 0; k < rows + cols - side; k++)
                dot += rows <= cols ? (double)x[a * cols + k] * x[b * cols + k]
                                    : (double)x[k * cols + a] * x[k * cols + b];
            assert_true(fabs(dot / mean - (a == b)) < 0.5);
        }
    }
    muon_release(&muon);
    free(momentum);
    free(gradient);
}

static void a_direction_moves_all_singular_vectors_alike(void **state)
{
    (void)state;
    check_direction(24, 60);
    check_direction(60, 24);
    check_direction(32, 32);
}

static void muon_moves_the_layers_matrices_and_adamw_the_rest(void **state)
{
    (void)state;
    enum { SIDE = 8, MATRIX = SIDE * SIDE, COUNT = 3 * MATRIX };
    const struct lm_tensor tensors[] = {
        {.name = "token_embd.weight", .offset = 0, .rows = SIDE, .cols = SIDE, .decay = true},
        {.name = "blk.0.attn_q.weight", .offset = MATRIX, .rows = SIDE, .cols = SIDE, .decay = true},
        {.name = "blk.0.attn_norm.weight", .offset = 2 * MATRIX, .rows = 1, .cols = MATRIX},
    };
    float params[2][COUNT] = {0}, gradients[COUNT];
    struct rng rng;
    rng_init(&rng, 3);
    for (int i = 0; i < COUNT; i++)
        gradients[i] = (float)rng_normal(&rng);
    for (int k = 0; k < 2; k++) {
        struct adamw_options options = plain();
        options.muon = k;
        struct adamw adamw;
        assert_int_equal(adamw_init(&adamw, &options, COUNT, tensors, 3, &err), 0);
        adamw_step(&adamw, params[k], gradients, 0.01);
        adamw_release(&adamw);
    }
    for (int i = 0; i < COUNT; i++) {
        bool in_layer = i >= MATRIX && i < 2 * MATRIX;
        assert_true(in_layer ? params[0][i] != params[1][i] : params[0][i] == params[1][i]);
        assert_true(fabsf(params[1][i]) < 0.03f);
    }
}

static void the_learning_rate_rises_linearly_and_falls_along_a_cosine(void **state)
{
    (void)state;
    const struct train_schedule schedule = {.lr = 2, .lr_final = 0.1, .warmup = 10, .steps = 110};
    assert_true(fabs(train_schedule_lr(&schedule, 1) - 0.2) < 1e-12);
    assert_true(fabs(train_schedule_lr(&schedule, 10) - 2) < 1e-12);
    assert_true(fabs(train_schedule_lr(&schedule, 60) - 2 * 0.55) < 1e-12);
    assert_true(fabs(train_schedule_lr(&schedule, 110) - 0.2) < 1e-12);
    for (int64_t step = 11; step <= 110; step++)
        assert_true(train_schedule_lr(&schedule, step) < train_schedule_lr(&schedule, step - 1));
    const struct train_schedule no_warmup = {.lr = 1, .lr_final = 0, .warmup = 0, .steps = 4};
    assert_true(train_schedule_lr(&no_warmup, 1) > 0.8);
    assert_true(fabs(train_schedule_lr(&no_warmup, 4)) < 1e-12);
    const struct train_schedule only_warmup = {.lr = 1, .lr_final = 0, .warmup = 4, .steps = 4};
    assert_true(fabs(train_schedule_lr(&only_warmup, 4) - 1) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_steps_are_those_of_the_paper),
        cmocka_unit_test(a_gradient_over_the_norm_is_scaled_down_to_it),
        cmocka_unit_test(a_gradient_that_is_not_finite_changes_nothing),
        cmocka_unit_test(the_number_of_threads_does_not_change_a_bit),
        cmocka_unit_test(a_direction_moves_all_singular_vectors_alike),
        cmocka_unit_test(muon_moves_the_layers_matrices_and_adamw_the_rest),
        cmocka_unit_test(the_learning_rate_rises_linearly_and_falls_along_a_cosine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
