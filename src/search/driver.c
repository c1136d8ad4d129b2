#include "search/driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "search/meter.h"
#include "tree/ledger.h"

/* A question under way. */
struct quest {
    struct search search;
    struct search_options options; /* as many generations as the budget has */
    struct driver_outcome outcome;
    struct verifier_case judged;
    struct purse purse;
    struct purse_hold prompt_hold;
    double deadline_s;      /* INFINITY: none */
    int32_t first_new;      /* nodes from here on are those of this round */
    int64_t asked, repeats; /* of the round's asks: those handed on, and how often the next one was */
    int64_t awaited;        /* results that are not in */
    int64_t prompt_tokens;
    bool open;
    bool closing; /* nothing more is asked for */
};

/* A request in flight: its tag is its index. */
struct job {
    int64_t question; /* or the next free job */
    int32_t node;     /* -1: none */
    struct purse_hold hold;
};

struct work {
    struct engine *engine;
    const struct driver_question *questions;
    int64_t question_count;
    const struct driver_settings *settings;
    const struct driver_listener *listener;
    struct driver_result *out;
    struct quest *quests; /* (question_count) */
    int64_t *ended;       /* (ended_count) questions whose round is over */
    int64_t ended_count;
    struct job *jobs; /* (job_cap) */
    int64_t job_free, job_cap, in_flight;
    int64_t next, finished; /* the next question, and those done or left out */
    int64_t generations;
    struct ponder_ledger judged; /* what the verifier took */
    double judging_s;            /* it has taken to judge .. */
    int64_t judged_count;        /* .. so many */
    const struct clock *clock;
    struct meter meter;
};

/* ---- asking ---- */

/* An unused tag, or -1. */
static int64_t job_take(struct work *work)
{
    if (work->job_free < 0) {
        int64_t cap = work->job_cap ? 2 * work->job_cap : 1024;
        struct job *jobs = realloc(work->jobs, (size_t)cap * sizeof *jobs);
        if (!jobs)
            return -1;
        for (int64_t i = work->job_cap; i < cap; i++)
            jobs[i] = (struct job){.question = i + 1 < cap ? i + 1 : -1, .node = -1};
        work->job_free = work->job_cap;
        work->jobs = jobs;
        work->job_cap = cap;
    }
    int64_t tag = work->job_free;
    work->job_free = work->jobs[tag].question;
    return tag;
}

/* The question's cost so far, its verifier's part included. */
static struct ponder_ledger cost_of(const struct quest *quest)
{
    struct ponder_ledger cost = quest->outcome.cost;
    ledger_add(&cost, &quest->judged.cost);
    return cost;
}

static int64_t position_of(const struct quest *quest, int32_t node)
{
    return quest->prompt_tokens + quest->search.tree.nodes[node].tokens_all;
}

static int submit(struct work *work, int64_t question, const struct search_ask *ask, int64_t tokens,
                  struct ponder_err *err)
{
    static const char *const line_end[] = {"\n"};
    struct quest *quest = &work->quests[question];
    struct tree *tree = &quest->search.tree;
    const struct driver_settings *settings = work->settings;
    const struct ponder_sampling *s = settings->sampling;
    int32_t node = tree_add(tree, ask->node);
    int64_t tag = node < 0 ? -1 : job_take(work);
    if (tag < 0)
        return err_memory(err, "a search's tree");
    tree->nodes[node].rollout = ask->rollout;
    struct engine_request request = {
        .tag = tag,
        .parent = tree->nodes[ask->node].handle,
        .tokens_max = (int)tokens,
        .sampling = {ask->rollout ? 0 : s->temperature, (int)s->top_k, s->top_p, s->min_p},
        .stream = tree->nodes[node].key,
        .stops = settings->separator ? &settings->separator : line_end,
        .stop_count = settings->ops->by_steps ? 1 : 0,
    };
    int status = engine_submit(work->engine, &request, err);
    if (status)
        return status;
    struct purse_hold hold = purse_hold(&quest->purse, work->engine, position_of(quest, ask->node), tokens);
    work->jobs[tag] = (struct job){question, node, hold};
    quest->awaited++;
    work->in_flight++;
    return PONDER_OK;
}

/* Nothing more is asked for. */
static void close_asks(struct quest *quest, const char *why)
{
    quest->closing = true;
    quest->outcome.ended_by = why;
    quest->asked = quest->search.ask_count;
}

/* Against the clock a question's solutions are brought to an end a batch at a time, so that some have ended
 * when it is over; all at once, none might have. */
enum { TIMED_IN_FLIGHT_MAX = 64 };

