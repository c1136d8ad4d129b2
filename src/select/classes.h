/* classes.h - the answers of a question's samples, the same ones put together.
 *
 * Equality of answers (answer_equal) is not transitive: 0.333 and 0.3333 are both 1/3, and not each other. A
 * class is what equals its first answer, which stands for it, and every answer joins the first class it
 * fits; with the answers in another order the classes may be others. */
#ifndef SELECT_CLASSES_H
#define SELECT_CLASSES_H

#include <stdbool.h>
#include <stdint.h>

#include "ponder/status.h"

/* Comparisons by value for the answers of one question; past them only what is the same text is the same, so
 * that no set of answers takes unbounded time. 724 answers that all differ come to as many. */
enum { CLASSES_COMPARISONS_MAX = 1 << 18 };

struct classes {
    int64_t n;      /* samples */
    int64_t *of;    /* (n) class of each; -1: it has no answer */
    int64_t count;  /* of classes, numbered as they are first seen */
    int64_t *first; /* (count) the sample whose answer stands for the class */
    int64_t *size;  /* (count) */
    bool *right;    /* (count) */
};

/* `answers[i]` is the answer of sample i, NULL for none, and `gold` the right one, NULL where it is not
 * known: then no class is right. Several may be. Release `out` in any case; PONDER_E_MEMORY. */
int classes_fill(struct classes *out, const char *const *answers, int64_t n, const char *gold) PONDER_USE;
void classes_release(struct classes *classes);

/* Whether sample i has a right answer; how many have one, and how many have any. */
bool classes_is_right(const struct classes *classes, int64_t i);
int64_t classes_right_count(const struct classes *classes);
int64_t classes_answered_count(const struct classes *classes);

#endif
