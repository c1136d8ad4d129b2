/* ratio.c - when two ratios, "1:2:3", or two congruences, "x ≡ 3 (mod 7)", are the same one. */
#include <string.h>

#include "answer/equal.h"
#include "formula/value.h"

enum { PARTS_MAX = 8 };

/* ---- ratios ---- */

struct parts {
    const struct node *part[PARTS_MAX]; /* the last one first */
    int count;
};

static struct parts parts_of(const struct node *node)
{
    struct parts parts = {.count = 0};
    for (; node->kind == NODE_RELATION && node->op == ':' && parts.count < PARTS_MAX - 1; node = node->child)
        parts.part[parts.count++] = node->child->next;
    parts.part[parts.count++] = node;
    return parts;
}

/* Two digits behind every colon are a time of day or a duration, which stand for themselves; so does what is
 * zero. */
static bool only_itself(const struct parts *parts)
{
    bool clock = true, zero = false;
    for (int i = 0; i < parts->count; i++) {
        const struct node *part = parts->part[i];
        bool number = part->kind == NODE_NUMBER;
        if (part->kind == NODE_UNIT) /* "4:30 pm" */
            return true;
        zero |= number && strspn(part->text, "0.") == strlen(part->text);
        clock &= i + 1 == parts->count || (number && strlen(part->text) == 2 && !strchr(part->text, '.'));
    }
    return clock || zero;
}

/* a : b and c : d, as a * d = b * c */
static bool in_proportion(const struct node *a, const struct node *b, struct item x, const struct node *c,
                          const struct node *d, struct item y)
{
    struct node factors[] = {*a, *d, *b, *c};
    factors[0].next = &factors[1];
    factors[1].next = NULL;
    factors[2].next = &factors[3];
    factors[3].next = NULL;
    const struct node left = {.kind = NODE_PRODUCT, .child = &factors[0]},
                      right = {.kind = NODE_PRODUCT, .child = &factors[2]};
    const char *how;
    return value_same(item_part(&left, x), item_part(&right, y), &how) && strcmp(how, "rounded decimal") != 0;
}

bool ratio_equal(struct item a, struct item b)
{
    const struct parts x = parts_of(a.node), y = parts_of(b.node);
    const char *how;
    if (x.count != y.count)
        return false;
    bool same = true, proportional = !only_itself(&x) && !only_itself(&y);
    for (int i = 0; i < x.count && same; i++)
        same = item_equal(item_part(x.part[i], a), item_part(y.part[i], b), &how);
    for (int i = 1; i < x.count && proportional && !same; i++)
        proportional = in_proportion(x.part[0], x.part[i], a, y.part[0], y.part[i], b);
    return same || proportional;
}

/* ---- congruences ---- */

/* Whether two residues differ by a multiple of the modulus. */
static bool residues_meet(struct item a, struct item b, const struct node *modulus)
{
    struct reading of_a = {.sign = a.sign, .work = a.work}, of_b = {.sign = b.sign, .work = b.work};
    fmpq_t x, y, m;
    fmpq_init(x);
    fmpq_init(y);
    fmpq_init(m);
    bool meet = value_exact(a.node, &of_a, x) && value_exact(b.node, &of_b, y) &&
                value_exact(modulus, &of_a, m) && !fmpq_is_zero(m);
    if (meet) {
        fmpq_sub(x, x, y);
        fmpq_div(x, x, m);
        meet = fmpz_is_one(fmpq_denref(x));
    }
    fmpq_clear(x);
    fmpq_clear(y);
    fmpq_clear(m);
    return meet;
}

bool congruence_equal(struct item a, struct item b)
{
    const char *how;
    if (a.node->kind != b.node->kind)
        return false;
    const struct node *residue_a = a.node->child, *modulus_a = residue_a->next, *left_a = modulus_a->next,
                      *residue_b = b.node->child, *modulus_b = residue_b->next, *left_b = modulus_b->next;
    struct item x = item_part(residue_a, a), y = item_part(residue_b, b);
    if (!item_equal(item_part(modulus_a, a), item_part(modulus_b, b), &how))
        return false;
    if (left_a && left_b && !item_equal(item_part(left_a, a), item_part(left_b, b), &how))
        return false;
    return residues_meet(x, y, modulus_a) || item_equal(x, y, &how);
}
