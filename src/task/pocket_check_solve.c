/* pocket_check_solve.c - answers worked out from the problem's text, for the families that calculate: the
 * answer, and the results that may stand on the way to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "task/pocket_check.h"

void check_way(struct pocket_check *check, struct rational value)
{
    if (check->ways < CHECK_WAY_MAX)
        check->way[check->ways++] = value;
}

static void way_int(struct pocket_check *check, int64_t value)
{
    check_way(check, rational_of(value));
}

void check_answer(struct pocket_check *check, struct rational value)
{
    if (value.den == 1)
        snprintf(check->right, sizeof check->right, "%lld", (long long)value.num);
    else
        snprintf(check->right, sizeof check->right, "%lld/%lld", (long long)value.num, (long long)value.den);
    check->answer = value.den == 1 ? value.num : 0;
    check_way(check, value);
}

int64_t check_remainder(int64_t a, int64_t m)
{
    return (a % m + m) % m;
}

static bool solve_value(struct pocket_check *check, const char *text)
{
    if (!expression_value(text, 0, &check->value))
        return false;
    check_answer(check, check->value);
    return true;
}

/* ---- stories: the formula of each, and its parts ---- */

struct story {
    int family;
    const char *formula[6]; /* digits stand for holes; the last is the answer */
};

static const struct story stories[] = {
    {POCKET_TAKE_AWAY, {"0*1", "0*1-2"}}, {POCKET_TWO_KINDS, {"0*1", "2*3", "0*1+2*3"}},
    {POCKET_SHARE, {"0-1", "(0-1)/2"}},   {POCKET_THINK, {"2-1", "(2-1)/0"}},
    {POCKET_OUTFITS, {"0*1", "0*1+2"}},
};

static bool solve_story(struct pocket_check *check, const struct story *story)
{
    struct rational value = rational_of(0);
    for (int i = 0; i < 6 && story->formula[i]; i++) {
        char text[256] = "";
        size_t n = 0;
        for (const char *p = story->formula[i]; *p && n < 160; p++) {
            if (*p >= '0' && *p <= '5')
                n += (size_t)snprintf(text + n, sizeof text - n, "%.20s", check->hole[*p - '0']);
            else
                text[n++] = *p;
            text[n] = 0;
        }
        if (!expression_value(text, 0, &value))
            return false;
        check_way(check, value);
    }
    check_answer(check, value);
    return true;
}

/* ---- equations ---- */

/* The x where both sides agree, from the values of left minus right at 0 and 1. */
static bool solve_equation(struct pocket_check *check)
{
    struct claim at0, at1;
    const char *p = check->hole[0], *q = p;
    if (claim_read(&p, rational_of(0), &at0) || *p || claim_read(&q, rational_of(1), &at1) || at0.parts != 2)
        return false;
    for (int i = 0; i < 2; i++) {
        if (at0.part[i].den != 1 || at1.part[i].den != 1 || llabs(at0.part[i].num) > 100000)
            return false;
    }
    int64_t d0 = at0.part[0].num - at0.part[1].num, slope = at1.part[0].num - at1.part[1].num - d0;
    for (int64_t x = -500; x <= 500; x++) {
        if (slope && d0 + slope * x == 0) {
            check_answer(check, rational_of(x));
            return true;
        }
    }
    return false;
}

/* ---- fractions ---- */

static bool solve_largest(struct pocket_check *check)
{
    const char *p = check->hole[0];
    struct rational best = rational_of(0), value;
    while (*p) {
        const char *start = p;
        if (!expression_read(&p, rational_of(0), &value))
            return false;
        check_way(check, value);
        if (value.num * best.den > best.num * value.den) {
            best = value;
            snprintf(check->right, sizeof check->right, "%.*s", (int)(p - start < 40 ? p - start : 40),
                     start);
        }
        p += strspn(p, ", and");
    }
    check->value = best;
    return check->ways > 1;
}

static bool solve_fraction_sum(struct pocket_check *check)
{
    const char *p = check->hole[0];
    while (*p) {
        struct rational value;
        size_t n = strcspn(p, "+-");
        char piece[32];
        snprintf(piece, sizeof piece, "%.*s", (int)n, p);
        if (!expression_value(piece, 0, &value))
            return false;
        check_way(check, value);
        p += n + (p[n] != 0);
    }
    return solve_value(check, check->hole[0]);
}

static bool solve_reduce(struct pocket_check *check)
{
    bool top = strcmp(check->hole[1], "numerator") == 0;
    if (!expression_value(check->hole[0], 0, &check->value) ||
        (!top && strcmp(check->hole[1], "denominator")))
        return false;
    check_way(check, check->value);
    check_answer(check, rational_of(top ? check->value.num : check->value.den));
    check->ways = 1;
    return true;
}

