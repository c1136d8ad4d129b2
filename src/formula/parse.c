/* parse.c - recursive descent from tokens to a tree: the grammar above primaries.
 *
 *   answer   = relation { ("," | ";" | "and") relation }
 *   relation = union { ("=" | "<" | ...) union }
 *   union    = sum { "∪" sum }
 *   sum      = product { ("+" | "-" | "±") product }
 *   product  = signed { ("*" | "/") signed | power }        side by side is multiplied
 *   power    = postfix [ "^" signed ]
 *   postfix  = primary { "!" | "%" | "°" | unit } */
#include "formula/parse.h"
#include "formula/words.h"

enum { POSTFIX_MAX = 8 };

int node_count(const struct node *child)
{
    int n = 0;
    for (; child; child = child->next)
        n++;
    return n;
}

bool node_has(const struct node *node, enum node_kind kind)
{
    bool has = node->kind == kind;
    for (const struct node *child = node->child; child && !has; child = child->next)
        has = node_has(child, kind);
    return has;
}

/* ---- what binds tighter than a product ---- */

static struct node *parse_suffixes(struct parser *p, struct node *node)
{
    for (int i = 0; !p->failed; i++) {
        if (i == POSTFIX_MAX)
            return fail(p);
        if (take(p, '!'))
            node = over(p, NODE_FACTORIAL, node);
        else if (take(p, '%'))
            node = over(p, NODE_PERCENT, node);
        else if (take(p, SYMBOL_DEGREE))
            node = over(p, NODE_DEGREES, node);
        else if (!parse_unit(p, &node))
            break;
    }
    return node;
}

/* "^\circ" and "^{\circ}" are no power. */
static bool take_degrees(struct parser *p)
{
    bool braces = token_is(p->t, '{');
    const struct token *t = p->t + braces;
    if (!token_is(t, SYMBOL_DEGREE) || (braces && !token_is(t + 1, '}')))
        return false;
    p->t = t + 1 + braces;
    return true;
}

/* The "th" of "4^{th}" and its like count nothing. */
static bool ordinal(const struct node *exponent)
{
    static const char *const endings[] = {"st", "nd", "rd", "th"};
    for (size_t i = 0; exponent->kind == NODE_WORDS && i < sizeof endings / sizeof *endings; i++)
        if (exponent->text && strcmp(exponent->text, endings[i]) == 0)
            return true;
    return false;
}

/* Without braces a unit behind it belongs to the power: "10^3 m". */
static struct node *parse_exponent(struct parser *p)
{
    if (next_is(p, '{'))
        return parse_argument(p, NULL);
    p->exponents++;
    struct node *exponent = parse_signed(p);
    p->exponents--;
    return exponent;
}

struct node *parse_power(struct parser *p)
{
    struct node *base = parse_suffixes(p, parse_primary(p));
    if (p->failed || !(take(p, '^') || take(p, SYMBOL_POWER_OF)))
        return base;
    if (take_degrees(p)) {
        base = over(p, NODE_DEGREES, base);
    } else {
        struct node *exponent = parse_exponent(p);
        if (!ordinal(exponent))
            base = pair(p, NODE_POWER, base, exponent);
    }
    return parse_suffixes(p, base);
}

struct node *parse_signed(struct parser *p)
{
    if (++p->depth > DEPTH_MAX) {
        p->depth--;
        return fail(p);
    }
    struct node *node;
    if (take(p, '-'))
        node = over(p, NODE_NEGATIVE, parse_signed(p));
    else if (take(p, '+'))
        node = parse_signed(p);
    else if (take(p, SYMBOL_PLUS_MINUS))
        node = over(p, NODE_PLUS_MINUS, parse_signed(p));
    else
        node = parse_power(p);
    p->depth--;
    return node;
}

/* ---- mixed numbers ---- */

static bool whole(const struct node *node)
{
    return node->kind == NODE_NUMBER && !strchr(node->text, '.');
}

/* An argument of \frac that is a whole number: 3 or {3}. Returns what is behind it, or NULL. */
static const struct token *whole_argument(const struct token *t, const char **digits)
{
    bool braces = token_is(t, '{');
    t += braces;
    if (t->kind != TOKEN_NUMBER)
        return NULL;
    *digits = t->text;
    t++;
    if (braces && !token_is(t, '}'))
        return NULL;
    return t + braces;
}

static bool smaller(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    return n != m ? n < m : strcmp(a, b) < 0;
}

enum mixed { MIXED_NOT, MIXED_PROPER, MIXED_IMPROPER };

static enum mixed mixed_of(const char *above, const char *below)
{
    return smaller(above, below) ? MIXED_PROPER : MIXED_IMPROPER;
}

