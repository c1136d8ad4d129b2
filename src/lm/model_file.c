/* model_file.c - models as GGUF files: the metadata to a shape, tensors to parameters, and back.
 *
 * Names of keys and tensors are those of the GGUF specification of the ggml project (docs/gguf.md); what a
 * key means where that leaves it open is taken from llama.cpp, which writes and reads these files. A file may
 * ask for more than this graph computes. Nothing of that is passed over: a key that would change the result
 * and a tensor that would stay unread are refused by name. */
#include "lm/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"

/* ---- metadata ---- */

struct reader {
    const struct gguf_file *file;
    enum lm_arch arch;
    char key[80]; /* the one looked up last */
    struct ponder_err *err;
};

static const char *key_of(struct reader *r, const char *name)
{
    snprintf(r->key, sizeof r->key, "%s.%s", lm_arch_name(r->arch), name);
    return r->key;
}

static const struct gguf_value *model_find(struct reader *r, const char *name)
{
    return gguf_find(r->file, key_of(r, name));
}

static bool is_text(struct gguf_string string, const char *text)
{
    return string.len == strlen(text) && memcmp(string.data, text, string.len) == 0;
}

static int read_int(struct reader *r, const char *name, int *out)
{
    uint32_t value;
    int status = gguf_get_u32(r->file, key_of(r, name), &value, r->err);
    if (status)
        return status;
    if (value > INT32_MAX)
        return err_set(r->err, PONDER_E_FORMAT, "%s: %s is %u, which no model has", gguf_path(r->file),
                       r->key, value);
    *out = (int)value;
    return PONDER_OK;
}

/* As read_int; the key may be an array with the same number for each layer, too. */
static int read_layers_int(struct reader *r, const char *name, int layers, int *out)
{
    const struct gguf_value *value = model_find(r, name);
    if (!value || value->type != GGUF_ARRAY)
        return read_int(r, name, out);
    double number = gguf_number_at(r->file, value, 0);
    if (value->count != (uint64_t)layers)
        return err_set(r->err, PONDER_E_FORMAT,
                       "%s: byte %zu: key '%s' has %llu elements: one for each of %d layers is wanted",
                       gguf_path(r->file), value->offset, r->key, (unsigned long long)value->count, layers);
    if (!(number >= 0 && number <= INT32_MAX && number == floor(number)))
        return err_set(r->err, PONDER_E_FORMAT,
                       "%s: byte %zu: key '%s': integers that a model can have are wanted",
                       gguf_path(r->file), value->offset, r->key);
    for (uint64_t i = 1; i < value->count; i++)
        if (gguf_number_at(r->file, value, i) != number)
            return err_set(
                r->err, PONDER_E_UNSUPPORTED,
                "%s: byte %zu: key '%s': layer %llu differs from layer 0: only models whose layers are "
                "of one size are supported",
                gguf_path(r->file), value->offset, r->key, (unsigned long long)i);
    *out = (int)number;
    return PONDER_OK;
}

/* As read_int, but a missing key leaves `*out` as it is. */
static int read_int_or(struct reader *r, const char *name, int *out)
{
    return model_find(r, name) ? read_int(r, name, out) : PONDER_OK;
}

static int read_f32_or(struct reader *r, const char *name, float *out)
{
    return model_find(r, name) ? gguf_get_f32(r->file, r->key, out, r->err) : PONDER_OK;
}

static int read_architecture(const struct gguf_file *file, enum lm_arch *arch, struct ponder_err *err)
{
    static const enum lm_arch all[] = {
#define X(id, name) LM_##id,
        LM_ARCHES(X)
#undef X
    };
    struct gguf_string name;
    int status = gguf_get_string(file, "general.architecture", &name, err);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (is_text(name, lm_arch_name(all[i]))) {
            *arch = all[i];
            return PONDER_OK;
        }
    return err_set(err, PONDER_E_UNSUPPORTED,
                   "%s: architecture \"%.*s\" is not supported; supported are"
#define X(id, name) " " name
                   LM_ARCHES(X),
#undef X
                   gguf_path(file), (int)(name.len < 64 ? name.len : 64), name.data);
}

