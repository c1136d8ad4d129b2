/* equal.c - when two answers are the same one. The policies are all here:
 *
 * - A value equals a value: exactly where both are rational, else by balls of rising precision at several
 * places of the variables. Places where one has no value are left out; there must be some where both have
 * one.
 * - A decimal equals an exact value that rounds to it at the digits it shows, three significant ones at
 * least.
 * - 10% is 10 and 1/10. An angle's degree sign and units count nothing.
 * - Tuples and intervals keep their order and their brackets; sets, lists without brackets and lists joined
 * by "and" or "or" have none. A list without brackets equals a tuple of the same items in the same order.
 * - "x = 5" equals 5; two equations are equal where one is a multiple of the other. x > 5 is the interval
 *   (5, infinity), and "x in S" is S.
 * - Words are compared without case. What cannot be read is compared as text.
 *
 * Every rule is asked in both orders or symmetric by itself. */
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/value.h"

enum { ITEMS_MAX = 32, BITS_FIRST = 128, BITS_MAX = 1024, ARENA_BYTES = 1 << 20 };

/* ---- values ---- */

static const struct reading readings[] = {{.sign = 1}, {.sign = 1, .natural_log = true}};

static bool exact_equal(const struct node *a, const struct node *b, const struct reading *of_a,
                        const struct reading *of_b, bool *known)
{
    fmpq_t x, y;
    fmpq_init(x);
    fmpq_init(y);
    *known = value_exact(a, of_a, x) && value_exact(b, of_b, y);
    bool equal = *known && fmpq_equal(x, y);
    fmpq_clear(x);
    fmpq_clear(y);
    return equal;
}

enum verdict { DIFFERENT, SAME, NO_VALUE };

/* Whether two balls hold one value: they differ as soon as they are apart, and are the same where they
 * overlap although they are small. */
static enum verdict balls_meet(const struct node *a, const struct node *b, const struct reading *of_a,
                               const struct reading *of_b)
{
    enum verdict verdict = SAME;
    acb_t x, y;
    acb_init(x);
    acb_init(y);
    for (slong bits = BITS_FIRST; bits <= BITS_MAX && verdict == SAME; bits *= 2) {
        if (!value_ball(a, of_a, bits, x) || !value_ball(b, of_b, bits, y)) {
            verdict = NO_VALUE;
        } else if (!acb_overlaps(x, y)) {
            verdict = DIFFERENT;
        } else {
            acb_sub(x, x, y, bits);
            if (acb_rel_accuracy_bits(y) > bits / 2 || bits == BITS_MAX)
                break;
        }
    }
    acb_clear(x);
    acb_clear(y);
    return verdict;
}

static bool evaluated_equal(const struct node *a, const struct node *b, struct reading of_a,
                            struct reading of_b)
{
    bool constant = !node_has(a, NODE_NAME) && !node_has(b, NODE_NAME);
    int same = 0;
    for (int point = 0; point < (constant ? 1 : VALUE_POINTS); point++) {
        of_a.point = of_b.point = point;
        enum verdict verdict = balls_meet(a, b, &of_a, &of_b);
        if (verdict == DIFFERENT)
            return false;
        same += verdict == SAME;
    }
    return same > 0 && (constant || same > 1);
}

/* ---- rounded decimals ---- */

/* The literal of a decimal, "-1.50" without its sign, or NULL. */
static const char *decimal_literal(const struct node *node, bool *negative)
{
    *negative = node->kind == NODE_NEGATIVE;
    if (*negative)
        node = node->child;
    return node->kind == NODE_NUMBER && strchr(node->text, '.') ? node->text : NULL;
}

static int significant_digits(const char *literal)
{
    int n = 0;
    for (; *literal; literal++)
        n += *literal != '.' && (n > 0 || *literal != '0');
    return n;
}

