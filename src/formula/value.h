/* value.h - the value of an expression: an exact fraction where it is one, else a complex ball. */
#ifndef FORMULA_VALUE_H
#define FORMULA_VALUE_H

/* FLINT 2 keeps Arb apart, FLINT 3 has it. */
#if __has_include(<flint/acb.h>)
#include <flint/acb.h>
#else
#include <acb.h>
#endif
#include <flint/fmpq.h>

#include "formula/expression.h"

/* What an expression leaves open, and where its variables are put. */
struct reading {
    int sign;          /* of plus-minus: 1 or -1 */
    bool natural_log;  /* \log without a base is ln, else log10 */
    bool percent_part; /* 10% is 1/10, else 10 */
    int point;         /* which of the VALUE_POINTS_MAX assignments of variables */
    bool *unreal;      /* set where a root or a logarithm of variables is not real; may be NULL */
    long *work;        /* counted down; nothing has a value any more once it is used up */
};

/* Work is counted in operations on short numbers, some tenths of a microsecond each. */
enum { VALUE_POINTS = 6, VALUE_POINTS_MAX = 32, WORK_MAX = 40000 };

/* Both return false where the expression has no such value: value_exact for all that is not rational or takes
 * more than some 50,000 bits, value_ball for what is no number or not defined at the point. */
bool value_exact(const struct node *node, const struct reading *reading, fmpq_t out);
bool value_ball(const struct node *node, const struct reading *reading, slong bits, acb_t out);

/* Whether a decimal is a value, which is none, rounded to the digits it is written with. */
bool rounds_to(const struct node *decimal, const struct node *value, const struct reading *reading);

/* Whether it has the logarithm of an even power of a variable, "ln x^2", which is real where that of the
 * variable is not. */
bool value_hides_sign(const struct node *node);

#endif
