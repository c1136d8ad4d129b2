#include "answer/worded.h"

#include "core/ascii.h"

#include <string.h>
#include <strings.h>

#include "answer/pieces.h"
#include "answer/sentence.h"

enum { WORDED_BYTES_MAX = 500 };

/* What opens a condition. */
static const char *const openers[] = {"for",  "where", "when",  "if",     "whenever", "provided",
                                      "with", "such",  "given", "unless", "assuming", NULL};
/* Of two parts with conditions of their own, what opens the second one's. */
static const char *const cases[] = {"where", "when", "if", "unless", "otherwise", "else", "for", NULL};
static const char *const quantifiers[] = {"all", "any", "every", "each", "some", "the", "a", "an", NULL};
static const char *const joiners[] = {"and", "or", NULL};
/* What says which numbers are meant. */
static const char *const restrictions[] = {"odd",     "even",     "prime",    "primes",    "composite",
                                           "power",   "powers",   "multiple", "multiples", "divisible",
                                           "divisor", "divisors", "form",     "congruent", "squares",
                                           "cubes",   "coprime",  "perfect",  NULL};
/* What does at the front of a few words. */
static const char *const bounds[] = {"all", "every", "any",    "each",       "at",
                                     "no",  "only",  "except", "infinitely", NULL};
/* What stands before a number that is a part of what words say, not a number that they lead up to. */
static const char *const governors[] = {"of",   "by",     "than", "most",   "least",
                                        "form", "modulo", "mod",  "except", NULL};
/* What says no more than that numbers are meant. */
static const char *const fillers[] = {
    "all",     "any",     "every",     "each",      "the",   "a",        "an",        "is",
    "are",     "be",      "must",      "that",      "which", "integer",  "integers",  "number",
    "numbers", "value",   "values",    "of",        "real",  "constant", "constants", "arbitrary",
    "some",    "natural", "solutions", "functions", "only",  "for",      NULL};
static const char *const copulas[] = {"is", "are", NULL};
/* What only a text that reasons has. */
static const char *const reasons[] = {
    "so",      "we",   "get",   "have", "since",  "because",  "therefore", "thus", "hence", "there", "equals",
    "was",     "were", "it",    "find", "found",  "conclude", "gives",     "then", "let",   "she",   "he",
    "they",    "her",  "his",   "i",    "answer", "solution", "result",    "this", "first", "prove", "means",
    "follows", "has",  "using", "step", "giving", "implies",  "total",     "note", NULL};

struct worded {
    struct pieces pieces;
    int opener;   /* the piece that opens the condition; 0: none */
    bool several; /* parts with a condition each */
};

/* ---- reading ---- */

static bool any_of(const struct pieces *pieces, int from, int to, const char *const *words)
{
    for (int i = from; i < to; i++)
        if (piece_is(&pieces->piece[i], words))
            return true;
    return false;
}

static int formulas(const struct pieces *pieces, int from, int to)
{
    int n = 0;
    for (int i = from; i < to; i++)
        n += pieces->piece[i].formula;
    return n;
}

static bool has_equals(const struct piece *piece)
{
    return piece->formula && memchr(piece->at, '=', piece->len);
}

static bool is_name(const struct piece *piece)
{
    return piece->formula && piece->len == 1 && ascii_is_letter(*piece->at);
}

/* "c \in \mathbb{R}", which is said by the kind of number too. */
static bool is_domain(const struct piece *piece)
{
    const char *in = piece->formula ? memmem(piece->at, piece->len, "\\in", 3) : NULL;
    const char *end = piece->at + piece->len;
    return in && ascii_is_letter(*piece->at) && in - piece->at <= 2 &&
           memmem(in, (size_t)(end - in), "\\mathbb", 7) && end - in <= 16;
}

/* Whether a sign that parts items stands behind a piece. */
static bool parted(const struct piece *piece, const struct piece *next)
{
    for (const char *p = piece->at + piece->len; p < next->at; p++)
        if (*p == ',' || *p == ';')
            return true;
    return false;
}

/* Whether another part with its own condition follows the first one's: "if n is odd and n/2 if n is even". */
static bool has_cases(const struct pieces *pieces, int opener)
{
    for (int i = opener + 1; i < pieces->count; i++) {
        const struct piece *piece = &pieces->piece[i];
        bool quantified = piece_is(piece, (const char *const[]){"for", NULL}) && i + 1 < pieces->count &&
                          piece_is(&pieces->piece[i + 1], quantifiers);
        const struct piece *before = piece - 1;
        bool part = before->formula && i > opener + 2 &&
                    (!is_name(before) || piece_is(before - 1, joiners) || parted(before - 1, before));
        if (piece_is(piece, (const char *const[]){"otherwise", "else", NULL}) ||
            (piece_is(piece, cases) && !quantified && part))
            return true;
    }
    return false;
}