/* |decimal - value| <= half a unit of the decimal's last digit, the value being no decimal itself. */
static bool rounds_to(const struct node *decimal, const struct node *value, const struct reading *of_value)
{
    bool negative, ignored;
    const char *literal = decimal_literal(decimal, &negative);
    if (!literal || significant_digits(literal) < 3 || decimal_literal(value, &ignored) ||
        node_has(value, NODE_NAME))
        return false;
    acb_t x, y;
    arb_t distance, half;
    acb_init(x);
    acb_init(y);
    arb_init(distance);
    arb_init(half);
    bool good = value_ball(decimal, of_value, BITS_FIRST, x) && value_ball(value, of_value, BITS_FIRST, y) &&
                acb_is_real(y);
    if (good) {
        ulong behind = strlen(strchr(literal, '.') + 1);
        acb_sub(x, x, y, BITS_FIRST);
        acb_abs(distance, x, BITS_FIRST);
        arb_set_ui(half, 10);
        arb_pow_ui(half, half, behind, BITS_FIRST);
        arb_mul_ui(half, half, 2, BITS_FIRST);
        arb_inv(half, half, BITS_FIRST);
        good = !arb_gt(distance, half);
    }
    acb_clear(x);
    acb_clear(y);
    arb_clear(distance);
    arb_clear(half);
    return good;
}

static bool infinite(const struct node *node, int *sign)
{
    *sign = 1;
    if (node->kind == NODE_NEGATIVE) {
        *sign = -1;
        node = node->child;
    }
    return node->kind == NODE_CONSTANT && node->op == 'o';
}

static bool values_equal(const struct node *a, const struct node *b, int sign_a, int sign_b, const char **how)
{
    int infinity_a, infinity_b;
    if (infinite(a, &infinity_a) || infinite(b, &infinity_b)) {
        *how = "infinity";
        return infinite(a, &infinity_a) && infinite(b, &infinity_b) && infinity_a == infinity_b;
    }
    bool percent_a = node_has(a, NODE_PERCENT), percent_b = node_has(b, NODE_PERCENT);
    for (int parts = 0; parts < (percent_a != percent_b ? 2 : 1); parts++) {
        struct reading of_a = {.sign = sign_a, .percent_part = parts},
                       of_b = {.sign = sign_b, .percent_part = parts};
        bool known;
        *how = "exact value";
        if (exact_equal(a, b, &of_a, &of_b, &known))
            return true;
        *how = "rounded decimal";
        if (rounds_to(a, b, &of_b) || rounds_to(b, a, &of_a))
            return true;
        *how = "value";
        for (size_t i = 0; !known && i < sizeof readings / sizeof *readings; i++) {
            of_a.natural_log = of_b.natural_log = readings[i].natural_log;
            if (evaluated_equal(a, b, of_a, of_b))
                return true;
        }
    }
    return false;
}

/* ---- structures ---- */

/* One item of an answer, with the sign its plus-minus has. */
struct item {
    const struct node *node;
    int sign;
};

struct items {
    struct item item[ITEMS_MAX];
    int count;
    bool ordered;
    char open, close; /* '\0': none */
};

static bool item_equal(struct item a, struct item b, const char **how);

static void add_item(struct items *items, const struct node *node)
{
    bool both = node_has(node, NODE_PLUS_MINUS);
    for (int sign = 1; sign >= (both ? -1 : 1) && items->count < ITEMS_MAX; sign -= 2)
        items->item[items->count++] = (struct item){node, sign};
}

/* A list, tuple or set taken apart; anything else is one item. */
static struct items items_of(struct item whole)
{
    struct items items = {.ordered = false};
    const struct node *node = whole.node;
    if (node->kind != NODE_LIST && node->kind != NODE_GROUP) {
        if (whole.sign)
            items.item[items.count++] = whole;
        else
            add_item(&items, node);
        return items;
    }
    if (node->kind == NODE_GROUP) {
        items.ordered = node->open != '{';
        items.open = node->open;
        items.close = node->close;
    }
    for (const struct node *child = node->child; child; child = child->next)
        add_item(&items, child);
    return items;
}

static bool same_in_order(const struct items *a, const struct items *b)
{
    const char *how;
    for (int i = 0; i < a->count; i++)
        if (!item_equal(a->item[i], b->item[i], &how))
            return false;
    return true;
}

/* A partner for each: tried along augmenting paths, as what is equal to two things may be needed by either.
 */
static bool find_partner(const bool (*equal)[ITEMS_MAX], int n, int i, int *partner, bool *seen)
{
    for (int j = 0; j < n; j++) {
        if (!equal[i][j] || seen[j])
            continue;
        seen[j] = true;
        if (partner[j] < 0 || find_partner(equal, n, partner[j], partner, seen)) {
            partner[j] = i;
            return true;
        }
    }
    return false;
}

