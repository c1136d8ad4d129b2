/* pocket_check_line.c - judges one line of a solution.
 *
 * A line is made of claims, and perhaps of a verdict on a candidate ("Try 4: ... No."). Claims must be true
 * and about the question's own numbers; the verdict must be what testing the candidate gives; what a line
 * carries along (an expression, an equation, a gcd) must still be worth what it was in the question. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "task/pocket_judge.h"

static const char *const reason_unfit = "this choice does not fit the question";

bool judge_take(struct judge *j, const char *text)
{
    size_t n = strlen(text);
    if (strncmp(j->p, text, n))
        return false;
    j->p += n;
    return true;
}

bool judge_take_int(struct judge *j, int64_t *value)
{
    char *end;
    *value = strtol(j->p, &end, 10);
    bool found = end != j->p;
    j->p = end;
    return found;
}

struct rational claim_last(const struct claim *claim)
{
    return claim->part[claim->parts - 1];
}

int64_t claim_remainder(const struct claim *claim)
{
    return claim->numbers > 1 ? claim->number[claim->numbers - 1 - (claim->modulus != 0)] : -1;
}

const char *judge_true(struct judge *j)
{
    const char *start = j->p, *reason = claim_read(&j->p, rational_of(0), &j->claim);
    if (reason)
        return reason;
    if (j->claim.uses_x || j->claim.parts < 2 || !j->claim.holds) {
        j->p = start;
        return j->claim.parts < 2 || j->claim.uses_x ? reason_unread : reason_untrue;
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

const char *judge_end(struct judge *j)
{
    return *j->p ? reason_unread : NULL;
}

/* True claims, each with a result that belongs to a right solution. */
static const char *judge_ways(struct judge *j)
{
    do {
        const char *start = j->p, *reason = judge_true(j);
        if (reason)
            return reason;
        if (!on_the_way(j->check, claim_last(&j->claim))) {
            j->p = start;
            return reason_foreign;
        }
    } while (judge_take(j, ", "));
    return judge_end(j);
}

/* ---- lines that carry something along ---- */

static const char *judge_expression(struct judge *j)
{
    const char *reason = judge_true(j);
    if (reason)
        return reason;
    struct rational value = claim_last(&j->claim);
    const char *start = j->p;
    if (judge_take(j, ": ") && !expression_read(&j->p, rational_of(0), &value))
        return reason_unread;
    if (!rational_equal(value, j->check->value)) {
        j->p = start;
        return "this is not worth what the question is";
    }
    return judge_end(j);
}

static const char *judge_equation(struct judge *j)
{
    struct claim other;
    const char *start = j->p, *again = j->p;
    const char *reason = claim_read(&j->p, rational_of(j->check->answer), &j->claim);
    if (!reason)
        reason = claim_read(&again, rational_of(j->check->answer + 1), &other);
    if (reason || *j->p)
        return reason ? reason : reason_unread;
    if (!j->claim.holds || j->claim.parts < 2 || other.holds) {
        j->p = start;
        return "this equation has another solution than the question's";
    }
    return NULL;
}

static const char *judge_gcd(struct judge *j)
{
    int64_t a, b = 0;
    const char *reason = judge_true(j), *start = j->p;
    if (reason)
        return reason;
    if (judge_take(j, ": gcd(")) {
        if (!judge_take_int(j, &a) || !judge_take(j, ",") || !judge_take_int(j, &b) || !judge_take(j, ")"))
            return reason_unread;
    } else if (!judge_take(j, ": gcd ") || !judge_take_int(j, &a)) {
        return reason_unread;
    }
    if (a < 1 || b < 0 || a > 100000 || b > 100000)
        return reason_unread;
    int64_t common = 1;
    for (int64_t d = 1; d <= a; d++)
        common = a % d == 0 && b % d == 0 ? d : common;
    if (common != j->check->answer) {
        j->p = start;
        return "these have another greatest common divisor";
    }
    return judge_end(j);
}

