/* solve.c - one question: a session for it alone. */
#include "ponder/server.h"
#include "session/solution_tree.h"
#include "session/session.h"

/* How far it is, and whether it is to end. */
static bool goes_on(const struct ponder_session *session, const struct ponder_watch *watch, int64_t samples)
{
    struct meter meter = session->meter;
    meter.watch = watch;
    enum ponder_stopped stopped =
        samples ? meter_stop(&meter, driver_results(session->driver), samples, "solutions")
                : meter_stop(&meter, 0, 1, "questions");
    return stopped == PONDER_STOPPED_NO;
}

int session_solve(struct ponder_session *session, const char *question, const struct ponder_plan *plan,
                  const struct ponder_watch *watch, struct ponder_solution **out, struct ponder_err *err)
{
    const struct search_ops *ops = search_find(plan->search.name);
    int64_t samples = ops && !ops->by_steps ? plan->sampling.n : 0, left = 1;
    uint64_t id;
    *out = NULL;
    int status = ponder_session_ask(session, question, plan, NULL, &id, err);
    if (status)
        return status;
    while (left > 0) {
        if (!goes_on(session, watch, samples))
            ponder_session_cancel(session, id);
        left = ponder_session_step(session, 0.05, NULL);
    }
    status = ponder_session_take(session, id, out, err);
    if (!status) { /* as it was measured: all of it was for this question */
        (*out)->ledger = ponder_session_ledger(session);
        solution_tree_end(*out);
    }
    return status;
}

int ponder_solve_search(struct ponder_model *model, const char *question,
                        const struct ponder_sampling *sampling, const struct ponder_search *search,
                        const struct ponder_watch *watch, struct ponder_solution **out,
                        struct ponder_err *err)
{
    const struct ponder_plan plan = {sizeof plan, *sampling, *search};
    struct ponder_session *session;
    *out = NULL;
    int status = ponder_session_open(&session, model, sampling, err);
    if (status)
        return status;
    status = session_solve(session, question, &plan, watch, out, err);
    if (!status)
        (*out)->start = ponder_model_start(model);
    ponder_session_close(session);
    return status;
}

int ponder_solve(struct ponder_model *model, const char *question, const struct ponder_sampling *sampling,
                 const struct ponder_watch *watch, struct ponder_solution **out, struct ponder_err *err)
{
    struct ponder_search search;
    *out = NULL;
    int status = ponder_options_default(ponder_search_options(), &search, err);
    return status ? status : ponder_solve_search(model, question, sampling, &search, watch, out, err);
}