static bool same_in_any_order(const struct items *a, const struct items *b)
{
    bool equal[ITEMS_MAX][ITEMS_MAX];
    int partner[ITEMS_MAX];
    const char *how;
    for (int i = 0; i < a->count; i++) {
        partner[i] = -1;
        for (int j = 0; j < b->count; j++)
            equal[i][j] = item_equal(a->item[i], b->item[j], &how);
    }
    for (int i = 0; i < a->count; i++) {
        bool seen[ITEMS_MAX] = {false};
        if (!find_partner(equal, a->count, i, partner, seen))
            return false;
    }
    return true;
}

static bool items_equal(const struct items *a, const struct items *b)
{
    if (a->count != b->count || a->count >= ITEMS_MAX)
        return false;
    bool brackets_a = a->open && a->open != '{', brackets_b = b->open && b->open != '{';
    if (brackets_a && brackets_b && (a->open != b->open || a->close != b->close))
        return false;
    if (brackets_a || brackets_b)
        return (a->open == '{') == (b->open == '{') && same_in_order(a, b);
    return same_in_any_order(a, b);
}

static bool children_equal(struct item a, struct item b)
{
    const struct node *x = a.node->child, *y = b.node->child;
    const char *how;
    for (; x && y; x = x->next, y = y->next)
        if (!item_equal((struct item){x, a.sign}, (struct item){y, b.sign}, &how))
            return false;
    return !x && !y;
}

static bool unions_equal(const struct node *a, const struct node *b)
{
    struct items x = {.count = 0}, y = {.count = 0};
    for (const struct node *child = a->child; child; child = child->next)
        add_item(&x, child);
    for (const struct node *child = b->child; child; child = child->next)
        add_item(&y, child);
    return x.count == y.count && x.count < ITEMS_MAX && same_in_any_order(&x, &y);
}

/* ---- relations ---- */

static bool less(int op)
{
    return op == '<' || op == SYMBOL_LESS_EQUAL;
}

static bool greater(int op)
{
    return op == '>' || op == SYMBOL_GREATER_EQUAL;
}

/* lhs - rhs of an equation, in nodes of the caller's. */
static struct node difference(const struct node *equation, struct node parts[3])
{
    parts[0] = *equation->child;
    parts[1] = (struct node){.kind = NODE_NEGATIVE, .child = &parts[2]};
    parts[2] = *equation->child->next;
    parts[2].next = NULL;
    parts[0].next = &parts[1];
    return (struct node){.kind = NODE_SUM, .child = &parts[0]};
}

/* Two equations say the same where their differences are in one ratio everywhere: u(p) v(q) = u(q) v(p). */
static bool equations_equal(struct item a, struct item b)
{
    struct node parts_a[3], parts_b[3], u = difference(a.node, parts_a), v = difference(b.node, parts_b);
    acb_t up, vp, uq, vq;
    acb_init(up);
    acb_init(vp);
    acb_init(uq);
    acb_init(vq);
    int compared = 0;
    bool same = true;
    for (int q = 0; q < VALUE_POINTS && same; q++) {
        struct reading of_a = {.sign = a.sign, .point = q}, of_b = {.sign = b.sign, .point = q};
        if (!value_ball(&u, &of_a, 256, uq) || !value_ball(&v, &of_b, 256, vq) || acb_contains_zero(uq) ||
            acb_contains_zero(vq))
            continue;
        if (compared++ == 0) {
            acb_set(up, uq);
            acb_set(vp, vq);
            continue;
        }
        acb_mul(uq, uq, vp, 256);
        acb_mul(vq, vq, up, 256);
        same = acb_overlaps(uq, vq);
    }
    acb_clear(up);
    acb_clear(vp);
    acb_clear(uq);
    acb_clear(vq);
    return same && compared > 2;
}

/* What an equation gives: of "x = 5" and "f(x) = 5" the right side, as of a chain of approximations its exact
 * front. */
static const struct node *right_side(const struct node *node)
{
    const struct node *left = node->child;
    if (node->op == SYMBOL_APPROXIMATELY)
        return left;
    if (node->op == SYMBOL_IN || node->op == '=' || node->op == ':')
        return left->next;
    return NULL;
}

/* a < x <= b, x > a and their like as the interval of x. */
struct interval {
    const struct node *low, *high; /* NULL: infinite */
    bool low_in, high_in;
};

