/* tokenizer_fixture.h - texts, a tokenizer learnt from some, and what is checked of every tokenizer. */
#ifndef TOKENIZER_FIXTURE_H
#define TOKENIZER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/rng.h"
#include "tokenizer/tokenizer.h"

static struct ponder_err err;

static const char corpus[] = "What is 12 + 7?<|solution|>12 + 7 = 19.\nThe answer is $\\boxed{19}$.<|end|>"
                             "What is 3 * 4?<|solution|>3 * 4 = 12.\nThe answer is $\\boxed{12}$.<|end|>"
                             "What is the remainder of 44 by 7?<|solution|>44 = 6 * 7 + 2.\n"
                             "The answer is $\\boxed{2}$.<|end|>";

static const char *const texts[] = {
    "",
    " ",
    "a",
    "   leading and trailing   ",
    "tabs\tand\nnew\n\n\nlines \n ",
    "What's that? It'LL be 1234567890, or 3.14e-10.",
    "caf\xc3\xa9 \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x99\x82\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac "
    "\xd9\xa3\xe0\xa5\xa9 \xe2\x81\xbf",
    "word\xe2\x96\x81marks\xe2\x96\x81 \xe2\x96\x81",
    "<|end|><|step|> <s></s> <0x0A> <unk>",
    "non\xc2\xa0"
    "breaking\xe3\x80\x80space \xe1\xa0\x8e",
};
enum { TEXT_COUNT = sizeof texts / sizeof texts[0] };

static inline struct tokenizer *learnt(int vocab)
{
    struct tokenizer *tokenizer;
    if (tokenizer_learn(&tokenizer, corpus, sizeof corpus - 1, vocab, &err))
        fail_msg("%s", err.message);
    return tokenizer;
}

static inline struct tokenizer_ids encode(const struct tokenizer *tokenizer, const char *text, size_t len,
                                          unsigned flags)
{
    struct tokenizer_ids ids = {0};
    if (tokenizer_encode(tokenizer, text, len, flags, &ids, &err))
        fail_msg("%s", err.message);
    return ids;
}

static inline void check_round_trip(const struct tokenizer *tokenizer, const char *text, size_t len)
{
    struct tokenizer_ids ids = encode(tokenizer, text, len, TOKENIZER_ADD_BOS);
    struct buf back = BUF_INIT(1 << 26);
    assert_int_equal(tokenizer_decode(tokenizer, ids.ids, ids.count, &back, &err), 0);
    assert_int_equal(back.len, len);
    assert_memory_equal(buf_text(&back), text, len);
    buf_release(&back);
    tokenizer_ids_release(&ids);
}

static inline void check_same_ids(const struct tokenizer *a, const struct tokenizer *b, const char *text,
                                  size_t len, unsigned flags)
{
    struct tokenizer_ids x = encode(a, text, len, flags), y = encode(b, text, len, flags);
    assert_int_equal(x.count, y.count);
    for (size_t i = 0; i < x.count; i++)
        assert_int_equal(x.ids[i], y.ids[i]);
    tokenizer_ids_release(&x);
    tokenizer_ids_release(&y);
}

/* Text of random bytes, of random well-formed characters, and of pieces that tokenizers treat specially. */
static inline size_t random_text(struct rng *rng, char *out, size_t max)
{
    static const char *const parts[] = {" ",
                                        "  ",
                                        "\n",
                                        "a",
                                        "the",
                                        "'s",
                                        "'ll",
                                        "7",
                                        "\xe2\x96\x81",
                                        "\xc2\xa0",
                                        "<|end|>",
                                        "\\boxed{",
                                        "\xf0\x9f\x99\x82",
                                        "\xff",
                                        "\xe2\x96",
                                        "\t",
                                        "."};
    size_t len = 0;
    for (uint64_t n = rng_below(rng, 40); n; n--) {
        char byte = (char)rng_below(rng, 256);
        const char *part = parts[rng_below(rng, sizeof parts / sizeof parts[0])];
        bool raw = rng_below(rng, 3) == 0;
        size_t more = raw ? 1 : strlen(part);
        if (len + more > max)
            break;
        memcpy(out + len, raw ? &byte : part, more);
        len += more;
    }
    return len;
}

static inline void check_all_round_trips(const struct tokenizer *tokenizer)
{
    for (int i = 0; i < TEXT_COUNT; i++)
        check_round_trip(tokenizer, texts[i], strlen(texts[i]));
    struct rng rng;
    rng_init(&rng, 7);
    for (int i = 0; i < 3000; i++) {
        char text[400];
        check_round_trip(tokenizer, text, random_text(&rng, text, sizeof text));
    }
}

/* A GGUF in memory that holds just the tokenizer, opened again. */
static inline struct tokenizer *through_file(const struct tokenizer *tokenizer)
{
    struct gguf_writer *writer = gguf_writer_new();
    struct gguf_file *file;
    struct tokenizer *again;
    char *bytes;
    size_t len;
    tokenizer_put(tokenizer, writer);
    assert_int_equal(gguf_writer_bytes(writer, &bytes, &len, &err), 0);
    gguf_writer_release(writer);
    assert_int_equal(gguf_open_bytes(&file, bytes, len, "memory", &err), 0);
    if (tokenizer_open(&again, file, &err))
        fail_msg("%s", err.message);
    gguf_release(file);
    free(bytes);
    return again;
}

#endif
