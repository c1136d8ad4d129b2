/* chosen.c - each method's best temperature, from runs over questions that are not those it is shown on. */
#include "replay/chosen.h"

#include <math.h>
#include <stdlib.h>

#include "ponder/figure.h"

static double mean(const double *values, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

/* Over 4, 16 and 64 generations, as far as they are there; a method of one generation by that one. */
static double chosen_worth(const struct study *study, const struct study_point *points, int64_t count)
{
    double sum = 0, used = 0;
    for (int64_t i = 0; i < count; i++) {
        bool counts = points[i].n == 4 || points[i].n == 16 || points[i].n == 64;
        sum += counts ? mean(points[i].values, study->count) : 0;
        used += counts;
    }
    return used > 0 ? sum / used : count ? mean(points[0].values, study->count) : NAN;
}

int chosen_temperature(struct study *study, const struct study_series *series, double *out,
                       struct ponder_err *err)
{
    double *temperatures, best = -1;
    int64_t n;
    int status = study_temperatures(study, series, &temperatures, &n, err);
    *out = NAN;
    for (int64_t i = 0; i < n && !status; i++) {
        struct study_point *points;
        int64_t count;
        status = study_points(study, series, temperatures[i], &points, &count, err);
        if (status)
            break;
        double value = chosen_worth(study, points, count);
        if (value > best) { /* not NAN */
            best = value;
            *out = temperatures[i];
        }
        study_points_release(points, count);
    }
    free(temperatures);
    return status;
}

/* ---- for each purpose ---- */

static const struct study_series methods[PONDER_PURPOSES] = {
    [PONDER_FOR_VOTE] = {.label = "vote", .kind = STUDY_MAJORITY},
    [PONDER_FOR_WEIGHTED] = {"weighted", STUDY_WEIGHTED, "prm", REPLAY_OUTCOME, NULL, 0, 0},
    [PONDER_FOR_BEST] = {"best", STUDY_BEST, "prm", REPLAY_OUTCOME, NULL, 0, 0},
    [PONDER_FOR_SEARCH] = {"search", STUDY_SEARCH, "prm", REPLAY_OUTCOME, "dvts", 4, 0},
};

int ponder_sampling_choose(const char *store, const char *data, struct ponder_sampling_choice *out,
                           struct ponder_err *err)
{
    struct study study;
    *out = (struct ponder_sampling_choice){0};
    for (int p = 0; p < PONDER_PURPOSES; p++)
        out->sampling[p] = (struct ponder_purpose_sampling){.top_p = 1};
    int status = study_open(&study, store, data, err);
    for (int p = PONDER_FOR_VOTE; p < PONDER_PURPOSES && !status; p++) {
        status = chosen_temperature(&study, &methods[p], &out->sampling[p].temperature, err);
        out->known[p] = !status && !isnan(out->sampling[p].temperature);
    }
    study_release(&study);
    return status;
}