static bool interval_of_relation(const struct node *node, struct interval *out)
{
    const struct node *left = node->child, *right = left->next;
    *out = (struct interval){.low = NULL};
    if (left->kind == NODE_RELATION) { /* (a < x) < b */
        const struct node *low = left->child, *name = low->next;
        bool up = less(left->op) && less(node->op), down = greater(left->op) && greater(node->op);
        if (name->kind != NODE_NAME || (!up && !down))
            return false;
        out->low = up ? low : right;
        out->high = up ? right : low;
        out->low_in = (up ? left->op : node->op) == (up ? SYMBOL_LESS_EQUAL : SYMBOL_GREATER_EQUAL);
        out->high_in = (up ? node->op : left->op) == (up ? SYMBOL_LESS_EQUAL : SYMBOL_GREATER_EQUAL);
        return true;
    }
    bool name_first = left->kind == NODE_NAME, name_last = right->kind == NODE_NAME;
    if (name_first == name_last || (!less(node->op) && !greater(node->op)))
        return false;
    bool in = node->op == SYMBOL_LESS_EQUAL || node->op == SYMBOL_GREATER_EQUAL;
    bool bounds_below = name_first ? greater(node->op) : less(node->op);
    const struct node *bound = name_first ? right : left;
    *out = bounds_below ? (struct interval){.low = bound, .low_in = in}
                        : (struct interval){.high = bound, .high_in = in};
    return true;
}

static bool interval_of(const struct node *node, struct interval *out)
{
    int sign;
    if (node->kind == NODE_RELATION)
        return interval_of_relation(node, out);
    if (node->kind != NODE_GROUP || node->open == '{' || node_count(node->child) != 2)
        return false;
    const struct node *low = node->child, *high = low->next;
    *out = (struct interval){.low = infinite(low, &sign) ? NULL : low,
                             .high = infinite(high, &sign) ? NULL : high,
                             .low_in = node->open == '[',
                             .high_in = node->close == ']'};
    return true;
}

static bool ends_equal(const struct node *a, const struct node *b)
{
    const char *how;
    return a && b ? item_equal((struct item){a, 1}, (struct item){b, 1}, &how) : a == b;
}

static bool intervals_equal(const struct node *a, const struct node *b)
{
    struct interval x, y;
    return interval_of(a, &x) && interval_of(b, &y) && x.low_in == y.low_in && x.high_in == y.high_in &&
           ends_equal(x.low, y.low) && ends_equal(x.high, y.high);
}

static bool relation_equal(struct item a, struct item b, const char **how)
{
    bool both = a.node->kind == NODE_RELATION && b.node->kind == NODE_RELATION;
    const struct node *side_a = a.node->kind == NODE_RELATION ? right_side(a.node) : a.node;
    const struct node *side_b = b.node->kind == NODE_RELATION ? right_side(b.node) : b.node;
    *how = "interval";
    if (intervals_equal(a.node, b.node))
        return true;
    *how = "equation";
    if (both && a.node->op == '=' && b.node->op == '=' && equations_equal(a, b))
        return true;
    if (both && a.node->op == b.node->op && children_equal(a, b))
        return true;
    bool named = !both || a.node->op == SYMBOL_APPROXIMATELY || b.node->op == SYMBOL_APPROXIMATELY;
    if (both && !named) /* "x = 5" and "x = 5.0", but not "x = 5" and "y = 5" */
        return false;
    return side_a && side_b && (side_a != a.node || side_b != b.node) &&
           item_equal((struct item){side_a, a.sign}, (struct item){side_b, b.sign}, how);
}

/* ---- one item ---- */

static bool structured(enum node_kind kind)
{
    return kind == NODE_LIST || kind == NODE_GROUP || kind == NODE_MATRIX || kind == NODE_UNION ||
           kind == NODE_WORDS;
}

static bool words_equal(const struct node *a, const struct node *b)
{
    return a->kind == b->kind && strcmp(a->text, b->text) == 0;
}