static bool is_enough(const struct quest *quest)
{
    return !isinf(quest->deadline_s) && quest->awaited >= TIMED_IN_FLIGHT_MAX;
}

/* Hands on what the round still wants, as far as the purse goes. */
static int submit_more(struct work *work, int64_t question, struct ponder_err *err)
{
    struct quest *quest = &work->quests[question];
    int status = PONDER_OK;
    while (!status && quest->asked < quest->search.ask_count && !is_enough(quest)) {
        const struct search_ask *ask = &quest->search.asks[quest->asked];
        const struct tree_node *node = &quest->search.tree.nodes[ask->node];
        struct ponder_ledger spent = cost_of(quest);
        int64_t want = work->settings->sampling->max_tokens - node->tokens_all;
        int64_t room = purse_room(&quest->purse, &spent, work->engine, position_of(quest, ask->node), want);
        if (room < want && quest->awaited > 0)
            return PONDER_OK; /* something may come back */
        if (room < 1) {
            close_asks(quest, "budget");
            return PONDER_OK;
        }
        status = submit(work, question, ask, room, err);
        if (++quest->repeats == ask->count) {
            quest->repeats = 0;
            quest->asked++;
        }
    }
    return status;
}

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
    quest->outcome.cost = cost_of(quest);
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
    verifier_forget(work->settings->verifier, &quest->judged);
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
    release_unasked(work, quest);
    if (quest->search.ask_count == 0)
        return end_quest(work, question, err);
    quest->first_new = quest->search.tree.count;
    int status = submit_more(work, question, err);
    quest->outcome.rounds += quest->awaited > 0;
    return status || quest->awaited > 0 ? status : end_quest(work, question, err);
}

static struct quest quest_of(const struct work *work, int64_t question)
{
    const struct driver_settings *settings = work->settings;
    const struct driver_question *asked = &work->questions[question];
    struct quest quest = {.search = {.ops = settings->ops},
                          .options = *settings->options,
                          .judged = verifier_case_of(asked->problem, asked->gold),
                          .purse = {.budget = &settings->budget, .verified = settings->verifier->hash != 0},
                          .deadline_s = INFINITY,
                          .open = true};
    double now_s = clock_now_s(work->clock);
    if (settings->budget.generations > 0)
        settings->ops->fit(&quest.options, settings->budget.generations);
    if (settings->budget.seconds > 0)
        quest.deadline_s = now_s + settings->budget.seconds;
    if (settings->partial && settings->sampling->timeout_s > 0)
        quest.deadline_s = fmin(quest.deadline_s, work->meter.began_s + settings->sampling->timeout_s);
    return quest;
}

/* The prompt is set aside until it is known to have been computed; the verifier reads it too. */
static void hold_prompt(struct work *work, struct quest *quest, int64_t tokens)
{
    int64_t times = quest->purse.verified ? 2 : 1;
    quest->prompt_tokens = tokens;
    quest->prompt_hold =
        (struct purse_hold){times * (tokens + 8), (double)times * engine_flops(work->engine, 0, tokens + 8)};
    quest->purse.tokens_held += quest->prompt_hold.tokens;
    quest->purse.flops_held += quest->prompt_hold.flops;
}

static int begin(struct work *work, int64_t question, struct ponder_err *err)
{
    struct quest *quest = &work->quests[question];
    const struct best_of_n_prompt *prompt = &work->questions[question].prompt;
    *quest = quest_of(work, question);
    quest->search.options = &quest->options;
    quest->search.state = calloc(1, work->settings->ops->state_size + 1);
    if (tree_init(&quest->search.tree, prompt->key) || !quest->search.state ||
        work->settings->ops->begin(&quest->search))
        return err_memory(err, "a search");
    int64_t *handle = &quest->search.tree.nodes[0].handle;
    int status = engine_prompt(work->engine, 0, prompt->text, prompt->len, handle, err);
    if (status)
        return prompt->name ? err_prefix(err, status, "%s", prompt->name) : status;
    int64_t length = engine_length(work->engine, *handle);
    hold_prompt(work, quest, length >= 0 ? length : (int64_t)prompt->len + 1);
    quest->outcome.cost.generations = work->settings->ops->generations(&quest->options);
    work->generations += quest->outcome.cost.generations;
    return propose(work, question, err);
}

static int begin_more(struct work *work, struct ponder_err *err)
{
    int status = PONDER_OK;
    while (
        !status && work->next < work->question_count &&
        (work->in_flight == 0 || work->in_flight + work->settings->options->n <= BEST_OF_N_IN_FLIGHT_MAX)) {
        int64_t question = work->next++;
        bool take = true;
        if (work->listener->question_begin)
            status = work->listener->question_begin(work->listener->data, question, &take, err);
        if (!status && take)
            status = begin(work, question, err);
        work->finished += !take;
    }
    return status;
}

