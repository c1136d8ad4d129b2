/* test_model.c - files of every architecture: what they say is computed. */
#include <math.h>

#include "core/rng.h"
#include "products/gemm.h"
#include "kernels/kernels.h"
#include "model_fixture.h"

static struct lm_model *random_model(struct lm_shape shape)
{
    struct lm_model *model;
    struct rng rng;
    if (lm_model_new(&model, &shape, 1, bytes_tokenizer(), &err))
        fail_msg("%s", err.message);
    rng_init(&rng, 3);
    for (size_t i = 0; i < model->param_count; i++) /* all above 0, as divisors of frequencies are */
        model->params[i] = fabsf(model->params[i] + 0.3f * (float)rng_normal(&rng)) + 0.01f;
    for (size_t i = 0; i < model->param_count; i++)
        if (i % 2 && !(shape.rope_freqs && i + (size_t)shape.head_dim / 2 >= model->param_count))
            model->params[i] = -model->params[i];
    return model;
}

static void assert_same_shape(const struct lm_shape *a, const struct lm_shape *b)
{
    assert_int_equal(a->arch, b->arch);
    assert_int_equal(a->vocab, b->vocab);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->layers, b->layers);
    assert_int_equal(a->heads, b->heads);
    assert_int_equal(a->kv_heads, b->kv_heads);
    assert_int_equal(a->head_dim, b->head_dim);
    assert_int_equal(a->ffn, b->ffn);
    assert_int_equal(a->context, b->context);
    assert_true(a->rope_base == b->rope_base && a->rope_divisor == b->rope_divisor &&
                a->rms_eps == b->rms_eps);
    assert_true(a->tied == b->tied && a->qkv_bias == b->qkv_bias && a->qk_norm == b->qk_norm);
    assert_true(a->rope_halves == b->rope_halves && a->rope_freqs == b->rope_freqs);
}

static void a_model_of_each_architecture_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        struct lm_model *written = random_model(whole_shape(i)), *read;
        assert_int_equal(lm_model_save(written, path, GGUF_TENSOR_F32, "random", NULL, NULL, &err), 0);
        if (lm_model_open(&read, path, &err))
            fail_msg("%s", err.message);
        assert_same_shape(&written->shape, &read->shape);
        assert_int_equal(written->param_count, read->param_count);
        assert_memory_equal(written->params, read->params, read->param_count * sizeof *read->params);
        assert_true(read->hash == hash_bytes(read->params, read->param_count * sizeof *read->params));
        lm_model_release(written);
        lm_model_release(read);
    }
}

/* ---- the graph, as plainly as it can be written ---- */

struct plain {
    const struct lm_model *model;
    double *keys, *values; /* (L, T, G*D) */
    int rows;
};

static void matvec(const float *w, int n, int k, const double *x, double *y)
{
    for (int i = 0; i < n; i++) {
        y[i] = 0;
        for (int j = 0; j < k; j++)
            y[i] += (double)w[i * k + j] * x[j];
    }
}

static void norm(const double *x, const float *gain, int n, double eps, double *y)
{
    double squares = 0;
    for (int i = 0; i < n; i++)
        squares += x[i] * x[i];
    for (int i = 0; i < n; i++)
        y[i] = x[i] / sqrt(squares / n + eps) * (double)gain[i];
}

/* By the definition: the pair is a complex number, turned by an angle. */
static void turn(const struct lm_model *model, double *head, int position)
{
    const struct lm_shape *s = &model->shape;
    const float *freqs = lm_rope_freqs_at(s, model->params);
    for (int i = 0; i < s->head_dim / 2; i++) {
        double angle = position / pow((double)s->rope_base, 2.0 * i / s->head_dim);
        angle /= s->rope_divisor > 0 ? (double)s->rope_divisor : 1;
        angle /= freqs ? (double)freqs[i] : 1;
        double *a = s->rope_halves ? head + i : head + 2 * i,
               *b = s->rope_halves ? a + s->head_dim / 2 : a + 1;
        double real = *a * cos(angle) - *b * sin(angle), imaginary = *a * sin(angle) + *b * cos(angle);
        *a = real;
        *b = imaginary;
    }
}

