/* asked.c - one question of a session: its plan, its verifier, its turn, its end. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "prompt/prompt.h"
#include "session/proposer.h"
#include "session/solution_tree.h"
#include "session/session.h"
#include "tree/ledger.h"

/* ---- asking ---- */

static int revise(struct asked *asked, const char *question, struct ponder_err *err)
{
    static const struct revision_template none;
    const struct ponder_model *model = asked->session->model;
    return revision_fill(model ? &model->revision : &none, question, strlen(question), asked->sampling.seed,
                         NULL, &asked->revision, err);
}

static int new_solution(struct asked *asked, const char *question, struct ponder_err *err)
{
    struct ponder_solution *solution = asked->solution = calloc(1, sizeof *solution);
    if (!solution)
        return err_memory(err, "a solution");
    solution->best = -1;
    int status = prompt_fill(asked->session->template, question, strlen(question), asked->sampling.seed, NULL,
                             &asked->prompt, err);
    if (!status && asked->plan.ops->revises)
        status = revise(asked, question, err);
    solution->prompt = (char *)asked->prompt.text;
    solution->question = strdup(question);
    return status || solution->question ? status : err_memory(err, "a solution");
}

/* What is wrong with the settings alone. */
static int read_plan(struct asked *asked, struct ponder_err *err)
{
    const struct ponder_session *session = asked->session;
    if (session->model) {
        asked->sampling = proposer_sampling(session->model, &asked->search, &asked->sampling);
        int status = proposer_check(session->model, &asked->sampling, err);
        if (status)
            return status;
    }
    const struct search_ops *ops = search_find(asked->search.name);
    if (ops && ops->independent && asked->sampling.temperature == 0)
        asked->sampling.n = 1; /* they would all be the same */
    return search_plan_of(&asked->plan, &asked->search, &asked->sampling, err);
}

/* Structs of a caller's older or newer header are refused rather than misread. */
static int check_sizes(const struct ponder_plan *plan, const struct ponder_listener *listener,
                       struct ponder_err *err)
{
    if (plan->size != sizeof *plan)
        return err_set(err, PONDER_E_ARGUMENT, "a plan of %zu bytes, not %zu: use ponder_plan_default()",
                       plan->size, sizeof *plan);
    if (listener && listener->size != sizeof *listener)
        return err_set(err, PONDER_E_ARGUMENT, "a listener of %zu bytes, not %zu: set its size",
                       listener->size, sizeof *listener);
    return PONDER_OK;
}

int asked_new(struct asked **out, struct ponder_session *session, const char *question,
              const struct ponder_plan *plan, const struct ponder_listener *listener, struct ponder_err *err)
{
    struct asked *asked = *out = NULL;
    int status = check_sizes(plan, listener, err);
    if (!status)
        status = prompt_check_question(question, strlen(question), err);
    if (status)
        return status;
    if (!(asked = calloc(1, sizeof *asked)))
        return err_memory(err, "a question");
    *asked = (struct asked){.session = session, .search = plan->search, .sampling = plan->sampling};
    if (listener)
        asked->listener = *listener;
    status = read_plan(asked, err);
    if (!status)
        status = new_solution(asked, question, err);
    if (status)
        asked_free(asked);
    else
        *out = asked;
    return status;
}

void asked_free(struct asked *asked)
{
    ponder_solution_release(asked->solution);
    tally_release(&asked->tally);
    free(asked->shown);
    free((char *)asked->revision.first.text);
    free(asked);
}

/* ---- its turn ---- */

/* All that decides what a verifier is. */
static char *key_of(const struct ponder_search *search)
{
    const struct ponder_verifier_options *o = &search->verifier_options;
    struct buf key = BUF_INIT(1 << 16);
    buf_printf(&key, "%s\n%s\n%.17g\n%lld\n%s", ponder_search_verifier(search), o->profile ? o->profile : "",
               o->timeout_s, (long long)o->memory_mib, o->key_env ? o->key_env : "");
    return buf_take(&key, NULL);
}

static int open_verifier(struct asked *asked, struct session_verifier **out, struct ponder_err *err)
{
    struct ponder_session *session = asked->session;
    char *key = key_of(&asked->search);
    if (!key)
        return err_memory(err, "a verifier");
    for (*out = session->verifiers; *out && strcmp((*out)->key, key) != 0;)
        *out = (*out)->next;
    if (*out) {
        free(key);
        return PONDER_OK;
    }
    struct session_verifier *opened = calloc(1, sizeof *opened);
    if (!opened) {
        free(key);
        return err_memory(err, "a verifier");
    }
    opened->key = key;
    int status =
        search_plan_verifier(&asked->plan, &asked->search, &session->sampling, true, &opened->verifier, err);
    if (status) {
        verifier_release(&opened->verifier);
        free(key);
        free(opened);
        return status;
    }
    opened->next = session->verifiers;
    session->verifiers = *out = opened;
    return PONDER_OK;
}

