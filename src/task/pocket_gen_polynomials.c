/* pocket_gen_polynomials.c - polynomials: values by Horner's rule or term by term, the factors of a quadratic
 * and the integer root of a cubic by trial, coefficients of products. */
#include <stdio.h>
#include <string.h>

#include "task/pocket.h"

enum { DEGREE_MAX = 6 };

/* Horner's rule, one line for each multiplication, or all in one line parted by commas; returns the value. */
static int write_horner(struct pocket_draft *draft, const int *c, int degree, int x, bool one_line)
{
    int value = c[degree];
    for (int i = degree - 1; i >= 0; i--) {
        int product = value * x;
        draft_put(draft, "%d*%s", value, number_factor(x).s);
        if (c[i])
            draft_put(draft, "%+d", c[i]);
        value = product + c[i];
        draft_put(draft, "=%d%s", value, !one_line ? "\n" : i ? ", " : "");
    }
    return value;
}

/* Each power and term apart, then their sum. */
static int write_terms(struct pocket_draft *draft, const int *c, int degree, int x)
{
    int part[DEGREE_MAX + 1], parts = 0, sum = 0;
    for (int i = degree; i >= 0; i--) {
        int power = 1;
        for (int k = 0; k < i; k++)
            power *= x;
        if (!c[i])
            continue;
        if (i > 1)
            draft_put(draft, "%s^%d=%d%s", number_factor(x).s, i, power, c[i] == 1 ? "\n" : ", ");
        if (i > 0 && c[i] != 1)
            draft_line(draft, "%d*%s=%d", c[i], number_factor(power).s, c[i] * power);
        part[parts++] = c[i] * power;
    }
    for (int i = 0; i < parts; i++) {
        draft_put(draft, i ? "%+d" : "%d", part[i]);
        sum += part[i];
    }
    draft_line(draft, "=%d", sum);
    return sum;
}

void pocket_generate_evaluate(struct pocket_draft *draft)
{
    int degree = draft_by_level(draft, 1, 2, 2, 2, 3), c[DEGREE_MAX + 1], x;
    bool fits;
    do {
        x = draft->level < 4 ? draft_range(draft, 2, 6) : draft_range(draft, -4, 5);
        for (int i = 0; i <= degree; i++)
            c[i] = draft_range(draft, i == degree ? 1 : -draft_by_level(draft, 9, 9, 12, 9, 12),
                               i == degree ? draft_by_level(draft, 9, 4, 6, 3, 4)
                                           : draft_by_level(draft, 20, 9, 12, 9, 12));
        fits = x != 0;
        for (int i = degree, value = 0; i >= 0; i--) {
            value = value * x + c[i];
            fits &= value < 100 && value > -100;
        }
        int power = 1;
        for (int i = 0; i <= degree; i++, power *= x)
            fits &= c[i] * power < 150 && c[i] * power > -150;
    } while (!fits || c[0] == 0);
    draft_hole(draft, 0, "%s", poly_print(c, degree).s);
    draft_hole(draft, 1, "%d", x);
    bool horner = degree == 1 || draft_chance(draft, 60);
    int value = horner ? write_horner(draft, c, degree, x, false) : write_terms(draft, c, degree, x);
    draft_answer(draft, "%d", value);
}

/* ---- quadratics ---- */

/* A root's factor: "(x-3)", "(x+2)", "x". */
static struct poly_text root_factor(int root)
{
    struct poly_text text;
    snprintf(text.s, sizeof text.s, root ? "(x%+d)" : "x", -root);
    return text;
}

/* The pairs with product `c`, smaller size first, as the trial goes through them; returns how many. */
static int factor_pairs(int c, int pair[][2])
{
    int n = 0, size = c < 0 ? -c : c;
    for (int d = 1; d * d <= size; d++) {
        if (size % d)
            continue;
        for (int sign = -1; sign <= 1; sign += 2) {
            pair[n][0] = sign * d;
            pair[n++][1] = sign * (c / d);
        }
    }
    return n;
}

static void write_pair_try(struct pocket_draft *draft, const int *pair, int sum)
{
    bool swap = draft_chance(draft, 50);
    int a = pair[swap], b = pair[!swap];
    draft_line(draft, "Try %d and %d: %d*%s=%d, %d%+d=%d. %s.", a, b, a, number_factor(b).s, a * b, a, b,
               a + b, a + b == sum ? "Yes" : "No");
}

static int answer_root(const int *pair, bool larger)
{
    int high = pair[0] > pair[1] ? pair[0] : pair[1], low = pair[0] + pair[1] - high;
    return larger ? high : low;
}

