/* parse.c - recursive descent from tokens to a tree.
 *
 *   answer   = relation { ("," | ";" | "and") relation }
 *   relation = union { ("=" | "<" | ...) union }
 *   union    = sum { "∪" sum }
 *   sum      = product { ("+" | "-" | "±") product }
 *   product  = signed { ("*" | "/") signed | power }        side by side is multiplied
 *   power    = postfix [ "^" signed ]
 *   postfix  = primary { "!" | "%" | "°" | unit } */
#include <string.h>

#include "answer/expression.h"

enum { DEPTH_MAX = 60, POSTFIX_MAX = 8 };

struct parser {
    struct arena *arena;
    const struct token *t;
    int depth;
    int bars; /* |..| that are open: the next one closes */
    bool failed;
    struct node none; /* stands for what could not be made */
};

/* ---- nodes ---- */

static struct node *node_new(struct parser *p, enum node_kind kind)
{
    struct node *node = arena_alloc(p->arena, sizeof *node);
    if (!node) {
        p->failed = true;
        return &p->none;
    }
    node->kind = kind;
    return node;
}

static struct node *over(struct parser *p, enum node_kind kind, struct node *child)
{
    struct node *node = node_new(p, kind);
    if (!p->failed)
        node->child = child;
    return node;
}

static struct node *pair(struct parser *p, enum node_kind kind, struct node *first, struct node *second)
{
    if (!p->failed)
        first->next = second;
    return over(p, kind, first);
}

static struct node *text_node(struct parser *p, enum node_kind kind, const char *text)
{
    struct node *node = node_new(p, kind);
    if (!p->failed)
        node->text = text;
    return node;
}

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

/* ---- tokens ---- */

static bool next_is(const struct parser *p, int symbol)
{
    return p->t->kind == TOKEN_SYMBOL && p->t->symbol == symbol;
}

static bool take(struct parser *p, int symbol)
{
    bool is = next_is(p, symbol);
    p->t += is;
    return is;
}

static bool command_is(const struct parser *p, const char *name)
{
    return p->t->kind == TOKEN_COMMAND && strcmp(p->t->text, name) == 0;
}

static bool take_command(struct parser *p, const char *name)
{
    bool is = command_is(p, name);
    p->t += is;
    return is;
}

static struct node *fail(struct parser *p)
{
    p->failed = true;
    return node_new(p, NODE_WORDS);
}

static void expect(struct parser *p, int symbol)
{
    if (!take(p, symbol))
        p->failed = true;
}

/* ---- primaries ---- */

static struct node *parse_relation(struct parser *p);
static struct node *parse_sum(struct parser *p);
static struct node *parse_signed(struct parser *p);
static struct node *parse_power(struct parser *p);
static struct node *parse_items(struct parser *p, bool *several);

/* A braced group, or as TeX has it the next sign alone: of a number its first digit. */
static struct node *parse_argument(struct parser *p, struct token *rest)
{
    if (take(p, '{')) {
        struct node *node = parse_sum(p);
        expect(p, '}');
        return node;
    }
    if (p->t->kind == TOKEN_NUMBER && strlen(p->t->text) > 1 && rest) {
        char *digit = arena_copy(p->arena, p->t->text, 1);
        *rest = *p->t;
        rest->text = p->t->text + 1;
        p->failed |= !digit;
        return text_node(p, NODE_NUMBER, digit);
    }
    return parse_power(p);
}

/* \frac34, \frac{3}4, \frac3{4}, \frac{3}{4} */
static struct node *parse_two(struct parser *p, enum node_kind kind)
{
    struct token rest[2] = {{.kind = TOKEN_END}, {.kind = TOKEN_END}};
    bool braced = next_is(p, '{');
    struct node *first = parse_argument(p, &rest[0]);
    if (!braced && rest[0].kind == TOKEN_NUMBER) { /* both digits, and more, in one token: "\frac34" */
        char *digit = arena_copy(p->arena, rest[0].text, 1);
        p->failed |= !digit || strlen(rest[0].text) > 1;
        p->t++;
        return pair(p, kind, first, text_node(p, NODE_NUMBER, digit));
    }
    return pair(p, kind, first, parse_argument(p, NULL));
}

