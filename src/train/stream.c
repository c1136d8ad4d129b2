#include "train/stream.h"

#include <inttypes.h>
#include <string.h>

#include "core/err.h"

enum {
    SKIP_RUN_MAX = 10000, /* documents left out in a row before the source is called unusable */
    ROWS_LEFT_MIN = 8,    /* a pack with fewer rows left is full: no document is that short */
};

void stream_init(struct stream *stream, const struct train_source *source, int length_max)
{
    *stream = (struct stream){.source = source};
    for (int i = 0; i < STREAM_WAIT_MAX; i++)
        stream->wait[i] = EXAMPLE_INIT(length_max);
}

void stream_release(struct stream *stream)
{
    for (int i = 0; i < STREAM_WAIT_MAX; i++)
        example_release(&stream->wait[i]);
}

int stream_seek(struct stream *stream, const struct stream_state *state, struct ponder_err *err)
{
    if (state->waiting < 0 || state->waiting > STREAM_WAIT_MAX)
        return err_set(err, PONDER_E_FORMAT, "%d waiting documents; at most %d can be", state->waiting,
                       STREAM_WAIT_MAX);
    stream->state = *state;
    for (int i = 0; i < state->waiting; i++) {
        example_clear(&stream->wait[i]);
        int status =
            stream->source->document(stream->source->data, state->wait_index[i], &stream->wait[i], err);
        if (status)
            return status;
    }
    return PONDER_OK;
}

/* Drops waiting document `at`; its memory moves to the end of the queue. */
static void unwait(struct stream *stream, int at)
{
    struct stream_state *state = &stream->state;
    struct example freed = stream->wait[at];
    int behind = --state->waiting - at;
    memmove(&stream->wait[at], &stream->wait[at + 1], (size_t)behind * sizeof stream->wait[0]);
    memmove(&state->wait_index[at], &state->wait_index[at + 1], (size_t)behind * sizeof state->wait_index[0]);
    stream->wait[state->waiting] = freed;
}

/* Puts the next usable document at the end of the queue, which has room. */
static int stream_draw(struct stream *stream, struct ponder_err *err)
{
    struct stream_state *state = &stream->state;
    struct example *example = &stream->wait[state->waiting];
    for (int skipped = 0; skipped < SKIP_RUN_MAX; skipped++) {
        uint64_t index = state->next++;
        example_clear(example);
        int status = stream->source->document(stream->source->data, index, example, err);
        if (status && status != PONDER_E_LIMIT)
            return status;
        if (!status && example->count > 0) {
            state->wait_index[state->waiting++] = index;
            return PONDER_OK;
        }
        state->skipped++;
    }
    return err_set(
        err, PONDER_E_LIMIT,
        "%d training documents in a row are empty or longer than %d tokens; a longer context is needed",
        SKIP_RUN_MAX, example->count_max);
}

int stream_fill(struct stream *stream, struct pack *pack, struct ponder_err *err)
{
    pack_clear(pack);
    for (int i = 0; i < stream->state.waiting;) {
        if (pack_add(pack, &stream->wait[i]))
            unwait(stream, i);
        else
            i++;
    }
    while (stream->state.waiting < STREAM_WAIT_MAX && pack->rows_max - pack->rows >= ROWS_LEFT_MIN) {
        int status = stream_draw(stream, err);
        if (status)
            return status;
        if (pack_add(pack, &stream->wait[stream->state.waiting - 1]))
            unwait(stream, stream->state.waiting - 1);
    }
    return PONDER_OK;
}
