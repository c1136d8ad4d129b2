#include "replay/study.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "replay/recorded.h"
#include "replay/replay_question.h"
#include "stats/stats.h"
#include "search/search.h"

/* A run of samples with a verifier's scores. */
struct study_samples {
    struct study_samples *next;
    int64_t run;
    struct recorded recorded;
    struct replay_plan plan;
    enum replay_by by; /* as its verifier sums up */
    double temperature;
    double sample_flops; /* the verifier's included */
};

/* ---- what a run says of itself ---- */

/* Whose samples were all drawn alike. */
static bool is_samples(const struct run_record *record)
{
    return record->kind == PONDER_RUN_SAMPLES && !record->pool;
}

/* NAN is any. */
static bool is_at(const struct run_record *record, double temperature)
{
    return isnan(temperature) || fabs(record->temperature - temperature) < 1e-9;
}

static bool study_said(const char *text, const char *what)
{
    return text && what && strcmp(text, what) == 0;
}

static bool is_scored(const struct run_record *record, const char *verifier)
{
    return record->kind == PONDER_RUN_JUDGED && (!verifier || study_said(record->verifier, verifier));
}

/* The width that a search of `n` comes to when `width` is asked for: 0 is worked out. */
static int64_t width_of(const char *search, int64_t n, int64_t width)
{
    const struct search_ops *ops = search_find(search);
    struct search_options options;
    struct ponder_err err;
    char text[64];
    snprintf(text, sizeof text, "width=%lld", (long long)width);
    bool known = ops && ops->options && !search_options_of(&options, ops, n, text, &err);
    return known ? search_options_get(&options, ops, "width", width) : width;
}

static bool is_searched(const struct run_record *record, const struct study_series *series)
{
    return record->kind == PONDER_RUN_SEARCH && study_said(record->search, series->search) &&
           study_said(record->verifier, series->verifier) && study_said(record->budget, "") &&
           study_said(record->select, "weighted") && study_said(record->aggregate, "auto") &&
           width_of(series->search, record->n, record->width) ==
               width_of(series->search, record->n, series->width) &&
           (record->lookahead < 0 || record->lookahead == series->lookahead);
}

/* Whether a run has points of the series, at some temperature. Majority and pass@N need no scores: plain
 * samples will do. */
static bool study_fits(const struct run_record *record, const struct study_series *series)
{
    switch (series->kind) {
    case STUDY_GREEDY:
        return is_samples(record) && record->temperature == 0;
    case STUDY_SEARCH:
        return is_searched(record, series);
    case STUDY_PASS:
    case STUDY_MAJORITY:
        return record->temperature > 0 && (is_samples(record) || is_scored(record, series->verifier));
    case STUDY_BEST:
    case STUDY_WEIGHTED:
        break;
    }
    return record->temperature > 0 && is_scored(record, series->verifier);
}

/* Of the same questions and model, and sampled alike but for the temperature. */
static bool is_kin(const struct study_run *a, const struct study_run *b)
{
    const struct run_record *x = &a->record, *y = &b->record;
    return strcmp(a->run.data, b->run.data) == 0 && a->run.questions == b->run.questions && x->model_hash &&
           x->model_hash == y->model_hash && x->max_tokens >= 0 && x->max_tokens == y->max_tokens &&
           x->top_k >= 0 && x->top_k == y->top_k && x->top_p == y->top_p && x->min_p == y->min_p;
}

/* ---- opening ---- */

static void run_release(struct study_run *run)
{
    run_record_release(&run->record);
    store_run_release(&run->run);
}

/* Those of the store of which something is done. */
static int read_runs(struct study *study, struct ponder_err *err)
{
    struct ponder_run *runs;
    int64_t count;
    int status = store_runs(study->store, &runs, &count, err);
    study->runs = calloc((size_t)count + 1, sizeof *study->runs);
    if (!status && !study->runs)
        status = err_memory(err, "runs");
    for (int64_t i = 0; i < count && !status; i++) {
        struct study_run *run = &study->runs[study->run_count];
        if (runs[i].done == 0)
            continue;
        study->run_count++;
        run->run = runs[i];
        runs[i] = (struct ponder_run){0};
        status = run_record_of_run(&run->record, &run->run, err);
    }
    ponder_runs_release(runs, count);
    return status;
}

/* Drops the runs that do not belong to those samples. */
static void keep_kin(struct study *study, int64_t samples)
{
    const struct study_run of = study->runs[samples]; /* one of those that stay */
    int64_t kept = 0;
    for (int64_t i = 0; i < study->run_count; i++)
        if (is_kin(&study->runs[i], &of))
            study->runs[kept++] = study->runs[i];
        else
            run_release(&study->runs[i]);
    study->run_count = kept;
}

