#include "formula/value.h"

#include <stdlib.h>
#include <string.h>

enum { EXACT_BITS_MAX = 50000, BITS_A_UNIT = 500, FACTORIAL_MAX = 3000, DIGITS_MAX = 3000 };

static bool spend(const struct reading *reading, long work)
{
    *reading->work -= work;
    return *reading->work > 0;
}

/* ---- exact ---- */

static bool small_int(const fmpq_t x, slong low, slong high, slong *value)
{
    if (!fmpz_is_one(fmpq_denref(x)) || fmpz_cmp_si(fmpq_numref(x), low) < 0 ||
        fmpz_cmp_si(fmpq_numref(x), high) > 0)
        return false;
    *value = fmpz_get_si(fmpq_numref(x));
    return true;
}

static slong bits_of(const fmpq_t x)
{
    slong num = (slong)fmpz_bits(fmpq_numref(x)), den = (slong)fmpz_bits(fmpq_denref(x));
    return num > den ? num : den;
}

/* "12.34" as 1234/100. */
static bool decimal(const char *text, fmpq_t out)
{
    char digits[DIGITS_MAX + 1];
    size_t n = 0, behind = 0;
    bool point = false;
    for (; *text; text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if (n == DIGITS_MAX)
            return false;
        digits[n++] = *text;
        behind += point;
    }
    digits[n] = '\0';
    if (n == 0 || fmpz_set_str(fmpq_numref(out), digits, 10))
        return false;
    fmpz_ui_pow_ui(fmpq_denref(out), 10, behind);
    fmpq_canonicalise(out);
    return true;
}

/* x.a(r) = (digits with the period - digits before it) / (10^behind - 10^before) */
static bool repeating(const struct node *node, fmpq_t out)
{
    size_t n = strlen(node->text), period = (size_t)node->n;
    char front[DIGITS_MAX + 1];
    if (n > DIGITS_MAX)
        return false;
    memcpy(front, node->text, n - period);
    front[n - period] = '\0';
    fmpq_t all, before, scale;
    fmpq_init(all);
    fmpq_init(before);
    fmpq_init(scale);
    bool good = decimal(node->text, all) && decimal(front, before);
    if (good) { /* before + (all - before) * 10^p / (10^p - 1) */
        fmpz_ui_pow_ui(fmpq_numref(scale), 10, period);
        fmpz_sub_ui(fmpq_denref(scale), fmpq_numref(scale), 1);
        fmpq_canonicalise(scale);
        fmpq_sub(all, all, before);
        fmpq_mul(all, all, scale);
        fmpq_add(out, before, all);
    }
    fmpq_clear(all);
    fmpq_clear(before);
    fmpq_clear(scale);
    return good;
}

static bool based(const struct node *node, fmpq_t out)
{
    if (node->n < 2 || node->n > 36 || strchr(node->text, '.') ||
        fmpz_set_str(fmpq_numref(out), node->text, node->n))
        return false;
    fmpz_one(fmpq_denref(out));
    return true;
}

static bool exact_power(fmpq_t base, const fmpq_t exponent, fmpq_t out)
{
    slong e;
    if (!small_int(exponent, -EXACT_BITS_MAX, EXACT_BITS_MAX, &e) || (e < 0 && fmpq_is_zero(base)) ||
        bits_of(base) * labs(e) > EXACT_BITS_MAX)
        return false;
    fmpq_pow_si(out, base, e);
    return true;
}

