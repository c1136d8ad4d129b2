/* scripts.c - what hangs on a name, made part of it.
 *
 * "v^2_0" is "v_0^2", "x'_1" and "x_1^{\prime}" are one name, and "\bar y" is "\overline{y}". One pass copies
 * the tokens: a name becomes one token with its bar, its primes and its subscript, in that order, and its
 * superscript comes last. */
#include <string.h>

#include "formula/lex.h"

enum { TEXT_MAX = 96, NESTED_MAX = 64 };

struct pass {
    struct arena *arena;
    const struct token *in;
    struct token *out;
    int count, depth;
    bool failed;
};

/* A range of tokens. */
struct range {
    int from, to;
};

/* What is read of one name. */
struct scripted {
    char text[TEXT_MAX];
    struct range below, above;
    int primes;
    char mark;     /* of "x^*" and "\mathbb{Z}^+" */
    bool unbraced; /* the superscript's braces went with its primes */
};

static bool is(const struct token *t, int symbol)
{
    return t->kind == TOKEN_SYMBOL && t->symbol == symbol;
}

static bool is_mark(const struct token *t)
{
    return is(t, '*') || is(t, '+') || is(t, '-');
}

static bool raises(const struct token *t)
{
    return is(t, '^') || is(t, SYMBOL_POWER_OF);
}

/* The end of the argument at `i`, braces or one token with its sign; `i` itself where there is none. */
static int argument_end(const struct pass *p, int i)
{
    int at = i, open = 0;
    bool sign = is(&p->in[at], '-') || is(&p->in[at], '+');
    at += sign;
    if (sign &&
        (p->in[at].kind == TOKEN_END || is(&p->in[at], ')') || is(&p->in[at], ',') || is(&p->in[at], '}')))
        return at; /* "\mathbb{Z}^+" */
    if (p->in[at].kind == TOKEN_END)
        return i;
    if (!is(&p->in[at], '{'))
        return at + 1;
    for (; p->in[at].kind != TOKEN_END; at++) {
        open += is(&p->in[at], '{') - is(&p->in[at], '}');
        if (open == 0)
            return at + 1;
    }
    return i;
}

static void scripts_append(struct pass *p, char *text, const char *piece)
{
    if (strlen(text) + strlen(piece) < TEXT_MAX)
        strcat(text, piece);
    else
        p->failed = true;
}

static void append_tokens(struct pass *p, char *text, struct range range)
{
    for (int i = range.from; i < range.to && !p->failed; i++) {
        const struct token *t = &p->in[i];
        const char sign[] = {t->kind == TOKEN_SYMBOL ? (char)t->symbol : '\0', '\0'};
        if (!is(t, '{') && !is(t, '}'))
            scripts_append(p, text, *sign ? sign : t->text);
    }
}

/* Takes a superscript without the primes at its front. */
static void take_above(const struct pass *p, struct range above, struct scripted *name)
{
    bool braces = is(&p->in[above.from], '{');
    int from = above.from + braces, i = from;
    for (; i < above.to && (is(&p->in[i], '\'') || (is_mark(&p->in[i]) && i + 1 + braces == above.to)); i++)
        name->mark = is_mark(&p->in[i]) ? (char)p->in[i].symbol : '\0';
    name->primes += i - from - (name->mark != '\0');
    if (i > from)
        above = (struct range){i, above.to - braces};
    name->unbraced = i > from && braces;
    if (above.from < above.to)
        name->above = above;
}

/* Reads scripts from `i` on into `name`; where they end. */
static int read_scripts(const struct pass *p, int i, int end, struct scripted *name)
{
    while (i < end) {
        const struct token *t = &p->in[i];
        struct range argument = {i + 1, raises(t) || is(t, '_') ? argument_end(p, i + 1) : i + 1};
        bool empty = argument.to == argument.from;
        if (is(t, '\'')) {
            name->primes++;
            i++;
        } else if (is(t, '_') && !name->below.to && !empty) {
            name->below = argument;
            i = argument.to;
        } else if (raises(t) && !name->above.to && !empty) {
            take_above(p, argument, name);
            i = argument.to;
        } else {
            break;
        }
    }
    return i;
}

