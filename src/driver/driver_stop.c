/* driver_stop.c - the plan's stop rule: a vote over independent solutions ends when it is sure of its
 * election.
 *
 * It sees the solutions in the order of their asking, as the strategy does, so that timing decides nothing.
 * What is there or under way by then is surplus: no candidate. To sample little of that, and yet to fill
 * the engine's batch, half as many are under way as have been seen, or a few at the beginning. */
#include <stdlib.h>

#include "core/err.h"
#include "driver/driver_impl.h"

enum { UNDER_WAY_MIN = 8 }; /* as many as it takes at least at a delta of .05 */

bool driver_stop_waits(const struct quest *quest)
{
    if (!(quest->plan->stop.delta > 0))
        return false;
    int64_t half = (quest->told - 1) / 2, under_way = quest->search.tree.count - quest->told;
    return under_way >= (half > UNDER_WAY_MIN ? half : UNDER_WAY_MIN);
}

/* The greedy solution votes, and is no draw. */
static bool is_draw(const struct quest *quest, const struct tree_node *node)
{
    bool greedy = quest->options.greedy_first && node->ordinal == 0;
    return node->parent == 0 && !greedy && (node->end == TREE_ENDED || node->end == TREE_CUT);
}

static int driver_stop_add(struct quest *quest, int32_t index)
{
    const struct tree_node *node = &quest->search.tree.nodes[index];
    const struct tree_node *read = node->same_as >= 0 ? &quest->search.tree.nodes[node->same_as] : node;
    const struct driver_stop *stop = &quest->plan->stop;
    double weight = stop->weighted ? read->total : 1;
    enum answer_mode mode = answer_mode_of(stop->mode, node->end == TREE_ENDED);
    struct buf text = BUF_INIT(TREE_BYTES_MAX);
    int64_t answer;
    int status = tree_path_text(&quest->search.tree, index, &text);
    if (!status)
        status = tally_add(&quest->tally, buf_text(&text), text.len, mode, weight, &answer);
    buf_release(&text);
    return status ? status : stop_add(&quest->stop, answer, weight);
}

static void mark_surplus(struct tree *tree, int32_t from)
{
    for (int32_t i = from; i < tree->count; i++) {
        struct tree_node *node = &tree->nodes[i];
        node->surplus = true;
        if (node->same_as >= 0 && node->same_as < from) /* its vote is taken back */
            tree->nodes[node->same_as].repeats -= node->repeats;
    }
}

int driver_stop_tell(struct driver *driver, struct quest *quest, int32_t index, struct ponder_err *err)
{
    struct tree *tree = &quest->search.tree;
    if (!(quest->plan->stop.delta > 0) || quest->closing || !is_draw(quest, &tree->nodes[index]))
        return PONDER_OK;
    if (driver_stop_add(quest, index))
        return err_memory(err, "a vote");
    bool last = index == tree->count - 1 && index >= quest->options.n; /* nothing would be saved */
    if (stop_elected(&quest->stop) < 0 || last)
        return PONDER_OK;
    mark_surplus(tree, index + 1);
    quest_cut(driver, quest, "agreement");
    return PONDER_OK;
}
