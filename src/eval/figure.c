/* figure.c - the figures of Snell et al. 2024 that searches and verifiers are shown by. */
#include "ponder/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "eval/stats.h"
#include "eval/study.h"

#define OWN REPLAY_OUTCOME
/* clang-format off */
#define MAJORITY(v)       {"majority", STUDY_MAJORITY, v, OWN, NULL, 0, 0}
#define WEIGHTED(v, name) {name, STUDY_WEIGHTED, v, OWN, NULL, 0, 0}
#define BEST(v, name)     {name, STUDY_BEST, v, OWN, NULL, 0, 0}
#define BY(by, name)      {name, STUDY_WEIGHTED, "prm", by, NULL, 0, 0}
#define BEAM(v)           {"beam, M = 4", STUDY_SEARCH, v, OWN, "beam", 4, 0}
#define ROOT_BEAM(v)      {"beam, M = √N", STUDY_SEARCH, v, OWN, "beam", 0, 0}
#define DVTS(v)           {"dvts, M = 4", STUDY_SEARCH, v, OWN, "dvts", 4, 0}
#define LOOK(v, m, k, name) {name, STUDY_SEARCH, v, OWN, "lookahead", m, k}
#define SEARCHES(v) BEAM(v), ROOT_BEAM(v), LOOK(v, 4, 3, "lookahead 3, M = 4"), \
                    LOOK(v, 0, 3, "lookahead 3, M = √N"), LOOK(v, 0, 1, "lookahead 1, M = √N"), DVTS(v)

/* The searches' names in the paper; its figures have no oracle and no dvts. */
static const struct figure {
    const char *name, *title, *summary;
    bool by_fifth;
    int reference; /* of the series */
    int series_count;
    struct study_series series[PONDER_FIGURE_SERIES_MAX];
} figures[] = {
    {"f3-left", "Search against a process verifier", "all searches against budget, by the process verifier", false, 0, 8,
     {WEIGHTED("prm", "best-of-N weighted"), MAJORITY("prm"), SEARCHES("prm")}},
    {"f3-left-oracle", "Search against a verifier that knows", "the same by the oracle", false, 0, 7,
     {{"best-of-N (pass@N)", STUDY_PASS, "prm", OWN, NULL, 0, 0}, SEARCHES("oracle")}},
    {"f3-right", "Search by difficulty", "beam search and best-of-N by fifth, by the process verifier", true, 0, 4,
     {WEIGHTED("prm", "best-of-N weighted"), MAJORITY("prm"), BEAM("prm"), DVTS("prm")}},
    {"f3-right-oracle", "Search by difficulty, by a verifier that knows", "the same by the oracle", true, 0, 3,
     {{"best-of-N (pass@N)", STUDY_PASS, "prm", OWN, NULL, 0, 0}, BEAM("oracle"), DVTS("oracle")}},
    {"f13", "Best-of-N, weighted and not", "weighted and plain best-of-N, by both verifiers", false, 0, 5,
     {WEIGHTED("prm", "process, weighted"), BEST("prm", "process, best"), WEIGHTED("orm", "outcome, weighted"),
      BEST("orm", "outcome, best"), MAJORITY("prm")}},
    {"f14", "From step scores to a solution's", "the aggregates of step scores, best-of-N weighted", false, 0, 5,
     {BY(REPLAY_LAST, "last"), BY(REPLAY_MIN, "min"), BY(REPLAY_PROD, "prod"), BY(REPLAY_MEAN, "mean"), MAJORITY("prm")}},
    {"f15", "Process and outcome verifier", "process against outcome verifier, best-of-N weighted", false, 0, 3,
     {WEIGHTED("prm", "process verifier"), WEIGHTED("orm", "outcome verifier"), MAJORITY("prm")}},
};
/* clang-format on */
enum { FIGURES = sizeof figures / sizeof *figures, GROUPS_MAX = STATS_FIFTHS + 2 };

const char *ponder_figure_name(int index, const char **summary)
{
    if (index < 0 || index >= FIGURES)
        return NULL;
    *summary = figures[index].summary;
    return figures[index].name;
}

/* ---- groups ---- */

struct group {
    const char *name;
    const int64_t *members; /* (count) questions */
    int64_t count;
};

struct work {
    const struct figure *figure;
    struct study study;
    struct ponder_figure *out;
    int64_t *ranked; /* (questions) the easiest first; or as they stand */
    struct group groups[GROUPS_MAX];
    int group_count;
    struct study_point *points[PONDER_FIGURE_SERIES_MAX];
    int64_t counts[PONDER_FIGURE_SERIES_MAX];
    double *scratch; /* (questions) */
};

static void add_group(struct work *work, const char *name, int64_t begin, int64_t end)
{
    work->groups[work->group_count++] = (struct group){name, work->ranked + begin, end - begin};
}

