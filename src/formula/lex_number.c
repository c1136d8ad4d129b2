/* lex_number.c - numbers: thousands, decimals, powers of ten. */
#include "formula/lexer.h"

/* Bytes of a space of one of the kinds that part digits. */
static size_t space_bytes(const struct lexer *l)
{
    static const char *const spaces[] = {" ",   "~",   "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89",
                                         "\\,", "\\ ", "\\;"};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (starts(l, 0, spaces[i]))
            return strlen(spaces[i]);
    return 0;
}

/* Bytes of a comma between digits as TeX has it, "{,}" and "\!,\!", with spaces where it eats them. */
static size_t tex_comma(const struct lexer *l)
{
    size_t n = 0;
    while (at(l, n) == ' ')
        n++;
    if (at(l, n) == '{') {
        for (n++; at(l, n) == ' ' || at(l, n) == ','; n++)
            ;
        return at(l, n) == '}' && memchr(l->p, ',', n) ? n + 1 : 0;
    }
    n = starts(l, 0, "\\!") ? 2 : 0;
    if (at(l, n) != ',' || !starts(l, n + 1, "\\!"))
        return 0;
    for (n += 3; at(l, n) == ' '; n++)
        ;
    return n;
}

/* Bytes of a thousands separator at the front: a comma, a space or TeX's comma, with three digits and no
 * fourth behind it. */
static size_t separator(const struct lexer *l)
{
    size_t n = at(l, 0) == ',' && l->commas == LEX_COMMAS_GROUP_DIGITS ? 1 : tex_comma(l),
           space = n ? 0 : space_bytes(l);
    n += space;
    bool three =
        n && ascii_is_digit(at(l, n)) && ascii_is_digit(at(l, n + 1)) && ascii_is_digit(at(l, n + 2));
    char behind = three ? at(l, n + 3) : '\0';
    bool fraction = space && behind == '/'; /* the "123/456" of a mixed number */
    return three && !ascii_is_digit(behind) && !fraction ? n : 0;
}

/* The "e-3" of 1.5e-3, as "* 10 ** -3". */
static void exponent(struct lexer *l)
{
    size_t sign = at(l, 1) == '-' || at(l, 1) == '+', n = 1 + sign;
    if ((at(l, 0) != 'e' && at(l, 0) != 'E') || !ascii_is_digit(at(l, n)))
        return;
    while (ascii_is_digit(at(l, n)))
        n++;
    if (ascii_is_letter(at(l, n)))
        return;
    lexer_add_symbol(l, '*');
    lexer_add_text(l, TOKEN_NUMBER, "10", 2);
    lexer_add_symbol(l, SYMBOL_POWER_OF);
    if (at(l, 1) == '-')
        lexer_add_symbol(l, '-');
    lexer_add_text(l, TOKEN_NUMBER, l->p + 1 + sign, n - 1 - sign);
    l->p += n;
}

void lexer_number(struct lexer *l)
{
    char text[LEX_BYTES_MAX + 1];
    size_t n = 0, lead = 0;
    bool point = false, grouped = false;
    for (;;) {
        size_t skip = separator(l);
        if (ascii_is_digit(at(l, 0))) {
            text[n++] = *l->p++;
            lead += !point;
        } else if (at(l, 0) == '.' && !point && (ascii_is_digit(at(l, 1)) || n) && at(l, 1) != '.') {
            point = true;
            text[n++] = *l->p++;
        } else if (at(l, 0) == ',' && !point && l->commas == LEX_COMMAS_DECIMAL && ascii_is_digit(at(l, 1))) {
            point = true;
            text[n++] = '.';
            l->p++;
        } else if (skip && !point && lead > 0 && (lead <= 3 || n > 3)) {
            grouped |= at(l, 0) == ',' && skip == 1;
            l->p += skip;
        } else {
            break;
        }
    }
    bool repeats = at(l, 0) == '\\' && (at(l, 1) == 'o' || at(l, 1) == 'd'); /* \overline, \dot */
    if (n > 1 && text[n - 1] == '.' && !repeats) /* a full stop, not a decimal point */
        n--;
    lexer_add_text(l, TOKEN_NUMBER, text, n);
    if (!l->failed)
        l->token[l->count - 1].grouped = grouped;
    exponent(l);
}
