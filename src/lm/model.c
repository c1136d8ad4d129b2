/* model.c - shapes, parameter blocks, and GGUF files of architecture `llama`. */
#include "lm/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"

/* --- shape --------------------------------------------------------------------------------------------- */

static const struct {
    const char *key;
    size_t offset;
    int max;
} limits[] = {
    {"vocabulary (tokenizer.ggml.tokens)", offsetof(struct lm_shape, vocab), 1 << 20},
    {"llama.embedding_length", offsetof(struct lm_shape, width), 1 << 16},
    {"llama.block_count", offsetof(struct lm_shape, layers), 1024},
    {"llama.attention.head_count", offsetof(struct lm_shape, heads), 1024},
    {"llama.attention.head_count_kv", offsetof(struct lm_shape, kv_heads), 1024},
    {"head size (llama.rope.dimension_count)", offsetof(struct lm_shape, head_dim), 1024},
    {"llama.feed_forward_length", offsetof(struct lm_shape, ffn), 1 << 18},
    {"llama.context_length", offsetof(struct lm_shape, context), 1 << 22},
};

int lm_shape_check(const struct lm_shape *shape, struct ponder_err *err)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        int value;
        memcpy(&value, (const char *)shape + limits[i].offset, sizeof value);
        if (value < 1 || value > limits[i].max)
            return err_set(err, PONDER_E_FORMAT, "%s is %d: it must be from 1 to %d", limits[i].key, value,
                           limits[i].max);
    }
    if (shape->heads % shape->kv_heads)
        return err_set(err, PONDER_E_FORMAT,
                       "llama.attention.head_count %d is no multiple of head_count_kv %d", shape->heads,
                       shape->kv_heads);
    if (shape->head_dim % 2)
        return err_set(err, PONDER_E_FORMAT, "head size %d is odd: rotary positions need pairs",
                       shape->head_dim);
    if (!(shape->rms_eps > 0 && shape->rms_eps < 1) || !(shape->rope_base > 1 && shape->rope_base < 1e12f))
        return err_set(err, PONDER_E_FORMAT,
                       "llama.attention.layer_norm_rms_epsilon or llama.rope.freq_base is out of range");
    return PONDER_OK;
}

/* Floats of each part of a parameter block, in its order. */
struct sizes {
    size_t embedding, norm, qkv, attn_out, gate_up, ffn_down, layer;
};

static struct sizes sizes_of(const struct lm_shape *s)
{
    size_t width = (size_t)s->width, heads_width = (size_t)s->heads * (size_t)s->head_dim;
    size_t kv_width = (size_t)s->kv_heads * (size_t)s->head_dim;
    struct sizes sizes = {
        .embedding = (size_t)s->vocab * width,
        .norm = width,
        .qkv = (heads_width + 2 * kv_width) * width,
        .attn_out = heads_width * width,
        .gate_up = 2 * (size_t)s->ffn * width,
        .ffn_down = (size_t)s->ffn * width,
    };
    sizes.layer = 2 * sizes.norm + sizes.qkv + sizes.attn_out + sizes.gate_up + sizes.ffn_down;
    return sizes;
}

size_t lm_param_count(const struct lm_shape *shape)
{
    struct sizes sizes = sizes_of(shape);
    return sizes.embedding * (shape->tied ? 1 : 2) + sizes.norm + (size_t)shape->layers * sizes.layer;
}

size_t lm_matrix_param_count(const struct lm_shape *shape)
{
    struct sizes sizes = sizes_of(shape);
    return sizes.embedding + (size_t)shape->layers * (sizes.layer - 2 * sizes.norm);
}

double lm_flops_per_token(const struct lm_shape *shape, double keys)
{
    double per_key = 4.0 * shape->heads * shape->head_dim * shape->layers;
    return 2.0 * (double)lm_matrix_param_count(shape) + per_key * keys;
}

