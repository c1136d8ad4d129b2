/* scorer.h - a verifier at work over many solutions. What several of them begin with is read once. */
#ifndef VERIFIER_SCORER_H
#define VERIFIER_SCORER_H

#include <stdbool.h>

#include "lm/forward.h"
#include "verifier/verifier.h"

struct scorer;
struct scorer_options {
    int threads; /* 0: all cores */
    enum lm_precision precision;
    bool exact; /* in f32; the same calls give the same bits with any number of threads */
    size_t kv_bytes_max, weights_bytes_max; /* as in struct local_options */
    const struct verifier_profile *profile; /* NULL: the file's own */
};
/* Opens the GGUF file at `path`. */
int scorer_open(struct scorer **out, const char *path, const struct scorer_options *options,
                struct ponder_err *err) PONDER_USE;
void scorer_release(struct scorer *scorer);
const struct verifier_profile *scorer_profile(const struct scorer *scorer);
uint64_t scorer_hash(const struct scorer *scorer);  /* of the verifier's weights */
int64_t scorer_tokens(const struct scorer *scorer); /* computed so far */
double scorer_flops(const struct scorer *scorer);   /* as many as that took */
double scorer_reading_flops(const struct scorer *scorer, int64_t first, int64_t count);
/* As the `reading` of struct verifier_ops. */
void scorer_reading(struct scorer *scorer, const struct verifier_case *question,
                    struct verifier_reading *out);
size_t scorer_weights_bytes(const struct scorer *scorer); /* as local_weights_bytes() */

/* As the `score` of struct verifier_ops. What it reads of a case stays in its memory until it is forgotten; a
 * caller that does not need more of one forgets it. */
int scorer_run(struct scorer *scorer, struct verifier_item *items, int64_t count,
               const struct deadline *deadline, struct ponder_err *err) PONDER_USE;
void scorer_forget(struct scorer *scorer, struct verifier_case *question);

#endif
