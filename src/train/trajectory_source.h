/* trajectory_source.h - attempts at a question, wrong ones and then a right one, as training documents for a
 * model that revises (Snell et al. 2024, section 6.1 and appendix L).
 *
 * For each different right solution of a question that was sampled a document: what a chain begins with, up
 * to so many wrong solutions, the last of them the one nearest to the right one by edit distance, the others
 * drawn at random, and the right one, whose text and end alone are learnt. How many stand before it is drawn
 * evenly from 0 to the most, cut to those that there are. In a share of the documents the last attempt shown
 * is a right one too, so that what is right stays right; in another share there is the question's own prompt
 * and the right solution, so that the model still solves. */
#ifndef TRAIN_TRAJECTORY_SOURCE_H
#define TRAIN_TRAJECTORY_SOURCE_H

#include "prompt/revision.h"
#include "train/example.h"

struct trajectory_options {
    const struct tokenizer *tokenizer;
    const struct revision_template *revision;
    const struct prompt_template *plain; /* by which it solves without attempts */
    int wrong_max;                       /* attempts shown at most */
    double kept_share;                   /* of documents whose last attempt shown is right */
    double plain_share;                  /* of documents without attempts behind the plain prompt */
    double heldout;                      /* share of questions that go to the other side */
    int per_question;                    /* right solutions of one question at most */
    int64_t questions;                   /* those behind are left out; 0: all are taken */
    int tokens_max;                      /* older attempts are left out until a document has no more */
    uint64_t seed;
};

struct trajectory_side {
    struct trajectory *documents; /* (count) */
    int64_t count, cap;
    uint64_t tokens;
    uint64_t key;
};

struct trajectory_source {
    struct trajectory_side train, heldout;
    int64_t questions, without; /* without a right solution */
    uint64_t hash;              /* of all that was taken */
    struct trajectory_options options;
};

struct trajectory_text {
    const char *text;
    bool right;
};

/* The options' pointers are borrowed for as long as the source lives. Release in any case. */
void trajectory_source_init(struct trajectory_source *source, const struct trajectory_options *options);
/* A question with its solutions; of equal ones the first is taken. Nothing is borrowed. */
int trajectory_source_add(struct trajectory_source *source, const char *problem,
                          const struct trajectory_text *texts, int64_t count,
                          struct ponder_err *err) PONDER_USE;
void trajectory_source_release(struct trajectory_source *source);

/* All of a run of sampled solutions of a store; `run` 0: the only one. PONDER_E_FORMAT where it holds none
 * that is right. */
int trajectory_read_store(struct trajectory_source *source, const char *path, int64_t run,
                          struct ponder_err *err) PONDER_USE;

/* For struct train_source; `data` is a struct trajectory_side. Every epoch has the documents in an order of
 * its own. */
int trajectory_document(void *data, uint64_t index, struct example *out, struct ponder_err *err);

/* Changes of single bytes from one text to another; at most `most`, where it stops. */
int64_t edit_distance(const char *a, const char *b, int64_t most);

#endif