static struct node *parse_root(struct parser *p)
{
    struct node *index = NULL;
    if (take(p, '[')) {
        index = parse_sum(p);
        expect(p, ']');
    }
    struct token rest = {.kind = TOKEN_END};
    struct node *of;
    if (next_is(p, '{') || next_is(p, '(')) {
        bool round = take(p, '(');
        if (round) {
            of = parse_sum(p);
            expect(p, ')');
        } else {
            of = parse_argument(p, NULL);
        }
    } else if (p->t->kind == TOKEN_NUMBER) {
        of = text_node(p, NODE_NUMBER, p->t++->text);
    } else {
        of = parse_argument(p, &rest);
    }
    struct node *root = over(p, NODE_FUNCTION, of);
    if (p->failed)
        return root;
    root->text = index ? "root" : "sqrt";
    of->next = index;
    return root;
}

/* What a function is applied to when it stands without brackets: the factors up to the next function or sum.
 */
static struct node *parse_bare_argument(struct parser *p)
{
    struct node *product = parse_power(p);
    while (!p->failed && (p->t->kind == TOKEN_NUMBER || p->t->kind == TOKEN_NAME || command_is(p, "pi") ||
                          command_is(p, "theta")))
        product = pair(p, NODE_PRODUCT, product, parse_power(p));
    if (take(p, '/'))
        product = pair(p, NODE_QUOTIENT, product, parse_power(p));
    return product;
}

static bool minus_one(const struct node *node)
{
    return node->kind == NODE_NEGATIVE && node->child->kind == NODE_NUMBER &&
           strcmp(node->child->text, "1") == 0;
}

/* \sin^{-1} is the arcsine, not 1/sin. */
static const char *inverse_of(const char *name)
{
    return strcmp(name, "sin") == 0   ? "asin"
           : strcmp(name, "cos") == 0 ? "acos"
           : strcmp(name, "tan") == 0 ? "atan"
                                      : NULL;
}

static struct node *parse_function(struct parser *p, const char *name)
{
    struct node *power = NULL, *base = NULL;
    for (;;) {
        if (!base && strcmp(name, "log") == 0 && take(p, '_'))
            base = parse_argument(p, NULL);
        else if (!power && (take(p, '^') || take(p, SYMBOL_POWER_OF)))
            power = parse_argument(p, NULL);
        else
            break;
    }
    struct node *function = text_node(p, NODE_FUNCTION, base ? "log_base" : name);
    struct node *argument;
    if (take(p, '(')) {
        bool several;
        argument = parse_items(p, &several);
        expect(p, ')');
    } else if (next_is(p, '{')) {
        argument = parse_argument(p, NULL);
    } else {
        argument = parse_bare_argument(p);
    }
    if (p->failed)
        return function;
    function->child = argument;
    if (power && minus_one(power)) {
        function->text = inverse_of(name);
        p->failed |= !function->text;
        return function;
    }
    if (base) {
        base->next = argument;
        function->child = base;
    }
    return power ? pair(p, NODE_POWER, function, power) : function;
}

static struct node *constant(struct parser *p, int op)
{
    struct node *node = node_new(p, NODE_CONSTANT);
    if (!p->failed)
        node->op = op;
    return node;
}

/* 3\overline{45}, .\overline{3}: the repeating digits behind a number with a point. */
static struct node *parse_number(struct parser *p)
{
    const char *text = p->t++->text;
    bool point = strchr(text, '.') != NULL;
    if (point && (command_is(p, "overline") || command_is(p, "dot")) && p->t[1].kind == TOKEN_SYMBOL &&
        p->t[1].symbol == '{' && p->t[2].kind == TOKEN_NUMBER && p->t[3].kind == TOKEN_SYMBOL &&
        p->t[3].symbol == '}') {
        const char *again = p->t[2].text;
        size_t n = strlen(text), more = strlen(again);
        char *all = arena_alloc(p->arena, n + more + 1);
        p->t += 4;
        if (!all)
            return fail(p);
        memcpy(all, text, n);
        memcpy(all + n, again, more);
        struct node *node = text_node(p, NODE_REPEATING, all);
        if (!p->failed)
            node->n = (int)more;
        return node;
    }
    if (take(p, '_')) {
        bool braces = take(p, '{');
        struct node *node = text_node(p, NODE_BASED, text);
        if (p->t->kind == TOKEN_NUMBER && strlen(p->t->text) < 3 && !p->failed) {
            for (const char *d = p->t++->text; *d; d++)
                node->n = node->n * 10 + (*d - '0');
        } else {
            p->failed = true;
        }
        if (braces)
            expect(p, '}');
        return node;
    }
    return text_node(p, NODE_NUMBER, text);
}

