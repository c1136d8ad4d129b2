/* same_value.c - whether two expressions have one value.
 *
 * Exactly where both are rational, else by balls of rising precision at several places of the variables; a
 * decimal may also be an exact value rounded to the digits it shows. */
#include <stdlib.h>
#include <string.h>

#include "answer/equal.h"
#include "formula/value.h"
#include "formula/words.h"

enum { BITS_FIRST = 128, BITS_MAX = 1024 };

static bool exact_equal(const struct node *a, const struct node *b, const struct reading *of_a,
                        const struct reading *of_b, bool *known)
{
    fmpq_t x, y;
    fmpq_init(x);
    fmpq_init(y);
    *known = value_exact(a, of_a, x) && value_exact(b, of_b, y);
    bool equal = *known && fmpq_equal(x, y);
    fmpq_clear(x);
    fmpq_clear(y);
    return equal;
}

enum verdict { DIFFERENT, SAME, NO_VALUE };

/* Whether a difference is so small, beside what it is the difference of or by itself, that it is taken for 0.
 * Of two that `scale`, the size alone says nothing: what they are made of is small, and only powers are not.
 */
static bool vanishes(const acb_t difference, const acb_t x, bool scale)
{
    enum { ABSOLUTE_BITS = 50, RELATIVE_BITS = 50, TINY_BITS = 200, SCALED_BITS = 450 };
    mag_t size, limit;
    mag_init(size);
    mag_init(limit);
    acb_get_mag(size, difference);
    acb_get_mag_lower(limit, x);
    mag_mul_2exp_si(limit, limit, -RELATIVE_BITS);
    bool small = mag_cmp_2exp_si(size, -ABSOLUTE_BITS) <= 0 &&
                 (mag_cmp(size, limit) <= 0 || mag_cmp_2exp_si(size, -TINY_BITS) <= 0);
    mag_mul_2exp_si(limit, limit, RELATIVE_BITS - SCALED_BITS);
    small |= scale && mag_cmp(size, limit) <= 0;
    mag_clear(size);
    mag_clear(limit);
    return small;
}

enum { MODERATE_BITS = 200 };

/* A bound of how far from 1 a value may be, in bits; more than MODERATE_BITS where nothing is known. */
static long size_bits(const struct node *node)
{
    enum { NAME_BITS = 2 };
    long bits = 1;
    switch (node->kind) {
    case NODE_NUMBER:
        return 4 * (long)strlen(node->text);
    case NODE_NAME:
    case NODE_CONSTANT:
        return NAME_BITS;
    case NODE_POWER:
        if (node->child->next->kind != NODE_NUMBER || strlen(node->child->next->text) != 1)
            return MODERATE_BITS + 1;
        return (*node->child->next->text - '0') * size_bits(node->child);
    case NODE_FUNCTION:
        if (strcmp(node->text, "sqrt") != 0 && strcmp(node->text, "root") != 0 &&
            strcmp(node->text, "abs") != 0)
            return MODERATE_BITS + 1;
        break;
    case NODE_SUM:
    case NODE_PRODUCT:
    case NODE_QUOTIENT:
    case NODE_NEGATIVE:
        break;
    default:
        return MODERATE_BITS + 1;
    }
    for (const struct node *child = node->child; child && bits <= MODERATE_BITS; child = child->next)
        bits += size_bits(child);
    return bits;
}

/* Whether it is made of such by products and powers alone. */
static bool scales(const struct node *node)
{
    if (node->kind == NODE_PRODUCT || node->kind == NODE_QUOTIENT)
        return scales(node->child) && scales(node->child->next);
    if (node->kind == NODE_NEGATIVE)
        return scales(node->child);
    if (node->kind == NODE_POWER && node->child->next->kind == NODE_NUMBER)
        return scales(node->child);
    return size_bits(node) <= MODERATE_BITS;
}

/* Whether two balls hold one value: they differ as soon as they are apart, and are the same where they
 * overlap although they are small. */
static enum verdict balls_meet(const struct node *a, const struct node *b, const struct reading *of_a,
                               const struct reading *of_b)
{
    enum verdict verdict = NO_VALUE;
    bool open = true, scale = scales(a) && scales(b);
    acb_t x, y, difference;
    acb_init(x);
    acb_init(y);
    acb_init(difference);
    for (slong bits = BITS_FIRST; bits <= BITS_MAX && open; bits *= 2) {
        open = value_ball(a, of_a, bits, x) && value_ball(b, of_b, bits, y);
        if (!open)
            break;
        acb_sub(difference, x, y, bits);
        if (!acb_contains_zero(difference))
            verdict = DIFFERENT;
        else if (vanishes(difference, x, scale))
            verdict = SAME;
        open = verdict == NO_VALUE;
    }
    acb_clear(x);
    acb_clear(y);
    acb_clear(difference);
    return verdict;
}

