/* step_judge.h - a step verifier: scores a solution after each of its steps. */
#ifndef SEARCH_STEP_JUDGE_H
#define SEARCH_STEP_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "ponder/status.h"

/* A candidate: a solution up to and with its newest step. */
struct step {
    const char *problem;
    const char *text; /* all steps so far; any bytes, with a NUL behind them */
    size_t len;
    bool ended;     /* nothing follows: the end token, or no room for more */
    double logprob; /* mean over the newest step's tokens; NAN where unknown */
};

struct step_score {
    double score; /* in [0,1]: how likely a right solution comes of it */
    bool solved;  /* known to be a right solution, ended: first of equally scored candidates */
};

struct step_judge {
    const char *name, *summary;
    /* PONDER_E_ARGUMENT for a problem that it cannot judge, asked before the work begins. */
    int (*accept)(void *data, const char *problem, struct ponder_err *err);
    int (*score)(void *data, const struct step *step, struct step_score *out, struct ponder_err *err);
    void *data;
};

/* The checker of Pocket: 0 where the answer can no longer be reached, 1 for a whole solution with the right
 * answer, and in between the more the more steps have settled something. */
extern const struct step_judge step_judge_checker;

/* By name; NULL where there is none. */
const struct step_judge *step_judge_find(const char *name);

#endif
