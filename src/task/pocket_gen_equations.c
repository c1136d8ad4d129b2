/* pocket_gen_equations.c - linear equations: solved by moving terms, found by trial where two unknowns are
 * integers, and told as stories. Every line of an equation's solution has the same solution as the question.
 */
#include <stdio.h>

#include "task/pocket.h"

/* One side of an equation as text: "3x-4". */
static struct poly_text side(int slope, int constant)
{
    return poly_print((const int[]){constant, slope}, 1);
}

static void divide_out(struct pocket_draft *draft, int slope, int right)
{
    if (slope != 1)
        draft_line(draft, "x=%d/%s=%d", right, number_factor(slope).s, right / slope);
}

/* ax+b=c: to ax=c-b, to x. */
static void finish(struct pocket_draft *draft, int a, int b, int c)
{
    if (b != 0)
        draft_line(draft, "%s=%d%s%d=%d", side(a, 0).s, c, b > 0 ? "-" : "+", b > 0 ? b : -b, c - b);
    divide_out(draft, a, c - b);
}

/* ax+b=cx+d with a>c: the unknowns or the numbers first. */
static void both_sides(struct pocket_draft *draft, int a, int b, int c, int d)
{
    if (draft_chance(draft, 50) || b == 0) {
        draft_line(draft, "%s=%d", side(a - c, b).s, d);
        finish(draft, a - c, b, d);
        return;
    }
    draft_line(draft, "%s=%s", side(a, 0).s, side(c, d - b).s);
    draft_line(draft, "%s=%d", side(a - c, 0).s, d - b);
    divide_out(draft, a - c, d - b);
}

static int nonzero(struct pocket_draft *draft, int size)
{
    int value = draft_range(draft, 1, size);
    return draft_chance(draft, 40) ? -value : value;
}

/* a(x+b)=c, by dividing first or by expanding. */
static void one_bracket(struct pocket_draft *draft, int x)
{
    int a = draft_range(draft, 2, 9), b = nonzero(draft, 9), c = a * (x + b);
    draft_hole(draft, 0, "%d(%s)=%d", a, side(1, b).s, c);
    if (draft_chance(draft, 50)) {
        draft_line(draft, "%s=%d/%d=%d", side(1, b).s, c, a, c / a);
        finish(draft, 1, b, c / a);
    } else {
        draft_line(draft, "%s=%d", side(a, a * b).s, c);
        finish(draft, a, a * b, c);
    }
}

static void two_sides(struct pocket_draft *draft, int x)
{
    int c = draft_range(draft, 1, 6), a = c + draft_range(draft, 1, 7);
    int b = nonzero(draft, 20), d = (a - c) * x + b;
    draft_hole(draft, 0, "%s=%s", side(a, b).s, side(c, d).s);
    both_sides(draft, a, b, c, d);
}

/* a(x+b)+c=dx+e */
static void bracket_and_sides(struct pocket_draft *draft, int x)
{
    int d = draft_range(draft, 1, 4), a = d + draft_range(draft, 1, 5), b = nonzero(draft, 8);
    int c = nonzero(draft, 12), e = a * (x + b) + c - d * x;
    draft_hole(draft, 0, "%d(%s)%+d=%s", a, side(1, b).s, c, side(d, e).s);
    draft_line(draft, "%s%+d=%s", side(a, a * b).s, c, side(d, e).s);
    draft_line(draft, "%s=%s", side(a, a * b + c).s, side(d, e).s);
    both_sides(draft, a, a * b + c, d, e);
}

/* a(x+b)+c(x+d)=e */
static void two_brackets(struct pocket_draft *draft, int x)
{
    int a = draft_range(draft, 2, 6), b = nonzero(draft, 8), c = draft_range(draft, 2, 6),
        d = nonzero(draft, 8);
    int e = a * (x + b) + c * (x + d);
    draft_hole(draft, 0, "%d(%s)+%d(%s)=%d", a, side(1, b).s, c, side(1, d).s, e);
    draft_line(draft, "%s+%s=%d", side(a, a * b).s, side(c, c * d).s, e);
    draft_line(draft, "%s=%d", side(a + c, a * b + c * d).s, e);
    finish(draft, a + c, a * b + c * d, e);
}

