/* pocket_gen_fractions.c - fractions: sums over a common denominator, lowest terms by trying divisors,
 * comparing, parts of a number, and a number to find that makes a fraction equal to another. */
#include <stdio.h>

#include "task/pocket.h"

static const int primes[] = {2, 3, 5, 7, 11, 13};
enum { PRIMES = 6 };

static void put_fraction(struct pocket_draft *draft, int top, int bottom)
{
    draft_put(draft, bottom == 1 ? "%d" : "%d/%d", top, bottom);
}

/* Goes from top/bottom to lowest terms, one divisor a line; writes nothing where it is there already. */
static void lowest_terms(struct pocket_draft *draft, int top, int bottom, bool with_fails)
{
    int fails = with_fails ? draft_fails(draft, 2) : 0;
    unsigned tried = 0;
    for (int common = int_gcd(top, bottom); common > 1; common = int_gcd(top, bottom)) {
        int p = draft_range(draft, 0, PRIMES - 1), by = primes[p];
        if (fails && p < 4 && !(tried >> p & 1) && top % by && draft_chance(draft, 40)) {
            draft_line(draft, "Try %d: %d=%d mod %d. No.", by, top, top % by, by);
            tried |= 1u << p;
            fails--;
            continue;
        }
        if (top % by || bottom % by)
            continue;
        if (draft_chance(draft, 20))
            by = common;
        draft_put(draft, "%d/%d=", top, bottom);
        top /= by;
        bottom /= by;
        put_fraction(draft, top, bottom);
        draft_line(draft, by == common ? ", by %d." : ", by %d", by);
    }
}

static void answer_fraction(struct pocket_draft *draft, int top, int bottom)
{
    int common = int_gcd(top, bottom);
    if (bottom / common == 1)
        draft_answer(draft, "%d", top / common);
    else
        draft_answer(draft, "%d/%d", top / common, bottom / common);
}

static void draw_denominators(struct pocket_draft *draft, int n, int *bottom, int *common)
{
    int most = draft_by_level(draft, 12, 24, 24, 36, 48);
    do {
        *common = 1;
        int same = draft_range(draft, 2, 15);
        for (int i = 0; i < n; i++) {
            bottom[i] =
                draft->level == 1 ? same : draft_range(draft, 2, draft_by_level(draft, 0, 8, 10, 12, 15));
            *common = *common / int_gcd(*common, bottom[i]) * bottom[i];
        }
    } while (*common > most && draft->level > 1);
}

void pocket_generate_fraction_sum(struct pocket_draft *draft)
{
    int n = draft->level == 5 || (draft->level == 4 && draft_chance(draft, 40)) ? 3 : 2;
    int bottom[3], top[3], common, sum;
    char sign[3] = {'+', '+', '+'};
    do {
        draw_denominators(draft, n, bottom, &common);
        sum = 0;
        for (int i = 0; i < n; i++) {
            do
                top[i] = draft_range(draft, 1, bottom[i] - 1);
            while (int_gcd(top[i], bottom[i]) != 1 && draft->level > 1);
            sign[i] = i && draft_chance(draft, 35) ? '-' : '+';
            sum += (sign[i] == '-' ? -1 : 1) * top[i] * (common / bottom[i]);
        }
    } while (sum <= 0);
    if (draft->level > 2 && n == 2 && bottom[0] * bottom[1] <= 100 && draft_chance(draft, 30)) {
        sum = sum * (bottom[0] * bottom[1] / common);
        common = bottom[0] * bottom[1];
    }
    size_t len = 0;
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(draft->hole[0] + len, POCKET_HOLE_BYTES - len, "%.*s%d/%d", i > 0, &sign[i],
                                top[i], bottom[i]);
    for (int i = 0; i < n; i++) {
        if (bottom[i] != common)
            draft_line(draft, "%d/%d=%d/%d", top[i], bottom[i], top[i] * (common / bottom[i]), common);
    }
    for (int i = 0; i < n; i++)
        draft_put(draft, "%.*s%d/%d", i > 0, &sign[i], top[i] * (common / bottom[i]), common);
    draft_line(draft, "=%d/%d", sum, common);
    lowest_terms(draft, sum, common, false);
    answer_fraction(draft, sum, common);
}

void pocket_generate_reduce(struct pocket_draft *draft)
{
    int size = draft_by_level(draft, 6, 9, 11, 13, 17), factor = 1,
        steps = draft_by_level(draft, 1, 2, 2, 3, 3);
    int top, bottom;
    do {
        bottom = draft_range(draft, 2, size);
        top = draft_range(draft, 1, size + 3);
        factor = 1;
        for (int i = 0; i < steps; i++)
            factor *= primes[draft_range(draft, 0, draft_by_level(draft, 3, 3, 4, 3, 4))];
    } while (int_gcd(top, bottom) != 1 || factor * top > 144 || factor * bottom > 144);
    bool ask_top = draft_chance(draft, 50);
    int right = factor;
    draft_hole(draft, 0, "%d/%d", top * factor, bottom * factor);
    draft_hole(draft, 1, ask_top ? "numerator" : "denominator");
    if (draft_guesses(draft)) {
        for (int p = 0; draft->wrong && p < PRIMES && right == factor; p++)
            right = factor % primes[p] ? factor : factor / primes[p];
        draft_put(draft, "%d/%d=", top * factor, bottom * factor);
        put_fraction(draft, top * factor / right, bottom * factor / right);
        draft_line(draft, ", by %d.", right);
    } else {
        lowest_terms(draft, top * factor, bottom * factor, true);
    }
    draft_answer(draft, "%d", (ask_top ? top : bottom) * factor / right);
}