/* "84/126=14/21, by 6", with a full stop where lowest terms are reached. */
static const char *judge_reduction(struct judge *j)
{
    const char *start = j->p, *reason = judge_true(j);
    if (reason)
        return reason;
    if (!on_the_way(j->check, claim_last(&j->claim))) {
        j->p = start;
        return reason_foreign;
    }
    if (!judge_take(j, ", by "))
        return judge_end(j);
    int64_t by;
    struct rational value = claim_last(&j->claim);
    const int64_t *n = j->claim.number;
    bool whole = j->claim.numbers == 3; /* "24/12=2" */
    if (!judge_take_int(j, &by) || j->claim.numbers < 3)
        return reason_unread;
    if (n[2] * by != n[0] || (whole ? by : n[3] * by) != n[1])
        return reason_untrue;
    if (judge_take(j, ".") && (n[2] != value.num || (whole ? 1 : n[3]) != value.den))
        return "these are not lowest terms";
    return judge_end(j);
}

static const char *judge_comparison(struct judge *j)
{
    const char *reason = NULL, *start = j->p;
    if (strchr(j->p, ':')) {
        do
            reason = judge_true(j);
        while (!reason && judge_take(j, ", "));
        if (reason)
            return reason;
        start = j->p;
        if (!judge_take(j, ": "))
            return reason_unread;
    }
    reason = judge_true(j);
    if (reason)
        return reason;
    if (!on_the_way(j->check, j->claim.part[0]) || !on_the_way(j->check, claim_last(&j->claim))) {
        j->p = start;
        return reason_foreign;
    }
    return judge_end(j);
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
    const char *start = j->p, *reason = judge_true(j);
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
            check->known[check->knowns++] = claim_remainder(claim);
    } else {
        int step = check->lines;
        fits &= step < check->n[4] && claim->first_numbers == 3;
        fits = fits && claim->number[0] == (step ? check->way[step - 1].num : check->n[0]) &&
               claim->number[1] == check->n[1] && claim->number[2] == check->n[2] &&
               claim_remainder(claim) == check->way[step].num;
    }
    if (!fits) {
        j->p = start;
        return reason_foreign;
    }
    return judge_end(j);
}

/* ---- choices stated straight away ---- */

static const char *judge_choice(struct judge *j, int64_t candidate, const char *start)
{
    if (!check_candidate(j->check, candidate)) {
        j->p = start;
        return reason_unfit;
    }
    return judge_take(j, ".") ? judge_end(j) : reason_unread;
}

bool claim_numbers_are(const struct claim *claim, const int64_t *wanted, int n)
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
    if ((!coins && !judge_take(j, "x=")) || !judge_take_int(j, &first) ||
        !judge_take(j, coins ? " and " : " and y=") || !judge_take_int(j, &second) || !judge_take(j, ": "))
        return reason_unread;
    const char *reason = judge_true(j);
    if (reason)
        return reason;
    const int64_t diophantine[] = {n[0], first, n[1], second, n[2]},
                  coin[] = {n[2], first, n[3], second, n[1]};
    if (!claim_numbers_are(&j->claim, coins ? coin : diophantine, 5) || (coins && first + second != n[0]) ||
        second < 1) {
        j->p = start;
        return reason_foreign;
    }
    return judge_choice(j, coins ? second : first, start);
}

static const char *judge_inverse(struct judge *j)
{
    const char *start = j->p, *reason = judge_true(j);
    if (reason)
        return reason;
    if (j->claim.modulus != j->check->n[2] || j->claim.number[0] != j->check->n[0] ||
        j->claim.first_numbers != 2) {
        j->p = start;
        return reason_foreign;
    }
    return judge_choice(j, j->claim.number[1], start);
}

static const char *judge_remainders(struct judge *j)
{
    const char *start = j->p, *reason = judge_true(j);
    int64_t candidate = j->claim.number[0], modulus = j->claim.modulus;
    if (!reason && judge_take(j, ", "))
        reason = judge_true(j);
    if (reason)
        return reason;
    const int64_t *n = j->check->n;
    bool both =
        (modulus == n[1] && j->claim.modulus == n[3]) || (modulus == n[3] && j->claim.modulus == n[1]);
    if (j->claim.number[0] != candidate || !both) {
        j->p = start;
        return reason_foreign;
    }
    return judge_choice(j, candidate, start);
}

static const char *judge_primes(struct judge *j)
{
    const char *start = j->p;
    if (j->check->lines == 0 && strchr(j->p, ','))
        return judge_ways(j);
    const char *reason = judge_true(j);
    if (reason)
        return reason;
    if (!rational_equal(claim_last(&j->claim), j->check->value)) {
        j->p = start;
        return reason_foreign;
    }
    return judge_choice(j, j->claim.number[0], start);
}

