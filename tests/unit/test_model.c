/* test_model.c - files of every architecture: what they say is computed, what is not supported is refused by
 * name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/rng.h"
#include "lm/forward.h"
#include "lm/gemm.h"
#include "lm/kernels.h"

enum { VOCAB = 280, WIDTH = 16, LAYERS = 2, FFN = 24, CONTEXT = 700 };

static struct ponder_err err;
static char path[] = "/tmp/test_model_XXXXXX";

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static struct tokenizer *bytes_tokenizer(void)
{
    static const char text[] = "The answer is 12. The answer is 7.<|end|>";
    struct tokenizer *tokenizer;
    if (tokenizer_learn(&tokenizer, text, sizeof text - 1, VOCAB, &err))
        fail_msg("%s", err.message);
    return tokenizer;
}

/* ---- shapes ---- */

/* Everything that a file of these architectures can ask for, in turn. */
static const struct lm_shape shapes[] = {
    {.arch = LM_LLAMA, .head_dim = 4},
    {.arch = LM_LLAMA, .head_dim = 6, .tied = true, .rope_freqs = true},
    {.arch = LM_LLAMA, .head_dim = 4, .qkv_bias = true, .rope_divisor = 4},
    {.arch = LM_QWEN2, .head_dim = 4, .qkv_bias = true, .rope_halves = true, .tied = true},
    {.arch = LM_QWEN3, .head_dim = 10, .qk_norm = true, .rope_halves = true},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static struct lm_shape whole_shape(int index)
{
    struct lm_shape shape = shapes[index];
    shape.vocab = VOCAB;
    shape.width = WIDTH;
    shape.layers = LAYERS;
    shape.heads = 4;
    shape.kv_heads = 2;
    shape.ffn = FFN;
    shape.context = CONTEXT;
    shape.rope_base = 1000;
    shape.rms_eps = 1e-5f;
    return shape;
}

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

/* ---- files that are not what they should be ---- */

/* One thing that is otherwise than in a good file of shape `shape`. */
struct change {
    int shape;
    const char *key;  /* behind the architecture's name, or whole where it has "general" in it */
    const char *text; /* its value; else `number`, and NAN leaves the key out */
    double number;    /* as f32 where it is no whole number */
    const char
        *tensor; /* with `rows` x `cols` elements, or where they are 0 left out; an unknown one is added */
    int rows, cols;
    int status;
    const char *words; /* in the error; NULL where the file is good all the same */
};

struct key {
    const char *name;
    double number;
};

static void put_number(struct gguf_writer *writer, const char *key, double number)
{
    if (number == floor(number) && number >= 0 && number < 4294967296.0)
        gguf_put_u32(writer, key, (uint32_t)number);
    else
        gguf_put_f32(writer, key, (float)number);
}

static void put_key(struct gguf_writer *writer, enum lm_arch arch, const char *name,
                    const struct change *change, double number)
{
    char key[80];
    snprintf(key, sizeof key, "%s.%s", lm_arch_name(arch), name);
    bool changed = change->key && strcmp(change->key, name) == 0;
    if (changed && change->text)
        gguf_put_text(writer, key, change->text);
    else if (!changed || !isnan(change->number))
        put_number(writer, key, changed ? change->number : number);
}

static void put_keys(struct gguf_writer *writer, const struct lm_shape *s, const struct change *change)
{
    const struct key keys[] = {{"embedding_length", s->width},       {"block_count", s->layers},
                               {"attention.head_count", s->heads},   {"attention.head_count_kv", s->kv_heads},
                               {"feed_forward_length", s->ffn},      {"context_length", s->context},
                               {"attention.key_length", s->head_dim}};
    bool known = false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        put_key(writer, s->arch, keys[i].name, change, keys[i].number);
        known = known || (change->key && strcmp(change->key, keys[i].name) == 0);
    }
    char key[80];
    snprintf(key, sizeof key, "%s.attention.layer_norm_rms_epsilon", lm_arch_name(s->arch));
    gguf_put_f32(writer, key, s->rms_eps);
    bool general = change->key && strstr(change->key, "general");
    gguf_put_text(writer, "general.architecture", general ? change->text : lm_arch_name(s->arch));
    if (change->key && !known && !general)
        put_key(writer, s->arch, change->key, change, 0);
}

static void put_tensor(struct gguf_writer *writer, const char *name, int rows, int cols)
{
    static const float ones[VOCAB * WIDTH * 8] = {[0 ... VOCAB * WIDTH * 8 - 1] = 1.0f};
    uint64_t dims[2] = {(uint64_t)cols, (uint64_t)rows};
    assert_true((size_t)rows * (size_t)cols <= sizeof ones / sizeof *ones);
    gguf_put_tensor(writer, name, GGUF_TENSOR_F32, rows == 1 ? 1 : 2, dims, ones);
}

