/* driver_finish.c - a search by steps whose budget is gone before any solution has ended: its best beginning
 * is written to an end at temperature 0, from a part of the budget that was kept for it. */
#include <math.h>

#include "core/err.h"
#include "search/driver_impl.h"

enum { SHARE = 3 }; /* at most 1/SHARE of what there is at the beginning is kept */

void driver_hold_finish(struct work *work, struct quest *quest)
{
    const struct budget *budget = &quest->plan->budget;
    const struct ponder_ledger nothing = {0};
    int64_t most = quest->plan->sampling->max_tokens;
    if (!quest->search.ops->by_steps || (budget->tokens == 0 && !(budget->flops > 0)))
        return;
    /* at the end of the text, where a token costs most */
    int64_t room =
        purse_room(&quest->purse, &nothing, work->engine, quest->prompt_tokens + most, SHARE * most) / SHARE;
    if (room > 0)
        quest->finish_hold = purse_hold(&quest->purse, work->engine, quest->prompt_tokens + most, room);
}

static bool has_ended(const struct quest *quest)
{
    for (int32_t i = 1; i < quest->search.tree.count; i++)
        if (quest->search.tree.nodes[i].end == TREE_ENDED)
            return true;
    return false;
}

double driver_finish_time_s(const struct work *work, const struct quest *quest)
{
    double step_s = work->step_count > 0 ? work->steps_s / (double)work->step_count : 0;
    if (!quest->search.ops->by_steps || quest->finishing || has_ended(quest))
        return 0;
    return fmin((quest->deadline_s - quest->began_s) / SHARE,
                step_s * (double)quest->plan->sampling->max_tokens);
}

/* The open step that the verifier likes best; where it has judged none, the first one. */
static int32_t best_open(const struct quest *quest)
{
    const struct tree *tree = &quest->search.tree;
    int32_t best = 0;
    for (int32_t i = 1; i < tree->count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        if (!node->handle || node->end != TREE_OPEN || node->rollout || node->same_as >= 0)
            continue;
        if (best == 0 || search_better(tree, i, best))
            best = i;
    }
    return tree->nodes[best].handle ? best : -1;
}

int driver_ask_finish(struct work *work, struct quest *quest, struct ponder_err *err)
{
    bool kept = quest->finish_hold.tokens > 0 || (quest->closing && !isinf(quest->deadline_s));
    bool may = work->out->stopped == PONDER_STOPPED_NO && !quest->outcome.failed && !quest->finishing &&
               clock_now_s(work->clock) < quest->deadline_s;
    int32_t node = may && kept && quest->search.ops->by_steps && !has_ended(quest) ? best_open(quest) : -1;
    purse_refund(&quest->purse, &quest->finish_hold);
    quest->finish_hold = (struct purse_hold){0};
    if (node < 0)
        return PONDER_OK;
    if (!quest->closing) /* nothing more could be judged */
        quest_close_asks(quest, "budget");
    quest->finishing = true;
    quest->asked = 0;
    return search_ask(&quest->search,
                      (struct search_ask){.node = node, .count = 1, .rollout = true, .quiet = true})
               ? err_memory(err, "a search")
               : PONDER_OK;
}
