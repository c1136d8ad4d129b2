/* bench.h - how fast the engine is here, against this machine's own peak.
 *
 * Every figure is the median of several repeats after a warm-up. The peak is the best f32 rate of a
 * 2,048-cubed product with packed weights, measured in the same call, so that shares can be compared between
 * machines where times cannot. FLOPs counted: training 6 per matrix parameter and token, decoding and scoring
 * 2, plus attention. Prompts and steps are tokens drawn at random: what a token is makes no difference to the
 * time. */
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

/* Filled by ponder_options_default() from one of the tables below, which have each one's meaning. */
struct ponder_bench_settings {
    const char *model;      /* a GGUF file; NULL: random weights of the shape below */
    const char *save_model; /* where the random weights are written, so that another program can run them */
    const char *arch, *vocabulary; /* of the random weights; a GGUF file whose tokenizer they get, or NULL */
    int64_t width, layers, heads, kv_heads, ffn, vocab;
    int64_t rows, row_tokens;                /* train: sequences in a batch, tokens in each */
    int64_t branches, prompt_tokens, tokens; /* decode, tree */
    int64_t solutions, steps, step_tokens;   /* score */
    bool random;                             /* score: random weights, not the shipped verifier's */
    int64_t threads, repeats;
    const char *precision, *kv_type;
    bool exact;
    int64_t weights_mib, kv_mib;
    const char *peer; /* decode: a folder with llama.cpp, run in turn; NULL: none */
};
PONDER_API const struct ponder_option *ponder_bench_train_options(void);
PONDER_API const struct ponder_option *ponder_bench_decode_options(void);
PONDER_API const struct ponder_option *ponder_bench_tree_options(void);
PONDER_API const struct ponder_option *ponder_bench_score_options(void);

struct ponder_bench {
    int64_t tokens;        /* in one repeat */
    int64_t prompt_tokens; /* of the shared prompt; train: 0 */
    int64_t parameters, repeats, threads;
    const char *precision; /* products were made in: "f32", "bf16" or "int8" */
    double tokens_per_s, tokens_per_s_min, tokens_per_s_max;
    double flops_per_token;
    double peak_flops_per_s;
    double peak_share;     /* flops_per_token * tokens_per_s / peak_flops_per_s */
    int64_t rss_bytes_max; /* largest resident size of the process so far */
    /* Not of train. The weights as they are held: packed for products, and parameters in f32 or the tensors
     * of a mapped file. */
    int64_t weights_bytes;
    int64_t kv_bytes_max; /* largest size of keys and values, each stored once */
    double steps_per_s;   /* score; else 0 */
    /* decode with a peer: the median of its repeats, its fastest way to keep keys and values, and how many
     * times as fast as it this is; else 0 and "". */
    double peer_tokens_per_s, ratio;
    char peer_mode[32];
};

/* Whole training steps (pack weights, forward, loss, backward, AdamW) on random tokens. */
PONDER_API int ponder_bench_train(const struct ponder_bench_settings *settings,
                                  const struct ponder_watch *watch, struct ponder_bench *out,
                                  struct ponder_err *err) PONDER_USE;
/* Continuations of one shared prompt through the engine, sampling included; end tokens do not end them. The
 * prompt's time is in it, its tokens are not. */
PONDER_API int ponder_bench_decode(const struct ponder_bench_settings *settings,
                                   const struct ponder_watch *watch, struct ponder_bench *out,
                                   struct ponder_err *err) PONDER_USE;
/* A verifier that reads solutions of one question step by step, as a search by steps asks it: every round
 * each solution has one step more, and the score behind it is read. Tokens are those of prompt and steps. */
PONDER_API int ponder_bench_score(const struct ponder_bench_settings *settings,
                                  const struct ponder_watch *watch, struct ponder_bench *out,
                                  struct ponder_err *err) PONDER_USE;

/* Decoding so many branches at once, prompts computed before and not counted. */
struct ponder_bench_way {
    double tokens_per_s; /* 0: left out */
    double peak_share;
    int64_t kv_bytes; /* of prompts and branches at their ends; of what was left out too */
};
struct ponder_bench_point {
    int64_t branches;
    struct ponder_bench_way shared;   /* all branches off one prompt */
    struct ponder_bench_way unshared; /* each off its own copy of it */
};
enum { PONDER_BENCH_POINTS_MAX = 16 };
struct ponder_bench_tree {
    struct ponder_bench whole; /* its rates are those of the most branches, shared */
    struct ponder_bench_point points[PONDER_BENCH_POINTS_MAX];
    int point_count; /* 1, 2, 4 .. branches, and the number that was asked for */
};
/* What a decoded token costs as branches of one prompt grow, and what it would cost without sharing. Copies
 * whose keys and values would not fit settings->kv_mib are left out, and the watch's note says so. */
PONDER_API int ponder_bench_tree(const struct ponder_bench_settings *settings,
                                 const struct ponder_watch *watch, struct ponder_bench_tree *out,
                                 struct ponder_err *err) PONDER_USE;
/* Both curves as an SVG that stands alone, drawn by gnuplot (PONDER_E_NOT_FOUND where that is not installed):
 * the old file or the new one, never half. */
PONDER_API int ponder_bench_tree_draw(const struct ponder_bench_tree *tree, const char *path,
                                      struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
