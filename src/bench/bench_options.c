/* bench_options.c - the options of the benchmarks. The default shape has 5 million parameters. */
#include "ponder/bench.h"

#define OPTION_FIELD(field) offsetof(struct ponder_bench_settings, field)
#include "core/option_rows.h"

/* clang-format off */
#define REPEATS                                                                                              \
    ROW_INT("threads", threads, "N", "0", 0, 256, "0: all cores"),                                           \
    ROW_INT("repeats", repeats, "N", "5", 1, 100, "measured after a warm-up; their median is told"),         \
    ROW_TEXT("precision", precision, "P", "auto", "of matrix products: auto, f32, bf16 or int8")
#define MEMORY                                                                                               \
    ROW_TEXT("kv-type", kv_type, "T", "f16", "of keys and values: f16 or f32"),                              \
    ROW_INT("kv-mib", kv_mib, "M", "2048", 1, 1048576, "MiB for keys and values at most"),                   \
    ROW_INT("weights-memory", weights_mib, "MIB", "0", 0, 1048576, "for packed weights; 0: no limit"),     \
    ROW_FLAG("exact", exact, "batch-independent bits (f32)")
#define MODEL ROW_TEXT("model", model, "FILE", NULL, "a GGUF file; else random weights of this shape:")
#define SHAPE                                                                                                \
    ROW_INT("width", width, "N", "256", 8, 16384, "of the residual stream"),                                 \
    ROW_INT("layers", layers, "N", "6", 1, 256, "transformer layers"),                                       \
    ROW_INT("heads", heads, "N", "4", 1, 256, "attention heads"),                                            \
    ROW_INT("kv-heads", kv_heads, "N", "0", 0, 256, "key/value heads; 0: as many as heads"),                 \
    ROW_INT("ffn", ffn, "N", "768", 8, 65536, "width of the feed-forward"),                                  \
    ROW_INT("vocab", vocab, "N", "512", 272, 262144, "tokens"),                                              \
    ROW_TEXT("arch", arch, "NAME", "llama", "llama, qwen2 or qwen3"),                                        \
    ROW_TEXT("save-model", save_model, "FILE", NULL, "write the random weights there")
#define VOCABULARY ROW_TEXT("vocabulary", vocabulary, "FILE", NULL, "a GGUF file with the tokens; else learnt ones")
#define ENGINE REPEATS, MODEL, SHAPE, VOCABULARY, MEMORY
/* clang-format on */

static const struct ponder_option train[] = {
    ROW_INT("rows", rows, "N", "32", 1, 4096, "sequences in a batch"),
    ROW_INT("row-tokens", row_tokens, "N", "128", 1, 16384, "tokens in each"),
    REPEATS,
    MODEL,
    SHAPE,
    PONDER_OPTION_END,
};

static const struct ponder_option decode[] = {
    ROW_INT("branches", branches, "N", "64", 1, 4096, "continuations of one prompt, all at once"),
    ROW_INT("prompt-tokens", prompt_tokens, "N", "64", 1, 16384, "tokens of the shared prompt"),
    ROW_INT("tokens", tokens, "N", "128", 1, 16384, "tokens of each continuation"),
    ROW_TEXT("peer", peer, "DIR", NULL, "llama.cpp's DIR/bin/cc-llama: runs it in turn"),
    ENGINE,
    PONDER_OPTION_END,
};

static const struct ponder_option tree[] = {
    ROW_INT("branches", branches, "N", "256", 1, 4096, "the most: measures 1, 2, 4 .. N at once"),
    ROW_INT("prompt-tokens", prompt_tokens, "N", "1024", 1, 16384, "tokens of the prompt"),
    ROW_INT("tokens", tokens, "N", "32", 1, 16384, "tokens of each branch that are measured"),
    ENGINE,
    PONDER_OPTION_END,
};

static const struct ponder_option score[] = {
    ROW_INT("solutions", solutions, "N", "64", 1, 4096, "of one question, read together"),
    ROW_INT("prompt-tokens", prompt_tokens, "N", "64", 1, 16384, "tokens of the question"),
    ROW_INT("steps", steps, "N", "8", 1, 1024, "of each solution; one a round, and its score"),
    ROW_INT("step-tokens", step_tokens, "N", "16", 1, 4096, "tokens of a step, its tag included"),
    REPEATS,
    ROW_TEXT("model", model, "FILE", NULL, "a GGUF file; else the shipped verifier"),
    ROW_FLAG("random", random, "random weights instead, of this shape:"),
    SHAPE,
    VOCABULARY,
    MEMORY,
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

const struct ponder_option *ponder_bench_tree_options(void)
{
    return tree;
}

const struct ponder_option *ponder_bench_score_options(void)
{
    return score;
}
