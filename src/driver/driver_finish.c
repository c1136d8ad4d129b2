/* driver_finish.c - a search by steps whose budget is gone before any solution has ended: its best beginning
 * is written to an end at temperature 0, from a part of the budget that was kept for it. */
#include <math.h>

#include "core/err.h"
#include "driver/driver_impl.h"

enum { SHARE = 3 }; /* at most 1/SHARE of what there is at the beginning is kept */

void driver_reserve_finish(struct quest *quest)
{
    struct allowance *allowance = &quest->allowance;
    const struct budget *budget = &quest->plan->budget;
    const struct ponder_ledger nothing = {0};
    int64_t most = quest->plan->sampling->max_tokens;
    if (!quest->search.ops->by_steps || (budget->tokens == 0 && !(budget->flops > 0)))
        return;
    /* at the end of the text, where a token costs most */
    int64_t room = allowance_room(allowance, &nothing, quest->prompt_tokens + most, SHARE * most) / SHARE;
    if (room < 1)
        return;
    quest->finish_reservation = allowance_price(allowance, quest->prompt_tokens + most, room);
    allowance_reserve(allowance, quest->finish_reservation);
}

static bool has_ended(const struct quest *quest)
{
    for (int32_t i = 1; i < quest->search.tree.count; i++)
        if (quest->search.tree.nodes[i].end == TREE_ENDED)
            return true;
    return false;
}

double driver_finish_time_s(const struct driver *driver, const struct quest *quest)
{
    double step_s = driver->step_count > 0 ? driver->steps_s / (double)driver->step_count : 0;
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

int driver_ask_finish(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    bool kept = quest->finish_reservation.tokens > 0 || (quest->closing && !isinf(quest->deadline_s));
    bool may = !quest->cancelled && !quest->outcome.failed && !quest->finishing &&
               clock_now_s(driver->clock) < quest->deadline_s;
    int32_t node = may && kept && quest->search.ops->by_steps && !has_ended(quest) ? best_open(quest) : -1;
    allowance_refund(&quest->allowance, quest->finish_reservation);
    quest->finish_reservation = (struct reservation){0};
    if (node < 0)
        return PONDER_OK;
    if (!quest->closing) /* nothing more could be judged */
        quest_close_asks(quest, "budget");
    quest->finishing = true;
    quest->counted = quest->any = false;
    struct search_ask ask = {
        .node = node, .count = 1, .unit = SEARCH_SOLUTION, .judge = SEARCH_QUIET, .greedy = true};
    quest->search.ask_count = quest->asked = 0;
    if (search_ask(&quest->search, ask))
        return err_memory(err, "a search");
    int status = driver_submit_more(driver, quest, err);
    if (!status && quest->awaited == 0)
        quest_close_asks(quest, quest->outcome.ended_by);
    return status;
}
