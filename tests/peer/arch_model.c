/* arch_model.c - this side of tests/peer/arch: models with random weights, and logits.
 *
 *   peer_arch make KIND TYPE VOCABULARY OUT   a small model; KIND is a row of `kinds`, TYPE f32, f16 or bf16,
 *                                             VOCABULARY a GGUF file whose tokenizer it gets
 *   peer_arch ids MODEL COUNT LENGTH          COUNT lines of LENGTH random token ids
 *   peer_arch logits MODEL PRECISION FAULT ROWS OUT   lines of ids on standard input -> to OUT the logits
 * (ids, V) of each line as f32; FAULT is a row of `faults`: what to do wrong; ROWS: so many tokens at a time
 * with the weights as they are in the file, or 0: a line at once with expanded ones
 *
 * Weights are drawn so that a wrong rotation, norm, bias or gain moves the logits far: gains lie between a
 * half and one and a half, attention is sharp, and logits have a standard deviation above 2. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "lm/forward.h"
#include "model/ponder_model.h"

enum { POSITIONS_MAX = 1024, LINE_BYTES_MAX = 1 << 16 };

static int fail(const char *what, const char *detail)
{
    fprintf(stderr, "peer_arch: %s%s\n", what, detail);
    return 1;
}

/* ---- models ---- */

static const struct {
    const char *name;
    struct lm_shape shape; /* what differs from `common` */
} kinds[] = {
    {"llama", {.arch = LM_LLAMA, .head_dim = 32, .rope_base = 10000}},
    {"llama-bias", {.arch = LM_LLAMA, .head_dim = 32, .rope_base = 10000, .qkv_bias = true}},
    {"llama-linear", {.arch = LM_LLAMA, .head_dim = 32, .rope_base = 10000, .rope_divisor = 4}},
    {"llama-freqs",
     {.arch = LM_LLAMA, .head_dim = 32, .rope_base = 500000, .rope_freqs = true, .tied = true}},
    {"qwen2",
     {.arch = LM_QWEN2,
      .head_dim = 32,
      .rope_base = 1e6f,
      .qkv_bias = true,
      .rope_halves = true,
      .tied = true}},
    {"qwen3", {.arch = LM_QWEN3, .head_dim = 64, .rope_base = 1e6f, .qk_norm = true, .rope_halves = true}},
};

/* Standard deviation of a matrix's elements. */
static double deviation_of(const struct lm_tensor *tensor, bool tied)
{
    double unit = 1 / sqrt(tensor->cols);
    if (strstr(tensor->name, "token_embd"))
        return tied ? 2.5 * unit : 1;
    if (strstr(tensor->name, "output.weight") == tensor->name)
        return 2.5 * unit;
    if (strstr(tensor->name, "attn_output") || strstr(tensor->name, "ffn_down"))
        return 0.5 * unit;
    return strstr(tensor->name, "attn_q") || strstr(tensor->name, "attn_k") ? 1.2 * unit : unit;
}

static float draw(const struct lm_tensor *tensor, bool tied, struct rng *rng)
{
    if (tensor->rows > 1)
        return (float)(deviation_of(tensor, tied) * rng_normal(rng));
    if (strstr(tensor->name, ".bias"))
        return (float)(0.5 * rng_normal(rng));
    if (strstr(tensor->name, "rope_freqs"))
        return (float)(0.5 + 7.5 * rng_unit(rng));
    return (float)(0.5 + rng_unit(rng));
}

static int fill(struct lm_model *model)
{
    int count = lm_tensors(&model->shape, NULL);
    struct lm_tensor *table = calloc((size_t)count, sizeof *table);
    struct rng rng;
    if (!table)
        return fail("out of memory", "");
    rng_init(&rng, 1);
    lm_tensors(&model->shape, table);
    for (int t = 0; t < count; t++)
        for (size_t i = 0; i < (size_t)table[t].rows * (size_t)table[t].cols; i++)
            model->params[table[t].offset + i] = draw(&table[t], model->shape.tied, &rng);
    free(table);
    return 0;
}

static bool shape_of(const char *kind, int vocab, struct lm_shape *shape)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, kind) == 0) {
            *shape = kinds[i].shape;
            shape->vocab = vocab;
            shape->width = 256;
            shape->layers = 4;
            shape->heads = 8;
            shape->kv_heads = 2;
            shape->ffn = 512;
            shape->context = 256;
            shape->rms_eps = 1e-5f;
            return true;
        }
    return false;
}

