/* judged_source.h - labelled solutions as training documents for a verifier.
 *
 * A document is a question and a solution as the verifier's profile reads them, with a soft target at every
 * tag. All are encoded once and kept; every epoch goes through them in an order of its own. */
#ifndef TRAIN_JUDGED_SOURCE_H
#define TRAIN_JUDGED_SOURCE_H

#include "train/example.h"
#include "verifier/profile.h"

struct judged_options {
    const struct verifier_profile *profile;
    const struct tokenizer *tokenizer;
    bool by_answer;   /* every tag is labelled with the answer's correctness instead of its own step's */
    double heldout;   /* share of questions that go to the other side */
    double lm_share;  /* share of documents whose solution's text is learnt too */
    int per_question; /* different solutions of one question at most */
    int tokens_max;   /* longer documents are left out */
    uint64_t seed;
};

struct judged_side { /* what is trained on, or what is held out */
    struct judged_document *documents;
    int64_t count, cap;
    uint64_t tokens;
    uint32_t *order; /* (count) of epoch `epoch` */
    int64_t epoch;
    uint64_t key;
    double lm_share;
    const struct verifier_profile *profile;
};

struct judged_source {
    struct judged_side train, heldout;
    int64_t questions, left_out; /* solutions that are longer than tokens_max */
    uint64_t hash;               /* of all that was read */
};

int judged_source_read(struct judged_source *out, const char *path, const struct judged_options *options,
                       struct ponder_err *err) PONDER_USE;
void judged_source_release(struct judged_source *source);

/* For struct train_source; `data` is a struct judged_side. */
int judged_source_document(void *data, uint64_t index, struct example *out, struct ponder_err *err);

#endif
