/* clusters.h - the answers of a question's samples, the same ones put together.
 *
 * Equality of answers (answer_equal) is not transitive: 0.333 and 0.3333 are both 1/3, and not each other. A
 * cluster is what equals its first answer, which stands for it, and every answer joins the first cluster it
 * fits; with the answers in another order the clusters may be others. */
#ifndef SELECT_CLUSTERS_H
#define SELECT_CLUSTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "ponder/status.h"

/* Comparisons by value for the answers of one question; past them only what is the same text is the same, so
 * that no set of answers takes unbounded time. 724 answers that all differ come to as many. */
enum { CLUSTERS_COMPARISONS_MAX = 1 << 18 };

struct clusters {
    int64_t n;      /* samples */
    int64_t *of;    /* (n) cluster of each; -1: it has no answer */
    int64_t count;  /* of clusters, numbered as they are first seen */
    int64_t *first; /* (count) the sample whose answer stands for the cluster */
    int64_t *size;  /* (count) */
    bool *right;    /* (count) */
};

/* `answers[i]` is the answer of sample i, NULL for none, and `gold` the right one, NULL where it is not
 * known: then no cluster is right. Several may be. Release `out` in any case; PONDER_E_MEMORY. */
int clusters_fill(struct clusters *out, const char *const *answers, int64_t n, const char *gold) PONDER_USE;
void clusters_release(struct clusters *clusters);

/* Whether sample i has a right answer; how many have one, and how many have any. */
bool clusters_is_right(const struct clusters *clusters, int64_t i);
int64_t clusters_right_count(const struct clusters *clusters);
int64_t clusters_answered_count(const struct clusters *clusters);

#endif