static void append(struct parser *p, char *text, size_t size, const char *piece)
{
    if (strlen(text) + strlen(piece) < size)
        strcat(text, piece);
    else
        p->failed = true;
}

/* A variable with its subscript: "x_1", "a_{n+1}", the latter sign by sign. */
static struct node *parse_name(struct parser *p)
{
    const char *name = p->t++->text;
    if (strcmp(name, "i") == 0 || strcmp(name, "e") == 0)
        return constant(p, *name);
    if (!take(p, '_'))
        return text_node(p, NODE_NAME, name);
    char text[96] = "";
    append(p, text, sizeof text, name);
    append(p, text, sizeof text, "_");
    bool braces = take(p, '{');
    do {
        if (p->t->kind == TOKEN_END)
            return fail(p);
        const char sign[] = {p->t->kind == TOKEN_SYMBOL ? (char)p->t->symbol : '\0', '\0'};
        append(p, text, sizeof text, *sign ? sign : p->t->text);
        p->t++;
    } while (braces && !take(p, '}'));
    char *copy = arena_copy(p->arena, text, strlen(text));
    p->failed |= !copy;
    return text_node(p, NODE_NAME, copy);
}

static bool closes(const struct parser *p)
{
    return next_is(p, ')') || next_is(p, ']') || next_is(p, SYMBOL_SET_CLOSE) || next_is(p, '}');
}

/* Brackets: one item in round or square ones only groups; several are a tuple, an interval, a set. */
static struct node *parse_brackets(struct parser *p, int open)
{
    bool several = false, set = open == SYMBOL_SET_OPEN;
    struct node *items = closes(p) ? NULL : parse_items(p, &several);
    int close = p->t->symbol;
    if (!closes(p))
        return fail(p);
    p->t++;
    if (!set && !several)
        return items ? items : fail(p);
    if (set != (close == SYMBOL_SET_CLOSE) && open != '{')
        return fail(p);
    struct node *node = over(p, NODE_GROUP, items);
    if (p->failed)
        return node;
    bool braces = set || open == '{';
    node->open = braces ? '{' : (char)open;
    node->close = braces ? '}' : (char)close;
    return node;
}

static struct node *parse_matrix(struct parser *p)
{
    const char *name = p->t++->text;
    bool matrix = strstr(name, "matrix") || strcmp(name, "array") == 0;
    if (strcmp(name, "array") == 0 && take(p, '{')) /* its columns' alignment */
        while (p->t->kind != TOKEN_END && !take(p, '}'))
            p->t++;
    struct node *node = node_new(p, NODE_MATRIX), *last = NULL;
    int columns = 0, in_row = 0;
    while (!p->failed && p->t->kind != TOKEN_FINISH) {
        struct node *item = parse_sum(p);
        if (p->failed)
            break;
        if (last)
            last->next = item;
        else
            node->child = item;
        last = item;
        in_row++;
        bool ended = take(p, SYMBOL_ROW), finished = p->t->kind == TOKEN_FINISH;
        if (!ended && !finished) {
            expect(p, '&');
            continue;
        }
        p->failed |= columns && columns != in_row;
        columns = in_row;
        in_row = 0;
    }
    p->failed |= !matrix || p->t->kind != TOKEN_FINISH || strcmp(p->t->text, name) != 0;
    if (p->failed)
        return node;
    p->t++;
    node->n = columns;
    node->op = *name == 'v'; /* a determinant */
    return node;
}

static struct node *parse_bars(struct parser *p)
{
    p->bars++;
    struct node *node = over(p, NODE_FUNCTION, parse_sum(p));
    p->bars--;
    expect(p, '|');
    if (!p->failed)
        node->text = "abs";
    return node;
}

