/* budget.h - what one question may cost, and the allowance from which its search pays.
 *
 * Before anything is asked for, the most that it can cost is set aside in the allowance, with what its
 * verifier will take to read it, at the verifier's own price; what generating it did not cost comes back with
 * its result, the rest when it has been read. So a budget is never passed, whatever the results are, and what
 * has ended can always be judged. */
#ifndef DRIVER_BUDGET_H
#define DRIVER_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "ponder/ledger.h"
#include "ponder/status.h"
#include "verifier/verifier.h"

/* Of one question; 0: no limit. Tokens are those of prompt, generation and verifier together; what is
 * computed again for want of memory is not among them, but its FLOPs are among those. Seconds are of wall
 * clock, from the question's beginning. */
struct budget {
    int64_t generations, tokens;
    double flops, seconds;
};

/* "64g", "20000t", "5s" or "1e12f" (FLOPs), or several with commas between. "" has no limits. */
int budget_parse(const char *text, struct budget *out, struct ponder_err *err) PONDER_USE;

/* What is set aside. */
struct reservation {
    int64_t tokens;
    double flops;
};

struct allowance {
    const struct budget *budget;
    const struct engine *engine;
    const struct verifier *verifier; /* that reads what is generated; NULL: none does */
    struct verifier_reading reading;
    struct reservation reserved;
};

/* Of `tokens` generated at `position` of the text, 1 or more, and of reading them. */
struct reservation allowance_price(const struct allowance *allowance, int64_t position, int64_t tokens);
/* Of reading them alone. */
struct reservation allowance_reading_price(const struct allowance *allowance, int64_t position,
                                           int64_t tokens);
/* Generated tokens, `want` at most, that the allowance can pay for behind `position` when `spent` is gone. */
int64_t allowance_room(const struct allowance *allowance, const struct ponder_ledger *spent, int64_t position,
                       int64_t want);
void allowance_reserve(struct allowance *allowance, struct reservation reservation);
void allowance_refund(struct allowance *allowance, struct reservation reservation);
/* What is neither spent nor set aside. */
void allowance_left(const struct allowance *allowance, const struct ponder_ledger *spent, int64_t *tokens,
                    double *flops);

#endif