/* Queries, keys and values of one row, ready for attention. */
static void project(const struct plain *p, const struct lm_layer *layer, const double *x, int position,
                    double *qkv)
{
    const struct lm_shape *s = &p->model->shape;
    double normed[WIDTH];
    int heads = s->heads + s->kv_heads, width = (heads + s->kv_heads) * s->head_dim;
    norm(x, layer->attn_norm, s->width, (double)s->rms_eps, normed);
    matvec(layer->qkv, width, s->width, normed, qkv);
    for (int i = 0; layer->qkv_bias && i < width; i++)
        qkv[i] += (double)layer->qkv_bias[i];
    for (int head = 0; head < heads; head++) {
        double *at = qkv + head * s->head_dim;
        if (layer->q_norm)
            norm(at, head < s->heads ? layer->q_norm : layer->k_norm, s->head_dim, (double)s->rms_eps, at);
        turn(p->model, at, position);
    }
}

static void attend(const struct plain *p, const double *query, const double *keys, const double *values,
                   int count, int stride, double *out)
{
    int dim = p->model->shape.head_dim;
    double weights[CONTEXT], total = 0;
    for (int row = 0; row < count; row++) {
        double score = 0;
        for (int i = 0; i < dim; i++)
            score += query[i] * keys[row * stride + i];
        total += weights[row] = exp(score / sqrt(dim));
    }
    for (int i = 0; i < dim; i++)
        out[i] = 0;
    for (int row = 0; row < count; row++)
        for (int i = 0; i < dim; i++)
            out[i] += weights[row] / total * values[row * stride + i];
}

static void plain_layer(const struct plain *p, int index, double *x, int position)
{
    const struct lm_shape *s = &p->model->shape;
    struct lm_layer layer = lm_layer_at(s, p->model->params, index);
    int stride = s->kv_heads * s->head_dim;
    double qkv[8 * 10], attended[4 * 10], added[WIDTH], gate_up[2 * FFN];
    double *keys = p->keys + (size_t)index * (size_t)p->rows * (size_t)stride;
    double *values = p->values + (size_t)index * (size_t)p->rows * (size_t)stride;
    project(p, &layer, x, position, qkv);
    memcpy(keys + position * stride, qkv + s->heads * s->head_dim, (size_t)stride * sizeof *keys);
    memcpy(values + position * stride, qkv + s->heads * s->head_dim + stride,
           (size_t)stride * sizeof *values);
    for (int head = 0; head < s->heads; head++) {
        int group = head / (s->heads / s->kv_heads) * s->head_dim;
        attend(p, qkv + head * s->head_dim, keys + group, values + group, position + 1, stride,
               attended + head * s->head_dim);
    }
    matvec(layer.attn_out, s->width, s->heads * s->head_dim, attended, added);
    for (int i = 0; i < s->width; i++)
        x[i] += added[i];
    norm(x, layer.ffn_norm, s->width, (double)s->rms_eps, added);
    matvec(layer.gate_up, 2 * s->ffn, s->width, added, gate_up);
    for (int i = 0; i < s->ffn; i++)
        gate_up[i] *= gate_up[s->ffn + i] / (1 + exp(-gate_up[i]));
    matvec(layer.ffn_down, s->width, s->ffn, gate_up, added);
    for (int i = 0; i < s->width; i++)
        x[i] += added[i];
}

static void plain_row(const struct plain *p, int token, int position, double *logits)
{
    const struct lm_shape *s = &p->model->shape;
    double x[WIDTH];
    for (int i = 0; i < s->width; i++)
        x[i] = (double)lm_embedding_at(s, p->model->params)[token * s->width + i];
    for (int layer = 0; layer < s->layers; layer++)
        plain_layer(p, layer, x, position);
    norm(x, lm_out_norm_at(s, p->model->params), s->width, (double)s->rms_eps, x);
    matvec(lm_output_at(s, p->model->params), s->vocab, s->width, x, logits);
}

/* The rows of one text in batches that end at `cut` and at `rows`; `whole` is the same model with its
 * parameters. */
