/* pocket_check_try.c - judges lines that test a candidate: "Try 4: 5*4=20=7 mod 13. No." The claims must be
 * true, made of the question's numbers and the candidate's, and the verdict must be what the candidate
 * deserves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "task/pocket_judge.h"

static const char *take_verdict(struct judge *j, bool yes)
{
    if (!judge_take(j, ". "))
        return reason_unread;
    const char *start = j->p;
    if (!judge_take(j, yes ? "Yes." : "No.")) {
        j->p = start;
        return reason_misjudged;
    }
    return judge_end(j);
}

static const char *judge_rule(struct judge *j)
{
    size_t n = strcspn(j->p, ":");
    bool yes = check_rule(j->check, j->p, n);
    j->p += n;
    if (!judge_take(j, ": "))
        return reason_unread;
    do {
        const char *start = j->p, *reason = judge_true(j);
        if (reason)
            return reason;
        bool listed = false;
        for (int i = 0; i < j->check->lists; i++)
            listed |= j->check->list[i] == j->claim.number[0];
        if (!listed) {
            j->p = start;
            return reason_foreign;
        }
    } while (judge_take(j, ", "));
    return take_verdict(j, yes);
}

static const char *try_pair(struct judge *j)
{
    int64_t a, b, sum = -j->check->polynomial[1], product = j->check->polynomial[0];
    if (!judge_take_int(j, &a) || !judge_take(j, " and ") || !judge_take_int(j, &b) || !judge_take(j, ": "))
        return reason_unread;
    const int64_t pair[] = {llabs(a), llabs(b)};
    for (int i = 0; i < 2; i++) {
        const char *start = j->p, *reason = judge_true(j);
        if (reason)
            return reason;
        if (!claim_numbers_are(&j->claim, pair, 2) ||
            !rational_int(claim_last(&j->claim), i ? a + b : a * b)) {
            j->p = start;
            return reason_foreign;
        }
        if (i == 0 && !judge_take(j, ", "))
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
        return claim->modulus == n[1] && claim_numbers_are(claim, (const int64_t[]){n[2], n[0], t}, 3);
    case POCKET_COINS:
        return claim_numbers_are(claim, (const int64_t[]){n[2], n[0] - t, n[3], t}, 4);
    case POCKET_INVERSE:
        return claim->modulus == n[2] && claim_numbers_are(claim, (const int64_t[]){n[0], t}, 2);
    case POCKET_BACKWARDS:
        return claim_numbers_are(claim, (const int64_t[]){index ? llabs(before.num) : llabs(t), n[0], n[1]},
                                 3);
    case POCKET_CUBIC:
        return claim->numbers > 1 && claim->number[1] == t &&
               (!index || claim->number[0] == llabs(before.num));
    case POCKET_TWO_PRIMES:
        return index ? claim_numbers_are(claim, (const int64_t[]){check->value.num, before.num}, 2) &&
                           claim_last(claim).num < t
                     : claim->number[0] == t;
    case POCKET_ADD_BOTH:
        if (index == 0)
            return claim_numbers_are(claim, (const int64_t[]){check->list[0] + t, check->list[1] + t}, 2);
        return claim_numbers_are(
            claim, (const int64_t[]){check->list[index - 1] + t, check->list[index == 1 ? 3 : 2]}, 2);
    case POCKET_REDUCE:
        return claim->modulus == t && claim_remainder(claim) > 0;
    default:
        return false;
    }
}

/* Whether the last claim ends where testing the candidate must end. */
static bool ends_right(const struct judge *j, int64_t t, bool yes)
{
    const struct pocket_check *check = j->check;
    struct rational end = claim_last(&j->claim), value;
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
    if (j->check->family == POCKET_DIOPHANTINE && !judge_take(j, "x="))
        return reason_unread;
    if (!judge_take_int(j, &t) || !judge_take(j, ": "))
        return reason_unread;
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
            return j->claim.holds ? reason_foreign : reason_untrue;
        }
        before = claim_last(&j->claim);
        index++;
    } while (judge_take(j, ", "));
    bool yes = check_candidate(j->check, t);
    if (!ends_right(j, t, yes)) {
        j->p = start;
        return reason_foreign;
    }
    return take_verdict(j, yes);
}

/* "Try 10+11*2=32=2 mod 3. Yes." */
static const char *try_class(struct judge *j)
{
    const char *start = j->p, *reason = judge_true(j);
    if (reason)
        return reason;
    const int64_t *n = j->check->n, *given = j->claim.number;
    bool first = given[1] == n[1] && given[0] == n[0], second = given[1] == n[3] && given[0] == n[2];
    int64_t other = first ? n[3] : n[1], candidate = given[0] + given[1] * given[2];
    if (j->claim.first_numbers != 3 || !(first || second) || j->claim.modulus != other || candidate > n[4]) {
        j->p = start;
        return reason_foreign;
    }
    return take_verdict(j, check_candidate(j->check, candidate));
}

const char *judge_try(struct judge *j)
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

/* Whether the candidate that stands behind "Try " solves the question, whatever the line says about it. */
static bool try_solves(struct judge *j)
{
    const struct pocket_check *check = j->check;
    struct rational value;
    int64_t a, b = 0;
    char order[CHECK_PLACES];
    if (check_parts_is(check->family))
        return judge_part_solves(j);
    switch (check->family) {
    case POCKET_PAIR:
    case POCKET_TRIPLE:
    case POCKET_COUNT_PAIRS:
    case POCKET_SIGNS:
        return expression_read(&j->p, rational_of(0), &value) && rational_int(value, check->n[1]);
    case POCKET_ORDER:
        snprintf(order, sizeof order, "%.*s", (int)strcspn(j->p, ":"), j->p);
        return check_clues(order, check->hole[1]);
    case POCKET_NEXT:
        return check_rule(check, j->p, strcspn(j->p, ":"));
    case POCKET_QUADRATIC:
        return judge_take_int(j, &a) && judge_take(j, " and ") && judge_take_int(j, &b) &&
               a + b == -check->polynomial[1] && a * b == check->polynomial[0];
    case POCKET_TWO_REMAINDERS:
        return expression_read(&j->p, rational_of(0), &value) && check_candidate(check, value.num);
    default:
        judge_take(j, "x=");
        return judge_take_int(j, &a) && check_candidate(check, a);
    }
}

bool judge_harmless(const struct pocket_check *check, const char *line)
{
    struct pocket_check same = *check;
    struct judge j = {.check = &same, .p = line};
    size_t n = strlen(line);
    return n > 4 && strcmp(line + n - 4, " No.") == 0 && judge_take(&j, "Try ") && !try_solves(&j);
}
