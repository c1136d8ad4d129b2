#include "driver/driver.h"

#include <math.h>
#include <stdlib.h>

#include "core/array.h"
#include "core/err.h"
#include "driver/driver_impl.h"
#include "tree/ledger.h"

int driver_open(struct driver **out, const struct driver_settings *settings, struct ponder_err *err)
{
    struct driver *driver = *out = calloc(1, sizeof *driver);
    if (!driver)
        return err_memory(err, "a driver");
    driver->engine = settings->engine;
    driver->clock = settings->clock;
    driver->job_free = -1;
    return PONDER_OK;
}

/* Everything in flight is given up; an engine that fails has nothing in flight. */
static void drain(struct driver *driver)
{
    driver_cancel_all(driver);
    for (int unfinished = 1; driver->in_flight > 0 && unfinished > 0;) {
        unfinished = engine_step(driver->engine, 0.01, NULL);
        if (unfinished >= 0 && driver_take_all(driver, NULL))
            break;
    }
}

void driver_abandon(struct driver *driver)
{
    drain(driver);
    while (driver->quest_count > 0)
        quest_free(driver, driver->quests[--driver->quest_count]);
}

void driver_close(struct driver *driver)
{
    if (!driver)
        return;
    driver_abandon(driver);
    free(driver->quests);
    free(driver->jobs);
    free(driver);
}

int driver_add(struct driver *driver, const struct driver_question *question,
               const struct driver_listener *listener, uint64_t *id, struct ponder_err *err)
{
    struct quest *quest;
    if (array_reserve(&driver->quests, sizeof(struct quest *), &driver->quest_cap, driver->quest_count + 1,
                      INT32_MAX))
        return err_memory(err, "a search");
    int status = quest_begin(&quest, driver, question, listener, err);
    if (quest) {
        *id = quest->id = driver->next_id++;
        driver->quests[driver->quest_count++] = quest;
    }
    return status;
}

/* Whole samples enter one by one, steps of a search all at once. */
bool driver_has_room(const struct driver *driver, const struct driver_plan *plan)
{
    int64_t wants = plan->ops->by_steps ? plan->options->n : 1;
    return driver->in_flight == 0 || driver->in_flight + wants <= BEST_OF_N_IN_FLIGHT_MAX;
}

/* ---- ending ---- */

void driver_cancel(struct driver *driver, uint64_t id)
{
    enum { JUDGING_S_MAX = 1 }; /* for what has ended by then */
    for (int64_t i = 0; i < driver->quest_count; i++) {
        struct quest *quest = driver->quests[i];
        if (quest->id != id || quest->cancelled)
            continue;
        quest->cancelled = true;
        quest->deadline_s = fmin(quest->deadline_s, clock_now_s(driver->clock) + JUDGING_S_MAX);
        quest_cut(driver, quest, quest->outcome.ended_by);
    }
}

void driver_cancel_all(struct driver *driver)
{
    for (int64_t i = 0; i < driver->quest_count; i++)
        driver_cancel(driver, driver->quests[i]->id);
}

/* Ends what has no time left. */
static void end_late(struct driver *driver)
{
    for (int64_t i = 0; i < driver->quest_count; i++) {
        struct quest *quest = driver->quests[i];
        bool closed = quest->closing && !quest->finishing;
        if (closed || isinf(quest->deadline_s))
            continue;
        double kept_s = driver_judging_time_s(driver, quest) + driver_finish_time_s(driver, quest);
        if (clock_now_s(driver->clock) + kept_s >= quest->deadline_s)
            quest_cut(driver, quest, "time");
    }
}

/* ---- moving on ---- */

static int step_engine(struct driver *driver, double wait_s, struct ponder_err *err)
{
    if (driver->in_flight == 0)
        return PONDER_OK;
    double began_s = clock_now_s(driver->clock);
    int unfinished = engine_step(driver->engine, wait_s, err);
    driver->steps_s += clock_now_s(driver->clock) - began_s;
    driver->step_count++;
    return unfinished < 0 ? unfinished : driver_take_all(driver, err);
}

/* Questions go on in the order of their adding; the first of them is the first to find room. */
static int advance_all(struct driver *driver, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < driver->quest_count && !status; i++)
        status = quest_advance(driver, driver->quests[i], err);
    return status;
}

static void remove_over(struct driver *driver)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < driver->quest_count; i++) {
        struct quest *quest = driver->quests[i];
        if (quest->over)
            quest_free(driver, quest);
        else
            driver->quests[kept++] = quest;
    }
    driver->quest_count = kept;
}

int64_t driver_step(struct driver *driver, double wait_s, struct ponder_err *err)
{
    int status = step_engine(driver, wait_s, err);
    if (!status)
        status = advance_all(driver, err);
    if (!status)
        status = driver_judge(driver, wait_s, err);
    if (!status)
        status = advance_all(driver, err);
    remove_over(driver);
    end_late(driver);
    return status ? status : driver->quest_count;
}

void driver_texts(const struct driver *driver, uint64_t id,
                  void (*each)(void *data, int32_t node, const char *text, size_t len), void *data)
{
    const char *text;
    size_t len;
    for (int64_t tag = 0; tag < driver->job_cap; tag++)
        if (driver->jobs[tag].quest && driver->jobs[tag].quest->id == id &&
            engine_peek(driver->engine, tag, &text, &len))
            each(data, driver->jobs[tag].node, text, len);
}

int64_t driver_results(const struct driver *driver)
{
    return driver->results;
}

struct ponder_ledger driver_spent(const struct driver *driver)
{
    struct ponder_ledger spent = driver->spent;
    for (int64_t i = 0; i < driver->quest_count; i++)
        ledger_add(&spent, &driver->quests[i]->judged.cost);
    return spent;
}