static int read_sizes(struct reader *r, struct lm_shape *shape)
{
    int window = 0, status = read_int(r, "embedding_length", &shape->width);
    if (!status)
        status = read_int(r, "block_count", &shape->layers);
    if (!status)
        status = read_layers_int(r, "attention.head_count", shape->layers, &shape->heads);
    shape->kv_heads = shape->heads;
    if (!status && model_find(r, "attention.head_count_kv"))
        status = read_layers_int(r, "attention.head_count_kv", shape->layers, &shape->kv_heads);
    if (!status)
        status = read_layers_int(r, "feed_forward_length", shape->layers, &shape->ffn);
    if (!status)
        status = read_int(r, "context_length", &shape->context);
    if (!status)
        status = read_int_or(r, "attention.sliding_window", &window);
    if (status)
        return status;
    /* Up to the window's width, attention through it is attention to everything. */
    if (window > 0 && window < shape->context)
        shape->context = window;
    shape->head_dim = shape->heads > 0 ? shape->width / shape->heads : 0;
    return read_int_or(r, "attention.key_length", &shape->head_dim);
}

/* As llama.cpp reads them: a factor without a type is linear, and a factor of 0 is none. */
static int read_rope_scaling(struct reader *r, struct lm_shape *shape)
{
    struct gguf_string type = {"linear", 6};
    const struct gguf_value *value = model_find(r, "rope.scaling.type");
    int status = value ? gguf_get_string(r->file, r->key, &type, r->err) : PONDER_OK;
    if (status || is_text(type, "none"))
        return status;
    if (!is_text(type, "linear"))
        return err_set(
            r->err, PONDER_E_UNSUPPORTED,
            "%s: byte %zu: key '%s' is \"%.*s\": this scaling of rotary positions is not supported; "
            "supported are none, linear, and the tensor rope_freqs.weight of llama models",
            gguf_path(r->file), value->offset, r->key, (int)(type.len < 64 ? type.len : 64), type.data);
    return model_find(r, "rope.scaling.factor") ? read_f32_or(r, "rope.scaling.factor", &shape->rope_divisor)
                                                : read_f32_or(r, "rope.scale_linear", &shape->rope_divisor);
}

static int read_options(struct reader *r, struct lm_shape *shape)
{
    shape->tied = !gguf_tensor_find(r->file, "output.weight");
    shape->qk_norm = r->arch == LM_QWEN3;
    shape->qkv_bias =
        r->arch == LM_QWEN2 || (r->arch == LM_LLAMA && gguf_tensor_find(r->file, "blk.0.attn_q.bias"));
    shape->rope_halves = r->arch != LM_LLAMA;
    shape->rope_freqs = r->arch == LM_LLAMA && gguf_tensor_find(r->file, "rope_freqs.weight");
    shape->rope_base = 10000.0f;
    int status =
        gguf_get_f32(r->file, key_of(r, "attention.layer_norm_rms_epsilon"), &shape->rms_eps, r->err);
    if (!status)
        status = read_f32_or(r, "rope.freq_base", &shape->rope_base);
    return status ? status : read_rope_scaling(r, shape);
}

/* Where a head is not rotated whole, or its keys and values differ in size. */
static int check_head(struct reader *r, const struct lm_shape *shape)
{
    static const char *const keys[] = {"rope.dimension_count", "attention.value_length"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int size = shape->head_dim, status = read_int_or(r, keys[i], &size);
        if (status)
            return status;
        if (size != shape->head_dim)
            return err_set(r->err, PONDER_E_UNSUPPORTED,
                           "%s: key '%s' is %d: only the whole head, %d, is supported", gguf_path(r->file),
                           r->key, size, shape->head_dim);
    }
    return PONDER_OK;
}

