/* same_value.c - whether two expressions have one value.
 *
 * Exactly where both are rational, else by balls of rising precision at several places of the variables; a
 * decimal may also be an exact value rounded to the digits it shows. */
#include <stdlib.h>
#include <string.h>

#include "answer/equal.h"
#include "answer/value.h"
#include "answer/words.h"

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
 */
static bool vanishes(const acb_t difference, const acb_t x)
{
    enum { ABSOLUTE_BITS = 50, RELATIVE_BITS = 50, TINY_BITS = 200 };
    mag_t size, limit;
    mag_init(size);
    mag_init(limit);
    acb_get_mag(size, difference);
    acb_get_mag_lower(limit, x);
    mag_mul_2exp_si(limit, limit, -RELATIVE_BITS);
    bool small = mag_cmp_2exp_si(size, -ABSOLUTE_BITS) <= 0 &&
                 (mag_cmp(size, limit) <= 0 || mag_cmp_2exp_si(size, -TINY_BITS) <= 0);
    mag_clear(size);
    mag_clear(limit);
    return small;
}

/* Whether two balls hold one value: they differ as soon as they are apart, and are the same where they
 * overlap although they are small. */
static enum verdict balls_meet(const struct node *a, const struct node *b, const struct reading *of_a,
                               const struct reading *of_b)
{
    enum verdict verdict = NO_VALUE;
    bool open = true;
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
        else if (vanishes(difference, x))
            verdict = SAME;
        open = verdict == NO_VALUE;
    }
    acb_clear(x);
    acb_clear(y);
    acb_clear(difference);
    return verdict;
}

static bool evaluated_equal(const struct node *a, const struct node *b, struct reading of_a,
                            struct reading of_b)
{
    bool constant = !node_has(a, NODE_NAME) && !node_has(b, NODE_NAME);
    int same = 0;
    for (int point = 0; point < (constant ? 1 : VALUE_POINTS); point++) {
        of_a.point = of_b.point = point;
        enum verdict verdict = balls_meet(a, b, &of_a, &of_b);
        if (verdict == DIFFERENT)
            return false;
        same += verdict == SAME;
    }
    return same > 0 && (constant || same > 1);
}

/* ---- rounded decimals ---- */

/* The literal of a decimal, "-1.50" without its sign, or NULL. */
static const char *decimal_literal(const struct node *node, bool *negative)
{
    *negative = node->kind == NODE_NEGATIVE;
    if (*negative)
        node = node->child;
    return node->kind == NODE_NUMBER && strchr(node->text, '.') ? node->text : NULL;
}

static int significant_digits(const char *literal)
{
    int n = 0;
    for (; *literal; literal++)
        n += *literal != '.' && (n > 0 || *literal != '0');
    return n;
}

/* |decimal - value| <= half a unit of the decimal's last digit, the value being no decimal itself. */
static bool rounds_to(const struct node *decimal, const struct node *value, const struct reading *of_value)
{
    bool negative, ignored;
    const char *literal = decimal_literal(decimal, &negative);
    if (!literal || significant_digits(literal) < 3 || decimal_literal(value, &ignored) ||
        node_has(value, NODE_NAME))
        return false;
    acb_t x, y;
    arb_t distance, half;
    acb_init(x);
    acb_init(y);
    arb_init(distance);
    arb_init(half);
    bool good = value_ball(decimal, of_value, BITS_FIRST, x) && value_ball(value, of_value, BITS_FIRST, y) &&
                acb_is_real(y);
    if (good) {
        ulong behind = strlen(strchr(literal, '.') + 1);
        acb_sub(x, x, y, BITS_FIRST);
        acb_abs(distance, x, BITS_FIRST);
        arb_set_ui(half, 10);
        arb_pow_ui(half, half, behind, BITS_FIRST);
        arb_mul_ui(half, half, 2, BITS_FIRST);
        arb_inv(half, half, BITS_FIRST);
        good = !arb_gt(distance, half);
    }
    acb_clear(x);
    acb_clear(y);
    arb_clear(distance);
    arb_clear(half);
    return good;
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