/* The newest run of samples that are not greedy, of `data` where that is named. */
static int64_t newest_samples(const struct study *study, const char *data)
{
    int64_t i = study->run_count - 1;
    while (i >= 0 && !(is_samples(&study->runs[i].record) && study->runs[i].record.temperature > 0 &&
                       (!data || strcmp(study->runs[i].run.data, data) == 0)))
        i--;
    return i;
}

/* Whether some run has scores of samples at this temperature under this seed. */
static int mark_scored(struct study *study, const struct cells *samples, double temperature, bool *scored,
                       struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < study->run_count && !status; i++) {
        const struct run_record *record = &study->runs[i].record;
        struct cells cells = {0};
        if (is_scored(record, NULL) && is_at(record, temperature))
            status = cells_open_run(&cells, study->store, study->runs[i].run.id, err);
        for (int64_t s = 0; s < cells.seed_count && !status; s++)
            for (int64_t t = 0; t < samples->seed_count; t++)
                scored[t] |= samples->seeds[t] == cells.seeds[s];
        cells_release(&cells);
    }
    return status;
}

/* Mean pass@1 under the seeds that are not scored, where all questions have it and it is of more samples than
 * what there was. */
static int take_ease(struct study *study, const struct cells *cells, const bool *scored)
{
    double *ease = calloc((size_t)study->count + 1, sizeof *ease);
    int64_t *seeds = calloc((size_t)study->count + 1, sizeof *seeds), fewest = INT64_MAX;
    if (!ease || !seeds) {
        free(ease);
        free(seeds);
        return PONDER_E_MEMORY;
    }
    for (int64_t c = 0; c < cells->count; c++) {
        if (scored[c / study->count] || cells->grades[c].n == 0)
            continue;
        ease[c % study->count] += cells->grades[c].pass_1;
        seeds[c % study->count]++;
    }
    for (int64_t q = 0; q < study->count; q++) {
        ease[q] /= seeds[q] ? (double)seeds[q] : 1;
        fewest = seeds[q] < fewest ? seeds[q] : fewest;
    }
    if (fewest * cells->n > study->ease_samples) {
        double *before = study->ease;
        study->ease = ease;
        ease = before;
        study->ease_samples = fewest * cells->n;
    }
    free(ease);
    free(seeds);
    return PONDER_OK;
}

/* FLOPs of a cell, on average. */
static double mean_flops(const struct cells *cells)
{
    double sum = 0;
    int64_t done = 0;
    for (int64_t c = 0; c < cells->count; c++)
        if (cells->grades[c].n > 0) {
            sum += cells->costs[c].flops;
            done++;
        }
    return done ? sum / (double)done : 0;
}

/* Difficulty, from one run of samples; and from the first, which is the newest, what a sample costs. */
static int read_samples(struct study *study, int64_t run, double temperature, struct ponder_err *err)
{
    struct cells cells;
    int status = cells_open_run(&cells, study->store, run, err);
    bool *scored = calloc((size_t)cells.seed_count + 1, sizeof *scored);
    if (!status && !scored)
        status = err_memory(err, "seeds");
    if (!status)
        status = mark_scored(study, &cells, temperature, scored, err);
    if (!status) {
        study->count = cells.questions.count;
        if (study->sample_flops == 0)
            study->sample_flops = mean_flops(&cells) / (double)cells.n;
        status = take_ease(study, &cells, scored) ? err_memory(err, "questions") : PONDER_OK;
    }
    free(scored);
    cells_release(&cells);
    return status;
}

static int read_all_samples(struct study *study, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = study->run_count - 1; i >= 0 && !status; i--) {
        const struct run_record *record = &study->runs[i].record;
        if (is_samples(record) && record->temperature > 0)
            status = read_samples(study, study->runs[i].run.id, record->temperature, err);
    }
    return status;
}

int study_open(struct study *out, const char *path, const char *data, struct ponder_err *err)
{
    *out = (struct study){.path = path};
    int status = store_open(&out->store, path, STORE_READ, err);
    if (!status)
        status = read_runs(out, err);
    int64_t samples = status ? -1 : newest_samples(out, data);
    if (!status && samples < 0)
        status = err_set(err, PONDER_E_NOT_FOUND,
                         "%s has no run of samples%s%s without a verifier, which cost and difficulty are "
                         "measured by: `ponder eval -n 256 --store %s`",
                         path, data ? " of " : "", data ? data : "", path);
    if (status)
        return status;
    keep_kin(out, samples);
    return read_all_samples(out, err);
}

