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
    struct driver_outcome outcome;
    int32_t first_new; /* nodes from here on are those of this round */
    int64_t awaited;   /* of them, results that are not in */
    int64_t prompt_tokens;
    struct verifier_case judged;
    bool open;
};

/* A request in flight: its tag is its index. */
struct job {
    int64_t question; /* or the next free job */
    int32_t node;
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
    int64_t next, begun, finished; /* the next question; those that were begun, and those done or left out */
    struct ponder_ledger judged;   /* what the verifier took */
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
            jobs[i] = (struct job){i + 1 < cap ? i + 1 : -1, -1};
        work->job_free = work->job_cap;
        work->jobs = jobs;
        work->job_cap = cap;
    }
    int64_t tag = work->job_free;
    work->job_free = work->jobs[tag].question;
    return tag;
}

static int submit(struct work *work, int64_t question, int32_t parent, struct ponder_err *err)
{
    static const char *const line_end[] = {"\n"};
    struct tree *tree = &work->quests[question].search.tree;
    const struct ponder_sampling *s = work->settings->sampling;
    int32_t node = tree_add(tree, parent);
    int64_t tag = node < 0 ? -1 : job_take(work);
    if (tag < 0)
        return err_memory(err, "a search's tree");
    struct engine_request request = {
        .tag = tag,
        .parent = tree->nodes[parent].handle,
        .tokens_max = (int)(s->max_tokens - tree->nodes[parent].tokens_all),
        .sampling = {s->temperature, (int)s->top_k, s->top_p, s->min_p},
        .stream = tree->nodes[node].key,
        .stops = line_end,
        .stop_count = work->settings->ops->by_steps ? 1 : 0,
    };
    work->jobs[tag] = (struct job){question, node};
    int status = engine_submit(work->engine, &request, err);
    work->quests[question].awaited += !status;
    work->in_flight += !status;
    return status;
}

