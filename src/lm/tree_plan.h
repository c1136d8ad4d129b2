/* tree_plan.h - which rows of a batch share which stretches of the KV tree. Made once per batch, used by
 * every layer. */
#ifndef LM_TREE_PLAN_H
#define LM_TREE_PLAN_H

#include "kernels/kernels.h"
#include "lm/kv.h"

struct lm_batch;

struct tree_plan {
    int *rows;    /* (T) path order -> batch row */
    int *lengths; /* (T) in path order */
    struct lm_span *spans;
    int span_count;
    int score_stride;
    struct tree_plan_room *room; /* what it was built in; grows and is used again */
};

/* All rows' blocks must stand (kv_reserve). */
int tree_plan_make(struct tree_plan *plan, const struct lm_batch *batch) PONDER_USE;
void tree_plan_release(struct tree_plan *plan);

#endif
