/* spelling.c - which commands, words and signs mean what: tables. */
#include "formula/spelling.h"

#include <string.h>

#define SIGN(from, symbol)                                                                                   \
    {                                                                                                        \
        from, TOKEN_SYMBOL, symbol, NULL                                                                     \
    }
#define AS(from, text)                                                                                       \
    {                                                                                                        \
        from, TOKEN_COMMAND, 0, text                                                                         \
    }
#define NAME(from)                                                                                           \
    {                                                                                                        \
        from, TOKEN_NAME, 0, from                                                                            \
    }
#define NOTHING(from)                                                                                        \
    {                                                                                                        \
        from, TOKEN_END, 0, NULL                                                                             \
    }

/* Commands by their letters. What is not here is a function or a construct of that name if the parser knows
 * it, a Greek letter, or an unknown name. */
static const struct spelling commands[] = {
    SIGN("cdot", '*'),
    SIGN("times", '*'),
    SIGN("ast", '*'),
    SIGN("div", '/'),
    SIGN("pm", SYMBOL_PLUS_MINUS),
    SIGN("mp", SYMBOL_PLUS_MINUS),
    SIGN("le", SYMBOL_LESS_EQUAL),
    SIGN("leq", SYMBOL_LESS_EQUAL),
    SIGN("leqslant", SYMBOL_LESS_EQUAL),
    SIGN("ge", SYMBOL_GREATER_EQUAL),
    SIGN("geq", SYMBOL_GREATER_EQUAL),
    SIGN("geqslant", SYMBOL_GREATER_EQUAL),
    SIGN("lt", '<'),
    SIGN("gt", '>'),
    SIGN("ne", SYMBOL_NOT_EQUAL),
    SIGN("neq", SYMBOL_NOT_EQUAL),
    SIGN("approx", SYMBOL_APPROXIMATELY),
    SIGN("simeq", SYMBOL_APPROXIMATELY),
    SIGN("in", SYMBOL_IN),
    SIGN("equiv", SYMBOL_CONGRUENT),
    SIGN("cup", SYMBOL_UNION),
    SIGN("lbrace", SYMBOL_SET_OPEN),
    SIGN("rbrace", SYMBOL_SET_CLOSE),
    SIGN("langle", '('),
    SIGN("rangle", ')'),
    SIGN("lbrack", '['),
    SIGN("rbrack", ']'),
    SIGN("circ", SYMBOL_DEGREE),
    SIGN("degree", SYMBOL_DEGREE),
    SIGN("prime", '\''),
    SIGN("vert", '|'),
    SIGN("lvert", '|'),
    SIGN("rvert", '|'),
    SIGN("mid", '|'),
    SIGN("colon", ':'),
    SIGN("cong", SYMBOL_APPROXIMATELY),
    SIGN("land", SYMBOL_AND),
    SIGN("lor", SYMBOL_AND),
    SIGN("lVert", '|'),
    SIGN("rVert", '|'),
    SIGN("bullet", '*'),
    AS("dfrac", "frac"),
    AS("tfrac", "frac"),
    AS("cfrac", "frac"),
    AS("dbinom", "binom"),
    AS("tbinom", "binom"),
    AS("infty", "infinity"),
    AS("lg", "log"),
    AS("bar", "overline"),
    AS("widehat", "hat"),
    AS("widetilde", "tilde"),
    AS("pmod", "mod"),
    AS("bmod", "mod"),
    AS("dots", "ldots"),
    AS("cdots", "ldots"),
    AS("emptyset", "emptyset"),
    AS("varnothing", "emptyset"),
    AS("arcsin", "asin"),
    AS("arccos", "acos"),
    AS("arctan", "atan"),
    NOTHING("left"),
    NOTHING("right"),
    NOTHING("big"),
    NOTHING("Big"),
    NOTHING("bigl"),
    NOTHING("bigr"),
    NOTHING("Bigl"),
    NOTHING("Bigr"),
    NOTHING("bigg"),
    NOTHING("Bigg"),
    NOTHING("displaystyle"),
    NOTHING("textstyle"),
    NOTHING("quad"),
    NOTHING("qquad"),
    NOTHING("boxed"),
    NOTHING("fbox"),
    NOTHING("limits"),
    NOTHING("rm"),
    NOTHING("bf"),
    NOTHING("vec"),
    NOTHING("overrightarrow"),
    NOTHING("blacksquare"),
    NOTHING("qed"),
    NOTHING("hspace"),
    NOTHING("ensuremath"),
    NOTHING("thinspace"),
    NOTHING("negthinspace"),
    NOTHING("enspace"),
    NOTHING("hfill"),
    NOTHING("mathstrut"),
    NOTHING("nonumber"),
    NOTHING("scriptstyle"),
    NOTHING("biggl"),
    NOTHING("biggr"),
    NOTHING("Biggl"),
    NOTHING("Biggr"),
    NOTHING("middle"),
    NOTHING("mathopen"),
    NOTHING("mathclose"),
    NOTHING("nolimits"),
    NOTHING("bold"),
    NOTHING("it"),

};

