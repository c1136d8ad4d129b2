/* lex_unit.c - units of measure as they are written behind a number, letters that might be variables. */
#include <string.h>

#include "formula/lex.h"

/* Known by their letters, of either case as they stand. */
static const char *const units[] = {
    "m",   "g",   "s",   "l",  "L",   "h",   "J",   "N",  "W",   "V",    "A",   "K",   "C",   "F",   "T",
    "H",   "kg",  "km",  "cm", "mm",  "nm",  "mg",  "ms", "kJ",  "kW",   "mW",  "MW",  "mol", "rad", "Hz",
    "Pa",  "eV",  "mA",  "mV", "kV",  "mL",  "min", "hr", "ft",  "lb",   "kHz", "MHz", "GHz", "kPa", "MPa",
    "keV", "MeV", "GeV", "µm", "μm",  "Ω",   "kΩ",  "µs", "erg", "day",  "bar", "atm", "amu", "deg", "dB",
    "Gyr", "Myr", "yr",  "pc", "kpc", "Mpc", "AU",  "ly", "cal", "kcal", "BTU", "gal", "sec"};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool begins(const char *p, const char *end, const char *with)
{
    size_t n = strlen(with);
    return (size_t)(end - p) >= n && memcmp(p, with, n) == 0;
}

/* Past the longest unit at p; p where none is, or a letter follows. */
static const char *word_end(const char *p, const char *end)
{
    size_t longest = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (begins(p, end, units[i]) && strlen(units[i]) > longest)
            longest = strlen(units[i]);
    static const char *const joints[] = {"·", "⋅", "²", "³", "⁻", "¹"};
    const char *behind = p + longest;
    bool more = behind < end && is_letter(*behind);
    for (size_t i = 0; more && i < sizeof joints / sizeof *joints; i++)
        more = !begins(behind, end, joints[i]);
    return more ? p : behind;
}

/* Past "^2", "^{-1}", "²" and "⁻¹". */
static const char *power_end(const char *p, const char *end)
{
    static const char *const raised[] = {"⁻", "¹", "²", "³", "⁴"};
    const char *from = p;
    for (size_t i = 0; i < sizeof raised / sizeof *raised; i++)
        if (begins(p, end, raised[i])) {
            p += strlen(raised[i]);
            i = (size_t)-1;
        }
    if (p > from || p == end || *p != '^')
        return p;
    p++;
    bool braces = p < end && *p == '{';
    p += braces;
    p += p < end && *p == '-';
    const char *digit = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p > digit && (!braces || (p < end && *p == '}')) ? p + braces : from;
}

/* Past what joins one unit to the next, "/", "·" or a space. */
static const char *joint_end(const char *p, const char *end)
{
    static const char *const joints[] = {" / ", "/", " · ", "·", "⋅", "*", " per ", "\\cdot ", " "};
    for (size_t i = 0; i < sizeof joints / sizeof *joints; i++)
        if (begins(p, end, joints[i]))
            return p + strlen(joints[i]);
    return p;
}

size_t lex_unit(const char *text, const char *end)
{
    const char *p = text;
    for (bool open = false;;) {
        bool bracket = p > text && p < end && *p == '(';
        open |= bracket;
        const char *word = p + bracket, *behind = word_end(word, end);
        if (behind == word)
            return 0;
        p = power_end(behind, end);
        if (open && p < end && *p == ')')
            p++;

        const char *more = joint_end(p, end);
        if (more == p || more == end || (*p == ' ' && word_end(more, end) == more && *more != '('))
            return (size_t)(p - text);
        p = more;
    }
}