/* 3\frac12 and 3 1/2: a whole number before a fraction of whole numbers, which should be a proper one. */
static enum mixed mixed(const struct parser *p, const struct node *before)
{
    const struct token *t = p->t;
    const char *above, *below;
    if (before->kind == NODE_NEGATIVE)
        before = before->child;
    if (!whole(before) || t[-1].kind != TOKEN_NUMBER)
        return MIXED_NOT;
    if (t->kind == TOKEN_NUMBER && t->spaced && token_is(&t[1], '/') && t[2].kind == TOKEN_NUMBER)
        return mixed_of(t->text, t[2].text);
    if (t->kind != TOKEN_COMMAND || strcmp(t->text, "frac") != 0)
        return MIXED_NOT;
    if (t[1].kind == TOKEN_NUMBER && strlen(t[1].text) == 2) /* "\frac12" */
        return t[1].text[0] < t[1].text[1] ? MIXED_PROPER : MIXED_IMPROPER;
    const struct token *second = whole_argument(t + 1, &above);
    return second && whole_argument(second, &below) ? mixed_of(above, below) : MIXED_NOT;
}

static struct node *parse_mixed(struct parser *p, struct node *before)
{
    bool negative = before->kind == NODE_NEGATIVE;
    struct node *fraction = parse_primary(p);
    if (take(p, '/'))
        fraction = pair(p, NODE_QUOTIENT, fraction, parse_primary(p));
    struct node *sum = parse_suffixes(p, pair(p, NODE_SUM, negative ? before->child : before, fraction));
    return negative ? over(p, NODE_NEGATIVE, sum) : sum;
}

/* ---- products and sums ---- */

/* "(k \in \mathbb{Z})", what a letter before it may be. */
static bool is_bracketed_condition(const struct token *t)
{
    static const char bounds[] = {
        SYMBOL_IN, SYMBOL_GREATER_EQUAL, SYMBOL_LESS_EQUAL, SYMBOL_NOT_EQUAL, '<', '>', '\0'};
    return token_is(t, '(') && t->spaced && t[1].kind == TOKEN_NAME && t[2].kind == TOKEN_SYMBOL &&
           strchr(bounds, t[2].symbol);
}

/* Two numbers side by side are no product. */
static bool starts_factor(const struct parser *p)
{
    const struct token *t = p->t;
    switch (t->kind) {
    case TOKEN_NUMBER:
        return t[-1].kind != TOKEN_NUMBER;
    case TOKEN_NAME:
    case TOKEN_BEGIN:
        return true;
    case TOKEN_COMMAND:
        return !command_is(p, "rfloor") && !command_is(p, "rceil") && !command_is(p, "over") &&
               !command_is(p, "choose") && !command_is(p, "ldots") && !command_is(p, "mod");
    case TOKEN_SYMBOL:
        if (is_bracketed_condition(t))
            return false;
        if (t->symbol == '(' && t[1].kind == TOKEN_COMMAND && strcmp(t[1].text, "mod") == 0)
            return false;
        return t->symbol == '(' || t->symbol == '[' || t->symbol == '{' || (t->symbol == '|' && p->bars == 0);
    default:
        return false;
    }
}

/* left / right, where a sign or a unit behind a number on the right belongs to the whole: "1/2 %". */
static struct node *quotient(struct parser *p, struct node *left, struct node *right)
{
    bool behind = right->kind == NODE_PERCENT || right->kind == NODE_DEGREES || right->kind == NODE_UNIT;
    if (p->failed || !behind || right->child->kind != NODE_NUMBER || left->kind != NODE_NUMBER)
        return pair(p, NODE_QUOTIENT, left, right);
    struct node *both = pair(p, NODE_QUOTIENT, left, right->child);
    right->child = both;
    return right;
}

static struct node *parse_product(struct parser *p)
{
    struct node *left = parse_signed(p);
    bool first = true;
    while (!p->failed) {
        if (take(p, '*'))
            left = pair(p, NODE_PRODUCT, left, parse_signed(p));
        else if (take(p, '/'))
            left = quotient(p, left, parse_signed(p));
        else if (first && mixed(p, left))
            left = mixed(p, left) == MIXED_PROPER ? parse_mixed(p, left) : fail(p);
        else if (starts_factor(p))
            left = pair(p, NODE_PRODUCT, left, parse_power(p));
        else
            break;
        first = false;
    }
    return left;
}

struct node *parse_sum(struct parser *p)
{
    struct node *left = parse_product(p);
    while (!p->failed) {
        if (take(p, '+'))
            left = pair(p, NODE_SUM, left, parse_product(p));
        else if (take(p, '-'))
            left = pair(p, NODE_SUM, left, over(p, NODE_NEGATIVE, parse_product(p)));
        else if (take(p, SYMBOL_PLUS_MINUS))
            left = pair(p, NODE_SUM, left, over(p, NODE_PLUS_MINUS, parse_product(p)));
        else
            break;
    }
    return left;
}

static struct node *parse_union(struct parser *p)
{
    struct node *first = parse_sum(p), *last = first;
    int count = 1;
    while (!p->failed && take(p, SYMBOL_UNION)) {
        last->next = parse_sum(p);
        last = last->next;
        count++;
    }
    return count > 1 ? over(p, NODE_UNION, first) : first;
}

