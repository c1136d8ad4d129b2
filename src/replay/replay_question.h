/* replay_question.h - one question of a replay: its samples' answers and scores, and what each method makes
 * of them. */
#ifndef REPLAY_REPLAY_QUESTION_H
#define REPLAY_REPLAY_QUESTION_H

#include "core/buf.h"
#include "replay/replay_plan.h"
#include "select/clusters.h"

/* What a method picks among the first N. */
struct replay_pick {
    int64_t sample;     /* whose answer it is; -1: none has one */
    const char *answer; /* NULL: none */
    bool right;
    const char *recorded; /* what was picked when the file was made, a text; NULL: not said */
    bool same;            /* as that */
};

struct replay_question {
    const struct recorded_question *source;
    char **answers; /* (n) found in the texts; NULL: none */
    struct clusters clusters;
    bool *graded;                   /* (clusters.count) verdicts by comparison with the right answer */
    double *scores[4], *weights[4]; /* (plan->by_count) (n) */
    double *totals;                 /* (n) scratch */
};

/* Finds the answers and works the scores out. Release `out` in any case. */
int replay_question_fill(struct replay_question *out, const struct replay_plan *plan,
                         const struct recorded_question *source, struct ponder_err *err) PONDER_USE;
void replay_question_release(struct replay_question *question);

/* How often `row` is right at `n`; clears *exact where that is an estimate (subsets.h). */
int replay_question_value(const struct replay_question *question, const struct replay_plan *plan,
                          const struct replay_row *row, int64_t n, double *value, bool *exact) PONDER_USE;
/* With plan->first, and `row` not of pass. */
struct replay_pick replay_question_pick(const struct replay_question *question,
                                        const struct replay_plan *plan, const struct replay_row *row,
                                        int64_t n);
/* Appends a line of JSON with the picks of all methods at all N, its end included. */
int replay_question_print(const struct replay_question *question, const struct replay_plan *plan,
                          struct buf *out, struct ponder_err *err) PONDER_USE;

#endif
