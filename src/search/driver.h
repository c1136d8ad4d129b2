/* driver.h - runs a strategy over many questions at once.
 *
 * All questions share the engine's batch. A question's round is over when all that its strategy asked for is
 * there; what is new in it is then scored together with that of all other questions whose rounds end in the
 * same moment, the strategy is told of it in the order of its asking, and asked for its next moves. Questions
 * do not wait for each other.
 *
 * What is asked for is handed on in order as far as the question's purse can pay for the most that it may
 * cost; the rest waits for what comes back. The last of it may get less room than it wants. Where time is
 * what is short, some of it is kept for the verifier. A question whose budget is gone ends with the best so
 * far.
 *
 * A node's streams derive from its place in its own tree, so neither order nor
 * company changes what is drawn. */
#ifndef SEARCH_DRIVER_H
#define SEARCH_DRIVER_H

#include "core/clock.h"
#include "engine/engine.h"
#include "ponder/sampling.h"
#include "search/best_of_n.h"
#include "search/budget.h"
#include "search/search.h"
#include "verifier/verifier.h"

/* How a question is worked on. Questions with different plans, verifiers too, may share a run. */
struct driver_plan {
    const struct search_ops *ops;
    const struct search_options *options; /* prepared */
    struct verifier *verifier;
    enum verifier_aggregate aggregate; /* from a solution's step scores to its total */
    struct budget budget;              /* of each question */
    const char *separator;             /* that ends a step; NULL: a newline, or a thought's </think> */
    bool partial;  /* where the work is stopped, the listener is told of what is under way too */
    bool keep_ids; /* the tree has the tokens of each text too */
    const struct ponder_sampling *sampling; /* temperature .., max_tokens of a whole solution */
};

/* Everything is borrowed. */
struct driver_question {
    struct best_of_n_prompt prompt;
    const char *problem; /* for the verifier */
    const char *gold;    /* for the oracle, where it is known */
    const struct driver_plan *plan;
};

/* Of all that is worked on at once. */
struct driver_settings {
    const struct clock *clock;
    const struct ponder_watch *watch; /* NULL: none; told of questions, of whole samples alone: of those */
    double timeout_s;                 /* 0: none */
};

/* Of a question that is done. */
struct driver_outcome {
    const struct tree *tree;
    int64_t rounds;
    const char *ended_by;      /* "budget" or "time" where that cut it short; NULL: it ended by itself */
    int64_t repeated;          /* samples that said what a sibling had said */
    bool failed;               /* it ended in a round without any result */
    struct ponder_ledger cost; /* its own tokens once, however often they were computed; no seconds */
};

/* As struct best_of_n_listener. The outcome holds during the call. */
struct driver_listener {
    int (*question_begin)(void *data, int64_t question, bool *take, struct ponder_err *err);
    int (*question_done)(void *data, int64_t question, const struct driver_outcome *outcome,
                         struct ponder_err *err);
    void *data;
};

struct driver_result {
    enum ponder_stopped stopped;
    struct ponder_ledger ledger; /* as the engine and the verifier measured it */
    int64_t done, failed;        /* questions */
    char failure[256];           /* what the first failed request said */
};

/* Being stopped is no error: questions under way are given up. A prompt that does not fit, an engine or a
 * verifier that fails, and all questions failing are. */
int driver_run(struct engine *engine, const struct driver_question *questions, int64_t question_count,
               const struct driver_settings *settings, const struct driver_listener *listener,
               struct driver_result *out, struct ponder_err *err) PONDER_USE;

#endif
