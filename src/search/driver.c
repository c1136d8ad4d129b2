#include "search/driver.h"

#include <math.h>
#include <stdlib.h>

#include "core/err.h"
#include "search/driver_impl.h"
#include "tree/ledger.h"

/* ---- a question's life ---- */

/* Handles that nothing is asked behind, now or later, are given back. */
static void release_unasked(struct work *work, struct quest *quest)
{
    struct tree *tree = &quest->search.tree;
    for (int32_t i = 0; i < tree->count; i++) {
        bool asked = tree->nodes[i].held && !quest->closing;
        if (!tree->nodes[i].handle)
            continue;
        for (int64_t a = 0; a < quest->search.ask_count && !asked; a++)
            asked = quest->search.asks[a].node == i;
        if (asked)
            continue;
        engine_node_release(work->engine, tree->nodes[i].handle);
        tree->nodes[i].handle = 0;
    }
}

static int finish(struct work *work, int64_t question, struct ponder_err *err)
{
    struct quest *quest = &work->quests[question];
    quest->outcome.tree = &quest->search.tree;
    quest->outcome.cost = quest_cost(quest);
    ledger_add(&work->judged, &quest->judged.cost);
    quest->judged.cost = (struct ponder_ledger){0};
    work->finished++;
    work->out->done++;
    work->out->failed += quest->outcome.failed;
    return work->listener->question_done(work->listener->data, question, &quest->outcome, err);
}

static void close_quest(struct work *work, int64_t question)
{
    struct quest *quest = &work->quests[question];
    if (!quest->open)
        return;
    verifier_forget(quest->plan->verifier, &quest->judged);
    ledger_add(&work->judged, &quest->judged.cost); /* of one that was given up */
    quest->search.ask_count = 0;
    quest->closing = true;
    release_unasked(work, quest);
    if (quest->search.ops->end && quest->search.state)
        quest->search.ops->end(&quest->search);
    tree_release(&quest->search.tree);
    free(quest->search.state);
    free(quest->search.asks);
    *quest = (struct quest){0};
}

static int end_quest(struct work *work, int64_t question, struct ponder_err *err)
{
    int status = finish(work, question, err);
    close_quest(work, question);
    return status;
}

/* The next moves of a question's strategy; without any, or without the means, it is done. */
static int propose(struct work *work, int64_t question, struct ponder_err *err)
{
    struct quest *quest = &work->quests[question];
    bool over = quest->outcome.failed || quest->closing;
    quest->search.ask_count = quest->asked = quest->repeats = 0;
    if (!over && quest->search.ops->propose(&quest->search))
        return err_memory(err, "a search");
    int status = quest->search.ask_count == 0 ? driver_ask_finish(work, quest, err) : PONDER_OK;
    if (status)
        return status;
    release_unasked(work, quest);
    if (quest->search.ask_count == 0)
        return end_quest(work, question, err);
    quest->first_new = quest->search.tree.count;
    status = driver_submit_more(work, question, err);
    if (!status && quest->awaited == 0 && quest->closing && !quest->finishing)
        return propose(work, question, err); /* there was no means for any of it */
    bool goes_on = quest->awaited > 0 || quest_waits(quest);
    quest->outcome.rounds += goes_on;
    return status || goes_on ? status : end_quest(work, question, err);
}

static struct quest quest_of(const struct work *work, int64_t question)
{
    const struct driver_question *asked = &work->questions[question];
    const struct driver_plan *plan = asked->plan;
    struct quest quest = {.plan = plan,
                          .search = {.ops = plan->ops},
                          .options = *plan->options,
                          .judged = verifier_case_of(asked->problem, asked->gold),
                          .purse = {.budget = &plan->budget,
                                    .verified = plan->verifier->hash != 0 && !plan->verifier->ops->tokenless},
                          .began_s = clock_now_s(work->clock),
                          .deadline_s = INFINITY,
                          .open = true};
    if (plan->budget.generations > 0 && plan->ops->fit)
        plan->ops->fit(&quest.options, plan->budget.generations);
    if (plan->budget.seconds > 0)
        quest.deadline_s = quest.began_s + plan->budget.seconds;
    if (plan->partial && work->settings->timeout_s > 0)
        quest.deadline_s = fmin(quest.deadline_s, work->meter.began_s + work->settings->timeout_s);
    return quest;
}

