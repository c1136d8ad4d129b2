/* plan.h - a search as its options say: its strategy, its verifier, its budget. */
#ifndef SESSION_PLAN_H
#define SESSION_PLAN_H

#include "ponder/search.h"
#include "driver/driver.h"

struct search_plan {
    const struct search_ops *ops;
    struct search_options options;
    enum search_select select;
    enum verifier_aggregate aggregate;
    bool own_aggregate; /* it was said; else it is the verifier's */
    struct budget budget;
    double stop;               /* delta of the stop rule (stop.h); 0: none */
    const char *separator;     /* borrowed from the search */
    struct verifier *verifier; /* of search_plan_take(); borrowed */
};

/* All but the verifier, which is not opened. Texts stay borrowed. */
int search_plan_of(struct search_plan *out, const struct ponder_search *search,
                   const struct ponder_sampling *sampling, struct ponder_err *err) PONDER_USE;
/* Opens the search's verifier. Where it is for one question `alone`, its probe keeps to that one's budget.
 * Release `out` in any case. */
int search_plan_verifier(const struct search_plan *plan, const struct ponder_search *search,
                         const struct ponder_sampling *sampling, bool alone, struct verifier *out,
                         struct ponder_err *err) PONDER_USE;
/* Gives the plan its verifier. What its probe took is not in the budget any more of a question that `pays`.
 */
void search_plan_take(struct search_plan *plan, struct verifier *verifier, bool pays);
/* PONDER_E_UNSUPPORTED where the engine cannot do what the search needs: go on with unfinished texts, end
 * them at strings, tell FLOPs for a budget of them. */
int search_plan_check(const struct search_plan *plan, const struct engine *engine,
                      struct ponder_err *err) PONDER_USE;
/* For the driver; what the plan does not say is 0. */
struct driver_plan search_plan_driven(struct search_plan *plan, const struct ponder_sampling *sampling);
#endif
