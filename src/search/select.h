/* select.h - from candidates to one answer. */
#ifndef SEARCH_SELECT_H
#define SEARCH_SELECT_H

#include <stdint.h>

struct select_vote {
    int64_t first; /* the first candidate with this answer */
    int64_t count; /* candidates with it */
    int64_t best;  /* the one of highest log-probability; the first of equals */
};

/* Majority (self-consistency, Wang et al. 2022). `of[i]` is the class of candidate i's answer (classes.h); -1
 * does not vote. `logprobs` may be NULL. `votes` has room for n rows; sorted by
 * count, then by first seen, which is the tie rule. `vote_of` (n) may be NULL: row of each candidate, or -1.
 * Returns the rows. */
int64_t select_majority(const int64_t *of, const double *logprobs, int64_t n, struct select_vote *votes,
                        int64_t *vote_of);

/* The longest opening that many texts share, as text and how many share it. Asked of at least half of the
 * texts first, then of a quarter, and so on down to one, until there is such an opening of at least one
 * character; cut back to whole lines where it has one. Returns its length in bytes; *owner is a text that
 * begins with it. */
struct select_text {
    const char *text;
    int64_t len;
};
int64_t select_agreement(const struct select_text *texts, int64_t n, int64_t *owner, int64_t *agreeing);

#endif
