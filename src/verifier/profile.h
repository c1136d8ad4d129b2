/* profile.h - how a verifier that is a language model reads a solution and says what it thinks of it.
 *
 * Question and solution are put in a template; behind every step stands a tag, and the score there is the
 * two-way softmax of the logits of two tokens (Wang et al. 2024, "Math-Shepherd"). What the template, the tag
 * and the two tokens are is the verifier's profile, kept in its GGUF file under ponder.verifier.*. */
#ifndef VERIFIER_PROFILE_H
#define VERIFIER_PROFILE_H

#include <stdint.h>

#include "lm/gguf.h"
#include "lm/tokenizer.h"

enum verifier_aggregate { VERIFIER_LAST, VERIFIER_MIN, VERIFIER_PROD };

struct verifier_profile {
    char template[256]; /* with {question} in it; the first step follows */
    char separator[16]; /* between steps */
    int32_t tag, good, bad;
    enum verifier_aggregate aggregate; /* from step scores to a solution's */
};

/* Of the models made here. */
struct verifier_profile verifier_profile_own(void);
/* The keys of `file`; what has no key is as in verifier_profile_own(). Ids outside `vocab` are
 * PONDER_E_FORMAT. */
int verifier_profile_read(struct verifier_profile *out, const struct gguf_file *file, int vocab,
                          struct ponder_err *err) PONDER_USE;
void verifier_profile_put(const struct verifier_profile *profile, struct gguf_writer *writer);

/* "last", "min" or "prod". */
int verifier_aggregate_parse(const char *text, enum verifier_aggregate *out,
                             struct ponder_err *err) PONDER_USE;
/* One score of `n` step scores; 0 of none. */
double verifier_aggregate(enum verifier_aggregate how, const float *scores, int n);

/* A solution as the verifier reads it. */
struct verifier_input {
    struct tokenizer_ids ids;
    size_t prompt; /* of the ids: those before the first step */
    int *tags;     /* (steps) where the tags stand among the ids */
    int steps, cap;
};
/* Steps are what stands between separators. Replaces what `out` held. */
int verifier_encode(const struct verifier_profile *profile, const struct tokenizer *tokenizer,
                    const char *question, const char *solution, struct verifier_input *out,
                    struct ponder_err *err) PONDER_USE;
void verifier_input_release(struct verifier_input *input);

#endif