/* What would change the result if it were passed over. */
static int refuse_extras(struct reader *r)
{
    static const struct {
        const char *key;
        double without; /* the value, besides 0, that asks for nothing */
    } extras[] = {{"expert_count", 0},           {"attention.clamp_kqv", 0}, {"attention.scale", 0},
                  {"attn_logit_softcapping", 0}, {"logit_scale", 1},         {"final_logit_softcapping", 0},
                  {"residual_scale", 1},         {"embedding_scale", 1},     {"rope.scaling.attn_factor", 1}};
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
        const struct gguf_value *value = model_find(r, extras[i].key);
        double number = value && value->type != GGUF_ARRAY ? gguf_number_at(r->file, value, 0) : NAN;
        if (value && !(number == 0 || number == extras[i].without))
            return err_set(r->err, PONDER_E_UNSUPPORTED,
                           "%s: byte %zu: key '%s': this option is not supported", gguf_path(r->file),
                           value->offset, r->key);
    }
    bool causal = true;
    int status = PONDER_OK;
    if (model_find(r, "attention.causal"))
        status = gguf_get_bool(r->file, r->key, &causal, r->err);
    if (!status && !causal)
        status = err_set(r->err, PONDER_E_UNSUPPORTED,
                         "%s: key '%s' is false: only models that read from left to right are supported",
                         gguf_path(r->file), r->key);
    return status;
}

static int read_shape(struct reader *r, int vocab, struct lm_shape *shape)
{
    *shape = (struct lm_shape){.arch = r->arch, .vocab = vocab};
    int status = read_sizes(r, shape);
    if (!status)
        status = read_options(r, shape);
    if (!status && lm_shape_check(shape, r->err))
        status = err_prefix(r->err, PONDER_E_FORMAT, "%s", gguf_path(r->file));
    if (!status)
        status = check_head(r, shape);
    return status ? status : refuse_extras(r);
}

/* ---- tensors ---- */

/* That the file has it as the shape wants it. */
static int check_tensor(const struct gguf_file *file, enum lm_arch arch, const struct lm_tensor *want,
                        struct ponder_err *err)
{
    const struct gguf_tensor *have = gguf_tensor_find(file, want->name);
    if (!have)
        return err_set(err, PONDER_E_FORMAT, "%s: tensor %s is missing: not a whole %s model",
                       gguf_path(file), want->name, lm_arch_name(arch));
    const uint64_t *dims = have->dims; /* those that the file does not give are 1 */
    if (dims[0] != (uint64_t)want->cols || dims[1] != (uint64_t)want->rows || dims[2] != 1 || dims[3] != 1)
        return err_set(err, PONDER_E_FORMAT, "%s: tensor %s is %s%llu x %llu: the metadata says %d x %d",
                       gguf_path(file), want->name, dims[2] != 1 || dims[3] != 1 ? "several of " : "",
                       (unsigned long long)dims[1], (unsigned long long)dims[0], want->rows, want->cols);
    return PONDER_OK;
}

/* After all tensors that `table` wants were found, so that one more in the file is one that it does not want.
 */
static int refuse_others(const struct gguf_file *file, enum lm_arch arch, const struct lm_tensor *table,
                         int count, struct ponder_err *err)
{
    for (size_t i = 0; gguf_tensor_count(file) > (size_t)count && i < gguf_tensor_count(file); i++) {
        const char *name = gguf_tensor_at(file, i)->name;
        int t = 0;
        while (t < count && strcmp(name, table[t].name))
            t++;
        if (t == count)
            return err_set(err, PONDER_E_UNSUPPORTED,
                           "%s: tensor %s: it belongs to no %s model that is supported", gguf_path(file),
                           name, lm_arch_name(arch));
    }
    return PONDER_OK;
}

