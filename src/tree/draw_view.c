#include "tree/draw_view.h"

#include <math.h>
#include <stdlib.h>

/* Whether it is only counted: steps that were pruned, off the way to the result. */
static bool is_counted(const struct view *view, int32_t i)
{
    const struct trace_node *node = &view->tree->nodes[i];
    return view->fold == PONDER_TREE_FOLD && node->state == TRACE_PRUNED && view->below[i] == 0 &&
           !node->rollout && !view->tree->nodes[node->parent].winning;
}

/* Looks ahead are not shown where folds are, nor what lies behind siblings where the winner is all that is
 * asked for. */
static bool is_shown(const struct view *view, int32_t i)
{
    const struct trace_node *node = &view->tree->nodes[i];
    if (node->winning || view->fold == PONDER_TREE_ALL)
        return true;
    if (view->fold == PONDER_TREE_WINNER)
        return view->tree->nodes[node->parent].winning && !node->rollout;
    return !node->rollout && !is_counted(view, i);
}

static double view_worth(const struct trace_node *node)
{
    return isnan(node->score) ? -1 : node->score;
}

static int order(const void *a, const void *b, void *data)
{
    const struct view *view = data;
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    const struct trace_node *one = &view->tree->nodes[x], *other = &view->tree->nodes[y];
    bool leads_one = view->below[x] > 0, leads_other = view->below[y] > 0;
    if (leads_one != leads_other)
        return leads_one ? 1 : -1;
    if (view_worth(one) != view_worth(other))
        return view_worth(one) > view_worth(other) ? -1 : 1;
    if (one->samples != other->samples)
        return one->samples > other->samples ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void count_below(struct view *view)
{
    for (int32_t i = view->tree->count - 1; i > 0; i--)
        if (view->fold == PONDER_TREE_ALL || !view->tree->nodes[i].rollout)
            view->below[view->tree->nodes[i].parent] += 1 + view->below[i];
}

/* By counting: children per node, where each node's begin, and each child to its place. */
static void list_children(struct view *view)
{
    const struct ponder_tree *tree = view->tree;
    for (int32_t i = 1; i < tree->count; i++) {
        view->first[tree->nodes[i].parent + 1] += is_shown(view, i);
        view->pruned[tree->nodes[i].parent] += is_counted(view, i);
    }
    for (int32_t i = 0; i < tree->count; i++)
        view->first[i + 1] += view->first[i];
    for (int32_t i = 1; i < tree->count; i++)
        if (is_shown(view, i)) /* heir counts how many are there already */
            view->children[view->first[tree->nodes[i].parent] + view->heir[tree->nodes[i].parent]++] = i;
}

static int32_t heir_of(const struct view *view, int32_t i)
{
    int32_t best = -1, from = view->first[i], to = view->first[i + 1];
    for (int32_t at = from; at < to; at++) {
        int32_t child = view->children[at];
        if (view->tree->nodes[child].winning)
            return child;
        if (view->below[child] > (best < 0 ? 0 : view->below[best]))
            best = child;
    }
    return best < 0 && to - from == 1 ? view->children[from] : best;
}

int view_init(struct view *view, const struct ponder_tree *tree, enum ponder_tree_fold fold)
{
    size_t count = (size_t)tree->count;
    *view = (struct view){.tree = tree, .fold = fold};
    view->first = calloc(count + 1, sizeof *view->first);
    view->children = calloc(count, sizeof *view->children);
    view->below = calloc(count, sizeof *view->below);
    view->heir = calloc(count, sizeof *view->heir);
    view->pruned = calloc(count, sizeof *view->pruned);
    if (!view->first || !view->children || !view->below || !view->heir || !view->pruned)
        return PONDER_E_MEMORY;
    count_below(view);
    list_children(view);
    for (int32_t i = 0; i < tree->count; i++) {
        int32_t children = view->first[i + 1] - view->first[i];
        if (children > 1)
            qsort_r(view->children + view->first[i], (size_t)children, sizeof *view->children, order, view);
        view->heir[i] = heir_of(view, i);
    }
    return PONDER_OK;
}

void view_release(struct view *view)
{
    free(view->first);
    free(view->children);
    free(view->below);
    free(view->heir);
    free(view->pruned);
}