/* ---- results ---- */

static enum tree_end end_of(const struct engine_result *result, int64_t tokens_all, int64_t tokens_max)
{
    switch (result->finish) {
    case ENGINE_FINISH_END:
        return TREE_ENDED;
    case ENGINE_FINISH_STOP:
        return tokens_all < tokens_max ? TREE_OPEN : TREE_CUT;
    case ENGINE_FINISH_FAILED:
        return TREE_FAILED;
    default:
        return TREE_CUT;
    }
}

/* What a result took: the prompt with the first of them, and a parent's last token, drawn before, with its
 * first child. */
static void charge(const struct work *work, struct quest *quest, const struct tree_node *node,
                   const struct engine_result *result)
{
    struct tree_node *parent = &quest->search.tree.nodes[node->parent];
    struct ponder_ledger *cost = &quest->outcome.cost;
    if (result->token_count < 1)
        return;
    if (cost->prompt_tokens == 0 && node->parent == 0) {
        quest->prompt_tokens = result->position;
        cost->prompt_tokens = result->position;
        cost->flops += engine_flops(work->engine, 0, result->position);
        if (quest->purse.verified) /* the verifier's half stays */
            quest->prompt_hold =
                (struct purse_hold){quest->prompt_hold.tokens / 2, quest->prompt_hold.flops / 2};
        purse_refund(&quest->purse, &quest->prompt_hold);
    }
    cost->generated_tokens += result->token_count;
    cost->flops += engine_flops(work->engine, result->position, result->token_count - 1);
    if (!parent->charged && node->parent > 0 && result->position > 0)
        cost->flops += engine_flops(work->engine, result->position - 1, 1);
    parent->charged = true;
}

static int fill_node(struct work *work, const struct job *job, const struct engine_result *result,
                     struct ponder_err *err)
{
    struct quest *quest = &work->quests[job->question];
    struct tree *tree = &quest->search.tree;
    struct tree_node *node = &tree->nodes[job->node];
    node->tokens = result->token_count;
    node->tokens_all += result->token_count;
    node->logprob = result->token_count > 0 ? result->logprob / result->token_count : NAN;
    node->end = end_of(result, node->tokens_all, work->settings->sampling->max_tokens);
    node->handle = result->node;
    charge(work, quest, node, result);
    return tree_append(tree, job->node, result->text ? result->text : "", result->text_len)
               ? err_memory(err, "a search's tree")
               : PONDER_OK;
}

static int take_one(struct work *work, struct engine_result *result, struct ponder_err *err)
{
    struct job job = work->jobs[result->tag];
    struct quest *quest = &work->quests[job.question];
    work->jobs[result->tag].question = work->job_free;
    work->job_free = result->tag;
    work->jobs[result->tag].node = -1;
    work->in_flight--;
    quest->awaited--;
    int status = fill_node(work, &job, result, err);
    purse_refund(&quest->purse, &job.hold);
    if (result->finish == ENGINE_FINISH_FAILED && !work->out->failure[0])
        snprintf(work->out->failure, sizeof work->out->failure, "%s", result->error);
    engine_result_clear(result);
    if (!status)
        status = submit_more(work, job.question, err);
    if (quest->awaited == 0)
        work->ended[work->ended_count++] = job.question;
    return status;
}

static int take_all(struct work *work, struct ponder_err *err)
{
    struct engine_result result;
    int status = PONDER_OK;
    while (!status && engine_take(work->engine, &result))
        status = take_one(work, &result, err);
    return status;
}

/* ---- scoring ---- */

/* What is to be scored, over all questions whose rounds are over. */
struct batch {
    struct verifier_item *items;
    struct job *places; /* question and node of each */
    int64_t count, cap;
};

enum { STEPS_MAX = 1024 };

static void batch_release(struct batch *batch)
{
    for (int64_t i = 0; i < batch->count; i++) {
        free((char *)batch->items[i].text);
        free(batch->items[i].scores);
    }
    free(batch->items);
    free(batch->places);
}

static int batch_grow(struct batch *batch)
{
    if (batch->count < batch->cap)
        return PONDER_OK;
    int64_t cap = batch->cap ? 2 * batch->cap : 256;
    struct verifier_item *items = realloc(batch->items, (size_t)cap * sizeof *items);
    if (items)
        batch->items = items;
    struct job *places = realloc(batch->places, (size_t)cap * sizeof *places);
    if (places)
        batch->places = places;
    if (!items || !places)
        return PONDER_E_MEMORY;
    batch->cap = cap;
    return PONDER_OK;
}