static int check_rope_freqs(const struct gguf_file *file, const struct lm_model *model,
                            struct ponder_err *err)
{
    const float *freqs = lm_rope_freqs_at(&model->shape, model->params);
    for (int i = 0; freqs && i < model->shape.head_dim / 2; i++)
        if (!(freqs[i] > 0 && isfinite(freqs[i])))
            return err_set(
                err, PONDER_E_FORMAT,
                "%s: tensor rope_freqs.weight: element %d is %g: frequencies are divided by it, so "
                "it must be above 0",
                gguf_path(file), i, (double)freqs[i]);
    return PONDER_OK;
}

/* Vectors always; matrices unless they stay in the file. */
static int read_tensors(const struct gguf_file *file, struct lm_model *model, bool matrices,
                        struct ponder_err *err)
{
    enum lm_arch arch = model->shape.arch;
    int count = lm_tensors(&model->shape, NULL), status = PONDER_OK;
    struct lm_tensor *table = calloc((size_t)count, sizeof *table);
    if (!table)
        return err_memory(err, "a table of tensors");
    lm_tensors(&model->shape, table);
    for (int t = 0; !status && t < count; t++) {
        status = check_tensor(file, arch, &table[t], err);
        if (!status && (matrices || table[t].rows == 1))
            gguf_tensor_to_f32(gguf_tensor_find(file, table[t].name), model->params + table[t].offset);
    }
    if (!status)
        status = refuse_others(file, arch, table, count, err);
    free(table);
    return status ? status : check_rope_freqs(file, model, err);
}

/* A hostile file must not make us allocate more than its own size warrants. */
static int check_size(const struct gguf_file *file, const struct lm_shape *shape, struct ponder_err *err)
{
    size_t stored = 0;
    for (size_t i = 0; i < gguf_tensor_count(file); i++)
        stored += gguf_tensor_at(file, i)->bytes;
    if ((double)lm_param_count(shape) / 4 >
        (double)stored) /* no type packs an element into less than 2 bits */
        return err_set(err, PONDER_E_FORMAT,
                       "%s: its %zu bytes of tensors cannot hold the model that its metadata describes",
                       gguf_path(file), stored);
    return PONDER_OK;
}

/* Numbers that are not packed in blocks: f32 holds them whatever the instructions that widen them. */
static bool is_plain(const struct gguf_file *file)
{
    for (size_t i = 0; i < gguf_tensor_count(file); i++) {
        enum gguf_tensor_type type = gguf_tensor_at(file, i)->type;
        if (type != GGUF_TENSOR_F32 && type != GGUF_TENSOR_F16 && type != GGUF_TENSOR_BF16)
            return false;
    }
    return true;
}

/* Whether all parameters are expanded and the file closed: quantised weights are multiplied as they are. */
static bool is_expanded(const struct gguf_file *file, const struct lm_shape *shape, size_t expanded_max)
{
    return lm_param_count(shape) <= expanded_max && is_plain(file);
}

/* Of the data of all tensors as they are stored, in the order of the shape, side by side. */
static int hash_file(const struct gguf_file *file, struct lm_model *model, struct ponder_err *err)
{
    enum { STRETCH = 1 << 24 }; /* bytes */
    int count = lm_tensors(&model->shape, NULL);
    struct lm_tensor *table = calloc((size_t)count, sizeof *table);
    if (!table)
        return err_memory(err, "a table of tensors");
    lm_tensors(&model->shape, table);
    uint64_t hash = 0;
    for (int t = 0; t < count; t++) {
        const struct gguf_tensor *tensor = gguf_tensor_find(file, table[t].name);
        size_t stretches = (tensor->bytes + STRETCH - 1) / STRETCH;
        uint64_t sum = 0;
#pragma omp parallel for schedule(dynamic) reduction(+ : sum)
        for (size_t i = 0; i < stretches; i++) {
            size_t left = tensor->bytes - i * STRETCH;
            sum += rng_key(
                i, hash_bytes((const char *)tensor->data + i * STRETCH, left < STRETCH ? left : STRETCH));
        }
        hash = rng_key(rng_key(hash, (uint64_t)tensor->type), sum);
    }
    free(table);
    model->hash = hash;
    return PONDER_OK;
}

