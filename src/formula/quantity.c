/* quantity.c - the unit behind a quantity: words, letters that are no variables, degrees. */
#include "formula/parse.h"
#include "formula/words.h"

static bool quantity(const struct node *node)
{
    return node->kind != NODE_WORDS && node->kind != NODE_GROUP && node->kind != NODE_MATRIX;
}

static bool starts_unit(const struct token *t)
{
    return t->kind == TOKEN_WORD || (t->kind == TOKEN_NAME && t->upright);
}

/* Whether nothing but the letters of a unit and their powers stands from `t` to the end of a term: the "m" of
 * "\frac12\mathrm{m}v^2" is none. */
static bool ends_behind_units(const struct token *t)
{
    for (t++;; t++) {
        if ((token_is(t, '/') || token_is(t, '*')) && starts_unit(t + 1))
            t++;
        else if (token_is(t, '^') || token_is(t, SYMBOL_POWER_OF))
            while (t[1].kind == TOKEN_NUMBER || token_is(t + 1, '{') || token_is(t + 1, '-') ||
                   token_is(t + 1, '}'))
                t++;
        else if (!starts_unit(t))
            break;
    }
    bool symbol = t->kind == TOKEN_SYMBOL && !strchr("([{*/^_!%|", t->symbol) && t->symbol != SYMBOL_DEGREE &&
                  t->symbol != SYMBOL_POWER_OF && t->symbol != SYMBOL_SET_OPEN;
    return symbol || t->kind == TOKEN_END || t->kind == TOKEN_FINISH;
}

static struct node *named_unit(struct parser *p, struct node *node, const char *unit, int power)
{
    node = over(p, NODE_UNIT, node);
    if (!p->failed) {
        node->text = unit;
        node->n = power;
    }
    return node;
}

/* What a unit is called, in lower case. */
static const char *unit_name(struct parser *p)
{
    if (p->t->kind == TOKEN_WORD)
        return p->t->text;
    char *letter = arena_copy(p->arena, p->t->text, 1);
    p->failed |= !letter;
    if (letter && *letter >= 'A' && *letter <= 'Z')
        *letter = (char)(*letter - 'A' + 'a');
    return letter;
}

/* A unit behind a quantity: words or letters, their powers, and more of them behind a slash, of which only
 * the first are kept. A word like "million" in front of them multiplies. */
static struct node *parse_written_unit(struct parser *p, struct node *node)
{
    const char *text = unit_name(p);
    int power = 0;
    while (starts_unit(p->t) || ((next_is(p, '/') || next_is(p, '*')) && starts_unit(p->t + 1))) {
        p->t += starts_unit(p->t) ? 1 : 2;
        if (!take(p, '^') && !take(p, SYMBOL_POWER_OF))
            continue;
        const struct node *exponent = parse_argument(p, NULL);
        if (exponent->kind == NODE_NUMBER && strlen(exponent->text) == 1)
            power = *exponent->text - '0';
    }
    if (p->failed || words_restrict(text)) /* "n odd" is not n */
        return fail(p);
    size_t n = strcspn(text, " ");
    const char *scale = words_scale(text, n);
    if (scale) {
        node = pair(p, NODE_PRODUCT, node, text_node(p, NODE_NUMBER, scale));
        text += n + (text[n] == ' ');
    }
    return *text ? named_unit(p, node, text, power) : node;
}

/* Words in brackets: "9 (apples)". */
static bool bracketed_words(const struct token *t)
{
    return token_is(t, '(') && t[1].kind == TOKEN_WORD && token_is(t + 2, ')');
}

/* Which degrees are meant by the letter behind them, or NULL. */
static const char *thermal_unit(const struct token *t)
{
    static const char *const names[] = {"celsius", "fahrenheit", "kelvin"};
    static const char letters[] = "CFK";
    const char *letter = strlen(t->text) == 1 ? strchr(letters, *t->text) : NULL;
    return letter ? names[letter - letters] : NULL;
}

/* "\\frac{\\text{m}}{\\text{s}}": what is behind it, or NULL. */
static const struct token *fraction_of_units(const struct token *t)
{
    bool opens = t->kind == TOKEN_COMMAND && strcmp(t->text, "frac") == 0 && token_is(t + 1, '{') &&
                 starts_unit(t + 2);
    for (int groups = 0; opens && t->kind != TOKEN_END; t++) {
        bool power = token_is(t, '^') || token_is(t, SYMBOL_POWER_OF) || t->kind == TOKEN_NUMBER;
        groups += token_is(t, '}');
        if (groups == 2)
            return t + 1;
        opens = groups < 2 &&
                (t->kind == TOKEN_COMMAND || token_is(t, '{') || token_is(t, '}') || power || starts_unit(t));
    }
    return NULL;
}

/* Letters that are units by where they stand: "0.64N", "5\\Omega", "10^{-3} M_\\odot". */
static bool unit_by_place(const struct token *t, const struct node *node)
{
    bool last = t[1].kind == TOKEN_END;
    return (node->kind == NODE_NUMBER && names_short_unit(t)) ||
           (last && t[-1].kind == TOKEN_NUMBER && strcmp(t->text, "Omega") == 0) ||
           (last && strlen(t->text) > 2 && strstr(t->text, "_odot"));
}

bool parse_unit(struct parser *p, struct node **node)
{
    const struct token *t = p->t, *behind;
    bool letter = t->kind == TOKEN_NAME && !names_have(p->names, t->text);
    if (p->failed || p->exponents || !quantity(*node))
        return false;
    if (letter && (*node)->kind == NODE_DEGREES && thermal_unit(t) && ends_behind_units(t)) {
        p->t++;
        *node = named_unit(p, *node, thermal_unit(t), 0);
    } else if (t->kind == TOKEN_WORD || (letter && t->upright && ends_behind_units(t))) {
        *node = parse_written_unit(p, *node);
    } else if (letter && unit_by_place(t, *node)) {
        *node = named_unit(p, *node, unit_name(p), 0);
        p->t++;
    } else if (bracketed_words(t)) {
        p->t += 3;
        p->failed |= words_restrict(t[1].text);
        *node = named_unit(p, *node, t[1].text, 0);
    } else if ((behind = fraction_of_units(t))) {
        p->t += 2;
        *node = named_unit(p, *node, unit_name(p), 0);
        p->t = behind;
    } else {
        return false;
    }
    return true;
}