void pocket_generate_largest_fraction(struct pocket_draft *draft)
{
    int n = draft_by_level(draft, 2, 2, 3, 3, 4), size = draft_by_level(draft, 7, 12, 9, 12, 13);
    int top[4] = {0}, bottom[4] = {0};
    for (int i = 0; i < n; i++) {
        bool again;
        do {
            bottom[i] = draft_range(draft, 3, size);
            top[i] = draft_range(draft, 1, bottom[i] - 1);
            again = int_gcd(top[i], bottom[i]) != 1;
            for (int j = 0; j < i; j++)
                again |= top[i] * bottom[j] == top[j] * bottom[i] ||
                         (draft->level > 1 && top[i] * 10 / bottom[i] / 3 != top[j] * 10 / bottom[j] / 3);
        } while (again);
    }
    size_t len = 0;
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(draft->hole[0] + len, POCKET_HOLE_BYTES - len, "%s%d/%d",
                                !i           ? ""
                                : i == n - 1 ? " and "
                                             : ", ",
                                top[i], bottom[i]);
    bool quick = draft_guesses(draft), slip = draft->wrong;
    int best = 0;
    for (int i = 1; i < n; i++) {
        int left = top[best] * bottom[i], right = top[i] * bottom[best],
            over = (left < right) != slip ? i : best;
        int under = over == i ? best : i;
        slip = false;
        if (!quick)
            draft_put(draft, "%d*%d=%d, %d*%d=%d: ", top[best], bottom[i], left, top[i], bottom[best], right);
        draft_line(draft, "%d/%d<%d/%d", top[under], bottom[under], top[over], bottom[over]);
        best = over;
    }
    draft_answer(draft, "%d/%d", top[best], bottom[best]);
}

void pocket_generate_add_both(struct pocket_draft *draft)
{
    int top, bottom, n, p, q;
    do {
        bottom = draft_range(draft, 3, draft_by_level(draft, 9, 9, 12, 15, 20));
        top = draft_range(draft, 1, bottom - 1);
        n = draft_range(draft, 1, draft_by_level(draft, 5, 6, 9, 12, 15));
        int common = int_gcd(top + n, bottom + n);
        p = (top + n) / common;
        q = (bottom + n) / common;
    } while (q > 9 || q == bottom + n || p * bottom == q * top);
    int high = draft_by_level(draft, 5, 6, 9, 12, 15);
    draft_hole(draft, 0, "%d/%d", top, bottom);
    draft_hole(draft, 1, "%d/%d", p, q);
    draft_answer(draft, "%d", n);
    if (draft_guesses(draft)) {
        int chosen = draft_choice(draft, 1, high, n);
        draft_line(draft, "(%d+%d)/(%d+%d)=%d/%d=%d/%d.", top, chosen, bottom, chosen, top + chosen,
                   bottom + chosen, p, q);
        draft_answer(draft, "%d", chosen);
        return;
    }
    int tries[8], count = draft_tries(draft, 1, high, n, 4, tries);
    for (int i = 0; i < count; i++) {
        int a = top + tries[i], b = bottom + tries[i];
        draft_line(draft, "Try %d: %d/%d, %d*%d=%d, %d*%d=%d. %s.", tries[i], a, b, a, q, a * q, b, p, b * p,
                   a * q == b * p ? "Yes" : "No");
    }
}

/* One step "p/q of n" as two operations. */
static int take_part(struct pocket_draft *draft, int p, int q, int n)
{
    if (p == 1) {
        draft_line(draft, "%d/%d=%d", n, q, n / q);
        return n / q;
    }
    if (draft_chance(draft, 80) || n * p > 200) {
        draft_line(draft, "%d/%d=%d", n, q, n / q);
        draft_line(draft, "%d*%d=%d", n / q, p, n / q * p);
    } else {
        draft_line(draft, "%d*%d=%d", n, p, n * p);
        draft_line(draft, "%d/%d=%d", n * p, q, n * p / q);
    }
    return n / q * p;
}

void pocket_generate_part(struct pocket_draft *draft)
{
    int stages = draft_by_level(draft, 1, 1, 2, 2, 3), p[3], q[3], n = 1;
    do {
        n = 1;
        for (int i = 0; i < stages; i++) {
            q[i] = draft_range(draft, 2, draft_by_level(draft, 6, 12, 6, 9, 6));
            do
                p[i] = draft_range(draft, 1, q[i] - 1);
            while (int_gcd(p[i], q[i]) != 1);
        }
        /* The last fraction is taken first. Start from a number that all divisions leave whole. */
        for (int i = 0; i < stages; i++)
            n *= q[i];
        n *= draft_range(draft, 1, 12);
    } while (n > 250);
    size_t len = 0;
    for (int i = 0; i < stages; i++)
        len += (size_t)snprintf(draft->hole[0] + len, POCKET_HOLE_BYTES - len, i ? " of %d/%d" : "%d/%d",
                                p[i], q[i]);
    draft_hole(draft, 1, "%d", n);
    for (int i = stages - 1; i >= 0; i--)
        n = take_part(draft, p[i], q[i], n);
    draft_answer(draft, "%d", n);
}
