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
static int source_add(struct example *out, const int32_t *ids, size_t count, bool learn)
{
    size_t room = (size_t)(out->count_max - out->count);
    return example_add(out, ids, (int)(count < room ? count : room), learn);
}

static bool mark_is(char c)
{
    return c == PONDER_POCKET_END || c == PONDER_POCKET_RIGHT || c == PONDER_POCKET_WRONG ||
           c == PONDER_POCKET_ATTEMPT;
}

/* The end of a text and the beginning of an attempt are learnt as any other token; at a tag the model learns
 * to judge. */
static int add_mark(struct example *out, char mark)
{
    static const int32_t end = TOKENIZER_END, attempt = TOKENIZER_ATTEMPT, tag = TOKENIZER_STEP;
    if (mark == PONDER_POCKET_END || mark == PONDER_POCKET_ATTEMPT)
        return source_add(out, mark == PONDER_POCKET_END ? &end : &attempt, 1, true);
    int status = source_add(out, &tag, 1, false);
    return status
               ? status
               : example_soft(out, TOKENIZER_GOOD, TOKENIZER_BAD, mark == PONDER_POCKET_RIGHT ? 1.0f : 0.0f);
}

/* Text between marks. Behind a tag the first token is nobody's target: the tag has its own. */
static int add_text(struct pocket_source *source, struct example *out, const char *text, size_t n,
                    bool behind_tag, struct ponder_err *err)
{
    source->ids.count = 0;
    int status = tokenizer_encode(source->tokenizer, text, n, 0, &source->ids, err);
    const int32_t *ids = source->ids.ids;
    size_t count = source->ids.count, first = behind_tag && count ? 1 : 0;
    if (!status && (source_add(out, ids, first, false) || source_add(out, ids + first, count - first, true)))
        status = err_memory(err, "a training document");
    return status;
}

int pocket_source_document(void *data, uint64_t index, struct example *out, struct ponder_err *err)
{
    struct pocket_source *source = data;
    const char *text;
    size_t len;
    char mark = 0;
    int status = seek(source, index, err);
    if (!status)
        status = next_text(source, &text, &len, err);
    while (!status && len) {
        size_t n = 0;
        while (n < len && !mark_is(text[n]))
            n++;
        if (n)
            status = add_text(source, out, text, n,
                              mark == PONDER_POCKET_RIGHT || mark == PONDER_POCKET_WRONG, err);
        mark = n < len ? text[n++] : 0;
        if (!status && mark && add_mark(out, mark))
            status = err_memory(err, "a training document");
        text += n;
        len -= n;
    }
    static const int32_t end = TOKENIZER_END;
    if (!status &&
        source_add(out, &end, 1, !mark)) /* a document that ends in a tag has its last target there */
        status = err_memory(err, "a training document");
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
        if (mark_is(out->data[i]))
            out->data[i] = '\n';
    return status;
}
