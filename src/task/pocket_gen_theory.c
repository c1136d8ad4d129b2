/* pocket_gen_theory.c - number theory: Euclid, powers and remainders step by step, and what is found by
 * trial: inverses, a number with two given remainders, the prime factors of a number. Congruences are written
 * "5*8=40=1 mod 13": all parts leave the same remainder. */
#include <stdio.h>
#include <string.h>

#include "task/pocket.h"

void pocket_generate_gcd(struct pocket_draft *draft)
{
    int common, a, b, most = draft_by_level(draft, 30, 45, 60, 90, 120);
    do {
        common = draft_range(draft, 1, draft_by_level(draft, 9, 12, 15, 20, 24));
        a = common * draft_range(draft, 2, 30);
        b = common * draft_range(draft, 2, 30);
    } while (a > most || b > most || a == b || a + b < most / 2);
    draft_hole(draft, 0, "%d", a);
    draft_hole(draft, 1, "%d", b);
    if (a < b) {
        int held = a;
        a = b;
        b = held;
    }
    bool slow = a < 4 * b && draft_chance(draft, 20); /* by subtraction instead of division */
    while (b) {
        if (slow && a - b > 0 && a < 2 * b)
            draft_put(draft, "%d-%d=%d: ", a, b, a - b);
        else
            draft_put(draft, "%d=%d mod %d: ", a, a % b, b);
        int rest = a % b;
        a = b;
        b = rest;
        if (b)
            draft_line(draft, "gcd(%d,%d)", a, b);
        else
            draft_line(draft, "gcd %d", a);
    }
    draft_answer(draft, "%d", a);
}

void pocket_generate_inverse(struct pocket_draft *draft)
{
    int m, a;
    do {
        m = draft_range(draft, draft_by_level(draft, 4, 5, 7, 9, 12),
                        draft_by_level(draft, 7, 9, 12, 16, 23));
        a = draft_range(draft, 2, m - 1 < 12 ? m - 1 : 12);
    } while (int_gcd(a, m) != 1);
    int x = draft_range(draft, 1, m - 1), target = a * x % m;
    draft_hole(draft, 0, "%d", a);
    draft_hole(draft, 1, "%d", target);
    draft_hole(draft, 2, "%d", m);
    draft_hole(draft, 3, "%d", m - 1);
    if (draft_guesses(draft)) {
        int chosen = draft_choice(draft, 1, m - 1, x);
        draft_line(draft, "%d*%d=%d mod %d.", a, chosen, a * chosen % m, m);
        draft_answer(draft, "%d", chosen);
        return;
    }
    int tries[8], n = draft_tries(draft, 1, m - 1, x, 4, tries);
    for (int i = 0; i < n; i++) {
        int product = a * tries[i];
        draft_put(draft, "Try %d: %d*%d=%d", tries[i], a, tries[i], product);
        if (product >= m)
            draft_put(draft, "=%d", product % m);
        draft_line(draft, " mod %d. %s.", m, tries[i] == x ? "Yes" : "No");
    }
    draft_answer(draft, "%d", x);
}

/* Tries go through the class of the larger modulus, so that only the smaller one is left to test. */
void pocket_generate_two_remainders(struct pocket_draft *draft)
{
    int m, n, small = draft_by_level(draft, 3, 4, 5, 7, 9), large = draft_by_level(draft, 5, 7, 9, 11, 13);
    do {
        m = draft_range(draft, 2, small);
        n = draft_range(draft, 3, large);
    } while (int_gcd(m, n) != 1 || n <= m || n < large - 3);
    int k = draft_range(draft, 0, m - 1), r = draft_range(draft, 0, n - 1), x = r + n * k;
    bool swap = draft_chance(draft, 50);
    const int holes[] = {swap ? r : x % m, swap ? n : m, swap ? x % m : r, swap ? m : n, m * n - 1};
    for (int i = 0; i < 5; i++)
        draft_hole(draft, i, "%d", holes[i]);
    if (draft_guesses(draft)) {
        int chosen = r + n * draft_choice(draft, 0, m - 1, k);
        draft_line(draft, "%d=%d mod %d, %d=%d mod %d.", chosen, r, n, chosen, chosen % m, m);
        draft_answer(draft, "%d", chosen);
        return;
    }
    int tries[8], count = draft_tries(draft, 0, m - 1, k, 4, tries);
    for (int i = 0; i < count; i++) {
        int value = r + n * tries[i];
        draft_line(draft, "Try %d+%d*%d=%d=%d mod %d. %s.", r, n, tries[i], value, value % m, m,
                   tries[i] == k ? "Yes" : "No");
    }
    draft_answer(draft, "%d", x);
}

/* a^e mod m from a^(e/2) or a^(e-1). */
static int write_power(struct pocket_draft *draft, int a, int e, int m)
{
    if (e == 1) {
        if (a >= m)
            draft_line(draft, "%d=%d mod %d", a, a % m, m);
        return a % m;
    }
    bool square = e % 2 == 0 && (e > 2 ? draft_chance(draft, 85) : true);
    int before = write_power(draft, a, square ? e / 2 : e - 1, m), by = square ? before : a % m;
    draft_put(draft, "%d^%d=%d*%d=%d", a, e, before, by, before * by);
    if (before * by >= m)
        draft_put(draft, "=%d", before * by % m);
    draft_line(draft, " mod %d", m);
    return before * by % m;
}

