/* figure.c - the figures of Snell et al. 2024 that searches and verifiers are shown by. */
#include "ponder/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "core/err.h"
#include "replay/chosen.h"
#include "stats/stats.h"
#include "replay/study.h"

#define OWN REPLAY_OUTCOME
/* clang-format off */
#define GREEDY            {"greedy", STUDY_GREEDY, NULL, OWN, NULL, 0, 0}
#define PASS(name)        {name, STUDY_PASS, "prm", OWN, NULL, 0, 0}
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
    enum { BY_BUDGET, BY_QUINTILE, BY_TEMPERATURE } by;
    int reference; /* of the series */
    int series_count;
    struct study_series series[PONDER_FIGURE_SERIES_MAX];
} figures[] = {
    {"f3-left", "Search against a process verifier", "all searches against budget, by the process verifier", BY_BUDGET, 0, 9,
     {WEIGHTED("prm", "best-of-N weighted"), MAJORITY("prm"), SEARCHES("prm"), GREEDY}},
    {"f3-left-oracle", "Search against a verifier that knows", "the same by the oracle", BY_BUDGET, 0, 8,
     {PASS("best-of-N (pass@N)"), SEARCHES("oracle"), GREEDY}},
    {"f3-right", "Search by difficulty", "beam search and best-of-N by quintile, by the process verifier", BY_QUINTILE, 0, 5,
     {WEIGHTED("prm", "best-of-N weighted"), MAJORITY("prm"), BEAM("prm"), DVTS("prm"), GREEDY}},
    {"f3-right-oracle", "Search by difficulty, by a verifier that knows", "the same by the oracle", BY_QUINTILE, 0, 4,
     {PASS("best-of-N (pass@N)"), BEAM("oracle"), DVTS("oracle"), GREEDY}},
    {"f13", "Best-of-N, weighted and not", "weighted and plain best-of-N, by both verifiers", BY_BUDGET, 0, 6,
     {WEIGHTED("prm", "process, weighted"), BEST("prm", "process, best"), WEIGHTED("orm", "outcome, weighted"),
      BEST("orm", "outcome, best"), MAJORITY("prm"), GREEDY}},
    {"f14", "From step scores to a solution's", "the aggregates of step scores, best-of-N weighted", BY_BUDGET, 0, 6,
     {BY(REPLAY_LAST, "last"), BY(REPLAY_MIN, "min"), BY(REPLAY_PROD, "prod"), BY(REPLAY_MEAN, "mean"), MAJORITY("prm"), GREEDY}},
    {"f15", "Process and outcome verifier", "process against outcome verifier, best-of-N weighted", BY_BUDGET, 0, 4,
     {WEIGHTED("prm", "process verifier"), WEIGHTED("orm", "outcome verifier"), MAJORITY("prm"), GREEDY}},
    {"temperature", "Each method by temperature", "greedy, votes, best-of-N and pass@N at each temperature", BY_TEMPERATURE, 0, 9,
     {MAJORITY("prm"), WEIGHTED("prm", "weighted by prm"), BEST("prm", "best by prm"), WEIGHTED("orm", "weighted by orm"),
      BEST("orm", "best by orm"), PASS("pass@N"), BEAM("prm"), DVTS("prm"), GREEDY}},
};
/* clang-format on */
enum { FIGURES = sizeof figures / sizeof *figures, GROUPS_MAX = STATS_QUINTILES + 2, COLUMNS_MAX = 4 };

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

/* The points that the store has for one series. */
struct curve {
    struct study_point *points;
    int64_t count;
};

struct work {
    const struct figure *figure;
    const struct ponder_figure_settings *settings;
    struct study study;
    struct study chooser; /* of the questions that choose temperatures; its path is NULL: none do */
    struct ponder_figure *out;
    int64_t *ranked; /* (questions) the easiest first; or as they stand */
    struct group groups[GROUPS_MAX];
    int group_count;
    struct curve curves[PONDER_FIGURE_PANELS][PONDER_FIGURE_SERIES_MAX];
    double *scratch; /* (COLUMNS_MAX, questions) */
};