static int make_groups(struct work *work, struct ponder_err *err)
{
    int64_t n = work->study.count;
    work->ranked = malloc(((size_t)n + 1) * sizeof *work->ranked);
    work->scratch = malloc(((size_t)n + 1) * sizeof *work->scratch);
    if (!work->ranked || !work->scratch)
        return err_memory(err, "a figure");
    for (int64_t i = 0; i < n; i++)
        work->ranked[i] = i;
    if (!work->figure->by_fifth) {
        add_group(work, "all", 0, n);
        return PONDER_OK;
    }
    if (!work->study.ease || n < STATS_FIFTHS)
        return err_set(
            err, PONDER_E_NOT_FOUND,
            "%s: fifths are cut by samples that no figure scores: sample under another --seed too, as "
            "paper/search.sh does",
            work->study.path);
    if (stats_rank(work->study.ease, n, work->ranked))
        return err_memory(err, "a figure");
    for (int f = 0; f < STATS_FIFTHS; f++)
        add_group(work, stats_fifth_names[f], stats_fifth_begin(n, f), stats_fifth_begin(n, f + 1));
    add_group(work, "3 and 4", stats_fifth_begin(n, 2), stats_fifth_begin(n, 4));
    return PONDER_OK;
}

/* ---- points ---- */

static const struct study_point *reference_at(const struct work *work, int64_t generations)
{
    int r = work->figure->reference;
    for (int64_t i = 0; i < work->counts[r]; i++)
        if (work->points[r][i].generations == generations)
            return &work->points[r][i];
    return NULL;
}

/* Of `values`, less those of `less`, which may be NULL. */
static int interval(struct work *work, const struct group *group, const double *values,
                    const struct study_point *less, struct ponder_interval *out)
{
    for (int64_t i = 0; i < group->count; i++) {
        int64_t q = group->members[i];
        work->scratch[i] = values[q] - (less ? less->values[q] : 0);
    }
    return stats_bootstrap(work->scratch, group->count, STATS_SEED, out);
}

static int difference(struct work *work, const struct group *group, const struct study_point *point,
                      int64_t times, struct ponder_interval *out)
{
    const struct study_point *less = reference_at(work, times * point->generations);
    return less ? interval(work, group, point->values, less, out) : PONDER_OK;
}

static int fill_point(struct work *work, int s, const struct group *group, const struct study_point *from,
                      struct ponder_figure_point *out)
{
    *out = (struct ponder_figure_point){.group = group->name,
                                        .n = from->n,
                                        .generations = from->generations,
                                        .compute = from->compute,
                                        .questions = group->count,
                                        .seeds = from->seeds,
                                        .over_1x = {NAN, NAN, NAN},
                                        .over_4x = {NAN, NAN, NAN}};
    int status = interval(work, group, from->values, NULL, &out->accuracy);
    if (status || s == work->figure->reference)
        return status;
    status = difference(work, group, from, 1, &out->over_1x);
    return status ? status : difference(work, group, from, 4, &out->over_4x);
}

static int fill_series(struct work *work, int s)
{
    struct ponder_figure_series *series = &work->out->series[s];
    int64_t count = work->counts[s];
    int status = PONDER_OK;
    series->label = work->figure->series[s].label;
    series->points = calloc((size_t)(count * work->group_count) + 1, sizeof *series->points);
    if (!series->points)
        return PONDER_E_MEMORY;
    for (int g = 0; g < work->group_count; g++)
        for (int64_t i = 0; i < count && !status; i++)
            status =
                fill_point(work, s, &work->groups[g], &work->points[s][i], &series->points[series->count++]);
    return status;
}

static int make(struct work *work, struct ponder_err *err)
{
    const struct figure *figure = work->figure;
    struct ponder_figure *out = work->out;
    int64_t points = 0;
    *out = (struct ponder_figure){.name = figure->name,
                                  .title = figure->title,
                                  .reference = figure->series[figure->reference].label,
                                  .questions = work->study.count,
                                  .fifths_samples = figure->by_fifth ? work->study.ease_samples : 0,
                                  .series_count = figure->series_count};
    int status = make_groups(work, err);
    for (int s = 0; s < figure->series_count && !status; s++) {
        status = study_points(&work->study, &figure->series[s], &work->points[s], &work->counts[s], err);
        points += work->counts[s];
    }
    for (int s = 0; s < figure->series_count && !status; s++)
        status = fill_series(work, s) ? err_memory(err, "a figure") : PONDER_OK;
    if (!status && points == 0)
        status = err_set(err, PONDER_E_NOT_FOUND, "%s has none of the runs of %s; paper/search.sh makes them",
                         work->study.path, figure->name);
    return status;
}

static void work_release(struct work *work)
{
    for (int s = 0; s < PONDER_FIGURE_SERIES_MAX; s++)
        study_points_release(work->points[s], work->counts[s]);
    study_release(&work->study);
    free(work->ranked);
    free(work->scratch);
    ponder_figure_release(work->out);
}

int ponder_figure_make(const char *store, const char *name, struct ponder_figure **out,
                       struct ponder_err *err)
{
    int index = 0;
    *out = NULL;
    while (index < FIGURES && strcmp(figures[index].name, name) != 0)
        index++;
    if (index == FIGURES)
        return err_set(err, PONDER_E_ARGUMENT, "'%.40s' is no figure; `ponder figure --help` lists them",
                       name);
    struct work work = {.figure = &figures[index], .out = calloc(1, sizeof *work.out)};
    int status = work.out ? study_open(&work.study, store, err) : err_memory(err, "a figure");
    if (!status)
        status = make(&work, err);
    if (!status) {
        *out = work.out;
        work.out = NULL;
    }
    work_release(&work);
    return status;
}

void ponder_figure_release(struct ponder_figure *figure)
{
    for (int s = 0; figure && s < figure->series_count; s++)
        free(figure->series[s].points);
    free(figure);
}