void pocket_generate_power(struct pocket_draft *draft)
{
    int m = draft_chance(draft, 20) ? 10 : draft_range(draft, 3, draft_by_level(draft, 7, 9, 11, 13, 15));
    int a,
        e = draft_range(draft, draft_by_level(draft, 2, 3, 4, 6, 9), draft_by_level(draft, 4, 6, 9, 16, 30));
    do
        a = draft_range(draft, 2, 12);
    while (a % m < 2);
    draft_hole(draft, 0, "%d", a);
    draft_hole(draft, 1, "%d", e);
    draft_hole(draft, 2, "%d", m);
    draft_answer(draft, "%d", write_power(draft, a, e, m));
}

/* "a*b+c", "a*b*c+d", "a*b+c*d": factors reduced first, in any order. */
void pocket_generate_remainder(struct pocket_draft *draft)
{
    int m = draft_range(draft, 3, draft_by_level(draft, 6, 8, 10, 12, 13)),
        n = 3 + (draft->level > 2) + (draft->level > 4);
    int high = draft_by_level(draft, 12, 15, 20, 30, 40), v[5], r[5];
    const char *form = n == 3 ? "*+" : n == 4 ? (draft_chance(draft, 50) ? "**+" : "*+*") : "**+*";
    size_t len = 0;
    for (int i = 0; i < n; i++) {
        v[i] = draft_range(draft, 2, high);
        len += (size_t)snprintf(draft->hole[0] + len, POCKET_HOLE_BYTES - len, "%.*s%d", i > 0,
                                &form[i ? i - 1 : 0], v[i]);
    }
    draft_hole(draft, 1, "%d", m);
    int order[5] = {0, 1, 2, 3, 4};
    if (draft_chance(draft, 40))
        draft_shuffle(draft, order, n);
    for (int i = 0; i < n; i++) {
        r[order[i]] = v[order[i]] % m;
        if (v[order[i]] >= m)
            draft_line(draft, "%d=%d mod %d", v[order[i]], r[order[i]], m);
    }
    int term[2] = {r[0], -1}, at = 0;
    for (int i = 1; i < n; i++) {
        if (form[i - 1] == '+') {
            term[++at] = r[i];
            continue;
        }
        int product = term[at] * r[i];
        draft_put(draft, "%d*%d=%d", term[at], r[i], product);
        if (product >= m)
            draft_put(draft, "=%d", product % m);
        draft_line(draft, " mod %d", m);
        term[at] = product % m;
    }
    int sum = term[0] + term[1];
    draft_put(draft, "%d+%d=%d", term[0], term[1], sum);
    if (sum >= m)
        draft_put(draft, "=%d", sum % m);
    draft_line(draft, " mod %d", m);
    draft_answer(draft, "%d", sum % m);
}

/* ---- a product of two primes ---- */

static bool prime_is(int n)
{
    for (int d = 2; d * d <= n; d++) {
        if (n % d == 0)
            return false;
    }
    return n > 1;
}

static int draw_prime(struct pocket_draft *draft, int low, int high)
{
    int p;
    do
        p = draft_range(draft, low, high);
    while (!prime_is(p));
    return p;
}

/* Most numbers are given as a sum to work out first, which makes the questions many. */
static void give_number(struct pocket_draft *draft, int n)
{
    if (draft_chance(draft, 25)) {
        draft_hole(draft, 0, "%d", n);
        return;
    }
    int a = draft_range(draft, 2, 12), b = (n - draft_range(draft, 1, n / 2)) / a;
    b = b > 40 ? draft_range(draft, 20, 40) : b < 1 ? 1 : b;
    int rest = n - a * b;
    draft_hole(draft, 0, "%d*%d%+d", a, b, rest);
    draft_line(draft, "%d*%d=%d, %d%+d=%d", a, b, a * b, a * b, rest, n);
}

void pocket_generate_two_primes(struct pocket_draft *draft)
{
    int high = draft_by_level(draft, 5, 7, 11, 13, 13);
    int p = draw_prime(draft, draft->level > 2 ? 3 : 2, high), q;
    do
        q = draw_prime(draft, p, draft_by_level(draft, 19, 23, 29, 31, 31));
    while (p * q > 200);
    int n = p * q;
    give_number(draft, n);
    draft_answer(draft, "%d", p);
    if (draft_guesses(draft)) {
        int chosen = p;
        while (draft->wrong && chosen == p)
            chosen = draw_prime(draft, 2, high);
        draft_line(draft, "%d*%d=%d.", chosen, n / chosen, chosen * (n / chosen));
        draft_answer(draft, "%d", chosen);
        return;
    }
    int tried[8], count = 0, wanted = draft_fails(draft, 4), from = 2;
    bool in_order = draft_chance(draft, 40);
    for (int guard = 0; count < wanted && guard < 40; guard++) {
        int t = in_order ? from++ : draw_prime(draft, 2, high + 4);
        bool again = !prime_is(t) || n % t == 0;
        for (int i = 0; i < count; i++)
            again |= tried[i] == t;
        if (in_order && t >= p)
            break;
        if (again)
            continue;
        tried[count++] = t;
        draft_line(draft, "Try %d: %d*%d=%d, %d-%d=%d. No.", t, t, n / t, n / t * t, n, n / t * t, n % t);
    }
    draft_line(draft, "Try %d: %d*%d=%d. Yes.", p, p, q, n);
}