static void add_group(struct work *work, const char *name, int64_t begin, int64_t end)
{
    work->groups[work->group_count++] = (struct group){name, work->ranked + begin, end - begin};
}

static int make_groups(struct work *work, struct ponder_err *err)
{
    int64_t n = work->study.count;
    work->ranked = malloc(((size_t)n + 1) * sizeof *work->ranked);
    work->scratch = malloc(((size_t)n + 1) * COLUMNS_MAX * sizeof *work->scratch);
    if (!work->ranked || !work->scratch)
        return err_memory(err, "a figure");
    for (int64_t i = 0; i < n; i++)
        work->ranked[i] = i;
    if (work->figure->by != BY_QUINTILE) {
        add_group(work, "all", 0, n);
        return PONDER_OK;
    }
    if (!work->study.ease || n < STATS_QUINTILES)
        return err_set(
            err, PONDER_E_NOT_FOUND,
            "%s: quintiles are cut by samples that no figure scores: sample under another --seed too, as "
            "paper/search.sh does",
            work->study.path);
    if (stats_rank(work->study.ease, n, work->ranked))
        return err_memory(err, "a figure");
    for (int f = 0; f < STATS_QUINTILES; f++)
        add_group(work, stats_quintile_names[f], stats_quintile_begin(n, f), stats_quintile_begin(n, f + 1));
    add_group(work, "3 and 4", stats_quintile_begin(n, 2), stats_quintile_begin(n, 4));
    return PONDER_OK;
}

/* ---- points ---- */

/* The point of the panel's reference with as many generations, at the same temperature where that is what the
 * figure is about. */
static const struct study_point *reference_at(const struct work *work, int panel, int64_t generations,
                                              double temperature)
{
    const struct curve *curve = &work->curves[panel][work->figure->reference];
    for (int64_t i = 0; i < curve->count; i++)
        if (curve->points[i].generations == generations &&
            (work->figure->by != BY_TEMPERATURE || curve->points[i].temperature == temperature))
            return &curve->points[i];
    return NULL;
}

/* The greedy answer, from whichever series it is. */
static const struct study_point *greedy_of(const struct work *work)
{
    for (int s = 0; s < work->figure->series_count; s++)
        if (work->figure->series[s].kind == STUDY_GREEDY && work->curves[0][s].count)
            return &work->curves[0][s].points[0];
    return NULL;
}

/* What a point shows. */
struct point_columns {
    struct stats_column columns[COLUMNS_MAX];
    int count;
};

/* Of `values`, less those of `less`, which may be NULL. */
static void show(struct point_columns *shown, struct work *work, const struct group *group,
                 const double *values, const struct study_point *less, struct ponder_interval *out)
{
    double *column = work->scratch + shown->count * work->study.count;
    for (int64_t i = 0; i < group->count; i++) {
        int64_t q = group->members[i];
        column[i] = values[q] - (less ? less->values[q] : 0);
    }
    shown->columns[shown->count++] = (struct stats_column){column, out};
}

static void show_difference(struct point_columns *shown, struct work *work, const struct group *group,
                            const struct study_point *point, const struct study_point *less,
                            struct ponder_interval *out)
{
    if (less && less != point)
        show(shown, work, group, point->values, less, out);
}

