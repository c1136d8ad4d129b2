/* relation.c - when two equations or inequalities say the same, or one says what a value or an interval does.
 *
 * "x = 5" is 5 and "f(x) = 2x" is 2x, but "a + b = 5" is not 5: what stands on the left must be a name. Of a
 * chain, "x = 2 + 3 = 5", the ends count. Relations are the same where one is a multiple of the other. */
#include "answer/equal.h"
#include "formula/value.h"

#include <ctype.h>
#include <string.h>

static bool less(int op)
{
    return op == '<' || op == SYMBOL_LESS_EQUAL;
}

static bool greater(int op)
{
    return op == '>' || op == SYMBOL_GREATER_EQUAL;
}

static bool strict(int op)
{
    return op == '<' || op == '>';
}

/* ---- one a multiple of the other ---- */

/* The ends of "a = b = c"; of any other relation its sides. */
static void ends_of(const struct node *node, const struct node **first, const struct node **last)
{
    *last = node->child->next;
    *first = node->child;
    while (node->op == '=' && (*first)->kind == NODE_RELATION && (*first)->op == '=')
        *first = (*first)->child;
}

/* lhs - rhs of a relation, in nodes of the caller's. */
static struct node difference(const struct node *relation, struct node parts[3])
{
    const struct node *first, *last;
    ends_of(relation, &first, &last);
    parts[0] = *first;
    parts[1] = (struct node){.kind = NODE_NEGATIVE, .child = &parts[2]};
    parts[2] = *last;
    parts[2].next = NULL;
    parts[0].next = &parts[1];
    return (struct node){.kind = NODE_SUM, .child = &parts[0]};
}

/* The sign of the one ratio that the differences of two relations have everywhere, u(p) v(q) = u(q) v(p); 0
 * where they have no such ratio or it is not real. */
static int ratio_sign(struct item a, struct item b)
{
    struct node parts_a[3], parts_b[3], u = difference(a.node, parts_a), v = difference(b.node, parts_b);
    acb_t up, vp, uq, vq;
    acb_init(up);
    acb_init(vp);
    acb_init(uq);
    acb_init(vq);
    int compared = 0, sign = 0;
    bool same = true;
    for (int q = 0; q < VALUE_POINTS_MAX && compared < VALUE_POINTS && same; q++) {
        bool unreal_a = false, unreal_b = false;
        struct reading of_a = {.sign = a.sign, .work = a.work, .point = q, .unreal = &unreal_a},
                       of_b = {.sign = b.sign, .work = b.work, .point = q, .unreal = &unreal_b};
        if (!value_ball(&u, &of_a, 256, uq) || !value_ball(&v, &of_b, 256, vq) || acb_contains_zero(uq) ||
            acb_contains_zero(vq))
            continue;
        same = unreal_a == unreal_b || !value_hides_sign(unreal_a ? b.node : a.node);
        if (unreal_a || unreal_b)
            continue;
        if (compared++ == 0) {
            acb_set(up, uq);
            acb_set(vp, vq);
            acb_div(uq, uq, vq, 256);
            sign = arb_is_positive(acb_realref(uq)) ? 1 : arb_is_negative(acb_realref(uq)) ? -1 : 0;
            continue;
        }
        acb_mul(uq, uq, vp, 256);
        acb_mul(vq, vq, up, 256);
        same = acb_overlaps(uq, vq);
    }
    acb_clear(up);
    acb_clear(vp);
    acb_clear(uq);
    acb_clear(vq);
    return same && compared > 2 ? sign : 0;
}

/* Simple relations: a side each, no chains of inequalities. */
static bool multiples(struct item a, struct item b)
{
    int x = a.node->op, y = b.node->op;
    if (!node_has(a.node, NODE_NAME) || !node_has(b.node, NODE_NAME))
        return false;
    if (x == '=' && y == '=')
        return ratio_sign(a, b) != 0;
    bool inequalities = (less(x) || greater(x)) && (less(y) || greater(y)) && strict(x) == strict(y);
    if (!inequalities || a.node->child->kind == NODE_RELATION || b.node->child->kind == NODE_RELATION)
        return false;
    return ratio_sign(a, b) == (less(x) == less(y) ? 1 : -1);
}

/* ---- intervals ---- */

/* a < x <= b, x > a and their like as the interval of x. */
struct interval {
    const struct node *low, *high; /* NULL: infinite */
    bool low_in, high_in;
};

