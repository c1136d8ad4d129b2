/* tokenizer_spm.c - the rule of `llama`: SentencePiece's BPE by scores, as llama.cpp runs it.
 *
 * Spaces become U+2581, one is put in front where the file wants it, and the text begins as its characters.
 * The pair of neighbours whose union is the token of the highest score is merged until no union is a token. A
 * character that is no token is written as its bytes, <0xNN> each. A U+2581 in the text itself is written as
 * bytes too (llama.cpp would read it as a space), so that every text comes back as it was. */
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

#include "core/err.h"
#include "core/utf8.h"

enum { MARK_BYTES = sizeof TOKENIZER_MARK - 1 };

static int push_character(const struct tokenizer *tokenizer, struct merge_work *work, const char *text,
                          size_t len)
{
    bool own_mark = len == MARK_BYTES && !memcmp(text, TOKENIZER_MARK, MARK_BYTES);
    if (*text == ' ') {
        text = TOKENIZER_MARK;
        len = MARK_BYTES;
    }
    int32_t id = own_mark ? MERGE_FIXED : token_map_find(&tokenizer->plain, tokenizer->tokens, text, len);
    size_t start = work->text.len;
    int status = buf_append(&work->text, text, len);
    return status ? status : merge_push(work, id, (uint32_t)start, (uint32_t)len);
}

static bool pair_by_score(const struct tokenizer *tokenizer, const struct merge_work *work,
                          const struct merge_symbol *left, const struct merge_symbol *right,
                          struct merge_candidate *out)
{
    (void)right; /* it follows `left` in the text, too */
    if (out->len > tokenizer->text_len_max)
        return false;
    out->id = token_map_find(&tokenizer->plain, tokenizer->tokens, work->text.data + left->start, out->len);
    if (out->id < 0)
        return false;
    out->priority = (double)tokenizer->tokens[out->id].score;
    return true;
}

/* A symbol that is no token, as the bytes of the text that it came from; a vocabulary without them may have
 * an unknown token. */
static int push_bytes(const struct tokenizer *tokenizer, const char *text, const struct merge_symbol *symbol,
                      struct tokenizer_ids *out, struct ponder_err *err)
{
    text += symbol->start;
    size_t len = symbol->len;
    if (symbol->id != MERGE_FIXED && len == MARK_BYTES && !memcmp(text, TOKENIZER_MARK, MARK_BYTES)) {
        text = " ";
        len = 1;
    }
    size_t before = out->count;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        int32_t id = tokenizer->byte_id[byte];
        if (id < 0 && tokenizer->fallback < 0)
            return err_set(err, PONDER_E_UNSUPPORTED, "the tokenizer has no token for byte 0x%02x", byte);
        if (id < 0)
            out->count = before; /* once for the whole symbol */
        if (tokenizer_ids_push(out, id < 0 ? tokenizer->fallback : id))
            return err_memory(err, "token ids");
        if (id < 0)
            break;
    }
    return PONDER_OK;
}

int spm_encode(const struct tokenizer *tokenizer, struct merge_work *work, const char *text, size_t len,
               unsigned flags, struct tokenizer_ids *out, struct ponder_err *err)
{
    int status = PONDER_OK;
    work->symbol_count = 0;
    buf_clear(&work->text);
    if (tokenizer->add_space_prefix && !(flags & TOKENIZER_CONTINUE))
        status = push_character(tokenizer, work, " ", 1);
    for (size_t at = 0; !status && at < len;) {
        uint32_t code;
        size_t n = utf8_decode(text + at, len - at, &code);
        size_t step = n ? n : 1; /* a stray byte stands alone */
        status = push_character(tokenizer, work, text + at, step);
        at += step;
    }
    if (!status)
        status = merge_run(work, tokenizer, pair_by_score);
    if (status)
        return err_memory(err, "the characters of a text");
    for (int32_t at = work->symbol_count ? 0 : -1; !status && at >= 0; at = work->symbols[at].next) {
        const struct merge_symbol *symbol = &work->symbols[at];
        if (symbol->id < 0)
            status = push_bytes(tokenizer, work->text.data, symbol, out, err);
        else if (tokenizer_ids_push(out, symbol->id))
            status = err_memory(err, "token ids");
    }
    return status;
}
