/* driver_ask.c - what is asked of the engine: requests, and the allowances that pay for them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "driver/driver_impl.h"

/* An unused tag, or PONDER_E_MEMORY. */
static int64_t job_take(struct driver *driver)
{
    if (driver->job_free < 0) {
        int64_t first = driver->job_cap;
        if (array_reserve(&driver->jobs, sizeof *driver->jobs, &driver->job_cap, first + 1, INT32_MAX))
            return PONDER_E_MEMORY;
        for (int64_t i = first; i < driver->job_cap; i++)
            driver->jobs[i] = (struct job){.next_free = i + 1 < driver->job_cap ? i + 1 : -1};
        driver->job_free = first;
    }
    int64_t tag = driver->job_free;
    driver->job_free = driver->jobs[tag].next_free;
    return tag;
}

static void job_free(struct driver *driver, int64_t tag)
{
    driver->jobs[tag] = (struct job){.next_free = driver->job_free};
    driver->job_free = tag;
}

static struct engine_request request_of(const struct quest *quest, const struct search_ask *ask, int32_t node,
                                        int64_t parent, int64_t tokens)
{
    static const char *const line_end[] = {"\n"}, *const thought_end[] = {"</think>"};
    const struct tree_node *nodes = quest->search.tree.nodes;
    const struct driver_plan *plan = quest->plan;
    const struct ponder_sampling *s = plan->sampling;
    /* A thought is one step, unless steps end otherwise than at lines. */
    bool by_lines = !plan->separator || strcmp(plan->separator, "\n") == 0;
    return (struct engine_request){
        .parent = parent,
        .tokens_max = (int)tokens,
        .sampling = {ask->greedy ? 0 : s->temperature, (int)s->top_k, s->top_p, s->min_p},
        .stream = nodes[node].key,
        .end = quest->question.prompt.end,
        .stops = by_lines && nodes[ask->node].thinks ? thought_end
                 : by_lines                          ? line_end
                                                     : &plan->separator,
        .stop_count = ask->unit == SEARCH_STEP ? 1 : 0,
        .timed = !isinf(quest->deadline_s),
    };
}

static void count(struct driver *driver, struct quest *quest)
{
    quest->outcome.rounds += !quest->counted;
    quest->counted = true;
    if (quest->search.ops->by_steps)
        return;
    quest->outcome.cost.generations++;
    driver->spent.generations++;
}

/* Whether the new node is a solution that is there already. */
static bool recall(const struct quest *quest, const struct search_ask *ask, int32_t node,
                   struct driver_recalled *out)
{
    const struct driver_question *question = &quest->question;
    return question->recall && ask->node == 0 && !ask->chain && ask->unit == SEARCH_SOLUTION &&
           question->recall(question->recall_data, quest->search.tree.nodes[node].ordinal, out);
}

/* What a text takes behind what it is shown, which is read first where it is new. */
static struct reservation price_of(const struct quest *quest, const struct shown *shown, int64_t tokens)
{
    struct reservation reservation = allowance_price(&quest->allowance, shown->length, tokens);
    reservation.tokens += shown->length - shown->cached;
    reservation.flops += engine_flops(quest->allowance.engine, shown->cached, shown->length - shown->cached);
    return reservation;
}

static int submit(struct driver *driver, struct quest *quest, const struct search_ask *ask,
                  const struct shown *shown, int64_t tokens, struct ponder_err *err)
{
    struct tree *tree = &quest->search.tree;
    int32_t node = tree_add(tree, ask->node);
    int64_t tag = node < 0 ? node : job_take(driver);
    if (tag < 0)
        return tree_fail((int)tag, TREE_BYTES_MAX, err);
    tree->nodes[node].rollout = ask->rollout;
    tree->nodes[node].quiet = ask->judge == SEARCH_QUIET;
    tree->nodes[node].chain = ask->chain;
    tree->nodes[node].revises = ask->revises;
    struct driver_recalled recalled;
    if (recall(quest, ask, node, &recalled)) {
        job_free(driver, tag);
        count(driver, quest);
        return driver_take_recalled(driver, quest, node, &recalled, err);
    }
    struct engine_request request = request_of(quest, ask, node, shown->parent, tokens);
    request.tag = tag;
    int status = engine_submit(driver->engine, &request, err);
    if (status) { /* the node stays, as one that was asked for and not given */
        job_free(driver, tag);
        return status;
    }
    struct reservation reservation = price_of(quest, shown, tokens);
    allowance_reserve(&quest->allowance, reservation);
    driver->jobs[tag] =
        (struct job){.quest = quest, .node = node, .cached = shown->cached, .reservation = reservation};
    tree->nodes[node].awaited = true;
    quest->awaited++;
    driver->in_flight++;
    count(driver, quest);
    return PONDER_OK;
}