/* Whether the condition goes on with "or x = 2". */
static bool has_alternative(const struct pieces *pieces, int opener)
{
    for (int i = opener + 2; i < pieces->count; i++)
        if (piece_is(&pieces->piece[i - 1], (const char *const[]){"or", NULL}) &&
            has_equals(&pieces->piece[i]) && !has_equals(&pieces->piece[opener + 1]))
            return true;
    return false;
}

/* A condition stands behind formulas, which nothing but joiners and quantifiers part. */
static void find_condition(struct worded *worded)
{
    const struct pieces *pieces = &worded->pieces;
    worded->opener = 0;
    for (int i = 1; i < pieces->count && !worded->opener; i++) {
        const struct piece *piece = &pieces->piece[i];
        if (piece_is(piece, openers))
            worded->opener = i;
        else if (!piece->formula && !piece_is(piece, joiners))
            break;
    }
    bool restricts = worded->opener == 1 && is_name(&pieces->piece[0]) && /* "n such that .." is not n */
                     !piece_is(&pieces->piece[1], (const char *const[]){"for", "if", "when", NULL});
    if (!pieces->piece[0].formula || worded->opener + 1 >= pieces->count || restricts)
        worded->opener = 0;
    worded->several =
        worded->opener && (has_cases(pieces, worded->opener) || has_alternative(pieces, worded->opener));
}

/* Whether a sentence ends in it: a full stop, which may be a formula's, before a capital letter. */
static bool has_sentences(const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *p = text; p + 2 < end; p++) {
        const char *next = p + 1;
        if (*p == '\n')
            return true;
        while (next < end && strchr("$\\])", *next))
            next++;
        bool space = next < end && *next == ' ';
        while (next < end && *next == ' ')
            next++;
        if (strchr(".?!", *p) && space && next < end && *next >= 'A' && *next <= 'Z')
            return true;
    }
    return false;
}

/* Whether a value is stated: behind a copula or a colon, and no word that restricts it between. */
static bool states_value(const struct pieces *pieces)
{
    for (int i = 1; i < pieces->count; i++) {
        const struct piece *piece = &pieces->piece[i];
        const char *before = piece->at;
        while (before[-1] == ' ' || before[-1] == '$')
            before--;
        if (piece->formula && !pieces->piece[i - 1].formula && (before[-1] == ':' || *piece->at == '='))
            return true;
        if (piece_is(piece, copulas) && formulas(pieces, i + 1, pieces->count) > 0 &&
            !any_of(pieces, i + 1, pieces->count, restrictions))
            return true;
    }
    return false;
}

static bool is_plain_word(const struct piece *piece)
{
    for (size_t i = 0; i < piece->len; i++)
        if (!ascii_is_letter(piece->at[i]))
            return false;
    return piece->len > 1;
}

static bool is_bracketed(const struct piece *piece)
{
    return piece->len >= 5 && (*piece->at == '(' || *piece->at == '[' || memcmp(piece->at, "\\left", 5) == 0);
}

/* How many formulas, or tuples and intervals alone, have a word before them that is none of a list or of a
 * condition. */
static int labelled(const struct pieces *pieces, bool bracketed)
{
    int n = 0;
    for (int i = 1; i < pieces->count; i++) {
        const struct piece *piece = &pieces->piece[i];
        n += piece->formula && !is_plain_word(piece) && !piece[-1].formula && !piece_is(piece - 1, joiners) &&
             !piece_is(piece - 1, openers) && (!bracketed || is_bracketed(piece));
    }
    return n;
}

/* Formulas that words stand before: "max. $(0,1)$; min. $(2,3)$", "maximum $5$ at $x=2$", "increasing on
 * $(0,1)$ and decreasing on $(1,2)$". */
static bool has_labels(const struct pieces *pieces)
{
    enum { FEW_WORDS = 3, WORDS_MAX = 12 };
    int words = pieces->count - formulas(pieces, 0, pieces->count);
    bool all_parted = true, few = words <= FEW_WORDS && !pieces->piece[0].formula;
    for (int i = 0; i + 1 < pieces->count; i++) {
        const struct piece *piece = &pieces->piece[i], *next = piece + 1;
        all_parted &= !piece->formula || next->formula || parted(piece, next);
    }
    if (words <= WORDS_MAX && labelled(pieces, true) > 1)
        return true;
    return (few || all_parted) && labelled(pieces, false) > 1 && !any_of(pieces, 0, pieces->count, copulas);
}

