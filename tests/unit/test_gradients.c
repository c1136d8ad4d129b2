/* Every gradient against finite differences, the kernels against each other, and the two attentions
 * (documents in training, KV tree in inference) against one another. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "lm/forward.h"
#include "products/gemm.h"
#include "kernels/kernels.h"

enum { ROWS = 37, DOCS = 3, SOFT_WEIGHT = 2 };

struct fixture {
    struct lm_model *model;
    struct lm_run *run;
    int32_t tokens[ROWS], positions[ROWS];
    int32_t doc_start[DOCS + 1];
    struct lm_target targets[ROWS];
    struct lm_batch batch;
};

static void fixture_open(struct fixture *f, struct lm_shape shape, enum lm_precision precision)
{
    struct ponder_err err = {0};
    memset(f, 0, sizeof *f);
    assert_int_equal(lm_model_new(&f->model, &shape, 7, NULL, &err), 0);
    struct rng rng;
    rng_init(&rng, 99);
    for (size_t i = 0; i < f->model->param_count;
         i++) /* larger than at the start of training: nothing is nearly linear */
        f->model->params[i] += 0.15f * (float)rng_normal(&rng);
    struct lm_run_options options = {.rows_max = 64, .threads = 2, .precision = precision, .train = true};
    if (lm_run_open(&f->run, f->model, &options, &err))
        fail_msg("%s", err.message);
    int32_t starts[DOCS + 1] = {0, 5, 22, ROWS};
    memcpy(f->doc_start, starts, sizeof starts);
    for (int doc = 0; doc < DOCS; doc++)
        for (int row = starts[doc]; row < starts[doc + 1]; row++) {
            f->positions[row] = row - starts[doc];
            f->tokens[row] = (int32_t)rng_below(&rng, (uint64_t)shape.vocab);
            f->targets[row] =
                (struct lm_target){.kind = LM_TARGET_NEXT, .token = rng_range(&rng, 0, shape.vocab - 1)};
            if (row % 5 == 1)
                f->targets[row] =
                    (struct lm_target){.kind = LM_TARGET_SOFT, .token = 3, .other = 4, .p = 0.7f};
            if (row % 7 == 2)
                f->targets[row].kind = LM_TARGET_NONE;
        }
    f->batch = (struct lm_batch){.rows = ROWS,
                                 .tokens = f->tokens,
                                 .positions = f->positions,
                                 .doc_start = f->doc_start,
                                 .docs = DOCS};
}

static void fixture_release(struct fixture *f)
{
    lm_run_release(f->run);
    lm_model_release(f->model);
}

static double loss_of(struct fixture *f)
{
    float *logits;
    struct ponder_err err = {0};
    assert_int_equal(lm_run_repack(f->run, &err), 0);
    assert_int_equal(lm_forward(f->run, &f->batch, &logits, &err), 0);
    struct lm_loss loss = lm_loss(f->run, &f->batch, f->targets, 0, 0);
    return loss.next_sum + SOFT_WEIGHT * loss.soft_sum;
}

static float *gradients_of(struct fixture *f)
{
    float *logits, *gradients = calloc(f->model->param_count, sizeof *gradients);
    struct ponder_err err = {0};
    assert_int_equal(lm_run_repack(f->run, &err), 0);
    assert_int_equal(lm_forward(f->run, &f->batch, &logits, &err), 0);
    lm_loss(f->run, &f->batch, f->targets, 1.0f, SOFT_WEIGHT);
    if (lm_backward(f->run, &f->batch, gradients, &err))
        fail_msg("%s", err.message);
    return gradients;
}

