#include "session/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/array.h"
#include "core/err.h"
#include "session/proposer.h"
#include "tree/ledger.h"

/* ---- opening ---- */

int session_open_over(struct ponder_session **out, struct engine *engine,
                      const struct prompt_template *template, enum answer_mode mode,
                      const struct clock *clock, struct ponder_err *err)
{
    struct ponder_session *session = calloc(1, sizeof *session);
    *out = NULL;
    if (!session)
        return err_memory(err, "a session");
    *session = (struct ponder_session){.template = template, .mode = mode, .engine = engine, .clock = clock};
    session->meter = meter_begin(engine, clock, NULL, 0);
    const struct driver_settings driven = {engine, clock};
    int status = driver_open(&session->driver, &driven, err);
    if (status) {
        free(session);
        return status;
    }
    pthread_mutex_init(&session->lock, NULL);
    pthread_mutex_init(&session->turn, NULL);
    pthread_cond_init(&session->changed, NULL);
    *out = session;
    return PONDER_OK;
}

int ponder_session_open(struct ponder_session **out, struct ponder_model *model,
                        const struct ponder_sampling *sampling, struct ponder_err *err)
{
    struct engine *engine;
    struct ponder_sampling whole = proposer_sampling(model, NULL, sampling);
    *out = NULL;
    int status = proposer_open(&engine, model, &whole, err);
    if (status)
        return status;
    status = session_open_over(out, engine, &model->prompt, model->boxes ? ANSWER_BOX_ONLY : ANSWER_ANY_SIGN,
                               &clock_system, err);
    if (status) {
        engine_release(engine);
        return status;
    }
    (*out)->model = model;
    (*out)->own_engine = true;
    (*out)->sampling = whole;
    (*out)->start_s = model->start_s;
    model->start_s = 0;
    return PONDER_OK;
}

void ponder_session_close(struct ponder_session *session)
{
    if (!session)
        return;
    driver_close(session->driver);
    for (struct asked *next, *asked = session->first; asked; asked = next) {
        next = asked->next;
        asked_free(asked);
    }
    for (struct session_verifier *next, *held = session->verifiers; held; held = next) {
        next = held->next;
        verifier_release(&held->verifier);
        free(held->key);
        free(held);
    }
    free(session->work);
    if (session->own_engine)
        engine_release(session->engine);
    pthread_cond_destroy(&session->changed);
    pthread_mutex_destroy(&session->turn);
    pthread_mutex_destroy(&session->lock);
    free(session);
}

/* ---- asking: from any thread ---- */

int ponder_plan_default(struct ponder_plan *plan, struct ponder_err *err)
{
    *plan = (struct ponder_plan){.size = sizeof *plan};
    int status = ponder_options_default(ponder_solve_options(), &plan->sampling, err);
    return status ? status : ponder_options_default(ponder_search_options(), &plan->search, err);
}

int ponder_session_ask(struct ponder_session *session, const char *question, const struct ponder_plan *plan,
                       const struct ponder_listener *listener, uint64_t *id, struct ponder_err *err)
{
    struct asked *asked;
    int status = asked_new(&asked, session, question, plan, listener, err);
    if (status)
        return status;
    pthread_mutex_lock(&session->lock);
    *id = asked->id = ++session->next_id;
    asked->start_s = session->start_s;
    session->start_s = 0;
    if (session->last)
        session->last->next = asked;
    else
        session->first = asked;
    session->last = asked;
    session->unfinished++;
    pthread_cond_broadcast(&session->changed);
    pthread_mutex_unlock(&session->lock);
    return PONDER_OK;
}

/* With the lock held; NULL: it is not there. */
static struct asked *session_find(const struct ponder_session *session, uint64_t id)
{
    struct asked *asked = session->first;
    while (asked && asked->id != id)
        asked = asked->next;
    return asked;
}