/* ---- relations and lists ---- */

static bool relation(const struct parser *p)
{
    if (p->t->kind != TOKEN_SYMBOL)
        return false;
    switch (p->t->symbol) {
    case '=':
    case '<':
    case '>':
    case ':':
    case SYMBOL_LESS_EQUAL:
    case SYMBOL_GREATER_EQUAL:
    case SYMBOL_NOT_EQUAL:
    case SYMBOL_APPROXIMATELY:
    case SYMBOL_IN:
    case SYMBOL_CONGRUENT:
        return true;
    default:
        return false;
    }
}

/* "(mod 7)" and "\pmod{7}" behind a residue. */
static struct node *parse_modulus(struct parser *p, struct node *left)
{
    bool bracket = token_is(p->t, '(') && p->t[1].kind == TOKEN_COMMAND && strcmp(p->t[1].text, "mod") == 0;
    p->t += bracket;
    if (p->failed || !take_command(p, "mod"))
        return left;
    struct node *modulus = next_is(p, '{') ? parse_argument(p, NULL) : parse_power(p);
    if (bracket)
        expect(p, ')');
    bool equals = left->kind == NODE_RELATION && (left->op == SYMBOL_CONGRUENT || left->op == '=');
    if (p->failed || (left->kind == NODE_RELATION && !equals))
        return fail(p);
    struct node *residue = equals ? left->child->next : left;
    if (equals) {
        modulus->next = left->child;
        modulus->next->next = NULL;
    }
    return pair(p, NODE_CONGRUENCE, residue, modulus);
}

/* The modulus behind the last item of "x ≡ 1, 5 (mod 6)" is that of the others. */
static void spread_modulus(struct parser *p, struct node *first, const struct node *last)
{
    bool all = first->kind == NODE_RELATION && first->op == SYMBOL_CONGRUENT &&
               last->kind == NODE_CONGRUENCE && !last->child->next->next;
    for (struct node *item = first; all && item && item != last && !p->failed; item = item->next) {
        struct node *modulus = node_new(p, NODE_NUMBER), *residue = node_new(p, NODE_NUMBER);
        bool named = item->kind == NODE_RELATION && item->op == SYMBOL_CONGRUENT;
        if (p->failed || (item->kind == NODE_RELATION && !named) || item->kind == NODE_CONGRUENCE)
            continue;
        *modulus = *last->child->next;
        modulus->next = named ? item->child : NULL;
        *residue = named ? *item->child->next : *item;
        if (named)
            item->child->next = NULL;
        residue->next = modulus;
        item->kind = NODE_CONGRUENCE;
        item->child = residue;
    }
}

/* "a < x < b" is a relation of a relation: ((a < x) < b). */
static struct node *parse_relation(struct parser *p)
{
    if (take(p, '=') || take(p, SYMBOL_APPROXIMATELY)) /* "= 5" */
        return parse_union(p);
    struct node *left = parse_union(p);
    while (!p->failed && relation(p)) {
        int op = p->t->symbol;
        if (op == ':' && p->t[1].kind == TOKEN_END)
            break;
        p->t++;
        left = pair(p, NODE_RELATION, left, parse_union(p));
        if (!p->failed)
            left->op = op;
    }
    return parse_modulus(p, left);
}

struct node *parse_items(struct parser *p, bool *several)
{
    struct node *first = parse_relation(p), *last = first;
    *several = false;
    while (!p->failed) {
        bool part = false;
        while (take(p, ',') || take(p, ';') || take(p, SYMBOL_AND))
            part = true;
        part |= is_bracketed_condition(p->t);
        if (!part)
            break;
        if (p->t->kind == TOKEN_END || next_is(p, '.')) /* a comma at the end parts nothing */
            break;
        last->next = parse_relation(p);
        last = last->next;
        *several = true;
    }
    if (*several && !p->failed)
        spread_modulus(p, first, last);
    for (struct node *item = first; item && !p->failed; item = item->next)
        if (item->kind == NODE_RELATION && item->op == SYMBOL_CONGRUENT) /* "f(x) ≡ 0" */
            item->op = '=';
    return first;
}

/* Signs that end a sentence, and what a slipped escape leaves. */
static bool at_end(struct parser *p)
{
    while (take(p, '.') || take(p, ',') || take(p, ';') || take(p, ':') || take(p, SYMBOL_ROW) ||
           take(p, '\\'))
        ;
    return p->t->kind == TOKEN_END;
}

struct node *expression_parse(struct arena *arena, const struct token *tokens, const struct names *names)
{
    struct parser p = {.arena = arena, .names = names, .t = tokens};
    if (!p.t || p.t->kind == TOKEN_END)
        return NULL;
    bool several;
    struct node *items = parse_items(&p, &several);
    if (p.failed || !at_end(&p))
        return NULL;
    struct node *list = several ? arena_alloc(arena, sizeof *list) : NULL;
    if (!list)
        return several ? NULL : items;
    *list = (struct node){.kind = NODE_LIST, .child = items};
    return list;
}
