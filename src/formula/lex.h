/* lex.h - an answer's text as tokens: LaTeX, plain notation and Unicode signs alike.
 *
 * What only shapes the text (\left, \displaystyle, spaces, dollar signs) is gone, signs that mean the same
 * are one symbol ("\cdot", "×", "*"), and text in words is kept apart from letters that are variables. */
#ifndef FORMULA_LEX_H
#define FORMULA_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER, /* digits with at most one '.'; thousands separators are gone */
    TOKEN_NAME,   /* a variable: one letter or a Greek one by its name, with all but its power: "theta", "f'",
                     "x_1" */
    TOKEN_WORD,   /* a run of words in lower case, one space between them */
    TOKEN_COMMAND, /* a function or a construct: "frac", "sqrt", "sin", "binom", "pi" */
    TOKEN_BEGIN,   /* \begin{text}, \end{text} */
    TOKEN_FINISH,
    TOKEN_SYMBOL,
};

/* Symbols are their ASCII sign, or one of these. */
enum token_symbol {
    SYMBOL_PLUS_MINUS = 1,
    SYMBOL_LESS_EQUAL,
    SYMBOL_GREATER_EQUAL,
    SYMBOL_NOT_EQUAL,
    SYMBOL_APPROXIMATELY,
    SYMBOL_IN,
    SYMBOL_CONGRUENT,
    SYMBOL_UNION,
    SYMBOL_SET_OPEN,
    SYMBOL_SET_CLOSE,
    SYMBOL_DEGREE,
    SYMBOL_AND,      /* between the items of a list: "and", "or" */
    SYMBOL_ROW,      /* \\ of a matrix */
    SYMBOL_POWER_OF, /* "**" and the front of a superscript: "x²" is x, this, 2 */
};

struct token {
    enum token_kind kind;
    int symbol;       /* TOKEN_SYMBOL */
    const char *text; /* the others; in the arena, ended by NUL */
    bool spaced;      /* there was a space before it */
    bool grouped;     /* TOKEN_NUMBER: commas parted its thousands */
    bool upright;     /* TOKEN_NAME: a letter in \text{} or the like that may be a unit */
};

enum { LEX_BYTES_MAX = 4096 };

/* Whether a comma between digits parts thousands or items, or is the decimal sign. */
enum lex_commas { LEX_COMMAS_GROUP_DIGITS, LEX_COMMAS_PART_ITEMS, LEX_COMMAS_DECIMAL };

/* Bytes of the units that [text, end) begins with, "m", "kg/m^3", "N·m", or 0. */
size_t lex_unit(const char *text, const char *end);

/* The same tokens, `count` and their TOKEN_END, in which a name is one token with its bar, primes and
 * subscript, a superscript comes last, and no prime stands by itself; NULL as of lex(), which ends with it.
 */
const struct token *lex_scripts(struct arena *arena, const struct token *tokens, int count);

/* The tokens of `text` with a TOKEN_END behind them, in `arena`; NULL where the text is longer than that,
 * nests too deep or memory runs out. */
const struct token *lex(struct arena *arena, const char *text, size_t len, enum lex_commas commas);

#endif
