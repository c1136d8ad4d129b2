/* scorer.h - a verifier at work over many solutions. What several of them begin with is read once. */
#ifndef VERIFIER_SCORER_H
#define VERIFIER_SCORER_H

#include <stdbool.h>

#include "lm/forward.h"
#include "verifier/profile.h"

struct scorer;
struct scorer_options {
    int threads; /* 0: all cores */
    enum lm_precision precision;
    bool exact; /* in f32; the same calls give the same bits with any number of threads */
};
/* Opens the GGUF file at `path`. */
int scorer_open(struct scorer **out, const char *path, const struct scorer_options *options,
                struct ponder_err *err) PONDER_USE;
void scorer_release(struct scorer *scorer);
const struct verifier_profile *scorer_profile(const struct scorer *scorer);
uint64_t scorer_hash(const struct scorer *scorer);  /* of the verifier's weights */
int64_t scorer_tokens(const struct scorer *scorer); /* computed so far */
double scorer_flops(const struct scorer *scorer);   /* as many as that took */

struct scorer_item {
    const char *question, *solution;
    float *scores; /* (steps_max) filled: the probability of good behind each step */
    int steps_max;
    int steps;  /* filled; what does not fit the context or steps_max has no score */
    bool whole; /* filled: every step has a score, and there is one */
};
int scorer_run(struct scorer *scorer, struct scorer_item *items, int64_t count,
               struct ponder_err *err) PONDER_USE;

#endif
