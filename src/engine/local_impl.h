/* local_impl.h - the inside of the local engine, shared by its files.
 *
 *   local.c         opening, nodes, prompts, requests, results
 *   local_batch.c   one step: admits branches, plans a batch, runs it, samples
 *   local_branch.c  what a branch does with a token, and how it ends
 *
 * A node is a KV segment whose path ends where the node ends; it holds one reference on it. A branch is a
 * request being answered: it forks an empty segment from its node's when it is submitted, so the caller may
 * release the node at once, and its generated tokens are that segment's tokens. A segment never grows after a
 * node ends in it. How a path is cut into segments therefore depends on the requests alone, never on timing.
 */
#ifndef ENGINE_LOCAL_IMPL_H
#define ENGINE_LOCAL_IMPL_H

#include "core/buf.h"
#include "core/rng.h"
#include "engine/local.h"
#include "kernels/sample.h"

enum {
    LOCAL_NODES_MAX = 1 << 22,
    LOCAL_REQUESTS_MAX = 1 << 20, /* submitted and not yet taken */
    LOCAL_TEXT_BYTES_MAX = 64 << 20,
};

struct local_node {
    uint32_t generation; /* of this slot; part of the handle, so that a stale one is known */
    int segment;         /* -1: free */
    int next_free;
    char *lead; /* bytes behind a stop string in the last token; they open the next text. NULL: none */
    size_t lead_len;
};

struct local_branch {
    struct local_branch *prev, *next; /* in the waiting or the done list */
    int64_t tag;
    int position; /* tokens before its own */
    int segment;  /* own; one reference. -1 once it passed to the node */
    int tokens_max;
    struct sample_options sampling;
    struct rng rng;
    const char *const *stops;
    int stop_count;
    const char *end; /* a string that ends the text before it; NULL: none */
    bool ignore_end;
    bool scoring;      /* wants the score of `good` against `bad` behind its path, and no token */
    int32_t good, bad; /* columns of the logits */

    bool decoding; /* since its last admission the path above is resident and a token was sampled */
    int logit;     /* its row of the batch's logits, -1: none */
    struct sample sample;

    struct buf text;
    size_t text_end;   /* the text's bytes; what lies behind a stop string is left to the next node */
    int generated;     /* tokens, the end token included */
    int32_t end_token; /* the last token where finish is END: it is not in the segment. -1: a string was the
                          end */
    int32_t *tokens;   /* (generated) once finished */
    double logprob, score;

    int64_t recomputed_tokens; /* for it, of its own and of its path */
    double recomputed_flops;

    bool pinned; /* its path, while it is active */
    bool finished;
    enum engine_finish finish;
    int status;
    char error[256];
    int64_t node;
};

struct local_list {
    struct local_branch *head, *tail;
    int count;
};

/* What the engine notes beside a KV segment, by its id. */
struct local_mark {
    bool prompt;   /* made by a prompt, not by a branch */
    uint64_t step; /* the last step that had rows of it; the rest is about that batch */
    int upto;      /* position behind its last row */
    int last_row;
    int logit; /* of its last row, -1: none */
};

struct local {
    struct engine engine; /* first */
    const struct lm_model *model;
    bool scores_only;
    int32_t scored[2]; /* good and bad, where nothing else is asked */
    struct lm_run *run;
    struct kv_tree *kv;
    int rows_max, branches_max, threads;

    struct local_node *nodes;
    int64_t node_cap;
    int node_top, node_free, node_count;

    struct local_list waiting, done;
    struct local_branch **active; /* (active_count), the oldest first */
    int active_count;

    struct local_mark *marks; /* (mark_cap) by segment id */
    int64_t mark_cap;

    uint64_t step;
    int32_t *tokens, *positions, *segments, *logit_rows; /* (rows_max) the batch */
    int rows, logit_count;
    int *path;                     /* (context) segments of one path that lack rows */
    struct local_branch **sampled; /* (branches_max) branches with logits in this batch */

    double flops_base, flops_per_key;
    struct engine_usage usage;
    int64_t rows_total, batches, preemptions;
};

void local_list_push(struct local_list *list, struct local_branch *branch);
void local_list_push_front(struct local_list *list, struct local_branch *branch);
void local_list_remove(struct local_list *list, struct local_branch *branch);

/* A mark for a new segment. */
int local_mark_new(struct local *local, int segment, bool prompt) PONDER_USE;
/* A node that takes over the caller's reference on `segment`, or a negative status. */
int64_t local_node_new(struct local *local, int segment, const char *lead, size_t lead_len) PONDER_USE;

int local_step(struct engine *engine, double wait_s, struct ponder_err *err) PONDER_USE;

/* The branch that is scoring takes its score from the logits (vocab) behind its path, and ends. */
void local_branch_score(struct local *local, struct local_branch *branch, const float *logits);
/* The branch takes its sample: appends it, or ends. */
void local_branch_accept(struct local *local, struct local_branch *branch);
/* The branch ends with what it has; `finish` is not FAILED. Its pin is gone then; its place in a list is
 * the caller's matter. The same for a failure. */
void local_branch_finish(struct local *local, struct local_branch *branch, enum engine_finish finish);
void local_branch_fail(struct local *local, struct local_branch *branch, int status, const char *format, ...)
    PONDER_PRINTF(4, 5);
/* Frees it and what it holds. */
void local_branch_free(struct local *local, struct local_branch *branch);

#endif