/* "2/3 of 3/4" of n: every product of the number with some of the parts' tops over some of their bottoms. */
static bool solve_part(struct pocket_check *check)
{
    int64_t top[3], bottom[3], value = check->n[1];
    int parts = 0;
    for (const char *p = check->hole[0]; *p && parts < 3; parts++) {
        char *end;
        top[parts] = strtol(p, &end, 10);
        if (*end != '/')
            return false;
        bottom[parts] = strtol(end + 1, &end, 10);
        p = end + (strncmp(end, " of ", 4) == 0 ? 4 : 0);
        if (bottom[parts] < 1 || (*p && p == end))
            return false;
    }
    for (int i = parts - 1; i >= 0; i--) {
        if (value % bottom[i] == 0)
            way_int(check, value / bottom[i]);
        way_int(check, value * top[i]);
        value = value * top[i] / bottom[i];
        way_int(check, value);
    }
    check_answer(check, rational_of(value));
    return parts > 0;
}

/* ---- number theory ---- */

static bool solve_gcd(struct pocket_check *check)
{
    int64_t a = check->n[0], b = check->n[1], best = 1;
    for (int64_t d = 1; d <= a && d <= b; d++)
        best = a % d == 0 && b % d == 0 ? d : best;
    check_answer(check, rational_of(best));
    return a > 0 && b > 0 && a < 1000000;
}

static bool solve_power(struct pocket_check *check)
{
    int64_t m = check->n[2], value = 1;
    if (m < 1 || m > 1000000 || check->n[1] > 100000)
        return false;
    for (int64_t i = 0; i < check->n[1]; i++)
        value = value * (check->n[0] % m) % m;
    check_answer(check, rational_of(value));
    return true;
}

static bool solve_remainder(struct pocket_check *check)
{
    struct rational value;
    int64_t m = check->n[1];
    if (m < 1 || !expression_value(check->hole[0], 0, &value) || value.den != 1 || value.num > 100000000)
        return false;
    check_answer(check, rational_of(check_remainder(value.num, m)));
    for (const char *p = check->hole[0]; *p; p += *p != 0) {
        char *end = NULL;
        if (*p >= '0' && *p <= '9' && check->knowns < CHECK_WAY_MAX) {
            check->known[check->knowns++] = strtol(p, &end, 10);
            p = end - (*end == 0);
        }
    }
    return true;
}

static bool solve_steps(struct pocket_check *check)
{
    int64_t x = check->n[0], m = check->n[3];
    if (m < 1 || check->n[4] < 1 || check->n[4] > 20)
        return false;
    for (int64_t i = 0; i < check->n[4]; i++) {
        x = check_remainder(x * check->n[1] + check->n[2], m);
        way_int(check, x); /* way[i] is what comes out of step i */
    }
    check_answer(check, rational_of(x));
    return true;
}

/* ---- counting ---- */

/* The k-subsets of n things, one by one. */
static int64_t count_subsets(int64_t n, int64_t k)
{
    int64_t count = 0;
    for (unsigned mask = 0; n < 16 && mask < 1u << n; mask++)
        count += __builtin_popcount(mask) == k;
    return count;
}

static bool solve_committee(struct pocket_check *check)
{
    int64_t product = 1;
    for (int i = 0; i < 2; i++) {
        int64_t n = check->n[2 * i], k = check->n[2 * i + 1], pairs = count_subsets(n, 2);
        if (n < 1 || n > 15 || k < 1 || k > 3)
            return false;
        if (k > 1) {
            way_int(check, n * (n - 1));
            way_int(check, pairs);
        }
        if (k > 2) {
            way_int(check, pairs * (n - 2));
            way_int(check, count_subsets(n, 3));
        }
        product *= count_subsets(n, k);
    }
    check_answer(check, rational_of(product));
    return true;
}

static bool solve_bag(struct pocket_check *check)
{
    static const char *const colour[] = {"red", "blue", "green"};
    bool two = check->family == POCKET_BAG_TWO, no = !two && strncmp(check->hole[3], "not ", 4) == 0;
    const char *asked = two ? check->hole[2] : check->hole[3] + (no ? 4 : 0);
    int64_t total = 0, good = 0, all = 0, way = 0;
    for (int i = 0; i < (two ? 2 : 3); i++) {
        total += check->n[i];
        if ((strcmp(asked, colour[i]) == 0) != no)
            good += check->n[i];
    }
    if (total > 200 || total < 2)
        return false;
    way_int(check, total);
    way_int(check, good);
    for (int64_t i = 0; i < total; i++) { /* draws, one by one */
        for (int64_t j = 0; j < (two ? total : 1); j++) {
            all += !two || i != j;
            way += i < good && (!two || (i != j && j < good));
        }
    }
    char text[64];
    snprintf(text, sizeof text, "%lld/%lld", (long long)way, (long long)all);
    return solve_value(check, text);
}

/* ---- sequences and polynomials ---- */

