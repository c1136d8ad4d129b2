/* local.h - the engine that runs a GGUF model in this process, over the KV tree. */
#ifndef ENGINE_LOCAL_H
#define ENGINE_LOCAL_H

#include "engine/engine.h"
#include "lm/forward.h"

struct local_options {
    int threads;              /* 0: all cores */
    int rows_max;             /* rows of one batch; 0: 512 */
    int branches_max;         /* requests decoded at once; 0: 256. At most rows_max */
    size_t kv_bytes_max;      /* 0: 2 GiB. Bounds the context too, as kv_tree_open() says */
    size_t weights_bytes_max; /* as in struct lm_run_options */
    enum kv_type kv_type;
    enum lm_precision precision;
    /* The same seed gives the same text at any concurrency, after eviction, and after a restart. */
    bool exact;
    /* Nothing is generated, and every score is of `good` against `bad`: logits are made of these two alone,
     * which of a large vocabulary is most of a small model's work and memory. */
    bool scores_only;
    int32_t good, bad;
};

/* The model must outlive the engine. A model without a tokenizer (a random shape for a benchmark) reads every
 * byte of a prompt as the token (byte % vocab), generates bytes (token % 256), and has no end token. */
int local_open(struct engine **out, const struct lm_model *model, const struct local_options *options,
               struct ponder_err *err) PONDER_USE;

/* As engine_prompt, with token ids instead of text: for prompts with control tokens, and for measurements. */
int local_prompt_ids(struct engine *engine, int64_t parent, const int32_t *ids, int count, int64_t *out,
                     struct ponder_err *err) PONDER_USE;

/* For tests and reports: what the engine holds now. */
struct local_state {
    int nodes, segments, waiting, active;
    size_t kv_bytes; /* in blocks */
    int64_t rows;    /* computed since open */
    int64_t batches;
    int64_t preemptions;
};
struct local_state local_state_get(const struct engine *engine);
/* Positions of the longest path: the model's context, or what the memory for keys and values holds. */
int local_context(const struct engine *engine);
/* Of the weights, as they are held: packed for products, and the model's own. */
size_t local_weights_bytes(const struct engine *engine);
/* What LM_PRECISION_AUTO became. */
enum lm_precision local_precision(const struct engine *engine);

#endif
