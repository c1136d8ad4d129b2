/* fuzz_gguf.c - arbitrary bytes as a GGUF file: all that an opened file hands out is read, and where its
 * tokenizer opens, a text must come back from it as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/gguf.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sample[] = "The <s> a<|end|>\n  12 caf\xc3\xa9 \xe2\x96\x81 \xff\xf0\x9f\x99\x82 ab[user]";

/* Reads the bytes so that the sanitizer sees each of them. */
static unsigned touch(const void *bytes, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ((const unsigned char *)bytes)[i];
    return sum;
}

static unsigned walk_values(const struct gguf_file *file)
{
    unsigned sum = 0;
    for (size_t i = 0; i < gguf_value_count(file); i++) {
        const struct gguf_value *value = gguf_value_at(file, i);
        sum += touch(value->key.data, value->key.len);
        for (uint64_t k = 0; k < value->count; k++) {
            struct gguf_string text = gguf_string_at(file, value, k);
            sum += touch(text.data, text.len) + (gguf_number_at(file, value, k) > 0);
        }
        char *key = strndup(value->key.data, value->key.len);
        uint32_t u32;
        float f32;
        bool truth;
        struct gguf_string text;
        if (!key || gguf_find(file, key) != value)
            abort();
        sum += (unsigned)(!gguf_get_u32(file, key, &u32, NULL) + !gguf_get_f32(file, key, &f32, NULL));
        sum += (unsigned)(!gguf_get_bool(file, key, &truth, NULL) + !gguf_get_string(file, key, &text, NULL));
        free(key);
    }
    return sum;
}

static unsigned walk_tensors(const struct gguf_file *file)
{
    unsigned sum = 0;
    for (size_t i = 0; i < gguf_tensor_count(file); i++) {
        const struct gguf_tensor *tensor = gguf_tensor_at(file, i);
        sum += touch(tensor->data, tensor->bytes);
        if (gguf_tensor_find(file, tensor->name) != tensor)
            abort();
        size_t elements = 1;
        for (int d = 0; d < tensor->n_dims; d++)
            elements *= (size_t)tensor->dims[d];
        float *out = malloc(elements * sizeof *out);
        if (!out)
            abort();
        gguf_tensor_to_f32(tensor, out);
        sum += out[elements - 1] > 0;
        free(out);
    }
    return sum;
}

/* Whether an unknown token, which is no text, stands for a part of it. */
static bool has_unknown(const struct tokenizer *tokenizer, const struct tokenizer_ids *ids)
{
    struct buf piece = BUF_INIT(1 << 20);
    bool empty = false;
    for (size_t i = 0; i < ids->count; i++) {
        buf_clear(&piece);
        if (tokenizer_piece(tokenizer, ids->ids[i], false, &piece))
            abort();
        empty |= piece.len == 0;
    }
    buf_release(&piece);
    return empty;
}

static void try_tokenizer(const struct gguf_file *file)
{
    struct tokenizer *tokenizer;
    struct ponder_err err;
    if (tokenizer_open(&tokenizer, file, &err))
        return;
    for (unsigned flags = 0; flags < 4; flags++) {
        struct tokenizer_ids ids = {0};
        struct buf text = BUF_INIT(1 << 20);
        if (!tokenizer_encode(tokenizer, sample, sizeof sample - 1, flags, &ids, &err)) {
            if (tokenizer_decode(tokenizer, ids.ids, ids.count, &text, &err))
                abort();
            bool same = text.len == sizeof sample - 1 && !memcmp(text.data, sample, text.len);
            if (!same && !(flags & TOKENIZER_SPECIAL) && !has_unknown(tokenizer, &ids))
                abort(); /* control tokens are not in the text either */
        }
        tokenizer_ids_release(&ids);
        buf_release(&text);
    }
    struct gguf_writer *writer = gguf_writer_new();
    if (writer)
        tokenizer_put(tokenizer, writer);
    gguf_writer_release(writer);
    tokenizer_release(tokenizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gguf_file *file;
    struct ponder_err err;
    if (gguf_open_bytes(&file, data, size, "input", &err))
        return 0;
    volatile unsigned sum = walk_values(file) + walk_tensors(file);
    (void)sum;
    try_tokenizer(file);
    gguf_release(file);
    return 0;
}
