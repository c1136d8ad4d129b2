/* replay.c - every question's figures, then means and intervals over the questions. */
#include "ponder/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "replay/replay_question.h"
#include "replay/replay_stop.h"
#include "stats/stats.h"

/* Two ways to the same figure differ by less. */
#define ROUNDING 1e-9
#define ANSWERS_BYTES_MAX ((size_t)1 << 32)

struct work {
    const struct recorded *recorded;
    struct replay_plan plan;
    struct ponder_replay *replay;
    double *values; /* (row_count, n_count, questions) */
    struct buf answers;
    struct replay_stops *stops; /* NULL: none are asked for */
    int64_t answered, samples;
};

static double *values_of(const struct work *work, int row, int at)
{
    return work->values + (row * work->plan.n_count + at) * work->recorded->count;
}

/* ---- one question ---- */

static void count_samples(struct work *work, const struct replay_question *q)
{
    struct ponder_replay *replay = work->replay;
    int64_t n = q->source->n;
    work->samples += n;
    work->answered += clusters_answered_count(&q->clusters);
    replay->samples_max = n > replay->samples_max ? n : replay->samples_max;
    replay->samples_min = replay->samples_min && replay->samples_min < n ? replay->samples_min : n;
    for (int64_t i = 0; i < n; i++) {
        enum recorded_verdict verdict = q->source->samples[i].verdict;
        replay->judged += verdict != RECORDED_UNJUDGED;
        bool graded = q->clusters.of[i] >= 0 && q->graded[q->clusters.of[i]];
        replay->judged_same += verdict != RECORDED_UNJUDGED && graded == (verdict == RECORDED_RIGHT);
    }
}

static void count_same(struct work *work, const struct replay_question *q)
{
    for (int row = 1; row < work->plan.row_count; row++)
        for (int at = 0; at < work->plan.n_count; at++) {
            struct replay_pick pick =
                replay_question_pick(q, &work->plan, &work->plan.rows[row], work->plan.ns[at]);
            work->replay->methods[row].at[at].recorded += pick.recorded != NULL;
            work->replay->methods[row].at[at].same += pick.same;
        }
}

static int replay_measure(struct work *work, int64_t index, struct ponder_err *err)
{
    struct replay_plan *plan = &work->plan;
    struct replay_question q;
    int status = replay_question_fill(&q, plan, &work->recorded->questions[index], err);
    for (int row = 0; row < plan->row_count && !status; row++)
        for (int at = 0; at < plan->n_count && !status; at++)
            if (replay_question_value(&q, plan, &plan->rows[row], plan->ns[at],
                                      &values_of(work, row, at)[index],
                                      &work->replay->methods[row].at[at].exact))
                status = err_memory(err, "subsets");
    if (!status)
        count_samples(work, &q);
    if (!status && work->stops)
        status = replay_stops_measure(work->stops, &q, index, err);
    if (!status && plan->first)
        count_same(work, &q);
    if (!status && work->answers.bytes_max)
        status = replay_question_print(&q, plan, &work->answers, err);
    replay_question_release(&q);
    return status;
}

/* ---- all of them ---- */

/* The paired difference from majority, in `scratch` (questions). */
static void over_majority(const struct work *work, int row, int at, double *scratch)
{
    const double *values = values_of(work, row, at), *majority = values_of(work, 1, at);
    for (int64_t i = 0; i < work->recorded->count; i++)
        scratch[i] = fabs(values[i] - majority[i]) < ROUNDING ? 0 : values[i] - majority[i];
}

/* The figures of a method at all n; scratch (n_count, questions). */
static int sum_up_row(struct work *work, int row, double *scratch)
{
    struct stats_column columns[2 * PONDER_REPLAY_NS_MAX];
    int64_t count = work->recorded->count;
    int n_count = work->plan.n_count, used = 0;
    for (int at = 0; at < n_count; at++) {
        struct ponder_replay_figure *figure = &work->replay->methods[row].at[at];
        figure->over_majority = (struct ponder_interval){NAN, NAN, NAN};
        columns[used++] = (struct stats_column){values_of(work, row, at), &figure->accuracy};
        if (work->plan.rows[row].kind < REPLAY_BEST_OF_N)
            continue;
        over_majority(work, row, at, scratch + at * count);
        columns[used++] = (struct stats_column){scratch + at * count, &figure->over_majority};
    }
    return stats_bootstrap_columns(columns, used, count, STATS_SEED);
}