static bool solve_series(struct pocket_check *check)
{
    int64_t step = check->list[1] - check->list[0], term = check->list[0], sum = term, count = check->n[1];
    if (check->lists != 3 || check->list[2] - check->list[1] != step || count < 1 || count > 40)
        return false;
    way_int(check, step);
    bool series = check->family == POCKET_SERIES;
    for (int64_t i = 1; i < count; i++) {
        term += step;
        sum += term;
        if (series && count <= 6) {
            way_int(check, term);
            way_int(check, sum);
        }
    }
    way_int(check, step * (count - 1));
    way_int(check, term);
    if (series) {
        int64_t both = check->list[0] + term;
        way_int(check, both);
        if (both % 2 == 0)
            way_int(check, both / 2);
        way_int(check, both * count);
    }
    check_answer(check, rational_of(series ? sum : term));
    return true;
}

/* The coefficients of a polynomial of degree `most` or less from its values: differences at small places. */
static bool read_polynomial(const char *text, int most, int64_t *coefficient)
{
    memset(coefficient, 0, 8 * sizeof *coefficient);
    const char *p = text;
    while (*p) {
        int64_t sign = *p == '-' ? -1 : 1;
        p += *p == '+' || *p == '-';
        char *end;
        int64_t value = strtol(p, &end, 10);
        value = end == p ? 1 : value;
        int power = *end == 'x';
        p = end + power;
        if (power && *p == '^') {
            power = (int)strtol(p + 1, &end, 10);
            p = end;
        }
        if (power < 0 || power > most || (p == text) || llabs(value) > 10000 ||
            (*p && *p != '+' && *p != '-'))
            return false;
        coefficient[power] += sign * value;
    }
    return true;
}

static bool solve_evaluate(struct pocket_check *check)
{
    int64_t x = check->n[1], *c = check->polynomial, power = 1, horner = 0;
    if (!read_polynomial(check->hole[0], 4, c) || llabs(x) > 100)
        return false;
    for (int i = 0; i <= 4; i++, power *= x) {
        if (i > 1)
            way_int(check, power);
        way_int(check, c[i] * power);
    }
    int degree = 4;
    while (degree > 0 && !c[degree])
        degree--;
    for (int i = degree; i >= 0; i--) {
        horner = horner * x + c[i];
        if (i < degree)
            way_int(check, horner);
    }
    struct rational value;
    if (!expression_value(check->hole[0], x, &value))
        return false;
    check_answer(check, value);
    return true;
}

/* The product of the two brackets' coefficients, pair by pair. */
static bool solve_coefficient(struct pocket_check *check)
{
    int64_t a[8], b[8], sum = 0;
    char left[POCKET_HOLE_BYTES], right[POCKET_HOLE_BYTES], *close;
    snprintf(left, sizeof left, "%s", check->hole[0] + 1);
    close = strstr(left, ")(");
    if (check->hole[0][0] != '(' || !close)
        return false;
    *close = 0;
    snprintf(right, sizeof right, "%s", close + 2);
    right[strcspn(right, ")")] = 0;
    if (!read_polynomial(left, 3, a) || !read_polynomial(right, 3, b))
        return false;
    int64_t k = strcmp(check->hole[1], "x") == 0 ? 1 : strtol(check->hole[1] + 2, NULL, 10);
    for (int i = 0; i <= 3; i++) {
        for (int j = 0; j <= 3; j++) {
            if (i + j != k || (!a[i] && !b[j]))
                continue;
            way_int(check, a[i] * b[j]);
            sum += a[i] * b[j];
        }
    }
    check_answer(check, rational_of(sum));
    return true;
}

static void read_holes(struct pocket_check *check)
{
    for (int i = 0; i < POCKET_HOLES_MAX; i++)
        check->n[i] = strtol(check->hole[i], NULL, 10);
    for (const char *p = check->hole[0]; *p && check->lists < CHECK_LIST_MAX;) {
        char *end;
        check->list[check->lists] = strtol(p, &end, 10);
        if (end == p)
            break;
        check->lists++;
        p = end + strspn(end, ", _");
    }
}

bool pocket_check_solve(struct pocket_check *check)
{
    read_holes(check);
    if (check_parts_is(check->family))
        return check_parts(check);
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        if (stories[i].family == check->family)
            return solve_story(check, &stories[i]);
    }
    switch (check->family) {
    case POCKET_EXPRESSION:
        return solve_value(check, check->hole[0]);
    case POCKET_EQUATION:
        return solve_equation(check);
    case POCKET_FRACTION_SUM:
        return solve_fraction_sum(check);
    case POCKET_REDUCE:
        return solve_reduce(check);
    case POCKET_LARGEST_FRACTION:
        return solve_largest(check);
    case POCKET_PART:
        return solve_part(check);
    case POCKET_GCD:
        return solve_gcd(check);
    case POCKET_POWER:
        return solve_power(check);
    case POCKET_REMAINDER:
        return solve_remainder(check);
    case POCKET_STEPS:
        return solve_steps(check);
    case POCKET_COMMITTEE:
        return solve_committee(check);
    case POCKET_BAG:
    case POCKET_BAG_TWO:
        return solve_bag(check);
    case POCKET_TERM:
    case POCKET_SERIES:
        return solve_series(check);
    case POCKET_EVALUATE:
        return solve_evaluate(check);
    case POCKET_COEFFICIENT:
        return solve_coefficient(check);
    default:
        return pocket_check_search(check);
    }
}
