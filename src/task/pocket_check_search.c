/* pocket_check_search.c - answers found by trying every candidate: for the families where the question is
 * which number, pair, order, route or rule it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "task/pocket_check.h"

/* ---- numbers that solve the question ---- */

static int64_t value_at(const int64_t *coefficient, int64_t x)
{
    int64_t value = 0, power = 1;
    for (int i = 0; i < 4; i++, power *= x)
        value += coefficient[i] * power;
    return value;
}

static bool prime_is(int64_t n)
{
    int64_t divisors = 0;
    for (int64_t d = 1; d <= n; d++)
        divisors += n % d == 0;
    return divisors == 2;
}

static int64_t apply_times(int64_t x, int64_t a, int64_t b, int64_t times)
{
    for (int64_t i = 0; i < times && x < 1000000000; i++)
        x = x * a + b;
    return x;
}

bool check_candidate(const struct pocket_check *check, int64_t t)
{
    const int64_t *n = check->n;
    switch (check->family) {
    case POCKET_DIOPHANTINE:
        return t >= 1 && t <= n[1] && n[2] - n[0] * t > 0 && (n[2] - n[0] * t) % n[1] == 0;
    case POCKET_COINS:
        return t >= 0 && t <= n[0] && n[2] * (n[0] - t) + n[3] * t == n[1];
    case POCKET_INVERSE:
        return t >= 1 && t <= n[3] && check_remainder(n[0] * t, n[2]) == n[1];
    case POCKET_TWO_REMAINDERS:
        return t >= 0 && t <= n[4] && check_remainder(t, n[1]) == n[0] && check_remainder(t, n[3]) == n[2];
    case POCKET_TWO_PRIMES:
        return t > 1 && check->value.num % t == 0 && prime_is(t) && prime_is(check->value.num / t);
    case POCKET_BACKWARDS:
        return t >= -1000 && t <= 1000 && apply_times(t, n[0], n[1], n[2]) == n[3];
    case POCKET_CUBIC:
        return t >= 1 && t <= n[1] && value_at(check->polynomial, t) == 0;
    case POCKET_ADD_BOTH:
        return t > 0 && (check->list[0] + t) * check->list[3] == (check->list[1] + t) * check->list[2];
    default:
        return false;
    }
}

static bool sane(const struct pocket_check *check)
{
    for (int i = 0; i < POCKET_HOLES_MAX; i++) {
        if (llabs(check->n[i]) > 100000)
            return false;
    }
    switch (check->family) {
    case POCKET_DIOPHANTINE:
        return check->n[0] > 0 && check->n[1] > 0;
    case POCKET_INVERSE:
        return check->n[0] > 0 && check->n[2] > 0;
    case POCKET_TWO_REMAINDERS:
        return check->n[1] > 0 && check->n[3] > 0;
    case POCKET_BACKWARDS:
        return check->n[0] > 0 && check->n[2] > 0 && check->n[2] < 20;
    default:
        return true;
    }
}

/* The least candidate that works. */
static bool search_integer(struct pocket_check *check)
{
    int64_t low = check->family == POCKET_BACKWARDS ? -200 : 0;
    for (int64_t t = low; sane(check) && t <= 1000; t++) {
        if (check_candidate(check, t)) {
            check_answer(check, rational_of(t));
            return true;
        }
    }
    return false;
}

static bool read_coefficients(struct pocket_check *check, int degree)
{
    struct rational at[4];
    for (int x = 0; x < 4; x++) {
        if (!expression_value(check->hole[0], x, &at[x]) || at[x].den != 1 || llabs(at[x].num) > 1000000)
            return false;
    }
    int64_t d1 = at[1].num - at[0].num, d2 = at[2].num - 2 * at[1].num + at[0].num;
    int64_t d3 = at[3].num - 3 * at[2].num + 3 * at[1].num - at[0].num;
    int64_t *c = check->polynomial; /* Newton's forward differences */
    c[3] = d3 / 6;
    c[2] = (d2 - 6 * c[3]) / 2;
    c[1] = d1 - c[2] - c[3];
    c[0] = at[0].num;
    return degree == 3 || c[3] == 0;
}

static bool search_add_both(struct pocket_check *check)
{
    char *end, *from[2] = {check->hole[0], check->hole[1]};
    for (int i = 0; i < 2; i++) {
        check->list[2 * i] = strtol(from[i], &end, 10);
        if (*end != '/')
            return false;
        check->list[2 * i + 1] = strtol(end + 1, NULL, 10);
    }
    for (int i = 0; i < 4; i++) {
        if (check->list[i] < 0 || check->list[i] > 100000)
            return false;
    }
    return expression_value(check->hole[1], 0, &check->value) && search_integer(check);
}

