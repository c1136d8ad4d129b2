#include "formula/words.h"

#include <string.h>

static bool named(const char *text, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(text, name, n) == 0;
}

struct pair {
    const char *word, *digits;
};

static const struct pair numbers[] = {
    {"zero", "0"},     {"one", "1"},      {"two", "2"},        {"three", "3"},     {"four", "4"},
    {"five", "5"},     {"six", "6"},      {"seven", "7"},      {"eight", "8"},     {"nine", "9"},
    {"ten", "10"},     {"eleven", "11"},  {"twelve", "12"},    {"thirteen", "13"}, {"fourteen", "14"},
    {"fifteen", "15"}, {"sixteen", "16"}, {"seventeen", "17"}, {"eighteen", "18"}, {"nineteen", "19"},
    {"twenty", "20"},  {"thirty", "30"},  {"forty", "40"},     {"fifty", "50"},    {"sixty", "60"},
    {"seventy", "70"}, {"eighty", "80"},  {"ninety", "90"},
};

static const struct pair scales[] = {
    {"hundred", "100"},        {"thousand", "1000"},          {"million", "1000000"},
    {"billion", "1000000000"}, {"trillion", "1000000000000"}, {"dozen", "12"},
};

static const struct pair parts[] = {
    {"half", "2"},     {"halves", "2"}, {"third", "3"},   {"thirds", "3"},   {"quarter", "4"},
    {"quarters", "4"}, {"fourth", "4"}, {"fourths", "4"}, {"fifth", "5"},    {"fifths", "5"},
    {"sixth", "6"},    {"sixths", "6"}, {"seventh", "7"}, {"sevenths", "7"}, {"eighth", "8"},
    {"eighths", "8"},  {"ninth", "9"},  {"ninths", "9"},  {"tenth", "10"},   {"tenths", "10"},
};

static const char *words_find(const struct pair *pairs, size_t count, const char *text, size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (named(text, n, pairs[i].word))
            return pairs[i].digits;
    return NULL;
}

const char *words_number(const char *text, size_t n)
{
    return words_find(numbers, sizeof numbers / sizeof *numbers, text, n);
}

const char *words_scale(const char *text, size_t n)
{
    return words_find(scales, sizeof scales / sizeof *scales, text, n);
}

const char *words_part(const char *text, size_t n)
{
    return words_find(parts, sizeof parts / sizeof *parts, text, n);
}

/* ---- units ---- */

/* Spellings of one unit share a line; a plural "s" is taken off before the search. */
static const char *const units[] = {
    "mm millimeter millimetre",
    "cm centimeter centimetre",
    "m meter metre",
    "km kilometer kilometre kph kmh",
    "in inch inches",
    "ft foot feet",
    "yd yard",
    "mi mile mph",
    "mg milligram",
    "g gram",
    "kg kilogram",
    "lb pound",
    "oz ounce",
    "ton tonne",
    "ml milliliter millilitre",
    "l liter litre",
    "gallon gal",
    "quart",
    "pint",
    "cup",
    "second sec",
    "minute min",
    "hr hour",
    "day",
    "week",
    "month",
    "year yr",
    "dollar",
    "cent",
    "am",
    "pm",
    "degree",
    "percent",
    "radian rad",
    "celsius",
    "fahrenheit",
    "newton",
    "joule",
    "watt",
    "volt",
    "ampere amp",
    "kelvin",
    "pascal pa",
    "tesla",
    "hertz hz",
};

/* Letters that are units where nothing stands beside them; C and F may be two units each. */
static const struct pair unit_letters[] = {
    {"n", "newton"}, {"j", "joule"}, {"w", "watt"},   {"v", "volt"}, {"a", "ampere"},
    {"k", "kelvin"}, {"t", "tesla"}, {"s", "second"}, {"h", "hour"},
};

/* Units whose letters alone are too like variables to be taken for units behind a number. */
static const char *const not_short[] = {"m", "g", "l", "in", "cup", "day", "sec", "ton", "rad"};

static int unit_line(const char *text, size_t n)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        for (const char *p = units[i]; *p;) {
            size_t length = strcspn(p, " ");
            if (length == n && memcmp(p, text, n) == 0)
                return (int)i;
            p += length + (p[length] == ' ');
        }
    }
    return n > 2 && text[n - 1] == 's' ? unit_line(text, n - 1) : -1;
}