/* The derivative along a random direction of one tensor: one number that every element has a part in. */
static void check_tensor(struct fixture *f, const struct lm_tensor *tensor, const float *gradients,
                         struct rng *rng)
{
    size_t n = (size_t)tensor->rows * (size_t)tensor->cols;
    float *params = f->model->params + tensor->offset, *before = malloc(n * sizeof *before),
          *direction = malloc(n * sizeof *direction);
    memcpy(before, params, n * sizeof *before);
    double norm = 0, dot = 0, length = 0;
    for (size_t i = 0; i < n; i++)
        norm += (double)gradients[tensor->offset + i] * gradients[tensor->offset + i];
    norm = sqrt(norm);
    for (size_t i = 0; i < n;
         i++) { /* half along the gradient, half at random: the derivative is never tiny */
        direction[i] =
            (float)((double)gradients[tensor->offset + i] / norm + rng_normal(rng) / sqrt((double)n));
        dot += (double)direction[i] * gradients[tensor->offset + i];
        length += (double)direction[i] * direction[i];
    }
    double h = 4e-3 / sqrt(length), sides[2];
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            params[i] = before[i] + (float)((side ? -h : h) * (double)direction[i]);
        sides[side] = loss_of(f);
    }
    memcpy(params, before, n * sizeof *before);
    double numeric = (sides[0] - sides[1]) / (2 * h);
    double relative = fabs(numeric - dot) / (fabs(numeric) + fabs(dot) + 1e-9) * 2;
    if (!(relative < 1e-2))
        fail_msg("%s: backward %.6g, finite differences %.6g, relative error %.3g", tensor->name, dot,
                 numeric, relative);
    free(before);
    free(direction);
}

static void check_shape(struct lm_shape shape, float dropout)
{
    struct fixture f;
    fixture_open(&f, shape, LM_PRECISION_F32);
    f.batch.dropout = dropout;
    f.batch.dropout_seed = 11;
    int count = lm_tensors(&shape, NULL);
    struct lm_tensor *table = calloc((size_t)count, sizeof *table);
    lm_tensors(&shape, table);
    float *gradients = gradients_of(&f);
    struct rng rng;
    rng_init(&rng, 5);
    for (int t = 0; t < count; t++)
        check_tensor(&f, &table[t], gradients, &rng);
    free(gradients);
    free(table);
    fixture_release(&f);
}

static const struct lm_shape tied = {.vocab = 40,
                                     .width = 48,
                                     .layers = 2,
                                     .heads = 3,
                                     .kv_heads = 3,
                                     .head_dim = 16,
                                     .ffn = 80,
                                     .context = 64,
                                     .rope_base = 10000,
                                     .rms_eps = 1e-5f,
                                     .tied = true};
static const struct lm_shape grouped = {.vocab = 40,
                                        .width = 48,
                                        .layers = 2,
                                        .heads = 4,
                                        .kv_heads = 2,
                                        .head_dim = 12,
                                        .ffn = 72,
                                        .context = 64,
                                        .rope_base = 10000,
                                        .rms_eps = 1e-5f,
                                        .tied = false};

static void gradients_of_a_tied_model_match_finite_differences(void **state)
{
    (void)state;
    check_shape(tied, 0);
}

static void gradients_of_a_grouped_query_model_match_finite_differences(void **state)
{
    (void)state;
    check_shape(grouped, 0);
}

static void gradients_under_dropout_match_finite_differences(void **state)
{
    (void)state;
    check_shape(tied, 0.2f);
    check_shape(grouped, 0.5f);
}

/* Each seed its own mask, the same one each time, and none without dropout. */
static void a_dropout_mask_is_its_seeds(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, tied, LM_PRECISION_F32);
    double without = loss_of(&f), with[3];
    f.batch.dropout = 0.1f;
    for (int i = 0; i < 3; i++) {
        f.batch.dropout_seed = 5 + (uint64_t)(i == 2);
        with[i] = loss_of(&f);
    }
    assert_true(with[0] == with[1]);
    assert_true(with[0] != with[2] && with[0] != without);
    f.batch.dropout = 0;
    assert_true(loss_of(&f) == without);
    fixture_release(&f);
}

