/* seeds.c - writes the first inputs of the fuzz targets into the folder that is named: seeds DIR. */
#include <stdlib.h>

#include "fuzz/vocab.h"
#include "core/buf.h"
#include "tokenizer/tokenizer.h"

static const float numbers[512] = {0.0f, 1.0f, -2.5f, 65504.0f, 1e-7f};

static void save(struct gguf_writer *writer, const char *folder, const char *name)
{
    char path[4096];
    struct ponder_err err;
    snprintf(path, sizeof path, "%s/gguf/%s", folder, name);
    if (gguf_writer_save(writer, path, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    gguf_writer_release(writer);
}

static struct gguf_writer *every_type(void)
{
    struct gguf_writer *writer = gguf_writer_new();
    struct gguf_string words[] = {{"one", 3}, {"", 0}};
    gguf_put_text(writer, "general.architecture", "llama");
    gguf_put_u32(writer, "u32", 4000000000u);
    gguf_put_u64(writer, "u64", 1ull << 40);
    gguf_put_f32(writer, "f32", 0.5f);
    gguf_put_f64(writer, "f64", 0.1);
    gguf_put_bool(writer, "yes", true);
    gguf_put_strings(writer, "words", words, 2);
    gguf_put_i32s(writer, "ints", (int32_t[]){-1, 0, 1}, 3);
    gguf_put_f32s(writer, "floats", numbers, 5);
    gguf_put_tensor(writer, "as_f32", GGUF_TENSOR_F32, 2, (uint64_t[]){3, 2}, numbers);
    gguf_put_tensor(writer, "as_f16", GGUF_TENSOR_F16, 1, (uint64_t[]){6}, numbers);
    gguf_put_tensor(writer, "as_bf16", GGUF_TENSOR_BF16, 3, (uint64_t[]){1, 2, 3}, numbers);
    gguf_put_tensor(writer, "long", GGUF_TENSOR_F32, 1, (uint64_t[]){512}, numbers);
    return writer;
}

static struct gguf_writer *two_letters(void)
{
    struct gguf_writer *writer = gguf_writer_new();
    struct gguf_string tokens[] = {{"a", 1}, {"b", 1}, {"ab", 2}, {"<s>", 3}, {"[user]", 6}},
                       merges[] = {{"a b", 3}};
    gguf_put_text(writer, "tokenizer.ggml.model", "gpt2");
    gguf_put_text(writer, "tokenizer.ggml.pre", "gpt-2");
    gguf_put_strings(writer, "tokenizer.ggml.tokens", tokens, 5);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", (int32_t[]){1, 1, 1, 3, 4}, 5);
    gguf_put_strings(writer, "tokenizer.ggml.merges", merges, 1);
    gguf_put_u32(writer, "tokenizer.ggml.bos_token_id", 3);
    gguf_put_bool(writer, "tokenizer.ggml.add_bos_token", true);
    return writer;
}

static struct gguf_writer *learnt(void)
{
    static const char text[] = "The answer is that the answer is the answer.";
    struct gguf_writer *writer = gguf_writer_new();
    struct tokenizer *tokenizer;
    if (tokenizer_learn(&tokenizer, text, sizeof text - 1, 285, NULL))
        exit(1);
    tokenizer_put(tokenizer, writer);
    tokenizer_release(tokenizer);
    return writer;
}

static void save_text(const char *folder, const char *name, const char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tokenizer/%s", folder, name);
    if (file_write_atomic(path, text, strlen(text), NULL))
        exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    save(every_type(), argv[1], "every_type");
    save(two_letters(), argv[1], "gpt2_two_letters");
    save(learnt(), argv[1], "gpt2_learnt");
    struct gguf_writer *writer = gguf_writer_new();
    put_small_vocabulary(writer);
    save(writer, argv[1], "llama_small");
    save_text(argv[1], "words",
              "\x03It's the caf\xc3\xa9's  answer: 12, they'll say.\n\n <|end|>\t\\boxed{2}");
    save_text(argv[1], "marks", "\x01 \xe2\x96\x81 a\xe2\x96\x81\xe2\x96 [user] <s> <0x0A> abab   ");
    save_text(argv[1], "wide",
              "\x20\xf0\x9f\x99\x82\xf0\x9f\x91\xa9\xe2\x80\x8d \xd9\xa3\xc2\xa0\xff\xc0\x80\xed\xa0\x80");
    return 0;
}
