/* pocket_check_line.c - judges one line of a solution.
 *
 * A line is made of claims, and perhaps of a verdict on a candidate ("Try 4: ... No."). Claims must be true
 * and about the question's own numbers; the verdict must be what testing the candidate gives; what a line
 * carries along (an expression, an equation, a gcd) must still be worth what it was in the question. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "task/pocket_check.h"

static const char *const untrue = "this is not true";
static const char *const foreign = "this does not come from the question";
static const char *const unread = "this cannot be read";
static const char *const misjudged = "the verdict is wrong";
static const char *const unfit = "this choice does not fit the question";

/* One line being read. */
struct judge {
    struct pocket_check *check;
    const char *p; /* how far it was read */
    struct claim claim;
};

static bool take(struct judge *j, const char *text)
{
    size_t n = strlen(text);
    if (strncmp(j->p, text, n))
        return false;
    j->p += n;
    return true;
}

static bool take_int(struct judge *j, int64_t *value)
{
    char *end;
    *value = strtol(j->p, &end, 10);
    bool found = end != j->p;
    j->p = end;
    return found;
}

static struct rational last_part(const struct claim *claim)
{
    return claim->part[claim->parts - 1];
}

static int64_t last_number(const struct claim *claim)
{
    return claim->numbers > 1 ? claim->number[claim->numbers - 1 - (claim->modulus != 0)] : -1;
}

/* Reads a claim that must relate at least two things and be true. */
static const char *read_true(struct judge *j)
{
    const char *start = j->p, *reason = claim_read(&j->p, rational_of(0), &j->claim);
    if (reason)
        return reason;
    if (j->claim.uses_x || j->claim.parts < 2 || !j->claim.holds) {
        j->p = start;
        return j->claim.parts < 2 || j->claim.uses_x ? unread : untrue;
    }
    return NULL;
}

static bool on_the_way(const struct pocket_check *check, struct rational value)
{
    for (int i = 0; i < check->ways; i++) {
        if (rational_equal(check->way[i], value))
            return true;
    }
    return false;
}

static const char *at_end(struct judge *j)
{
    return *j->p ? unread : NULL;
}

/* True claims, each with a result that belongs to a right solution. */
static const char *judge_ways(struct judge *j)
{
    do {
        const char *start = j->p, *reason = read_true(j);
        if (reason)
            return reason;
        if (!on_the_way(j->check, last_part(&j->claim))) {
            j->p = start;
            return foreign;
        }
    } while (take(j, ", "));
    return at_end(j);
}

/* ---- lines that carry something along ---- */

static const char *judge_expression(struct judge *j)
{
    const char *reason = read_true(j);
    if (reason)
        return reason;
    struct rational value = last_part(&j->claim);
    const char *start = j->p;
    if (take(j, ": ") && !expression_read(&j->p, rational_of(0), &value))
        return unread;
    if (!rational_equal(value, j->check->value)) {
        j->p = start;
        return "this is not worth what the question is";
    }
    return at_end(j);
}

static const char *judge_equation(struct judge *j)
{
    struct claim other;
    const char *start = j->p, *again = j->p;
    const char *reason = claim_read(&j->p, rational_of(j->check->answer), &j->claim);
    if (!reason)
        reason = claim_read(&again, rational_of(j->check->answer + 1), &other);
    if (reason || *j->p)
        return reason ? reason : unread;
    if (!j->claim.holds || j->claim.parts < 2 || other.holds) {
        j->p = start;
        return "this equation has another solution than the question's";
    }
    return NULL;
}

static const char *judge_gcd(struct judge *j)
{
    int64_t a, b = 0;
    const char *reason = read_true(j), *start = j->p;
    if (reason)
        return reason;
    if (take(j, ": gcd(")) {
        if (!take_int(j, &a) || !take(j, ",") || !take_int(j, &b) || !take(j, ")"))
            return unread;
    } else if (!take(j, ": gcd ") || !take_int(j, &a)) {
        return unread;
    }
    if (a < 1 || b < 0 || a > 100000 || b > 100000)
        return unread;
    int64_t common = 1;
    for (int64_t d = 1; d <= a; d++)
        common = a % d == 0 && b % d == 0 ? d : common;
    if (common != j->check->answer) {
        j->p = start;
        return "these have another greatest common divisor";
    }
    return at_end(j);
}