static struct node *parse_command(struct parser *p)
{
    static const char *const functions[] = {"sin",  "cos",  "tan",  "cot",  "sec",   "csc",
                                            "asin", "acos", "atan", "sinh", "cosh",  "tanh",
                                            "log",  "ln",   "exp",  "abs",  "floor", "ceil"};
    const char *name = p->t++->text;
    if (strcmp(name, "frac") == 0)
        return parse_two(p, NODE_QUOTIENT);
    if (strcmp(name, "binom") == 0) {
        struct node *node = parse_two(p, NODE_FUNCTION);
        if (!p->failed)
            node->text = "binom";
        return node;
    }
    if (strcmp(name, "sqrt") == 0)
        return parse_root(p);
    if (strcmp(name, "pi") == 0)
        return constant(p, 'p');
    if (strcmp(name, "infinity") == 0)
        return constant(p, 'o');
    if (strcmp(name, "emptyset") == 0) {
        struct node *node = node_new(p, NODE_GROUP);
        if (!p->failed)
            node->open = '{', node->close = '}';
        return node;
    }
    if (strcmp(name, "lfloor") == 0 || strcmp(name, "lceil") == 0) {
        struct node *node = over(p, NODE_FUNCTION, parse_sum(p));
        if (!p->failed)
            node->text = name[1] == 'f' ? "floor" : "ceil";
        p->failed |= !take_command(p, name[1] == 'f' ? "rfloor" : "rceil");
        return node;
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(name, functions[i]) == 0)
            return parse_function(p, functions[i]);
    return fail(p);
}

static struct node *parse_primary(struct parser *p)
{
    if (p->failed || ++p->depth > DEPTH_MAX) {
        p->depth--;
        return fail(p);
    }
    struct node *node;
    if (p->t->kind == TOKEN_NUMBER)
        node = parse_number(p);
    else if (p->t->kind == TOKEN_NAME)
        node = parse_name(p);
    else if (p->t->kind == TOKEN_WORD)
        node = text_node(p, NODE_WORDS, p->t++->text);
    else if (p->t->kind == TOKEN_COMMAND)
        node = parse_command(p);
    else if (p->t->kind == TOKEN_BEGIN)
        node = parse_matrix(p);
    else if (take(p, '('))
        node = parse_brackets(p, '(');
    else if (take(p, '['))
        node = parse_brackets(p, '[');
    else if (take(p, SYMBOL_SET_OPEN))
        node = parse_brackets(p, SYMBOL_SET_OPEN);
    else if (take(p, '{'))
        node = parse_brackets(p, '{');
    else if (take(p, '|'))
        node = parse_bars(p);
    else
        node = fail(p);
    p->depth--;
    return node;
}

/* ---- what binds tighter than a product ---- */

/* Goes past a unit behind a quantity: words, their powers, and words after a slash. */
static void pass_unit(struct parser *p)
{
    while (p->t->kind == TOKEN_WORD || (next_is(p, '/') && p->t[1].kind == TOKEN_WORD)) {
        p->t += next_is(p, '/') ? 2 : 1;
        if (take(p, '^') || take(p, SYMBOL_POWER_OF))
            parse_argument(p, NULL);
    }
}

static bool quantity(const struct node *node)
{
    return node->kind != NODE_WORDS && node->kind != NODE_GROUP && node->kind != NODE_MATRIX;
}

static struct node *parse_postfix(struct parser *p)
{
    struct node *node = parse_primary(p);
    for (int i = 0; !p->failed; i++) {
        if (i == POSTFIX_MAX)
            return fail(p);
        if (take(p, '!'))
            node = over(p, NODE_FACTORIAL, node);
        else if (take(p, '%'))
            node = over(p, NODE_PERCENT, node);
        else if (take(p, SYMBOL_DEGREE))
            node = over(p, NODE_DEGREES, node);
        else if (p->t->kind == TOKEN_WORD && quantity(node))
            pass_unit(p);
        else
            break;
    }
    return node;
}

/* "^\circ" and "^{\circ}" are no power. */
static bool take_degrees(struct parser *p)
{
    bool braces = p->t[0].kind == TOKEN_SYMBOL && p->t[0].symbol == '{';
    const struct token *t = p->t + braces;
    if (t->kind != TOKEN_SYMBOL || t->symbol != SYMBOL_DEGREE)
        return false;
    t++;
    if (braces && (t->kind != TOKEN_SYMBOL || t->symbol != '}'))
        return false;
    p->t = t + braces;
    return true;
}

static struct node *parse_power(struct parser *p)
{
    struct node *base = parse_postfix(p);
    if (p->failed || !(take(p, '^') || take(p, SYMBOL_POWER_OF)))
        return base;
    if (take_degrees(p))
        base = over(p, NODE_DEGREES, base);
    else
        base = pair(p, NODE_POWER, base, next_is(p, '{') ? parse_argument(p, NULL) : parse_signed(p));
    if (!p->failed && p->t->kind == TOKEN_WORD)
        pass_unit(p);
    if (!p->failed && take(p, '!'))
        base = over(p, NODE_FACTORIAL, base);
    return base;
}

