/* session.h - what the session's files share: the questions it has been asked.
 *
 * `lock` guards the lists and all that another thread may change or read; `turn` is held by the thread that
 * works, which alone touches engine, driver and verifiers. Listeners are called with `turn` held and `lock`
 * not. */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <pthread.h>

#include "model/ponder_model.h"
#include "ponder/session.h"
#include "driver/driver.h"
#include "driver/meter.h"
#include "session/plan.h"
#include "select/tally.h"

/* A question. */
struct asked {
    struct asked *next;
    uint64_t id, driven; /* `driven`: the driver's number, while it is open */
    bool open;           /* the driver has it; for whoever has the turn, where it is not done */
    bool done;           /* with the lock, as these */
    bool telling;        /* its listener is being told so by .. */
    pthread_t teller;    /* .. this thread, which alone may take it until that is over */
    bool cancelled;      /* the caller wants it to end .. */
    bool ending;         /* .. and whoever has the turn knows */
    bool held;           /* done, in a step that is not over .. */
    bool taken;          /* .. and taken meanwhile: it is freed behind that */
    struct asked *next_ended;
    struct ponder_search search;
    struct ponder_sampling sampling; /* nothing is left open in it */
    struct search_plan plan;
    struct driver_plan driver_plan;
    struct ponder_listener listener;
    struct prompt prompt;     /* its text is the solution's */
    struct revision revision; /* of a strategy that revises */
    struct ponder_solution *solution;
    double start_s; /* that the model's servers took at the start, which count in its clock */
    double began_s;
    /* events (events.c) */
    struct tally tally;
    unsigned char *shown; /* (shown_cap) what has been told of each node */
    int64_t shown_cap;
    int status; /* where nothing came of it .. */
    char failure[512];
    struct ponder_session *session;
};

/* A verifier, opened once for all that ask for the same. */
struct session_verifier {
    struct session_verifier *next;
    char *key;
    struct verifier verifier;
};

struct ponder_session {
    struct ponder_model *model; /* NULL: a test's engine */
    const struct prompt_template *template;
    enum answer_mode mode;
    struct ponder_sampling sampling; /* what the engine was opened with */
    struct engine *engine;
    bool own_engine;
    const struct clock *clock;
    struct driver *driver;
    struct session_verifier *verifiers;
    struct meter meter;
    struct ponder_ledger probed; /* by verifiers as they were opened */
    pthread_mutex_t lock, turn;
    pthread_cond_t changed;     /* something is done, or the turn is free */
    struct asked *first, *last; /* all that was asked and not taken, in that order */
    struct asked *ended;        /* in this step */
    uint64_t next_id;
    int64_t unfinished;
    struct ponder_ledger ledger; /* as of the last step */
    struct asked **work;         /* (work_cap) of whoever has the turn */
    int64_t work_cap;
    double start_s; /* that no question has counted yet */
};

/* Over an engine, a prompt and a clock that the caller has. */
int session_open_over(struct ponder_session **out, struct engine *engine,
                      const struct prompt_template *template, enum answer_mode mode,
                      const struct clock *clock, struct ponder_err *err) PONDER_USE;
/* One question from its asking to its end, with a watch: what ponder_solve() is for any session. */
int session_solve(struct ponder_session *session, const char *question, const struct ponder_plan *plan,
                  const struct ponder_watch *watch, struct ponder_solution **out,
                  struct ponder_err *err) PONDER_USE;

/* ---- asked.c: one question ---- */

int asked_new(struct asked **out, struct ponder_session *session, const char *question,
              const struct ponder_plan *plan, const struct ponder_listener *listener,
              struct ponder_err *err) PONDER_USE;
void asked_free(struct asked *asked);
/* Whether the driver has room for it. */
bool asked_has_room(const struct asked *asked);
/* Hands it to the driver. What is wrong with it is its own: it is done then. PONDER_E_MEMORY. */
int asked_begin(struct asked *asked, struct ponder_err *err) PONDER_USE;
/* Those that ended in a step that is over: what was taken of them is freed. With the lock. */
void asked_let_go(struct ponder_session *session);
/* It ends without a solution. */
void asked_fail(struct asked *asked, int status, const char *why);
/* What the driver tells (struct driver_listener). */
int asked_done(void *data, uint64_t id, const struct driver_outcome *outcome,
               struct ponder_err *err) PONDER_USE;

/* ---- events.c ---- */

/* Whatever is new of a question since the last call. PONDER_E_MEMORY. */
int events_tell(void *data, uint64_t id, const struct driver_news *news, struct ponder_err *err) PONDER_USE;
void events_text(struct asked *asked);
void events_done(struct asked *asked);

/* ---- solution.c: from what a driver comes to ---- */

/* Of whole samples and a vote among them: each is a candidate, in the order of their streams. */
int solution_of_samples(struct ponder_solution *solution, const struct asked *asked,
                        const struct driver_outcome *outcome) PONDER_USE;
/* Of a search: the solutions that ended are, each once, the best one first. */
int solution_of_search(struct ponder_solution *solution, const struct asked *asked,
                       const struct driver_outcome *outcome) PONDER_USE;

#endif