static bool exact_function(const struct node *node, const fmpq_t x, const fmpq_t y, fmpq_t out)
{
    slong n, k;
    if (strcmp(node->text, "abs") == 0) {
        fmpq_abs(out, x);
        return true;
    }
    if (strcmp(node->text, "floor") == 0 || strcmp(node->text, "ceil") == 0) {
        if (*node->text == 'f')
            fmpz_fdiv_q(fmpq_numref(out), fmpq_numref(x), fmpq_denref(x));
        else
            fmpz_cdiv_q(fmpq_numref(out), fmpq_numref(x), fmpq_denref(x));
        fmpz_one(fmpq_denref(out));
        return true;
    }
    if (strcmp(node->text, "sqrt") == 0 && fmpq_sgn(x) >= 0 && fmpz_is_square(fmpq_numref(x)) &&
        fmpz_is_square(fmpq_denref(x))) {
        fmpz_sqrt(fmpq_numref(out), fmpq_numref(x));
        fmpz_sqrt(fmpq_denref(out), fmpq_denref(x));
        return true;
    }
    if (strcmp(node->text, "binom") == 0 && small_int(x, 0, FACTORIAL_MAX, &n) &&
        small_int(y, 0, FACTORIAL_MAX, &k)) {
        fmpz_bin_uiui(fmpq_numref(out), (ulong)n, (ulong)k);
        fmpz_one(fmpq_denref(out));
        return true;
    }
    return false;
}

static bool exact_two(const struct node *node, const struct reading *reading, fmpq_t x, fmpq_t y, fmpq_t out)
{
    const struct node *first = node->child, *second = first ? first->next : NULL;
    slong n;
    if (!first || !value_exact(first, reading, x) || (second && !value_exact(second, reading, y)))
        return false;
    switch (node->kind) {
    case NODE_SUM:
        fmpq_add(out, x, y);
        break;
    case NODE_PRODUCT:
        fmpq_mul(out, x, y);
        break;
    case NODE_NEGATIVE:
        fmpq_neg(out, x);
        break;
    case NODE_QUOTIENT:
        if (fmpq_is_zero(y))
            return false;
        fmpq_div(out, x, y);
        break;
    case NODE_POWER:
        return exact_power(x, y, out);
    case NODE_FACTORIAL:
        if (!small_int(x, 0, FACTORIAL_MAX, &n))
            return false;
        fmpz_fac_ui(fmpq_numref(out), (ulong)n);
        fmpz_one(fmpq_denref(out));
        break;
    case NODE_PERCENT:
        fmpq_set(out, x);
        if (reading->percent_part)
            fmpq_div_fmpz(out, out, (const fmpz[]){100});
        break;
    case NODE_DEGREES:
    case NODE_UNIT:
        fmpq_set(out, x);
        break;
    case NODE_PLUS_MINUS:
        fmpq_mul_si(out, x, reading->sign);
        break;
    case NODE_FUNCTION:
        return exact_function(node, x, y, out);
    default:
        return false;
    }
    return bits_of(out) <= EXACT_BITS_MAX && spend(reading, bits_of(out) / BITS_A_UNIT);
}

bool value_exact(const struct node *node, const struct reading *reading, fmpq_t out)
{
    enum { FACTORIAL_WORK = 100, DIGITS_A_UNIT = 20 };
    bool literal = node->kind == NODE_NUMBER || node->kind == NODE_REPEATING || node->kind == NODE_BASED;
    if (!spend(reading, literal                        ? 1 + (long)strlen(node->text) / DIGITS_A_UNIT
                        : node->kind == NODE_FACTORIAL ? FACTORIAL_WORK
                                                       : 1))
        return false;
    if (node->kind == NODE_NUMBER)
        return decimal(node->text, out);
    if (node->kind == NODE_REPEATING)
        return repeating(node, out);
    if (node->kind == NODE_BASED)
        return based(node, out);
    fmpq_t x, y;
    fmpq_init(x);
    fmpq_init(y);
    bool good = exact_two(node, reading, x, y, out);
    fmpq_clear(x);
    fmpq_clear(y);
    return good;
}

/* ---- balls ---- */

/* A variable's place at a point: a real number from its name, of size 0.3 to 3; of the first VALUE_POINTS,
 * positive at even points and mostly negative at odd ones. Of later points every other pair is nearer to 0,
 * where large powers of sums are no large numbers. */
