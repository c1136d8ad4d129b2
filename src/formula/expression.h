/* expression.h - an answer as a tree, and its value. */
#ifndef FORMULA_EXPRESSION_H
#define FORMULA_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formula/lex.h"
#include "core/arena.h"

enum node_kind {
    NODE_NUMBER,     /* text: digits with at most one '.' */
    NODE_REPEATING,  /* text: digits with one '.'; the last `n` of them repeat for ever */
    NODE_BASED,      /* text: digits in base `n` */
    NODE_NAME,       /* text: a variable, or an unknown constant or function */
    NODE_CONSTANT,   /* op: 'p' pi, 'e', 'i', 'o' infinity */
    NODE_SUM,        /* children added */
    NODE_PRODUCT,    /* children multiplied */
    NODE_NEGATIVE,   /* of its child */
    NODE_QUOTIENT,   /* first child over second */
    NODE_POWER,      /* first child to the second */
    NODE_FACTORIAL,  /* of its child */
    NODE_PERCENT,    /* of its child */
    NODE_DEGREES,    /* its child, as an angle */
    NODE_UNIT,       /* its child, a quantity of what `text` says, to the power n where that is not 0 */
    NODE_FUNCTION,   /* text: which; children: arguments */
    NODE_PLUS_MINUS, /* its child with both signs; the sign is one and the same in all of an answer */
    NODE_LIST,       /* items without brackets */
    NODE_GROUP,      /* items in brackets: open and close are among ( [ { ) ] } */
    NODE_MATRIX,     /* children: n columns, row by row */
    NODE_UNION,      /* of its children */
    NODE_RELATION,   /* op: '=' or a token symbol; two children */
    NODE_CONGRUENCE, /* residue, modulus and, unless the residue stands alone, what has it */
    NODE_WORDS,      /* text: in lower case */
};

struct node {
    enum node_kind kind;
    int op, n;
    char open, close;
    const char *text;
    struct node *child, *next; /* first child; next sibling */
};

/* The names that stand for numbers in the answers that are compared. */
enum { NAMES_MAX = 64 };
struct names {
    const char *name[NAMES_MAX];
    int count; /* NAMES_MAX: any may */
};
void names_add(struct names *names, const struct token *tokens);
bool names_have(const struct names *names, const char *name);

/* Parses an answer of which `tokens`, NULL if there are none, are the tokens. NULL where it is no expression
 * this reader knows, nests too deep, or memory runs out. */
struct node *expression_parse(struct arena *arena, const struct token *tokens, const struct names *names);

int node_count(const struct node *child); /* of a list of siblings */
/* Whether a node of that kind stands anywhere in the tree. */
bool node_has(const struct node *node, enum node_kind kind);

#endif