/* "84/126=14/21, by 6", with a full stop where lowest terms are reached. */
static const char *judge_reduction(struct judge *j)
{
    const char *start = j->p, *reason = read_true(j);
    if (reason)
        return reason;
    if (!on_the_way(j->check, last_part(&j->claim))) {
        j->p = start;
        return foreign;
    }
    if (!take(j, ", by "))
        return at_end(j);
    int64_t by;
    struct rational value = last_part(&j->claim);
    const int64_t *n = j->claim.number;
    bool whole = j->claim.numbers == 3; /* "24/12=2" */
    if (!take_int(j, &by) || j->claim.numbers < 3)
        return unread;
    if (n[2] * by != n[0] || (whole ? by : n[3] * by) != n[1])
        return untrue;
    if (take(j, ".") && (n[2] != value.num || (whole ? 1 : n[3]) != value.den))
        return "these are not lowest terms";
    return at_end(j);
}

static const char *judge_comparison(struct judge *j)
{
    const char *reason = NULL, *start = j->p;
    if (strchr(j->p, ':')) {
        do
            reason = read_true(j);
        while (!reason && take(j, ", "));
        if (reason)
            return reason;
        start = j->p;
        if (!take(j, ": "))
            return unread;
    }
    reason = read_true(j);
    if (reason)
        return reason;
    if (!on_the_way(j->check, j->claim.part[0]) || !on_the_way(j->check, last_part(&j->claim))) {
        j->p = start;
        return foreign;
    }
    return at_end(j);
}

/* ---- congruences ---- */

static bool known(const struct pocket_check *check, int64_t value)
{
    for (int i = 0; i < check->knowns; i++) {
        if (check->known[i] == value)
            return true;
    }
    return false;
}

static const char *judge_congruence(struct judge *j)
{
    struct pocket_check *check = j->check;
    const char *start = j->p, *reason = read_true(j);
    if (reason)
        return reason;
    const struct claim *claim = &j->claim;
    bool fits = claim->modulus == check->n[check->family == POCKET_POWER   ? 2
                                           : check->family == POCKET_STEPS ? 3
                                                                           : 1];
    if (check->family == POCKET_POWER) {
        fits &= claim->number[0] == check->n[0];
    } else if (check->family == POCKET_REMAINDER) {
        for (int i = 0; i < claim->first_numbers; i++)
            fits &= known(check, claim->number[i]);
        if (check->knowns < CHECK_WAY_MAX)
            check->known[check->knowns++] = last_number(claim);
    } else {
        int step = check->lines;
        fits &= step < check->n[4] && claim->first_numbers == 3;
        fits = fits && claim->number[0] == (step ? check->way[step - 1].num : check->n[0]) &&
               claim->number[1] == check->n[1] && claim->number[2] == check->n[2] &&
               last_number(claim) == check->way[step].num;
    }
    if (!fits) {
        j->p = start;
        return foreign;
    }
    return at_end(j);
}

/* ---- choices stated straight away ---- */

static const char *judge_choice(struct judge *j, int64_t candidate, const char *start)
{
    if (!check_candidate(j->check, candidate)) {
        j->p = start;
        return unfit;
    }
    return take(j, ".") ? at_end(j) : unread;
}

/* Whether the numbers of the claim are just these. */
static bool numbers_are(const struct claim *claim, const int64_t *wanted, int n)
{
    for (int i = 0; i < n; i++) {
        if (i >= claim->numbers || claim->number[i] != wanted[i])
            return false;
    }
    return true;
}