void pocket_generate_equation(struct pocket_draft *draft)
{
    int x = draft->level < 3 ? draft_range(draft, 1, 10) : draft_range(draft, -5, 10);
    draft_answer(draft, "%d", x);
    bool first = draft_chance(draft, 50);
    if (draft->level == 1 || (draft->level == 2 && first)) {
        int a = draft_range(draft, 2, 9), b = nonzero(draft, draft->level == 1 ? 20 : 50);
        draft_hole(draft, 0, "%s=%d", side(a, b).s, a * x + b);
        finish(draft, a, b, a * x + b);
    } else if (draft->level == 2 || (draft->level == 3 && first)) {
        one_bracket(draft, x);
    } else if (draft->level == 3 || (draft->level == 4 && first)) {
        two_sides(draft, x);
    } else if (draft->level == 4 || first) {
        two_brackets(draft, x);
    } else {
        bracket_and_sides(draft, x);
    }
}

void pocket_generate_think(struct pocket_draft *draft)
{
    int n = draft_range(draft, 2, 15), a = draft_range(draft, 2, 9), b = draft_range(draft, 1, 40);
    draft_hole(draft, 0, "%d", a);
    draft_hole(draft, 1, "%d", b);
    draft_hole(draft, 2, "%d", a * n + b);
    draft_line(draft, "%d-%d=%d", a * n + b, b, a * n);
    draft_line(draft, "%d/%d=%d", a * n, a, n);
    draft_answer(draft, "%d", n);
}

/* ax+by=c with 1 <= x <= b and gcd(a,b)=1: just one x. */
void pocket_generate_diophantine(struct pocket_draft *draft)
{
    int a, b;
    do {
        a = draft_range(draft, 2, draft_by_level(draft, 7, 9, 10, 12, 12));
        b = draft_range(draft, draft_by_level(draft, 3, 3, 5, 7, 9), draft_by_level(draft, 4, 6, 8, 11, 15));
    } while (int_gcd(a, b) != 1 || a == b);
    int x = draft_range(draft, 1, b), y = draft_range(draft, 1, draft_by_level(draft, 9, 9, 9, 8, 8)),
        c = a * x + b * y;
    int high = (c - 1) / a < b ? (c - 1) / a : b;
    draft_hole(draft, 0, "%d", a);
    draft_hole(draft, 1, "%d", b);
    draft_hole(draft, 2, "%d", c);
    if (draft_guesses(draft)) {
        int chosen = draft_choice(draft, 1, high, x), other = (c - a * chosen) / b;
        draft_line(draft, "x=%d and y=%d: %d*%d+%d*%d=%d.", chosen, other, a, chosen, b, other,
                   a * chosen + b * other);
        draft_answer(draft, "%d", chosen);
        return;
    }
    int tries[8], n = draft_tries(draft, 1, high, x, 4, tries);
    for (int i = 0; i < n; i++) {
        int rest = c - a * tries[i];
        draft_line(draft, "Try x=%d: %d-%d*%d=%d=%d mod %d. %s.", tries[i], c, a, tries[i], rest, rest % b, b,
                   rest % b ? "No" : "Yes");
    }
    draft_answer(draft, "%d", x);
}

void pocket_generate_coins(struct pocket_draft *draft)
{
    int n =
        draft_range(draft, draft_by_level(draft, 4, 5, 6, 8, 10), draft_by_level(draft, 6, 8, 12, 14, 18));
    int k = draft_range(draft, 1, n - 1), a = draft_range(draft, 2, 5), b = a + draft_range(draft, 1, 6);
    int value = a * (n - k) + b * k;
    const int holes[] = {n, value, a, b};
    for (int i = 0; i < 4; i++)
        draft_hole(draft, i, "%d", holes[i]);
    draft_answer(draft, "%d", k);
    if (!draft->wrong && draft_chance(draft, 35)) {
        draft_line(draft, "%d*%d=%d", a, n, a * n);
        draft_line(draft, "%d-%d=%d", value, a * n, value - a * n);
        draft_line(draft, "%d-%d=%d", b, a, b - a);
        draft_line(draft, "%d/%d=%d", value - a * n, b - a, k);
        return;
    }
    if (draft_guesses(draft)) {
        int chosen = draft_choice(draft, 1, n - 1, k);
        draft_line(draft, "%d and %d: %d*%d+%d*%d=%d.", n - chosen, chosen, a, n - chosen, b, chosen,
                   a * (n - chosen) + b * chosen);
        draft_answer(draft, "%d", chosen);
        return;
    }
    int tries[8], count = draft_tries(draft, 1, n - 1, k, 4, tries);
    for (int i = 0; i < count; i++) {
        int t = tries[i], low = a * (n - t), high = b * t;
        draft_line(draft, "Try %d: %d*%d+%d*%d=%d+%d=%d. %s.", t, a, n - t, b, t, low, high, low + high,
                   t == k ? "Yes" : "No");
    }
}
