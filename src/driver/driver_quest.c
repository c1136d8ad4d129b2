/* driver_quest.c - a question's life: begun, told of its results, asked for its next moves, ended. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/err.h"
#include "driver/driver_impl.h"
#include "tree/ledger.h"

/* ---- what it has spent ---- */

struct ponder_ledger quest_cost(const struct quest *quest)
{
    struct ponder_ledger cost = quest->outcome.cost;
    ledger_add(&cost, &quest->judged.cost);
    return cost;
}

struct ponder_ledger quest_spent(const struct quest *quest)
{
    struct ponder_ledger spent = quest_cost(quest);
    spent.flops += quest->recomputed_flops;
    return spent;
}

int64_t quest_position(const struct quest *quest, int32_t node)
{
    return quest->prompt_tokens + quest->search.tree.nodes[node].tokens_all;
}

/* ---- ending ---- */

void quest_close_asks(struct quest *quest, const char *why)
{
    struct search *search = &quest->search;
    quest->closing = true;
    quest->outcome.ended_by = why;
    for (; quest->asked < search->ask_count; quest->asked++) {
        search->pending -= search->asks[quest->asked].count - quest->repeats;
        quest->repeats = 0;
    }
}

void quest_cut(struct driver *driver, struct quest *quest, const char *why)
{
    quest_close_asks(quest, why);
    for (int64_t tag = 0; tag < driver->job_cap && quest->awaited > 0; tag++)
        if (driver->jobs[tag].quest == quest)
            engine_cancel(driver->engine, tag);
}

int quest_fail(struct driver *driver, struct quest *quest, int status, const char *why,
               struct ponder_err *err)
{
    if (status == PONDER_E_MEMORY)
        return err_memory(err, "a search");
    if (!quest->outcome.status) {
        quest->outcome.status = status;
        snprintf(quest->failure, sizeof quest->failure, "%s", why);
    }
    quest->outcome.failed = true;
    quest_cut(driver, quest, NULL);
    return PONDER_OK;
}

/* Its listener knows, unless it was cancelled and wants to know of whole results only. */
static int end_quest(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    quest->over = true;
    quest->outcome.search = &quest->search;
    quest->outcome.tree = &quest->search.tree;
    quest->outcome.failure = quest->failure;
    quest->outcome.cost = quest_cost(quest);
    ledger_add(&driver->spent, &quest->judged.cost);
    quest->judged.cost = (struct ponder_ledger){0};
    if (quest->cancelled && !quest->plan->partial)
        return PONDER_OK;
    return quest->listener.done(quest->listener.data, quest->id, &quest->outcome, err);
}

/* ---- what the engine keeps for it ---- */

static void release_node(struct driver *driver, struct tree_node *node)
{
    if (node->handle)
        engine_node_release(driver->engine, node->handle);
    node->handle = 0;
}

static void release_all(struct driver *driver, struct tree *tree)
{
    for (int32_t i = 0; i < tree->count; i++)
        release_node(driver, &tree->nodes[i]);
}

/* Handles that nothing is asked behind, now or later, are given back. */
static void release_unasked(struct driver *driver, struct quest *quest)
{
    const struct search *search = &quest->search;
    for (int32_t i = 0; i < search->tree.count; i++) {
        bool asked = search->tree.nodes[i].held;
        if (!search->tree.nodes[i].handle)
            continue;
        for (int64_t a = quest->asked; a < search->ask_count && !asked; a++)
            asked = search->asks[a].node == i || (search->asks[a].revises == i && i > 0);
        if (!asked)
            release_node(driver, &search->tree.nodes[i]);
    }
}

static bool is_below(const struct tree *tree, int32_t node, int32_t above)
{
    while (node > above)
        node = tree->nodes[node].parent;
    return node == above;
}

static void take_drops(struct driver *driver, struct quest *quest)
{
    struct search *search = &quest->search;
    for (int64_t d = 0; d < search->dropped_count; d++) {
        int32_t top = search->dropped[d];
        for (int32_t i = top; i < search->tree.count; i++)
            if (is_below(&search->tree, i, top))
                release_node(driver, &search->tree.nodes[i]);
        for (int64_t tag = 0; tag < driver->job_cap; tag++)
            if (driver->jobs[tag].quest == quest && is_below(&search->tree, driver->jobs[tag].node, top))
                engine_cancel(driver->engine, tag);
    }
    search->dropped_count = 0;
}

