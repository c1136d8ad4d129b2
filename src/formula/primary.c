/* primary.c - the parser's lower half: what stands by itself.
 *
 * Numbers with a base or a period, names with their subscript, roots, fractions and functions with their
 * arguments, brackets of all kinds, matrices. */
#include "formula/parse.h"
#include "formula/words.h"

/* ---- arguments ---- */

/* {a \over b} and {n \choose k}: the command stands between what it joins. */
static struct node *parse_infix_command(struct parser *p, struct node *first)
{
    if (take_command(p, "over"))
        return pair(p, NODE_QUOTIENT, first, parse_sum(p));
    if (!take_command(p, "choose"))
        return first;
    struct node *binomial = pair(p, NODE_FUNCTION, first, parse_sum(p));
    if (!p->failed)
        binomial->text = "binom";
    return binomial;
}

struct node *parse_argument(struct parser *p, struct token *rest)
{
    if (take(p, '{')) {
        struct node *node = parse_infix_command(p, parse_sum(p));
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
    struct token rest = {.kind = TOKEN_END};
    bool braced = next_is(p, '{');
    struct node *first = parse_argument(p, &rest);
    if (!braced && rest.kind == TOKEN_NUMBER) { /* both digits, and more, in one token: "\frac34" */
        char *digit = arena_copy(p->arena, rest.text, 1);
        p->failed |= !digit || strlen(rest.text) > 1;
        p->t++;
        return pair(p, kind, first, text_node(p, NODE_NUMBER, digit));
    }
    return pair(p, kind, first, parse_argument(p, NULL));
}

static struct node *parse_root(struct parser *p)
{
    struct node *index = NULL, *of;
    if (take(p, '[')) {
        index = parse_sum(p);
        expect(p, ']');
    }
    if (take(p, '(')) {
        of = parse_sum(p);
        expect(p, ')');
    } else if (p->t->kind == TOKEN_NUMBER) {
        of = text_node(p, NODE_NUMBER, p->t++->text);
    } else {
        struct token rest;
        of = parse_argument(p, &rest);
    }
    struct node *root = over(p, NODE_FUNCTION, of);
    if (p->failed)
        return root;
    root->text = index ? "root" : "sqrt";
    of->next = index;
    return root;
}

static struct node *parse_brackets(struct parser *p, char open);

/* ---- functions ---- */

/* What a function is applied to when it stands without brackets: the factors up to the next function or sum.
 */
static struct node *parse_bare_argument(struct parser *p)
{
    struct node *product = parse_power(p);
    while (!p->failed && (p->t->kind == TOKEN_NUMBER || p->t->kind == TOKEN_NAME || command_is(p, "pi")))
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
        p->failed |= several;
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

/* ---- numbers and names ---- */

static struct node *constant(struct parser *p, int op)
{
    struct node *node = node_new(p, NODE_CONSTANT);
    if (!p->failed)
        node->op = op;
    return node;
}

/* 3\overline{45}, .\overline{3}: the repeating digits behind a number with a point. */
static bool repeats(const struct parser *p, const char *text)
{
    return strchr(text, '.') && (command_is(p, "overline") || command_is(p, "dot")) &&
           token_is(&p->t[1], '{') && p->t[2].kind == TOKEN_NUMBER && token_is(&p->t[3], '}');
}

static struct node *parse_repeating(struct parser *p, const char *text)
{
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

/* The base behind "_": 2, {2}, {\text{two}}. */
static struct node *parse_based(struct parser *p, const char *text)
{
    bool braces = take(p, '{');
    struct node *node = text_node(p, NODE_BASED, text);
    const char *digits = p->t->kind == TOKEN_NUMBER ? p->t->text
                         : p->t->kind == TOKEN_WORD ? words_number(p->t->text, strlen(p->t->text))
                                                    : NULL;
    if (!digits || strlen(digits) > 2 || p->failed)
        return fail(p);
    for (; *digits; digits++)
        node->n = node->n * 10 + (*digits - '0');
    p->t++;
    if (braces)
        expect(p, '}');
    return node;
}

static struct node *parse_number(struct parser *p)
{
    const char *text = p->t++->text;
    if (repeats(p, text))
        return parse_repeating(p, text);
    if (take(p, '_'))
        return parse_based(p, text);
    return text_node(p, NODE_NUMBER, text);
}

static void primary_append(struct parser *p, char *text, size_t size, const char *piece)
{
    if (strlen(text) + strlen(piece) < size)
        strcat(text, piece);
    else
        p->failed = true;
}

/* Appends "_{..}" or "^{..}" sign by sign. */
static void append_script(struct parser *p, char *text, size_t size)
{
    int depth = 0;
    do {
        if (p->t->kind == TOKEN_END || p->failed) {
            p->failed = true;
            return;
        }
        depth += next_is(p, '{');
        depth -= next_is(p, '}');
        const char sign[] = {p->t->kind == TOKEN_SYMBOL ? (char)p->t->symbol : '\0', '\0'};
        if (!next_is(p, '{') && !next_is(p, '}'))
            primary_append(p, text, size, *sign ? sign : p->t->text);
        p->t++;
    } while (depth > 0);
}

/* A function of one argument; of several, one after the other. */
static struct node *apply(struct parser *p, struct node *function, struct node *argument)
{
    while (argument && !p->failed) {
        struct node *next = argument->next;
        argument->next = NULL;
        function = pair(p, NODE_FUNCTION, function, argument);
        if (!p->failed)
            function->text = "apply";
        argument = next;
    }
    return function;
}

/* Whether one bar parts what stands in the brackets at `t`: "P(A|B)". */
static bool has_one_bar(const struct token *t)
{
    int open = 0, bars = 0;
    for (; t->kind != TOKEN_END; t++) {
        open += token_is(t, '(') - token_is(t, ')');
        bars += token_is(t, '|');
        if (open == 0)
            break;
    }
    return bars == 1;
}

/* The arguments in brackets, siblings. */
static struct node *parse_arguments(struct parser *p)
{
    bool several, bar = has_one_bar(p->t);
    expect(p, '(');
    p->bars += bar;
    struct node *first = parse_items(p, &several), *last = first;
    p->bars -= bar;
    if (bar) {
        while (last->next)
            last = last->next;
        expect(p, '|');
        last->next = parse_items(p, &several);
    }
    expect(p, ')');
    return first;
}

/* "f(3)" is no product; of letters that are numbers elsewhere it is one: "h(a+b)" beside "ha+hb". */
static struct node *applied(struct parser *p, struct node *name)
{
    bool always = !p->failed && *name->text == 'f' && strspn(name->text + 1, "'") == strlen(name->text + 1);
    bool function =
        always || (!p->failed && (names_simple_argument(p->t) || !names_have(p->names, name->text)));
    if (!function || !next_is(p, '(') || token_is(p->t + 1, ')'))
        return name;
    return apply(p, name, parse_arguments(p));
}

/* A variable, or one of the constants that are written as letters. */
static struct node *parse_name(struct parser *p)
{
    const char *name = p->t++->text;
    if (strcmp(name, "i") == 0 || strcmp(name, "e") == 0)
        return constant(p, *name);
    return applied(p, text_node(p, NODE_NAME, name));
}

/* A sum or an integral with its bounds, as if it were a variable, which it may be as it is linear in what
 * follows. */
static struct node *parse_bounded(struct parser *p)
{
    char text[96] = "";
    primary_append(p, text, sizeof text, p->t++->text);
    while (next_is(p, '_') || next_is(p, '^')) {
        primary_append(p, text, sizeof text, p->t->symbol == '_' ? "_" : "^");
        p->t++;
        append_script(p, text, sizeof text);
    }
    char *copy = arena_copy(p->arena, text, strlen(text));
    p->failed |= !copy;
    return text_node(p, NODE_NAME, copy);
}

/* Words, of which some are a number: "twelve", "two thirds". */
static struct node *parse_words(struct parser *p)
{
    const char *text = p->t->text;
    size_t n = strcspn(text, " ");
    const char *digits = words_number(text, n);
    p->t++;
    if (!digits)
        return text_node(p, NODE_WORDS, text);
    const char *rest = text + n + (text[n] == ' ');
    const char *part = words_part(rest, strcspn(rest, " "));
    struct node *number = text_node(p, NODE_NUMBER, digits);
    if (part)
        return pair(p, NODE_QUOTIENT, number, text_node(p, NODE_NUMBER, part));
    const char *scale = words_scale(rest, strcspn(rest, " "));
    if (scale)
        return pair(p, NODE_PRODUCT, number, text_node(p, NODE_NUMBER, scale));
    if (!*rest)
        return number;
    if (words_number(rest, strcspn(rest, " "))) /* "twenty one" */
        return text_node(p, NODE_WORDS, text);
    struct node *unit = over(p, NODE_UNIT, number);
    if (!p->failed)
        unit->text = rest;
    return unit;
}

/* ---- brackets ---- */

static bool closes(const struct parser *p)
{
    return next_is(p, ')') || next_is(p, ']') || next_is(p, SYMBOL_SET_CLOSE) || next_is(p, '}');
}

/* {x | ..}, {x \in R : ..}: passes what stands before the condition. */
static bool take_builder(struct parser *p)
{
    const struct token *t = p->t;
    if (t->kind != TOKEN_NAME)
        return false;
    t++;
    if (token_is(t, SYMBOL_IN) && (t[1].kind == TOKEN_WORD || t[1].kind == TOKEN_NAME))
        t += 2;
    if (!token_is(t, '|') && !token_is(t, ':'))
        return false;
    p->t = t + 1;
    return true;
}

/* Braces that are no set's, as TeX has them, only group: "{1,3}" is the list "1,3". */
static struct node *parse_braces(struct parser *p)
{
    bool several = false, empty = closes(p);
    struct node *items = empty ? NULL : parse_infix_command(p, parse_items(p, &several));
    if (!take(p, '}'))
        expect(p, SYMBOL_SET_CLOSE);
    if (!empty && !several)
        return items;
    struct node *node = over(p, empty ? NODE_GROUP : NODE_LIST, items);
    if (!p->failed && empty)
        node->open = '{', node->close = '}';
    return node;
}

/* Whether the comma of the number in front, which is read as parting its thousands, is the only one there is
 * in the brackets: it parts items then. */
static bool lone_comma(const struct token *t, bool several)
{
    return t->kind == TOKEN_NUMBER && t->grouped && !several;
}

static struct node *parse_set(struct parser *p)
{
    const struct token *front = p->t;
    bool several = false, builder = take_builder(p);
    struct node *items = closes(p) ? NULL : parse_items(p, &several);
    if (!take(p, SYMBOL_SET_CLOSE))
        expect(p, '}');
    if (builder)
        return items && !several ? items : fail(p);
    p->failed |= lone_comma(front, several);
    struct node *node = over(p, NODE_GROUP, items);
    if (!p->failed)
        node->open = '{', node->close = '}';
    return node;
}

/* Round or square brackets: one item in them is only grouped; several are a tuple or an interval. */
static struct node *parse_brackets(struct parser *p, char open)
{
    const struct token *front = p->t;
    bool several = false;
    struct node *items = closes(p) ? NULL : parse_items(p, &several);
    int close = p->t->symbol;
    if ((!take(p, ')') && !take(p, ']')) || lone_comma(front, several))
        return fail(p);
    if (!several)
        return items && close == (open == '(' ? ')' : ']') ? items : fail(p);
    struct node *node = over(p, NODE_GROUP, items);
    if (!p->failed)
        node->open = open, node->close = (char)close;
    return node;
}

static void pass_alignment(struct parser *p, const char *name)
{
    if (strcmp(name, "array") == 0 && take(p, '{'))
        while (p->t->kind != TOKEN_END && !take(p, '}'))
            p->t++;
}

static struct node *parse_matrix(struct parser *p)
{
    const char *name = p->t++->text;
    bool matrix = strstr(name, "matrix") || strcmp(name, "array") == 0;
    pass_alignment(p, name);
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
    p->failed |= !matrix || !node->child || p->t->kind != TOKEN_FINISH || strcmp(p->t->text, name) != 0;
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

/* ---- commands ---- */

static struct node *parse_rounding(struct parser *p, const char *name, const char *closing)
{
    struct node *node = over(p, NODE_FUNCTION, parse_sum(p));
    if (!p->failed)
        node->text = name;
    p->failed |= !take_command(p, closing);
    return node;
}

static struct node *parse_command(struct parser *p)
{
    static const char *const functions[] = {"sin",  "cos",  "tan",  "cot",  "sec",   "csc",
                                            "asin", "acos", "atan", "sinh", "cosh",  "tanh",
                                            "log",  "ln",   "exp",  "abs",  "floor", "ceil"};
    if (command_is(p, "sum") || command_is(p, "int"))
        return parse_bounded(p);
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
    if (strcmp(name, "ldots") == 0)
        return text_node(p, NODE_WORDS, "...");
    if (strcmp(name, "emptyset") == 0) {
        struct node *node = node_new(p, NODE_GROUP);
        if (!p->failed)
            node->open = '{', node->close = '}';
        return node;
    }
    if (strcmp(name, "lfloor") == 0)
        return parse_rounding(p, "floor", "rfloor");
    if (strcmp(name, "lceil") == 0)
        return parse_rounding(p, "ceil", "rceil");
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(name, functions[i]) == 0)
            return parse_function(p, functions[i]);
    return fail(p);
}

static struct node *parse_symbol(struct parser *p)
{
    if (take(p, '('))
        return parse_brackets(p, '(');
    if (take(p, '['))
        return parse_brackets(p, '[');
    if (take(p, SYMBOL_SET_OPEN))
        return parse_set(p);
    if (take(p, '{'))
        return parse_braces(p);
    if (take(p, '|'))
        return parse_bars(p);
    return fail(p);
}

struct node *parse_primary(struct parser *p)
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
        node = parse_words(p);
    else if (p->t->kind == TOKEN_COMMAND)
        node = parse_command(p);
    else if (p->t->kind == TOKEN_BEGIN)
        node = parse_matrix(p);
    else
        node = parse_symbol(p);
    p->depth--;
    return node;
}
