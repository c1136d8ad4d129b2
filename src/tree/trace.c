#include "tree/trace.h"

#include "core/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *trace_state_name(enum trace_state state)
{
    static const char *const names[TRACE_STATES] = {
        [TRACE_KEPT] = "kept",   [TRACE_PRUNED] = "pruned", [TRACE_OPEN] = "open",
        [TRACE_ENDED] = "ended", [TRACE_CUT] = "cut",       [TRACE_FAILED] = "failed",
    };
    return names[state];
}

struct ponder_tree *trace_new(void)
{
    struct ponder_tree *tree = calloc(1, sizeof *tree);
    if (tree) {
        tree->memory = ARENA_INIT(TRACE_BYTES_MAX);
        tree->settings.temperature = NAN;
        tree->result = -1;
    }
    return tree;
}

void ponder_tree_release(struct ponder_tree *tree)
{
    if (!tree)
        return;
    arena_release(&tree->memory);
    free(tree->nodes);
    free(tree->votes);
    free(tree);
}

bool trace_copy(struct ponder_tree *tree, const char **to, const char *text, size_t len)
{
    *to = text ? arena_copy(&tree->memory, text, len) : NULL;
    return !text || *to;
}

static int no_room(const struct ponder_tree *tree, size_t bytes)
{
    return arena_is_full(&tree->memory, bytes) ? PONDER_E_LIMIT : PONDER_E_MEMORY;
}

int trace_add(struct ponder_tree *tree, const struct trace_node *given)
{
    struct trace_node node = *given;
    int status =
        array_reserve(&tree->nodes, sizeof *tree->nodes, &tree->cap, tree->count + 1, TRACE_NODES_MAX);
    if (status)
        return status;
    node.depth = node.parent < 0 ? 0 : tree->nodes[node.parent].depth + 1;
    size_t answer_len = given->answer ? strlen(given->answer) : 0;
    if (!trace_copy(tree, &node.text, given->text, given->len))
        return no_room(tree, given->len + 1);
    if (!trace_copy(tree, &node.answer, given->answer, answer_len))
        return no_room(tree, answer_len + 1);
    tree->nodes[tree->count++] = node;
    return PONDER_OK;
}

int trace_add_vote(struct ponder_tree *tree, const char *answer, int64_t count)
{
    struct trace_vote vote = {.count = count};
    int status = array_reserve(&tree->votes, sizeof *tree->votes, &tree->vote_cap, tree->vote_count + 1,
                               TRACE_VOTES_MAX);
    if (status)
        return status;
    if (!trace_copy(tree, &vote.answer, answer, strlen(answer)))
        return no_room(tree, strlen(answer) + 1);
    tree->votes[tree->vote_count++] = vote;
    return PONDER_OK;
}

void trace_set_result(struct ponder_tree *tree, int32_t node)
{
    tree->result = node;
    for (int32_t i = 0; i < tree->count; i++)
        tree->nodes[i].winning = i == 0;
    for (; node > 0; node = tree->nodes[node].parent)
        tree->nodes[node].winning = true;
}