void pocket_generate_quadratic(struct pocket_draft *draft)
{
    int size = draft_by_level(draft, 7, 9, 9, 12, 15), low = draft->level < 3 ? 1 : -size, r, s;
    do {
        r = draft_range(draft, low, size);
        s = draft_range(draft, low, size);
    } while (r == s || r * s == 0 || r + s == 0);
    int pair[40][2], pairs = factor_pairs(r * s, pair), right = 0, c[3] = {r * s, -(r + s), 1};
    while (pair[right][0] + pair[right][1] != r + s)
        right++;
    bool larger = draft_chance(draft, 50);
    draft_hole(draft, 0, "%s", poly_print(c, 2).s);
    draft_hole(draft, 1, "%s", larger ? "larger" : "smaller");
    if (draft_guesses(draft)) {
        int chosen = draft_choice(draft, 0, pairs - 1, right), swap = draft_chance(draft, 50);
        draft_line(draft, "%s=%s%s", draft->hole[0], root_factor(pair[chosen][swap]).s,
                   root_factor(pair[chosen][!swap]).s);
        draft_answer(draft, "%d", answer_root(pair[chosen], larger));
        return;
    }
    int tries[8], n = draft_tries(draft, 0, pairs - 1, right, 4, tries);
    for (int i = 0; i < n; i++)
        write_pair_try(draft, pair[tries[i]], r + s);
    draft_answer(draft, "%d", answer_root(pair[right], larger));
}

void pocket_generate_cubic(struct pocket_draft *draft)
{
    int high = draft_by_level(draft, 4, 4, 5, 7, 9), degree = draft->level < 4 ? 2 : 3, c[4], root, roots;
    bool fits;
    do {
        root = draft_range(draft, 1, high);
        int quotient[3] = {draft_range(draft, -9, 9), draft_range(draft, -6, 6), 1};
        quotient[degree - 1] = degree == 2 ? draft_range(draft, 2, 5) : 1;
        memset(c, 0, sizeof c);
        for (int i = 0; i < degree; i++) {
            c[i + 1] += quotient[i];
            c[i] -= root * quotient[i];
        }
        roots = 0;
        fits = c[0] != 0;
        for (int x = 1; x <= high; x++) {
            int value = 0;
            for (int i = degree; i >= 0; i--) {
                value = value * x + c[i];
                fits &= value > -100 && value < 100;
            }
            roots += value == 0;
        }
    } while (!fits || roots != 1);
    draft_hole(draft, 0, "%s", poly_print(c, degree).s);
    draft_hole(draft, 1, "%d", high);
    int tries[8], n = draft_tries(draft, 1, high, root, 3, tries);
    for (int i = 0; i < n; i++) {
        draft_put(draft, "Try %d: ", tries[i]);
        write_horner(draft, c, degree, tries[i], true);
        draft_line(draft, ". %s.", tries[i] == root ? "Yes" : "No");
    }
    draft_answer(draft, "%d", root);
}

/* ---- coefficients of a product ---- */

void pocket_generate_coefficient(struct pocket_draft *draft)
{
    int da = draft_by_level(draft, 1, 1, 2, 2, 2), db = draft_by_level(draft, 1, 1, 1, 2, 2), a[3], b[3];
    int size = draft_by_level(draft, 6, 9, 7, 7, 9);
    for (int i = 0; i <= 2; i++) {
        a[i] = draft_range(draft, draft->level == 1 ? 1 : -size, size);
        b[i] = draft_range(draft, draft->level == 1 ? 1 : -size, size);
        a[i] += !a[i];
        b[i] += !b[i];
    }
    if (draft->level != 2)
        a[da] = draft_range(draft, 1, draft->level == 5 ? 3 : 2);
    if (draft->level < 5)
        b[db] = draft->level == 2 ? b[db] : 1;
    int k = draft_range(draft, 1, da + db - 1), products[4], n = 0, order[4] = {0, 1, 2, 3}, from[4], sum = 0;
    for (int i = 0; i <= da; i++) {
        if (k - i >= 0 && k - i <= db)
            from[n++] = i;
    }
    draft_hole(draft, 0, "(%s)(%s)", poly_print(a, da).s, poly_print(b, db).s);
    draft_hole(draft, 1, k == 1 ? "x" : "x^%d", k);
    draft_shuffle(draft, order, n);
    for (int i = 0; i < n; i++) {
        int left = a[from[order[i]]], right = b[k - from[order[i]]];
        products[i] = left * right;
        draft_line(draft, "%d*%s=%d", left, number_factor(right).s, left * right);
        sum += left * right;
    }
    for (int i = 0; i < n; i++)
        draft_put(draft, i ? "%+d" : "%d", products[i]);
    draft_line(draft, "=%d", sum);
    draft_answer(draft, "%d", sum);
}
