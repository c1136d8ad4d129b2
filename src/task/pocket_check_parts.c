/* pocket_check_parts.c - the checker for questions of several parts: takes the parts out of the question's
 * text, finds each letter's number by trying all there are, and reads lines like "5b=2: b=7, 5*7=35=2
 * mod 11." and "Try 5b=2: b=4, 5*4=20=9 mod 11. No." */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "task/pocket_judge.h"

enum { CANDIDATE_MAX = 60, CLAIMS_MAX = 4, EXPECTED_MAX = 5, PART_NUMBER_MAX = 10000 };

/* How each family writes a part in the question; %c is its letter. */
static const char *form(int family)
{
    switch (family) {
    case POCKET_PRODUCTS:
        return "%c(%c+%lld)=%lld%n";
    case POCKET_MIXES:
        return "%lld%c+%lld(%lld-%c)=%lld%n";
    case POCKET_DIVISORS:
        return "%lld/%lld%n";
    case POCKET_INVERSES:
        return "%lld%c=%lld%n";
    case POCKET_HANDSHAKES:
    case POCKET_MACHINE:
        return "%lld%n";
    case POCKET_ROOTS:
        return "x^2-%lldx+%lld%n";
    default:
        return NULL;
    }
}

bool check_parts_is(int family)
{
    return form(family) != NULL;
}

/* Reads one part; returns how many bytes it took, 0 where it is none. */
static int read_part(const struct pocket_check *check, const char *text, char letter, int64_t *part)
{
    char first = letter, second = letter;
    long long n[4] = {0};
    int used = 0;
    const char *as = form(check->family);
    switch (check->family) {
    case POCKET_PRODUCTS:
        sscanf(text, as, &first, &second, &n[0], &n[1], &used);
        break;
    case POCKET_MIXES:
        sscanf(text, as, &n[0], &first, &n[1], &n[2], &second, &n[3], &used);
        break;
    case POCKET_INVERSES:
        sscanf(text, as, &n[0], &first, &n[1], &used);
        break;
    case POCKET_HANDSHAKES:
    case POCKET_MACHINE:
        sscanf(text, as, &n[0], &used);
        break;
    default:
        sscanf(text, as, &n[0], &n[1], &used);
        break;
    }
    for (int i = 0; i < 4; i++) {
        part[i] = n[i];
        if (n[i] < 0 || n[i] > PART_NUMBER_MAX)
            return 0;
    }
    return first == letter && second == letter ? used : 0;
}

static bool common_divisor(int64_t a, int64_t b)
{
    for (int64_t d = 2; d <= a && d <= b; d++) {
        if (a % d == 0 && b % d == 0)
            return true;
    }
    return false;
}

/* Whether the number `t` is what part `index` asks for. */
static bool check_parts_fits(const struct pocket_check *check, int index, int64_t t)
{
    const int64_t *n = check->part[index];
    int64_t k = check->n[3], add = check->n[4];
    switch (check->family) {
    case POCKET_PRODUCTS:
        return t > 0 && t * (t + n[0]) == n[1];
    case POCKET_MIXES:
        return t >= 0 && t <= n[2] && n[0] * t + n[1] * (n[2] - t) == n[3];
    case POCKET_DIVISORS:
        return t > 0 && n[0] % t == 0 && n[1] % t == 0 && !common_divisor(n[0] / t, n[1] / t);
    case POCKET_INVERSES:
        return t >= 1 && t < k && check_remainder(n[0] * t, k) == n[1];
    case POCKET_HANDSHAKES:
        return t > 0 && t * (t - 1) / 2 + t * k == n[0];
    case POCKET_MACHINE:
        return t > 0 && k * (k * t + add) + add == n[0];
    default:
        return t * t - n[0] * t + n[1] == 0 && 2 * t < n[0];
    }
}

/* The claims that test `t`: the numbers of each, in order, ended by -1. Returns how many claims. */
static int expect(const struct pocket_check *check, int index, int64_t t,
                  int64_t claim[CLAIMS_MAX][EXPECTED_MAX + 1])
{
    const int64_t *n = check->part[index];
    int64_t k = check->n[3], add = check->n[4], once = k * t + add, rest = n[2] - t;
    memset(claim, -1, sizeof(int64_t[CLAIMS_MAX][EXPECTED_MAX + 1]));
#define CLAIM(i, ...)                                                                                        \
    memcpy(claim[i], ((const int64_t[]){__VA_ARGS__}), sizeof((const int64_t[]){__VA_ARGS__}))
    switch (check->family) {
    case POCKET_PRODUCTS:
        CLAIM(0, t, n[0], t + n[0]);
        CLAIM(1, t, t + n[0], t * (t + n[0]));
        return 2;
    case POCKET_MIXES:
        CLAIM(0, n[0], t, n[0] * t);
        CLAIM(1, n[2], t, rest);
        CLAIM(2, n[1], rest, n[1] * rest);
        CLAIM(3, n[0] * t, n[1] * rest, n[0] * t + n[1] * rest);
        return 4;
    case POCKET_DIVISORS:
        for (int i = 0; i < 2; i++) {
            if (n[i] % t) {
                CLAIM(i, n[i], n[i] % t, t);
                return i + 1;
            }
            CLAIM(i, n[i], t, n[i] / t);
        }
        return 2;
    case POCKET_INVERSES:
        if (n[0] * t >= k)
            CLAIM(0, n[0], t, n[0] * t, check_remainder(n[0] * t, k), k);
        else
            CLAIM(0, n[0], t, n[0] * t, k);
        return 1;
    case POCKET_HANDSHAKES:
        CLAIM(0, t, t - 1, t * (t - 1));
        CLAIM(1, t * (t - 1), 2, t * (t - 1) / 2);
        CLAIM(2, t, k, t * k);
        CLAIM(3, t * (t - 1) / 2, t * k, t * (t - 1) / 2 + t * k);
        return 4;
    case POCKET_MACHINE:
        CLAIM(0, k, t, k * t);
        CLAIM(1, k * t, add, once);
        CLAIM(2, k, once, k * once);
        CLAIM(3, k * once, add, k * once + add);
        return 4;
    default:
        CLAIM(0, n[0], t, n[0] - t);
        CLAIM(1, t, n[0] - t, t * (n[0] - t));
        return 2;
    }
#undef CLAIM
}

