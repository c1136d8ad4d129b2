/* rounded.c - whether a decimal is an exact value, rounded to the digits it is written with.
 *
 * "0.333" is 1/3, "33.3\%" too, and "3.33\times10^5" is 10^6/3. Two numbers in digits are equal only as they
 * stand. */
#include <stdlib.h>
#include <string.h>

#include "answer/equal.h"
#include "formula/value.h"

enum { SIGNIFICANT_MIN = 3, EXPONENT_DIGITS_MAX = 4, BITS = 128 };

/* A decimal as it is written: its digits with one '.', what they are multiplied with as a power of ten, and
 * whether percent of it is meant. */
struct decimal {
    const char *digits;
    long exponent;
    bool scientific, percent;
};

static bool is_ten(const struct node *node)
{
    return node->kind == NODE_NUMBER && strcmp(node->text, "10") == 0;
}

/* 10^5, 10^{-3} or 10: the exponent. */
static bool power_of_ten(const struct node *node, long *exponent)
{
    *exponent = 1;
    if (node->kind != NODE_POWER)
        return is_ten(node);
    const struct node *above = node->child->next;
    bool negative = above->kind == NODE_NEGATIVE;
    above = negative ? above->child : above;
    if (!is_ten(node->child) || above->kind != NODE_NUMBER || strlen(above->text) > EXPONENT_DIGITS_MAX ||
        strchr(above->text, '.'))
        return false;
    *exponent = negative ? -atol(above->text) : atol(above->text);
    return true;
}

static const struct node *unsigned_part(const struct node *node, enum node_kind kind)
{
    while (node->kind == NODE_NEGATIVE || node->kind == kind)
        node = node->child;
    return node;
}

/* False of what is no number in digits; `digits` of a whole one have no '.'. */
static bool decimal_of(const struct node *node, struct decimal *out)
{
    *out = (struct decimal){.percent = unsigned_part(node, NODE_NEGATIVE)->kind == NODE_PERCENT};
    node = unsigned_part(unsigned_part(node, NODE_PERCENT), NODE_DEGREES);
    if (node->kind == NODE_PRODUCT) {
        const struct node *power = node->child->next;
        if (power->kind == NODE_UNIT)
            power = power->child;
        out->scientific = power_of_ten(power, &out->exponent);
        if (!out->scientific)
            return false;
        node = unsigned_part(node->child, NODE_NEGATIVE);
    }
    out->digits = node->kind == NODE_NUMBER ? node->text : NULL;
    return out->digits;
}

static int significant_digits(const char *digits)
{
    int n = 0;
    for (; *digits; digits++)
        n += *digits != '.' && (n > 0 || *digits != '0');
    return n;
}

/* Half a unit of the last digit. */
static void half_unit(const struct decimal *decimal, bool percent_part, arb_t out)
{
    long places = (long)strlen(strchr(decimal->digits, '.') + 1) - decimal->exponent;
    places += decimal->percent && percent_part ? 2 : 0;
    arb_set_ui(out, 10);
    arb_pow_ui(out, out, (ulong)labs(places), BITS);
    if (places > 0)
        arb_inv(out, out, BITS);
    arb_div_ui(out, out, 2, BITS);
}

/* Whether distance <= half, of which the ball says no less than it must. */
static bool within(const arb_t distance, const arb_t half)
{
    enum { SURE_BITS = 20 };
    arb_t doubt;
    arb_init(doubt);
    arb_get_rad_arb(doubt, distance);
    arb_mul_2exp_si(doubt, doubt, SURE_BITS);
    bool good = arb_lt(doubt, half) && !arb_gt(distance, half);
    arb_clear(doubt);
    return good;
}

bool rounds_to(const struct node *decimal, const struct node *value, const struct reading *reading)
{
    struct decimal written, other;
    if (!decimal_of(decimal, &written) || !strchr(written.digits, '.') ||
        significant_digits(written.digits) < SIGNIFICANT_MIN || node_has(value, NODE_NAME))
        return false;
    if (decimal_of(value, &other) && (strchr(other.digits, '.') || written.scientific || other.scientific))
        return false;
    acb_t x, y;
    arb_t distance, half;
    acb_init(x);
    acb_init(y);
    arb_init(distance);
    arb_init(half);
    bool good =
        value_ball(decimal, reading, BITS, x) && value_ball(value, reading, BITS, y) && acb_is_real(y);
    if (good) {
        acb_sub(x, x, y, BITS);
        acb_abs(distance, x, BITS);
        half_unit(&written, reading->percent_part, half);
        good = within(distance, half);
    }
    acb_clear(x);
    acb_clear(y);
    arb_clear(distance);
    arb_clear(half);
    return good;
}
