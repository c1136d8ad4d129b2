/* plan.h - a search as its options say: its strategy, its verifier, its budget. */
#ifndef SEARCH_PLAN_H
#define SEARCH_PLAN_H

#include "ponder/search.h"
#include "search/driver.h"

struct search_plan {
    const struct search_ops *ops;
    struct search_options options;
    enum search_select select;
    enum verifier_aggregate aggregate;
    struct budget budget;
    const char *separator; /* borrowed from the search */
    struct verifier verifier;
};

/* Opens the verifier last. Where it is for one question `alone`, that question's budget pays for the
 * verifier's probe. Release `out` in any case. */
int search_plan_of(struct search_plan *out, const struct ponder_search *search,
                   const struct ponder_sampling *sampling, bool alone, struct ponder_err *err) PONDER_USE;
/* PONDER_E_UNSUPPORTED where the engine cannot do what the search needs: go on with unfinished texts, end
 * them at strings, tell FLOPs for a budget of them. */
int search_plan_check(const struct search_plan *plan, const struct engine *engine,
                      struct ponder_err *err) PONDER_USE;
void search_plan_release(struct search_plan *plan);
/* For the driver; what the plan does not say is 0. */
struct driver_plan search_plan_driven(struct search_plan *plan, const struct ponder_sampling *sampling);
#endif
