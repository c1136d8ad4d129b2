/* equal.h - the parts of equality: items, values, relations. */
#ifndef ANSWER_EQUAL_H
#define ANSWER_EQUAL_H

#include "answer/expression.h"

/* One item of an answer, with the sign its plus-minus has. */
struct item {
    const struct node *node;
    int sign;
};

bool item_equal(struct item a, struct item b, const char **how);
/* Of two that are neither structures nor relations. */
bool value_same(struct item a, struct item b, const char **how);
/* Of two of which one is a relation. */
bool relation_equal(struct item a, struct item b, const char **how);
/* Whether both are the same interval, in brackets or as an inequality. */
bool interval_equal(const struct node *a, const struct node *b);
bool node_is_infinite(const struct node *node, int *sign);
/* Whether a union is all but one number, the one that "x != 3" leaves out. */
bool union_leaves_out(const struct node *whole, const struct node *inequation);

/* Sums and products of matrices worked out; anything else stays. `node` may be NULL. */
const struct node *matrix_fold(struct arena *arena, const struct node *node);

#endif
