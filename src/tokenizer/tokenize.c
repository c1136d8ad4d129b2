/* tokenize.c - the tokenizer of a GGUF file for programs. */
#include <stdlib.h>

#include "core/buf.h"
#include "core/err.h"
#include "tokenizer/tokenizer.h"
#include "ponder/model.h"

struct ponder_tokenizer {
    struct tokenizer *tokenizer;
    char *remark;
};

int ponder_tokenizer_open(struct ponder_tokenizer **out, const char *path, struct ponder_err *err)
{
    *out = NULL;
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    struct ponder_tokenizer *opened = calloc(1, sizeof *opened);
    status = opened ? tokenizer_open(&opened->tokenizer, file, err) : err_memory(err, "a tokenizer");
    gguf_release(file);
    if (!status)
        status = tokenizer_remark(opened->tokenizer, path, &opened->remark, err);
    if (status)
        ponder_tokenizer_release(opened);
    else
        *out = opened;
    return status;
}

void ponder_tokenizer_release(struct ponder_tokenizer *tokenizer)
{
    if (!tokenizer)
        return;
    tokenizer_release(tokenizer->tokenizer);
    free(tokenizer->remark);
    free(tokenizer);
}

const char *ponder_tokenizer_remark(const struct ponder_tokenizer *tokenizer)
{
    return tokenizer->remark;
}

int ponder_tokenize(const struct ponder_tokenizer *tokenizer, const char *text, size_t len, unsigned flags,
                    struct ponder_tokens *out, struct ponder_err *err)
{
    unsigned inner = (flags & PONDER_TOKENIZE_BOS ? TOKENIZER_ADD_BOS : 0u) |
                     (flags & PONDER_TOKENIZE_SPECIAL ? TOKENIZER_SPECIAL : 0u);
    struct tokenizer_ids ids = {0};
    int status = tokenizer_encode(tokenizer->tokenizer, text, len, inner, &ids, err);
    if (status) {
        tokenizer_ids_release(&ids);
        ids = (struct tokenizer_ids){0};
    }
    *out = (struct ponder_tokens){ids.ids, ids.count};
    return status;
}

int ponder_detokenize(const struct ponder_tokenizer *tokenizer, const int32_t *ids, size_t count, char **text,
                      size_t *len, struct ponder_err *err)
{
    *text = NULL;
    int size = tokenizer_size(tokenizer->tokenizer);
    for (size_t i = 0; i < count; i++)
        if (ids[i] < 0 || ids[i] >= size)
            return err_set(err, PONDER_E_ARGUMENT, "token %zu is %d; this vocabulary has ids 0 to %d", i,
                           ids[i], size - 1);
    struct buf out = BUF_INIT(SIZE_MAX / 2);
    int status = tokenizer_decode(tokenizer->tokenizer, ids, count, &out, err);
    if (!status && !(*text = buf_take(&out, len)))
        status = err_memory(err, "a text");
    buf_release(&out);
    return status;
}
