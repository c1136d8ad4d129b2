/* pocket_claim.h - reading a claim like "3*4+1=13", "5*8=40=1 mod 13", "2/7<2/5" or "3x=20-5=15".
 *
 * A recursive-descent reader over exact fractions; every operation is checked for overflow. */
#ifndef TASK_POCKET_CLAIM_H
#define TASK_POCKET_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

/* Lowest terms, den > 0. */
struct rational {
    int64_t num, den;
};

enum { CLAIM_PARTS_MAX = 6, CLAIM_NUMBERS_MAX = 32 };

struct claim {
    int parts;
    struct rational
        part[CLAIM_PARTS_MAX];         /* the parts between the signs; modulo `modulus` where there is one */
    char sign[CLAIM_PARTS_MAX];        /* '=' or '<' behind part i */
    int64_t modulus;                   /* 0: none */
    int64_t number[CLAIM_NUMBERS_MAX]; /* every number in it, as written, without signs */
    int numbers, first_numbers;        /* in all, and in the first part */
    bool holds;                        /* every relation is true, and a remainder is below its modulus */
    bool uses_x;
};

struct rational rational_of(int64_t value);
bool rational_equal(struct rational a, struct rational b);
bool rational_int(struct rational a, int64_t value);

/* Reads one expression at *text with x standing for `x` and leaves *text behind it. False where there is
 * none, or a number grows out of range. */
bool expression_read(const char **text, struct rational x, struct rational *value);
/* The value of a whole text; false where it is anything but one expression. */
bool expression_value(const char *text, int64_t x, struct rational *value);

/* Reads one claim at *text and leaves *text behind it. NULL, or a constant string that says why it cannot be
 * read; *text is then where. */
const char *claim_read(const char **text, struct rational x, struct claim *claim);

#endif