static int sum_up(struct work *work, struct ponder_err *err)
{
    size_t count = (size_t)work->recorded->count;
    double *scratch = malloc(count * (size_t)work->plan.n_count * sizeof *scratch);
    int failed = scratch == NULL;
    for (int row = 0; row < work->plan.row_count && !failed; row++)
        failed = sum_up_row(work, row, scratch);
    free(scratch);
    return failed ? err_memory(err, "the figures") : PONDER_OK;
}

static void describe(struct work *work)
{
    struct ponder_replay *replay = work->replay;
    const struct replay_plan *plan = &work->plan;
    replay->format = work->recorded->format;
    replay->questions = work->recorded->count;
    replay->first = plan->first;
    replay->graded = plan->graded;
    replay->logistic = plan->logistic;
    replay->n_count = plan->n_count;
    replay->method_count = plan->row_count;
    memcpy(replay->ns, plan->ns, sizeof replay->ns);
    for (int row = 0; row < plan->row_count; row++) {
        for (int at = 0; at < plan->n_count; at++)
            replay->methods[row].at[at].exact = true;
        replay->methods[row].name = replay_kind_names[plan->rows[row].kind];
        if (plan->rows[row].kind >= REPLAY_BEST_OF_N)
            replay->methods[row].score = replay_by_names[plan->rows[row].by];
    }
}

/* The rule of as many samples for each question can be measured when the others have been. */
static int measure_fixed(struct work *work, struct ponder_err *err)
{
    int status = PONDER_OK;
    replay_stops_fix(work->stops);
    for (int64_t i = 0; i < work->recorded->count && !status; i++) {
        struct replay_question q;
        status = replay_question_fill(&q, &work->plan, &work->recorded->questions[i], err);
        if (!status)
            status = replay_stops_measure(work->stops, &q, i, err);
        replay_question_release(&q);
    }
    return status ? status : replay_stops_sum_up(work->stops, work->replay, err);
}

static int compute(struct work *work, const char *answers, double stop, struct ponder_err *err)
{
    size_t figures = (size_t)work->plan.row_count * (size_t)work->plan.n_count;
    work->values = calloc(figures * (size_t)work->recorded->count, sizeof *work->values);
    if (!work->values)
        return err_memory(err, "the figures");
    describe(work);
    int status =
        stop > 0 ? replay_stops_open(&work->stops, &work->plan, stop, work->recorded->count, err) : PONDER_OK;
    for (int64_t i = 0; i < work->recorded->count && !status; i++)
        status = replay_measure(work, i, err);
    if (!status)
        status = sum_up(work, err);
    if (!status && work->stops)
        status = measure_fixed(work, err);
    work->replay->without_answer = 1 - (double)work->answered / (double)work->samples;
    if (!status && answers)
        status = file_write_atomic(answers, buf_text(&work->answers), work->answers.len, err);
    return status;
}

static int replay_check(const struct ponder_replay_settings *settings, struct ponder_err *err)
{
    if (!settings->samples)
        return err_set(err, PONDER_E_ARGUMENT, "--samples FILE is missing: recorded samples to choose among");
    if (settings->answers && !settings->first)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--answers needs --first: a subset that is not fixed picks no one answer");
    if (settings->answers && file_is_same(settings->answers, settings->samples))
        return err_set(err, PONDER_E_ARGUMENT, "--answers: %s is what --samples reads; name another file",
                       settings->answers);
    return PONDER_OK;
}

int ponder_replay_run(const struct ponder_replay_settings *settings, struct ponder_replay **out,
                      struct ponder_err *err)
{
    struct recorded recorded = {0};
    *out = NULL;
    int status = replay_check(settings, err);
    if (status)
        return status;
    struct work work = {.recorded = &recorded, .replay = calloc(1, sizeof *work.replay)};
    if (settings->answers)
        work.answers = BUF_INIT(ANSWERS_BYTES_MAX);
    if (!work.replay || !(work.replay->samples = strdup(settings->samples)))
        status = err_memory(err, "a replay");
    if (!status)
        status = recorded_read(&recorded, settings->samples, settings->run, err);
    if (!status)
        status = replay_plan(&work.plan, settings, &recorded, err);
    if (!status)
        status = compute(&work, settings->answers, settings->stop, err);
    replay_stops_release(work.stops);
    free(work.values);
    buf_release(&work.answers);
    recorded_release(&recorded);
    if (status)
        ponder_replay_release(work.replay);
    else
        *out = work.replay;
    return status;
}

void ponder_replay_release(struct ponder_replay *replay)
{
    if (!replay)
        return;
    free(replay->samples);
    free(replay);
}
