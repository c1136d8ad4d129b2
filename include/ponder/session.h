/* session.h - a model made ready once, and any number of questions put to it.
 *
 * A session owns an engine for its model, the verifiers that its questions ask for (each opened once),
 * threads and memory. Questions are worked on side by side, each by its own plan, and fill one another's
 * waits.
 *
 * Threads: any thread may ask, cancel, step, wait, take and read the ledger, all at once. One at a time works
 * (ponder_session_step and those over it); the others wait for it or for what it brings. Listeners are called
 * from the thread that works, and may ask, cancel and take, but not work. Only open and close have the
 * session to themselves. */
#ifndef PONDER_SESSION_H
#define PONDER_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/model.h"
#include "ponder/sampling.h"
#include "ponder/search.h"
#include "ponder/solve.h"
#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ponder_session;

/* How a question is worked on. Of `sampling`, what an engine is opened with (threads, precision, exact,
 * kv_mib, weights_mib) is the session's, not the question's. */
struct ponder_plan {
    size_t size; /* of this struct */
    struct ponder_sampling sampling;
    struct ponder_search search;
};
/* Sets the size, and all else as `ponder solve` has it where nothing is said. */
PONDER_API int ponder_plan_default(struct ponder_plan *plan, struct ponder_err *err) PONDER_USE;

enum ponder_event_kind {
    PONDER_EVENT_STEP,     /* a step was sampled and, where the search wants that, judged */
    PONDER_EVENT_KEPT,     /* the search went on from it .. */
    PONDER_EVENT_PRUNED,   /* .. or from others, without it */
    PONDER_EVENT_SOLUTION, /* a solution has ended, or was cut off with an answer */
    PONDER_EVENT_TEXT,     /* a text under way, so far; with listener->texts */
    PONDER_EVENT_DONE      /* the question is; its solution can be taken */
};

/* Borrowed during the call. */
struct ponder_event {
    enum ponder_event_kind kind;
    uint64_t id;          /* of the question */
    int64_t node, parent; /* of its tree, in the order of asking; 0 is the prompt */
    const char *text;     /* the node's own; NULL where DONE */
    size_t len;
    double score;                /* the verifier's, behind the step; NAN: none */
    const char *answer;          /* of the vote so far; where DONE, the solution's; NULL: none yet */
    int64_t votes, voters;       /* for it, of all so far */
    struct ponder_ledger ledger; /* the question's so far */
    int status;                  /* where DONE: not PONDER_OK where nothing came of it .. */
    const char *failure;         /* .. and why; else "" */
};

struct ponder_listener {
    size_t size; /* of this struct */
    void (*event)(const struct ponder_event *event, void *data);
    void *data;
    int texts; /* not 0: of texts under way too, with every step of the engine that can tell */
};

/* `sampling` says what the engine is opened with. The model must outlive the session. */
PONDER_API int ponder_session_open(struct ponder_session **out, struct ponder_model *model,
                                   const struct ponder_sampling *sampling, struct ponder_err *err) PONDER_USE;
/* Gives up what is under way. NULL is nothing. */
PONDER_API void ponder_session_close(struct ponder_session *session);

/* Puts a question behind those that wait. Wrong settings are refused now, what is wrong with a model or a
 * file is found when its turn comes. The question is copied; the plan's texts, and a listener's data, must
 * hold until it is done. `listener` may be NULL. */
PONDER_API int ponder_session_ask(struct ponder_session *session, const char *question,
                                  const struct ponder_plan *plan, const struct ponder_listener *listener,
                                  uint64_t *id, struct ponder_err *err) PONDER_USE;
/* It ends as soon as it can, with what it has. One that is done or not there is left alone. */
PONDER_API void ponder_session_cancel(struct ponder_session *session, uint64_t id);

/* Moves all questions on once; `wait_s` is how long it may wait where nothing can be done. Returns how many
 * are not done, or a status where the engine as a whole failed: then so do all of them. */
PONDER_API int64_t ponder_session_step(struct ponder_session *session, double wait_s,
                                       struct ponder_err *err) PONDER_USE;
/* Until all are done. */
PONDER_API int ponder_session_run(struct ponder_session *session, struct ponder_err *err) PONDER_USE;
/* Until this one is done, and takes it. */
PONDER_API int ponder_session_wait(struct ponder_session *session, uint64_t id, struct ponder_solution **out,
                                   struct ponder_err *err) PONDER_USE;
/* The solution of a question that is done, once, the caller's from then on; or the status and the reason why
 * nothing came of it. PONDER_E_NOT_FOUND where it is not there, or not done. */
PONDER_API int ponder_session_take(struct ponder_session *session, uint64_t id, struct ponder_solution **out,
                                   struct ponder_err *err) PONDER_USE;

/* What everything took since it was opened. */
PONDER_API struct ponder_ledger ponder_session_ledger(struct ponder_session *session);

#ifdef __cplusplus
}
#endif
#endif