/* Runs of two letters and more outside of commands. */
static const struct spelling words[] = {
    AS("sqrt", "sqrt"),
    AS("sin", "sin"),
    AS("cos", "cos"),
    AS("tan", "tan"),
    AS("cot", "cot"),
    AS("sec", "sec"),
    AS("csc", "csc"),
    AS("arcsin", "asin"),
    AS("arccos", "acos"),
    AS("arctan", "atan"),
    AS("asin", "asin"),
    AS("acos", "acos"),
    AS("atan", "atan"),
    AS("sinh", "sinh"),
    AS("cosh", "cosh"),
    AS("tanh", "tanh"),
    AS("log", "log"),
    AS("ln", "ln"),
    AS("exp", "exp"),
    AS("abs", "abs"),
    AS("binom", "binom"),
    AS("floor", "floor"),
    AS("ceil", "ceil"),
    AS("pi", "pi"),
    AS("oo", "infinity"),
    AS("Infinity", "infinity"),
    AS("Pi", "pi"),
    NAME("alpha"),
    NAME("beta"),
    NAME("gamma"),
    NAME("delta"),
    NAME("theta"),
    NAME("lambda"),
    NAME("mu"),
    NAME("phi"),
    NAME("omega"),
    AS("inf", "infinity"),
    AS("infty", "infinity"),
    AS("infinity", "infinity"),
    AS("frac", "frac"),
    AS("mod", "mod"),
    SIGN("and", SYMBOL_AND),
    SIGN("or", SYMBOL_AND),
    SIGN("degrees", SYMBOL_DEGREE),
    SIGN("degree", SYMBOL_DEGREE),
    SIGN("deg", SYMBOL_DEGREE),
    SIGN("percent", '%'),
    SIGN("percentage", '%'),
    SIGN("pct", '%'),
    SIGN("union", SYMBOL_UNION),
};

