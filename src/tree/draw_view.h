/* draw_view.h - what of a tree is drawn, and in which order. */
#ifndef TREE_DRAW_VIEW_H
#define TREE_DRAW_VIEW_H

#include "tree/trace.h"

/* Children of node i: children[first[i] .. first[i + 1]), those that lead nowhere before those that do, each
 * the best one first.
 *
 * The heir of a node is the child that stays in its column: the one on the way to the result, else the one
 * with the most nodes behind it, else an only child; -1: none. So, but for the way to the result, each step
 * to the right at least halves the nodes that are left, and recursion to the right is shallow. */
struct view {
    const struct ponder_tree *tree;
    enum ponder_tree_fold fold;
    int32_t *first;    /* (count + 1) */
    int32_t *children; /* (count) */
    int32_t *below;    /* (count) nodes behind each */
    int32_t *heir;     /* (count) */
    int32_t *pruned;   /* (count) children that were pruned and are only counted */
};

/* Release in any case. PONDER_E_MEMORY. */
int view_init(struct view *view, const struct ponder_tree *tree, enum ponder_tree_fold fold) PONDER_USE;
void view_release(struct view *view);

#endif