/* Over many seeds the first layer's input has the mean it has without dropout: what stays is scaled up. */
static void dropout_keeps_the_mean(void **state)
{
    (void)state;
    struct fixture f;
    struct lm_shape flat = tied;
    float *logits;
    double without = 0, with = 0;
    enum { SEEDS = 400 };
    flat.layers = 1;
    fixture_open(&f, flat, LM_PRECISION_F32);
    for (int seed = 0; seed <= SEEDS; seed++) {
        f.batch.dropout = seed < SEEDS ? 0.05f : 0;
        f.batch.dropout_seed = (uint64_t)seed;
        assert_int_equal(lm_forward(f.run, &f.batch, &logits, NULL), 0);
        for (int i = 0; i < flat.vocab; i++)
            *(seed < SEEDS ? &with : &without) += fabs((double)logits[i]) / (seed < SEEDS ? SEEDS : 1);
    }
    assert_true(fabs(with / without - 1) < 0.1);
    fixture_release(&f);
}

static void bf16_gradients_point_the_way_of_f32_gradients(void **state)
{
    (void)state;
    if (!gemm_bf16_works())
        skip(); /* tests/cli has the refusal */
    struct fixture f, g;
    fixture_open(&f, tied, LM_PRECISION_F32);
    fixture_open(&g, tied, LM_PRECISION_BF16);
    float *a = gradients_of(&f), *b = gradients_of(&g);
    double dot = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < f.model->param_count; i++) {
        dot += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    assert_true(dot / sqrt(aa * bb) > 0.999);
    assert_true(fabs(sqrt(bb / aa) - 1) < 0.02);
    free(a);
    free(b);
    fixture_release(&f);
    fixture_release(&g);
}

static void documents_in_one_batch_do_not_see_each_other(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, tied, LM_PRECISION_F32);
    float *logits, kept[40];
    assert_int_equal(lm_forward(f.run, &f.batch, &logits, NULL), 0);
    memcpy(kept, logits + 10 * tied.vocab, sizeof kept);
    for (int row = 0; row < ROWS; row++)
        if (row < 5 || row >= 22)
            f.tokens[row] = (f.tokens[row] + 1) % tied.vocab;
    assert_int_equal(lm_forward(f.run, &f.batch, &logits, NULL), 0);
    for (int i = 0; i < tied.vocab; i++)
        assert_true(fabsf(kept[i] - logits[10 * tied.vocab + i]) < 1e-5f);
    fixture_release(&f);
}

/* Every document also as a path of the tree, computed in pieces with forks in the middle of blocks. */
static void tree_logits_equal_document_logits(struct lm_shape shape, enum kv_type type, float tolerance,
                                              bool exact)
{
    struct fixture f;
    fixture_open(&f, shape, LM_PRECISION_F32);
    float *document_logits, *tree_logits;
    struct ponder_err err = {0};
    for (int row = 22; row < ROWS; row++) /* the last two documents share their first 9 tokens */
        if (row - 22 < 9)
            f.tokens[row] = f.tokens[row - 17];
    assert_int_equal(lm_forward(f.run, &f.batch, &document_logits, &err), 0);
    struct kv_tree *kv;
    assert_int_equal(kv_tree_open(&kv, &shape, type, 1 << 24, &err), 0);
    struct lm_run *run;
    struct lm_run_options options = {
        .rows_max = 32, .threads = 2, .precision = LM_PRECISION_F32, .exact = exact};
    assert_int_equal(lm_run_open(&run, f.model, &options, &err), 0);
    int stem = kv_segment_new(kv, -1, 0);
    assert_int_equal(kv_append(kv, stem, f.tokens + 5, 17), 0);
    int branch = kv_segment_new(kv, stem, 9);
    assert_int_equal(kv_append(kv, branch, f.tokens + 31, 6), 0);
    assert_int_equal(kv_reserve(kv, stem, 17), 0);
    assert_int_equal(kv_reserve(kv, branch, 15), 0);
    int32_t tokens[23], positions[23], segments[23];
    int first[] = {0, 11};
    int counts[] = {11, 12}; /* the first 11 of the stem; then its last 6 together with the branch's 6 */
    for (int piece = 0; piece < 2; piece++) {
        int rows = 0;
        for (int i = first[piece]; i < first[piece] + counts[piece]; i++, rows++) {
            bool on_branch = i >= 17;
            positions[rows] = on_branch ? i - 17 + 9 : i;
            segments[rows] = on_branch ? branch : stem;
            tokens[rows] = kv_token(kv, segments[rows], positions[rows]);
        }
        struct lm_batch batch = {
            .rows = rows, .tokens = tokens, .positions = positions, .kv = kv, .segments = segments};
        if (lm_forward(run, &batch, &tree_logits, &err))
            fail_msg("%s", err.message);
        for (int row = 0; row < rows; row++) {
            int document_row = segments[row] == stem ? 5 + positions[row] : 22 + positions[row];
            for (int i = 0; i < shape.vocab; i++) {
                float a = tree_logits[row * shape.vocab + i],
                      b = document_logits[document_row * shape.vocab + i];
                if (!(fabsf(a - b) < tolerance))
                    fail_msg("piece %d row %d token %d: tree %g, document %g", piece, row, i, a, b);
            }
        }
    }
    kv_tree_release(kv);
    lm_run_release(run);
    fixture_release(&f);
}