static int read_model(struct lm_model **out, const struct gguf_file *file, enum lm_arch arch,
                      struct tokenizer *tokenizer, size_t expanded_max, struct ponder_err *err)
{
    struct reader reader = {.file = file, .arch = arch, .err = err};
    struct lm_shape shape;
    struct lm_model *model = NULL;
    int status = read_shape(&reader, tokenizer_size(tokenizer), &shape);
    bool expanded = !status && is_expanded(file, &shape, expanded_max);
    if (!status)
        status = check_size(file, &shape, err);
    if (!status)
        status = lm_model_alloc(&model, &shape, err);
    if (!status)
        status = read_tensors(file, model, expanded, err);
    if (!status && expanded)
        model->hash = hash_bytes(model->params, model->param_count * sizeof *model->params);
    else if (!status)
        status = hash_file(file, model, err);
    if (status) {
        lm_model_release(model);
        return status;
    }
    *out = model;
    return PONDER_OK;
}

int lm_model_open_within(struct lm_model **out, const char *path, size_t expanded_max, struct ponder_err *err)
{
    struct gguf_file *file = NULL;
    struct tokenizer *tokenizer = NULL;
    enum lm_arch arch = LM_LLAMA;
    int status = gguf_open(&file, path, err);
    if (!status)
        status = read_architecture(file, &arch, err);
    if (!status)
        status = tokenizer_open(&tokenizer, file, err);
    if (!status)
        status = read_model(out, file, arch, tokenizer, expanded_max, err);
    if (status) {
        tokenizer_release(tokenizer);
        gguf_release(file);
        return status;
    }
    (*out)->tokenizer = tokenizer;
    if (!is_expanded(file, &(*out)->shape, expanded_max))
        (*out)->file = file;
    else
        gguf_release(file);
    return PONDER_OK;
}

int lm_model_open(struct lm_model **out, const char *path, struct ponder_err *err)
{
    return lm_model_open_within(out, path, LM_EXPANDED_MAX, err);
}

/* ---- matrices that stay in the file ---- */

static struct lm_matrix stored(const struct lm_model *model, int rows, int cols, const float *plain,
                               int layer, const char *const *names)
{
    struct lm_matrix matrix = {.rows = rows, .cols = cols, .plain = model->file ? NULL : plain};
    for (; model->file && names[matrix.part_count]; matrix.part_count++) {
        char name[GGUF_NAME_BYTES_MAX];
        const char *base = names[matrix.part_count];
        if (layer < 0)
            snprintf(name, sizeof name, "%s.weight", base);
        else
            snprintf(name, sizeof name, "blk.%d.%s.weight", layer, base);
        matrix.parts[matrix.part_count] = gguf_tensor_find(model->file, name);
    }
    return matrix;
}

struct lm_matrices lm_matrices_at(const struct lm_model *model, int layer)
{
    const struct lm_shape *s = &model->shape;
    struct lm_layer at = lm_layer_at(s, model->params, layer);
    int heads_width = s->heads * s->head_dim, kv_width = s->kv_heads * s->head_dim;
    return (struct lm_matrices){
        .qkv = stored(model, heads_width + 2 * kv_width, s->width, at.qkv, layer,
                      (const char *const[]){"attn_q", "attn_k", "attn_v", NULL}),
        .attn_out = stored(model, s->width, heads_width, at.attn_out, layer,
                           (const char *const[]){"attn_output", NULL}),
        .gate_up = stored(model, 2 * s->ffn, s->width, at.gate_up, layer,
                          (const char *const[]){"ffn_gate", "ffn_up", NULL}),
        .ffn_down =
            stored(model, s->width, s->ffn, at.ffn_down, layer, (const char *const[]){"ffn_down", NULL}),
    };
}

struct lm_matrix lm_embedding_matrix(const struct lm_model *model)
{
    return stored(model, model->shape.vocab, model->shape.width,
                  lm_embedding_at(&model->shape, model->params), -1,
                  (const char *const[]){"token_embd", NULL});
}