int study_temperatures(const struct study *study, const struct study_series *series, double **out,
                       int64_t *count, struct ponder_err *err)
{
    double *list = *out = calloc((size_t)study->run_count + 1, sizeof *list);
    *count = 0;
    for (int64_t i = 0; list && i < study->run_count; i++) {
        double temperature = study->runs[i].record.temperature;
        int64_t at = 0;
        while (at < *count && list[at] < temperature)
            at++;
        bool known = at < *count && list[at] == temperature;
        if (known || isnan(temperature) || !study_fits(&study->runs[i].record, series))
            continue;
        memmove(list + at + 1, list + at, (size_t)(*count - at) * sizeof *list);
        list[at] = temperature;
        ++*count;
    }
    return list ? PONDER_OK : err_memory(err, "temperatures");
}

static void samples_release(struct study_samples *samples)
{
    recorded_release(&samples->recorded);
    free(samples);
}

void study_release(struct study *study)
{
    while (study->samples) {
        struct study_samples *next = study->samples->next;
        samples_release(study->samples);
        study->samples = next;
    }
    for (int64_t i = 0; i < study->run_count; i++)
        run_release(&study->runs[i]);
    free(study->runs);
    free(study->ease);
    store_release(study->store);
}

/* ---- series of samples ---- */

static int read_recorded(struct study_samples *out, const struct study *study, int64_t run, bool scored,
                         struct ponder_err *err)
{
    const struct ponder_replay_settings settings = {
        .score = scored ? "steps" : "none", .aggregate = "all", .extract = "auto", .verdicts = "graded"};
    struct cells cells;
    int status = cells_open_run(&cells, study->store, run, err);
    out->run = run;
    if (!status)
        out->sample_flops = mean_flops(&cells) / (double)cells.n;
    cells_release(&cells);
    if (!status)
        status = recorded_read(&out->recorded, study->path, run, err);
    if (!status)
        status = replay_plan(&out->plan, &settings, &out->recorded, err);
    if (!status && out->recorded.count != study->count)
        status = err_set(err, PONDER_E_ARGUMENT, "run %lld has %lld of the %lld questions; finish it first",
                         (long long)run, (long long)out->recorded.count, (long long)study->count);
    return status;
}

/* The newest run that fits, one with scores before one without; NULL: there is none. */
static const struct study_run *newest_fit(const struct study *study, const struct study_series *series,
                                          double temperature)
{
    const struct study_run *found = NULL;
    for (int64_t i = 0; i < study->run_count; i++) {
        const struct run_record *record = &study->runs[i].record;
        bool better = !found || found->record.kind != PONDER_RUN_JUDGED || record->kind == PONDER_RUN_JUDGED;
        if (better && study_fits(record, series) && is_at(record, temperature))
            found = &study->runs[i];
    }
    return found;
}

static enum replay_by sums_up(const struct run_record *record)
{
    enum replay_by by = REPLAY_LAST;
    while (by < REPLAY_MEAN && !study_said(record->aggregate, replay_by_names[by]))
        by++;
    return by;
}

/* The samples for the series, read once; NULL: there are none. */
static int find_samples(struct study *study, const struct study_series *series, double temperature,
                        struct study_samples **out, struct ponder_err *err)
{
    const struct study_run *run = newest_fit(study, series, temperature);
    *out = study->samples;
    while (*out && run && (*out)->run != run->run.id)
        *out = (*out)->next;
    if (!run)
        *out = NULL;
    if (*out || !run)
        return PONDER_OK;
    struct study_samples *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return err_memory(err, "samples");
    fresh->next = study->samples;
    fresh->by = sums_up(&run->record);
    fresh->temperature = run->record.temperature;
    study->samples = *out = fresh;
    return read_recorded(fresh, study, run->run.id, run->record.kind == PONDER_RUN_JUDGED, err);
}

/* A zeroed point behind the others. */
static struct study_point *add_point(const struct study *study, struct study_point **points, int64_t *count)
{
    struct study_point *more = realloc(*points, ((size_t)*count + 1) * sizeof *more);
    if (!more)
        return NULL;
    *points = more;
    more[*count] = (struct study_point){.values = calloc((size_t)study->count + 1, sizeof(double))};
    return more[*count].values ? &more[(*count)++] : NULL;
}

static struct replay_row row_of(const struct study_series *series, const struct study_samples *samples)
{
    static const enum replay_kind kinds[] = {[STUDY_GREEDY] = REPLAY_PASS,
                                             [STUDY_PASS] = REPLAY_PASS,
                                             [STUDY_MAJORITY] = REPLAY_MAJORITY,
                                             [STUDY_BEST] = REPLAY_BEST_OF_N,
                                             [STUDY_WEIGHTED] = REPLAY_WEIGHTED};
    return (struct replay_row){kinds[series->kind], series->by == REPLAY_OUTCOME ? samples->by : series->by};
}

