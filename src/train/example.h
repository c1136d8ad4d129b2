/* example.h - what a model is trained on, and how examples share a batch.
 *
 * An example is one document: tokens and, per position, what the model is trained to say there: nothing, the
 * token that follows, or a soft choice between two tokens (struct lm_target of lm/forward.h). Base models
 * learn every token of a document; fine-tuned ones may learn only the solution; verifiers learn a soft target
 * at each tag.
 *
 * A pack is a batch of whole examples, one behind the other. Rows see only rows of their own example and
 * positions begin at 0 in each, so sharing a batch changes nothing but speed. Rotary positions enter
 * attention as differences only, so shifting a short example to a late position would teach nothing: late
 * positions are learnt from examples that are really that long. */
#ifndef TRAIN_EXAMPLE_H
#define TRAIN_EXAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "lm/forward.h"

struct example {
    int32_t *tokens;           /* (count) */
    struct lm_target *targets; /* (count) targets[i] is what the logits of row i are trained towards */
    int count;
    int64_t cap;
    int count_max; /* `count` never passes this */
};

#define EXAMPLE_INIT(max) ((struct example){.count_max = (max)})

/* Appends `n` tokens. With `learn`, each is the target of the position before it (the first token of an
 * example is nobody's target). PONDER_E_LIMIT past count_max: nothing was appended then. */
int example_add(struct example *example, const int32_t *tokens, int n, bool learn) PONDER_USE;
/* At the last position: say `good` with probability `p`, among `good` and `bad` only. Replaced when a token
 * to learn is appended, kept when one that is not is. */
int example_soft(struct example *example, int32_t good, int32_t bad, float p) PONDER_USE;
int example_copy(struct example *to, const struct example *from) PONDER_USE;
void example_clear(struct example *example); /* forgets the tokens, keeps the memory */
void example_release(struct example *example);

struct pack {
    int rows, rows_max;
    int32_t *tokens;           /* (rows) */
    int32_t *positions;        /* (rows) from 0 in each example */
    struct lm_target *targets; /* (rows) */
    int32_t *doc_start;        /* (docs + 1) */
    int docs;
    int target_count; /* rows that have a target */
    double key_count; /* sum over rows of the rows each one sees, itself included */
};

int pack_init(struct pack *pack, int rows_max, struct ponder_err *err) PONDER_USE;
void pack_release(struct pack *pack);
void pack_clear(struct pack *pack);
/* Adds the whole example, or nothing and says false where it does not fit in what is left. */
bool pack_add(struct pack *pack, const struct example *example);
/* The batch, every row with logits; it borrows from the pack. */
struct lm_batch pack_batch(const struct pack *pack);

#endif
