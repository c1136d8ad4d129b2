/* rollout_run.h - rollouts (rollouts.h) behind the solutions of many questions, and what they make of each
 * line.
 *
 * Questions share the engine's batch, as in best_of_n.h. */
#ifndef DRIVER_ROLLOUT_RUN_H
#define DRIVER_ROLLOUT_RUN_H

#include "driver/best_of_n.h"
#include "search/rollouts.h"

struct rollouts_question {
    struct prompt prompt;
    const char *answer; /* the right one; borrowed */
};

struct rollouts_settings {
    const struct ponder_sampling *sampling; /* n, temperature .., max_tokens of a solution and of a rollout */
    int64_t rollouts;                       /* from each prefix, at least 1 */
    enum answer_mode extract;
};

/* Of one question; the samples' scores are the values. */
struct rollouts_counts {
    int64_t solutions, labelled; /* sampled; with values */
    int64_t prefixes, rollouts;
    int64_t placed_tokens; /* of the prefixes, each once */
};

/* As struct best_of_n_listener; what is told holds during the call. */
struct rollouts_listener {
    int (*question_begin)(void *data, int64_t question, bool *take, struct ponder_err *err);
    int (*question_done)(void *data, int64_t question, const struct best_of_n_sample *samples,
                         const struct rollouts_counts *counts, const struct ponder_ledger *cost,
                         struct ponder_err *err);
    void *data;
};

struct rollouts_result {
    enum ponder_stopped stopped;
    struct ponder_ledger ledger; /* as the engine measured it */
    struct rollouts_counts counts;
};

/* `watch` may be NULL. Being stopped is no error: questions under way are given up. A prompt that does not
 * fit and a request that fails are. */
int rollouts_run(struct engine *engine, const struct rollouts_question *questions, int64_t question_count,
                 const struct rollouts_settings *settings, const struct clock *clock,
                 const struct ponder_watch *watch, const struct rollouts_listener *listener,
                 struct rollouts_result *out, struct ponder_err *err) PONDER_USE;

#endif