static struct node *parse_signed(struct parser *p)
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

/* ---- products and sums ---- */

static bool starts_factor(const struct parser *p)
{
    const struct token *t = p->t;
    switch (t->kind) {
    case TOKEN_NUMBER:
    case TOKEN_NAME:
    case TOKEN_BEGIN:
        return true;
    case TOKEN_COMMAND:
        return strcmp(t->text, "rfloor") != 0 && strcmp(t->text, "rceil") != 0;
    case TOKEN_SYMBOL:
        return t->symbol == '(' || t->symbol == '[' || t->symbol == '{' || (t->symbol == '|' && p->bars == 0);
    default:
        return false;
    }
}

static bool whole(const struct node *node)
{
    return node->kind == NODE_NUMBER && !strchr(node->text, '.');
}

/* An argument of \frac that is a whole number: 3 or {3}. Returns what is behind it, or NULL. */
static const struct token *whole_argument(const struct token *t)
{
    bool braces = t->kind == TOKEN_SYMBOL && t->symbol == '{';
    t += braces;
    if (t->kind != TOKEN_NUMBER)
        return NULL;
    t++;
    if (braces && (t->kind != TOKEN_SYMBOL || t->symbol != '}'))
        return NULL;
    return t + braces;
}

/* 3\frac12 and 3 1/2: a whole number before a fraction of whole numbers. */
static bool mixed(const struct parser *p, const struct node *before)
{
    const struct token *t = p->t;
    if (!whole(before))
        return false;
    if (t->kind == TOKEN_NUMBER)
        return t->spaced && t[1].kind == TOKEN_SYMBOL && t[1].symbol == '/' && t[2].kind == TOKEN_NUMBER;
    if (t->kind != TOKEN_COMMAND || strcmp(t->text, "frac") != 0)
        return false;
    const struct token *second = whole_argument(t + 1);
    bool both_in_one = t[1].kind == TOKEN_NUMBER && strlen(t[1].text) == 2; /* "\frac12" */
    return both_in_one || (second && whole_argument(second));
}

static struct node *parse_product(struct parser *p)
{
    struct node *left = parse_signed(p);
    bool first = true;
    while (!p->failed) {
        if (take(p, '*')) {
            left = pair(p, NODE_PRODUCT, left, parse_signed(p));
        } else if (take(p, '/')) {
            left = pair(p, NODE_QUOTIENT, left, parse_signed(p));
        } else if (first && mixed(p, left)) {
            struct node *fraction = parse_power(p);
            if (take(p, '/'))
                fraction = pair(p, NODE_QUOTIENT, fraction, parse_power(p));
            left = pair(p, NODE_SUM, left, fraction);
        } else if (starts_factor(p)) {
            left = pair(p, NODE_PRODUCT, left, parse_power(p));
        } else {
            break;
        }
        first = false;
    }
    return left;
}

static struct node *parse_sum(struct parser *p)
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
        return true;
    default:
        return false;
    }
}

/* "a < x < b" is a relation of a relation: ((a < x) < b). */
static struct node *parse_relation(struct parser *p)
{
    if (take(p, '=')) /* "= 5" */
        return parse_union(p);
    struct node *left = parse_union(p);
    while (!p->failed && relation(p)) {
        int op = p->t++->symbol;
        struct node *right = parse_union(p);
        left = pair(p, NODE_RELATION, left, right);
        if (!p->failed)
            left->op = op;
    }
    return left;
}

/* Siblings; `several` where there is more than one. */
static struct node *parse_items(struct parser *p, bool *several)
{
    struct node *first = parse_relation(p), *last = first;
    *several = false;
    while (!p->failed) {
        bool part = false;
        while (take(p, ',') || take(p, ';') || take(p, SYMBOL_AND))
            part = true;
        if (!part)
            break;
        if (p->t->kind == TOKEN_END) /* a comma at the end parts nothing */
            break;
        last->next = parse_relation(p);
        last = last->next;
        *several = true;
    }
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

struct node *expression_parse(struct arena *arena, const char *text, size_t len, enum lex_commas commas)
{
    struct parser p = {.arena = arena, .t = lex(arena, text, len, commas)};
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