static int make(const char *kind, const char *type, const char *vocabulary, const char *out)
{
    struct ponder_err err;
    struct lm_model *words = NULL, *model = NULL;
    struct lm_shape shape;
    enum gguf_tensor_type tensor_type = strcmp(type, "f16") == 0    ? GGUF_TENSOR_F16
                                        : strcmp(type, "bf16") == 0 ? GGUF_TENSOR_BF16
                                                                    : GGUF_TENSOR_F32;
    if (lm_model_open(&words, vocabulary, &err))
        return fail("", err.message);
    int status = shape_of(kind, words->shape.vocab, &shape) ? 0 : fail("no such kind of model: ", kind);
    if (!status && lm_model_new(&model, &shape, 1, words->tokenizer, &err))
        status = fail("", err.message);
    if (!status) {
        words->tokenizer = NULL;
        status = fill(model);
    }
    if (!status && lm_model_save(model, out, tensor_type, kind, NULL, NULL, &err))
        status = fail("", err.message);
    lm_model_release(model);
    lm_model_release(words);
    return status;
}

/* ---- logits ---- */

static struct lm_layer layer_of(struct lm_model *model, int layer)
{
    return lm_layer_at(&model->shape, model->params, layer);
}

static void set_all(float *x, int n, float value)
{
    for (int i = 0; x && i < n; i++)
        x[i] = value;
}

static void wrong_pairs(struct lm_model *model)
{
    model->shape.rope_halves = !model->shape.rope_halves;
}

static void no_bias(struct lm_model *model)
{
    const struct lm_shape *s = &model->shape;
    for (int layer = 0; layer < s->layers; layer++)
        set_all(layer_of(model, layer).qkv_bias, (s->heads + 2 * s->kv_heads) * s->head_dim, 0);
}

static void no_value_bias_in_one_layer(struct lm_model *model)
{
    const struct lm_shape *s = &model->shape;
    float *bias = layer_of(model, 1).qkv_bias;
    if (bias)
        set_all(bias + (s->heads + s->kv_heads) * s->head_dim, s->kv_heads * s->head_dim, 0);
}

static void no_head_gains(struct lm_model *model)
{
    for (int layer = 0; layer < model->shape.layers; layer++) {
        set_all(layer_of(model, layer).q_norm, model->shape.head_dim, 1);
        set_all(layer_of(model, layer).k_norm, model->shape.head_dim, 1);
    }
}

/* Without the norms each tensor stands at the same place or before it, in the same order. */
static void no_head_norms(struct lm_model *model)
{
    enum { TENSORS_MAX = 128 };
    struct lm_tensor before[TENSORS_MAX], after[TENSORS_MAX];
    int count = lm_tensors(&model->shape, NULL) <= TENSORS_MAX ? lm_tensors(&model->shape, before) : 0;
    model->shape.qk_norm = false;
    int kept = count ? lm_tensors(&model->shape, after) : 0;
    for (int t = 0, from = 0; t < kept; t++, from++) {
        while (strcmp(before[from].name, after[t].name))
            from++;
        memmove(model->params + after[t].offset, model->params + before[from].offset,
                (size_t)after[t].rows * (size_t)after[t].cols * sizeof *model->params);
    }
}

static void no_ffn_gain_in_one_layer(struct lm_model *model)
{
    set_all(layer_of(model, 2).ffn_norm, model->shape.width, 1);
}

static void wrong_base(struct lm_model *model)
{
    model->shape.rope_base *= 1.1f;
}

static void no_divisor(struct lm_model *model)
{
    model->shape.rope_divisor = 0;
}

static void no_freqs(struct lm_model *model)
{
    set_all(lm_rope_freqs_at(&model->shape, model->params), model->shape.head_dim / 2, 1);
}

static void wrong_eps(struct lm_model *model)
{
    model->shape.rms_eps = 1e-2f;
}

static const struct {
    const char *name;
    void (*apply)(struct lm_model *model);
} faults[] = {
    {"none", NULL},
    {"pairs", wrong_pairs},
    {"bias", no_bias},
    {"value-bias-of-one-layer", no_value_bias_in_one_layer},
    {"head-gains", no_head_gains},
    {"head-norms", no_head_norms},
    {"ffn-gain-of-one-layer", no_ffn_gain_in_one_layer},
    {"base", wrong_base},
    {"divisor", no_divisor},
    {"freqs", no_freqs},
    {"eps", wrong_eps},
};