static void scripts_put(struct pass *p, struct token token)
{
    p->out[p->count++] = token;
}

static void put_range(struct pass *p, struct range range);

static void put_symbol(struct pass *p, int symbol)
{
    scripts_put(p, (struct token){.kind = TOKEN_SYMBOL, .symbol = symbol, .text = ""});
}

static void put_above(struct pass *p, const struct scripted *name)
{
    if (!name->above.to)
        return;
    put_symbol(p, '^');
    if (name->unbraced)
        put_symbol(p, '{');
    put_range(p, name->above);
    if (name->unbraced)
        put_symbol(p, '}');
}

/* Whether a mark over what follows stands at `t`; over digits it says that they repeat. */
static bool marks_name(const struct token *t)
{
    static const char *const marks[] = {"overline", "hat", "tilde", "dot", "ddot"};
    bool digits = is(&t[1], '{') && t[2].kind == TOKEN_NUMBER && is(&t[3], '}');
    for (size_t i = 0; t->kind == TOKEN_COMMAND && !digits && i < sizeof marks / sizeof *marks; i++)
        if (strcmp(t->text, marks[i]) == 0)
            return true;
    return false;
}

/* The name at `i` with all that hangs on it; where that ends. */
static int put_name(struct pass *p, int i, int end)
{
    struct scripted name = {.text = ""};
    struct token token = p->in[i];
    scripts_append(p, name.text, token.text);
    if (token.kind == TOKEN_COMMAND) {
        struct range under = {i + 1, argument_end(p, i + 1)};
        p->failed |= under.to == under.from;
        scripts_append(p, name.text, " ");
        append_tokens(p, name.text, under);
        i = under.to - 1;
    }
    i = read_scripts(p, i + 1, end, &name);
    for (int k = 0; k < name.primes; k++)
        scripts_append(p, name.text, "'");
    scripts_append(p, name.text, (const char[]){name.mark, '\0'});
    if (name.below.to) {
        scripts_append(p, name.text, "_");
        append_tokens(p, name.text, name.below);
    }
    token.kind = TOKEN_NAME;
    if (strcmp(name.text, token.text) != 0)
        token.text = arena_copy(p->arena, name.text, strlen(name.text));
    p->failed |= !token.text;
    scripts_put(p, token);
    put_above(p, &name);
    return i;
}

static void put_range(struct pass *p, struct range range)
{
    if (++p->depth > NESTED_MAX)
        p->failed = true;
    for (int i = range.from; i < range.to && !p->failed;) {
        const struct token *t = &p->in[i];
        bool above = raises(t) && i + 1 < range.to;
        struct range over = {i + 1, above ? argument_end(p, i + 1) : i + 1}, under = {0, 0};
        bool empty = is(t, '{') && is(t + 1, '}') && (raises(t + 2) || is(t + 2, '_'));
        if (empty) { /* "{}^\circ" */
            i += 2;
        } else if (t->kind == TOKEN_NAME || marks_name(t)) {
            i = put_name(p, i, range.to);
        } else if (above && over.to > over.from && is(&p->in[over.to], '_') &&
                   (under.to = argument_end(p, over.to + 1)) > over.to + 1) { /* "\int^1_0" */
            under.from = over.to;
            put_range(p, under);
            scripts_put(p, *t);
            put_range(p, over);
            i = under.to;
        } else {
            scripts_put(p, *t);
            i++;
        }
    }
    p->depth--;
}

const struct token *lex_scripts(struct arena *arena, const struct token *tokens, int count)
{
    struct pass p = {.arena = arena, .in = tokens};
    p.out = arena_array(arena, (size_t)count + 1, sizeof *p.out);
    if (!p.out)
        return NULL;
    put_range(&p, (struct range){0, count});
    scripts_put(&p, tokens[count]);
    return p.failed ? NULL : p.out;
}