struct lm_layer lm_layer_at(const struct lm_shape *shape, float *params, int layer)
{
    struct sizes sizes = sizes_of(shape);
    struct lm_layer at;
    at.attn_norm = params + sizes.embedding + (size_t)layer * sizes.layer;
    at.qkv = at.attn_norm + sizes.norm;
    at.attn_out = at.qkv + sizes.qkv;
    at.ffn_norm = at.attn_out + sizes.attn_out;
    at.gate_up = at.ffn_norm + sizes.norm;
    at.ffn_down = at.gate_up + sizes.gate_up;
    return at;
}

float *lm_embedding_at(const struct lm_shape *shape, float *params)
{
    (void)shape;
    return params;
}

float *lm_out_norm_at(const struct lm_shape *shape, float *params)
{
    struct sizes sizes = sizes_of(shape);
    return params + sizes.embedding + (size_t)shape->layers * sizes.layer;
}

float *lm_output_at(const struct lm_shape *shape, float *params)
{
    return shape->tied ? params : lm_out_norm_at(shape, params) + shape->width;
}

/* --- tensors as GGUF names them ------------------------------------------------------------------------ */

struct listing {
    struct lm_tensor *table; /* NULL: only count */
    int count;
    size_t offset;
};

static void list_tensor(struct listing *list, const char *name, int layer, int rows, int cols)
{
    if (list->table) {
        struct lm_tensor *tensor = &list->table[list->count];
        *tensor = (struct lm_tensor){.offset = list->offset, .rows = rows, .cols = cols, .decay = rows > 1};
        if (layer < 0)
            snprintf(tensor->name, sizeof tensor->name, "%s.weight", name);
        else
            snprintf(tensor->name, sizeof tensor->name, "blk.%d.%s.weight", layer, name);
    }
    list->count++;
    list->offset += (size_t)rows * (size_t)cols;
}

int lm_tensors(const struct lm_shape *s, struct lm_tensor *table)
{
    struct listing list = {.table = table};
    int heads_width = s->heads * s->head_dim, kv_width = s->kv_heads * s->head_dim;
    list_tensor(&list, "token_embd", -1, s->vocab, s->width);
    for (int layer = 0; layer < s->layers; layer++) {
        list_tensor(&list, "attn_norm", layer, 1, s->width);
        list_tensor(&list, "attn_q", layer, heads_width, s->width);
        list_tensor(&list, "attn_k", layer, kv_width, s->width);
        list_tensor(&list, "attn_v", layer, kv_width, s->width);
        list_tensor(&list, "attn_output", layer, s->width, heads_width);
        list_tensor(&list, "ffn_norm", layer, 1, s->width);
        list_tensor(&list, "ffn_gate", layer, s->ffn, s->width);
        list_tensor(&list, "ffn_up", layer, s->ffn, s->width);
        list_tensor(&list, "ffn_down", layer, s->width, s->ffn);
    }
    list_tensor(&list, "output_norm", -1, 1, s->width);
    if (!s->tied)
        list_tensor(&list, "output", -1, s->vocab, s->width);
    return list.count;
}

/* --- models -------------------------------------------------------------------------------------------- */

static int model_alloc(struct lm_model **out, const struct lm_shape *shape, struct ponder_err *err)
{
    struct lm_model *model = calloc(1, sizeof *model);
    if (!model)
        return err_memory(err, "a model");
    model->shape = *shape;
    model->param_count = lm_param_count(shape);
    model->params = aligned_alloc(64, (model->param_count * sizeof(float) + 63) / 64 * 64);
    if (!model->params) {
        lm_model_release(model);
        return err_memory(err, "the parameters of a model");
    }
    *out = model;
    return PONDER_OK;
}

void lm_model_release(struct lm_model *model)
{
    if (!model)
        return;
    tokenizer_release(model->tokenizer);
    free(model->params);
    free(model);
}

/* Projections that write into the residual stream are scaled down by its depth (Radford et al. 2019). Queries
 * and keys begin at unit size, so that attention is not flat from the start and learns to look up sooner. */
