/* driver.h - the one loop that feeds engines and verifiers: many questions at once, each by its own plan.
 *
 * All questions share the engine's batch, and each verifier's. What a strategy asks for is handed on in order
 * as far as the question's allowance can pay for the most that it may cost; the rest waits for what comes
 * back. The last of it may get less room than it wants. Results are judged and told in the order of their
 * asking, so a question's tree does not depend on which of them came first; questions do not wait for each
 * other. Where time is what is short, some of it is kept for the verifier. A question whose budget is gone
 * ends with the best so far.
 *
 * What goes wrong with one question, a prompt that does not fit, a verifier that fails, ends that question
 * alone. A node's streams derive from its place in its own tree, so neither order nor company changes what is
 * drawn. A driver belongs to one thread at a time, as do its engine and its verifiers. */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include "core/clock.h"
#include "engine/engine.h"
#include "ponder/sampling.h"
#include "driver/best_of_n.h"
#include "driver/budget.h"
#include "prompt/revision.h"
#include "search/search.h"
#include "verifier/verifier.h"

/* When a vote over independent solutions is sure enough of its election (stop.h). */
struct driver_stop {
    double delta; /* chance at most of another election; 0: it samples all */
    bool weighted;
    enum answer_mode mode;
};

/* How a question is worked on. */
struct driver_plan {
    const struct search_ops *ops;
    const struct search_options *options; /* prepared */
    struct verifier *verifier;
    enum verifier_aggregate aggregate; /* from a solution's step scores to its total */
    struct budget budget;              /* of each question */
    const char *separator;             /* that ends a step; NULL: a newline, or a thought's </think> */
    bool partial;  /* where it is cancelled, the listener is told of what is under way too */
    bool keep_ids; /* the tree has the tokens of each text too */
    const struct ponder_sampling *sampling; /* temperature .., max_tokens of a whole solution */
    struct driver_stop stop;                /* of a strategy whose solutions are independent */
};

/* A whole solution that is there already, from an earlier run: it takes the place of a request. */
struct driver_recalled {
    const char *text; /* borrowed during the call that tells of it, with .. */
    size_t len;
    const int32_t *tokens; /* (token_count); NULL: not known */
    int64_t token_count;
    double logprob; /* mean over its tokens; NAN where unknown */
    enum engine_finish finish;
};

/* Everything is borrowed until the question is done. */
struct driver_question {
    struct prompt prompt;
    const struct revision
        *revision;       /* how attempts are shown; NULL: they can't be. Of strategies that revise */
    const char *problem; /* for the verifier */
    const char *gold;    /* for the oracle, where it is known */
    double deadline_s;   /* of a partial plan: it ends by then, judged; 0: none */
    const struct driver_plan *plan;
    /* Of the solutions that are asked for behind the prompt, whether number `i` is there; NULL: none is. */
    bool (*recall)(void *data, int64_t i, struct driver_recalled *out);
    void *recall_data;
};

/* Of a question that is done. */
struct driver_outcome {
    const struct search *search; /* with its tree, which is .. */
    const struct tree *tree;
    int64_t rounds;            /* how often the strategy asked for something when nothing was pending */
    const char *ended_by;      /* "budget" or "time" where that cut it short, "agreement" where its stop rule
                                  did; NULL: it ended by itself */
    int64_t repeated;          /* samples that said what a sibling had said */
    int status;                /* not PONDER_OK: what ended it before its time .. */
    const char *failure;       /* .. in words, or what the first of its failed requests said; "" where none */
    bool failed;               /* it has that status, or ended in a round without any result */
    struct ponder_ledger cost; /* its own tokens once, however often they were computed; no seconds */
};

/* Of a question under way, when something has been told to its strategy. */
struct driver_news {
    const struct search *search;
    int32_t told;        /* nodes of its tree that the strategy knows */
    int32_t round_begin; /* of those, what it had when it last asked with nothing pending */
    struct ponder_ledger cost;
};