static const char *judge_add_both(struct judge *j)
{
    const char *start = j->p, *reason = judge_true(j);
    if (reason)
        return reason;
    const int64_t *n = j->claim.number, *given = j->check->list;
    if (j->claim.first_numbers != 4 || n[0] != given[0] || n[2] != given[1] || n[1] != n[3]) {
        j->p = start;
        return reason_foreign;
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
            return reason_unread;
        }
        if (!j->claim.holds || !rational_equal(j->claim.part[0], given))
            return reason_untrue;
        end = p;
    }
    j->p = end;
    return judge_end(j);
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

const char *judge_sum(struct judge *j, bool is_try)
{
    const char *start = j->p, *reason = judge_true(j);
    if (reason)
        return reason;
    if (!sums_list(j->check, &j->claim)) {
        j->p = start;
        return reason_foreign;
    }
    bool hit = rational_int(claim_last(&j->claim), j->check->n[1]);
    if (!is_try && !hit) {
        j->p = start;
        return reason_unfit;
    }
    start = j->p;
    if (is_try && !judge_take(j, hit ? ". Yes" : ". No")) {
        j->p = start;
        return reason_misjudged;
    }
    return judge_take(j, ".") ? judge_end(j) : reason_unread;
}

/* "Pairs: 3." and "Least: 17" say what the answer is. */
static const char *judge_count(struct judge *j, const char *word)
{
    int64_t value;
    const char *start = j->p;
    if (!judge_take(j, word) || !judge_take_int(j, &value))
        return reason_unread;
    if (value != j->check->answer) {
        j->p = start;
        return "this is not all there is";
    }
    judge_take(j, ".");
    return judge_end(j);
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
        return reason_foreign;
    for (; *j->p >= 'A' && *j->p < 'A' + CHECK_PLACES && roads < CHECK_PLACES; j->p++) {
        int next = *j->p - 'A';
        if (check->road[here][next] == 0 || been >> next & 1)
            return reason_foreign;
        been |= 1u << next;
        length[roads++] = check->road[here][next];
        sum += check->road[here][next];
        here = next;
    }
    if (here != check->hole[2][0] - 'A' || !roads) {
        j->p = start;
        return reason_foreign;
    }
    if (!judge_take(j, ": "))
        return reason_unread;
    start = j->p;
    const char *reason = claim_read(&j->p, rational_of(0), &j->claim);
    if (reason)
        return reason;
    if (!j->claim.holds || !claim_numbers_are(&j->claim, length, roads) ||
        !rational_int(claim_last(&j->claim), sum)) {
        j->p = start;
        return reason_untrue;
    }
    return judge_end(j);
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

const char *judge_order(struct judge *j, bool is_try)
{
    char order[CHECK_PLACES];
    const char *start = j->p;
    if (!read_order(j, order))
        return reason_unread;
    bool right = check_clues(order, j->check->hole[1]);
    if (!is_try || strncmp(j->p, ": all", 5) == 0) {
        if (!right) {
            j->p = is_try ? j->p : start;
            return is_try ? reason_misjudged : reason_unfit;
        }
        return judge_take(j, is_try ? ": all hold. Yes." : ".") ? judge_end(j) : reason_unread;
    }
    if (!judge_take(j, ": "))
        return reason_unread;
    size_t n = strcspn(j->p, "?");
    char clue[POCKET_HOLE_BYTES];
    snprintf(clue, sizeof clue, "%.*s", (int)n, j->p);
    if (!*clue || !strstr(j->check->hole[1], clue))
        return reason_foreign;
    if (check_clue(order, clue, n))
        return reason_misjudged;
    j->p += n;
    return judge_take(j, "? No.") ? judge_end(j) : reason_unread;
}

static const char *check_line_judge(struct judge *j)
{
    if (check_parts_is(j->check->family))
        return judge_parts(j);
    if (judge_take(j, "Try "))
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

const char *pocket_check_line(struct pocket_check *check, const char *line, const char *end, const char **at,
                              bool *harmless)
{
    char text[POCKET_SOLUTION_BYTES * 4];
    size_t n = (size_t)(end - line);
    *at = line;
    *harmless = false;
    if (n == 0 || n >= sizeof text)
        return reason_unread;
    memcpy(text, line, n);
    text[n] = 0;
    struct judge j = {.check = check, .p = text};
    const char *reason = check_line_judge(&j);
    if (reason) {
        *at = line + (j.p - text);
        *harmless = judge_harmless(check, text);
    }
    check->lines++;
    return reason;
}
