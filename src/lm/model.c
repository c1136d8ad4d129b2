/* model.c - shapes and parameter blocks; files are read and written by model_file.c. */
#include "lm/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/err.h"
#include "core/rng.h"

/* --- shape --------------------------------------------------------------------------------------------- */

const char *lm_arch_name(enum lm_arch arch)
{
    static const char *const names[] = {
#define X(id, name) name,
        LM_ARCHES(X)
#undef X
    };
    return names[arch];
}

/* Bounds of the whole numbers of a shape, by their keys in a file without the architecture's name. */
static const struct {
    const char *key;
    size_t offset;
    int max;
} limits[] = {
    {"embedding_length", offsetof(struct lm_shape, width), 1 << 16},
    {"block_count", offsetof(struct lm_shape, layers), 1024},
    {"attention.head_count", offsetof(struct lm_shape, heads), 1024},
    {"attention.head_count_kv", offsetof(struct lm_shape, kv_heads), 1024},
    {"attention.key_length", offsetof(struct lm_shape, head_dim), 1024},
    {"feed_forward_length", offsetof(struct lm_shape, ffn), 1 << 18},
    {"context_length", offsetof(struct lm_shape, context), 1 << 22},
};

enum { VOCAB_MAX = 1 << 20 };

int lm_shape_check(const struct lm_shape *shape, struct ponder_err *err)
{
    const char *arch = lm_arch_name(shape->arch);
    if (shape->vocab < 1 || shape->vocab > VOCAB_MAX)
        return err_set(err, PONDER_E_FORMAT,
                       "the vocabulary (tokenizer.ggml.tokens) is of %d: it must be from 1 to %d",
                       shape->vocab, VOCAB_MAX);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        int value;
        memcpy(&value, (const char *)shape + limits[i].offset, sizeof value);
        if (value < 1 || value > limits[i].max)
            return err_set(err, PONDER_E_FORMAT, "%s.%s is %d: it must be from 1 to %d", arch, limits[i].key,
                           value, limits[i].max);
    }
    if (shape->heads % shape->kv_heads)
        return err_set(err, PONDER_E_FORMAT, "%s.attention.head_count %d is no multiple of head_count_kv %d",
                       arch, shape->heads, shape->kv_heads);
    if (shape->head_dim % 2)
        return err_set(err, PONDER_E_FORMAT, "head size %d is odd: rotary positions need pairs",
                       shape->head_dim);
    if (!(shape->rms_eps > 0 && shape->rms_eps < 1))
        return err_set(err, PONDER_E_FORMAT,
                       "%s.attention.layer_norm_rms_epsilon is %g: it must be above 0 and below 1", arch,
                       (double)shape->rms_eps);
    if (!(shape->rope_base > 1 && shape->rope_base < 1e12f))
        return err_set(err, PONDER_E_FORMAT, "%s.rope.freq_base is %g: it must be above 1 and below 1e12",
                       arch, (double)shape->rope_base);
    if (!(shape->rope_divisor >= 0 && shape->rope_divisor < 1e6f))
        return err_set(err, PONDER_E_FORMAT, "%s.rope.scaling.factor is %g: it must be from 0 to below 1e6",
                       arch, (double)shape->rope_divisor);
    return PONDER_OK;
}

/* Floats of each part of a parameter block, in its order. */
struct sizes {
    size_t embedding, norm, qkv, qkv_bias, head_norm, attn_out, gate_up, ffn_down;
    size_t matrices, layer; /* of one layer: its matrices, and all of it */
};

static struct sizes sizes_of(const struct lm_shape *s)
{
    size_t width = (size_t)s->width, heads_width = (size_t)s->heads * (size_t)s->head_dim;
    size_t kv_width = (size_t)s->kv_heads * (size_t)s->head_dim;
    struct sizes sizes = {
        .embedding = (size_t)s->vocab * width,
        .norm = width,
        .qkv = (heads_width + 2 * kv_width) * width,
        .qkv_bias = s->qkv_bias ? heads_width + 2 * kv_width : 0,
        .head_norm = s->qk_norm ? (size_t)s->head_dim : 0,
        .attn_out = heads_width * width,
        .gate_up = 2 * (size_t)s->ffn * width,
        .ffn_down = (size_t)s->ffn * width,
    };
    sizes.matrices = sizes.qkv + sizes.attn_out + sizes.gate_up + sizes.ffn_down;
    sizes.layer = sizes.matrices + 2 * sizes.norm + sizes.qkv_bias + 2 * sizes.head_norm;
    return sizes;
}

size_t lm_param_count(const struct lm_shape *shape)
{
    struct sizes sizes = sizes_of(shape);
    return sizes.embedding * (shape->tied ? 1 : 2) + sizes.norm + (size_t)shape->layers * sizes.layer +
           (shape->rope_freqs ? (size_t)shape->head_dim / 2 : 0);
}

