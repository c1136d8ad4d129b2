/* hash_engine.h - the local engine over a forward pass that is a hash.
 *
 * The lm_forward here stores at every position a hash of all tokens up to it, made from the hash stored one
 * position before on the same path, and checks it against the tokens. The logits come from that hash. So a
 * row of a wrong path, a lost or overwritten block, or a row before its prefix shows at once, and the texts
 * of any two schedules must be equal. */
#ifndef HASH_ENGINE_H
#define HASH_ENGINE_H

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/rng.h"
#include "engine/local.h"
#include "failing_alloc.h"

enum { CONTEXT = 256, VOCAB = 300 };

/* ---- the forward pass ---- */

struct lm_run {
    const struct lm_model *model;
    int logit_rows_max;
    float *logits;
};

/* What the model says: logits of the hash, or, where set, this token next. */
struct script {
    const int32_t *tokens; /* by position */
    int count;
    bool broken; /* logits are NAN */
};
static struct script script;

int lm_run_open(struct lm_run **out, const struct lm_model *model, const struct lm_run_options *options,
                struct ponder_err *err)
{
    (void)err;
    struct lm_run *run = __real_calloc(1, sizeof *run);
    assert_non_null(run);
    run->model = model;
    run->logit_rows_max = options->logit_rows_max;
    run->logits = __real_calloc((size_t)options->logit_rows_max * VOCAB, sizeof *run->logits);
    assert_non_null(run->logits);
    *out = run;
    return PONDER_OK;
}

void lm_run_release(struct lm_run *run)
{
    if (run)
        free(run->logits);
    free(run);
}

enum lm_precision lm_run_precision(const struct lm_run *run)
{
    (void)run;
    return LM_PRECISION_F32;
}

int lm_run_outputs(const struct lm_run *run)
{
    (void)run;
    return VOCAB;
}

size_t lm_run_weights_bytes(const struct lm_run *run)
{
    (void)run;
    return 0;
}

static inline uint64_t *slot_of(struct kv_tree *kv, int segment, int position)
{
    float *values = kv_values(kv, segment, position, 0, 0);
    return (uint64_t *)(void *)(values + (size_t)(position % KV_BLOCK) * 4);
}

static inline int holder_of(const struct kv_tree *kv, int segment, int position)
{
    while (position < kv_start(kv, segment))
        segment = kv_parent(kv, segment);
    return segment;
}

static inline uint64_t true_hash(const struct kv_tree *kv, int segment, int position)
{
    int32_t path[CONTEXT];
    for (int p = position; p >= 0; p--)
        path[p] = kv_token(kv, holder_of(kv, segment, p), p);
    uint64_t hash = 1;
    for (int p = 0; p <= position; p++)
        hash = rng_key(hash, (uint64_t)path[p]);
    return hash;
}

static inline void forward_row(const struct lm_batch *batch, int row, uint64_t *hash)
{
    int segment = batch->segments[row], position = batch->positions[row];
    bool again = row > 0 && batch->segments[row - 1] == segment;
    assert_int_equal(position, again ? batch->positions[row - 1] + 1 : kv_resident(batch->kv, segment));
    assert_int_equal(batch->tokens[row], kv_token(batch->kv, segment, position));
    for (int earlier = 0; !again && earlier < row; earlier++)
        assert_int_not_equal(batch->segments[earlier], segment);
    uint64_t before =
        position ? *slot_of(batch->kv, holder_of(batch->kv, segment, position - 1), position - 1) : 1;
    *hash = rng_key(before, (uint64_t)batch->tokens[row]);
    assert_true(*hash == true_hash(batch->kv, segment, position));
    *slot_of(batch->kv, segment, position) = *hash;
}

static inline void logits_of(const struct lm_run *run, uint64_t hash, int position, float *logits)
{
    struct rng rng;
    rng_init(&rng, hash);
    for (int i = 0; i < run->model->shape.vocab; i++)
        logits[i] = script.broken ? NAN : (float)(4 * rng_unit(&rng));
    if (position + 1 < script.count)
        logits[script.tokens[position + 1]] = 100;
}

int lm_forward(struct lm_run *run, const struct lm_batch *batch, float **logits, struct ponder_err *err)
{
    (void)err;
    uint64_t *hashes = __real_calloc((size_t)batch->rows, sizeof *hashes);
    assert_non_null(hashes);
    assert_in_range(batch->logit_count, 0, run->logit_rows_max);
    for (int row = 0; row < batch->rows; row++)
        forward_row(batch, row, &hashes[row]);
    for (int row = 0; row < batch->rows; row++)
        if (row + 1 == batch->rows || batch->segments[row + 1] != batch->segments[row])
            kv_set_resident(batch->kv, batch->segments[row], batch->positions[row] + 1);
    for (int i = 0; i < batch->logit_count; i++) {
        int row = batch->logit_rows[i];
        logits_of(run, hashes[row], batch->positions[row],
                  run->logits + (size_t)i * (size_t)run->model->shape.vocab);
    }
    *logits = run->logits;
    free(hashes);
    return PONDER_OK;
}

/* ---- helpers ---- */

enum { BLOCK_BYTES = 2 * 4 * KV_BLOCK * 4 }; /* one layer, one head of 4, f32 */

static inline struct lm_model model_of(int vocab)
{
    return (struct lm_model){.shape = {.vocab = vocab,
                                       .width = 4,
                                       .layers = 1,
                                       .heads = 1,
                                       .kv_heads = 1,
                                       .head_dim = 4,
                                       .ffn = 4,
                                       .context = CONTEXT}};
}

static inline struct engine *open_engine(const struct lm_model *model, int branches, int rows, int blocks)
{
    struct engine *engine;
    struct ponder_err err = {0};
    struct local_options options = {.threads = 2,
                                    .rows_max = rows,
                                    .branches_max = branches,
                                    .kv_bytes_max = (size_t)blocks * BLOCK_BYTES,
                                    .kv_type = KV_F32};
    assert_int_equal(local_open(&engine, model, &options, &err), PONDER_OK);
    return engine;
}

static inline int64_t prompt(struct engine *engine, int64_t parent, const char *text)
{
    int64_t node;
    struct ponder_err err = {0};
    assert_int_equal(engine_prompt(engine, parent, text, strlen(text), &node, &err), PONDER_OK);
    return node;
}

static inline void submit(struct engine *engine, int64_t tag, int64_t parent, int tokens_max, uint64_t stream)
{
    struct ponder_err err = {0};
    struct engine_request request = {.tag = tag,
                                     .parent = parent,
                                     .tokens_max = tokens_max,
                                     .sampling = {.temperature = 1, .top_p = 1},
                                     .stream = stream};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_OK);
}

static inline void run_all(struct engine *engine)
{
    struct ponder_err err = {0};
    int left;
    for (int i = 0; (left = engine_step(engine, 1, &err)) > 0; i++)
        assert_true(i < 1000000);
    assert_int_equal(left, 0);
}

static inline struct local_state state_of(const struct engine *engine)
{
    return local_state_get(engine);
}

static inline struct engine_usage usage_of(const struct engine *engine)
{
    struct engine_usage usage;
    engine_usage_get(engine, &usage);
    return usage;
}

static inline void nothing_is_held(struct engine *engine)
{
    struct local_state state = state_of(engine);
    assert_int_equal(state.nodes, 0);
    assert_int_equal(state.segments, 0);
    assert_int_equal(state.kv_bytes, 0);
    assert_int_equal(state.waiting + state.active, 0);
}

#endif
