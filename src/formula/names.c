/* names.c - which letters of two answers stand for numbers.
 *
 * "X(0)" is the value of a function where X stands before one bracketed argument and nowhere else; "h(a+b)"
 * beside "ha+hb" is a product. "0.64N" is a quantity in newtons, unless N is a variable of either answer. */
#include <string.h>

#include "formula/parse.h"

/* The bracket that closes the one at `t`, or the end. */
static const struct token *closing(const struct token *t)
{
    int open = 0;
    for (; t->kind != TOKEN_END; t++) {
        open += token_is(t, '(') || token_is(t, '[');
        open -= token_is(t, ')') || token_is(t, ']');
        if (open == 0)
            break;
    }
    return t;
}

/* Whether what stands between `from` and `to` may be what a function is applied to: sums of constants, and of
 * several variables behind a small letter, are factors. */
static bool is_argument(const char *head, const struct token *from, const struct token *to)
{
    const char *first = NULL;
    int names = 0;
    bool sum = false, several = false;
    for (const struct token *t = from; t < to; t++) {
        several |= token_is(t, ',') || token_is(t, ';');
        sum |= t > from && (token_is(t, '+') || token_is(t, '-'));
        if (t->kind != TOKEN_NAME || (first && strcmp(first, t->text) == 0))
            continue;
        first = t->text;
        names++;
    }
    bool small = *head >= 'a' && *head <= 'z';
    return from < to && (several || !sum || names == 1 || (names > 1 && !small));
}

bool names_simple_argument(const struct token *open)
{
    bool one = (open[1].kind == TOKEN_NUMBER || open[1].kind == TOKEN_NAME) && token_is(open + 2, ')');
    return token_is(open, '(') && one && !token_is(open + 3, '(') && !token_is(open + 3, '[');
}

/* Whether the name at `t` stands before one bracketed argument, which is no factor. */
static bool is_applied(const struct token *t)
{
    if (!token_is(t + 1, '('))
        return false;
    const struct token *end = closing(t + 1);
    return end->kind != TOKEN_END && !token_is(end + 1, '(') && !token_is(end + 1, '[') &&
           is_argument(t->text, t + 2, end);
}

/* Whether the letter at `t` ends "0.64N". */
bool names_short_unit(const struct token *t)
{
    return t->kind == TOKEN_NAME && strlen(t->text) == 1 && strchr("NJWVAKCFTH", *t->text) &&
           t[-1].kind == TOKEN_NUMBER && strchr(t[-1].text, '.') && t[1].kind == TOKEN_END;
}

/* Whether the letter at `t` stands behind a sign of degrees: "20^{\circ}C". */
static bool behind_degrees(const struct token *tokens, const struct token *t)
{
    bool braces = t - tokens > 1 && token_is(t - 1, '}');
    return t > tokens + braces && token_is(t - 1 - braces, SYMBOL_DEGREE);
}

bool names_have(const struct names *names, const char *name)
{
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0)
            return true;
    return names->count == NAMES_MAX;
}

void names_add(struct names *names, const struct token *tokens)
{
    for (const struct token *t = tokens; t->kind != TOKEN_END && names->count < NAMES_MAX; t++) {
        bool unit = t->upright || strcmp(t->text, "Omega") == 0 || strstr(t->text, "_odot") ||
                    (t > tokens && names_short_unit(t)) || behind_degrees(tokens, t);
        if (t->kind == TOKEN_NAME && !unit && !token_is(t + 1, '=') && !is_applied(t) &&
            !names_have(names, t->text))
            names->name[names->count++] = t->text;
    }
}