static void check_graph(const struct lm_model *model, const struct lm_model *whole, int rows, int cut,
                        size_t weights_bytes_max, bool exact)
{
    struct plain plain = {.model = whole, .rows = rows};
    size_t cells = (size_t)(LAYERS * rows * model->shape.kv_heads * model->shape.head_dim);
    struct lm_run *run;
    struct kv_tree *kv;
    float *logits;
    double wanted[VOCAB];
    int32_t tokens[CONTEXT], positions[CONTEXT], segments[CONTEXT];
    plain.keys = calloc(cells, sizeof *plain.keys);
    plain.values = calloc(cells, sizeof *plain.values);
    struct lm_run_options options = {.rows_max = rows,
                                     .threads = 1,
                                     .precision = LM_PRECISION_F32,
                                     .exact = exact,
                                     .weights_bytes_max = weights_bytes_max};
    assert_int_equal(lm_run_open(&run, model, &options, &err), 0);
    assert_int_equal(kv_tree_open(&kv, &model->shape, KV_F32, 1 << 26, &err), 0);
    int segment = kv_segment_new(kv, -1, 0);
    for (int i = 0; i < rows; i++) {
        tokens[i] = i * 31 % VOCAB;
        positions[i] = i;
        segments[i] = segment;
    }
    assert_int_equal(kv_append(kv, segment, tokens, rows), 0);
    assert_int_equal(kv_reserve(kv, segment, rows), 0);
    for (int from = 0; from < rows; from = from ? rows : cut) {
        struct lm_batch batch = {.rows = from ? rows - cut : cut,
                                 .tokens = tokens + from,
                                 .positions = positions + from,
                                 .kv = kv,
                                 .segments = segments};
        assert_int_equal(lm_forward(run, &batch, &logits, &err), 0);
        for (int row = 0; row < batch.rows; row++) {
            plain_row(&plain, tokens[from + row], from + row, wanted);
            for (int i = 0; i < VOCAB; i++)
                if (!(fabs((double)logits[row * VOCAB + i] - wanted[i]) < 2e-3))
                    fail_msg("%s, row %d, token %d: %g, not %g", lm_arch_name(model->shape.arch), from + row,
                             i, (double)logits[row * VOCAB + i], wanted[i]);
        }
    }
    kv_tree_release(kv);
    lm_run_release(run);
    free(plain.keys);
    free(plain.values);
}

static void each_architecture_computes_the_plain_graph(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        struct lm_model *model = random_model(whole_shape(i));
        check_graph(model, model, 40, 23, 0, false);
        lm_model_release(model);
    }
}

static struct lm_model *in_its_file(const struct lm_model *model)
{
    struct lm_model *mapped;
    assert_int_equal(lm_model_save(model, path, GGUF_TENSOR_F32, "random", NULL, NULL, &err), 0);
    assert_int_equal(lm_model_open_within(&mapped, path, model->param_count - 1, &err), 0);
    assert_non_null(mapped->file);
    return mapped;
}

static void a_model_that_stays_in_its_file_computes_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        struct lm_model *model = random_model(whole_shape(i)), *mapped = in_its_file(model);
        check_graph(mapped, model, 40, 39, 0, false);
        check_graph(mapped, model, 40, 39, 4 * (2 * FFN * WIDTH + WIDTH * 4 * 4),
                    false); /* the first matrices are packed */
        check_graph(mapped, model, 40, 39, 1, false);
        check_graph(mapped, model, 40, 39, 1, true);
        assert_int_equal(lm_model_save(mapped, path, GGUF_TENSOR_F32, "", NULL, NULL, &err),
                         PONDER_E_ARGUMENT);
        lm_model_expand(mapped);
        assert_memory_equal(model->params, mapped->params, model->param_count * sizeof *model->params);
        lm_model_release(mapped);
        lm_model_release(model);
    }
}

static void training_wants_a_model_that_is_expanded(void **state)
{
    (void)state;
    struct lm_run_options options = {.rows_max = 8, .threads = 1, .train = true};
    struct lm_model *model = random_model(whole_shape(0)), *mapped = in_its_file(model);
    struct lm_run *run;
    assert_int_equal(lm_run_open(&run, mapped, &options, &err), PONDER_E_ARGUMENT);
    lm_model_expand(mapped);
    assert_int_equal(lm_run_open(&run, mapped, &options, &err), 0);
    lm_run_release(run);
    lm_model_release(mapped);
    lm_model_release(model);
}

