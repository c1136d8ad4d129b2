/* pieces.h - an answer with words in it as its words and its formulas, one after the other. */
#ifndef ANSWER_PIECES_H
#define ANSWER_PIECES_H

#include "answer/answer.h"

enum { PIECES_MAX = 48 };

struct piece {
    const char *at;
    size_t len;
    bool formula; /* else a word */
};

struct pieces {
    struct piece piece[PIECES_MAX];
    int count;
};

/* False where there are too many, or dollar signs are not those of formulas. */
bool pieces_of(const char *text, size_t len, struct pieces *out);

/* Whether the piece is the word, one of `words`, which ends with NULL; the case of letters counts nothing. */
bool piece_is(const struct piece *piece, const char *const *words);

#endif