static void the_tree_gives_the_logits_of_whole_documents(void **state)
{
    (void)state;
    tree_logits_equal_document_logits(tied, KV_F32, 2e-4f, false);
    tree_logits_equal_document_logits(grouped, KV_F32, 2e-4f, true);
    tree_logits_equal_document_logits(grouped, KV_F16, 3e-2f, false);
}

static void fill(float *x, size_t n, uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(&rng);
}

static void compare_row_kernels(const struct lm_kernels *k, const struct lm_kernels *plain)
{
    enum { N = 53 };
    float x[4 * N], gain[N], y[2][4 * N], inv[2][2], p[2][N];
    fill(x, 4 * N, 1);
    fill(gain, N, 2);
    const struct lm_kernels *both[2] = {plain, k};
    float lse[2];
    for (int i = 0; i < 2; i++) {
        both[i]->rmsnorm(x, gain, 1e-5f, 2, N, y[i], false, inv[i]);
        both[i]->swiglu(x, 2, N, y[i] + 2 * N, false);
        lse[i] = both[i]->softmax(x, N, 1.0f, p[i]);
    }
    double total = 0, reference = 0;
    for (int i = 0; i < N; i++) {
        total += (double)p[1][i];
        reference += exp((double)x[i]);
        assert_true(fabsf(p[0][i] - p[1][i]) < 1e-6f);
    }
    assert_true(fabs(total - 1) < 1e-5);
    assert_true(fabs((double)lse[1] - log(reference)) < 1e-5 && fabs((double)lse[0] - log(reference)) < 1e-5);
    for (int i = 0; i < 4 * N; i++)
        assert_true(fabsf(y[0][i] - y[1][i]) < 1e-5f);
}

static void every_instruction_set_computes_the_same_rows(void **state)
{
    (void)state;
    static const char *const names[] = {"plain", "avx2", "avx512"};
    for (int i = 0; i < 3; i++)
        if (lm_kernels_named(names[i]))
            compare_row_kernels(lm_kernels_named(names[i]), lm_kernels_named("plain"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_set_computes_the_same_rows),
        cmocka_unit_test(gradients_of_a_tied_model_match_finite_differences),
        cmocka_unit_test(gradients_of_a_grouped_query_model_match_finite_differences),
        cmocka_unit_test(gradients_under_dropout_match_finite_differences),
        cmocka_unit_test(a_dropout_mask_is_its_seeds),
        cmocka_unit_test(dropout_keeps_the_mean),
        cmocka_unit_test(bf16_gradients_point_the_way_of_f32_gradients),
        cmocka_unit_test(documents_in_one_batch_do_not_see_each_other),
        cmocka_unit_test(the_tree_gives_the_logits_of_whole_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