static float deviation_of(const struct lm_tensor *tensor, int layers)
{
    bool residual = strstr(tensor->name, "attn_output") || strstr(tensor->name, "ffn_down");
    if (strstr(tensor->name, "attn_q") || strstr(tensor->name, "attn_k"))
        return 1 / sqrtf((float)tensor->cols);
    return residual ? 0.02f / sqrtf(2.0f * (float)layers) : 0.02f;
}

int lm_model_new(struct lm_model **out, const struct lm_shape *shape, uint64_t seed,
                 struct tokenizer *tokenizer, struct ponder_err *err)
{
    struct lm_model *model;
    int status = lm_shape_check(shape, err);
    if (!status)
        status = model_alloc(&model, shape, err);
    if (status)
        return status;
    int count = lm_tensors(shape, NULL);
    struct lm_tensor *table = calloc((size_t)count, sizeof *table);
    if (!table) {
        lm_model_release(model);
        return err_memory(err, "a table of tensors");
    }
    lm_tensors(shape, table);
    struct rng rng;
    rng_init(&rng, seed);
    for (int t = 0; t < count; t++) {
        float *data = model->params + table[t].offset;
        size_t n = (size_t)table[t].rows * (size_t)table[t].cols;
        for (size_t i = 0; i < n; i++)
            data[i] =
                table[t].rows == 1 ? 1.0f : deviation_of(&table[t], shape->layers) * (float)rng_normal(&rng);
    }
    free(table);
    model->tokenizer = tokenizer;
    *out = model;
    return PONDER_OK;
}

/* --- reading ------------------------------------------------------------------------------------------- */

static int read_int(const struct gguf_file *file, const char *key, int *out, struct ponder_err *err)
{
    uint32_t value;
    int status = gguf_get_u32(file, key, &value, err);
    if (status)
        return status;
    if (value > INT32_MAX)
        return err_set(err, PONDER_E_FORMAT, "%s: %s is %u, which no model has", gguf_path(file), key, value);
    *out = (int)value;
    return PONDER_OK;
}

/* As read_int, but a missing key leaves `*out` as it is. */
static int read_int_or(const struct gguf_file *file, const char *key, int *out, struct ponder_err *err)
{
    return gguf_find(file, key) ? read_int(file, key, out, err) : PONDER_OK;
}

static int check_architecture(const struct gguf_file *file, struct ponder_err *err)
{
    struct gguf_string name;
    int status = gguf_get_string(file, "general.architecture", &name, err);
    if (status)
        return status;
    if (name.len == 5 && memcmp(name.data, "llama", 5) == 0)
        return PONDER_OK;
    return err_set(err, PONDER_E_UNSUPPORTED, "%s: architecture \"%.*s\" is not supported; supported: llama",
                   gguf_path(file), (int)(name.len < 64 ? name.len : 64), name.data);
}

static int read_shape(const struct gguf_file *file, int vocab, struct lm_shape *shape, struct ponder_err *err)
{
    *shape = (struct lm_shape){.vocab = vocab, .rope_base = 10000.0f};
    int status = read_int(file, "llama.embedding_length", &shape->width, err);
    if (!status)
        status = read_int(file, "llama.block_count", &shape->layers, err);
    if (!status)
        status = read_int(file, "llama.attention.head_count", &shape->heads, err);
    shape->kv_heads = shape->heads;
    if (!status)
        status = read_int_or(file, "llama.attention.head_count_kv", &shape->kv_heads, err);
    if (!status)
        status = read_int(file, "llama.feed_forward_length", &shape->ffn, err);
    if (!status)
        status = read_int(file, "llama.context_length", &shape->context, err);
    if (!status)
        status = gguf_get_f32(file, "llama.attention.layer_norm_rms_epsilon", &shape->rms_eps, err);
    if (!status && gguf_find(file, "llama.rope.freq_base"))
        status = gguf_get_f32(file, "llama.rope.freq_base", &shape->rope_base, err);
    if (status)
        return status;
    shape->head_dim = shape->heads > 0 ? shape->width / shape->heads : 0;
    status = read_int_or(file, "llama.attention.key_length", &shape->head_dim, err);
    shape->tied = !gguf_tensor_find(file, "output.weight");
    if (!status && lm_shape_check(shape, err))
        status = err_prefix(err, PONDER_E_FORMAT, "%s", gguf_path(file));
    return status;
}

