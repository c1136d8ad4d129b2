/* driver_impl.h - what the driver's files share: questions under way and requests in flight. */
#ifndef SEARCH_DRIVER_IMPL_H
#define SEARCH_DRIVER_IMPL_H

#include "search/driver.h"
#include "search/meter.h"

/* A question under way. */
struct quest {
    const struct driver_plan *plan;
    struct search search;
    struct search_options options; /* as many generations as the budget has */
    struct driver_outcome outcome;
    struct verifier_case judged;
    double recomputed_flops; /* spent on what had been computed before; in no ledger of its own */
    struct purse purse;
    struct purse_hold prompt_hold, finish_hold;
    double began_s, deadline_s; /* INFINITY: none */
    int32_t first_new;          /* nodes from here on are those of this round */
    int64_t asked, repeats;     /* of the round's asks: those handed on, and how often the next one was */
    int64_t awaited;            /* results that are not in */
    int64_t prompt_tokens;
    bool open;
    bool closing;   /* nothing more is asked for .. */
    bool finishing; /* .. but for an end of the best beginning */
};

/* A request in flight: its tag is its index. */
struct job {
    int64_t question; /* or the next free job */
    int32_t node;     /* -1: none */
    struct purse_hold hold;
};

struct work {
    struct engine *engine;
    const struct driver_question *questions;
    int64_t question_count;
    const struct driver_settings *settings;
    const struct driver_listener *listener;
    struct driver_result *out;
    struct quest *quests; /* (question_count) */
    int64_t *ended;       /* (ended_count) questions whose round is over */
    int64_t ended_count;
    struct job *jobs; /* (job_cap) */
    int64_t job_free, job_cap, in_flight;
    int64_t next, finished; /* the next question, and those done or left out */
    int64_t generations;
    int64_t samples_total;       /* where all plans are of whole samples; else 0 .. */
    int64_t samples_done;        /* .. and those that have ended */
    struct ponder_ledger judged; /* what the verifier took */
    double judging_s;            /* it has taken to judge .. */
    int64_t judged_count;        /* .. so many */
    double steps_s;              /* the engine has taken for .. */
    int64_t step_count;          /* .. so many steps */
    const struct clock *clock;
    struct meter meter;
};

/* driver_ask.c */

/* The question's cost so far, its verifier's part included: each token once. */
struct ponder_ledger quest_cost(const struct quest *quest);
/* The same with what was computed again: what its budget pays for. */
struct ponder_ledger quest_spent(const struct quest *quest);
/* The prompt is set aside until it is known to have been computed; the verifier reads it too. */
void driver_hold_prompt(struct work *work, struct quest *quest, int64_t tokens);
/* Whether it has asked for more than there was room for. */
bool quest_waits(const struct quest *quest);
/* Nothing more is asked for. */
void quest_close_asks(struct quest *quest, const char *why);
/* A round that waited, of which nothing was under way, is over. */
void driver_end_waiting(struct work *work, int64_t question);
/* Hands on what the round still wants, as far as the purse and the room in flight go. */
int driver_submit_more(struct work *work, int64_t question, struct ponder_err *err) PONDER_USE;
/* Takes all results that the engine has: work->ended has the questions whose rounds are over. */
int driver_take_all(struct work *work, struct ponder_err *err) PONDER_USE;
void driver_cancel(struct work *work, int64_t question);

/* driver_score.c */

/* Judges what is new in the questions whose rounds are over. */
int driver_score_ended(struct work *work, struct ponder_err *err) PONDER_USE;
/* Seconds that judging the question's finished solutions will take, by what it took so far. */
double driver_judging_time_s(const struct work *work, const struct quest *quest);

/* driver_finish.c */

/* Keeps a part of the purse, if there is one. */
void driver_hold_finish(struct work *work, struct quest *quest);
/* Seconds that are kept for it before the deadline. */
double driver_finish_time_s(const struct work *work, const struct quest *quest);
/* Asks for an end where the search was cut short without any, once. */
int driver_ask_finish(struct work *work, struct quest *quest, struct ponder_err *err) PONDER_USE;

#endif