static int break_model(struct lm_model *model, const char *fault)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(faults[i].name, fault) == 0) {
            if (faults[i].apply)
                faults[i].apply(model);
            return 0;
        }
    return fail("no such fault: ", fault);
}

static int parse(const char *line, int32_t *ids)
{
    int count = 0;
    for (char *end; count < POSITIONS_MAX; line = end) {
        long id = strtol(line, &end, 10);
        if (end == line)
            break;
        ids[count++] = (int32_t)id;
    }
    return count;
}

/* The logits of one text, `rows` tokens at a time. */
static int text_logits(struct lm_run *run, const struct lm_model *model, const int32_t *ids, int count,
                       int rows, FILE *out)
{
    struct ponder_err err;
    struct kv_tree *kv;
    int32_t positions[POSITIONS_MAX], segments[POSITIONS_MAX];
    if (kv_tree_open(&kv, &model->shape, KV_F32, (size_t)1 << 30, &err))
        return fail("", err.message);
    int segment = kv_segment_new(kv, -1, 0), status = 0;
    for (int i = 0; i < count; i++) {
        positions[i] = i;
        segments[i] = segment;
    }
    if (segment < 0 || kv_append(kv, segment, ids, count) || kv_reserve(kv, segment, count))
        status = fail("no room for the text", "");
    for (int from = 0; !status && from < count; from += rows) {
        float *logits;
        struct lm_batch batch = {.rows = count - from < rows ? count - from : rows,
                                 .tokens = ids + from,
                                 .positions = positions + from,
                                 .kv = kv,
                                 .segments = segments + from};
        size_t n = (size_t)batch.rows * (size_t)model->shape.vocab;
        if (lm_forward(run, &batch, &logits, &err))
            status = fail("", err.message);
        else if (fwrite(logits, sizeof *logits, n, out) != n)
            status = fail("cannot write", "");
    }
    kv_tree_release(kv);
    return status;
}

static int all_logits(struct lm_run *run, const struct lm_model *model, int rows, const char *path)
{
    static char line[LINE_BYTES_MAX];
    int32_t ids[POSITIONS_MAX];
    int status = 0;
    FILE *out = fopen(path, "wb");
    if (!out)
        return fail("cannot open ", path);
    while (!status && fgets(line, sizeof line, stdin))
        status = text_logits(run, model, ids, parse(line, ids), rows, out);
    return fclose(out) ? fail("cannot write ", path) : status;
}

static int logits(const char *path, const char *precision, const char *fault, int rows, const char *out)
{
    struct ponder_err err;
    struct lm_model *model = NULL;
    struct lm_run *run = NULL;
    struct lm_run_options options = {.rows_max = POSITIONS_MAX, .threads = 1};
    size_t expanded_max = rows > 0 ? 0 : LM_EXPANDED_MAX;
    int status = precision_parse(precision, &options.precision, &err) ||
                         lm_model_open_within(&model, path, expanded_max, &err)
                     ? fail("", err.message)
                     : break_model(model, fault);
    if (!status && lm_run_open(&run, model, &options, &err))
        status = fail("", err.message);
    if (!status)
        status = all_logits(run, model, rows > 0 ? rows : POSITIONS_MAX, out);
    lm_run_release(run);
    lm_model_release(model);
    return status;
}

static int print_ids(const char *path, int count, int length)
{
    struct ponder_err err;
    struct lm_model *model;
    struct rng rng;
    if (lm_model_open(&model, path, &err))
        return fail("", err.message);
    rng_init(&rng, 2);
    for (int i = 0; i < count * length; i++)
        printf("%d%c", (int)rng_below(&rng, (uint64_t)model->shape.vocab), (i + 1) % length ? ' ' : '\n');
    lm_model_release(model);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "make") == 0)
        return make(argv[2], argv[3], argv[4], argv[5]);
    if (argc == 5 && strcmp(argv[1], "ids") == 0)
        return print_ids(argv[2], atoi(argv[3]), atoi(argv[4]));
    if (argc == 7 && strcmp(argv[1], "logits") == 0)
        return logits(argv[2], argv[3], argv[4], atoi(argv[5]), argv[6]);
    fprintf(stderr, "usage: peer_arch make KIND TYPE VOCABULARY OUT | ids MODEL COUNT LENGTH |\n"
                    "       logits MODEL PRECISION FAULT ROWS OUT\n");
    return 2;
}