/* What one question of the run gives to each of the points. */
static int add_question(const struct study_samples *samples, const struct replay_row *row, int64_t index,
                        int n_count, struct study_point *points, struct ponder_err *err)
{
    const struct recorded_question *source = &samples->recorded.questions[index];
    struct replay_question question;
    bool exact;
    int status = replay_question_fill(&question, &samples->plan, source, err);
    for (int i = 0; i < n_count && !status; i++)
        if (replay_question_value(&question, &samples->plan, row, samples->plan.ns[i],
                                  &points[i].values[source->index], &exact))
            status = err_memory(err, "subsets");
    replay_question_release(&question);
    return status;
}

/* Greedy samples are all the same: one of them is the series. */
static int samples_points(struct study *study, const struct study_series *series, double temperature,
                          struct study_point **out, int64_t *count, struct ponder_err *err)
{
    struct study_samples *samples;
    int status = find_samples(study, series, temperature, &samples, err);
    if (status || !samples)
        return status;
    struct replay_row row = row_of(series, samples);
    double flops = series->kind == STUDY_MAJORITY ? study->sample_flops : samples->sample_flops;
    int n_count = series->kind == STUDY_GREEDY ? 1 : samples->plan.n_count;
    for (int i = 0; i < n_count; i++) {
        struct study_point *point = add_point(study, out, count);
        if (!point)
            return err_memory(err, "a series");
        point->temperature = samples->temperature;
        point->n = point->generations = samples->plan.ns[i];
        point->seeds = (double)samples->recorded.questions[0].n / (double)point->n;
        point->compute = (double)point->n * flops / study->sample_flops;
    }
    for (int64_t i = 0; i < samples->recorded.count && !status; i++)
        status =
            samples->recorded.questions[i].index >= 0 && samples->recorded.questions[i].index < study->count
                ? add_question(samples, &row, i, n_count, *out, err)
                : err_set(err, PONDER_E_FORMAT, "run %lld: a question that is not of its set",
                          (long long)samples->run);
    return status;
}

/* ---- series of searches ---- */

static int take_search(struct study_point *point, const struct study *study, const struct cells *cells)
{
    struct grade *grades = cells_by_question(cells);
    bool whole = true;
    if (!grades)
        return PONDER_E_MEMORY;
    for (int64_t q = 0; q < study->count; q++) {
        whole &= grades[q].n > 0;
        point->values[q] = grades[q].pass_1;
    }
    free(grades);
    point->compute = mean_flops(cells) / study->sample_flops;
    point->seeds = whole ? (double)cells->done / (double)study->count : 0;
    return PONDER_OK;
}

/* A run that has not come to all questions yet gives no point. */
static int add_search(struct study *study, const struct study_series *series, const struct study_run *run,
                      struct study_point **out, int64_t *count, struct ponder_err *err)
{
    struct cells cells;
    int status = cells_open_run(&cells, study->store, run->run.id, err);
    struct study_point *point = status ? NULL : add_point(study, out, count);
    if (!status && (!point || take_search(point, study, &cells)))
        status = err_memory(err, "a series");
    cells_release(&cells);
    if (status)
        return status;
    point->n = run->record.n;
    point->temperature = run->record.temperature;
    point->generations = point->n * (series->lookahead + 1);
    if (point->seeds == 0)
        free((*out)[--*count].values);
    return PONDER_OK;
}

static int by_n(const void *a, const void *b)
{
    const struct study_point *x = a, *y = b;
    return x->n < y->n ? -1 : x->n > y->n;
}

static int search_points(struct study *study, const struct study_series *series, double temperature,
                         struct study_point **out, int64_t *count, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = study->run_count - 1; i >= 0 && !status; i--) { /* the newest first */
        const struct study_run *run = &study->runs[i];
        bool wanted = is_searched(&run->record, series) && is_at(&run->record, temperature);
        for (int64_t p = 0; p < *count; p++)
            wanted &= (*out)[p].n != run->record.n;
        if (wanted)
            status = add_search(study, series, run, out, count, err);
    }
    if (*count > 1)
        qsort(*out, (size_t)*count, sizeof **out, by_n);
    return status;
}

int study_points(struct study *study, const struct study_series *series, double temperature,
                 struct study_point **out, int64_t *count, struct ponder_err *err)
{
    *out = NULL;
    *count = 0;
    int status = series->kind == STUDY_SEARCH ? search_points(study, series, temperature, out, count, err)
                                              : samples_points(study, series, temperature, out, count, err);
    if (!status)
        return PONDER_OK;
    study_points_release(*out, *count);
    *out = NULL;
    *count = 0;
    return status;
}

void study_points_release(struct study_point *points, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        free(points[i].values);
    free(points);
}