static int batch_add(struct batch *batch, const struct work *work, int64_t question, int32_t index)
{
    struct quest *quest = &work->quests[question];
    struct buf text = BUF_INIT(TREE_BYTES_MAX);
    if (batch_grow(batch) || tree_path_text(&quest->search.tree, index, &text)) {
        buf_release(&text);
        return PONDER_E_MEMORY;
    }
    struct verifier_item item = {.of = &quest->judged,
                                 .len = text.len,
                                 .ended = quest->search.tree.nodes[index].end != TREE_OPEN,
                                 .scores_max = STEPS_MAX};
    item.text = buf_take(&text, NULL);
    item.scores = malloc(STEPS_MAX * sizeof *item.scores);
    batch->items[batch->count] = item;
    batch->places[batch->count++] = (struct job){.question = question, .node = index};
    return item.text && item.scores ? PONDER_OK : PONDER_E_MEMORY;
}

/* Whether a new node is to be judged: a solution that has ended is, a step unless it was asked for as quiet,
 * or comes too late to be of use. */
static bool is_wanted(const struct quest *quest, const struct tree_node *node)
{
    if (node->end == TREE_ENDED)
        return true;
    if (quest->closing)
        return false;
    for (int64_t a = 0; a < quest->search.ask_count; a++)
        if (quest->search.asks[a].node == node->parent && quest->search.asks[a].rollout == node->rollout)
            return !quest->search.asks[a].quiet || node->end != TREE_OPEN;
    return true;
}

/* What is left in the purse is the verifier's to spend. */
static void fill_purse(struct quest *quest)
{
    struct ponder_ledger spent = cost_of(quest);
    if (quest->purse.verified && quest->outcome.cost.prompt_tokens > 0) {
        purse_refund(&quest->purse, &quest->prompt_hold);
        quest->prompt_hold = (struct purse_hold){0};
    }
    purse_left(&quest->purse, &spent, &quest->judged.tokens_left, &quest->judged.flops_left);
}

/* The question's new nodes that stand for themselves. */
static int collect(struct batch *batch, struct work *work, int64_t question)
{
    struct quest *quest = &work->quests[question];
    struct tree *tree = &quest->search.tree;
    int64_t group = work->settings->ops->by_groups ? quest->options.width : 0;
    int status = PONDER_OK;
    fill_purse(quest);
    for (int32_t i = quest->first_new; i < tree->count && !status; i++) {
        if (tree->nodes[i].end == TREE_FAILED)
            continue;
        tree_merge(tree, i, group);
        quest->outcome.repeated += tree->nodes[i].same_as >= 0;
        if (tree->nodes[i].same_as < 0 && is_wanted(quest, &tree->nodes[i]))
            status = batch_add(batch, work, question, i);
    }
    return status;
}

static int keep_score(struct work *work, const struct verifier_item *item, const struct job *place)
{
    struct tree *tree = &work->quests[place->question].search.tree;
    struct tree_node *node = &tree->nodes[place->node];
    node->judged = true;
    node->solved = item->solved;
    if (item->count == 0)
        return PONDER_OK;
    node->score = item->whole ? (double)item->scores[item->count - 1] : 0;
    node->total = item->whole ? verifier_aggregate(work->settings->aggregate, item->scores, item->count) : 0;
    return node->end == TREE_OPEN ? PONDER_OK : tree_set_steps(tree, place->node, item->scores, item->count);
}

/* The items from `from` to before `to`, by the deadline of the first one's question. */
static int score_part(struct work *work, struct batch *batch, int64_t from, int64_t to,
                      struct ponder_err *err)
{
    double began_s = clock_now_s(work->clock), at_s = work->quests[batch->places[from].question].deadline_s;
    struct deadline deadline = {work->clock, at_s};
    int status = verifier_score(work->settings->verifier, batch->items + from, to - from,
                                isinf(at_s) ? NULL : &deadline, err);
    work->judging_s += clock_now_s(work->clock) - began_s;
    work->judged_count += to - from;
    for (int64_t i = from; i < to && !status; i++)
        if (keep_score(work, &batch->items[i], &batch->places[i]))
            status = err_memory(err, "scores");
    return status;
}

/* All at once, or a question at a time where each has its own deadline. */
static int score(struct work *work, struct batch *batch, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t from = 0, to; from < batch->count && !status; from = to) {
        int64_t question = batch->places[from].question;
        bool timed = !isinf(work->quests[question].deadline_s);
        for (to = from + 1; to < batch->count && (!timed || batch->places[to].question == question);)
            to++;
        status = score_part(work, batch, from, to, err);
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
        if (tree->nodes[i].same_as < 0 && quest->search.ops->observe(&quest->search, i))
            return err_memory(err, "a search");
    }
    quest->outcome.failed = !any;
    return propose(work, question, err);
}