bool quest_waits(const struct quest *quest)
{
    return !quest->closing && quest->asked < quest->search.ask_count;
}

/* Against the clock a question's solutions are brought to an end a batch at a time, so that some have ended
 * when it is over; all at once, none might have. */
enum { TIMED_IN_FLIGHT_MAX = 64 };

static bool is_enough(const struct driver *driver, const struct quest *quest)
{
    return driver->in_flight >= BEST_OF_N_IN_FLIGHT_MAX || driver_stop_waits(quest) ||
           (!isinf(quest->deadline_s) && quest->awaited >= TIMED_IN_FLIGHT_MAX);
}

/* The engine reads a placed text when the first thing is asked behind it. */
static int open_placed(struct driver *driver, struct quest *quest, int32_t index, struct ponder_err *err)
{
    struct tree_node *node = &quest->search.tree.nodes[index];
    if (!node->placed || node->handle || node->end != TREE_OPEN)
        return PONDER_OK;
    int64_t parent = quest->search.tree.nodes[node->parent].handle;
    int status = parent ? engine_prompt(driver->engine, parent, node->text, node->len, &node->handle, err)
                        : PONDER_E_LIMIT; /* it had no room itself */
    if (status == PONDER_E_LIMIT)
        node->end = TREE_CUT;
    return status == PONDER_E_LIMIT ? PONDER_OK : status;
}

static void next_ask(struct quest *quest)
{
    quest->repeats = 0;
    if (++quest->asked == quest->search.ask_count)
        quest->asked = quest->search.ask_count = 0;
}

/* Nothing can come of the next ask. */
static void leave_out(struct quest *quest)
{
    quest->search.pending -= quest->search.asks[quest->asked].count;
    next_ask(quest);
}

/* What the next text is to stand behind. */
static int stand_behind(struct driver *driver, struct quest *quest, const struct search_ask *ask,
                        struct shown *out, struct ponder_err *err)
{
    if (ask->chain)
        return driver_chain_show(driver, quest, ask, out, err);
    int64_t length = quest_position(quest, ask->node);
    *out = (struct shown){quest->search.tree.nodes[ask->node].handle, 0, length, length};
    return PONDER_OK;
}

/* Tokens, `want` at most, that there are means for. */
static int64_t room_behind(const struct quest *quest, const struct shown *shown, int64_t want)
{
    struct ponder_ledger spent = quest_spent(quest);
    spent.prompt_tokens += shown->length - shown->cached;
    spent.flops += engine_flops(quest->allowance.engine, shown->cached, shown->length - shown->cached);
    return allowance_room(&quest->allowance, &spent, shown->length, want);
}

/* The next ask once; *enough: there is no room or no means for it now. */
static int submit_next(struct driver *driver, struct quest *quest, bool *enough, struct ponder_err *err)
{
    struct search_ask ask = quest->search.asks[quest->asked];
    int status = open_placed(driver, quest, ask.node, err);
    const struct tree_node *node = &quest->search.tree.nodes[ask.node];
    if (status)
        return status;
    if (node->placed && !node->handle) {
        leave_out(quest);
        return PONDER_OK;
    }
    struct shown shown;
    status = stand_behind(driver, quest, &ask, &shown, err);
    int64_t want = quest->plan->sampling->max_tokens - node->tokens_all;
    int64_t room = status ? 0 : room_behind(quest, &shown, want);
    *enough = room < want && quest->told < quest->search.tree.count; /* something may come back */
    if (!status && !*enough && room < 1) {
        quest_close_asks(quest, "budget");
        *enough = true;
    }
    if (!status && !*enough) {
        status = submit(driver, quest, &ask, &shown, room, err);
        if (++quest->repeats == ask.count)
            next_ask(quest);
    }
    engine_node_release(driver->engine, shown.context);
    return status;
}

int driver_submit_more(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    struct ponder_err own = {0};
    int status = PONDER_OK;
    for (bool enough = false; !status && !enough && quest->asked < quest->search.ask_count;) {
        enough = is_enough(driver, quest);
        if (!enough)
            status = submit_next(driver, quest, &enough, &own);
    }
    return status ? quest_fail(driver, quest, status, own.message, err) : PONDER_OK;
}