/* Signs beyond ASCII. */
static const struct {
    uint32_t code;
    struct spelling as;
} signs[] = {
    {0x2212, SIGN("", '-')},
    {0x2013, SIGN("", '-')},
    {0x2014, SIGN("", '-')},
    {0xD7, SIGN("", '*')},
    {0xB7, SIGN("", '*')},
    {0x22C5, SIGN("", '*')},
    {0x2217, SIGN("", '*')},
    {0xF7, SIGN("", '/')},
    {0x2044, SIGN("", '/')},
    {0x2215, SIGN("", '/')},
    {0xB1, SIGN("", SYMBOL_PLUS_MINUS)},
    {0x2264, SIGN("", SYMBOL_LESS_EQUAL)},
    {0x2265, SIGN("", SYMBOL_GREATER_EQUAL)},
    {0x2260, SIGN("", SYMBOL_NOT_EQUAL)},
    {0x2248, SIGN("", SYMBOL_APPROXIMATELY)},
    {0x2208, SIGN("", SYMBOL_IN)},
    {0x222A, SIGN("", SYMBOL_UNION)},
    {0xB0, SIGN("", SYMBOL_DEGREE)},
    {0xBA, SIGN("", SYMBOL_DEGREE)},
    {0x2261, SIGN("", SYMBOL_CONGRUENT)},
    {0x2032, SIGN("", '\'')},
    {0x2019, SIGN("", '\'')},
    {0x27E8, SIGN("", '(')},
    {0x27E9, SIGN("", ')')},
    {0xFF08, SIGN("", '(')},
    {0xFF09, SIGN("", ')')},
    {0xFF0C, SIGN("", ',')},
    {0x3001, SIGN("", ',')},
    {0xFF05, SIGN("", '%')},
    {0xFF1D, SIGN("", '=')},
    {0x2A7D, SIGN("", SYMBOL_LESS_EQUAL)},
    {0x2A7E, SIGN("", SYMBOL_GREATER_EQUAL)},
    {0xFF1A, SIGN("", ':')},
    {0xFF1B, SIGN("", ';')},
    {0xFF0B, SIGN("", '+')},
    {0xFF0D, SIGN("", '-')},
    {0xFE63, SIGN("", '-')},
    {0x2010, SIGN("", '-')},
    {0x2011, SIGN("", '-')},
    {0xFF0F, SIGN("", '/')},
    {0xFF1C, SIGN("", '<')},
    {0xFF1E, SIGN("", '>')},
    {0xFF5B, SIGN("", SYMBOL_SET_OPEN)},
    {0xFF5D, SIGN("", SYMBOL_SET_CLOSE)},
    {0x3008, SIGN("", '(')},
    {0x3009, SIGN("", ')')},
    {0x2223, SIGN("", '|')},
    {0x2243, SIGN("", SYMBOL_APPROXIMATELY)},
    {0x2245, SIGN("", SYMBOL_APPROXIMATELY)},
    {0x221E, AS("", "infinity")},
    {0x3C0, AS("", "pi")},
    {0x221A, AS("", "sqrt")},
    {0x1D70B, AS("", "pi")},
    {0x230A, AS("", "lfloor")},
    {0x230B, AS("", "rfloor")},
    {0x2308, AS("", "lceil")},
    {0x2309, AS("", "rceil")},
    {0x2205, AS("", "emptyset")},
    {0x2211, AS("", "sum")},
    {0x222B, AS("", "int")},
    {0x211D, {"", TOKEN_WORD, 0, "all real numbers"}},
    {0x2026, AS("", "ldots")},
    {0xA0, NOTHING("")},
    {0x2009, NOTHING("")},
    {0x202F, NOTHING("")},
    {0x3002, NOTHING("")},
    {0x20AC, NOTHING("")},
    {0xA3, NOTHING("")},
    {0xA5, NOTHING("")},
    {0xFFE5, NOTHING("")},
    {0x20B9, NOTHING("")},
    {0x20BD, NOTHING("")},
    {0xFEFF, NOTHING("")},
    {0x200B, NOTHING("")},
    {0x2061, NOTHING("")},
    {0x2062, SIGN("", '*')},
    {0x3000, NOTHING("")},
    {0x3B1, {"", TOKEN_NAME, 0, "alpha"}},
    {0x3B2, {"", TOKEN_NAME, 0, "beta"}},
    {0x3B8, {"", TOKEN_NAME, 0, "theta"}},
    {0x3BB, {"", TOKEN_NAME, 0, "lambda"}},
    {0x3C6, {"", TOKEN_NAME, 0, "phi"}},
    {0x3B3, {"", TOKEN_NAME, 0, "gamma"}},
    {0x3B4, {"", TOKEN_NAME, 0, "delta"}},
    {0x3B5, {"", TOKEN_NAME, 0, "epsilon"}},
    {0x3BC, {"", TOKEN_NAME, 0, "mu"}},
    {0x3C1, {"", TOKEN_NAME, 0, "rho"}},
    {0x3C3, {"", TOKEN_NAME, 0, "sigma"}},
    {0x3C4, {"", TOKEN_NAME, 0, "tau"}},
    {0x3C8, {"", TOKEN_NAME, 0, "psi"}},
    {0x3C9, {"", TOKEN_NAME, 0, "omega"}},
    {0x393, {"", TOKEN_NAME, 0, "Gamma"}},
    {0x394, {"", TOKEN_NAME, 0, "Delta"}},
    {0x3A6, {"", TOKEN_NAME, 0, "Phi"}},
    {0x3A8, {"", TOKEN_NAME, 0, "Psi"}},
    {0x3A9, {"", TOKEN_NAME, 0, "Omega"}},
};