/* "x=1 and y=6: 5*1+6*6=41." and "2 and 8: 3*2+7*8=62." */
static const char *judge_two(struct judge *j)
{
    const int64_t *n = j->check->n;
    bool coins = j->check->family == POCKET_COINS;
    int64_t first, second;
    const char *start = j->p;
    if ((!coins && !take(j, "x=")) || !take_int(j, &first) || !take(j, coins ? " and " : " and y=") ||
        !take_int(j, &second) || !take(j, ": "))
        return unread;
    const char *reason = read_true(j);
    if (reason)
        return reason;
    const int64_t diophantine[] = {n[0], first, n[1], second, n[2]},
                  coin[] = {n[2], first, n[3], second, n[1]};
    if (!numbers_are(&j->claim, coins ? coin : diophantine, 5) || (coins && first + second != n[0]) ||
        second < 1) {
        j->p = start;
        return foreign;
    }
    return judge_choice(j, coins ? second : first, start);
}

static const char *judge_inverse(struct judge *j)
{
    const char *start = j->p, *reason = read_true(j);
    if (reason)
        return reason;
    if (j->claim.modulus != j->check->n[2] || j->claim.number[0] != j->check->n[0] ||
        j->claim.first_numbers != 2) {
        j->p = start;
        return foreign;
    }
    return judge_choice(j, j->claim.number[1], start);
}

static const char *judge_remainders(struct judge *j)
{
    const char *start = j->p, *reason = read_true(j);
    int64_t candidate = j->claim.number[0], modulus = j->claim.modulus;
    if (!reason && take(j, ", "))
        reason = read_true(j);
    if (reason)
        return reason;
    const int64_t *n = j->check->n;
    bool both =
        (modulus == n[1] && j->claim.modulus == n[3]) || (modulus == n[3] && j->claim.modulus == n[1]);
    if (j->claim.number[0] != candidate || !both) {
        j->p = start;
        return foreign;
    }
    return judge_choice(j, candidate, start);
}

static const char *judge_primes(struct judge *j)
{
    const char *start = j->p;
    if (j->check->lines == 0 && strchr(j->p, ','))
        return judge_ways(j);
    const char *reason = read_true(j);
    if (reason)
        return reason;
    if (!rational_equal(last_part(&j->claim), j->check->value)) {
        j->p = start;
        return foreign;
    }
    return judge_choice(j, j->claim.number[0], start);
}

static const char *judge_add_both(struct judge *j)
{
    const char *start = j->p, *reason = read_true(j);
    if (reason)
        return reason;
    const int64_t *n = j->claim.number, *given = j->check->list;
    if (j->claim.first_numbers != 4 || n[0] != given[0] || n[2] != given[1] || n[1] != n[3]) {
        j->p = start;
        return foreign;
    }
    return judge_choice(j, n[1], start);
}

static const char *judge_quadratic(struct judge *j)
{
    const char *start = j->p, *end = j->p;
    for (int64_t x = -2; x <= 3; x++) {
        struct rational given;
        const char *p = start, *reason = claim_read(&p, rational_of(x), &j->claim);
        if (reason || j->claim.parts < 2 || !expression_value(j->check->hole[0], x, &given)) {
            j->p = p;
            return unread;
        }
        if (!j->claim.holds || !rational_equal(j->claim.part[0], given))
            return untrue;
        end = p;
    }
    j->p = end;
    return at_end(j);
}

static const char *judge_works(struct judge *j)
{
    int64_t candidate;
    const char *start = j->p;
    if (!take(j, "x=") || !take_int(j, &candidate) || !take(j, " works"))
        return unread;
    return judge_choice(j, candidate, start);
}

/* ---- sums of listed numbers ---- */

/* Whether the first part adds just the right count of different listed numbers, or has them all in order. */
static bool sums_list(const struct pocket_check *check, const struct claim *claim)
{
    bool all = check->family == POCKET_SIGNS;
    int wanted = all ? check->lists : check->family == POCKET_TRIPLE ? 3 : 2;
    if (claim->first_numbers != wanted || claim->parts != 2)
        return false;
    unsigned used = 0;
    for (int i = 0; i < wanted; i++) {
        int at = all ? i : 0;
        while (at < check->lists && check->list[at] != claim->number[i])
            at += all ? CHECK_LIST_MAX : 1;
        if (at >= check->lists || used >> at & 1)
            return false;
        used |= 1u << at;
    }
    return true;
}

