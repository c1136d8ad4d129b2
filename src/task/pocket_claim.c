/* pocket_claim.c - the reader behind pocket_claim.h: sum of terms, term of powers, power of a base. */
#include "task/pocket_claim.h"

#include "core/ascii.h"

#include <string.h>

enum { DEPTH_MAX = 32 };

struct reader {
    const char *p;
    struct rational x;
    int64_t modulus; /* 0: exact */
    struct claim *claim;
    int depth;
    bool failed;
};

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

struct rational rational_of(int64_t value)
{
    return (struct rational){value, 1};
}

bool rational_equal(struct rational a, struct rational b)
{
    return a.num == b.num && a.den == b.den;
}

bool rational_int(struct rational a, int64_t value)
{
    return a.den == 1 && a.num == value;
}

/* Brings num/den to lowest terms, or to a remainder where the reader works modulo a number. */
static struct rational settle(struct reader *r, int64_t num, int64_t den)
{
    if (den == 0 || num == INT64_MIN || den == INT64_MIN) {
        r->failed = true;
        return rational_of(0);
    }
    int64_t common = gcd(num, den);
    num /= common;
    den /= common;
    if (den < 0) {
        num = -num;
        den = -den;
    }
    if (r->modulus) {
        r->failed |= den != 1;
        num = (num % r->modulus + r->modulus) % r->modulus;
    }
    return (struct rational){num, den};
}

static struct rational claim_add(struct reader *r, struct rational a, struct rational b, int64_t sign)
{
    int64_t left, right, num, den;
    bool over = __builtin_mul_overflow(a.num, b.den, &left) || __builtin_mul_overflow(b.num, a.den, &right) ||
                __builtin_mul_overflow(right, sign, &right) || __builtin_add_overflow(left, right, &num) ||
                __builtin_mul_overflow(a.den, b.den, &den);
    r->failed |= over;
    return over ? rational_of(0) : settle(r, num, den);
}

static struct rational claim_multiply(struct reader *r, struct rational a, struct rational b)
{
    int64_t num, den;
    bool over = __builtin_mul_overflow(a.num, b.num, &num) || __builtin_mul_overflow(a.den, b.den, &den);
    r->failed |= over;
    return over ? rational_of(0) : settle(r, num, den);
}

static struct rational divide(struct reader *r, struct rational a, struct rational b)
{
    if (b.num == 0) {
        r->failed = true;
        return rational_of(0);
    }
    return claim_multiply(r, a, (struct rational){b.num < 0 ? -b.den : b.den, b.num < 0 ? -b.num : b.num});
}

static int64_t read_digits(struct reader *r)
{
    int64_t value = 0;
    for (; ascii_is_digit(*r->p); r->p++) {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *r->p - '0', &value)) {
            r->failed = true;
            value = 0;
        }
    }
    if (r->claim && r->claim->numbers < CLAIM_NUMBERS_MAX)
        r->claim->number[r->claim->numbers++] = value;
    return value;
}

static struct rational read_sum(struct reader *r);

static struct rational read_base(struct reader *r)
{
    struct rational value = rational_of(0);
    if (ascii_is_digit(*r->p)) {
        value = settle(r, read_digits(r), 1);
    } else if (*r->p == 'x') {
        r->p++;
        if (r->claim)
            r->claim->uses_x = true;
        value = r->x;
    } else if (*r->p == '(' && ++r->depth < DEPTH_MAX) {
        r->p++;
        value = read_sum(r);
        r->depth--;
        r->failed |= *r->p != ')';
        r->p += *r->p == ')';
    } else {
        r->failed = true;
    }
    return value;
}

