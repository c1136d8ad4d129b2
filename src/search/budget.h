/* budget.h - what one question may cost, and the purse from which its search pays.
 *
 * Before anything is asked for, the most that it can cost is set aside in the purse; what it did not cost
 * comes back with its result. So a budget is never passed, whatever the results are. */
#ifndef SEARCH_BUDGET_H
#define SEARCH_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "ponder/ledger.h"
#include "ponder/status.h"

/* Of one question; 0: no limit. Tokens are those of prompt, generation and verifier together; what is
 * computed again for want of memory is not among them, but its FLOPs are among those. Seconds are of wall
 * clock, from the question's beginning. */
struct budget {
    int64_t generations, tokens;
    double flops, seconds;
};

/* "64g", "20000t", "5s" or "1e12f" (FLOPs), or several with commas between. "" has no limits. */
int budget_parse(const char *text, struct budget *out, struct ponder_err *err) PONDER_USE;

struct purse {
    const struct budget *budget;
    bool verified; /* what is generated will be read by a verifier, at about the same cost */
    int64_t tokens_held;
    double flops_held; /* set aside for what is under way */
};

/* Of one request: `tokens` generated at `position` of the text. */
struct purse_hold {
    int64_t tokens;
    double flops;
};

/* Generated tokens, `want` at most, that the purse can pay for behind `position` when `spent` is gone. */
int64_t purse_room(const struct purse *purse, const struct ponder_ledger *spent, const struct engine *engine,
                   int64_t position, int64_t want);
struct purse_hold purse_hold(struct purse *purse, const struct engine *engine, int64_t position,
                             int64_t tokens);
void purse_refund(struct purse *purse, const struct purse_hold *hold);
/* What is left for the verifier. */
void purse_left(const struct purse *purse, const struct ponder_ledger *spent, int64_t *tokens, double *flops);

#endif