/* Whether the claim just read has these numbers and no others. */
static bool numbers_match(const struct claim *claim, const int64_t *wanted)
{
    int n = 0;
    while (wanted[n] >= 0 && n < EXPECTED_MAX)
        n++;
    return claim->numbers == n && claim_numbers_are(claim, wanted, n);
}

bool check_parts(struct pocket_check *check)
{
    const char *p = check->hole[0];
    int64_t sum = 0;
    while (check->parts < CHECK_PARTS_MAX) {
        int index = check->parts, used = read_part(check, p, (char)('a' + index), check->part[index]);
        if (!used)
            return false;
        int64_t t = 1;
        while (t < CANDIDATE_MAX && !check_parts_fits(check, index, t))
            t++;
        check->part_right[index] = t;
        snprintf(check->part_text[index], sizeof check->part_text[index], "%.*s", used, p);
        sum += t;
        check->parts++;
        if (t == CANDIDATE_MAX)
            return false;
        p += used;
        if (!*p)
            break;
        size_t gap = strncmp(p, ", ", 2) == 0 ? 2 : strncmp(p, " and ", 5) == 0 ? 5 : 0;
        if (!gap)
            return false;
        p += gap;
    }
    check_answer(check, rational_of(sum));
    return !*p && strlen(check->hole[1]) == (size_t)(2 * check->parts - 1);
}

/* "5b=2: b=7, ": NULL, or why it cannot be read or does not come from the question. */
static const char *take_choice(struct judge *j, int *index, int64_t *t)
{
    const char *part = j->p, *colon = strstr(part, ": ");
    if (!colon)
        return reason_unread;
    *index = colon[2] - 'a';
    if (*index < 0 || *index >= j->check->parts)
        return reason_unread;
    const char *asked = j->check->part_text[*index];
    if (strlen(asked) != (size_t)(colon - part) || strncmp(asked, part, (size_t)(colon - part)) != 0)
        return reason_foreign;
    j->p = colon + 3;
    bool read = judge_take(j, "=") && judge_take_int(j, t) && judge_take(j, ", ");
    return read && *t >= 1 && *t < CANDIDATE_MAX ? NULL : reason_unread;
}

static const char *judge_choice(struct judge *j, bool is_try)
{
    int64_t t, wanted[CLAIMS_MAX][EXPECTED_MAX + 1];
    int index;
    const char *start = j->p;
    const char *reason = take_choice(j, &index, &t);
    if (reason)
        return reason;
    int claims = expect(j->check, index, t, wanted);
    for (int i = 0; i < claims; i++) {
        const char *at = j->p;
        reason = i == 0 || judge_take(j, ", ") ? judge_true(j) : reason_unread;
        if (reason)
            return reason;
        if (!numbers_match(&j->claim, wanted[i])) {
            j->p = at;
            return reason_foreign;
        }
    }
    bool right = check_parts_fits(j->check, index, t);
    if (!judge_take(j, "."))
        return reason_unread;
    if (!is_try && !right) {
        j->p = start;
        return "this choice does not fit the question";
    }
    if (is_try && !judge_take(j, right ? " Yes." : " No."))
        return reason_misjudged;
    return judge_end(j);
}

static const char *judge_total(struct judge *j)
{
    int64_t sum = j->check->part_right[0];
    if (j->check->parts == 1)
        return reason_unread;
    for (int i = 1; i < j->check->parts; i++) {
        const char *at = j->p, *reason = i == 1 || judge_take(j, ", ") ? judge_true(j) : reason_unread;
        if (reason)
            return reason;
        int64_t term = j->check->part_right[i];
        const int64_t wanted[] = {sum, term, sum + term, -1};
        sum += term;
        if (!numbers_match(&j->claim, wanted)) {
            j->p = at;
            return reason_foreign;
        }
    }
    return judge_take(j, ".") ? judge_end(j) : reason_unread;
}

const char *judge_parts(struct judge *j)
{
    if (judge_take(j, "Try "))
        return judge_choice(j, true);
    return strstr(j->p, ": ") ? judge_choice(j, false) : judge_total(j);
}

bool judge_part_solves(struct judge *j)
{
    int index;
    int64_t t;
    return !take_choice(j, &index, &t) && check_parts_fits(j->check, index, t);
}