static void place(const char *name, int point, acb_t out)
{
    uint64_t h = 1469598103934665603u + (uint64_t)point;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u; /* else neighbours like x and y go together */
    h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
    h ^= h >> 31;
    slong parts = 300 + (slong)(h % 2700);
    bool negative = point >= VALUE_POINTS ? (h >> 40) % 2 : point % 2 && (h >> 40) % 4;
    acb_set_si(out, negative ? -parts : parts);
    bool near = point >= VALUE_POINTS && point & 2;
    acb_mul_2exp_si(out, out, near ? -13 : -10); /* exact, however many bits are asked for */
}

static void ball_from_degrees(acb_t x, slong bits)
{
    arb_t pi;
    arb_init(pi);
    arb_const_pi(pi, bits);
    acb_mul_arb(x, x, pi, bits);
    acb_div_ui(x, x, 180, bits);
    arb_clear(pi);
}

static void real_part_only(acb_t out, const acb_t x, void (*f)(arb_t, const arb_t, slong), slong bits)
{
    acb_t y;
    acb_init(y);
    f(acb_realref(y), acb_realref(x), bits);
    if (!acb_is_real(x))
        acb_indeterminate(y);
    acb_swap(out, y);
    acb_clear(y);
}

static void inverse_of(acb_t out, const acb_t x, slong bits, void (*f)(acb_t, const acb_t, slong))
{
    f(out, x, bits);
    acb_inv(out, out, bits);
}

/* The y-th root; of a negative number by an odd whole y the real one. */
static void ball_root(acb_t out, const acb_t x, const acb_t y, slong bits)
{
    bool odd = acb_is_real(x) && arb_is_negative(acb_realref(x)) && acb_is_int(y);
    acb_t half, base;
    acb_init(half);
    acb_init(base);
    acb_mul_2exp_si(half, y, -1);
    odd = odd && !acb_is_int(half);
    acb_set(base, x);
    if (odd)
        acb_neg(base, base);
    acb_inv(half, y, bits);
    acb_pow(out, base, half, bits);
    if (odd)
        acb_neg(out, out);
    acb_clear(half);
    acb_clear(base);
}

static void ball_log_base(acb_t out, const acb_t base, const acb_t x, slong bits)
{
    acb_t below;
    acb_init(below);
    acb_log(below, base, bits);
    acb_log(out, x, bits);
    acb_div(out, out, below, bits);
    acb_clear(below);
}

/* Gamma(n+1) / Gamma(k+1) / Gamma(n-k+1) */
static void ball_binomial(acb_t out, const acb_t n, const acb_t k, slong bits)
{
    acb_t u, v;
    acb_init(u);
    acb_init(v);
    acb_add_ui(u, k, 1, bits);
    acb_rgamma(u, u, bits);
    acb_sub(v, n, k, bits);
    acb_add_ui(v, v, 1, bits);
    acb_rgamma(v, v, bits);
    acb_mul(u, u, v, bits);
    acb_add_ui(v, n, 1, bits);
    acb_gamma(v, v, bits);
    acb_mul(out, u, v, bits);
    acb_clear(u);
    acb_clear(v);
}

static bool ball_function(const char *name, const acb_t x, const acb_t y, bool two,
                          const struct reading *reading, slong bits, acb_t out)
{
    static const struct {
        const char *name;
        void (*f)(acb_t, const acb_t, slong);
        bool inverse;
    } plain[] = {
        {"sqrt", acb_sqrt, false}, {"sin", acb_sin, false},   {"cos", acb_cos, false},
        {"tan", acb_tan, false},   {"cot", acb_tan, true},    {"sec", acb_cos, true},
        {"csc", acb_sin, true},    {"asin", acb_asin, false}, {"acos", acb_acos, false},
        {"atan", acb_atan, false}, {"sinh", acb_sinh, false}, {"cosh", acb_cosh, false},
        {"tanh", acb_tanh, false}, {"ln", acb_log, false},    {"exp", acb_exp, false},
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(name, plain[i].name) != 0)
            continue;
        if (plain[i].inverse)
            inverse_of(out, x, bits, plain[i].f);
        else
            plain[i].f(out, x, bits);
        return true;
    }
    if (strcmp(name, "log") == 0) {
        acb_log(out, x, bits);
        arb_t ten;
        arb_init(ten);
        arb_const_log10(ten, bits);
        if (!reading->natural_log)
            acb_div_arb(out, out, ten, bits);
        arb_clear(ten);
    } else if (strcmp(name, "log_base") == 0 && two) {
        ball_log_base(out, x, y, bits);
    } else if (strcmp(name, "apply") == 0 && two) { /* some function, another one for each name */
        acb_mul(out, x, y, bits);
        acb_cos(out, out, bits);
        acb_add(out, out, x, bits);
    } else if (strcmp(name, "root") == 0 && two) {
        ball_root(out, x, y, bits);
    } else if (strcmp(name, "abs") == 0) {
        arb_t size;
        arb_init(size);
        acb_abs(size, x, bits);
        acb_set_arb(out, size);
        arb_clear(size);
    } else if (strcmp(name, "floor") == 0) {
        real_part_only(out, x, arb_floor, bits);
    } else if (strcmp(name, "ceil") == 0) {
        real_part_only(out, x, arb_ceil, bits);
    } else if (strcmp(name, "binom") == 0 && two) {
        ball_binomial(out, x, y, bits);
    } else {
        return false;
    }
    return true;
}