size_t lm_matrix_param_count(const struct lm_shape *shape)
{
    struct sizes sizes = sizes_of(shape);
    return sizes.embedding + (size_t)shape->layers * sizes.matrices;
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
    float *bias = at.qkv + sizes.qkv, *head_norms = bias + sizes.qkv_bias;
    at.qkv_bias = shape->qkv_bias ? bias : NULL;
    at.q_norm = shape->qk_norm ? head_norms : NULL;
    at.k_norm = shape->qk_norm ? head_norms + sizes.head_norm : NULL;
    at.attn_out = head_norms + 2 * sizes.head_norm;
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

/* The last of the block. */
float *lm_rope_freqs_at(const struct lm_shape *shape, float *params)
{
    return shape->rope_freqs ? params + lm_param_count(shape) - shape->head_dim / 2 : NULL;
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
            snprintf(tensor->name, sizeof tensor->name, "%s", name);
        else
            snprintf(tensor->name, sizeof tensor->name, "blk.%d.%s", layer, name);
    }
    list->count++;
    list->offset += (size_t)rows * (size_t)cols;
}

int lm_tensors(const struct lm_shape *s, struct lm_tensor *table)
{
    struct listing list = {.table = table};
    int heads_width = s->heads * s->head_dim, kv_width = s->kv_heads * s->head_dim;
    list_tensor(&list, "token_embd.weight", -1, s->vocab, s->width);
    for (int layer = 0; layer < s->layers; layer++) {
        list_tensor(&list, "attn_norm.weight", layer, 1, s->width);
        list_tensor(&list, "attn_q.weight", layer, heads_width, s->width);
        list_tensor(&list, "attn_k.weight", layer, kv_width, s->width);
        list_tensor(&list, "attn_v.weight", layer, kv_width, s->width);
        if (s->qkv_bias) {
            list_tensor(&list, "attn_q.bias", layer, 1, heads_width);
            list_tensor(&list, "attn_k.bias", layer, 1, kv_width);
            list_tensor(&list, "attn_v.bias", layer, 1, kv_width);
        }
        if (s->qk_norm) {
            list_tensor(&list, "attn_q_norm.weight", layer, 1, s->head_dim);
            list_tensor(&list, "attn_k_norm.weight", layer, 1, s->head_dim);
        }
        list_tensor(&list, "attn_output.weight", layer, s->width, heads_width);
        list_tensor(&list, "ffn_norm.weight", layer, 1, s->width);
        list_tensor(&list, "ffn_gate.weight", layer, s->ffn, s->width);
        list_tensor(&list, "ffn_up.weight", layer, s->ffn, s->width);
        list_tensor(&list, "ffn_down.weight", layer, s->width, s->ffn);
    }
    list_tensor(&list, "output_norm.weight", -1, 1, s->width);
    if (!s->tied)
        list_tensor(&list, "output.weight", -1, s->vocab, s->width);
    if (s->rope_freqs)
        list_tensor(&list, "rope_freqs.weight", -1, 1, s->head_dim / 2);
    return list.count;
}

/* --- models -------------------------------------------------------------------------------------------- */

int lm_model_alloc(struct lm_model **out, const struct lm_shape *shape, struct ponder_err *err)
{
    struct lm_model *model = calloc(1, sizeof *model);
    if (!model)
        return err_memory(err, "a model");
    model->shape = *shape;
    model->param_count = lm_param_count(shape);
    void *params = mmap(NULL, model->param_count * sizeof(float), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (params == MAP_FAILED) {
        lm_model_release(model);
        return err_memory(err, "the parameters of a model");
    }
    model->params = params;
    *out = model;
    return PONDER_OK;
}

void lm_model_release(struct lm_model *model)
{
    if (!model)
        return;
    tokenizer_release(model->tokenizer);
    gguf_release(model->file);
    if (model->params)
        munmap(model->params, model->param_count * sizeof(float));
    free(model);
}

size_t lm_model_bytes(const struct lm_model *model)
{
    size_t bytes = 0;
    if (!model->file)
        return model->param_count * sizeof(float);
    for (size_t i = 0; i < gguf_tensor_count(model->file); i++)
        bytes += gguf_tensor_at(model->file, i)->bytes;
    return bytes;
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
        status = lm_model_alloc(&model, shape, err);
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
        float constant = strstr(table[t].name, ".bias") ? 0.0f : 1.0f;
        for (size_t i = 0; i < n; i++)
            data[i] = table[t].rows == 1 ? constant
                                         : deviation_of(&table[t], shape->layers) * (float)rng_normal(&rng);
    }
    free(table);
    model->tokenizer = tokenizer;
    *out = model;
    return PONDER_OK;
}