static const char *judge_sum(struct judge *j, bool is_try)
{
    const char *start = j->p, *reason = read_true(j);
    if (reason)
        return reason;
    if (!sums_list(j->check, &j->claim)) {
        j->p = start;
        return foreign;
    }
    bool hit = rational_int(last_part(&j->claim), j->check->n[1]);
    if (!is_try && !hit) {
        j->p = start;
        return unfit;
    }
    start = j->p;
    if (is_try && !take(j, hit ? ". Yes" : ". No")) {
        j->p = start;
        return misjudged;
    }
    return take(j, ".") ? at_end(j) : unread;
}

/* "Pairs: 3." and "Least: 17" say what the answer is. */
static const char *judge_count(struct judge *j, const char *word)
{
    int64_t value;
    const char *start = j->p;
    if (!take(j, word) || !take_int(j, &value))
        return unread;
    if (value != j->check->answer) {
        j->p = start;
        return "this is not all there is";
    }
    take(j, ".");
    return at_end(j);
}

/* ---- routes and orders ---- */

static const char *judge_route(struct judge *j)
{
    struct pocket_check *check = j->check;
    if (strncmp(j->p, "Least", 5) == 0)
        return judge_count(j, "Least: ");
    int64_t length[CHECK_PLACES], sum = 0;
    int roads = 0, here = check->hole[1][0] - 'A';
    const char *start = j->p;
    unsigned been = 0;
    if (*j->p++ != check->hole[1][0])
        return foreign;
    for (; *j->p >= 'A' && *j->p < 'A' + CHECK_PLACES && roads < CHECK_PLACES; j->p++) {
        int next = *j->p - 'A';
        if (check->road[here][next] == 0 || been >> next & 1)
            return foreign;
        been |= 1u << next;
        length[roads++] = check->road[here][next];
        sum += check->road[here][next];
        here = next;
    }
    if (here != check->hole[2][0] - 'A' || !roads) {
        j->p = start;
        return foreign;
    }
    if (!take(j, ": "))
        return unread;
    start = j->p;
    const char *reason = claim_read(&j->p, rational_of(0), &j->claim);
    if (reason)
        return reason;
    if (!j->claim.holds || !numbers_are(&j->claim, length, roads) ||
        !rational_int(last_part(&j->claim), sum)) {
        j->p = start;
        return untrue;
    }
    return at_end(j);
}

/* Reads the people in a line; false where they are not everyone once. */
static bool read_order(struct judge *j, char *order)
{
    int people = j->check->hole[0][strlen(j->check->hole[0]) - 1] - 'A' + 1, n = 0;
    unsigned seen = 0;
    for (; *j->p >= 'A' && *j->p < 'A' + people && n < people; j->p++, n++) {
        order[n] = *j->p;
        seen |= 1u << (*j->p - 'A');
    }
    order[n] = 0;
    return seen == (1u << people) - 1;
}

static const char *judge_order(struct judge *j, bool is_try)
{
    char order[CHECK_PLACES];
    const char *start = j->p;
    if (!read_order(j, order))
        return unread;
    bool right = check_clues(order, j->check->hole[1]);
    if (!is_try || strncmp(j->p, ": all", 5) == 0) {
        if (!right) {
            j->p = is_try ? j->p : start;
            return is_try ? misjudged : unfit;
        }
        return take(j, is_try ? ": all hold. Yes." : ".") ? at_end(j) : unread;
    }
    if (!take(j, ": "))
        return unread;
    size_t n = strcspn(j->p, "?");
    char clue[POCKET_HOLE_BYTES];
    snprintf(clue, sizeof clue, "%.*s", (int)n, j->p);
    if (!*clue || !strstr(j->check->hole[1], clue))
        return foreign;
    if (check_clue(order, clue, n))
        return misjudged;
    j->p += n;
    return take(j, "? No.") ? at_end(j) : unread;
}

/* ---- tries ---- */

static const char *take_verdict(struct judge *j, bool yes)
{
    if (!take(j, ". "))
        return unread;
    const char *start = j->p;
    if (!take(j, yes ? "Yes." : "No.")) {
        j->p = start;
        return misjudged;
    }
    return at_end(j);
}

