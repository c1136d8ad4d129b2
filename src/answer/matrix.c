/* matrix.c - sums, differences and products of matrices, worked out entry by entry. */
#include "answer/equal.h"

enum { ENTRIES_MAX = 16, MATRICES_MAX = 3 }; /* entries of products of products grow with their number */

static struct node *matrix_make(struct arena *arena, enum node_kind kind, const struct node *first,
                                const struct node *second)
{
    struct node *node = arena_alloc(arena, sizeof *node), *a = arena_alloc(arena, sizeof *a),
                *b = arena_alloc(arena, sizeof *b);
    if (!node || !a || !b)
        return NULL;
    *a = *first;
    a->next = NULL;
    if (second) {
        *b = *second;
        b->next = NULL;
        a->next = b;
    }
    *node = (struct node){.kind = kind, .child = a};
    return node;
}

/* The matrix of `columns` whose entries are added one by one. */
struct entries {
    struct node matrix, **end;
};

static bool add_entry(struct entries *entries, struct node *entry)
{
    if (!entry)
        return false;
    *entries->end = entry;
    entries->end = &entry->next;
    return true;
}

static struct node *finished(struct arena *arena, const struct entries *entries)
{
    struct node *matrix = arena_alloc(arena, sizeof *matrix);
    if (matrix)
        *matrix = entries->matrix;
    return matrix;
}

static bool is_matrix(const struct node *node)
{
    return node->kind == NODE_MATRIX && !node->op;
}

static int rows(const struct node *matrix)
{
    return node_count(matrix->child) / matrix->n;
}

static const struct node *entry_at(const struct node *matrix, int row, int column)
{
    const struct node *entry = matrix->child;
    for (int i = row * matrix->n + column; i > 0; i--)
        entry = entry->next;
    return entry;
}

static struct node *sum(struct arena *arena, const struct node *a, const struct node *b)
{
    struct entries out = {.matrix = {.kind = NODE_MATRIX, .n = a->n}};
    out.end = &out.matrix.child;
    const struct node *x = a->child, *y = b->child;
    for (; x && y; x = x->next, y = y->next)
        if (!add_entry(&out, matrix_make(arena, NODE_SUM, x, y)))
            return NULL;
    return a->n == b->n && !x && !y ? finished(arena, &out) : NULL;
}

/* Each entry times a number, or its negative where `factor` is NULL. */
static struct node *scaled(struct arena *arena, const struct node *matrix, const struct node *factor)
{
    struct entries out = {.matrix = {.kind = NODE_MATRIX, .n = matrix->n}};
    out.end = &out.matrix.child;
    for (const struct node *x = matrix->child; x; x = x->next)
        if (!add_entry(&out, matrix_make(arena, factor ? NODE_PRODUCT : NODE_NEGATIVE, x, factor)))
            return NULL;
    return finished(arena, &out);
}

static struct node *product(struct arena *arena, const struct node *a, const struct node *b)
{
    struct entries out = {.matrix = {.kind = NODE_MATRIX, .n = b->n}};
    out.end = &out.matrix.child;
    if (a->n != rows(b) || rows(a) * b->n > ENTRIES_MAX || a->n > ENTRIES_MAX)
        return NULL;
    for (int i = 0; i < rows(a) * b->n; i++) {
        struct node *entry = NULL;
        for (int k = 0; k < a->n; k++) {
            struct node *term =
                matrix_make(arena, NODE_PRODUCT, entry_at(a, i / b->n, k), entry_at(b, k, i % b->n));
            entry = entry && term ? matrix_make(arena, NODE_SUM, entry, term) : term;
        }
        if (!add_entry(&out, entry))
            return NULL;
    }
    return finished(arena, &out);
}

static int matrices(const struct node *node)
{
    int n = node->kind == NODE_MATRIX;
    for (const struct node *child = node->child; child; child = child->next)
        n += matrices(child);
    return n;
}

const struct node *matrix_fold(struct arena *arena, const struct node *node)
{
    if (!node || (node->kind != NODE_SUM && node->kind != NODE_PRODUCT && node->kind != NODE_NEGATIVE) ||
        matrices(node) > MATRICES_MAX || !matrices(node))
        return node;
    const struct node *a = matrix_fold(arena, node->child);
    const struct node *b = node->kind == NODE_NEGATIVE ? NULL : matrix_fold(arena, node->child->next);
    const struct node *folded = NULL;
    if (node->kind == NODE_NEGATIVE && is_matrix(a))
        folded = scaled(arena, a, NULL);
    else if (node->kind == NODE_SUM && is_matrix(a) && is_matrix(b))
        folded = sum(arena, a, b);
    else if (node->kind == NODE_PRODUCT && is_matrix(a) && is_matrix(b))
        folded = product(arena, a, b);
    else if (node->kind == NODE_PRODUCT && (is_matrix(a) || is_matrix(b)) &&
             !node_has(is_matrix(a) ? b : a, NODE_MATRIX))
        folded = scaled(arena, is_matrix(a) ? a : b, is_matrix(a) ? b : a);
    return folded ? folded : node;
}
