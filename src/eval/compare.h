/* compare.h - two runs that are read already, on the questions that both have. */
#ifndef EVAL_COMPARE_H
#define EVAL_COMPARE_H

#include "eval/cells.h"
#include "ponder/runs.h"

/* One of the two; everything is borrowed. */
struct compare_side {
    const struct ponder_run *run;
    const struct cells *cells;
    const struct grade *grades; /* (questions), of cells_by_question() */
};

/* As ponder_runs_compare(). PONDER_E_ARGUMENT where they share no question that is done in both. */
int compare_sides(struct ponder_comparison *out, const struct compare_side sides[2],
                  struct ponder_err *err) PONDER_USE;

#endif