/* What would change the result silently if it were passed over. */
static int refuse_extras(const struct gguf_file *file, const struct lm_shape *shape, struct ponder_err *err)
{
    static const char *const keys[] = {"llama.rope.scaling.type", "llama.rope.scale_linear",
                                       "llama.expert_count"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct gguf_value *value = gguf_find(file, keys[i]);
        bool none = value && value->type == GGUF_STRING && gguf_string_at(file, value, 0).len == 4 &&
                    memcmp(gguf_string_at(file, value, 0).data, "none", 4) == 0;
        bool zero = value && value->type != GGUF_STRING && value->type != GGUF_ARRAY &&
                    gguf_number_at(file, value, 0) == 0;
        if (value && !none && !zero)
            return err_set(err, PONDER_E_UNSUPPORTED,
                           "%s: key %s (byte %zu): this option of llama is not supported", gguf_path(file),
                           keys[i], value->offset);
    }
    int rotated = shape->head_dim;
    int status = read_int_or(file, "llama.rope.dimension_count", &rotated, err);
    if (!status && rotated != shape->head_dim)
        return err_set(err, PONDER_E_UNSUPPORTED,
                       "%s: llama.rope.dimension_count is %d: only the whole head, %d, is supported",
                       gguf_path(file), rotated, shape->head_dim);
    if (!status && gguf_tensor_find(file, "rope_freqs.weight"))
        return err_set(err, PONDER_E_UNSUPPORTED,
                       "%s: tensor rope_freqs.weight: scaled rotary positions are not supported",
                       gguf_path(file));
    return status;
}

static int read_tensor(const struct gguf_file *file, const struct lm_tensor *want, float *params,
                       struct ponder_err *err)
{
    const struct gguf_tensor *have = gguf_tensor_find(file, want->name);
    if (!have)
        return err_set(err, PONDER_E_FORMAT, "%s: tensor %s is missing: not a whole llama model",
                       gguf_path(file), want->name);
    uint64_t rows = have->n_dims > 1 ? have->dims[1] : 1;
    if (have->n_dims > 2 || have->dims[0] != (uint64_t)want->cols || rows != (uint64_t)want->rows)
        return err_set(err, PONDER_E_FORMAT, "%s: tensor %s is %llu x %llu: the metadata says %d x %d",
                       gguf_path(file), want->name, (unsigned long long)rows,
                       (unsigned long long)have->dims[0], want->rows, want->cols);
    int status = gguf_tensor_to_f32(have, params + want->offset, err);
    return status ? err_prefix(err, status, "%s", gguf_path(file)) : PONDER_OK;
}

static int read_tensors(const struct gguf_file *file, struct lm_model *model, struct ponder_err *err)
{
    int count = lm_tensors(&model->shape, NULL), status = PONDER_OK;
    struct lm_tensor *table = calloc((size_t)count, sizeof *table);
    if (!table)
        return err_memory(err, "a table of tensors");
    lm_tensors(&model->shape, table);
    for (int t = 0; !status && t < count; t++)
        status = read_tensor(file, &table[t], model->params, err);
    free(table);
    return status;
}

/* A hostile file must not make us allocate more than its own size warrants. */
static int check_size(const struct gguf_file *file, const struct lm_shape *shape, struct ponder_err *err)
{
    size_t stored = 0;
    for (size_t i = 0; i < gguf_tensor_count(file); i++)
        stored += gguf_tensor_at(file, i)->bytes;
    double floats =
        (double)shape->layers * 3.0 * shape->ffn * shape->width + (double)shape->vocab * shape->width;
    if (floats / 4 > (double)stored) /* no tensor type packs an element into less than 2 bits */
        return err_set(err, PONDER_E_FORMAT,
                       "%s: its %zu bytes of tensors cannot hold the model that its metadata describes",
                       gguf_path(file), stored);
    return PONDER_OK;
}

