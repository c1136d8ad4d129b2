/* tokenizer_encode.c - text to ids.
 *
 * Special tokens are found first, leftmost and then longest, and cut the text; what lies between is encoded
 * by the rule of the kind. User-defined tokens are found in any text, control tokens only on request. */
#include "tokenizer/tokenizer_impl.h"

#include <stdlib.h>

#include "core/err.h"

/* Keeps all offsets in 32 bits and the memory for merging (about 100 bytes per byte of text) bounded. */
static const size_t text_bytes_max = (size_t)64 << 20;

int32_t special_match(const struct tokenizer *tokenizer, const char *text, size_t *len, size_t own)
{
    if (*len == 0 || !tokenizer->special_first[(unsigned char)*text])
        return -1;
    for (int i = 0; i < tokenizer->special_len_count; i++) {
        size_t n = tokenizer->special_lens[i];
        if (n > *len)
            continue;
        int32_t id = token_map_find(&tokenizer->special, tokenizer->tokens, text, n);
        if (id >= 0 && (tokenizer->tokens[id].type == TOKEN_USER || n <= own)) {
            *len = n;
            return id;
        }
    }
    return -1;
}

static int encode_plain(const struct tokenizer *tokenizer, struct merge_work *work, const char *text,
                        size_t len, unsigned flags, struct tokenizer_ids *out, struct ponder_err *err)
{
    if (len == 0)
        return PONDER_OK;
    if (tokenizer->kind == TOKENIZER_GPT2)
        return bpe_encode(tokenizer, work, text, len, out, err);
    return spm_encode(tokenizer, work, text, len, flags, out, err);
}

/* A text and where in it control tokens may stand. */
struct marked {
    const char *text;
    size_t len;
    const struct tokenizer_part *parts;
    int part_count;
};

/* Bytes from `at` to the end of its part; 0 outside of all. `*part` is the first that does not end before. */
static size_t own_bytes(const struct marked *marked, size_t at, int *part)
{
    while (*part < marked->part_count && marked->parts[*part].end <= at)
        ++*part;
    bool inside = *part < marked->part_count && marked->parts[*part].start <= at;
    return inside ? marked->parts[*part].end - at : 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int encode_all(const struct tokenizer *tokenizer, struct merge_work *work, const struct marked *marked,
                      unsigned flags, struct tokenizer_ids *out, struct ponder_err *err)
{
    const char *text = marked->text;
    size_t plain = 0, len = marked->len; /* text from `plain` on is not encoded yet */
    int status = PONDER_OK, part = 0;
    for (size_t at = 0; !status && at < len;) {
        size_t n = len - at;
        int32_t id = special_match(tokenizer, text + at, &n, own_bytes(marked, at, &part));
        if (id < 0) {
            at++;
            continue;
        }
        status = encode_plain(tokenizer, work, text + plain, at - plain, flags, out, err);
        if (!status && tokenizer_ids_push(out, id))
            status = err_memory(err, "token ids");
        at += n;
        while (tokenizer->tokens[id].strips && at < len && is_space(text[at]))
            at++;
        plain = at;
    }
    return status ? status : encode_plain(tokenizer, work, text + plain, len - plain, flags, out, err);
}

int tokenizer_encode_parts(const struct tokenizer *tokenizer, const char *text, size_t len,
                           const struct tokenizer_part *parts, int part_count, unsigned flags,
                           struct tokenizer_ids *out, struct ponder_err *err)
{
    if (len > text_bytes_max)
        return err_set(err, PONDER_E_LIMIT, "a text of %zu bytes; at most %zu are encoded at once", len,
                       text_bytes_max);
    size_t before = out->count;
    if ((flags & TOKENIZER_ADD_BOS) && tokenizer->add_bos && tokenizer->bos >= 0 &&
        tokenizer_ids_push(out, tokenizer->bos))
        return err_memory(err, "token ids");
    struct merge_work work = {.text = BUF_INIT(4 * text_bytes_max)};
    struct marked marked = {text, len, parts, part_count};
    int status = encode_all(tokenizer, &work, &marked, flags, out, err);
    merge_release(&work);
    if (status)
        out->count = before;
    return status;
}

int tokenizer_encode(const struct tokenizer *tokenizer, const char *text, size_t len, unsigned flags,
                     struct tokenizer_ids *out, struct ponder_err *err)
{
    struct tokenizer_part whole = {0, len};
    return tokenizer_encode_parts(tokenizer, text, len, &whole, flags & TOKENIZER_SPECIAL ? 1 : 0, flags, out,
                                  err);
}