/* Handles that nothing was asked behind are given back. */
static void release_unasked(struct work *work, struct quest *quest)
{
    struct tree *tree = &quest->search.tree;
    for (int32_t i = 0; i < tree->count; i++) {
        bool asked = false;
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
    ledger_add(&quest->outcome.cost, &quest->judged.cost);
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
    ledger_add(&work->judged, &quest->judged.cost);
    quest->search.ask_count = 0;
    release_unasked(work, quest);
    if (quest->search.ops->end && quest->search.state)
        quest->search.ops->end(&quest->search);
    tree_release(&quest->search.tree);
    free(quest->search.state);
    free(quest->search.asks);
    *quest = (struct quest){0};
}

/* The next moves of a question's strategy; without any it is done. */
static int propose(struct work *work, int64_t question, struct ponder_err *err)
{
    struct quest *quest = &work->quests[question];
    quest->search.ask_count = 0;
    if (!quest->outcome.failed && quest->search.ops->propose(&quest->search))
        return err_memory(err, "a search");
    release_unasked(work, quest);
    if (quest->search.ask_count == 0) {
        int status = finish(work, question, err);
        close_quest(work, question);
        return status;
    }
    quest->first_new = quest->search.tree.count;
    quest->outcome.rounds++;
    int status = PONDER_OK;
    for (int64_t a = 0; a < quest->search.ask_count && !status; a++)
        for (int64_t i = 0; i < quest->search.asks[a].count && !status; i++)
            status = submit(work, question, quest->search.asks[a].node, err);
    return status;
}

static int begin(struct work *work, int64_t question, struct ponder_err *err)
{
    const struct driver_settings *settings = work->settings;
    struct quest *quest = &work->quests[question];
    const struct best_of_n_prompt *prompt = &work->questions[question].prompt;
    *quest = (struct quest){
        .search = {.ops = settings->ops, .options = settings->options},
        .judged = verifier_case_of(work->questions[question].problem, work->questions[question].gold),
        .open = true};
    quest->search.state = calloc(1, settings->ops->state_size + 1);
    if (tree_init(&quest->search.tree, prompt->key) || !quest->search.state ||
        settings->ops->begin(&quest->search))
        return err_memory(err, "a search");
    int status =
        engine_prompt(work->engine, 0, prompt->text, prompt->len, &quest->search.tree.nodes[0].handle, err);
    if (status)
        return prompt->name ? err_prefix(err, status, "%s", prompt->name) : status;
    work->begun++;
    quest->outcome.cost.generations = settings->options->n;
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
    quest->outcome.cost.generated_tokens += result->token_count;
    if (node->parent == 0 && result->position > quest->prompt_tokens)
        quest->prompt_tokens = result->position;
    if (result->token_count > 1)
        quest->outcome.cost.flops += engine_flops(work->engine, result->position, result->token_count - 1);
    if (node->ordinal == 0 && node->parent > 0 &&
        result->position > 0) /* the parent's last token, drawn before */
        quest->outcome.cost.flops += engine_flops(work->engine, result->position - 1, 1);
    return tree_set_text(tree, job->node, result->text ? result->text : "", result->text_len)
               ? err_memory(err, "a search's tree")
               : PONDER_OK;
}

static int take_one(struct work *work, struct engine_result *result, struct ponder_err *err)
{
    struct job job = work->jobs[result->tag];
    struct quest *quest = &work->quests[job.question];
    work->jobs[result->tag].question = work->job_free;
    work->job_free = result->tag;
    work->in_flight--;
    int status = fill_node(work, &job, result, err);
    if (result->finish == ENGINE_FINISH_FAILED && !work->out->failure[0])
        snprintf(work->out->failure, sizeof work->out->failure, "%s", result->error);
    engine_result_clear(result);
    if (--quest->awaited == 0)
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
    batch->places[batch->count++] = (struct job){question, index};
    return item.text && item.scores ? PONDER_OK : PONDER_E_MEMORY;
}

/* The question's new nodes that stand for themselves. */
static int collect(struct batch *batch, struct work *work, int64_t question)
{
    struct quest *quest = &work->quests[question];
    struct tree *tree = &quest->search.tree;
    int64_t group = work->settings->ops->by_groups ? work->settings->options->width : 0;
    int status = PONDER_OK;
    for (int32_t i = quest->first_new; i < tree->count && !status; i++) {
        if (tree->nodes[i].end == TREE_FAILED)
            continue;
        tree_merge(tree, i, group);
        quest->outcome.repeated += tree->nodes[i].same_as >= 0;
        if (tree->nodes[i].same_as < 0)
            status = batch_add(batch, work, question, i);
    }
    return status;
}

static int score(struct work *work, struct batch *batch, struct ponder_err *err)
{
    int status = verifier_score(work->settings->verifier, batch->items, batch->count, NULL, err);
    for (int64_t i = 0; i < batch->count && !status; i++) {
        const struct verifier_item *item = &batch->items[i];
        struct tree_node *node =
            &work->quests[batch->places[i].question].search.tree.nodes[batch->places[i].node];
        if (item->count > 0)
            node->score = item->whole ? (double)item->scores[item->count - 1] : 0;
        node->solved = item->solved;
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
    if (quest->outcome.rounds == 1) {
        quest->outcome.cost.prompt_tokens = quest->prompt_tokens;
        quest->outcome.cost.flops += engine_flops(work->engine, 0, quest->prompt_tokens);
    }
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

/* ---- the loop ---- */

/* Everything in flight is given up. */
static int drain(struct work *work, struct ponder_err *err)
{
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

/* What is under way when the work is stopped, as it stands. */
static int tell_partial(struct work *work, struct ponder_err *err)
{
    int status = drain(work, err);
    for (int64_t q = 0; q < work->question_count && !status && work->settings->partial; q++) {
        struct quest *quest = &work->quests[q];
        quest->outcome.tree = &quest->search.tree;
        if (quest->open)
            status = work->listener->question_done(work->listener->data, q, &quest->outcome, err);
    }
    return status;
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
                        .meter = meter_begin(engine, clock, watch, settings->sampling->timeout_s)};
    int status = settings->ops->check(settings->options, err);
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
    out->ledger.generations = work.begun * settings->options->n;
    free(work.quests);
    free(work.ended);
    free(work.jobs);
    if (!status && out->failed > 0 && out->failed == out->done)
        status = err_set(err, PONDER_E_ENGINE, "all %lld questions failed; the first: %s",
                         (long long)out->failed, out->failure);
    return status;
}
