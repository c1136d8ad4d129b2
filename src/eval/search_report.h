/* search_report.h - a search's outcomes, in groups and beside best-of-N. */
#ifndef EVAL_SEARCH_REPORT_H
#define EVAL_SEARCH_REPORT_H

#include <stdbool.h>

#include "eval/against.h"
#include "ponder/eval.h"

struct search_outcome {
    int64_t question; /* its index, for `against` */
    double right;     /* share of its seeds */
    double tokens;    /* generated, all candidates; mean over its seeds */
};

/* Fills eval->groups from `count` outcomes: all of them; with `against`, by quintile too. */
int search_report(struct ponder_search_eval *eval, const struct search_outcome *outcomes, int64_t count,
                  const struct against *against) PONDER_USE;

#endif