static bool item_equal(struct item a, struct item b, const char **how)
{
    enum node_kind kind_a = a.node->kind, kind_b = b.node->kind;
    if (kind_a == NODE_RELATION || kind_b == NODE_RELATION)
        return relation_equal(a, b, how);
    if (kind_a == NODE_WORDS || kind_b == NODE_WORDS) {
        *how = "words";
        return words_equal(a.node, b.node);
    }
    if (kind_a == NODE_MATRIX || kind_b == NODE_MATRIX) {
        *how = "matrix";
        return kind_a == kind_b && a.node->n == b.node->n && a.node->op == b.node->op && children_equal(a, b);
    }
    if (kind_a == NODE_UNION || kind_b == NODE_UNION) {
        *how = "union";
        return kind_a == kind_b && unions_equal(a.node, b.node);
    }
    if (structured(kind_a) || structured(kind_b)) {
        struct items x = items_of(a), y = items_of(b);
        *how = "items";
        return items_equal(&x, &y);
    }
    if (kind_a == NODE_BASED || kind_b == NODE_BASED) {
        *how = "digits in a base";
        return kind_a == kind_b && a.node->n == b.node->n && strcmp(a.node->text, b.node->text) == 0;
    }
    return values_equal(a.node, b.node, a.sign, b.sign, how);
}

/* ---- whole answers ---- */

static bool parsed_equal(const struct node *a, const struct node *b, const char **how)
{
    struct items x = items_of((struct item){a, 0}), y = items_of((struct item){b, 0});
    if (x.count == 1 && y.count == 1 && !x.open && !y.open)
        return item_equal(x.item[0], y.item[0], how);
    if (x.count == 1 && !x.open && x.item[0].node->kind == NODE_RELATION)
        return item_equal(x.item[0], (struct item){b, 1}, how);
    if (y.count == 1 && !y.open && y.item[0].node->kind == NODE_RELATION)
        return item_equal((struct item){a, 1}, y.item[0], how);
    *how = "items";
    return items_equal(&x, &y) || (a->kind == b->kind && intervals_equal(a, b));
}

static bool text_equal(const char *a, size_t n, const char *b, size_t m)
{
    struct buf x = BUF_INIT(n + 16), y = BUF_INIT(m + 16);
    bool equal = !answer_normalise(a, n, &x) && !answer_normalise(b, m, &y) && x.len == y.len && x.len > 0 &&
                 memcmp(buf_text(&x), buf_text(&y), x.len) == 0;
    buf_release(&x);
    buf_release(&y);
    return equal;
}

static bool bare_equal(const char *gold, size_t gold_len, const char *pred, size_t pred_len, const char **how)
{
    *how = "same text";
    if (text_equal(gold, gold_len, pred, pred_len))
        return true;
    struct arena arena = ARENA_INIT(ARENA_BYTES);
    static const enum lex_commas commas[] = {LEX_COMMAS_GROUP_DIGITS, LEX_COMMAS_PART_ITEMS};
    bool equal = false, read = false;
    bool with_commas = memchr(gold, ',', gold_len) || memchr(pred, ',', pred_len);
    for (int i = 0; i < (with_commas ? 4 : 1) && !equal; i++) {
        const struct node *a = expression_parse(&arena, gold, gold_len, commas[i & 1]);
        const struct node *b = expression_parse(&arena, pred, pred_len, commas[i >> 1]);
        if (!a || !b)
            continue;
        read = true;
        equal = parsed_equal(a, b, how);
    }
    if (!read)
        *how = "text";
    arena_release(&arena);
    return equal;
}

/* What is compared of a text: the text, or the answer it ends in where it is more than an answer. */
static int answer_in(const char *text, size_t len, struct buf *out)
{
    bool found = false;
    if (!answer_is_bare(text, len)) {
        int status = answer_find(text, len, ANSWER_ANY_SIGN, out, &found);
        if (status)
            return status;
    }
    if (!found)
        buf_append(out, text, len);
    return buf_ok(out) ? PONDER_OK : PONDER_E_MEMORY;
}

bool answer_equal(const char *gold, size_t gold_len, const char *pred, size_t pred_len, const char **how)
{
    const char *ignored;
    struct buf a = BUF_INIT(gold_len + 64), b = BUF_INIT(pred_len + 64);
    bool equal = !answer_in(gold, gold_len, &a) && !answer_in(pred, pred_len, &b) &&
                 bare_equal(buf_text(&a), a.len, buf_text(&b), b.len, how ? how : &ignored);
    buf_release(&a);
    buf_release(&b);
    return equal;
}
