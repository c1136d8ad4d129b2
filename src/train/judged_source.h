/* judged_source.h - labelled solutions as training documents for a verifier.
 *
 * A document is a question and a solution as the verifier's profile reads them, with a soft target at every
 * tag that has a label. All are encoded once and kept; every epoch goes through them in an order of its own.
 *
 * Labels are exact, true or false (a file of labelled samples), or the share of rollouts from behind the step
 * that ended right (a store that `ponder label` filled). */
#ifndef TRAIN_JUDGED_SOURCE_H
#define TRAIN_JUDGED_SOURCE_H

#include "train/example.h"
#include "verifier/profile.h"

enum judged_labels {
    JUDGED_STEPS, /* as they are */
    JUDGED_ANY,   /* 1 where a step's is over 0: a rollout from behind it ended right */
    JUDGED_ANSWER /* of every tag, whether the answer is right */
};

struct judged_options {
    const struct verifier_profile *profile; /* of an outcome verifier the last tag alone has a label */
    const struct tokenizer *tokenizer;
    enum judged_labels labels;
    double heldout;    /* share of questions that go to the other side */
    double lm_share;   /* share of documents whose solution's text is learnt too */
    int per_question;  /* different solutions of one question at most */
    int64_t questions; /* those behind are left out; 0: all are taken */
    int tokens_max;    /* longer documents are left out */
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
    int64_t questions, left_out; /* solutions without labels, or longer than tokens_max */
    uint64_t hash;               /* of all that was taken */
    struct judged_options options;
    struct verifier_input input; /* of the solution being read */
};

struct judged_text {
    const char *text;
    const float *labels; /* (lines) probabilities that the answer can be reached; NULL: not known */
    int lines;
    bool right; /* the answer is */
};

/* The options' pointers are borrowed for as long as the source lives. Release in any case. */
void judged_source_init(struct judged_source *source, const struct judged_options *options);
/* A question with its solutions; of equal ones the first is taken. Nothing is borrowed. */
int judged_source_add(struct judged_source *source, const char *problem, const struct judged_text *texts,
                      int64_t count, struct ponder_err *err) PONDER_USE;
void judged_source_release(struct judged_source *source);

/* judged_read.c: all of a JSONL file (task/labelled.h), or of a run of a store; `run` 0: the only one whose
 * steps have labels, where the verifier is one of outcomes the only one at all. Holding no solution to train
 * on is PONDER_E_FORMAT. */
int judged_read_samples(struct judged_source *source, const char *path, struct ponder_err *err) PONDER_USE;
int judged_read_store(struct judged_source *source, const char *path, int64_t run,
                      struct ponder_err *err) PONDER_USE;

/* For struct train_source; `data` is a struct judged_side. */
int judged_source_document(void *data, uint64_t index, struct example *out, struct ponder_err *err);

#endif
