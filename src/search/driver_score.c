/* driver_score.c - the verifier's turn: what is new in the rounds that are over, all questions in one batch.
 */
#include <math.h>
#include <stdlib.h>

#include "core/err.h"
#include "search/driver_impl.h"

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
    if (quest->plan->verifier->ops->scoreless)
        return false;
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
    struct ponder_ledger spent = quest_spent(quest);
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
    int64_t group = quest->plan->ops->by_groups ? quest->options.width : 0;
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
    const struct quest *quest = &work->quests[place->question];
    struct tree *tree = &work->quests[place->question].search.tree;
    struct tree_node *node = &tree->nodes[place->node];
    node->judged = true;
    node->solved = item->solved;
    if (item->count == 0)
        return PONDER_OK;
    node->score = item->whole ? (double)item->scores[item->count - 1] : 0;
    node->total = item->whole ? verifier_aggregate(quest->plan->aggregate, item->scores, item->count) : 0;
    return node->end == TREE_OPEN ? PONDER_OK : tree_set_steps(tree, place->node, item->scores, item->count);
}

/* The items from `from` to before `to`, by the verifier and the deadline of the first one's question. */
static int score_part(struct work *work, struct batch *batch, int64_t from, int64_t to,
                      struct ponder_err *err)
{
    const struct quest *first = &work->quests[batch->places[from].question];
    double began_s = clock_now_s(work->clock), at_s = first->deadline_s;
    struct deadline deadline = {work->clock, at_s};
    int status = verifier_score(first->plan->verifier, batch->items + from, to - from,
                                isinf(at_s) ? NULL : &deadline, err);
    work->judging_s += clock_now_s(work->clock) - began_s;
    work->judged_count += to - from;
    for (int64_t i = from; i < to && !status; i++)
        status = tree_fail(keep_score(work, &batch->items[i], &batch->places[i]), TREE_BYTES_MAX, err);
    return status;
}

/* Whether two items may be scored in one call: those of one question, and those that one verifier judges
 * without deadlines. */
static bool go_together(const struct work *work, const struct job *a, const struct job *b)
{
    const struct quest *one = &work->quests[a->question], *other = &work->quests[b->question];
    return a->question == b->question || (one->plan->verifier == other->plan->verifier &&
                                          isinf(one->deadline_s) && isinf(other->deadline_s));
}

static int score(struct work *work, struct batch *batch, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t from = 0, to; from < batch->count && !status; from = to) {
        for (to = from + 1; to < batch->count && go_together(work, &batch->places[from], &batch->places[to]);)
            to++;
        status = score_part(work, batch, from, to, err);
    }
    return status;
}

int driver_score_ended(struct work *work, struct ponder_err *err)
{
    struct batch batch = {0};
    int status = PONDER_OK;
    for (int64_t i = 0; i < work->ended_count && !status; i++)
        status = collect(&batch, work, work->ended[i]) ? err_memory(err, "solutions") : PONDER_OK;
    if (!status)
        status = score(work, &batch, err);
    batch_release(&batch);
    return status;
}

double driver_judging_time_s(const struct work *work, const struct quest *quest)
{
    double each_s = work->judged_count > 0 ? work->judging_s / (double)work->judged_count : 1e-3;
    int64_t count = 0;
    if (quest->plan->verifier->hash == 0)
        return 0;
    for (int32_t i = quest->first_new; i < quest->search.tree.count; i++)
        count += quest->search.tree.nodes[i].end == TREE_ENDED && !quest->search.tree.nodes[i].judged;
    return 1.5 * each_s * (double)count;
}