/* ---- beginning ---- */

static void take_plan(struct driver *driver, struct quest *quest)
{
    const struct driver_plan *plan = quest->plan;
    bool verified = plan->verifier->hash != 0 && !plan->verifier->ops->tokenless;
    quest->search.options = &quest->options;
    quest->allowance = (struct allowance){
        .budget = &plan->budget, .engine = driver->engine, .verifier = verified ? plan->verifier : NULL};
    quest->began_s = clock_now_s(driver->clock);
    quest->deadline_s = plan->budget.seconds > 0 ? quest->began_s + plan->budget.seconds : INFINITY;
    if (plan->partial && quest->question.deadline_s > 0)
        quest->deadline_s = fmin(quest->deadline_s, quest->question.deadline_s);
    quest->settled = quest->told = 1;
    if (plan->stop.delta > 0)
        stop_init(&quest->stop, plan->stop.delta);
}

/* A strategy begins, with as many generations as are left. */
static int begin_strategy(struct driver *driver, struct quest *quest, const struct search_ops *ops,
                          const struct search_options *options)
{
    const struct budget *budget = &quest->plan->budget;
    struct search *search = &quest->search;
    int64_t left = budget->generations - quest->outcome.cost.generations;
    search->ops = ops;
    quest->options = *options;
    search->state = calloc(1, ops->state_size + 1);
    if (budget->generations > 0 && ops->fit)
        ops->fit(&quest->options, left > 1 ? left : 1);
    if (!search->state || (ops->begin && ops->begin(search)))
        return PONDER_E_MEMORY;
    int64_t counted = ops->by_steps ? ops->generations(&quest->options) : 0; /* others count as they ask */
    quest->outcome.cost.generations += counted;
    driver->spent.generations += counted;
    return PONDER_OK;
}

static void end_strategy(struct search *search)
{
    if (search->ops && search->ops->end && search->state)
        search->ops->end(search);
    free(search->state);
    search->state = NULL;
}

/* The prompt is set aside until it is known to have been computed; the verifier reads the question too. */
static void reserve_prompt(struct quest *quest, int64_t tokens)
{
    struct allowance *allowance = &quest->allowance;
    quest->prompt_tokens = tokens;
    quest->prompt_reservation =
        (struct reservation){tokens + 8, engine_flops(allowance->engine, 0, tokens + 8)};
    allowance_reserve(allowance, quest->prompt_reservation);
    if (!allowance->verifier)
        return;
    allowance->reading = verifier_reading_of(quest->plan->verifier, &quest->judged, tokens);
    int64_t read = allowance->reading.prompt;
    quest->reading_prompt_reservation =
        (struct reservation){read, verifier_flops(allowance->verifier, 0, read)};
    allowance_reserve(allowance, quest->reading_prompt_reservation);
}

/* The engine's node behind it. An error opens with the name. */
static int place_prompt(struct engine *engine, const struct prompt *prompt, int64_t *node,
                        struct ponder_err *err)
{
    struct engine_text text = {prompt->text, prompt->len, prompt->parts, prompt->part_count};
    int status = engine_prompt_parts(engine, 0, &text, node, err);
    return status && prompt->name ? err_prefix(err, status, "%s", prompt->name) : status;
}

static int open_prompt(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    const struct prompt *prompt = &quest->question.prompt;
    int64_t *handle = &quest->search.tree.nodes[0].handle;
    struct ponder_err own = {0};
    int status = place_prompt(driver->engine, prompt, handle, &own);
    if (status)
        return quest_fail(driver, quest, status, own.message, err);
    int64_t length = engine_length(driver->engine, *handle);
    reserve_prompt(quest, length >= 0 ? length : (int64_t)prompt->len + 1);
    driver_reserve_finish(quest);
    return PONDER_OK;
}

static int quest_propose(struct driver *driver, struct quest *quest, struct ponder_err *err);

