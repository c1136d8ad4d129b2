#include "train/pocket_source.h"

#include <string.h>

#include "core/err.h"
#include "core/rng.h"

enum { BLOCK_DOCUMENTS = 2048 };

void pocket_source_release(struct pocket_source *source)
{
    ponder_pocket_free(source->pocket);
    source->pocket = NULL;
    tokenizer_ids_release(&source->ids);
}

static int next_text(struct pocket_source *source, const char **text, size_t *len, struct ponder_err *err)
{
    enum ponder_pocket_document kind;
    source->next_in_block++;
    return ponder_pocket_next_document(source->pocket, &source->mix, text, len, &kind, err);
}

/* Puts the generator in front of document `index`. */
static int seek(struct pocket_source *source, uint64_t index, struct ponder_err *err)
{
    uint64_t block = index / BLOCK_DOCUMENTS, in_block = index % BLOCK_DOCUMENTS;
    int status = PONDER_OK;
    if (!source->pocket || source->block != block || source->next_in_block > in_block) {
        ponder_pocket_free(source->pocket);
        source->pocket = NULL;
        status =
            ponder_pocket_new(&source->pocket, PONDER_POCKET_TRAIN, rng_key(source->key, block), false, err);
        source->block = block;
        source->next_in_block = 0;
    }
    const char *text;
    size_t len;
    while (!status && source->next_in_block < in_block)
        status = next_text(source, &text, &len, err);
    return status;
}

/* Appends as much of the tokens as the example still takes. */
static int add(struct example *out, const int32_t *ids, size_t count)
{
    size_t room = (size_t)(out->count_max - out->count);
    return example_add(out, ids, (int)(count < room ? count : room), true);
}

int pocket_source_document(void *data, uint64_t index, struct example *out, struct ponder_err *err)
{
    static const int32_t end_token = TOKENIZER_END;
    struct pocket_source *source = data;
    const char *text;
    size_t len;
    int status = seek(source, index, err);
    if (!status)
        status = next_text(source, &text, &len, err);
    while (!status && len) {
        const char *end = memchr(text, PONDER_POCKET_END, len);
        size_t n = end ? (size_t)(end - text) : len;
        source->ids.count = 0;
        status = tokenizer_encode(source->tokenizer, text, n, 0, &source->ids, err);
        if (!status && (add(out, source->ids.ids, source->ids.count) || (end && add(out, &end_token, 1))))
            status = err_memory(err, "a training document");
        n += end != NULL;
        text += n;
        len -= n;
    }
    return status;
}

int pocket_source_text(struct pocket_source *source, size_t bytes, struct buf *out, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (uint64_t index = 0; out->len < bytes && !status; index++) {
        const char *text;
        size_t len;
        status = seek(source, index, err);
        if (!status)
            status = next_text(source, &text, &len, err);
        if (!status && buf_append(out, text, len))
            status = err_memory(err, "text to learn a tokenizer from");
    }
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] == PONDER_POCKET_END)
            out->data[i] = '\n';
    return status;
}