static int begin(struct work *work, int64_t question, struct ponder_err *err)
{
    struct quest *quest = &work->quests[question];
    const struct best_of_n_prompt *prompt = &work->questions[question].prompt;
    *quest = quest_of(work, question);
    quest->search.options = &quest->options;
    quest->search.state = calloc(1, quest->plan->ops->state_size + 1);
    if (tree_init(&quest->search.tree, prompt->key) || !quest->search.state ||
        (quest->plan->ops->begin && quest->plan->ops->begin(&quest->search)))
        return err_memory(err, "a search");
    int64_t *handle = &quest->search.tree.nodes[0].handle;
    int status = best_of_n_prompt_open(work->engine, prompt, handle, err);
    if (status)
        return status;
    int64_t length = engine_length(work->engine, *handle);
    driver_hold_prompt(work, quest, length >= 0 ? length : (int64_t)prompt->len + 1);
    driver_hold_finish(work, quest);
    if (quest->plan->ops->by_steps) /* whole samples are counted as they are asked for */
        quest->outcome.cost.generations = quest->plan->ops->generations(&quest->options);
    work->generations += quest->outcome.cost.generations;
    return propose(work, question, err);
}

/* Whole samples enter one by one, steps of a search all at once. */
static bool has_room(const struct work *work, const struct driver_question *question)
{
    int64_t wants = question->plan->ops->by_steps ? question->plan->options->n : 1;
    return work->in_flight == 0 || work->in_flight + wants <= BEST_OF_N_IN_FLIGHT_MAX;
}

/* Questions that found no room for all that they asked for go on, the first of them first. */
static int submit_waiting(struct work *work, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t q = 0; q < work->next && !status && work->in_flight < BEST_OF_N_IN_FLIGHT_MAX; q++)
        if (work->quests[q].open && quest_waits(&work->quests[q])) {
            status = driver_submit_more(work, q, err);
            if (work->quests[q].awaited == 0 && !quest_waits(&work->quests[q]))
                driver_end_waiting(work, q); /* there was no means for any of it */
        }
    return status;
}

static int begin_more(struct work *work, struct ponder_err *err)
{
    int status = submit_waiting(work, err);
    while (!status && work->next < work->question_count && has_room(work, &work->questions[work->next])) {
        int64_t question = work->next++;
        bool take = true;
        if (work->listener->question_begin)
            status = work->listener->question_begin(work->listener->data, question, &take, err);
        if (!status && take)
            status = begin(work, question, err);
        if (!take) {
            work->finished++;
            work->samples_done += work->questions[question].plan->options->n;
        }
    }
    return status;
}

/* Tells the strategy of the round, and asks for the next one. */
static int end_round(struct work *work, int64_t question, struct ponder_err *err)
{
    struct quest *quest = &work->quests[question];
    struct tree *tree = &quest->search.tree;
    bool any = false;
    for (int32_t i = quest->first_new; i < tree->count; i++) {
        any |= tree->nodes[i].end != TREE_FAILED;
        if (tree->nodes[i].same_as < 0 && !quest->finishing && quest->search.ops->observe(&quest->search, i))
            return err_memory(err, "a search");
    }
    quest->outcome.failed = !any;
    return propose(work, question, err);
}

static int end_rounds(struct work *work, struct ponder_err *err)
{
    int64_t count = work->ended_count;
    int status = driver_score_ended(work, err);
    work->ended_count = 0;
    for (int64_t i = 0; i < count && !status; i++)
        status = end_round(work, work->ended[i], err);
    return status;
}

/* Nothing more is asked for; where nothing is under way either, the round is over. */
static void close_quest_asks(struct work *work, int64_t question, const char *why)
{
    struct quest *quest = &work->quests[question];
    bool over = quest->awaited == 0 && quest_waits(quest);
    quest_close_asks(quest, why);
    if (over)
        driver_end_waiting(work, question);
}

/* ---- time ---- */

/* Ends what has no time left; its requests come back as they are. */
static void end_late(struct work *work)
{
    for (int64_t q = 0; q < work->next; q++) {
        struct quest *quest = &work->quests[q];
        bool closed = quest->closing && !quest->finishing;
        if (!quest->open || closed || isinf(quest->deadline_s))
            continue;
        double kept_s = driver_judging_time_s(work, quest) + driver_finish_time_s(work, quest);
        if (clock_now_s(work->clock) + kept_s < quest->deadline_s)
            continue;
        close_quest_asks(work, q, "time");
        driver_cancel(work, q);
    }
}

