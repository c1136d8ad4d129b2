/* bench.h - how fast the engine is here, against this machine's own peak.
 *
 * Every figure is the median of several repeats after a warm-up. The peak is the best f32 rate of a
 * 2,048-cubed product with packed weights, measured in the same call, so that shares can be compared between
 * machines where times cannot. FLOPs counted: training 6 per matrix parameter and token, decoding 2, plus
 * attention. */
#ifndef PONDER_BENCH_H
#define PONDER_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "ponder/option.h"
#include "ponder/progress.h"
#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Filled by ponder_options_default() from one of the two tables below, which have each one's meaning. */
struct ponder_bench_settings {
    const char *model;      /* a GGUF file; NULL: random weights of the shape below */
    const char *save_model; /* where the random weights are written, so that another program can run them */
    const char *arch, *vocabulary; /* of the random weights; a GGUF file whose tokenizer they get, or NULL */
    int64_t width, layers, heads, kv_heads, ffn, vocab;
    int64_t rows, row_tokens;                /* train: sequences in a batch, tokens in each */
    int64_t branches, prompt_tokens, tokens; /* decode */
    int64_t threads, repeats;
    const char *precision, *kv_type;
    bool exact;
    int64_t weights_mib;
};
PONDER_API const struct ponder_option *ponder_bench_train_options(void);
PONDER_API const struct ponder_option *ponder_bench_decode_options(void);

struct ponder_bench {
    int64_t tokens;        /* in one repeat */
    int64_t prompt_tokens; /* decode: what the prompt came to */
    int64_t parameters, repeats, threads;
    const char *precision; /* products were made in: "f32" or "bf16" */
    double tokens_per_s, tokens_per_s_min, tokens_per_s_max;
    double flops_per_token;
    double peak_flops_per_s;
    double peak_share;     /* flops_per_token * tokens_per_s / peak_flops_per_s */
    int64_t rss_bytes_max; /* largest resident size of the process so far */
    int64_t kv_bytes_max;  /* decode: largest size of keys and values */
};

/* Whole training steps (pack weights, forward, loss, backward, AdamW) on random tokens. */
PONDER_API int ponder_bench_train(const struct ponder_bench_settings *settings,
                                  const struct ponder_watch *watch, struct ponder_bench *out,
                                  struct ponder_err *err) PONDER_USE;
/* Continuations of one shared prompt through the engine, sampling included; end tokens do not end them. */
PONDER_API int ponder_bench_decode(const struct ponder_bench_settings *settings,
                                   const struct ponder_watch *watch, struct ponder_bench *out,
                                   struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