static bool is_count(const struct piece *piece)
{
    return piece->formula && strspn(piece->at, "0123456789.,") >= piece->len;
}

/* Whether letters stand side by side outside of commands: most answers have none. */
static bool has_words(const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *p = text; p + 1 < end; p++) {
        if (*p == '\\' && (p[1] == 't' || p[1] == 'm') &&
            sentence_begins(p, end, p[1] == 't' ? "\\text" : "\\mbox"))
            return true;
        if (*p == '\\')
            for (p++; p + 1 < end && ascii_is_letter(p[1]); p++)
                ;
        else if (ascii_is_letter(p[0]) && ascii_is_letter(p[1]))
            return true;
    }
    return false;
}

static bool read(const char *text, size_t len, struct worded *out)
{
    if (len == 0 || len > WORDED_BYTES_MAX || !pieces_of(text, len, &out->pieces) || out->pieces.count == 0)
        return false;
    find_condition(out);
    return true;
}

/* Whether words lead up to a number: "The odd divisors sum to 24". */
static bool leads_to_number(const struct pieces *pieces)
{
    for (int i = 1; i < pieces->count; i++)
        if (is_count(&pieces->piece[i]) && !piece_is(&pieces->piece[i - 1], governors))
            return true;
    return false;
}

/* "odd $n$", "all powers of 2", "at most 5": words that say which numbers are meant. */
static bool restricts(const struct worded *worded)
{
    enum { WORDS_MAX = 8, BOUND_WORDS_MAX = 4 };
    const struct pieces *pieces = &worded->pieces;
    int words = pieces->count - formulas(pieces, 0, pieces->count);
    bool bound = piece_is(&pieces->piece[0], bounds) ||
                 (pieces->count > 1 && piece_is(&pieces->piece[1], (const char *const[]){"such", NULL}));
    if (words == 0 || words > WORDS_MAX || is_count(&pieces->piece[0]) || leads_to_number(pieces))
        return false;
    return any_of(pieces, 0, pieces->count, restrictions) || (bound && words <= BOUND_WORDS_MAX);
}

bool worded_is_answer(const char *text, size_t len)
{
    struct worded worded;
    const struct pieces *pieces = &worded.pieces;
    if (!has_words(text, len) || !read(text, len, &worded) || has_sentences(text, len) || pieces->count < 2)
        return false;
    int front = worded.opener ? worded.opener : pieces->count;
    bool stated = worded.opener && any_of(pieces, 0, front, copulas);
    if (stated || any_of(pieces, 0, pieces->count, reasons))
        return false;
    if (worded.opener)
        return !is_count(&pieces->piece[0]) || formulas(pieces, worded.opener, pieces->count) > 0;
    if (formulas(pieces, 0, pieces->count) == 0)
        return false;
    return has_labels(pieces) || (!states_value(pieces) && restricts(&worded));
}

/* ---- comparing ---- */

static bool pieces_equal(const struct piece *a, const struct piece *b, worded_compare *equal)
{
    const char *how;
    if (a->formula != b->formula)
        return false;
    if (a->formula)
        return equal(a->at, a->len, b->at, b->len, &how);
    return a->len == b->len && strncasecmp(a->at, b->at, a->len) == 0;
}

/* What is left of [from, to) without words that say nothing and letters that only name what is meant. */
static struct pieces worded_said(const struct pieces *pieces, int from, int to)
{
    struct pieces out = {.count = 0};
    for (int i = from; i < to; i++)
        if (!piece_is(&pieces->piece[i], fillers) && !is_name(&pieces->piece[i]) &&
            !is_domain(&pieces->piece[i]))
            out.piece[out.count++] = pieces->piece[i];
    return out;
}

static bool in_order(const struct pieces *a, const struct pieces *b, worded_compare *equal)
{
    bool same = a->count == b->count;
    for (int i = 0; i < a->count && same; i++)
        same = pieces_equal(&a->piece[i], &b->piece[i], equal);
    return same;
}

/* Where the front of an answer ends: at its condition. */
static const char *front_end(const struct worded *worded)
{
    const struct piece *last = &worded->pieces.piece[worded->opener - 1];
    return last->at + last->len;
}

/* The part of it from one piece to another, as it is written. */
static bool part_equals(const struct pieces *pieces, int from, int to, const char *b, size_t m,
                        worded_compare *equal, const char **how)
{
    const struct piece *first = &pieces->piece[from], *last = &pieces->piece[to];
    return equal(first->at, (size_t)(last->at + last->len - first->at), b, m, how);
}