static bool negative(const acb_t x)
{
    return acb_is_real(x) && arb_is_negative(acb_realref(x));
}

/* Notes a root or a logarithm, of something with variables in it, that is not real at this point. */
static void note_unreal(const struct node *node, const acb_t x, const acb_t y, const struct reading *reading)
{
    const struct node *first = node->child, *second = first->next;
    fmpq_t exponent;
    bool unreal = false;
    if (!reading->unreal || (!negative(x) && !(second && negative(y))))
        return;
    fmpq_init(exponent);
    if (node->kind == NODE_POWER)
        unreal = negative(x) && node_has(first, NODE_NAME) &&
                 !(value_exact(second, reading, exponent) && fmpz_is_odd(fmpq_denref(exponent)));
    else if (strcmp(node->text, "root") == 0)
        unreal = negative(x) && node_has(first, NODE_NAME) && second &&
                 value_exact(second, reading, exponent) && fmpz_is_even(fmpq_numref(exponent));
    else if (strcmp(node->text, "log_base") == 0)
        unreal = (negative(x) && node_has(first, NODE_NAME)) ||
                 (second && negative(y) && node_has(second, NODE_NAME));
    else if (strcmp(node->text, "sqrt") == 0 || strcmp(node->text, "ln") == 0 ||
             strcmp(node->text, "log") == 0)
        unreal = node_has(first, NODE_NAME);
    *reading->unreal |= unreal;
    fmpq_clear(exponent);
}

static bool is_even(const struct node *exponent)
{
    size_t n = exponent->kind == NODE_NUMBER ? strlen(exponent->text) : 0;
    return n && !strchr(exponent->text, '.') && (exponent->text[n - 1] - '0') % 2 == 0;
}

/* Whether a factor of it is an even power. */
static bool has_even_factor(const struct node *node)
{
    if (node->kind == NODE_PRODUCT || node->kind == NODE_QUOTIENT)
        return has_even_factor(node->child) || has_even_factor(node->child->next);
    return node->kind == NODE_POWER && is_even(node->child->next) && node_has(node->child, NODE_NAME);
}

bool value_hides_sign(const struct node *node)
{
    bool log =
        node->kind == NODE_FUNCTION && (strcmp(node->text, "ln") == 0 || strcmp(node->text, "log") == 0 ||
                                        strcmp(node->text, "log_base") == 0);
    for (const struct node *child = node->child; child; child = child->next)
        if ((log && has_even_factor(child)) || value_hides_sign(child))
            return true;
    return false;
}

static bool trigonometric(const char *name)
{
    return strstr("sin cos tan cot sec csc", name) != NULL && strlen(name) == 3;
}