/* An end of an interval, NULL where it is infinite. */
static const struct node *finite_end(const struct node *end)
{
    int sign;
    return node_is_infinite(end, &sign) ? NULL : end;
}

static bool interval_of_relation(const struct node *node, struct interval *out)
{
    const struct node *left = node->child, *right = left->next;
    *out = (struct interval){.low = NULL};
    if (left->kind == NODE_RELATION) { /* (a < x) < b */
        const struct node *low = left->child, *name = low->next;
        bool up = less(left->op) && less(node->op), down = greater(left->op) && greater(node->op);
        if (name->kind != NODE_NAME || (!up && !down))
            return false;
        out->low = finite_end(up ? low : right);
        out->high = finite_end(up ? right : low);
        out->low_in = (up ? left->op : node->op) == (up ? SYMBOL_LESS_EQUAL : SYMBOL_GREATER_EQUAL);
        out->high_in = (up ? node->op : left->op) == (up ? SYMBOL_LESS_EQUAL : SYMBOL_GREATER_EQUAL);
        return true;
    }
    bool name_first = left->kind == NODE_NAME, name_last = right->kind == NODE_NAME;
    if (name_first == name_last || (!less(node->op) && !greater(node->op)))
        return false;
    bool in = node->op == SYMBOL_LESS_EQUAL || node->op == SYMBOL_GREATER_EQUAL;
    bool bounds_below = name_first ? greater(node->op) : less(node->op);
    const struct node *bound = name_first ? right : left;
    *out = bounds_below ? (struct interval){.low = bound, .low_in = in}
                        : (struct interval){.high = bound, .high_in = in};
    return true;
}

static bool interval_of(const struct node *node, struct interval *out)
{
    if (node->kind == NODE_RELATION)
        return interval_of_relation(node, out);
    if (node->kind != NODE_GROUP || node->open == '{' || node_count(node->child) != 2)
        return false;
    const struct node *low = node->child, *high = low->next;
    *out = (struct interval){.low = finite_end(low),
                             .high = finite_end(high),
                             .low_in = node->open == '[',
                             .high_in = node->close == ']'};
    return true;
}

static bool ends_equal(const struct node *end_a, struct item a, const struct node *end_b, struct item b)
{
    const char *how;
    return end_a && end_b ? item_equal(item_part(end_a, a), item_part(end_b, b), &how) : end_a == end_b;
}

bool interval_equal(struct item a, struct item b)
{
    struct interval x, y;
    return interval_of(a.node, &x) && interval_of(b.node, &y) && x.low_in == y.low_in &&
           x.high_in == y.high_in && ends_equal(x.low, a, y.low, b) && ends_equal(x.high, a, y.high, b);
}

bool union_leaves_out(struct item whole, struct item inequation)
{
    const struct node *number = inequation.node->child->next, *first = whole.node->child,
                      *second = first->next;
    struct interval x, y;
    if (inequation.node->op != SYMBOL_NOT_EQUAL || node_count(first) != 2 || !interval_of(first, &x) ||
        !interval_of(second, &y))
        return false;
    struct interval low = x.low ? y : x, high = x.low ? x : y;
    return !low.low && !high.high && !low.high_in && !high.low_in && low.high && high.low &&
           ends_equal(low.high, whole, number, inequation) && ends_equal(high.low, whole, number, inequation);
}

/* ---- what a relation gives ---- */

/* What is written before an argument: "f", "P", "AB"; and "f^{-1}". */
static bool function_name(const struct node *node)
{
    if (node->kind == NODE_POWER)
        node = node->child;
    return node->kind == NODE_NAME && (isupper((unsigned char)*node->text) || strchr("fghpq", *node->text) ||
                                       (strlen(node->text) > 3 && !strchr(node->text, '_')));
}

/* The "dy" of dy/dx. */
static bool is_differential(const struct node *node)
{
    return node->kind == NODE_PRODUCT && node->child->kind == NODE_NAME &&
           strcmp(node->child->text, "d") == 0;
}

static bool all_names(const struct node *child)
{
    for (; child; child = child->next)
        if (child->kind != NODE_NAME)
            return false;
    return true;
}

