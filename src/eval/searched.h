/* searched.h - what a search saw of a question, as a store keeps it: all solutions that it chose among,
 * which one it chose, and the tree. */
#ifndef EVAL_SEARCHED_H
#define EVAL_SEARCHED_H

#include "core/arena.h"
#include "eval/grade.h"
#include "session/plan.h"
#include "store/store.h"

/* How the search was set up; everything is borrowed. */
struct searched_plan {
    const struct search_plan *plan;
    const struct ponder_search *search;
    const struct ponder_sampling *sampling;
    enum answer_mode extract;
    bool whole; /* with all that it saw, for a store; else what was chosen alone */
};

struct searched {
    struct store_cell cell; /* samples and what was found; the rest is the caller's to say */
    struct store_found found;
    struct grade grade;
    struct arena memory; /* of the samples */
    struct buf trace;
};

/* Of the question under `seed`, which was asked by `prompt`. The chosen sample's finish is "failed" where the
 * search came to nothing. Release `out` in any case. */
int searched_fill(struct searched *out, const struct searched_plan *plan,
                  const struct driver_outcome *outcome, const struct question *question, const char *prompt,
                  int64_t seed, struct ponder_err *err) PONDER_USE;
void searched_release(struct searched *searched);

#endif