struct lm_matrix lm_output_matrix(const struct lm_model *model)
{
    return stored(model, model->shape.vocab, model->shape.width, lm_output_at(&model->shape, model->params),
                  -1, (const char *const[]){model->shape.tied ? "token_embd" : "output", NULL});
}

static void expand_matrix(struct lm_matrix matrix, float *params)
{
    lm_matrix_rows_parallel(&matrix, 0, matrix.rows, params);
}

void lm_model_expand(struct lm_model *model)
{
    const struct lm_shape *s = &model->shape;
    for (int i = 0; model->file && i < s->layers; i++) {
        struct lm_layer at = lm_layer_at(s, model->params, i);
        struct lm_matrices matrices = lm_matrices_at(model, i);
        expand_matrix(matrices.qkv, at.qkv);
        expand_matrix(matrices.attn_out, at.attn_out);
        expand_matrix(matrices.gate_up, at.gate_up);
        expand_matrix(matrices.ffn_down, at.ffn_down);
    }
    if (model->file) {
        expand_matrix(lm_embedding_matrix(model), lm_embedding_at(s, model->params));
        expand_matrix(lm_output_matrix(model), lm_output_at(s, model->params));
    }
    gguf_release(model->file);
    model->file = NULL;
}

/* ---- writing ---- */

static void put_u32(struct gguf_writer *writer, enum lm_arch arch, const char *name, int value)
{
    char key[80];
    snprintf(key, sizeof key, "%s.%s", lm_arch_name(arch), name);
    gguf_put_u32(writer, key, (uint32_t)value);
}

static void put_f32(struct gguf_writer *writer, enum lm_arch arch, const char *name, float value)
{
    char key[80];
    snprintf(key, sizeof key, "%s.%s", lm_arch_name(arch), name);
    gguf_put_f32(writer, key, value);
}

static void put_shape(struct gguf_writer *writer, const struct lm_shape *s)
{
    put_u32(writer, s->arch, "vocab_size", s->vocab);
    put_u32(writer, s->arch, "context_length", s->context);
    put_u32(writer, s->arch, "embedding_length", s->width);
    put_u32(writer, s->arch, "block_count", s->layers);
    put_u32(writer, s->arch, "feed_forward_length", s->ffn);
    put_u32(writer, s->arch, "attention.head_count", s->heads);
    put_u32(writer, s->arch, "attention.head_count_kv", s->kv_heads);
    put_u32(writer, s->arch, "attention.key_length", s->head_dim);
    put_u32(writer, s->arch, "attention.value_length", s->head_dim);
    put_f32(writer, s->arch, "attention.layer_norm_rms_epsilon", s->rms_eps);
    put_u32(writer, s->arch, "rope.dimension_count", s->head_dim);
    put_f32(writer, s->arch, "rope.freq_base", s->rope_base);
    if (s->rope_divisor > 0) {
        char key[80];
        snprintf(key, sizeof key, "%s.rope.scaling.type", lm_arch_name(s->arch));
        gguf_put_text(writer, key, "linear");
        put_f32(writer, s->arch, "rope.scaling.factor", s->rope_divisor);
    }
}

int lm_model_save(const struct lm_model *model, const char *path, enum gguf_tensor_type type,
                  const char *name, void (*extra)(struct gguf_writer *writer, void *data), void *data,
                  struct ponder_err *err)
{
    if (model->file)
        return err_set(err, PONDER_E_ARGUMENT, "%s: not written: expand the model first", path);
    int count = lm_tensors(&model->shape, NULL);
    struct lm_tensor *table = calloc((size_t)count, sizeof *table);
    struct gguf_writer *writer = gguf_writer_new();
    if (!table || !writer) {
        free(table);
        gguf_writer_release(writer);
        return err_memory(err, "a model file");
    }
    lm_tensors(&model->shape, table);
    gguf_put_text(writer, "general.architecture", lm_arch_name(model->shape.arch));
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
