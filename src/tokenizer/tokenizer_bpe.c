/* tokenizer_bpe.c - the rule of `gpt2`: byte-level BPE.
 *
 * Text is cut into pieces (tokenizer_split.c); a piece begins as its bytes, one token each, and the pair of
 * neighbours that comes first in the list of merges is merged until none is in it (Sennrich et al. 2016).
 * Files spell bytes in an alphabet of printable characters, so that no token's text holds spaces or controls
 * (Radford et al. 2019). */
#include "tokenizer/tokenizer_impl.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/utf8.h"

/* Printable bytes of Latin-1 stand for themselves; the others, in order, for U+0100 and on. */
static bool is_printable(int byte)
{
    return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

int byte_spell(unsigned char byte, char out[2])
{
    int code = byte;
    if (!is_printable(byte)) {
        code = 256;
        for (int b = 0; b < byte; b++)
            code += !is_printable(b);
    }
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    out[0] = (char)(0xc0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3f));
    return 2;
}

/* The byte that character `code` spells, or -1. */
static int byte_of(uint32_t code)
{
    if (code < 256)
        return is_printable((int)code) ? (int)code : -1;
    uint32_t rest = code - 256;
    for (int b = 0; b < 256; b++)
        if (!is_printable(b) && rest-- == 0)
            return b;
    return -1;
}

long byte_unspell(const char *text, size_t len, char *out)
{
    long count = 0;
    for (size_t at = 0; at < len;) {
        uint32_t code;
        size_t n = utf8_decode(text + at, len - at, &code);
        int byte = n ? byte_of(code) : -1;
        if (byte < 0)
            return -1;
        out[count++] = (char)byte;
        at += n;
    }
    return count;
}

static uint32_t rank_slot(const struct tokenizer *tokenizer, int32_t left, int32_t right)
{
    uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    uint32_t slot = (uint32_t)(pair * 0x9e3779b97f4a7c15u >> 32) & tokenizer->rank_mask;
    for (;; slot = (slot + 1) & tokenizer->rank_mask) {
        uint32_t rank = tokenizer->ranks[slot];
        if (rank == 0)
            return slot;
        const struct merge *merge = &tokenizer->merges[rank - 1];
        if (merge->left == left && merge->right == right)
            return slot;
    }
}

long bpe_rank(const struct tokenizer *tokenizer, int32_t left, int32_t right)
{
    return (long)tokenizer->ranks[rank_slot(tokenizer, left, right)] - 1;
}

int tokenizer_index_merges(struct tokenizer *tokenizer, struct ponder_err *err)
{
    size_t slots = 16;
    while (slots < 2 * tokenizer->merge_count)
        slots *= 2;
    tokenizer->rank_mask = (uint32_t)(slots - 1);
    tokenizer->ranks = arena_array(&tokenizer->arena, slots, sizeof *tokenizer->ranks);
    if (!tokenizer->ranks)
        return err_memory(err, "the merges of a tokenizer");
    for (size_t i = 0; i < tokenizer->merge_count; i++) {
        uint32_t slot = rank_slot(tokenizer, tokenizer->merges[i].left, tokenizer->merges[i].right);
        if (tokenizer->ranks[slot] == 0)
            tokenizer->ranks[slot] = (uint32_t)i + 1;
    }
    return PONDER_OK;
}

static bool pair_by_rank(const struct tokenizer *tokenizer, const struct merge_work *work,
                         const struct merge_symbol *left, const struct merge_symbol *right,
                         struct merge_candidate *out)
{
    (void)work;
    long rank = bpe_rank(tokenizer, left->id, right->id);
    if (rank < 0)
        return false;
    out->priority = (double)-rank;
    out->id = tokenizer->merges[rank].id;
    return true;
}

struct bpe_state {
    const struct tokenizer *tokenizer;
    struct merge_work *work;
    struct tokenizer_ids *out;
    bool whole; /* SPLITTER_WHOLE */
};

/* The token that a piece is as a whole, or -1. */
static int32_t whole_token(const struct tokenizer *tokenizer, struct merge_work *work, const char *text,
                           size_t len)
{
    char spelt[2];
    if (len > tokenizer->text_len_max)
        return -1;
    buf_clear(&work->text);
    for (size_t i = 0; i < len; i++) {
        int n = byte_spell((unsigned char)text[i], spelt);
        if (buf_append(&work->text, spelt, (size_t)n))
            return -1;
    }
    return token_map_find(&tokenizer->plain, tokenizer->tokens, work->text.data, work->text.len);
}

static int push_byte(const struct tokenizer *tokenizer, struct merge_work *work, unsigned char byte,
                     size_t at, struct ponder_err *err)
{
    int32_t id = tokenizer->byte_id[byte] >= 0 ? tokenizer->byte_id[byte] : tokenizer->fallback;
    if (id < 0)
        return err_set(err, PONDER_E_UNSUPPORTED, "the tokenizer has no token for byte 0x%02x", byte);
    return merge_push(work, id, (uint32_t)at, 1) ? err_memory(err, "token ids") : PONDER_OK;
}

static int encode_piece(void *data, const char *text, size_t len, struct ponder_err *err)
{
    struct bpe_state *state = data;
    const struct tokenizer *tokenizer = state->tokenizer;
    struct merge_work *work = state->work;
    int32_t whole = state->whole ? whole_token(tokenizer, work, text, len) : -1;
    if (whole >= 0)
        return tokenizer_ids_push(state->out, whole) ? err_memory(err, "token ids") : PONDER_OK;
    work->symbol_count = 0;
    for (size_t i = 0; i < len; i++) {
        int status = push_byte(tokenizer, work, (unsigned char)text[i], i, err);
        if (status)
            return status;
    }
    int status = merge_run(work, tokenizer, pair_by_rank);
    for (int32_t at = 0; !status && at >= 0; at = work->symbols[at].next)
        status = tokenizer_ids_push(state->out, work->symbols[at].id);
    return status ? err_memory(err, "token ids") : PONDER_OK;
}

int bpe_encode(const struct tokenizer *tokenizer, struct merge_work *work, const char *text, size_t len,
               struct tokenizer_ids *out, struct ponder_err *err)
{
    bool whole = splitter_flags(tokenizer->splitter) & SPLITTER_WHOLE;
    struct bpe_state state = {tokenizer, work, out, whole};
    return splitter_run(tokenizer->splitter, text, len, encode_piece, &state, err);
}