static const char *judge_rule(struct judge *j)
{
    size_t n = strcspn(j->p, ":");
    bool yes = check_rule(j->check, j->p, n);
    j->p += n;
    if (!take(j, ": "))
        return unread;
    do {
        const char *start = j->p, *reason = read_true(j);
        if (reason)
            return reason;
        bool listed = false;
        for (int i = 0; i < j->check->lists; i++)
            listed |= j->check->list[i] == j->claim.number[0];
        if (!listed) {
            j->p = start;
            return foreign;
        }
    } while (take(j, ", "));
    return take_verdict(j, yes);
}

static const char *try_pair(struct judge *j)
{
    int64_t a, b, sum = -j->check->polynomial[1], product = j->check->polynomial[0];
    if (!take_int(j, &a) || !take(j, " and ") || !take_int(j, &b) || !take(j, ": "))
        return unread;
    const int64_t pair[] = {llabs(a), llabs(b)};
    for (int i = 0; i < 2; i++) {
        const char *start = j->p, *reason = read_true(j);
        if (reason)
            return reason;
        if (!numbers_are(&j->claim, pair, 2) || !rational_int(last_part(&j->claim), i ? a + b : a * b)) {
            j->p = start;
            return foreign;
        }
        if (i == 0 && !take(j, ", "))
            break;
    }
    return take_verdict(j, a + b == sum && a * b == product);
}

/* Whether the claims read so far test `t` in the question's own numbers; `claim` is the index of the current.
 */
static bool tests_candidate(const struct judge *j, int64_t t, int index, struct rational before)
{
    const struct pocket_check *check = j->check;
    const struct claim *claim = &j->claim;
    const int64_t *n = check->n;
    switch (check->family) {
    case POCKET_DIOPHANTINE:
        return claim->modulus == n[1] && numbers_are(claim, (const int64_t[]){n[2], n[0], t}, 3);
    case POCKET_COINS:
        return numbers_are(claim, (const int64_t[]){n[2], n[0] - t, n[3], t}, 4);
    case POCKET_INVERSE:
        return claim->modulus == n[2] && numbers_are(claim, (const int64_t[]){n[0], t}, 2);
    case POCKET_BACKWARDS:
        return numbers_are(claim, (const int64_t[]){index ? llabs(before.num) : llabs(t), n[0], n[1]}, 3);
    case POCKET_CUBIC:
        return claim->numbers > 1 && claim->number[1] == t &&
               (!index || claim->number[0] == llabs(before.num));
    case POCKET_TWO_PRIMES:
        return index ? numbers_are(claim, (const int64_t[]){check->value.num, before.num}, 2) &&
                           last_part(claim).num < t
                     : claim->number[0] == t;
    case POCKET_ADD_BOTH:
        if (index == 0)
            return numbers_are(claim, (const int64_t[]){check->list[0] + t, check->list[1] + t}, 2);
        return numbers_are(claim,
                           (const int64_t[]){check->list[index - 1] + t, check->list[index == 1 ? 3 : 2]}, 2);
    case POCKET_REDUCE:
        return claim->modulus == t && last_number(claim) > 0;
    default:
        return false;
    }
}

/* Whether the last claim ends where testing the candidate must end. */
static bool ends_right(const struct judge *j, int64_t t, bool yes)
{
    const struct pocket_check *check = j->check;
    struct rational end = last_part(&j->claim), value;
    switch (check->family) {
    case POCKET_CUBIC:
        return expression_value(check->hole[0], t, &value) && rational_equal(value, end);
    case POCKET_BACKWARDS:
        return rational_int(end, check->n[3]) == yes;
    case POCKET_COINS:
        return rational_int(end, check->n[1]) == yes;
    case POCKET_TWO_PRIMES:
        return !yes || rational_equal(end, check->value);
    default:
        return true;
    }
}