/* Products of 1, 3 and `rows` rows of x, with packed weights and without. */
static void compare_products(const struct lm_matrix *w, const float *x, int rows, bool bf16, float tolerance)
{
    struct gemm *gemm;
    struct gemm_weights *kept, *left;
    size_t numbers = (size_t)rows * (size_t)w->cols, results = (size_t)rows * (size_t)w->rows;
    float *packed = calloc(results, sizeof *packed), *panels = calloc(results, sizeof *panels);
    uint16_t *half = calloc(numbers, sizeof *half);
    lm_kernels_best()->to_bf16(x, half, numbers);
    const void *operand = bf16 ? (const void *)half : x;
    assert_int_equal(gemm_open(&gemm, &(struct gemm_options){.threads = 2, .bf16 = bf16}, &err), 0);
    assert_int_equal(gemm_weights_new(gemm, &kept, w, GEMM_KEEP_PACKED, &err), 0);
    assert_int_equal(gemm_weights_new(gemm, &left, w, GEMM_KEEP_NOTHING, &err), 0);
    assert_int_equal(gemm_weights_bytes(left), 0);
    const int counts[] = {1, 3, rows};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(gemm_forward(gemm, kept, operand, counts[i], packed, &err), 0);
        assert_int_equal(gemm_forward(gemm, left, operand, counts[i], panels, &err), 0);
        for (int at = 0; at < counts[i] * w->rows; at++)
            if (!(fabsf(packed[at] - panels[at]) < tolerance * (10 + fabsf(packed[at]))))
                fail_msg("%d rows, element %d: packed %g, by panels %g", counts[i], at, (double)packed[at],
                         (double)panels[at]);
    }
    gemm_weights_release(kept);
    gemm_weights_release(left);
    gemm_release(gemm);
    free(packed);
    free(panels);
    free(half);
}

/* Weights of three tensors and types, in more than one panel. */
static void products_by_panels_are_those_of_packed_weights(void **state)
{
    (void)state;
    enum { K = 512, N = 1100 + 1000 + 900, ROWS = 24 };
    float *numbers = calloc((size_t)N * K, sizeof *numbers);
    unsigned char *q8 = calloc(1100 * (K / 32), 34);
    uint16_t *f16 = calloc((size_t)1000 * K, sizeof *f16);
    float *x = calloc((size_t)ROWS * K, sizeof *x);
    struct rng rng;
    rng_init(&rng, 5);
    for (size_t i = 0; i < (size_t)900 * K; i++)
        numbers[i] = (float)rng_normal(&rng);
    for (size_t i = 0; i < (size_t)1000 * K; i++)
        f16[i] = (uint16_t)(0x3000 + rng_below(&rng, 0x800));
    for (size_t i = 0; i < (size_t)1100 * (K / 32) * 34; i++)
        q8[i] = i % 34 == 1 ? 0x20 : (unsigned char)rng_below(&rng, 256);
    for (size_t i = 0; i < (size_t)ROWS * K; i++)
        x[i] = (float)rng_normal(&rng);
    struct gguf_tensor parts[3] = {
        {.n_dims = 2,
         .dims = {K, 1100, 1, 1},
         .type = GGUF_TENSOR_Q8_0,
         .data = q8,
         .bytes = 1100 * (K / 32) * 34},
        {.n_dims = 2, .dims = {K, 1000, 1, 1}, .type = GGUF_TENSOR_F16, .data = f16, .bytes = 1000 * K * 2},
        {.n_dims = 2,
         .dims = {K, 900, 1, 1},
         .type = GGUF_TENSOR_F32,
         .data = numbers,
         .bytes = 900 * K * 4}};
    struct lm_matrix w = {.rows = N, .cols = K, .part_count = 3, .parts = {&parts[0], &parts[1], &parts[2]}};
    compare_products(&w, x, ROWS, false, 1e-3f);
    if (gemm_bf16_works())
        compare_products(&w, x, ROWS, true, 2e-2f);
    free(x);
    free(numbers);
    free(q8);
    free(f16);
}

/* Products of `rows` rows under `options`, packed or not; the caller frees them. */
static float *products(const struct gemm_options *options, const struct lm_matrix *w, enum gemm_keep keep,
                       const float *x, int rows, size_t *bytes)
{
    struct gemm *gemm;
    struct gemm_weights *weights;
    float *y = calloc((size_t)gemm_rows(rows) * (size_t)w->rows, sizeof *y);
    assert_int_equal(gemm_open(&gemm, options, &err), 0);
    assert_int_equal(gemm_weights_new(gemm, &weights, w, keep, &err), 0);
    assert_int_equal(gemm_forward(gemm, weights, x, rows, y, &err), 0);
    *bytes = gemm_weights_bytes(weights);
    assert_true(keep == GEMM_KEEP_NOTHING || *bytes >= gemm_packed_bytes(gemm, w));
    gemm_weights_release(weights);
    gemm_release(gemm);
    return y;
}

static void check_near(const float *have, const float *wanted, int count, float tolerance)
{
    for (int i = 0; i < count; i++)
        if (!(fabsf(have[i] - wanted[i]) <= tolerance))
            fail_msg("element %d: %g, not %g", i, (double)have[i], (double)wanted[i]);
}

/* Quantised weights take what they take in their file; with other weights among them, or no room, products
 * are in f32. */
