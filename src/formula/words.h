/* words.h - words that mean something: numbers, scales, units, and phrases that say the same. */
#ifndef FORMULA_WORDS_H
#define FORMULA_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* All take words in lower case. */

/* The digits of the number that the first `n` bytes name: "twelve" is "12"; NULL where they name none. */
const char *words_number(const char *text, size_t n);
/* The same of what multiplies the number before it: "million" is "1000000". */
const char *words_scale(const char *text, size_t n);
/* The same of the nth part: "third" and "thirds" are "3". */
const char *words_part(const char *text, size_t n);
/* Whether both are units of measure, known and not the same: "cm" and "meters", "am" and "pm". */
bool words_units_differ(const char *a, const char *b);
/* Whether a run of letters, of either case, is a unit that is written right behind its number: "cm". */
bool words_is_short_unit(const char *letters, size_t n);

/* Whether words say which numbers are meant, and are no unit: "odd", "where". */
bool words_restrict(const char *text);

enum phrase { PHRASE_NONE, PHRASE_NO_SOLUTION, PHRASE_ALL_REALS, PHRASE_UNDEFINED };

/* "no real solutions", "all real numbers", "does not exist" and their like. */
enum phrase words_phrase(const char *text);

#endif
