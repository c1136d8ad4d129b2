/* study.h - the runs of a store over one set of questions, seen as series of budgets.
 *
 * Samples, the same samples judged by a verifier (rescore.c), and searches. Runs at different temperatures
 * are points of different curves; of several that fit a series at one temperature the newest is taken.
 * Questions are ranked by pass@1 of samples under seeds that no run has scores of, so that no figure's own
 * luck cuts its groups. */
#ifndef REPLAY_STUDY_H
#define REPLAY_STUDY_H

#include "eval/cells.h"
#include "replay/replay_plan.h"

enum study_kind {
    STUDY_GREEDY,   /* the one sample at temperature 0 */
    STUDY_PASS,     /* one of N samples is right */
    STUDY_MAJORITY, /* of N samples */
    STUDY_BEST,     /* the sample of highest score */
    STUDY_WEIGHTED, /* best-of-N weighted */
    STUDY_SEARCH
};

/* Which runs make a series. */
struct study_series {
    const char *label;
    enum study_kind kind;
    const char *verifier; /* whose scores, or against which the search was; NULL: none */
    enum replay_by by;    /* of BEST and WEIGHTED; REPLAY_OUTCOME: as the verifier sums up */
    const char *search;   /* of SEARCH */
    int width, lookahead; /* of SEARCH; lookahead 0 where it looks no step ahead */
};

struct study_point {
    double temperature;
    int64_t n, generations;
    double compute; /* FLOPs of a question over those of one sample */
    double seeds;
    double *values; /* (study->count) how often each question is right; owned */
};

struct study_run {
    struct ponder_run run;
    struct run_record record;
};

struct study_samples; /* a run with scores, in memory */

struct study {
    const char *path; /* of the store; borrowed */
    struct store *store;
    struct study_run *runs; /* (run_count) of the questions and the model of samples */
    int64_t run_count;
    int64_t count; /* questions */
    double *ease;  /* (count) pass@1 of samples apart; NULL where there are none */
    int64_t ease_samples;
    double sample_flops; /* of one sample, on average */
    struct study_samples *samples;
};

/* Of the questions `data`; NULL: those of the newest samples. PONDER_E_NOT_FOUND where there is no run of
 * samples. Release `out` in any case. */
int study_open(struct study *out, const char *path, const char *data, struct ponder_err *err) PONDER_USE;
void study_release(struct study *study);
/* At which temperatures there are runs for the series, ascending. `*out` is freed by the caller. */
int study_temperatures(const struct study *study, const struct study_series *series, double **out,
                       int64_t *count, struct ponder_err *err) PONDER_USE;
/* All points of the series at this temperature, by n; *count 0: there are no runs for it. NAN: the newest
 * run's. The caller releases them. */
int study_points(struct study *study, const struct study_series *series, double temperature,
                 struct study_point **out, int64_t *count, struct ponder_err *err) PONDER_USE;
void study_points_release(struct study_point *points, int64_t count);

#endif
