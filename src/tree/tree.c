#include "tree/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "core/rng.h"

static int32_t push(struct tree *tree, struct tree_node node)
{
    int status =
        array_reserve(&tree->nodes, sizeof *tree->nodes, &tree->cap, tree->count + 1, TREE_NODES_MAX);
    if (status)
        return status;
    tree->nodes[tree->count] = node;
    return tree->count++;
}

int tree_init(struct tree *tree, uint64_t key)
{
    *tree = (struct tree){.memory = ARENA_INIT(TREE_BYTES_MAX)};
    struct tree_node root = {.parent = -1, .repeats = 1, .same_as = -1, .text = "", .key = key};
    root.logprob = root.score = root.total = NAN;
    return push(tree, root);
}

void tree_release(struct tree *tree)
{
    free(tree->nodes);
    arena_release(&tree->memory);
    *tree = (struct tree){0};
}

int32_t tree_add(struct tree *tree, int32_t parent)
{
    struct tree_node *above = &tree->nodes[parent];
    struct tree_node node = {.parent = parent,
                             .ordinal = above->children,
                             .depth = above->depth + 1,
                             .repeats = 1,
                             .same_as = -1,
                             .end = TREE_FAILED,
                             .text = "",
                             .tokens_all = above->tokens_all,
                             .logprob = NAN,
                             .score = NAN,
                             .total = NAN,
                             .key = rng_key(above->key, (uint64_t)above->children)};
    int32_t index = push(tree, node);
    if (index >= 0)
        tree->nodes[parent].children++;
    return index;
}

static int no_room(const struct tree *tree, size_t bytes)
{
    return arena_is_full(&tree->memory, bytes) ? PONDER_E_LIMIT : PONDER_E_MEMORY;
}

int tree_append(struct tree *tree, int32_t index, const char *text, size_t len)
{
    struct tree_node *node = &tree->nodes[index];
    char *whole = arena_alloc(&tree->memory, node->len + len + 1);
    if (!whole)
        return no_room(tree, node->len + len + 1);
    memcpy(whole, node->text, node->len);
    memcpy(whole + node->len, text, len);
    node->text = whole;
    node->len += len;
    return PONDER_OK;
}

int tree_set_steps(struct tree *tree, int32_t node, const float *scores, int count)
{
    size_t bytes = (size_t)count * sizeof *scores;
    float *copy = arena_alloc(&tree->memory, bytes + 1);
    if (!copy)
        return no_room(tree, bytes + 1);
    memcpy(copy, scores, bytes);
    tree->nodes[node].steps = copy;
    tree->nodes[node].step_count = count;
    return PONDER_OK;
}

int tree_set_ids(struct tree *tree, int32_t node, const int32_t *ids, int count)
{
    size_t bytes = (size_t)count * sizeof *ids;
    int32_t *copy = arena_alloc(&tree->memory, bytes + 1);
    if (!copy)
        return PONDER_E_MEMORY;
    memcpy(copy, ids, bytes);
    tree->nodes[node].ids = copy;
    return PONDER_OK;
}

int tree_fail(int status, size_t bytes_max, struct ponder_err *err)
{
    if (status == PONDER_E_LIMIT)
        return err_set(err, status,
                       "the tree of a search is full: it holds %d steps and %zu MiB of text at most",
                       TREE_NODES_MAX, bytes_max >> 20);
    return status ? err_memory(err, "a search's tree") : PONDER_OK;
}

void tree_merge(struct tree *tree, int32_t node, int64_t group)
{
    struct tree_node *one = &tree->nodes[node];
    for (int32_t i = one->parent + 1; i < node; i++) {
        struct tree_node *other = &tree->nodes[i];
        bool apart = other->parent != one->parent || other->same_as >= 0 || other->end != one->end ||
                     other->rollout != one->rollout ||
                     (group > 0 && other->ordinal / group != one->ordinal / group);
        if (apart || other->len != one->len || memcmp(other->text, one->text, one->len) != 0)
            continue;
        one->same_as = i;
        other->repeats++;
        return;
    }
}

int tree_path_text(const struct tree *tree, int32_t node, struct buf *out)
{
    if (node <= 0)
        return PONDER_OK;
    int status = tree_path_text(tree, tree->nodes[node].parent, out);
    return status ? status : buf_append(out, tree->nodes[node].text, tree->nodes[node].len);
}

size_t tree_path_tail(const struct tree *tree, int32_t node, char *tail, size_t most)
{
    size_t count = 0;
    for (; node > 0 && count < most; node = tree->nodes[node].parent) {
        const struct tree_node *step = &tree->nodes[node];
        size_t more = step->len < most - count ? step->len : most - count;
        memmove(tail + more, tail, count);
        memcpy(tail, step->text + step->len - more, more);
        count += more;
    }
    return count;
}
