/* spelling.h - what commands, words and signs beyond ASCII are as tokens. */
#ifndef FORMULA_SPELLING_H
#define FORMULA_SPELLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formula/lex.h"

struct spelling {
    const char *from;
    enum token_kind kind; /* TOKEN_END: nothing but a space */
    int symbol;
    const char *text;
};

/* Of a command without its backslash; what has no spelling is a function or a construct of that name if the
 * parser knows it, a quantity, or an unknown name. */
const struct spelling *spelling_of_command(const char *name, size_t n);
/* Of a run of two letters and more outside of commands. */
const struct spelling *spelling_of_word(const char *word, size_t n);
const struct spelling *spelling_of_sign(uint32_t code);
/* The ASCII sign of a raised one (`*above`) or a lowered one: '-' of "⁻"; '\0' of any other. */
char spelling_of_script(uint32_t code, bool *above);

/* Whether a command is a quantity: a Greek letter and the like. */
bool spelling_is_name(const char *name, size_t n);
/* Whether a command has text in its braces: \text, \mathrm. */
bool spelling_is_text(const char *name, size_t n);

#endif