static void put_tensors(struct gguf_writer *writer, const struct lm_shape *s, const struct change *change)
{
    enum { TENSORS_MAX = 64 };
    struct lm_tensor table[TENSORS_MAX];
    int count = lm_tensors(s, NULL);
    bool known = !change->tensor;
    assert_true(count <= TENSORS_MAX);
    lm_tensors(s, table);
    for (int t = 0; t < count; t++) {
        bool changed = change->tensor && strcmp(change->tensor, table[t].name) == 0;
        known = known || changed;
        if (!changed)
            put_tensor(writer, table[t].name, table[t].rows, table[t].cols);
        else if (change->rows)
            put_tensor(writer, table[t].name, change->rows, change->cols);
    }
    if (!known)
        put_tensor(writer, change->tensor, change->rows, change->cols);
}

static int open_changed(const struct change *change, struct lm_model **model)
{
    struct lm_shape shape = whole_shape(change->shape);
    struct tokenizer *tokenizer = bytes_tokenizer();
    struct gguf_writer *writer = gguf_writer_new();
    put_keys(writer, &shape, change);
    put_tensors(writer, &shape, change);
    tokenizer_put(tokenizer, writer);
    if (gguf_writer_save(writer, path, &err))
        fail_msg("%s", err.message);
    gguf_writer_release(writer);
    tokenizer_release(tokenizer);
    *model = NULL;
    return lm_model_open(model, path, &err);
}

static void check_change(const struct change *change)
{
    struct lm_model *model;
    int status = open_changed(change, &model);
    const char *what = change->key ? change->key : change->tensor;
    if (status != change->status)
        fail_msg("%s: status %d, not %d: %s", what, status, change->status, status ? err.message : "opened");
    if (status && (!strstr(err.message, change->words) || !strstr(err.message, path)))
        fail_msg("%s: '%s' lacks '%s' or the file", what, err.message, change->words);
    lm_model_release(model);
}

enum { LLAMA = 0, FREQS = 1, QWEN2 = 3, QWEN3 = 4, BAD = PONDER_E_FORMAT, FOREIGN = PONDER_E_UNSUPPORTED };

