/* driver_take.c - results: a node's text and end, and what it cost. */
#include <math.h>
#include <stdio.h>

#include "answer/answer.h"
#include "core/err.h"
#include "driver/driver_impl.h"

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
static void charge_prompt(const struct driver *driver, struct quest *quest, int64_t from, int64_t to)
{
    struct ponder_ledger *cost = &quest->outcome.cost;
    cost->prompt_tokens += to - from;
    cost->flops += engine_flops(driver->engine, from, to - from);
    allowance_refund(&quest->allowance, quest->prompt_reservation);
    quest->prompt_reservation = (struct reservation){0};
}

/* Attempts that it was shown are prompt, as far as they were read for it. */
static void charge_shown(const struct driver *driver, struct quest *quest, int64_t cached, int64_t position)
{
    charge_prompt(driver, quest, quest->chain_charged ? cached : 0, position);
    quest->chain_charged = true;
}

static void charge(const struct driver *driver, struct quest *quest, const struct tree_node *node,
                   int64_t cached, const struct engine_result *result)
{
    struct tree_node *parent = &quest->search.tree.nodes[node->parent];
    struct ponder_ledger *cost = &quest->outcome.cost;
    quest->recomputed_flops += result->recomputed_flops;
    if (result->token_count < 1)
        return;
    if (node->chain) {
        charge_shown(driver, quest, cached, result->position);
    } else if (!quest->prompt_charged && node->parent == 0) {
        quest->prompt_tokens = result->position;
        quest->prompt_charged = true;
        charge_prompt(driver, quest, 0, result->position);
    }
    cost->generated_tokens += result->token_count;
    cost->flops += engine_flops(driver->engine, result->position, result->token_count - 1);
    if (!parent->charged && node->parent > 0 && result->position > 0)
        cost->flops += engine_flops(driver->engine, result->position - 1, 1);
    parent->charged = true;
}

static bool thinks_behind(const struct tree *tree, int32_t node, const char *text, size_t len)
{
    char tail[ANSWER_TAIL_BYTES];
    int32_t parent = tree->nodes[node].parent;
    size_t tail_len = tree_path_tail(tree, parent, tail, sizeof tail);
    return answer_thinks(tree->nodes[parent].thinks, tail, tail_len, text, len);
}

static int fill_node(struct driver *driver, struct quest *quest, int32_t index, int64_t cached,
                     const struct engine_result *result, struct ponder_err *err)
{
    struct tree *tree = &quest->search.tree;
    struct tree_node *node = &tree->nodes[index];
    node->awaited = false;
    node->tokens = result->token_count;
    node->tokens_all += result->token_count;
    node->logprob = result->token_count > 0 ? result->logprob / result->token_count : NAN;
    node->end = end_of(result, node->tokens_all, quest->plan->sampling->max_tokens);
    node->handle = result->node;
    node->finish = (int)result->finish;
    node->before = result->position;
    charge(driver, quest, node, cached, result);
    const char *text = result->text ? result->text : "";
    node->thinks = thinks_behind(tree, index, text, result->text_len);
    int status = tree_append(tree, index, text, result->text_len);
    if (!status && quest->plan->keep_ids && result->tokens)
        status = tree_set_ids(tree, index, result->tokens, result->token_count);
    return tree_fail(status, TREE_BYTES_MAX, err);
}

/* Of what was set aside, the part for the verifier stays until the text is read. */
static void reserve_reading(struct quest *quest, int32_t index)
{
    const struct tree_node *node = &quest->search.tree.nodes[index];
    struct reservation reading = allowance_reading_price(&quest->allowance, node->before, node->tokens);
    allowance_reserve(&quest->allowance, reading);
    quest->reading_reservation.tokens += reading.tokens;
    quest->reading_reservation.flops += reading.flops;
}

static int take_one(struct driver *driver, struct engine_result *result, struct ponder_err *err)
{
    struct ponder_err own = {0};
    struct job job = driver->jobs[result->tag];
    struct quest *quest = job.quest;
    const struct tree_node *node = &quest->search.tree.nodes[job.node];
    driver->jobs[result->tag] = (struct job){.next_free = driver->job_free};
    driver->job_free = result->tag;
    driver->in_flight--;
    quest->awaited--;
    driver->results += result->finish != ENGINE_FINISH_CANCELLED;
    int status = fill_node(driver, quest, job.node, job.cached, result, &own);
    allowance_refund(&quest->allowance, job.reservation);
    reserve_reading(quest, job.node);
    if (result->finish == ENGINE_FINISH_FAILED && !quest->failure[0])
        snprintf(quest->failure, sizeof quest->failure, "%s", result->error);
    bool whole = node->parent == 0 && result->finish != ENGINE_FINISH_FAILED &&
                 result->finish != ENGINE_FINISH_CANCELLED && result->finish != ENGINE_FINISH_STOP;
    engine_result_clear(result);
    if (status)
        return quest_fail(driver, quest, status, own.message, err);
    return whole && quest->listener.ended ? quest->listener.ended(quest->listener.data, quest->id, node, err)
                                          : PONDER_OK;
}

int driver_take_recalled(struct driver *driver, struct quest *quest, int32_t node,
                         const struct driver_recalled *recalled, struct ponder_err *err)
{
    struct engine_result result = {.finish = recalled->finish,
                                   .text = (char *)recalled->text,
                                   .text_len = recalled->len,
                                   .tokens = (int32_t *)recalled->tokens,
                                   .token_count = (int)recalled->token_count,
                                   .position = quest->prompt_tokens,
                                   .logprob = recalled->logprob * (double)recalled->token_count};
    int status = fill_node(driver, quest, node, 0, &result, err);
    reserve_reading(quest, node);
    driver->results++;
    return status;
}

int driver_take_all(struct driver *driver, struct ponder_err *err)
{
    struct engine_result result;
    int status = PONDER_OK;
    while (!status && engine_take(driver->engine, &result))
        status = take_one(driver, &result, err);
    return status;
}