static int read_model(struct lm_model **out, const struct gguf_file *file, struct tokenizer *tokenizer,
                      struct ponder_err *err)
{
    struct lm_shape shape;
    struct lm_model *model = NULL;
    int status = read_shape(file, tokenizer_size(tokenizer), &shape, err);
    if (!status)
        status = refuse_extras(file, &shape, err);
    if (!status)
        status = check_size(file, &shape, err);
    if (!status)
        status = model_alloc(&model, &shape, err);
    if (!status)
        status = read_tensors(file, model, err);
    if (status) {
        lm_model_release(model);
        return status;
    }
    model->hash = hash_bytes(model->params, model->param_count * sizeof *model->params);
    *out = model;
    return PONDER_OK;
}

int lm_model_open(struct lm_model **out, const char *path, struct ponder_err *err)
{
    struct gguf_file *file = NULL;
    struct tokenizer *tokenizer = NULL;
    int status = gguf_open(&file, path, err);
    if (!status)
        status = check_architecture(file, err);
    if (!status)
        status = tokenizer_open(&tokenizer, file, err);
    if (!status)
        status = read_model(out, file, tokenizer, err);
    if (status)
        tokenizer_release(tokenizer);
    else
        (*out)->tokenizer = tokenizer;
    gguf_release(file);
    return status;
}

/* --- writing ------------------------------------------------------------------------------------------- */

static void put_shape(struct gguf_writer *writer, const struct lm_shape *s)
{
    gguf_put_u32(writer, "llama.vocab_size", (uint32_t)s->vocab);
    gguf_put_u32(writer, "llama.context_length", (uint32_t)s->context);
    gguf_put_u32(writer, "llama.embedding_length", (uint32_t)s->width);
    gguf_put_u32(writer, "llama.block_count", (uint32_t)s->layers);
    gguf_put_u32(writer, "llama.feed_forward_length", (uint32_t)s->ffn);
    gguf_put_u32(writer, "llama.attention.head_count", (uint32_t)s->heads);
    gguf_put_u32(writer, "llama.attention.head_count_kv", (uint32_t)s->kv_heads);
    gguf_put_u32(writer, "llama.attention.key_length", (uint32_t)s->head_dim);
    gguf_put_u32(writer, "llama.attention.value_length", (uint32_t)s->head_dim);
    gguf_put_f32(writer, "llama.attention.layer_norm_rms_epsilon", s->rms_eps);
    gguf_put_u32(writer, "llama.rope.dimension_count", (uint32_t)s->head_dim);
    gguf_put_f32(writer, "llama.rope.freq_base", s->rope_base);
}

int lm_model_save(const struct lm_model *model, const char *path, enum gguf_tensor_type type,
                  const char *name, void (*extra)(struct gguf_writer *writer, void *data), void *data,
                  struct ponder_err *err)
{
    int count = lm_tensors(&model->shape, NULL);
    struct lm_tensor *table = calloc((size_t)count, sizeof *table);
    struct gguf_writer *writer = gguf_writer_new();
    if (!table || !writer) {
        free(table);
        gguf_writer_release(writer);
        return err_memory(err, "a model file");
    }
    lm_tensors(&model->shape, table);
    gguf_put_text(writer, "general.architecture", "llama");
    gguf_put_text(writer, "general.name", name);
    put_shape(writer, &model->shape);
    if (model->tokenizer)
        tokenizer_put(model->tokenizer, writer);
    if (extra)
        extra(writer, data);
    for (int t = 0; t < count; t++) {
        uint64_t dims[2] = {(uint64_t)table[t].cols, (uint64_t)table[t].rows};
        bool vector = table[t].rows == 1;
        gguf_put_tensor(writer, table[t].name, vector ? GGUF_TENSOR_F32 : type, vector ? 1 : 2, dims,
                        model->params + table[t].offset);
    }
    int status = gguf_writer_save(writer, path, err);
    gguf_writer_release(writer);
    free(table);
    return status;
}
