/* lexer.h - what the files of the lexer share: where it stands, and how tokens are added. */
#ifndef FORMULA_LEXER_H
#define FORMULA_LEXER_H

#include <string.h>

#include "formula/lex.h"

#include "core/ascii.h"

struct lexer {
    struct arena *arena;
    const char *p, *end;
    enum lex_commas commas;
    struct token *token;
    int count, capacity, depth;
    bool spaced, in_matrix, failed;
};

struct token *lexer_add(struct lexer *l, enum token_kind kind);
void lexer_add_symbol(struct lexer *l, int symbol);
void lexer_add_text(struct lexer *l, enum token_kind kind, const char *text, size_t n);

/* The number at the front, with what parts its thousands, and its power of ten. */
void lexer_number(struct lexer *l);

/* ---- characters ---- */

static inline bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~';
}

static inline char at(const struct lexer *l, size_t ahead)
{
    return (size_t)(l->end - l->p) > ahead ? l->p[ahead] : '\0';
}

static inline bool starts(const struct lexer *l, size_t ahead, const char *text)
{
    size_t left = (size_t)(l->end - l->p), n = strlen(text);
    return left >= ahead + n && memcmp(l->p + ahead, text, n) == 0;
}

static inline bool named(const char *text, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(text, name, n) == 0;
}

#endif
