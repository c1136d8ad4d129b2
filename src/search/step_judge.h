/* step_judge.h - a step verifier: scores a solution after each of its steps. */
#ifndef SEARCH_STEP_JUDGE_H
#define SEARCH_STEP_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/sampling.h"
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
    /* `count` candidates of one problem. Adds what it took to *cost: verifier tokens and FLOPs. */
    int (*score)(void *data, const struct step *steps, int64_t count, struct step_score *out,
                 struct ponder_ledger *cost, struct ponder_err *err);
    void *data;
    uint64_t hash; /* of a model's weights; 0: no model */
};

/* The checker of Pocket: 0 where the answer can no longer be reached, 1 for a whole solution with the right
 * answer, and in between the more the more steps have settled something. */
extern const struct step_judge step_judge_checker;

/* "checker", "prm" (the shipped verifier), or a GGUF file of one. Uses threads, precision and exact of
 * `sampling`. Release `out` in any case. */
int step_judge_open(struct step_judge *out, const char *name, const struct ponder_sampling *sampling,
                    struct ponder_err *err) PONDER_USE;
void step_judge_release(struct step_judge *judge);

#endif
