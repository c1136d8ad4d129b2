/* driver_ask.c - what is asked of the engine, and what comes of it: requests, purses, results. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "core/err.h"
#include "search/driver_impl.h"
#include "tree/ledger.h"

/* ---- asking ---- */

/* An unused tag, or PONDER_E_MEMORY. */
static int64_t job_take(struct work *work)
{
    if (work->job_free < 0) {
        int64_t cap = work->job_cap ? 2 * work->job_cap : 1024;
        struct job *jobs = realloc(work->jobs, (size_t)cap * sizeof *jobs);
        if (!jobs)
            return PONDER_E_MEMORY;
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

static int64_t position_of(const struct quest *quest, int32_t node)
{
    return quest->prompt_tokens + quest->search.tree.nodes[node].tokens_all;
}

static int submit(struct work *work, int64_t question, const struct search_ask *ask, int64_t tokens,
                  struct ponder_err *err)
{
    static const char *const line_end[] = {"\n"}, *const thought_end[] = {"</think>"};
    struct quest *quest = &work->quests[question];
    struct tree *tree = &quest->search.tree;
    const struct driver_plan *plan = quest->plan;
    const struct ponder_sampling *s = plan->sampling;
    int32_t node = tree_add(tree, ask->node);
    int64_t tag = node < 0 ? node : job_take(work);
    if (tag < 0)
        return tree_fail((int)tag, TREE_BYTES_MAX, err);
    tree->nodes[node].rollout = ask->rollout && !quest->finishing;
    bool by_steps = plan->ops->by_steps && !quest->finishing;
    /* A thought is one step, unless steps end otherwise than at lines. */
    bool by_lines = !plan->separator || strcmp(plan->separator, "\n") == 0;
    struct engine_request request = {
        .tag = tag,
        .parent = tree->nodes[ask->node].handle,
        .tokens_max = (int)tokens,
        .sampling = {ask->rollout || ask->greedy ? 0 : s->temperature, (int)s->top_k, s->top_p, s->min_p},
        .stream = tree->nodes[node].key,
        .end = work->questions[question].prompt.end,
        .stops = by_lines && tree->nodes[ask->node].thinks ? thought_end
                 : by_lines                                ? line_end
                                                           : &plan->separator,
        .stop_count = by_steps ? 1 : 0,
    };
    int status = engine_submit(work->engine, &request, err);
    if (status)
        return status;
    struct purse_hold hold = purse_hold(&quest->purse, work->engine, position_of(quest, ask->node), tokens);
    work->jobs[tag] = (struct job){question, node, hold};
    quest->awaited++;
    work->in_flight++;
    if (!plan->ops->by_steps) {
        quest->outcome.cost.generations++;
        work->generations++;
    }
    return PONDER_OK;
}

bool quest_waits(const struct quest *quest)
{
    return !quest->closing && quest->asked < quest->search.ask_count;
}

void driver_end_waiting(struct work *work, int64_t question)
{
    work->ended[work->ended_count++] = question;
}

void quest_close_asks(struct quest *quest, const char *why)
{
    quest->closing = true;
    quest->outcome.ended_by = why;
    quest->asked = quest->search.ask_count;
}

/* Against the clock a question's solutions are brought to an end a batch at a time, so that some have ended
 * when it is over; all at once, none might have. */
enum { TIMED_IN_FLIGHT_MAX = 64 };

static bool is_enough(const struct work *work, const struct quest *quest)
{
    return work->in_flight >= BEST_OF_N_IN_FLIGHT_MAX ||
           (!isinf(quest->deadline_s) && quest->awaited >= TIMED_IN_FLIGHT_MAX);
}

/* The engine reads a placed text when the first thing is asked behind it. */
static int open_placed(struct work *work, struct quest *quest, int32_t index, struct ponder_err *err)
{
    struct tree_node *node = &quest->search.tree.nodes[index];
    if (!node->placed || node->handle || node->end != TREE_OPEN)
        return PONDER_OK;
    int64_t parent = quest->search.tree.nodes[node->parent].handle;
    int status = parent ? engine_prompt(work->engine, parent, node->text, node->len, &node->handle, err)
                        : PONDER_E_LIMIT; /* it had no room itself */
    if (status == PONDER_E_LIMIT)
        node->end = TREE_CUT;
    return status == PONDER_E_LIMIT ? PONDER_OK : status;
}

static void next_ask(struct quest *quest)
{
    quest->repeats = 0;
    quest->asked++;
}

int driver_submit_more(struct work *work, int64_t question, struct ponder_err *err)
{
    struct quest *quest = &work->quests[question];
    int status = PONDER_OK;
    while (!status && quest->asked < quest->search.ask_count && !is_enough(work, quest)) {
        const struct search_ask *ask = &quest->search.asks[quest->asked];
        status = open_placed(work, quest, ask->node, err);
        const struct tree_node *node = &quest->search.tree.nodes[ask->node];
        if (status)
            return status;
        if (node->placed && !node->handle) {
            next_ask(quest);
            continue;
        }
        struct ponder_ledger spent = quest_spent(quest);
        int64_t want = quest->plan->sampling->max_tokens - node->tokens_all;
        int64_t room = purse_room(&quest->purse, &spent, work->engine, position_of(quest, ask->node), want);
        if (room < want && quest->awaited > 0)
            return PONDER_OK; /* something may come back */
        if (room < 1) {
            quest_close_asks(quest, "budget");
            return PONDER_OK;
        }
        status = submit(work, question, ask, room, err);
        if (++quest->repeats == ask->count)
            next_ask(quest);
    }
    return status;
}

void driver_hold_prompt(struct work *work, struct quest *quest, int64_t tokens)
{
    int64_t times = quest->purse.verified ? 2 : 1;
    quest->prompt_tokens = tokens;
    quest->prompt_hold =
        (struct purse_hold){times * (tokens + 8), (double)times * engine_flops(work->engine, 0, tokens + 8)};
    quest->purse.tokens_held += quest->prompt_hold.tokens;
    quest->purse.flops_held += quest->prompt_hold.flops;
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
    quest->recomputed_flops += result->recomputed_flops;
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

static bool thinks_behind(const struct tree *tree, int32_t node, const char *text, size_t len)
{
    char tail[ANSWER_TAIL_BYTES];
    int32_t parent = tree->nodes[node].parent;
    size_t tail_len = tree_path_tail(tree, parent, tail, sizeof tail);
    return answer_thinks(tree->nodes[parent].thinks, tail, tail_len, text, len);
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
    node->end = end_of(result, node->tokens_all, quest->plan->sampling->max_tokens);
    node->handle = result->node;
    node->finish = (int)result->finish;
    node->before = result->position;
    charge(work, quest, node, result);
    const char *text = result->text ? result->text : "";
    node->thinks = thinks_behind(tree, job->node, text, result->text_len);
    int status = tree_append(tree, job->node, text, result->text_len);
    if (!status && quest->plan->keep_ids && result->tokens)
        status = tree_set_ids(tree, job->node, result->tokens, result->token_count);
    return tree_fail(status, TREE_BYTES_MAX, err);
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
    work->samples_done += result->finish != ENGINE_FINISH_CANCELLED;
    int status = fill_node(work, &job, result, err);
    purse_refund(&quest->purse, &job.hold);
    if (result->finish == ENGINE_FINISH_FAILED && !work->out->failure[0])
        snprintf(work->out->failure, sizeof work->out->failure, "%s", result->error);
    engine_result_clear(result);
    if (!status)
        status = driver_submit_more(work, job.question, err);
    if (quest->awaited == 0 && !quest_waits(quest))
        work->ended[work->ended_count++] = job.question;
    return status;
}

int driver_take_all(struct work *work, struct ponder_err *err)
{
    struct engine_result result;
    int status = PONDER_OK;
    while (!status && engine_take(work->engine, &result))
        status = take_one(work, &result, err);
    return status;
}

void driver_cancel(struct work *work, int64_t question)
{
    for (int64_t tag = 0; tag < work->job_cap; tag++)
        if (work->jobs[tag].node >= 0 && work->jobs[tag].question == question)
            engine_cancel(work->engine, tag);
}
