/* vocab.h - a small `llama` vocabulary, for the fuzz targets and their seeds. */
#ifndef FUZZ_VOCAB_H
#define FUZZ_VOCAB_H

#include <stdio.h>
#include <string.h>

#include "gguf/gguf.h"

/* Unknown, BOS, EOS, 256 bytes, a few words with spaces, a user-defined token. */
static inline void put_small_vocabulary(struct gguf_writer *writer)
{
    static const char *const words[] = {
        "\xe2\x96\x81", "a",   "b",        "ab", "\xe2\x96\x81\x61", "abab", "\xe2\x96\x81\xe2\x96\x81",
        "ba",           "the", "\xc3\xa9", "th", "\xe2\x96\x81the"};
    enum { WORDS = sizeof words / sizeof words[0], COUNT = 3 + 256 + WORDS + 1 };
    struct gguf_string texts[COUNT] = {{"<unk>", 5}, {"<s>", 3}, {"</s>", 4}};
    int32_t types[COUNT] = {2, 3, 3};
    float scores[COUNT] = {0};
    char spelt[256][8];
    for (int i = 0; i < 256; i++) {
        snprintf(spelt[i], sizeof spelt[i], "<0x%02X>", (unsigned)i & 0xff);
        texts[3 + i] = (struct gguf_string){spelt[i], 6};
        types[3 + i] = 6;
    }
    for (int i = 0; i < WORDS; i++) {
        texts[259 + i] = (struct gguf_string){words[i], strlen(words[i])};
        types[259 + i] = 1;
        scores[259 + i] = (float)-i;
    }
    texts[COUNT - 1] = (struct gguf_string){"[user]", 6};
    types[COUNT - 1] = 4;
    gguf_put_text(writer, "tokenizer.ggml.model", "llama");
    gguf_put_strings(writer, "tokenizer.ggml.tokens", texts, COUNT);
    gguf_put_f32s(writer, "tokenizer.ggml.scores", scores, COUNT);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", types, COUNT);
    gguf_put_u32(writer, "tokenizer.ggml.bos_token_id", 1);
    gguf_put_u32(writer, "tokenizer.ggml.eos_token_id", 2);
}

#endif
