/* driver_run.c - a list of questions through a driver, as many at once as find room. */
#include <stdio.h>
#include <stdlib.h>

#include "core/err.h"
#include "driver/driver.h"
#include "driver/meter.h"
#include "tree/ledger.h"

struct work {
    struct driver *driver;
    const struct driver_question *questions;
    int64_t question_count;
    const struct driver_run_listener *listener;
    struct driver_result *out;
    int status;             /* of the first that failed */
    int64_t *of;            /* (question_count) by the driver's number */
    int64_t next, finished; /* the next question, and those done or left out */
    int64_t samples_total;  /* where all plans are of whole samples; else 0 .. */
    int64_t samples_left;   /* .. and those of questions that were left out */
    double deadline_s;      /* 0: none */
    struct meter meter;
};

static int question_done(void *data, uint64_t id, const struct driver_outcome *outcome,
                         struct ponder_err *err)
{
    struct work *work = data;
    struct driver_result *out = work->out;
    work->finished++;
    out->done++;
    out->failed += outcome->failed;
    if (outcome->failure[0] && !out->failure[0])
        snprintf(out->failure, sizeof out->failure, "%s", outcome->failure);
    if (outcome->failed && !work->status)
        work->status = outcome->status ? outcome->status : PONDER_E_ENGINE;
    return work->listener->question_done(work->listener->data, work->of[id], outcome, err);
}

static int solution_ended(void *data, uint64_t id, const struct tree_node *node, struct ponder_err *err)
{
    const struct work *work = data;
    const struct driver_run_listener *listener = work->listener;
    return listener->solution_ended ? listener->solution_ended(listener->data, work->of[id], node, err)
                                    : PONDER_OK;
}

/* Shows the watch how far all is; whether to stop. */
static enum ponder_stopped how_far(const struct work *work)
{
    return work->samples_total ? meter_stop(&work->meter, driver_results(work->driver) + work->samples_left,
                                            work->samples_total, "solutions")
                               : meter_stop(&work->meter, work->finished, work->question_count, "questions");
}

static int64_t count_samples(const struct driver_question *questions, int64_t count)
{
    int64_t samples = 0;
    for (int64_t q = 0; q < count; q++) {
        if (!questions[q].plan->ops->generations || questions[q].plan->ops->by_steps)
            return 0;
        samples += questions[q].plan->options->n;
    }
    return samples;
}

static int driver_run_add(struct work *work, struct ponder_err *err)
{
    const struct driver_listener listener = {.done = question_done, .ended = solution_ended, .data = work};
    int64_t question = work->next++;
    struct driver_question asked = work->questions[question];
    asked.deadline_s = work->deadline_s;
    bool take = true;
    uint64_t id;
    int status = work->listener->question_begin
                     ? work->listener->question_begin(work->listener->data, question, &take, err)
                     : PONDER_OK;
    if (!status && take) {
        status = driver_add(work->driver, &asked, &listener, &id, err);
        if (!status)
            work->of[id] = question;
    } else {
        work->finished++;
        work->samples_left += work->questions[question].plan->options->n;
    }
    return status;
}

static int loop(struct work *work, struct ponder_err *err)
{
    int64_t open = 0;
    int status = PONDER_OK;
    while (!status && work->finished < work->question_count && work->out->stopped == PONDER_STOPPED_NO) {
        work->out->stopped = how_far(work);
        if (work->out->stopped != PONDER_STOPPED_NO)
            driver_cancel_all(work->driver);
        while (!status && work->out->stopped == PONDER_STOPPED_NO && work->next < work->question_count &&
               driver_has_room(work->driver, work->questions[work->next].plan))
            status = driver_run_add(work, err);
        if (!status)
            open = driver_step(work->driver, 0.05, err);
        status = status ? status : open < 0 ? (int)open : PONDER_OK;
    }
    while (!status && open > 0) { /* those that were cancelled, or are being told */
        open = driver_step(work->driver, 0.05, err);
        status = open < 0 ? (int)open : PONDER_OK;
    }
    return status;
}

static int driver_run_end(const struct work *work, struct ponder_err *err)
{
    const struct driver_result *out = work->out;
    if (out->failed == 0 || out->failed < out->done)
        return PONDER_OK;
    return out->done == 1 ? err_set(err, work->status, "%s", out->failure)
                          : err_set(err, work->status, "all %lld questions failed; the first: %s",
                                    (long long)out->failed, out->failure);
}

int driver_run(struct engine *engine, const struct driver_question *questions, int64_t question_count,
               const struct driver_run_settings *settings, const struct driver_run_listener *listener,
               struct driver_result *out, struct ponder_err *err)
{
    *out = (struct driver_result){0};
    struct work work = {.questions = questions,
                        .question_count = question_count,
                        .listener = listener,
                        .out = out,
                        .of = calloc((size_t)question_count + 1, sizeof *work.of),
                        .samples_total = count_samples(questions, question_count),
                        .meter = meter_begin(engine, settings->clock, settings->watch, settings->timeout_s)};
    work.deadline_s = settings->timeout_s > 0 ? work.meter.began_s + settings->timeout_s : 0;
    const struct driver_settings driven = {engine, settings->clock};
    int status = work.of ? driver_open(&work.driver, &driven, err) : err_memory(err, "a search");
    if (!status)
        status = loop(&work, err);
    meter_read(&work.meter, &out->ledger);
    if (work.driver) {
        struct ponder_ledger spent = driver_spent(work.driver);
        ledger_add(&out->ledger, &spent);
    }
    driver_close(work.driver);
    free(work.of);
    return status ? status : driver_run_end(&work, err);
}