static bool search_primes(struct pocket_check *check)
{
    struct rational product;
    const char *p = check->hole[0];
    if (!expression_value(p, 0, &check->value) || check->value.den != 1 || check->value.num > 100000)
        return false;
    char first[32];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(p, "+-"), p);
    if (strcmp(first, p) != 0) { /* a sum to work out first */
        if (!expression_value(first, 0, &product))
            return false;
        check_way(check, product);
        check_way(check, check->value);
    }
    int ways = check->ways;
    bool found = search_integer(check);
    check->ways = ways;
    return found;
}

/* The larger or smaller of the two integer roots. */
static bool search_quadratic(struct pocket_check *check)
{
    bool larger = strcmp(check->hole[1], "larger") == 0;
    if (!read_coefficients(check, 2) || (!larger && strcmp(check->hole[1], "smaller")))
        return false;
    int roots = 0;
    for (int64_t x = -300; x <= 300; x++) {
        if (value_at(check->polynomial, x) == 0 && (larger || !roots++))
            check_answer(check, rational_of(x));
    }
    return check->right[0] != 0;
}

/* ---- subsets and signs ---- */

static bool search_subsets(struct pocket_check *check)
{
    int k = check->family == POCKET_TRIPLE ? 3 : 2, found = 0;
    int64_t best = 0;
    for (unsigned mask = 0; mask < 1u << check->lists; mask++) {
        int64_t sum = 0, most = 0;
        for (int i = 0; i < check->lists; i++) {
            if (mask >> i & 1) {
                sum += check->list[i];
                most = check->list[i] > most ? check->list[i] : most;
            }
        }
        if (__builtin_popcount(mask) == k && sum == check->n[1]) {
            found++;
            best = most;
        }
    }
    check_answer(check, rational_of(check->family == POCKET_COUNT_PAIRS ? found : best));
    return found > 0;
}

static bool search_signs(struct pocket_check *check)
{
    for (unsigned mask = 0; mask < 1u << (check->lists - 1); mask++) {
        int64_t sum = check->list[0];
        for (int i = 1; i < check->lists; i++)
            sum += (mask >> (i - 1) & 1) ? -check->list[i] : check->list[i];
        if (sum == check->n[1]) {
            check_answer(check, rational_of(__builtin_popcount(mask)));
            return true;
        }
    }
    return false;
}

/* ---- routes ---- */

/* Shortest ways by relaxing every road as often as there are places (Bellman and Ford). */
static bool search_route(struct pocket_check *check)
{
    int64_t far = 1000000, distance[CHECK_PLACES];
    const char *p = check->hole[0];
    while (*p) {
        int a = p[0] - 'A', b = a < 0 || !p[1] ? -1 : p[1] - 'A';
        if (a < 0 || a >= CHECK_PLACES || b < 0 || b >= CHECK_PLACES || p[2] != ' ')
            return false;
        char *end;
        check->road[a][b] = check->road[b][a] = strtol(p + 3, &end, 10);
        p = end + strspn(end, ", ");
    }
    int from = check->hole[1][0] - 'A', to = check->hole[2][0] - 'A';
    if (from < 0 || from >= CHECK_PLACES || to < 0 || to >= CHECK_PLACES)
        return false;
    for (int i = 0; i < CHECK_PLACES; i++)
        distance[i] = i == from ? 0 : far;
    for (int round = 0; round < CHECK_PLACES; round++) {
        for (int a = 0; a < CHECK_PLACES; a++) {
            for (int b = 0; b < CHECK_PLACES; b++) {
                if (check->road[a][b] > 0 && distance[a] + check->road[a][b] < distance[b])
                    distance[b] = distance[a] + check->road[a][b];
            }
        }
    }
    check_answer(check, rational_of(distance[to]));
    return distance[to] < far;
}

/* ---- orders ---- */

static int place_of(const char *order, char who)
{
    for (int i = 0; order[i]; i++) {
        if (order[i] == who)
            return i;
    }
    return -1;
}

bool check_clue(const char *order, const char *clue, size_t len)
{
    static const char *const name[] = {"first", "second", "third", "fourth", "fifth"};
    char text[40], other, tail;
    int here = place_of(order, clue[0]);
    if (len < 6 || len >= sizeof text || here < 0 || clue[1] != ' ')
        return false;
    memcpy(text, clue + 2, len - 2);
    text[len - 2] = 0;
    if (sscanf(text, "before %c%c", &other, &tail) == 1)
        return place_of(order, other) > here;
    if (sscanf(text, "right after %c%c", &other, &tail) == 1)
        return place_of(order, other) == here - 1 && here > 0;
    for (int i = 0; i < 5; i++) {
        if (strcmp(text, name[i]) == 0)
            return here == i;
        if (strncmp(text, "not ", 4) == 0 && strcmp(text + 4, name[i]) == 0)
            return here != i;
    }
    return false;
}

bool check_clues(const char *order, const char *clues)
{
    while (*clues) {
        size_t n = strcspn(clues, ",");
        if (!check_clue(order, clues, n))
            return false;
        clues += n + (clues[n] ? 2 : 0);
    }
    return true;
}

