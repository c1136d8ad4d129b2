/* driver_impl.h - what the driver's files share: questions under way, requests in flight, texts being read.
 */
#ifndef DRIVER_DRIVER_IMPL_H
#define DRIVER_DRIVER_IMPL_H

#include "driver/driver.h"
#include "select/stop.h"
#include "select/tally.h"

/* A question under way. Its nodes are in the order of their asking: those before `told` the strategy knows,
 * those before `settled` are there, made one with their equals, and read or before the verifier. */
struct quest {
    uint64_t id;
    struct driver_question question;
    const struct driver_plan *plan;
    struct driver_listener listener;
    struct search search;
    struct search_options options; /* as many generations as the budget has */
    struct driver_outcome outcome;
    char failure[512];
    struct verifier_case judged;
    double recomputed_flops; /* spent on what had been computed before; in no ledger of its own */
    struct allowance allowance;
    struct reservation prompt_reservation, reading_prompt_reservation, finish_reservation;
    struct reservation reading_reservation; /* of texts that are there and not read yet */
    double began_s, deadline_s;             /* INFINITY: none */
    int32_t settled, told;
    int32_t round_begin; /* nodes that there were when it last asked with nothing pending */
    int64_t asked;       /* of the asks: those handed on .. */
    int64_t repeats;     /* .. and how often the next one was */
    int64_t awaited;     /* results that are not in */
    int64_t reading;     /* texts before the verifier */
    int64_t prompt_tokens;
    int64_t chain;        /* the engine's node behind the prompt of chains; 0: not opened */
    int64_t chain_tokens; /* of it */
    bool prompt_charged, chain_charged;
    struct tally tally; /* answers by the numbers that the stop rule has */
    struct stop_rule stop;
    bool counted;   /* something of this round has been asked of the engine .. */
    bool any;       /* .. and something has come */
    bool closing;   /* nothing more is asked for .. */
    bool finishing; /* .. but for an end of the best beginning */
    bool cancelled;
    bool over;
};

/* A request in flight: its tag is its index. */
struct job {
    struct quest *quest; /* NULL: free */
    int64_t next_free;   /* -1: none */
    int32_t node;
    int64_t cached; /* tokens before it that had been computed for others */
    struct reservation reservation;
};

/* A text before its verifier. */
struct reading {
    struct verifier_item item; /* first */
    struct quest *quest;
    int32_t node;
    double began_s; /* when it was handed over; 0: not yet */
};

struct driver {
    struct engine *engine;
    const struct clock *clock;
    struct quest **quests; /* (quest_count) in the order of adding */
    int64_t quest_count, quest_cap;
    uint64_t next_id;
    struct job *jobs; /* (job_cap) */
    int64_t job_free, job_cap, in_flight;
    int64_t results;
    struct ponder_ledger spent; /* generations, and of questions that are over, what verifiers took */
    double judging_s;           /* verifiers have taken to judge .. */
    int64_t judged_count;       /* .. so many */
    double steps_s;             /* the engine has taken for .. */
    int64_t step_count;         /* .. so many steps */
};

/* driver_quest.c: a question's life */

/* *out is NULL or to be freed. PONDER_E_MEMORY. */
int quest_begin(struct quest **out, struct driver *driver, const struct driver_question *question,
                const struct driver_listener *listener, struct ponder_err *err) PONDER_USE;
/* Gives back what it has of the engine and the verifier. */
void quest_free(struct driver *driver, struct quest *quest);
/* Tells the strategy of all that can be told, and hands on what it asks for. quest->over: it has ended, and
 * its listener knows. */
int quest_advance(struct driver *driver, struct quest *quest, struct ponder_err *err) PONDER_USE;
/* Nothing more is asked for; `why` is the outcome's. */
void quest_close_asks(struct quest *quest, const char *why);
/* The same, and what is in flight comes back as it is. */
void quest_cut(struct driver *driver, struct quest *quest, const char *why);
/* It ends before its time, unless it is for want of memory, which is returned. */
int quest_fail(struct driver *driver, struct quest *quest, int status, const char *why,
               struct ponder_err *err) PONDER_USE;
/* The question's cost so far, its verifier's part included: each token once. */
struct ponder_ledger quest_cost(const struct quest *quest);
/* The same with what was computed again: what its budget pays for. */
struct ponder_ledger quest_spent(const struct quest *quest);
/* Tokens before what is generated behind a node. */
int64_t quest_position(const struct quest *quest, int32_t node);

/* driver_ask.c: what is asked of the engine */

/* Hands on what the strategy wants, as far as the allowance and the room in flight go. */
int driver_submit_more(struct driver *driver, struct quest *quest, struct ponder_err *err) PONDER_USE;
/* Whether it has asked for more than there was room for. */
bool quest_waits(const struct quest *quest);

/* driver_chain.c: attempts that are shown */

struct shown {
    int64_t parent;  /* the engine's node to sample behind .. */
    int64_t context; /* .. to be given back; 0: it is the chain's own */
    int64_t length;  /* tokens up to there .. */
    int64_t cached;  /* .. and of those, what had been computed before */
};
int driver_chain_show(struct driver *driver, struct quest *quest, const struct search_ask *ask,
                      struct shown *out, struct ponder_err *err) PONDER_USE;

/* driver_take.c: what comes of it */

int driver_take_all(struct driver *driver, struct ponder_err *err) PONDER_USE;
/* Fills a node with what is there already. */
int driver_take_recalled(struct driver *driver, struct quest *quest, int32_t node,
                         const struct driver_recalled *recalled, struct ponder_err *err) PONDER_USE;

/* driver_judge.c: the verifiers' turn */

/* Looks at the results in the order of their asking, up to the first that is not there: equals are made one,
 * and what is to be judged goes before the verifier. */
int driver_settle(struct driver *driver, struct quest *quest, struct ponder_err *err) PONDER_USE;
/* What is before the verifier of a question that is given up. */
void driver_drop_readings(struct quest *quest);
/* Lets the verifiers read what some question waits for, those that wait for others whatever there is; these
 * are waited for, `wait_s` at most, where nothing is in flight. */
int driver_judge(struct driver *driver, double wait_s, struct ponder_err *err) PONDER_USE;
/* Seconds that judging the question's finished solutions will take, by what it took so far. */
double driver_judging_time_s(const struct driver *driver, const struct quest *quest);

/* driver_stop.c: enough solutions */

/* Whether the stop rule is to see more of what there is before more is asked for. */
bool driver_stop_waits(const struct quest *quest);
/* Of the next result: where it is enough, nothing more is asked for. */
int driver_stop_tell(struct driver *driver, struct quest *quest, int32_t index,
                     struct ponder_err *err) PONDER_USE;

/* driver_finish.c: an end for a search that was cut short */

/* Keeps a part of the allowance, if there is one. */
void driver_reserve_finish(struct quest *quest);
/* Seconds that are kept for it before the deadline. */
double driver_finish_time_s(const struct driver *driver, const struct quest *quest);
/* Asks for an end where the search was cut short without any, once. */
int driver_ask_finish(struct driver *driver, struct quest *quest, struct ponder_err *err) PONDER_USE;

#endif