static int end_rounds(struct work *work, struct ponder_err *err)
{
    struct batch batch = {0};
    int64_t count = work->ended_count;
    int status = PONDER_OK;
    for (int64_t i = 0; i < count && !status; i++)
        status = collect(&batch, work, work->ended[i]) ? err_memory(err, "solutions") : PONDER_OK;
    if (!status)
        status = score(work, &batch, err);
    batch_release(&batch);
    work->ended_count = 0;
    for (int64_t i = 0; i < count && !status; i++)
        status = end_round(work, work->ended[i], err);
    return status;
}

/* ---- time ---- */

/* Seconds that judging the question's finished solutions will take, by what it took so far. */
static double judging_time_s(const struct work *work, const struct quest *quest)
{
    double each_s = work->judged_count > 0 ? work->judging_s / (double)work->judged_count : 1e-3;
    int64_t count = 0;
    if (!quest->purse.verified)
        return 0;
    for (int32_t i = quest->first_new; i < quest->search.tree.count; i++)
        count += quest->search.tree.nodes[i].end == TREE_ENDED && !quest->search.tree.nodes[i].judged;
    return 1.5 * each_s * (double)count;
}

static void cancel(struct work *work, int64_t question)
{
    for (int64_t tag = 0; tag < work->job_cap; tag++)
        if (work->jobs[tag].node >= 0 && work->jobs[tag].question == question)
            engine_cancel(work->engine, tag);
}

/* Ends what has no time left; its requests come back as they are. */
static void end_late(struct work *work)
{
    for (int64_t q = 0; q < work->next; q++) {
        struct quest *quest = &work->quests[q];
        if (!quest->open || quest->closing || isinf(quest->deadline_s))
            continue;
        if (clock_now_s(work->clock) + judging_time_s(work, quest) < quest->deadline_s)
            continue;
        close_asks(quest, "time");
        cancel(work, q);
    }
}

/* ---- the loop ---- */

/* Everything in flight is given up. */
static int drain(struct work *work, struct ponder_err *err)
{
    for (int64_t q = 0; q < work->next; q++)
        if (work->quests[q].open)
            close_asks(&work->quests[q], work->quests[q].outcome.ended_by);
    for (int64_t tag = 0; tag < work->job_cap; tag++)
        engine_cancel(work->engine, tag);
    int unfinished = 1, status = PONDER_OK;
    while (work->in_flight > 0 && unfinished > 0 && !status) {
        unfinished = engine_step(work->engine, 0.01, err);
        if (unfinished >= 0)
            status = take_all(work, err);
    }
    return unfinished < 0 ? unfinished : status;
}

/* What is under way when the work is stopped, as it stands; a moment is left to judge what has ended. */
static int tell_partial(struct work *work, struct ponder_err *err)
{
    enum { JUDGING_S_MAX = 1 };
    int status = drain(work, err);
    for (int64_t q = 0; q < work->next; q++)
        if (work->quests[q].open)
            work->quests[q].deadline_s = clock_now_s(work->clock) + JUDGING_S_MAX;
    return status || !work->settings->partial ? status : end_rounds(work, err);
}

static int loop(struct work *work, struct ponder_err *err)
{
    while (work->finished < work->question_count) {
        work->out->stopped = meter_stop(&work->meter, work->finished, work->question_count, "questions");
        if (work->out->stopped != PONDER_STOPPED_NO)
            return tell_partial(work, err);
        int status = begin_more(work, err);
        if (status)
            return status;
        int unfinished = engine_step(work->engine, 0.05, err);
        if (unfinished < 0)
            return unfinished;
        status = take_all(work, err);
        if (!status)
            status = end_rounds(work, err);
        if (status)
            return status;
        end_late(work);
    }
    return PONDER_OK;
}

int driver_run(struct engine *engine, const struct driver_question *questions, int64_t question_count,
               const struct driver_settings *settings, const struct clock *clock,
               const struct ponder_watch *watch, const struct driver_listener *listener,
               struct driver_result *out, struct ponder_err *err)
{
    *out = (struct driver_result){0};
    struct work work = {.engine = engine,
                        .questions = questions,
                        .question_count = question_count,
                        .settings = settings,
                        .listener = listener,
                        .out = out,
                        .job_free = -1,
                        .clock = clock,
                        .meter = meter_begin(engine, clock, watch, settings->sampling->timeout_s)};
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
