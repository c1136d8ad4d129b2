/* equal.h - the parts of equality: items, values, relations. */
#ifndef ANSWER_EQUAL_H
#define ANSWER_EQUAL_H

#include "formula/expression.h"

/* One item of an answer, with the sign its plus-minus has, and what is left of the work that may go into the
 * whole comparison (see value.h). */
struct item {
    const struct node *node;
    int sign;
    long *work;
};

static inline struct item item_part(const struct node *node, struct item of)
{
    return (struct item){node, of.sign, of.work};
}

bool item_equal(struct item a, struct item b, const char **how);
/* Of two that are neither structures nor relations. */
bool value_same(struct item a, struct item b, const char **how);
/* Of two of which one is a relation. */
bool relation_equal(struct item a, struct item b, const char **how);
/* Of two of which one is a congruence. */
bool congruence_equal(struct item a, struct item b);
/* Of two ratios, "1:2:3": whether they are in proportion. */
bool ratio_equal(struct item a, struct item b);
/* Whether both are the same interval, in brackets or as an inequality. */
bool interval_equal(struct item a, struct item b);
bool node_is_infinite(const struct node *node, int *sign);
/* Whether a union is all but one number, the one that "x != 3" leaves out. */
bool union_leaves_out(struct item whole, struct item inequation);

/* Sums and products of matrices worked out; anything else stays. `node` may be NULL. */
const struct node *matrix_fold(struct arena *arena, const struct node *node);

#endif
