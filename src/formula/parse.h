/* parse.h - what the two halves of the parser share: its state, nodes, tokens.
 *
 * primary.c reads what stands by itself (numbers, names, brackets, functions), parse.c what joins those. */
#ifndef FORMULA_PARSE_H
#define FORMULA_PARSE_H

#include <string.h>

#include "formula/expression.h"

enum { DEPTH_MAX = 60 };

struct parser {
    struct arena *arena;
    const struct names *names;
    const struct token *t;
    int depth;
    int bars;      /* |..| that are open: the next one closes */
    int exponents; /* without braces */
    bool failed;
    struct node none; /* stands for what could not be made */
};

struct node *parse_primary(struct parser *p);
struct node *parse_power(struct parser *p);
struct node *parse_signed(struct parser *p);
struct node *parse_sum(struct parser *p);
/* Takes the unit behind a quantity into `*node`, if there is one. */
bool parse_unit(struct parser *p, struct node **node);
/* Siblings; `several` where there is more than one. */
struct node *parse_items(struct parser *p, bool *several);
/* A braced group, or as TeX has it the next sign alone: of a number its first digit, and `rest` what is left
 * of it, where that is not NULL. */
struct node *parse_argument(struct parser *p, struct token *rest);

/* Whether the letter at `t` is the unit of "0.64N". */
bool names_short_unit(const struct token *t);

/* Whether one number or one letter is all that stands in the brackets at `open`: nobody multiplies with that.
 */
bool names_simple_argument(const struct token *open);

/* ---- nodes ---- */

static inline struct node *node_new(struct parser *p, enum node_kind kind)
{
    struct node *node = arena_alloc(p->arena, sizeof *node);
    if (!node) {
        p->failed = true;
        return &p->none;
    }
    node->kind = kind;
    return node;
}

static inline struct node *over(struct parser *p, enum node_kind kind, struct node *child)
{
    struct node *node = node_new(p, kind);
    if (!p->failed)
        node->child = child;
    return node;
}

static inline struct node *pair(struct parser *p, enum node_kind kind, struct node *first,
                                struct node *second)
{
    if (!p->failed)
        first->next = second;
    return over(p, kind, first);
}

static inline struct node *text_node(struct parser *p, enum node_kind kind, const char *text)
{
    struct node *node = node_new(p, kind);
    if (!p->failed)
        node->text = text;
    return node;
}

static inline struct node *fail(struct parser *p)
{
    p->failed = true;
    return node_new(p, NODE_WORDS);
}

/* ---- tokens ---- */

static inline bool token_is(const struct token *t, int symbol)
{
    return t->kind == TOKEN_SYMBOL && t->symbol == symbol;
}

static inline bool next_is(const struct parser *p, int symbol)
{
    return token_is(p->t, symbol);
}

static inline bool take(struct parser *p, int symbol)
{
    bool is = next_is(p, symbol);
    p->t += is;
    return is;
}

static inline bool command_is(const struct parser *p, const char *name)
{
    return p->t->kind == TOKEN_COMMAND && strcmp(p->t->text, name) == 0;
}

static inline bool take_command(struct parser *p, const char *name)
{
    bool is = command_is(p, name);
    p->t += is;
    return is;
}

static inline void expect(struct parser *p, int symbol)
{
    if (!take(p, symbol))
        p->failed = true;
}

#endif
