#include "answer/pieces.h"

#include "core/ascii.h"

#include <string.h>

#include "answer/sentence.h"
#include "formula/spelling.h"

/* Where dollar signs or \( \) mark formulas, letters outside of them are words; else what is in \text{} and
 * what looks like words. */
struct walk {
    const char *p, *end;
    struct pieces *out;
    bool marked, failed;
};

bool piece_is(const struct piece *piece, const char *const *words)
{
    for (; !piece->formula && *words; words++) {
        size_t n = strlen(*words), i = 0;
        while (n == piece->len && i < n && ascii_lower(piece->at[i]) == (*words)[i])
            i++;
        if (i == n && n == piece->len)
            return true;
    }
    return false;
}

static void pieces_add(struct walk *w, const char *at, const char *to, bool formula)
{
    while (formula && at < to && strchr(" \t\n,;:", *at))
        at++;
    while (formula && to > at && strchr(" \t\n,;:.", to[-1]))
        to--;
    if (at == to)
        return;
    if (w->out->count == PIECES_MAX)
        w->failed = true;
    else
        w->out->piece[w->out->count++] = (struct piece){at, (size_t)(to - at), formula};
}

/* Whether two or three letters that no operator follows may be a word: they have a vowel. */
static bool is_short_word(const char *p, size_t n, const char *end)
{
    bool vowel = false, capitals = false;
    for (size_t i = 0; i < n; i++) {
        vowel |= strchr("aeiou", ascii_lower(p[i])) != NULL;
        capitals |= i > 0 && ascii_lower(p[i]) != p[i];
    }
    while (p + n < end && p[n] == ' ')
        n++;
    return vowel && !capitals && (p + n == end || !strchr("=+-*/<>^_", p[n]));
}

/* Bytes of the word at p, or 0: letters that are no function and, outside of \text{}, not two or three
 * variables side by side. */
static size_t word_bytes(const char *p, const char *end, bool in_text)
{
    size_t n = 0;
    while (p + n < end && ascii_is_letter(p[n]))
        n++;
    const struct spelling *as = n > 1 ? spelling_of_word(p, n) : NULL;
    bool function = as && !(as->kind == TOKEN_SYMBOL && as->symbol == SYMBOL_AND);
    bool delimited = p + n == end || !strchr("_^({[0123456789=+*/'", p[n]) || (p[n] == '(' && in_text);
    bool article = n == 1 && ascii_lower(*p) == 'a' && end - p > 3 && p[1] == ' ' && ascii_is_letter(p[2]) &&
                   ascii_is_letter(p[3]);
    bool word = in_text || n > 3 || (n > 1 && is_short_word(p, n, end));
    return article || (n > 1 && !function && delimited && word) ? n : 0;
}

/* The brace that closes the one at p, or the end. */
static const char *closing_brace(const char *p, const char *end)
{
    int open = 0;
    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end) {
            p++;
            continue;
        }
        open += (*p == '{') - (*p == '}');
        if (open == 0)
            return p;
    }
    return end;
}

/* Behind "\text{" and its like, or NULL. */
static const char *text_opens(const char *p, const char *end)
{
    static const char *const commands[] = {"\\text{",   "\\textrm{", "\\textbf{",
                                           "\\textit{", "\\mbox{",   "\\text {"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (sentence_begins(p, end, commands[i]))
            return p + strlen(commands[i]);
    return NULL;
}

/* Past a formula that nothing marks: to words, or to a bracket that was not opened in it. */
static const char *formula_end(const char *p, const char *end, bool in_text)
{
    int open = 0;
    for (; p < end; p++) {
        char before = p[-1];
        bool front = before == ' ' || before == '(' || before == ',' || before == '~';
        if (*p == '$' || (open == 0 && text_opens(p, end)) ||
            (open == 0 && front && word_bytes(p, end, in_text)) || (in_text && open == 0 && *p == ' '))
            break;
        if (*p == '\\' && p + 1 < end) {
            if (p[1] == '(' || p[1] == '[')
                break;
            p++;
            continue;
        }
        open += *p == '{' || *p == '(' || *p == '[';
        open -= *p == '}' || *p == ')' || *p == ']';
        if (open < 0)
            break;
    }
    return p;
}

/* A formula in dollar signs or \( \); false where it never closes or is an amount of money. */
static bool marked_formula(struct walk *w)
{
    bool paren = *w->p == '\\';
    const char *from = w->p + (paren || (w->p + 1 < w->end && w->p[1] == '$') ? 2 : 1), *to = from;
    while (to < w->end &&
           !(paren ? *to == '\\' && to + 1 < w->end && (to[1] == ')' || to[1] == ']') : *to == '$'))
        to += *to == '\\' && !paren && to + 1 < w->end ? 2 : 1;
    if (to >= w->end || (!paren && from < to && ascii_is_digit(*from) && sentence_words(from, to) > 0))
        return false;
    pieces_add(w, from, to, true);
    w->p = to + (paren || (to + 1 < w->end && to[1] == '$') ? 2 : 1);
    return true;
}

static void pieces_walk(struct walk *w, bool in_text)
{
    const char *inside;
    while (w->p < w->end && !w->failed) {
        const char *p = w->p;
        size_t n = word_bytes(p, w->end, w->marked || in_text);
        if (*p == '$' || sentence_begins(p, w->end, "\\(") || sentence_begins(p, w->end, "\\[")) {
            w->failed |= !marked_formula(w);
        } else if ((inside = text_opens(p, w->end)) && !in_text) {
            const char *close = closing_brace(inside - 1, w->end);
            struct walk text = {inside, close, w->out, w->marked, false};
            pieces_walk(&text, true);
            w->failed |= text.failed;
            w->p = close < w->end ? close + 1 : close;
        } else if (n) {
            pieces_add(w, p, p + n, false);
            w->p += n;
        } else if (strchr(" \t\n,;:.~", *p) || ((w->marked || in_text) && strchr("()*-", *p)) ||
                   (*p == '(' && p + 1 < w->end && word_bytes(p + 1, w->end, false)) || *p == ')') {
            w->p++;
        } else if (*p == '\\' && p + 1 < w->end && !ascii_is_letter(p[1])) {
            w->p += 2; /* a space of some kind */
        } else {
            w->p = formula_end(p + 1, w->end, w->marked || in_text);
            pieces_add(w, p, w->p, true);
        }
    }
}

bool pieces_of(const char *text, size_t len, struct pieces *out)
{
    struct walk w = {text, text + len, out, memchr(text, '$', len) || memmem(text, len, "\\(", 2), false};
    out->count = 0;
    pieces_walk(&w, false);
    return !w.failed;
}
