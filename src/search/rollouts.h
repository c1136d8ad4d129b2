/* rollouts.h - labels for the steps of sampled solutions without anyone who knows them: Monte-Carlo rollouts.
 *
 * n solutions of a question are sampled. From behind each of their lines the model completes the solution
 * `rollouts` times, and the share that ends in the right answer is the value of that prefix: the reward to go
 * of the sampling policy (Snell et al. 2024, section 5.1 and appendix F; Wang et al. 2024, "Math-Shepherd").
 * Equal prefixes share their rollouts. The value of a whole solution is 1 or 0, whether its answer is right.
 * Solutions without an answer have no values.
 *
 * Questions share the engine's batch, as in best_of_n.h; solution i draws from the stream (prompt's key, i),
 * so that they are those of best-of-N, rollout r from (prompt's key, prefix, r): neither order nor company
 * changes a label. */
#ifndef SEARCH_ROLLOUTS_H
#define SEARCH_ROLLOUTS_H

#include "answer/answer.h"
#include "search/prefixes.h"
#include "search/search.h"
#include "tree/tree.h"

enum { ROLLOUTS_STEPS_MAX = 64 /* of a solution; one with more has no values */ };

struct rollouts_options { /* its own */
    int64_t rollouts;     /* from behind each line of the solutions */
    enum answer_mode extract;
};

/* The strategy behind it. It is in no list: what comes of it are labels and no answer. */
extern const struct search_ops search_rollouts;

/* ---- the solutions of a search by rollouts, in its tree ---- */

struct rollouts_solution {
    const struct tree_node *node;
    char *answer; /* as written; NULL: it has none. Owned */
    int64_t steps;
    bool labelled;                    /* it has an answer, and not too many steps */
    int64_t path[ROLLOUTS_STEPS_MAX]; /* (steps - 1) where it is labelled: its prefixes */
};

struct rollouts_solutions {
    struct rollouts_solution *items; /* (count) in the order of their asking */
    int64_t count;
};

/* The first `n` children of the root that were sampled; the prefixes of those that are labelled are added to
 * `prefixes`, which borrows their texts. Release `out` in any case. PONDER_E_MEMORY. */
int rollouts_solutions_read(struct rollouts_solutions *out, const struct tree *tree, int64_t n,
                            enum answer_mode extract, struct prefixes *prefixes) PONDER_USE;
void rollouts_solutions_release(struct rollouts_solutions *solutions);

#endif