/* Raised signs, then lowered ones. */
static const struct {
    uint32_t code;
    char as;
    bool above;
} scripts[] = {
    {0x2070, '0', true},  {0xB9, '1', true},    {0xB2, '2', true},    {0xB3, '3', true},
    {0x2074, '4', true},  {0x2075, '5', true},  {0x2076, '6', true},  {0x2077, '7', true},
    {0x2078, '8', true},  {0x2079, '9', true},  {0x207A, '+', true},  {0x207B, '-', true},
    {0x207D, '(', true},  {0x207E, ')', true},  {0x207F, 'n', true},  {0x2071, 'i', true},
    {0x02E3, 'x', true},  {0x1D4F, 'k', true},  {0x1D50, 'm', true},  {0x2080, '0', false},
    {0x2081, '1', false}, {0x2082, '2', false}, {0x2083, '3', false}, {0x2084, '4', false},
    {0x2085, '5', false}, {0x2086, '6', false}, {0x2087, '7', false}, {0x2088, '8', false},
    {0x2089, '9', false}, {0x208A, '+', false}, {0x208B, '-', false}, {0x2099, 'n', false},
    {0x1D62, 'i', false}, {0x2C7C, 'j', false}, {0x2096, 'k', false}, {0x2098, 'm', false},
    {0x2093, 'x', false},
};

/* Commands that stand for a quantity. */
static const char *const names[] = {
    "alpha", "beta",     "gamma",     "delta",    "epsilon",   "varepsilon",  "zeta",    "eta",
    "theta", "vartheta", "iota",      "kappa",    "lambda",    "mu",          "nu",      "xi",
    "rho",   "sigma",    "tau",       "upsilon",  "phi",       "varphi",      "chi",     "psi",
    "omega", "Gamma",    "Delta",     "Theta",    "Lambda",    "Xi",          "Pi",      "Sigma",
    "Phi",   "Psi",      "Omega",     "ell",      "triangle",  "angle",       "partial", "nabla",
    "hbar",  "square",   "heartsuit", "clubsuit", "spadesuit", "diamondsuit", "star"};

static const char *const text_commands[] = {
    "text",   "textbf",    "textit", "textrm",     "textsf",  "texttt",     "textnormal",   "mbox",
    "mathrm", "mathbf",    "mathit", "mathsf",     "mathcal", "mathbb",     "operatorname", "hbox",
    "emph",   "underline", "bm",     "boldsymbol", "mathtt",  "mathnormal", "textup",       "textsl"};

/* ---- looking up ---- */

static bool named(const char *text, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(text, name, n) == 0;
}

static bool listed(const char *text, size_t n, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (named(text, n, list[i]))
            return true;
    return false;
}

static const struct spelling *spelling_find(const struct spelling *table, size_t count, const char *text,
                                            size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (named(text, n, table[i].from))
            return &table[i];
    return NULL;
}

const struct spelling *spelling_of_command(const char *name, size_t n)
{
    return spelling_find(commands, sizeof commands / sizeof *commands, name, n);
}

const struct spelling *spelling_of_word(const char *word, size_t n)
{
    return spelling_find(words, sizeof words / sizeof *words, word, n);
}

const struct spelling *spelling_of_sign(uint32_t code)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].code == code)
            return &signs[i].as;
    return NULL;
}

char spelling_of_script(uint32_t code, bool *above)
{
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        if (scripts[i].code != code)
            continue;
        *above = scripts[i].above;
        return scripts[i].as;
    }
    return '\0';
}

bool spelling_is_name(const char *name, size_t n)
{
    return listed(name, n, names, sizeof names / sizeof *names);
}

bool spelling_is_text(const char *name, size_t n)
{
    return listed(name, n, text_commands, sizeof text_commands / sizeof *text_commands);
}