static int fill_point(struct work *work, int panel, int s, const struct group *group,
                      const struct study_point *from, struct ponder_figure_point *out)
{
    const struct ponder_interval none = {NAN, NAN, NAN};
    *out = (struct ponder_figure_point){.group = group->name,
                                        .temperature = from->temperature,
                                        .n = from->n,
                                        .generations = from->generations,
                                        .compute = from->compute,
                                        .questions = group->count,
                                        .seeds = from->seeds,
                                        .over_1x = none,
                                        .over_4x = none,
                                        .over_greedy = none};
    struct point_columns shown = {.count = 0};
    show(&shown, work, group, from->values, NULL, &out->accuracy);
    show_difference(&shown, work, group, from, greedy_of(work), &out->over_greedy);
    if (s != work->figure->reference && work->figure->series[s].kind != STUDY_GREEDY) {
        const struct study_point *same = reference_at(work, panel, from->generations, from->temperature);
        const struct study_point *more = reference_at(work, panel, 4 * from->generations, from->temperature);
        show_difference(&shown, work, group, from, same, &out->over_1x);
        show_difference(&shown, work, group, from, more, &out->over_4x);
    }
    return stats_bootstrap_columns(shown.columns, shown.count, group->count, STATS_SEED);
}

static int fill_series(struct work *work, int panel, int s)
{
    struct ponder_figure_series *series = &work->out->series[work->out->series_count++];
    const struct curve *curve = &work->curves[panel][s];
    int status = PONDER_OK;
    *series = (struct ponder_figure_series){.label = work->figure->series[s].label, .panel = panel};
    series->points = calloc((size_t)(curve->count * work->group_count) + 1, sizeof *series->points);
    if (!series->points)
        return PONDER_E_MEMORY;
    for (int g = 0; g < work->group_count; g++)
        for (int64_t i = 0; i < curve->count && !status; i++)
            status = fill_point(work, panel, s, &work->groups[g], &curve->points[i],
                                &series->points[series->count++]);
    return status;
}

/* Points behind those that the curve has; with `powers` those of 1, 4, 16 .. alone, and the last. */
static int add_points(struct curve *curve, struct study_point *points, int64_t count, bool powers)
{
    struct study_point *more = realloc(curve->points, (size_t)(curve->count + count + 1) * sizeof *more);
    if (!more)
        return PONDER_E_MEMORY;
    curve->points = more;
    for (int64_t i = 0; i < count; i++) {
        int64_t n = points[i].n;
        while (powers && n > 1 && n % 4 == 0)
            n /= 4;
        if (powers && n != 1 && i + 1 < count)
            free(points[i].values);
        else
            more[curve->count++] = points[i];
    }
    free(points);
    return PONDER_OK;
}

static int read_curve(struct work *work, struct curve *curve, const struct study_series *series,
                      double temperature, struct ponder_err *err)
{
    struct study_point *points;
    int64_t count;
    int status = study_points(&work->study, series, temperature, &points, &count, err);
    if (!status && add_points(curve, points, count, work->figure->by == BY_TEMPERATURE)) {
        study_points_release(points, count);
        status = err_memory(err, "a series");
    }
    return status;
}

static int read_at_each(struct work *work, struct curve *curve, const struct study_series *series,
                        struct ponder_err *err)
{
    double *temperatures;
    int64_t count;
    int status = study_temperatures(&work->study, series, &temperatures, &count, err);
    for (int64_t t = 0; t < count && !status; t++)
        status = read_curve(work, curve, series, temperatures[t], err);
    free(temperatures);
    return status;
}

/* Each series of the first panel at its own temperature, or at every one; of the second at the one asked for.
 */
static int read_curves(struct work *work, int panel, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int s = 0; s < work->figure->series_count && !status; s++) {
        const struct study_series *series = &work->figure->series[s];
        struct curve *curve = &work->curves[panel][s];
        bool greedy = series->kind == STUDY_GREEDY;
        double temperature = greedy ? 0 : panel ? work->settings->temperature : NAN;
        if (!greedy && work->figure->by == BY_TEMPERATURE) {
            status = read_at_each(work, curve, series, err);
            continue;
        }
        if (!greedy && !panel && work->chooser.path)
            status = chosen_temperature(&work->chooser, series, &temperature, err);
        if (!status)
            status = read_curve(work, curve, series, temperature, err);
    }
    return status;
}

