/* bench_engine.h - what the benchmarks through the engine share: a model in an engine, prompts of random
 * tokens, and running all that was asked for. */
#ifndef BENCH_BENCH_ENGINE_H
#define BENCH_BENCH_ENGINE_H

#include "engine/local.h"
#include "bench/bench.h"

struct bench_engine {
    struct lm_model *model;
    struct engine *engine;
    size_t block_bytes; /* keys and values of KV_BLOCK positions */
    size_t kv_bytes_max;
};

/* What is to be measured: branches off one prompt, each of so many tokens. */
struct bench_work_size {
    int64_t branches, prompt_tokens, branch_tokens;
    int64_t segments; /* that a branch is cut into; 0: one */
    int rows_max;     /* of a batch at least; 0: the engine's choice */
};

/* Opens settings->model or random weights. What does not fit the model's context or settings->kv_mib is
 * refused. Release `b` in any case. */
int bench_engine_open(struct bench_engine *b, const struct ponder_bench_settings *settings,
                      const struct bench_work_size *size, struct ponder_err *err) PONDER_USE;
void bench_engine_release(struct bench_engine *b);
/* Writes the random weights of the settings to `path`, for work of this size. */
int bench_engine_write_model(const struct ponder_bench_settings *settings, const struct bench_work_size *size,
                             const char *path, struct ponder_err *err) PONDER_USE;

/* Bytes that all branches hold, and their prompts, which are `prompts` copies of one; the most that it can
 * be. */
size_t bench_engine_kv_bytes(const struct bench_engine *b, const struct bench_work_size *size,
                             int64_t prompts);

/* A node of `count` tokens drawn at random from `stream`, behind `parent` (0: behind nothing). The caller
 * releases it. */
int bench_engine_node(struct bench_engine *b, int64_t parent, int64_t count, uint64_t stream, int64_t *out,
                      struct ponder_err *err) PONDER_USE;
/* Asks for `tokens` tokens, sampled at temperature 1, behind a node. */
int bench_engine_continue(struct bench_engine *b, int64_t node, int64_t tokens, uint64_t stream,
                          struct ponder_err *err) PONDER_USE;
/* Asks for the score behind a node. */
int bench_engine_score(struct bench_engine *b, int64_t node, struct ponder_err *err) PONDER_USE;
/* Until all that was asked for is there. */
int bench_engine_run(struct bench_engine *b, struct ponder_err *err) PONDER_USE;
/* Lets go what is there. Returns how many tokens were generated, or the status of what failed. */
int64_t bench_engine_take(struct bench_engine *b, struct ponder_err *err) PONDER_USE;

/* What does not come of the repeats. */
void bench_engine_describe(const struct bench_engine *b, const struct bench_work_size *size,
                           struct ponder_bench *out);

#endif