/* "cos(u) = 1/2 when u = .. or u = ..": an equation that gives no value is solved by its condition. */
static bool is_solved(const struct worded *worded)
{
    static const char *const functions[] = {"\\sin", "\\cos", "\\tan", "\\cot",
                                            "\\sec", "\\csc", "\\ln",  "\\log"};
    const struct piece *front = &worded->pieces.piece[0];
    bool equation = false;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        equation |= has_equals(front) && sentence_begins(front->at, front->at + front->len, functions[i]);
    return equation && has_equals(&worded->pieces.piece[worded->opener + 1]);
}

static bool solution_equals(const struct pieces *pieces, int from, const char *b, size_t m,
                            worded_compare *equal, const char **how)
{
    int to = from;
    while (to + 1 < pieces->count && (has_equals(&pieces->piece[to + 1]) ||
                                      (piece_is(&pieces->piece[to + 1], joiners) && to + 2 < pieces->count &&
                                       has_equals(&pieces->piece[to + 2]))))
        to++;
    return part_equals(pieces, from, to, b, m, equal, how);
}

/* "All $n$ of the form $4k+1$" is "n = 4k + 1". */
static bool form_equals(const struct pieces *pieces, const char *b, size_t m, worded_compare *equal,
                        const char **how)
{
    int form = 0;
    for (int i = 0; i < pieces->count && !form; i++)
        form = piece_is(&pieces->piece[i], (const char *const[]){"form", NULL}) ? i : 0;
    struct pieces before = worded_said(pieces, 0, form);
    if (!form || before.count > 0 || form + 2 != pieces->count || !pieces->piece[form + 1].formula)
        return false;
    const struct piece *value = &pieces->piece[form + 1];
    if (equal(value->at, value->len, b, m, how))
        return true;
    char written[WORDED_BYTES_MAX + 8];
    for (int i = 0; i < form; i++) {
        if (!is_name(&pieces->piece[i]))
            continue;
        size_t n = 0;
        written[n++] = *pieces->piece[i].at;
        written[n++] = '=';
        memcpy(written + n, value->at, value->len);
        return equal(written, n + value->len, b, m, how);
    }
    return false;
}

/* Of a worded answer against one that is not. */
static bool without_words(const struct worded *worded, const char *b, size_t m, worded_compare *equal,
                          const char **how)
{
    const struct pieces *pieces = &worded->pieces;
    bool solved = worded->opener && !worded->several && is_solved(worded);
    if (solved && solution_equals(pieces, worded->opener + 1, b, m, equal, how))
        return true;
    if (worded->opener && !worded->several)
        return (!solved || memchr(b, '=', m)) && part_equals(pieces, 0, worded->opener - 1, b, m, equal, how);
    if (worded->several)
        return false;
    struct pieces rest = worded_said(pieces, 0, pieces->count);
    if (rest.count == 1 && rest.piece[0].formula && !any_of(pieces, 0, pieces->count, copulas))
        return equal(rest.piece[0].at, rest.piece[0].len, b, m, how);
    return form_equals(pieces, b, m, equal, how);
}

/* Conditions that say nothing, or the same. */
static bool conditions_meet(const struct worded *a, const struct worded *b, worded_compare *equal)
{
    struct pieces x = worded_said(&a->pieces, a->opener + 1, a->pieces.count),
                  y = worded_said(&b->pieces, b->opener + 1, b->pieces.count);
    return in_order(&x, &y, equal);
}

bool worded_equal(const char *a, size_t n, const char *b, size_t m, worded_compare *equal, const char **how)
{
    struct worded x, y;
    bool words_a = worded_is_answer(a, n), words_b = worded_is_answer(b, m);
    *how = "condition";
    if (!read(a, n, &x) || !read(b, m, &y))
        return false;
    if (words_a && words_b && x.opener && y.opener && !x.several && !y.several)
        return conditions_meet(&x, &y, equal) &&
               equal(a, (size_t)(front_end(&x) - a), b, (size_t)(front_end(&y) - b), how);
    if (words_a && !words_b && without_words(&x, b, m, equal, how))
        return true;
    if (words_b && !words_a && without_words(&y, a, n, equal, how))
        return true;
    *how = "words";
    if (x.opener || y.opener || formulas(&x.pieces, 0, x.pieces.count) > 2)
        return in_order(&x.pieces, &y.pieces, equal);
    struct pieces said_a = worded_said(&x.pieces, 0, x.pieces.count),
                  said_b = worded_said(&y.pieces, 0, y.pieces.count);
    bool same = said_a.count > 0 && in_order(&said_a, &said_b, equal);
    return same && (x.pieces.count > formulas(&x.pieces, 0, x.pieces.count)) ==
                       (y.pieces.count > formulas(&y.pieces, 0, y.pieces.count));
}