/* ---- the loop ---- */

/* Everything in flight is given up. */
static int drain(struct work *work, struct ponder_err *err)
{
    for (int64_t q = 0; q < work->next; q++)
        if (work->quests[q].open)
            close_quest_asks(work, q, work->quests[q].outcome.ended_by);
    for (int64_t tag = 0; tag < work->job_cap; tag++)
        engine_cancel(work->engine, tag);
    int unfinished = 1, status = PONDER_OK;
    while (work->in_flight > 0 && unfinished > 0 && !status) {
        unfinished = engine_step(work->engine, 0.01, err);
        if (unfinished >= 0)
            status = driver_take_all(work, err);
    }
    return unfinished < 0 ? unfinished : status;
}

/* Drops the questions that want to be told of whole results only. */
static void keep_partial(struct work *work)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < work->ended_count; i++)
        if (work->quests[work->ended[i]].plan->partial)
            work->ended[kept++] = work->ended[i];
    work->ended_count = kept;
}

/* What is under way when the work is stopped, as it stands; a moment is left to judge what has ended. */
static int tell_partial(struct work *work, struct ponder_err *err)
{
    enum { JUDGING_S_MAX = 1 };
    int status = drain(work, err);
    for (int64_t q = 0; q < work->next; q++)
        if (work->quests[q].open)
            work->quests[q].deadline_s = clock_now_s(work->clock) + JUDGING_S_MAX;
    keep_partial(work);
    return status ? status : end_rounds(work, err);
}

/* Shows the watch how far all is; whether to stop. */
static enum ponder_stopped how_far(const struct work *work)
{
    return work->samples_total
               ? meter_stop(&work->meter, work->samples_done, work->samples_total, "solutions")
               : meter_stop(&work->meter, work->finished, work->question_count, "questions");
}

static int64_t count_samples(const struct driver_question *questions, int64_t count)
{
    int64_t samples = 0;
    for (int64_t q = 0; q < count; q++) {
        if (questions[q].plan->ops->by_steps || questions[q].plan->options->rollouts)
            return 0;
        samples += questions[q].plan->options->n;
    }
    return samples;
}

static int loop(struct work *work, struct ponder_err *err)
{
    while (work->finished < work->question_count) {
        work->out->stopped = how_far(work);
        if (work->out->stopped != PONDER_STOPPED_NO)
            return tell_partial(work, err);
        int status = begin_more(work, err);
        if (status)
            return status;
        double began_s = clock_now_s(work->clock);
        int unfinished = engine_step(work->engine, 0.05, err);
        if (unfinished < 0)
            return unfinished;
        work->steps_s += clock_now_s(work->clock) - began_s;
        work->step_count++;
        status = driver_take_all(work, err);
        if (!status)
            status = end_rounds(work, err);
        if (status)
            return status;
        end_late(work);
    }
    return PONDER_OK;
}

int driver_run(struct engine *engine, const struct driver_question *questions, int64_t question_count,
               const struct driver_settings *settings, const struct driver_listener *listener,
               struct driver_result *out, struct ponder_err *err)
{
    *out = (struct driver_result){0};
    struct work work = {.engine = engine,
                        .questions = questions,
                        .question_count = question_count,
                        .settings = settings,
                        .listener = listener,
                        .out = out,
                        .samples_total = count_samples(questions, question_count),
                        .job_free = -1,
                        .clock = settings->clock,
                        .meter = meter_begin(engine, settings->clock, settings->watch, settings->timeout_s)};
    int status = PONDER_OK;
    work.quests = calloc((size_t)question_count + 1, sizeof *work.quests);
    work.ended = calloc((size_t)question_count + 1, sizeof *work.ended);
    if (!status && !(work.quests && work.ended))
        status = err_memory(err, "a search");
    if (!status)
        status = loop(&work, err);
    for (int64_t q = 0; work.quests && q < question_count; q++)
        close_quest(&work, q);
    meter_read(&work.meter, &out->ledger);
    ledger_add(&out->ledger, &work.judged);
    out->ledger.generations = work.generations;
    free(work.quests);
    free(work.ended);
    free(work.jobs);
    if (!status && out->failed > 0 && out->failed == out->done)
        status = err_set(err, PONDER_E_ENGINE, "all %lld questions failed; the first: %s",
                         (long long)out->failed, out->failure);
    return status;
}