/* x^y; a negative number to the power of p/q with q odd is real, as its q-th root is. */
static void ball_power(acb_t out, const acb_t x, const acb_t y, const struct node *exponent,
                       const struct reading *reading, slong bits)
{
    fmpq_t q;
    fmpq_init(q);
    bool real = acb_is_real(x) && arb_is_negative(acb_realref(x)) && value_exact(exponent, reading, q) &&
                fmpz_is_odd(fmpq_denref(q)) && !fmpz_is_one(fmpq_denref(q));
    acb_t base;
    acb_init(base);
    acb_set(base, x);
    if (real)
        acb_neg(base, base);
    acb_pow(out, base, y, bits);
    if (real && fmpz_is_odd(fmpq_numref(q)))
        acb_neg(out, out);
    acb_clear(base);
    fmpq_clear(q);
}

static bool ball_two(const struct node *node, const struct reading *reading, slong bits, acb_t x, acb_t y,
                     acb_t out)
{
    const struct node *first = node->child, *second = first ? first->next : NULL;
    if (!first || !value_ball(first, reading, bits, x) || (second && !value_ball(second, reading, bits, y)))
        return false;
    switch (node->kind) {
    case NODE_SUM:
        acb_add(out, x, y, bits);
        return true;
    case NODE_PRODUCT:
        acb_mul(out, x, y, bits);
        return true;
    case NODE_NEGATIVE:
        acb_neg(out, x);
        return true;
    case NODE_QUOTIENT:
        acb_div(out, x, y, bits);
        return true;
    case NODE_POWER:
        note_unreal(node, x, y, reading);
        ball_power(out, x, y, second, reading, bits);
        return true;
    case NODE_FACTORIAL:
        acb_add_ui(x, x, 1, bits);
        acb_gamma(out, x, bits);
        return true;
    case NODE_PERCENT:
        acb_div_ui(out, x, reading->percent_part ? 100 : 1, bits);
        return true;
    case NODE_DEGREES:
    case NODE_UNIT:
        acb_set(out, x);
        return true;
    case NODE_PLUS_MINUS:
        acb_mul_si(out, x, reading->sign, bits);
        return true;
    case NODE_FUNCTION:
        if (trigonometric(node->text) && node_has(first, NODE_DEGREES))
            ball_from_degrees(x, bits);
        note_unreal(node, x, y, reading);
        return ball_function(node->text, x, y, second != NULL, reading, bits, out);
    default:
        return false;
    }
}

static bool ball_constant(int op, slong bits, acb_t out)
{
    if (op == 'p')
        acb_const_pi(out, bits);
    else if (op == 'i')
        acb_onei(out);
    else if (op == 'e')
        arb_const_e(acb_realref(out), bits);
    return op != 'o';
}

/* What evaluating a node takes, without its children. */
static long ball_work(const struct node *node, slong bits)
{
    enum { FUNCTION_WORK = 12, GAMMA_WORK = 100, BITS_SHORT = 128 };
    bool gamma =
        node->kind == NODE_FACTORIAL || (node->kind == NODE_FUNCTION && strcmp(node->text, "binom") == 0);
    bool function = node->kind == NODE_FUNCTION || node->kind == NODE_POWER;
    return (gamma ? GAMMA_WORK : function ? FUNCTION_WORK : 1) * (bits / BITS_SHORT);
}

bool value_ball(const struct node *node, const struct reading *reading, slong bits, acb_t out)
{
    acb_zero(out);
    if (!spend(reading, ball_work(node, bits)))
        return false;
    if (node->kind == NODE_NAME) {
        place(node->text, reading->point, out);
        return true;
    }
    if (node->kind == NODE_CONSTANT)
        return ball_constant(node->op, bits, out);
    fmpq_t exact;
    fmpq_init(exact);
    bool good = (node->kind == NODE_NUMBER || node->kind == NODE_REPEATING || node->kind == NODE_BASED ||
                 node->kind == NODE_FACTORIAL) &&
                value_exact(node, reading, exact);
    if (good)
        acb_set_fmpq(out, exact, bits);
    fmpq_clear(exact);
    if (good)
        return true;
    acb_t x, y;
    acb_init(x);
    acb_init(y);
    good = ball_two(node, reading, bits, x, y, out) && acb_is_finite(out);
    acb_clear(x);
    acb_clear(y);
    return good;
}