void ponder_session_cancel(struct ponder_session *session, uint64_t id)
{
    pthread_mutex_lock(&session->lock);
    struct asked *asked = session_find(session, id);
    if (asked)
        asked->cancelled = true;
    pthread_mutex_unlock(&session->lock);
}

static void unlink_asked(struct ponder_session *session, struct asked *asked)
{
    struct asked *before = NULL;
    for (struct asked *at = session->first; at != asked; at = at->next)
        before = at;
    if (before)
        before->next = asked->next;
    else
        session->first = asked->next;
    if (session->last == asked)
        session->last = before;
}

/* With the lock held. */
static bool can_be_taken(const struct asked *asked)
{
    return asked->done && (!asked->telling || pthread_equal(asked->teller, pthread_self()));
}

int ponder_session_take(struct ponder_session *session, uint64_t id, struct ponder_solution **out,
                        struct ponder_err *err)
{
    *out = NULL;
    pthread_mutex_lock(&session->lock);
    struct asked *asked = session_find(session, id);
    bool done = asked && can_be_taken(asked);
    bool held = done && asked->held;
    if (done) {
        unlink_asked(session, asked);
        asked->taken = true;
    }
    pthread_mutex_unlock(&session->lock);
    if (!done)
        return err_set(err, PONDER_E_NOT_FOUND,
                       asked ? "question %llu is not done" : "no question %llu is there",
                       (unsigned long long)id);
    int status = asked->status ? err_set(err, asked->status, "%s", asked->failure) : PONDER_OK;
    if (!status) {
        *out = asked->solution;
        asked->solution = NULL;
    }
    if (!held)
        asked_free(asked);
    return status;
}

struct ponder_ledger ponder_session_ledger(struct ponder_session *session)
{
    pthread_mutex_lock(&session->lock);
    struct ponder_ledger ledger = session->ledger;
    pthread_mutex_unlock(&session->lock);
    return ledger;
}

/* ---- working: with the turn ---- */

/* All that are not done, as many as fit: nobody takes them while they are not, and only who has the turn
 * brings them to an end. Returns how many, or PONDER_E_MEMORY. */
static int64_t list_unfinished(struct ponder_session *session)
{
    int64_t count = 0;
    pthread_mutex_lock(&session->lock);
    count = array_reserve(&session->work, sizeof(struct asked *), &session->work_cap, session->unfinished,
                          INT32_MAX);
    for (struct asked *asked = session->first; asked && count >= 0; asked = asked->next)
        if (!asked->done) {
            session->work[count++] = asked;
            asked->ending = asked->cancelled;
        }
    pthread_mutex_unlock(&session->lock);
    return count;
}

static bool is_late(const struct asked *asked)
{
    double timeout_s = asked->sampling.timeout_s;
    return asked->open && timeout_s > 0 && clock_now_s(asked->session->clock) - asked->began_s >= timeout_s;
}

/* Begins what has room, in the order of asking, and ends what is to end. */
static int begin_and_end(struct ponder_session *session, int64_t count, struct ponder_err *err)
{
    int status = PONDER_OK;
    bool room = true;
    for (int64_t i = 0; i < count && !status; i++) {
        struct asked *asked = session->work[i];
        bool waits = !asked->open;
        if (waits && asked->ending)
            asked_fail(asked, PONDER_E_CANCELLED, "cancelled before its turn");
        else if (waits && room && (room = asked_has_room(asked)))
            status = asked_begin(asked, err);
        else if (!waits && (asked->ending || is_late(asked))) {
            asked->solution->stopped = asked->ending ? PONDER_STOPPED_BY_CALLER : PONDER_STOPPED_BY_TIMEOUT;
            driver_cancel(session->driver, asked->driven);
        }
    }
    return status;
}

static struct asked *first_unfinished(struct ponder_session *session)
{
    pthread_mutex_lock(&session->lock);
    struct asked *asked = session->first;
    while (asked && asked->done)
        asked = asked->next;
    pthread_mutex_unlock(&session->lock);
    return asked;
}

