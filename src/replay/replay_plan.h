/* replay_plan.h - what a replay computes: which methods, by which scores, at which N. */
#ifndef REPLAY_REPLAY_PLAN_H
#define REPLAY_REPLAY_PLAN_H

#include <stdbool.h>

#include "replay/recorded.h"
#include "ponder/replay.h"

enum replay_kind { REPLAY_PASS, REPLAY_MAJORITY, REPLAY_BEST_OF_N, REPLAY_WEIGHTED };

/* The first three as in enum verifier_aggregate. */
enum replay_by { REPLAY_LAST, REPLAY_MIN, REPLAY_PROD, REPLAY_MEAN, REPLAY_OUTCOME, REPLAY_LOGPROB };

/* How the answer of a sample is found. */
enum replay_extract { REPLAY_ANY, REPLAY_NUMBER, REPLAY_BOX, REPLAY_RECORDED };

/* "pass" and so on, "last" and so on. */
extern const char *const replay_kind_names[];
extern const char *const replay_by_names[];

struct replay_row {
    enum replay_kind kind;
    enum replay_by by; /* of best-of-N and weighted */
};

struct replay_plan {
    int n_count;
    int64_t ns[PONDER_REPLAY_NS_MAX]; /* ascending */
    int by_count;
    enum replay_by by[4];
    int row_count; /* pass, majority, best_of_n by each, weighted by each */
    struct replay_row rows[PONDER_REPLAY_METHODS_MAX];
    enum replay_extract extract;
    bool graded, logistic, first;
};

/* Settings that do not fit each other or the samples are PONDER_E_ARGUMENT. */
int replay_plan(struct replay_plan *plan, const struct ponder_replay_settings *settings,
                const struct recorded *recorded, struct ponder_err *err) PONDER_USE;

#endif
