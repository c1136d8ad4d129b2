/* pocket_source.h - Pocket's training documents as a source of examples.
 *
 * The generator is a stream; a source answers by index. So documents come in blocks, each from a generator of
 * its own seeded by (key, block): going on in order costs nothing, going back costs one block. Every token of
 * a document is learnt, the end tokens behind its solutions included; what is longer than the context is cut.
 */
#ifndef TRAIN_POCKET_SOURCE_H
#define TRAIN_POCKET_SOURCE_H

#include "core/buf.h"
#include "tokenizer/tokenizer.h"
#include "ponder/task.h"
#include "train/stream.h"

struct pocket_source {
    uint64_t key;
    struct ponder_pocket_mix mix;
    const struct tokenizer *tokenizer; /* borrowed */
    struct ponder_pocket *pocket;      /* of the block */
    uint64_t block;
    uint64_t next_in_block; /* the document it yields next */
    struct tokenizer_ids ids;
};

/* Zeroed, then key, mix and tokenizer filled in, a pocket_source is ready. */
void pocket_source_release(struct pocket_source *source);
/* The struct train_source's function; `data` is a struct pocket_source. */
int pocket_source_document(void *data, uint64_t index, struct example *out, struct ponder_err *err);
/* Appends documents 0, 1, ... as text, a line end for each end token, until `out` has `bytes` bytes or more:
 * what a tokenizer is learnt from. */
int pocket_source_text(struct pocket_source *source, size_t bytes, struct buf *out,
                       struct ponder_err *err) PONDER_USE;

#endif