int quest_begin(struct quest **out, struct driver *driver, const struct driver_question *question,
                const struct driver_listener *listener, struct ponder_err *err)
{
    struct quest *quest = *out = calloc(1, sizeof *quest);
    if (!quest)
        return err_memory(err, "a search");
    quest->question = *question;
    quest->plan = question->plan;
    quest->listener = *listener;
    quest->judged = verifier_case_of(question->problem, question->gold);
    take_plan(driver, quest);
    if (tree_init(&quest->search.tree, question->prompt.key) ||
        begin_strategy(driver, quest, quest->plan->ops, quest->plan->options))
        return err_memory(err, "a search");
    int status = open_prompt(driver, quest, err);
    return status || quest->closing ? status : quest_propose(driver, quest, err);
}

void quest_free(struct driver *driver, struct quest *quest)
{
    struct search *search = &quest->search;
    driver_drop_readings(quest);
    verifier_forget(quest->plan->verifier, &quest->judged);
    ledger_add(&driver->spent, &quest->judged.cost); /* of one that was given up */
    release_all(driver, &search->tree);
    engine_node_release(driver->engine, quest->chain);
    end_strategy(search);
    tally_release(&quest->tally);
    stop_release(&quest->stop);
    tree_release(&search->tree);
    free(search->asks);
    free(search->dropped);
    free(quest);
}

/* ---- moving on ---- */

/* The strategy's next moves, or those of the one that it hands over to. */
static int ask_strategy(struct driver *driver, struct quest *quest)
{
    struct search *search = &quest->search;
    int next = search->ops->propose(search);
    while (next >= 0 && search->successor && search->pending == 0) {
        const struct search_ops *ops = search->successor;
        end_strategy(search);
        search->successor = NULL;
        next = begin_strategy(driver, quest, ops, &search->successor_options);
        next = next ? next : ops->propose(search);
    }
    return next;
}

/* A round that has come to nothing is the last. */
static int quest_propose(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    struct search *search = &quest->search;
    bool at_rest = search->pending == 0;
    quest->outcome.failed |= at_rest && quest->counted && !quest->any;
    if (quest->closing || quest->outcome.failed)
        return PONDER_OK;
    int64_t before = search->pending;
    int next = ask_strategy(driver, quest);
    if (next < 0)
        return err_memory(err, "a search");
    take_drops(driver, quest);
    if (at_rest && search->pending > before) {
        quest->counted = quest->any = false;
        quest->round_begin = search->tree.count;
    }
    if (at_rest)
        release_unasked(driver, quest);
    if (next == SEARCH_DONE && !at_rest)
        quest_cut(driver, quest, NULL);
    return driver_submit_more(driver, quest, err);
}

/* Of the next result; one that an equal stands for only counts. */
static int quest_tell(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    struct search *search = &quest->search;
    int32_t i = quest->told++;
    const struct tree_node *node = &search->tree.nodes[i];
    if (node->placed)
        return PONDER_OK;
    search->pending--;
    quest->any |= node->end != TREE_FAILED;
    if (node->same_as < 0 && !quest->finishing && !node->surplus && search->ops->observe(search, i))
        return err_memory(err, "a search");
    int status = driver_stop_tell(driver, quest, i, err);
    return status ? status : quest_propose(driver, quest, err);
}

static bool is_at_rest(const struct quest *quest)
{
    return quest->awaited == 0 && quest->reading == 0 && quest->told == quest->search.tree.count &&
           !quest_waits(quest);
}

/* Nothing is under way, and nothing more is wanted, but perhaps an end. */
static int end_or_finish(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    int status = driver_ask_finish(driver, quest, err);
    return status || quest->awaited > 0 ? status : end_quest(driver, quest, err);
}

static int tell_listener(const struct quest *quest, struct ponder_err *err)
{
    if (!quest->listener.moved)
        return PONDER_OK;
    const struct driver_news news = {&quest->search, quest->told, quest->round_begin, quest_cost(quest)};
    return quest->listener.moved(quest->listener.data, quest->id, &news, err);
}

int quest_advance(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    struct tree *tree = &quest->search.tree;
    int32_t told = quest->told;
    int status = quest_waits(quest) ? driver_submit_more(driver, quest, err) : PONDER_OK;
    for (bool moves = true; moves && !status && !quest->over;) {
        status = driver_settle(driver, quest, err);
        moves = quest->told < quest->settled && !tree->nodes[quest->told].reading;
        if (!status && moves)
            status = quest_tell(driver, quest, err);
    }
    if (!status && quest->told > told)
        status = tell_listener(quest, err);
    return status || quest->over || !is_at_rest(quest) ? status : end_or_finish(driver, quest, err);
}