struct driver_listener {
    /* Of each question once. The outcome holds during the call, which must not touch the driver; an error
     * ends the driver's step with it. */
    int (*done)(void *data, uint64_t id, const struct driver_outcome *outcome, struct ponder_err *err);
    /* Of each whole solution behind the prompt as soon as it has ended, number node->ordinal; not of those
     * that were recalled, cancelled or failed. NULL: nobody wants to know. */
    int (*ended)(void *data, uint64_t id, const struct tree_node *node, struct ponder_err *err);
    /* NULL: nobody wants to know. */
    int (*moved)(void *data, uint64_t id, const struct driver_news *news, struct ponder_err *err);
    void *data;
};

/* Borrowed by the driver. */
struct driver_settings {
    struct engine *engine;
    const struct clock *clock;
};

struct driver;

/* PONDER_E_MEMORY. */
int driver_open(struct driver **out, const struct driver_settings *settings,
                struct ponder_err *err) PONDER_USE;
/* Gives up all that is under way, untold: plans, prompts and listeners of those questions are needed no more.
 */
void driver_abandon(struct driver *driver);
/* The same, and the driver is gone. */
void driver_close(struct driver *driver);
/* Begins a question, of which `listener` will be told in driver_step(). *id: numbers from 0, in the order of
 * adding. Whatever is wrong with the question is in its outcome. PONDER_E_MEMORY. */
int driver_add(struct driver *driver, const struct driver_question *question,
               const struct driver_listener *listener, uint64_t *id, struct ponder_err *err) PONDER_USE;
/* Whether a question of this plan would find room in flight for all that it asks for at first. With nothing
 * in flight there always is. */
bool driver_has_room(const struct driver *driver, const struct driver_plan *plan);
/* Moves everything on once, waiting at most `wait_s` where nothing can be done. The number of questions under
 * way, or an error: of an engine as a whole, of a listener, or PONDER_E_MEMORY. */
int64_t driver_step(struct driver *driver, double wait_s, struct ponder_err *err) PONDER_USE;
/* Ends a question with what it has; its listener is told of a partial plan's only, in a later step. One that
 * is done is left alone. */
void driver_cancel(struct driver *driver, uint64_t id);
void driver_cancel_all(struct driver *driver);
/* Each text under way of a question, as far as the engine can tell. */
void driver_texts(const struct driver *driver, uint64_t id,
                  void (*each)(void *data, int32_t node, const char *text, size_t len), void *data);
/* Results of the engine so far. */
int64_t driver_results(const struct driver *driver);
/* Generations counted, and what verifiers took; the rest is the engine's to measure. */
struct ponder_ledger driver_spent(const struct driver *driver);

/* ---- a list of questions (driver_run.c) ---- */

/* Of all that is worked on at once. */
struct driver_run_settings {
    const struct clock *clock;
    const struct ponder_watch *watch; /* NULL: none; told of questions, of whole samples alone: of those */
    double timeout_s;                 /* 0: none */
};

/* Follows a run from question to question. Errors end the run. */
struct driver_run_listener {
    /* Before anything is asked about a question: with *take set to false it is left out. NULL takes all. */
    int (*question_begin)(void *data, int64_t question, bool *take, struct ponder_err *err);
    int (*question_done)(void *data, int64_t question, const struct driver_outcome *outcome,
                         struct ponder_err *err);
    /* As struct driver_listener's `ended`; may be NULL. */
    int (*solution_ended)(void *data, int64_t question, const struct tree_node *node, struct ponder_err *err);
    void *data;
};

struct driver_result {
    enum ponder_stopped stopped;
    struct ponder_ledger ledger; /* as the engine and the verifier measured it */
    int64_t done, failed;        /* questions */
    char failure[512];           /* what the first failed one, or the first failed request, said */
};

/* Being stopped is no error: questions under way are given up, those of partial plans with what they have. An
 * engine that fails and all questions failing are. */
int driver_run(struct engine *engine, const struct driver_question *questions, int64_t question_count,
               const struct driver_run_settings *settings, const struct driver_run_listener *listener,
               struct driver_result *out, struct ponder_err *err) PONDER_USE;

#endif
