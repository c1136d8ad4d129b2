/* bench_options.c - the options of the benchmarks. The default shape has 5 million parameters. */
#include <stddef.h>

#include "ponder/bench.h"

#define AT(field) offsetof(struct ponder_bench_settings, field)
#define INT(n, f, m, d, lo, hi, h)                                                                           \
    {                                                                                                        \
        .name = n, .type = PONDER_OPTION_INT, .offset = AT(f), .meta = m, .default_value = d, .min = lo,     \
        .max = hi, .help = h                                                                                 \
    }
#define TEXT(n, f, m, d, h)                                                                                  \
    {                                                                                                        \
        .name = n, .type = PONDER_OPTION_TEXT, .offset = AT(f), .meta = m, .default_value = d, .help = h     \
    }

/* clang-format off */
#define SHAPE                                                                                                \
    TEXT("model", model, "FILE", NULL, "a GGUF file; without it random weights of the shape below"),         \
    TEXT("save-model", save_model, "FILE", NULL, "write the random weights there, for another program"),     \
    INT("width", width, "N", "256", 8, 16384, "of the residual stream"),                                     \
    INT("layers", layers, "N", "6", 1, 256, "transformer layers"),                                           \
    INT("heads", heads, "N", "4", 1, 256, "attention heads"),                                                \
    INT("kv-heads", kv_heads, "N", "0", 0, 256, "key/value heads; 0: as many as heads"),                     \
    INT("ffn", ffn, "N", "768", 8, 65536, "width of the feed-forward"),                                      \
    INT("vocab", vocab, "N", "512", 272, 65536, "tokens")
#define RUN                                                                                                  \
    INT("threads", threads, "N", "0", 0, 256, "0: all cores"),                                               \
    INT("repeats", repeats, "N", "5", 1, 100, "measured after a warm-up; the median is reported"),           \
    TEXT("precision", precision, "P", "auto", "of matrix products: auto, f32 or bf16")
/* clang-format on */

static const struct ponder_option train[] = {
    INT("rows", rows, "N", "32", 1, 4096, "sequences in a batch"),
    INT("row-tokens", row_tokens, "N", "128", 1, 16384, "tokens in each"),
    SHAPE,
    RUN,
    PONDER_OPTION_END,
};

static const struct ponder_option decode[] = {
    INT("branches", branches, "N", "64", 1, 4096, "continuations of one prompt, all at once"),
    INT("prompt-tokens", prompt_tokens, "N", "64", 1, 16384, "tokens of the shared prompt"),
    INT("tokens", tokens, "N", "128", 1, 16384, "tokens of each continuation"),
    TEXT("kv-type", kv_type, "T", "f16", "of keys and values: f16 or f32"),
    {.name = "exact",
     .type = PONDER_OPTION_FLAG,
     .offset = AT(exact),
     .help = "batch-independent bits (f32)"},
    SHAPE,
    RUN,
    PONDER_OPTION_END,
};

const struct ponder_option *ponder_bench_train_options(void)
{
    return train;
}

const struct ponder_option *ponder_bench_decode_options(void)
{
    return decode;
}