/* Both are compared where both are real; where that is nowhere, as complex numbers. */
static bool evaluated_equal(const struct node *a, const struct node *b, struct reading of_a,
                            struct reading of_b)
{
    enum { POINTS_BESIDE_UNREAL = VALUE_POINTS + 4, UNDECIDED_MAX = 16 };
    bool constant = !node_has(a, NODE_NAME) && !node_has(b, NODE_NAME), complex_differ = false;
    int same = 0, complex_same = 0, undecided = 0, wanted = constant ? 1 : VALUE_POINTS;
    for (int point = 0; point < VALUE_POINTS_MAX && same < wanted && undecided < UNDECIDED_MAX; point++) {
        bool unreal_a = false, unreal_b = false;
        of_a.point = of_b.point = point;
        of_a.unreal = &unreal_a;
        of_b.unreal = &unreal_b;
        enum verdict verdict = balls_meet(a, b, &of_a, &of_b);
        if (unreal_a != unreal_b && value_hides_sign(unreal_a ? b : a))
            return false;
        if (unreal_a || unreal_b) {
            complex_differ |= verdict == DIFFERENT;
            complex_same += verdict == SAME;
            wanted = POINTS_BESIDE_UNREAL;
            continue;
        }
        if (verdict == DIFFERENT)
            return false;
        same += verdict == SAME;
        undecided += constant ? UNDECIDED_MAX : verdict == NO_VALUE;
    }
    return same > 1 || (same && constant) || (!same && !complex_differ && complex_same > 1);
}

bool node_is_infinite(const struct node *node, int *sign)
{
    *sign = 1;
    if (node->kind == NODE_NEGATIVE) {
        *sign = -1;
        node = node->child;
    }
    return node->kind == NODE_CONSTANT && node->op == 'o';
}

/* What has the unit of a whole term, "-5 cm" or "1.2 * 10^3 cm": its last part. */
static const struct node *unit_part(const struct node *node)
{
    while (node->kind == NODE_NEGATIVE || node->kind == NODE_PLUS_MINUS || node->kind == NODE_PRODUCT ||
           node->kind == NODE_SUM) {
        node = node->child;
        while (node->next)
            node = node->next;
    }
    return node;
}

static const char *unit_of(const struct node *node)
{
    return node->kind == NODE_UNIT      ? node->text
           : node->kind == NODE_DEGREES ? "degree"
           : node->kind == NODE_PERCENT ? "percent"
                                        : "";
}

/* Units that are known and not the same, or the same to powers that are not. */
static bool units_differ(const struct node *a, const struct node *b)
{
    a = unit_part(a);
    b = unit_part(b);
    bool powers = a->kind == NODE_UNIT && b->kind == NODE_UNIT && a->n && b->n;
    return words_units_differ(unit_of(a), unit_of(b)) || (powers && a->n != b->n);
}

static const struct node *without_unit(const struct node *node)
{
    return node->kind == NODE_UNIT ? node->child : node;
}

/* What percent leaves open is decided by the caller: both readings of it are tried. */
static bool read_alike(const struct node *a, const struct node *b, struct reading of_a, struct reading of_b,
                       const char **how)
{
    bool known;
    *how = "exact value";
    if (exact_equal(a, b, &of_a, &of_b, &known))
        return true;
    *how = "rounded decimal";
    if (rounds_to(a, b, &of_b) || rounds_to(b, a, &of_a))
        return true;
    *how = "value";
    for (int natural = 0; !known && natural < 2; natural++) {
        of_a.natural_log = of_b.natural_log = natural;
        if (evaluated_equal(a, b, of_a, of_b))
            return true;
    }
    return false;
}

bool value_same(struct item x, struct item y, const char **how)
{
    int infinity_a, infinity_b;
    const struct node *a = without_unit(x.node), *b = without_unit(y.node);
    *how = "unit";
    if (units_differ(x.node, y.node))
        return false;
    if (node_is_infinite(a, &infinity_a) || node_is_infinite(b, &infinity_b)) {
        *how = "infinity";
        return node_is_infinite(a, &infinity_a) && node_is_infinite(b, &infinity_b) &&
               infinity_a == infinity_b;
    }
    bool one_percent = node_has(a, NODE_PERCENT) != node_has(b, NODE_PERCENT);
    for (int parts = 0; parts <= one_percent; parts++) {
        struct reading of_a = {.sign = x.sign, .work = x.work, .percent_part = parts},
                       of_b = {.sign = y.sign, .work = y.work, .percent_part = parts};
        if (read_alike(a, b, of_a, of_b, how))
            return true;
    }
    return false;
}