static void quantised_weights_are_multiplied_as_integers_where_asked(void **state)
{
    (void)state;
    enum { K = 512, N = 96, ROWS = 20, BYTES = N * (K / 32) * 34 };
    unsigned char *q8 = calloc(1, BYTES);
    float *x = calloc((size_t)gemm_rows(ROWS) * K, sizeof *x);
    struct rng rng;
    rng_init(&rng, 7);
    for (size_t i = 0; i < BYTES; i++)
        q8[i] = i % 34 == 1 ? 0x20 : (unsigned char)rng_below(&rng, 256);
    for (size_t i = 0; i < (size_t)ROWS * K; i++)
        x[i] = (float)rng_normal(&rng);
    struct gguf_tensor part = {
        .n_dims = 2, .dims = {K, N, 1, 1}, .type = GGUF_TENSOR_Q8_0, .data = q8, .bytes = BYTES};
    struct lm_matrix w = {.rows = N, .cols = K, .part_count = 1, .parts = {&part}};
    struct gemm_options f32 = {.threads = 2}, integers = {.threads = 2, .integers = true};
    size_t bytes;
    float *wanted = products(&f32, &w, GEMM_KEEP_PACKED, x, ROWS, &bytes);
    float *have = products(&integers, &w, GEMM_KEEP_PACKED, x, ROWS, &bytes);
    assert_int_equal(bytes, BYTES);
    check_near(have, wanted, ROWS * N, 0.3f); /* of numbers around 15 */
    assert_memory_not_equal(have, wanted, ROWS * N * sizeof *have);
    free(have);
    have = products(&integers, &w, GEMM_KEEP_NOTHING, x, ROWS, &bytes);
    assert_int_equal(bytes, 0);
    check_near(have, wanted, ROWS * N, 1e-3f);
    free(have);
    free(wanted);
    w.plain = x; /* of the same shape, in f32 */
    w.rows = ROWS;
    wanted = products(&f32, &w, GEMM_KEEP_PACKED, x, ROWS, &bytes);
    have = products(&integers, &w, GEMM_KEEP_PACKED, x, ROWS, &bytes);
    assert_memory_equal(have, wanted, ROWS * ROWS * sizeof *have);
    free(have);
    free(wanted);
    free(q8);
    free(x);
}

static void a_precision_is_what_the_model_allows(void **state)
{
    (void)state;
    struct lm_model *model = random_model(whole_shape(0));
    struct lm_run_options options = {
        .rows_max = 8, .threads = 1, .precision = LM_PRECISION_INT8, .exact = true};
    struct lm_run *run;
    assert_int_equal(lm_run_open(&run, model, &options, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "f32 or auto"));
    options.exact = false;
    assert_int_equal(lm_run_open(&run, model, &options, &err), 0);
    assert_int_equal(lm_run_precision(run), gemm_bf16_is_fast() ? LM_PRECISION_BF16 : LM_PRECISION_F32);
    lm_run_release(run);
    lm_model_release(model);
}

static void a_path_beyond_the_first_angles_is_rotated_right(void **state)
{
    (void)state;
    struct lm_model *model = random_model(whole_shape(4));
    check_graph(model, model, 600, 300, 0, false);
    lm_model_release(model);
}

static void training_of_what_has_no_gradient_is_refused(void **state)
{
    (void)state;
    struct lm_run_options options = {.rows_max = 8, .threads = 1, .train = true};
    for (int i = 2; i < SHAPES; i++) {
        struct lm_model *model = random_model(whole_shape(i));
        struct lm_run *run;
        assert_int_equal(lm_run_open(&run, model, &options, &err), PONDER_E_UNSUPPORTED);
        assert_non_null(strstr(err.message, lm_arch_name(model->shape.arch)));
        lm_model_release(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_of_each_architecture_is_read_as_it_was_written),
        cmocka_unit_test(each_architecture_computes_the_plain_graph),
        cmocka_unit_test(a_model_that_stays_in_its_file_computes_the_same),
        cmocka_unit_test(training_wants_a_model_that_is_expanded),
        cmocka_unit_test(products_by_panels_are_those_of_packed_weights),
        cmocka_unit_test(quantised_weights_are_multiplied_as_integers_where_asked),
        cmocka_unit_test(a_precision_is_what_the_model_allows),
        cmocka_unit_test(a_path_beyond_the_first_angles_is_rotated_right),
        cmocka_unit_test(training_of_what_has_no_gradient_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