static const char *try_integer(struct judge *j)
{
    int64_t t;
    struct rational before = rational_of(0);
    if (j->check->family == POCKET_DIOPHANTINE && !take(j, "x="))
        return unread;
    if (!take_int(j, &t) || !take(j, ": "))
        return unread;
    int index = 0;
    const char *start;
    do {
        start = j->p;
        const char *reason = claim_read(&j->p, rational_of(0), &j->claim);
        if (reason)
            return reason;
        bool bare = j->check->family == POCKET_ADD_BOTH && index == 0;
        if (!j->claim.holds || (j->claim.parts < 2 && !bare) || !tests_candidate(j, t, index, before)) {
            j->p = start;
            return j->claim.holds ? foreign : untrue;
        }
        before = last_part(&j->claim);
        index++;
    } while (take(j, ", "));
    bool yes = check_candidate(j->check, t);
    if (!ends_right(j, t, yes)) {
        j->p = start;
        return foreign;
    }
    return take_verdict(j, yes);
}

/* "Try 10+11*2=32=2 mod 3. Yes." */
static const char *try_class(struct judge *j)
{
    const char *start = j->p, *reason = read_true(j);
    if (reason)
        return reason;
    const int64_t *n = j->check->n, *given = j->claim.number;
    bool first = given[1] == n[1] && given[0] == n[0], second = given[1] == n[3] && given[0] == n[2];
    int64_t other = first ? n[3] : n[1], candidate = given[0] + given[1] * given[2];
    if (j->claim.first_numbers != 3 || !(first || second) || j->claim.modulus != other || candidate > n[4]) {
        j->p = start;
        return foreign;
    }
    return take_verdict(j, check_candidate(j->check, candidate));
}

static const char *judge_try(struct judge *j)
{
    switch (j->check->family) {
    case POCKET_PAIR:
    case POCKET_TRIPLE:
    case POCKET_COUNT_PAIRS:
    case POCKET_SIGNS:
        return judge_sum(j, true);
    case POCKET_ORDER:
        return judge_order(j, true);
    case POCKET_NEXT:
        return judge_rule(j);
    case POCKET_QUADRATIC:
        return try_pair(j);
    case POCKET_TWO_REMAINDERS:
        return try_class(j);
    default:
        return try_integer(j);
    }
}

static const char *judge(struct judge *j)
{
    if (take(j, "Try "))
        return judge_try(j);
    switch (j->check->family) {
    case POCKET_EXPRESSION:
        return judge_expression(j);
    case POCKET_EQUATION:
        return judge_equation(j);
    case POCKET_GCD:
        return judge_gcd(j);
    case POCKET_FRACTION_SUM:
    case POCKET_REDUCE:
        return judge_reduction(j);
    case POCKET_LARGEST_FRACTION:
        return judge_comparison(j);
    case POCKET_POWER:
    case POCKET_REMAINDER:
    case POCKET_STEPS:
        return judge_congruence(j);
    case POCKET_COINS:
        return strstr(j->p, " and ") ? judge_two(j) : judge_ways(j);
    case POCKET_DIOPHANTINE:
        return judge_two(j);
    case POCKET_INVERSE:
        return judge_inverse(j);
    case POCKET_TWO_REMAINDERS:
        return judge_remainders(j);
    case POCKET_TWO_PRIMES:
        return judge_primes(j);
    case POCKET_ADD_BOTH:
        return judge_add_both(j);
    case POCKET_QUADRATIC:
        return judge_quadratic(j);
    case POCKET_CUBIC:
        return judge_works(j);
    case POCKET_PAIR:
    case POCKET_TRIPLE:
    case POCKET_SIGNS:
        return judge_sum(j, false);
    case POCKET_COUNT_PAIRS:
        return judge_count(j, "Pairs: ");
    case POCKET_ROUTE:
        return judge_route(j);
    case POCKET_ORDER:
        return judge_order(j, false);
    default:
        return judge_ways(j);
    }
}

const char *pocket_check_line(struct pocket_check *check, const char *line, const char *end, const char **at)
{
    char text[POCKET_SOLUTION_BYTES * 4];
    size_t n = (size_t)(end - line);
    *at = line;
    if (n == 0 || n >= sizeof text)
        return unread;
    memcpy(text, line, n);
    text[n] = 0;
    struct judge j = {.check = check, .p = text};
    const char *reason = judge(&j);
    if (reason)
        *at = line + (j.p - text);
    check->lines++;
    return reason;
}
