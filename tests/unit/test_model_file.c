/* test_model_file.c - files that are not what they should be are refused by name. */
#include <math.h>

#include "model_fixture.h"

/* One thing that is otherwise than in a good file of shape `shape`. */
struct change {
    int shape;
    const char *key;     /* behind the architecture's name, or whole where it has "general" in it */
    const char *text;    /* its value; else `number`, and NAN leaves the key out */
    double number;       /* as f32 where it is no whole number */
    const int32_t *each; /* an array of `each_count`, in place of `number` */
    size_t each_count;
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
    else if (changed && change->each)
        gguf_put_i32s(writer, key, change->each, change->each_count);
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

static bool four_dimensions; /* the tensors are written with trailing ones */

static void put_known(struct gguf_writer *writer, const struct lm_tensor *tensor)
{
    static const float ones[VOCAB * WIDTH * 8] = {[0 ... VOCAB * WIDTH * 8 - 1] = 1.0f};
    uint64_t dims[4] = {(uint64_t)tensor->cols, (uint64_t)tensor->rows, 1, 1};
    if (four_dimensions)
        gguf_put_tensor(writer, tensor->name, GGUF_TENSOR_F32, 4, dims, ones);
    else
        put_tensor(writer, tensor->name, tensor->rows, tensor->cols);
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
            put_known(writer, &table[t]);
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
    const char *what = change->key ? change->key : change->tensor ? change->tensor : "the whole file";
    if (status != change->status)
        fail_msg("%s: status %d, not %d: %s", what, status, change->status, status ? err.message : "opened");
    const char *words = change->words ? change->words : "";
    if (status && (!strstr(err.message, words) || !strstr(err.message, path)))
        fail_msg("%s: '%s' lacks '%s' or the file", what, err.message, words);
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

static void trailing_dimensions_of_one_are_none(void **state)
{
    (void)state;
    four_dimensions = true;
    for (int shape = 0; shape < SHAPES; shape++)
        check_change(&(struct change){.shape = shape});
    four_dimensions = false;
}

static const int32_t heads[] = {4, 4}, kv_heads[] = {2, 2}, ffn[] = {FFN, FFN}, too_many[] = {4, 4, 4},
                     differing[] = {4, 2}, negative[] = {-4, -4};

static void a_number_for_each_layer_is_one_number_where_all_are_equal(void **state)
{
    (void)state;
    const struct change changes[] = {
        {.shape = QWEN2, .key = "attention.head_count", .each = heads, .each_count = 2},
        {.shape = QWEN2, .key = "attention.head_count_kv", .each = kv_heads, .each_count = 2},
        {.shape = LLAMA, .key = "feed_forward_length", .each = ffn, .each_count = 2},
        {.shape = QWEN2,
         .key = "attention.head_count",
         .each = too_many,
         .each_count = 3,
         .status = BAD,
         .words = "has 3 elements: one for each of 2 layers is wanted"},
        {.shape = QWEN2,
         .key = "attention.head_count",
         .each = heads,
         .status = BAD,
         .words = "has 0 elements"},
        {.shape = QWEN2,
         .key = "attention.head_count",
         .each = differing,
         .each_count = 2,
         .status = FOREIGN,
         .words = "layer 1 differs from layer 0"},
        {.shape = QWEN2,
         .key = "feed_forward_length",
         .each = negative,
         .each_count = 2,
         .status = BAD,
         .words = "integers"},
        {.shape = QWEN2,
         .key = "block_count",
         .each = kv_heads,
         .each_count = 2,
         .status = BAD,
         .words = "an integer is wanted"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        check_change(&changes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_that_no_model_has_are_refused_by_key),
        cmocka_unit_test(what_is_not_computed_is_refused_by_name),
        cmocka_unit_test(tensors_that_lack_or_have_other_sizes_are_refused_by_name),
        cmocka_unit_test(what_files_may_leave_out_or_say_has_its_meaning),
        cmocka_unit_test(trailing_dimensions_of_one_are_none),
        cmocka_unit_test(a_number_for_each_layer_is_one_number_where_all_are_equal),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