static void metadata_that_no_model_has_are_refused_by_key(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {.shape = QWEN2,
         .key = "embedding_length",
         .number = NAN,
         .status = PONDER_E_NOT_FOUND,
         .words = "qwen2.embedding_length"},
        {.shape = QWEN3, .key = "block_count", .number = 0, .status = BAD, .words = "qwen3.block_count is 0"},
        {.shape = QWEN3, .key = "block_count", .number = 4e9, .status = BAD, .words = "qwen3.block_count"},
        {.shape = QWEN2,
         .key = "attention.head_count",
         .number = 0,
         .status = BAD,
         .words = "head_count is 0"},
        {.shape = QWEN2,
         .key = "attention.head_count",
         .text = "4",
         .status = BAD,
         .words = "an integer is wanted"},
        {.shape = QWEN2, .key = "attention.head_count", .number = 5, .status = BAD, .words = "no multiple"},
        {.shape = QWEN2,
         .key = "attention.head_count_kv",
         .number = 3,
         .status = BAD,
         .words = "no multiple"},
        {.shape = QWEN2, .key = "attention.head_count_kv", .number = 0, .status = BAD, .words = "is 0"},
        {.shape = QWEN3, .key = "attention.key_length", .number = 5, .status = BAD, .words = "odd"},
        {.shape = QWEN3,
         .key = "attention.key_length",
         .number = 8,
         .status = BAD,
         .words = "blk.0.attn_q.weight"},
        {.shape = LLAMA, .key = "feed_forward_length", .number = 1e5, .status = BAD, .words = "cannot hold"},
        {.shape = LLAMA,
         .key = "context_length",
         .number = 0,
         .status = BAD,
         .words = "llama.context_length is 0"},
        {.shape = LLAMA,
         .key = "rope.freq_base",
         .number = -0.5,
         .status = BAD,
         .words = "llama.rope.freq_base"},
        {.shape = LLAMA,
         .key = "rope.scaling.factor",
         .number = -2,
         .status = BAD,
         .words = "scaling.factor"},
        {.shape = LLAMA,
         .key = "rope.scaling.type",
         .number = 1,
         .status = BAD,
         .words = "a string is wanted"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        check_change(&changes[i]);
}

static void what_is_not_computed_is_refused_by_name(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {.shape = LLAMA,
         .key = "general.architecture",
         .text = "gpt2",
         .status = FOREIGN,
         .words = "\"gpt2\" is not supported; supported are llama qwen2 qwen3"},
        {.shape = LLAMA, .key = "rope.scaling.type", .text = "yarn", .status = FOREIGN, .words = "\"yarn\""},
        {.shape = QWEN2,
         .key = "rope.scaling.type",
         .text = "longrope",
         .status = FOREIGN,
         .words = "\"longrope\""},
        {.shape = QWEN2,
         .key = "rope.dimension_count",
         .number = 2,
         .status = FOREIGN,
         .words = "only the whole head, 4"},
        {.shape = QWEN3,
         .key = "attention.value_length",
         .number = 8,
         .status = FOREIGN,
         .words = "value_length"},
        {.shape = LLAMA,
         .key = "expert_count",
         .number = 8,
         .status = FOREIGN,
         .words = "llama.expert_count"},
        {.shape = LLAMA,
         .key = "attention.scale",
         .number = 0.5,
         .status = FOREIGN,
         .words = "attention.scale"},
        {.shape = LLAMA, .key = "logit_scale", .number = 2, .status = FOREIGN, .words = "logit_scale"},
        {.shape = QWEN2,
         .tensor = "blk.1.attn_output.bias",
         .rows = 1,
         .cols = WIDTH,
         .status = FOREIGN,
         .words = "blk.1.attn_output.bias: it belongs to no qwen2 model"},
        {.shape = QWEN3,
         .tensor = "rope_freqs.weight",
         .rows = 1,
         .cols = 5,
         .status = FOREIGN,
         .words = "rope_freqs.weight"},
        {.shape = LLAMA,
         .tensor = "blk.0.attn_q_norm.weight",
         .rows = 1,
         .cols = 4,
         .status = FOREIGN,
         .words = "attn_q_norm"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        check_change(&changes[i]);
}

static void tensors_that_lack_or_have_other_sizes_are_refused_by_name(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {.shape = QWEN2,
         .tensor = "blk.1.attn_k.bias",
         .status = BAD,
         .words = "blk.1.attn_k.bias is missing"},
        {.shape = QWEN2,
         .tensor = "blk.0.attn_q.bias",
         .status = BAD,
         .words = "blk.0.attn_q.bias is missing"},
        {.shape = QWEN2,
         .tensor = "blk.0.attn_q.bias",
         .rows = 1,
         .cols = 8,
         .status = BAD,
         .words = "blk.0.attn_q.bias is 1 x 8: the metadata says 1 x 16"},
        {.shape = QWEN3,
         .tensor = "blk.0.attn_k_norm.weight",
         .status = BAD,
         .words = "attn_k_norm.weight is missing"},
        {.shape = QWEN3,
         .tensor = "blk.1.attn_q_norm.weight",
         .rows = 1,
         .cols = 40,
         .status = BAD,
         .words = "blk.1.attn_q_norm.weight is 1 x 40: the metadata says 1 x 10"},
        {.shape = QWEN3,
         .tensor = "blk.1.attn_output.weight",
         .rows = 40,
         .cols = 16,
         .status = BAD,
         .words = "is 40 x 16: the metadata says 16 x 40"},
        {.shape = FREQS,
         .tensor = "rope_freqs.weight",
         .rows = 1,
         .cols = 6,
         .status = BAD,
         .words = "rope_freqs.weight is 1 x 6: the metadata says 1 x 3"},
        {.shape = LLAMA,
         .tensor = "token_embd.weight",
         .rows = VOCAB - 1,
         .cols = WIDTH,
         .status = BAD,
         .words = "token_embd.weight is 279 x 16"},
        {.shape = LLAMA,
         .tensor = "output_norm.weight",
         .status = BAD,
         .words = "output_norm.weight is missing"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        check_change(&changes[i]);
}

static void what_files_may_leave_out_or_say_has_its_meaning(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {.shape = LLAMA, .key = "attention.key_length", .number = NAN},
        {.shape = LLAMA, .key = "rope.scaling.type", .text = "none"},
        {.shape = LLAMA, .key = "expert_count", .number = 0},
        {.shape = LLAMA, .key = "logit_scale", .number = 1},
        {.shape = LLAMA, .tensor = "output.weight"},
    };
    struct lm_model *model;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        check_change(&changes[i]);
    open_changed(&(struct change){.shape = LLAMA, .key = "rope.scale_linear", .number = 2.5}, &model);
    assert_true(model && model->shape.rope_divisor == 2.5f);
    lm_model_release(model);
    open_changed(&(struct change){.shape = QWEN2, .key = "attention.sliding_window", .number = 96}, &model);
    assert_true(model && model->shape.context == 96);
    lm_model_release(model);
    open_changed(&(struct change){.shape = LLAMA, .tensor = "output.weight"}, &model);
    assert_true(model && model->shape.tied && !model->shape.qkv_bias);
    lm_model_release(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_of_each_architecture_is_read_as_it_was_written),
        cmocka_unit_test(each_architecture_computes_the_plain_graph),
        cmocka_unit_test(a_model_that_stays_in_its_file_computes_the_same),
        cmocka_unit_test(products_by_panels_are_those_of_packed_weights),
        cmocka_unit_test(training_wants_a_model_that_is_expanded),
        cmocka_unit_test(a_path_beyond_the_first_angles_is_rotated_right),
        cmocka_unit_test(training_of_what_has_no_gradient_is_refused),
        cmocka_unit_test(metadata_that_no_model_has_are_refused_by_key),
        cmocka_unit_test(what_is_not_computed_is_refused_by_name),
        cmocka_unit_test(tensors_that_lack_or_have_other_sizes_are_refused_by_name),
        cmocka_unit_test(what_files_may_leave_out_or_say_has_its_meaning),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