/* The engine as a whole has failed, and with it all that is under way. */
static void fail_all(struct ponder_session *session, int status, const char *why)
{
    struct asked *asked;
    driver_abandon(session->driver);
    while ((asked = first_unfinished(session)))
        asked_fail(asked, status, why);
}

static int tell_texts(struct ponder_session *session)
{
    int64_t count = list_unfinished(session);
    for (int64_t i = 0; i < count; i++)
        if (session->work[i]->open && session->work[i]->listener.event && session->work[i]->listener.texts)
            events_text(session->work[i]);
    return count < 0 ? (int)count : PONDER_OK;
}

static int work_once(struct ponder_session *session, double wait_s, struct ponder_err *err)
{
    int64_t count = list_unfinished(session);
    int status = count < 0 ? err_memory(err, "questions") : begin_and_end(session, count, err);
    if (!status && count > 0) {
        int64_t open = driver_step(session->driver, wait_s, err);
        status = open < 0 ? (int)open : tell_texts(session);
    }
    return status;
}

static void read_ledger(struct ponder_session *session)
{
    struct ponder_ledger ledger = {0}, spent = driver_spent(session->driver);
    meter_read(&session->meter, &ledger);
    ledger_add(&ledger, &spent);
    ledger_add(&ledger, &session->probed);
    session->ledger = ledger;
}

/* With the turn, which is given back. */
static int64_t session_step(struct ponder_session *session, double wait_s, struct ponder_err *err)
{
    struct ponder_err own = {0};
    int status = work_once(session, wait_s, &own);
    if (status) {
        fail_all(session, status, own.message);
        err_set(err, status, "%s", own.message);
    }
    pthread_mutex_lock(&session->lock);
    read_ledger(session);
    asked_let_go(session);
    int64_t unfinished = session->unfinished;
    pthread_cond_broadcast(&session->changed);
    pthread_mutex_unlock(&session->lock);
    pthread_mutex_unlock(&session->turn);
    return status ? status : unfinished;
}

int64_t ponder_session_step(struct ponder_session *session, double wait_s, struct ponder_err *err)
{
    pthread_mutex_lock(&session->turn);
    return session_step(session, wait_s, err);
}

/* Works where nobody does, else waits a moment for what the one who does brings. */
static int64_t step_or_wait(struct ponder_session *session, struct ponder_err *err)
{
    enum { MOMENT_NS = 20 * 1000 * 1000, SECOND_NS = 1000 * 1000 * 1000 };
    if (pthread_mutex_trylock(&session->turn) == 0)
        return session_step(session, 0.05, err);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += MOMENT_NS;
    until.tv_sec += until.tv_nsec / SECOND_NS;
    until.tv_nsec %= SECOND_NS;
    pthread_mutex_lock(&session->lock);
    int64_t unfinished = session->unfinished;
    if (unfinished > 0)
        pthread_cond_timedwait(&session->changed, &session->lock, &until);
    pthread_mutex_unlock(&session->lock);
    return unfinished;
}

int ponder_session_run(struct ponder_session *session, struct ponder_err *err)
{
    int64_t left;
    do
        left = step_or_wait(session, err);
    while (left > 0);
    return (int)left;
}

static bool is_under_way(struct ponder_session *session, uint64_t id)
{
    pthread_mutex_lock(&session->lock);
    const struct asked *asked = session_find(session, id);
    bool under_way = asked && !can_be_taken(asked);
    pthread_mutex_unlock(&session->lock);
    return under_way;
}

int ponder_session_wait(struct ponder_session *session, uint64_t id, struct ponder_solution **out,
                        struct ponder_err *err)
{
    while (is_under_way(session, id))
        step_or_wait(session, NULL); /* what is wrong with it, it keeps itself */
    return ponder_session_take(session, id, out, err);
}