/* The first word that is a unit: of "square cm" the second. */
static int unit_of(const char *text)
{
    const char *letter =
        words_find(unit_letters, sizeof unit_letters / sizeof *unit_letters, text, strlen(text));
    text = letter ? letter : text;
    while (*text) {
        size_t n = strcspn(text, " ");
        bool inches = !named(text, n, "in") || !text[n]; /* "in total" */
        int line = unit_line(text, n);
        if (line >= 0 && inches)
            return line;
        text += n + (text[n] == ' ');
    }
    return -1;
}

/* The line of "s" in "m/s^2", from `text` to its power or the end. */
static int line_of_part(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    const char *letter = words_find(unit_letters, sizeof unit_letters / sizeof *unit_letters, text, n);
    return n == 0 ? -1 : letter ? unit_line(letter, strlen(letter)) : unit_line(text, n);
}

/* The power at the end of a unit: 2 of "m/s^2" and "m/s²". */
static int power_of(const char *text)
{
    return strstr(text, "²") || strchr(text, '2') ? 2 : strstr(text, "³") || strchr(text, '3') ? 3 : 1;
}

/* Whether two units with a slash each differ in a part or in the power of the last one. */
static bool rates_differ(const char *a, const char *b)
{
    const char *below_a = strchr(a, '/') + 1, *below_b = strchr(b, '/') + 1;
    int x = line_of_part(a), y = line_of_part(b), u = line_of_part(below_a), v = line_of_part(below_b);
    return (x >= 0 && y >= 0 && x != y) ||
           (u >= 0 && v >= 0 && (u != v || power_of(below_a) != power_of(below_b)));
}

bool words_units_differ(const char *a, const char *b)
{
    if (strchr(a, '/') && strchr(b, '/'))
        return rates_differ(a, b);
    int x = unit_of(a), y = unit_of(b), degree = unit_line("degree", 6);
    bool thermal = strcmp(a, "celsius") == 0 || strcmp(a, "fahrenheit") == 0 || strcmp(b, "celsius") == 0 ||
                   strcmp(b, "fahrenheit") == 0;
    if (thermal && (x == degree || y == degree)) /* "20^\circ" may be either */
        return false;
    return x >= 0 && y >= 0 && x != y;
}

bool words_is_short_unit(const char *letters, size_t n)
{
    char text[8];
    if (n >= sizeof text)
        return false;
    for (size_t i = 0; i < n; i++)
        text[i] = letters[i] >= 'A' && letters[i] <= 'Z' ? (char)(letters[i] - 'A' + 'a') : letters[i];
    for (size_t i = 0; i < sizeof not_short / sizeof *not_short; i++)
        if (named(text, n, not_short[i]))
            return false;
    return unit_line(text, n) >= 0;
}

/* ---- phrases ---- */

bool words_restrict(const char *text)
{
    static const char *const words[] = {"odd",      "even",      "prime",     "primes",   "composite",
                                        "if",       "when",      "where",     "unless",   "except",
                                        "such",     "not",       "power",     "powers",   "no",
                                        "multiple", "multiples", "otherwise", "divisible"};
    while (*text) {
        size_t n = strcspn(text, " ");
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (named(text, n, words[i]))
                return true;
        text += n + (text[n] == ' ');
    }
    return false;
}

enum phrase words_phrase(const char *text)
{
    static const struct {
        const char *words;
        enum phrase phrase;
    } phrases[] = {
        {"no solution", PHRASE_NO_SOLUTION},
        {"no solutions", PHRASE_NO_SOLUTION},
        {"no real solution", PHRASE_NO_SOLUTION},
        {"no real solutions", PHRASE_NO_SOLUTION},
        {"there is no solution", PHRASE_NO_SOLUTION},
        {"there are no solutions", PHRASE_NO_SOLUTION},
        {"none", PHRASE_NO_SOLUTION},
        {"empty set", PHRASE_NO_SOLUTION},
        {"all real numbers", PHRASE_ALL_REALS},
        {"all real number", PHRASE_ALL_REALS},
        {"all reals", PHRASE_ALL_REALS},
        {"real numbers", PHRASE_ALL_REALS},
        {"undefined", PHRASE_UNDEFINED},
        {"does not exist", PHRASE_UNDEFINED},
        {"dne", PHRASE_UNDEFINED},
    };
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (strcmp(phrases[i].words, text) == 0)
            return phrases[i].phrase;
    return PHRASE_NONE;
}