static struct rational read_power(struct reader *r)
{
    struct rational base = read_base(r), value = base;
    if (r->failed || *r->p != '^')
        return value;
    r->p++;
    bool braces = *r->p == '{';
    r->p += braces;
    int64_t exponent = ascii_is_digit(*r->p) ? read_digits(r) : -1;
    r->failed |= exponent < 1 || exponent > 1000 || (braces && *r->p != '}');
    r->p += braces && *r->p == '}';
    for (int64_t i = 1; i < exponent && !r->failed; i++)
        value = claim_multiply(r, value, base);
    return value;
}

/* Factors side by side, as in 3x and 2(x+1), are multiplied. */
static struct rational read_term(struct reader *r)
{
    bool negative = *r->p == '-';
    r->p += negative;
    struct rational value = read_power(r);
    for (;;) {
        char c = *r->p;
        if (r->failed || (c != '*' && c != '/' && c != 'x' && c != '('))
            break;
        r->p += c == '*' || c == '/';
        struct rational next = read_power(r);
        value = c == '/' ? divide(r, value, next) : claim_multiply(r, value, next);
    }
    return negative ? claim_multiply(r, value, rational_of(-1)) : value;
}

static struct rational read_sum(struct reader *r)
{
    struct rational value = read_term(r);
    while (!r->failed && (*r->p == '+' || *r->p == '-')) {
        int64_t sign = *r->p++ == '-' ? -1 : 1;
        value = claim_add(r, value, read_term(r), sign);
    }
    return value;
}

bool expression_read(const char **text, struct rational x, struct rational *value)
{
    struct reader r = {.p = *text, .x = x};
    *value = read_sum(&r);
    *text = r.p;
    return !r.failed;
}

bool expression_value(const char *text, int64_t x, struct rational *value)
{
    return expression_read(&text, rational_of(x), value) && !*text;
}

/* The N of " mod N" at the end of the claim that begins at `text`; 0: none. */
static int64_t find_modulus(const char *text)
{
    size_t n = strcspn(text, ",:.\n?");
    for (size_t i = 0; i + 5 < n; i++) {
        if (strncmp(text + i, " mod ", 5) == 0) {
            int64_t value = 0;
            for (const char *p = text + i + 5; ascii_is_digit(*p) && value < 1000000; p++)
                value = value * 10 + *p - '0';
            return value;
        }
    }
    return 0;
}

static bool relations_hold(const struct claim *claim)
{
    for (int i = 0; i + 1 < claim->parts; i++) {
        struct rational a = claim->part[i], b = claim->part[i + 1];
        int64_t left, right;
        if (__builtin_mul_overflow(a.num, b.den, &left) || __builtin_mul_overflow(b.num, a.den, &right))
            return false;
        if (claim->sign[i] == '=' ? left != right : left >= right)
            return false;
    }
    return true;
}

const char *claim_read(const char **text, struct rational x, struct claim *claim)
{
    memset(claim, 0, sizeof *claim);
    claim->modulus = find_modulus(*text);
    struct reader r = {.p = *text, .x = x, .modulus = claim->modulus, .claim = claim};
    bool last_plain = false;
    for (;;) {
        const char *start = r.p;
        claim->part[claim->parts++] = read_sum(&r);
        if (r.failed) {
            *text = r.p;
            return "no arithmetic can be read here";
        }
        last_plain = claim->numbers > 0 && claim->number[claim->numbers - 1] < claim->modulus;
        for (; start < r.p; start++)
            last_plain &= ascii_is_digit(*start);
        if (claim->parts == 1)
            claim->first_numbers = claim->numbers;
        if ((*r.p != '=' && *r.p != '<') || claim->parts == CLAIM_PARTS_MAX)
            break;
        claim->sign[claim->parts - 1] = *r.p++;
    }
    if (claim->modulus && strncmp(r.p, " mod ", 5) == 0) {
        r.p += 5;
        read_digits(&r);
    } else if (claim->modulus) {
        *text = r.p;
        return "a modulus was expected here";
    }
    *text = r.p;
    claim->holds = relations_hold(claim) && (!claim->modulus || last_plain);
    return NULL;
}