/* The first to ask for a verifier pays for what its probe took. */
static int take_verifier(struct asked *asked, struct ponder_err *err)
{
    struct session_verifier *held;
    const struct session_verifier *before = asked->session->verifiers;
    int status = open_verifier(asked, &held, err);
    if (status)
        return status;
    bool pays = asked->session->verifiers != before;
    if (pays)
        ledger_add(&asked->session->probed, &held->verifier.probed);
    search_plan_take(&asked->plan, &held->verifier, pays);
    struct verifier_case read = verifier_case_of(asked->solution->question, NULL);
    return verifier_accept(&held->verifier, &read, err);
}

static void take_clock(struct asked *asked)
{
    const double least_s = 1e-9; /* 0 is no limit */
    asked->began_s = clock_now_s(asked->session->clock) - asked->start_s;
    if (asked->plan.budget.seconds > 0)
        asked->plan.budget.seconds = fmax(asked->plan.budget.seconds - asked->start_s, least_s);
}

bool asked_has_room(const struct asked *asked)
{
    struct driver_plan plan = {.ops = asked->plan.ops, .options = &asked->plan.options};
    return driver_has_room(asked->session->driver, &plan);
}

int asked_begin(struct asked *asked, struct ponder_err *err)
{
    struct ponder_session *session = asked->session;
    struct ponder_err own = {0};
    take_clock(asked);
    int status = take_verifier(asked, &own);
    if (!status)
        status = search_plan_check(&asked->plan, session->engine, &own);
    if (status) {
        asked_fail(asked, status, own.message);
        return status == PONDER_E_MEMORY ? err_memory(err, "a question") : PONDER_OK;
    }
    asked->driver_plan = search_plan_driven(&asked->plan, &asked->sampling);
    asked->driver_plan.partial = true;
    asked->driver_plan.stop = (struct driver_stop){.delta = asked->plan.stop,
                                                   .weighted = asked->plan.select == SEARCH_WEIGHTED &&
                                                               !asked->plan.verifier->ops->scoreless,
                                                   .mode = session->mode};
    double timeout_s = asked->sampling.timeout_s;
    struct driver_question question = {.prompt = asked->prompt,
                                       .revision = asked->plan.ops->revises ? &asked->revision : NULL,
                                       .problem = asked->solution->question,
                                       .deadline_s = timeout_s > 0 ? asked->began_s + timeout_s : 0,
                                       .plan = &asked->driver_plan};
    struct driver_listener listener = {.done = asked_done, .moved = events_tell, .data = asked};
    if (!asked->listener.event)
        listener.moved = NULL;
    asked->open = true;
    return driver_add(session->driver, &question, &listener, &asked->driven, err);
}

/* ---- its end ---- */

/* From now on it can be taken, by its listener while that is told and then by anyone; the driver may look at
 * its plan until the step is over. */
static void asked_end(struct asked *asked)
{
    struct ponder_session *session = asked->session;
    pthread_mutex_lock(&session->lock);
    asked->done = true;
    asked->telling = asked->listener.event != NULL;
    asked->teller = pthread_self();
    asked->held = true;
    asked->next_ended = session->ended;
    session->ended = asked;
    session->unfinished--;
    pthread_mutex_unlock(&session->lock);
    if (!asked->listener.event)
        return;
    events_done(asked);
    pthread_mutex_lock(&session->lock);
    asked->telling = false;
    pthread_mutex_unlock(&session->lock);
}

void asked_let_go(struct ponder_session *session)
{
    while (session->ended) {
        struct asked *asked = session->ended;
        session->ended = asked->next_ended;
        asked->held = false;
        if (asked->taken)
            asked_free(asked);
    }
}

void asked_fail(struct asked *asked, int status, const char *why)
{
    asked->status = status;
    snprintf(asked->failure, sizeof asked->failure, "%s", why);
    ponder_solution_release(asked->solution);
    asked->solution = NULL;
    asked_end(asked);
}

static int conclude(struct asked *asked, const struct driver_outcome *outcome)
{
    struct ponder_solution *solution = asked->solution;
    solution->planned = asked->plan.options.n;
    solution->sure = outcome->ended_by && strcmp(outcome->ended_by, "agreement") == 0 ? asked->plan.stop : 0;
    solution->ledger = outcome->cost;
    solution->ledger.seconds = clock_now_s(asked->session->clock) - asked->began_s;
    if (outcome->failure[0] && !(solution->warning = strdup(outcome->failure)))
        return PONDER_E_MEMORY;
    int status = ponder_search_is_vote(&asked->search) ? solution_of_samples(solution, asked, outcome)
                                                       : solution_of_search(solution, asked, outcome);
    if (!status)
        solution_tree_end(solution);
    return status;
}

int asked_done(void *data, uint64_t id, const struct driver_outcome *outcome, struct ponder_err *err)
{
    struct asked *asked = data;
    struct ponder_err own = {0};
    (void)id;
    int status = tree_fail(conclude(asked, outcome), TRACE_BYTES_MAX, &own);
    if (status == PONDER_E_MEMORY)
        return err_memory(err, "a solution");
    if (!status && outcome->failed && asked->solution->finished == 0) { /* it was for nothing */
        status = outcome->status ? outcome->status : PONDER_E_ENGINE;
        snprintf(own.message, sizeof own.message, "%s", outcome->failure);
    }
    if (status)
        asked_fail(asked, status, own.message);
    else
        asked_end(asked);
    return PONDER_OK;
}