/* Puts the people in every order, place by place. */
static bool place_next(const struct pocket_check *check, char *order, int people, int placed)
{
    if (placed == people)
        return check_clues(order, check->hole[1]);
    for (int i = 0; i < people; i++) {
        char who = (char)('A' + i);
        if (memchr(order, who, (size_t)placed))
            continue;
        order[placed] = who;
        if (place_next(check, order, people, placed + 1))
            return true;
    }
    return false;
}

static bool search_order(struct pocket_check *check)
{
    static const char *const name[] = {"first", "second", "third", "fourth", "fifth"};
    char order[8] = "";
    int people = check->hole[0][strlen(check->hole[0]) - 1] - 'A' + 1;
    if (people < 2 || people > 5 || !place_next(check, order, people, 0))
        return false;
    for (int i = 0; i < people; i++) {
        if (strcmp(check->hole[2], name[i]) == 0)
            snprintf(check->right, sizeof check->right, "%c", order[i]);
    }
    return check->right[0] != 0;
}

/* ---- rules of sequences ---- */

static const char *const rules[] = {"step", "ratio", "sum of two", "growing step", "two mixed"};

bool check_rule(const struct pocket_check *check, const char *rule, size_t len)
{
    const int64_t *t = check->list;
    int n = check->lists, which = -1;
    bool holds = n > 2;
    for (int i = 0; i < 5; i++)
        which = strlen(rules[i]) == len && strncmp(rule, rules[i], len) == 0 ? i : which;
    for (int i = 2; i < n; i++) {
        if (which == 0)
            holds &= t[i] - t[i - 1] == t[1] - t[0];
        else if (which == 1)
            holds &= t[0] != 0 && t[i] * t[0] == t[i - 1] * t[1] && t[1] % t[0] == 0;
        else if (which == 2)
            holds &= t[i] == t[i - 1] + t[i - 2];
        else if (which == 3)
            holds &= i < 3 || t[i] - t[i - 1] - (t[i - 1] - t[i - 2]) == t[2] - t[1] - (t[1] - t[0]);
        else
            holds &= n >= 6 && (i < 4 || t[i] - t[i - 2] == t[i - 2] - t[i - 4]);
    }
    return holds && which >= 0;
}

/* The first rule that holds decides; simpler ones come first. */
static bool search_next(struct pocket_check *check)
{
    const int64_t *t = check->list;
    int n = check->lists;
    for (int i = 0; i < 5; i++) {
        if (!check_rule(check, rules[i], strlen(rules[i])))
            continue;
        int64_t step = t[n - 1] - t[n - 2];
        int64_t next[] = {t[n - 1] + t[1] - t[0], t[0] ? t[n - 1] * (t[1] / t[0]) : 0, t[n - 1] + t[n - 2],
                          t[n - 1] + step + (t[2] - t[1]) - (t[1] - t[0]),
                          n >= 4 ? t[n - 2] + t[n - 2] - t[n - 4] : 0};
        if (i == 3)
            check_way(check, rational_of(next[3] - t[n - 1]));
        check_answer(check, rational_of(next[i]));
        return true;
    }
    return false;
}

static void undo_ways(struct pocket_check *check)
{
    int64_t value = check->n[3];
    for (int64_t i = 0; i < check->n[2]; i++) {
        check_way(check, rational_of(value - check->n[1]));
        value = (value - check->n[1]) / check->n[0];
        check_way(check, rational_of(value));
    }
}

static void coin_ways(struct pocket_check *check)
{
    const int64_t *n = check->n;
    check_way(check, rational_of(n[2] * n[0]));
    check_way(check, rational_of(n[1] - n[2] * n[0]));
    check_way(check, rational_of(n[3] - n[2]));
}

bool pocket_check_search(struct pocket_check *check)
{
    switch (check->family) {
    case POCKET_PAIR:
    case POCKET_TRIPLE:
    case POCKET_COUNT_PAIRS:
        return search_subsets(check);
    case POCKET_SIGNS:
        return check->lists > 1 && search_signs(check);
    case POCKET_ADD_BOTH:
        return search_add_both(check);
    case POCKET_TWO_PRIMES:
        return search_primes(check);
    case POCKET_QUADRATIC:
        return search_quadratic(check);
    case POCKET_CUBIC:
        return read_coefficients(check, 3) && search_integer(check);
    case POCKET_ROUTE:
        return search_route(check);
    case POCKET_ORDER:
        return search_order(check);
    case POCKET_NEXT:
        return search_next(check);
    case POCKET_COINS:
        coin_ways(check);
        return search_integer(check);
    case POCKET_BACKWARDS:
        if (!sane(check))
            return false;
        undo_ways(check);
        return search_integer(check);
    default:
        return search_integer(check);
    }
}