/* Whether "left = right" only says what the left is called. */
static bool only_names(const struct node *left, const struct node *right)
{
    const struct node *front = left;
    while (front->kind == NODE_PRODUCT)
        front = front->child;
    if (left->kind == NODE_NAME || left->kind == NODE_WORDS || left->kind == NODE_CONSTANT)
        return true;
    if (left->kind == NODE_PRODUCT && (function_name(front) || front->kind == NODE_WORDS))
        return true;
    if (left->kind == NODE_GROUP)
        return all_names(left->child);
    if (left->kind == NODE_QUOTIENT && is_differential(left->child) && is_differential(left->child->next))
        return true;
    if (left->kind == NODE_FUNCTION && node_has(left, NODE_NAME))
        return strcmp(left->text, "apply") == 0 ||
               (strstr("sin cos tan", left->text) && left->child->kind == NODE_NAME);
    return !node_has(left, NODE_NAME) && !node_has(right, NODE_NAME);
}

/* What an equation gives: of "x = 5" and "f(x) = 5" the right side, of a chain of approximations its exact
 * front. */
static const struct node *value_of(const struct node *node)
{
    const struct node *left, *right;
    if (node->kind != NODE_RELATION)
        return node;
    ends_of(node, &left, &right);
    if (node->op == SYMBOL_APPROXIMATELY)
        return left->kind == NODE_NAME ? right : left;
    if (node->op == SYMBOL_IN)
        return right;
    if (node->op == ':')
        return left->kind == NODE_WORDS ? right : NULL;
    bool chain = node->child->kind == NODE_RELATION && node->child->op == '=';
    bool turned = right->kind == NODE_FUNCTION && strcmp(right->text, "apply") == 0 &&
                  !(left->kind == NODE_FUNCTION && strcmp(left->text, "apply") == 0) &&
                  left->kind != NODE_NAME;
    if (node->op == '=' && turned && !chain) /* "x + y = f(x, y)" */
        return left;
    return node->op == '=' && (chain || only_names(left, right)) ? right : NULL;
}

/* Whether one is a name and the other the same name with its argument: "y" and "y(x)". */
static bool names_same(const struct node *a, const struct node *b)
{
    while (a->kind == NODE_FUNCTION && strcmp(a->text, "apply") == 0)
        a = a->child;
    while (b->kind == NODE_FUNCTION && strcmp(b->text, "apply") == 0)
        b = b->child;
    return a->kind == NODE_NAME && b->kind == NODE_NAME && strcmp(a->text, b->text) == 0;
}

static bool sides_equal(struct item a, struct item b)
{
    const struct node *x = a.node->child, *y = b.node->child;
    const char *how;
    return item_equal(item_part(x, a), item_part(y, b), &how) &&
           item_equal(item_part(x->next, a), item_part(y->next, b), &how);
}

bool relation_equal(struct item a, struct item b, const char **how)
{
    bool both = a.node->kind == NODE_RELATION && b.node->kind == NODE_RELATION;
    *how = "interval";
    if (interval_equal(a, b))
        return true;
    *how = "ratio";
    if (both && a.node->op == ':' && b.node->op == ':')
        return ratio_equal(a, b);
    *how = "equation";
    if (both && (multiples(a, b) || (a.node->op == b.node->op && sides_equal(a, b))))
        return true;
    int op_a = a.node->op, op_b = b.node->op;
    bool gives = op_a == SYMBOL_APPROXIMATELY || op_b == SYMBOL_APPROXIMATELY || op_a == SYMBOL_IN ||
                 op_b == SYMBOL_IN;
    bool chain = both && a.node->op == '=' && b.node->op == '=';
    if (chain) { /* "x = 5" and "x = 5.0", but not "x = 5" and "y = 5" */
        const struct node *first_a, *last_a, *first_b, *last_b;
        ends_of(a.node, &first_a, &last_a);
        ends_of(b.node, &first_b, &last_b);
        bool bare = first_a->kind == NODE_NAME || first_b->kind == NODE_NAME;
        return ((bare && names_same(first_a, first_b)) ||
                item_equal(item_part(first_a, a), item_part(first_b, b), how)) &&
               item_equal(item_part(last_a, a), item_part(last_b, b), how);
    }
    const struct node *x = value_of(a.node), *y = value_of(b.node);
    if (both && op_a == SYMBOL_IN && op_b != '=')
        y = b.node;
    if (both && op_b == SYMBOL_IN && op_a != '=')
        x = a.node;
    if (!x || !y || (x == a.node && y == b.node) || (both && !gives))
        return false;
    return item_equal(item_part(x, a), item_part(y, b), how);
}
