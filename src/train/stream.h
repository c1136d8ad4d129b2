/* stream.h - an endless stream of documents, cut into packs.
 *
 * A source makes document `index` of an endless sequence, as a pure function of the index. The stream walks
 * the indices and fills packs first-fit: a document that does not fit in what is left of a pack waits and is
 * the first to be tried in the next one, so no length is favoured and every document appears exactly once.
 * Where the stream stands is a few numbers (the next index and the indices that wait), which a checkpoint
 * keeps: the batches of a run depend on the source alone, not on interruptions. */
#ifndef TRAIN_STREAM_H
#define TRAIN_STREAM_H

#include "train/example.h"

struct train_source {
    /* Fills `out`, which is empty on entry, with document `index`. An empty one is left out. PONDER_E_LIMIT
     * where the document is longer than out->count_max: the stream leaves it out and counts it. */
    int (*document)(void *data, uint64_t index, struct example *out, struct ponder_err *err);
    void *data;
};

enum { STREAM_WAIT_MAX = 16 };

struct stream_state {
    uint64_t next;    /* index of the next document to ask for */
    uint64_t skipped; /* documents left out so far, empty or too long */
    int waiting;
    uint64_t wait_index[STREAM_WAIT_MAX]; /* oldest first */
};

struct stream {
    const struct train_source *source;
    struct stream_state state;
    struct example wait[STREAM_WAIT_MAX]; /* the documents of state.wait_index */
};

/* `length_max`: tokens of the longest document that is let through. The source must outlive the stream. */
void stream_init(struct stream *stream, const struct train_source *source, int length_max);
void stream_release(struct stream *stream);
/* Goes to where a stream over the same source stood. */
int stream_seek(struct stream *stream, const struct stream_state *state, struct ponder_err *err) PONDER_USE;
/* Clears `pack`, which has room for length_max rows or more, and fills it. */
int stream_fill(struct stream *stream, struct pack *pack, struct ponder_err *err) PONDER_USE;

#endif