static int figure_begin(struct work *work, struct ponder_err *err)
{
    const struct figure *figure = work->figure;
    const struct ponder_figure_settings *settings = work->settings;
    struct ponder_figure *out = work->out;
    *out =
        (struct ponder_figure){.name = figure->name,
                               .title = figure->title,
                               .reference = figure->series[figure->reference].label,
                               .questions = work->study.count,
                               .quintiles_samples = figure->by == BY_QUINTILE ? work->study.ease_samples : 0,
                               .temperature = figure->by == BY_TEMPERATURE ? NAN : settings->temperature,
                               .by_temperature = figure->by == BY_TEMPERATURE};
    if (figure->by == BY_TEMPERATURE || !settings->chosen_on)
        return PONDER_OK;
    if (!(out->chosen_on = strdup(settings->chosen_on)))
        return err_memory(err, "a figure");
    return study_open(&work->chooser, work->study.path, settings->chosen_on, err);
}

/* Whether the series alone makes the figure: votes and one answer are only what the others are compared with,
 * unless temperatures are what is compared. */
static bool counts_alone(const struct work *work, int s)
{
    enum study_kind kind = work->figure->series[s].kind;
    return kind != STUDY_GREEDY && (kind != STUDY_MAJORITY || work->figure->by == BY_TEMPERATURE);
}

static int figure_make(struct work *work, struct ponder_err *err)
{
    int64_t points = 0;
    int status = figure_begin(work, err);
    if (!status)
        status = make_groups(work, err);
    int panels = isnan(work->out->temperature) ? 1 : 2;
    for (int panel = 0; panel < panels && !status; panel++)
        status = read_curves(work, panel, err);
    for (int panel = 0; panel < panels; panel++)
        for (int s = 0; s < work->figure->series_count && !status; s++) {
            points += counts_alone(work, s) ? work->curves[panel][s].count : 0;
            status = fill_series(work, panel, s) ? err_memory(err, "a figure") : PONDER_OK;
        }
    if (!status && points == 0)
        status = err_set(err, PONDER_E_NOT_FOUND, "%s has none of the runs of %s; paper/search.sh makes them",
                         work->study.path, work->figure->name);
    return status;
}

static void work_release(struct work *work)
{
    for (int panel = 0; panel < PONDER_FIGURE_PANELS; panel++)
        for (int s = 0; s < PONDER_FIGURE_SERIES_MAX; s++)
            study_points_release(work->curves[panel][s].points, work->curves[panel][s].count);
    study_release(&work->study);
    study_release(&work->chooser);
    free(work->ranked);
    free(work->scratch);
    ponder_figure_release(work->out);
}

int ponder_figure_make(const char *store, const char *name, const struct ponder_figure_settings *settings,
                       struct ponder_figure **out, struct ponder_err *err)
{
    static const struct ponder_figure_settings plain = {.temperature = NAN};
    int index = 0;
    *out = NULL;
    while (index < FIGURES && !name_is(name, strlen(name), figures[index].name))
        index++;
    if (index == FIGURES)
        return err_set(err, PONDER_E_ARGUMENT, "'%.40s' is no figure; `ponder figure --help` lists them",
                       name);
    struct work work = {.figure = &figures[index],
                        .settings = settings ? settings : &plain,
                        .out = calloc(1, sizeof *work.out)};
    int status =
        work.out ? study_open(&work.study, store, work.settings->data, err) : err_memory(err, "a figure");
    if (!status)
        status = figure_make(&work, err);
    if (!status) {
        *out = work.out;
        work.out = NULL;
    }
    work_release(&work);
    return status;
}

void ponder_figure_release(struct ponder_figure *figure)
{
    if (!figure)
        return;
    for (int s = 0; s < figure->series_count; s++)
        free(figure->series[s].points);
    free((char *)figure->chosen_on);
    free(figure);
}
