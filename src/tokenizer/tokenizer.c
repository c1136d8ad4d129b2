/* tokenizer.c - what a tokenizer holds: its maps, look-ups, and decoding. */
#include "tokenizer/tokenizer_impl.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "core/rng.h"

struct tokenizer *tokenizer_new(enum tokenizer_kind kind, int size)
{
    struct tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer)
        return NULL;
    tokenizer->arena = ARENA_INIT(tokenizer_arena_bytes_max);
    tokenizer->kind = kind;
    tokenizer->fallback = tokenizer->bos = tokenizer->eos = tokenizer->unknown = tokenizer->padding = -1;
    tokenizer->size = size;
    tokenizer->tokens = arena_array(&tokenizer->arena, (size_t)size, sizeof *tokenizer->tokens);
    if (!tokenizer->tokens) {
        tokenizer_release(tokenizer);
        return NULL;
    }
    return tokenizer;
}

void tokenizer_release(struct tokenizer *tokenizer)
{
    if (!tokenizer)
        return;
    splitter_release(tokenizer->splitter);
    arena_release(&tokenizer->arena);
    free(tokenizer);
}

int token_map_init(struct token_map *map, struct arena *arena, size_t count)
{
    size_t slots = 16;
    while (slots < 2 * count)
        slots *= 2;
    map->mask = (uint32_t)(slots - 1);
    map->slots = arena_array(arena, slots, sizeof *map->slots);
    if (!map->slots)
        return PONDER_E_MEMORY;
    memset(map->slots, 0xff, slots * sizeof *map->slots);
    return PONDER_OK;
}

/* The slot where the text is, or the free one where it belongs. */
static uint32_t map_slot(const struct token_map *map, const struct token *tokens, const char *text,
                         size_t len)
{
    uint32_t slot = (uint32_t)hash_bytes(text, len) & map->mask;
    for (;; slot = (slot + 1) & map->mask) {
        int32_t id = map->slots[slot];
        if (id < 0 || (tokens[id].text.len == len && !memcmp(tokens[id].text.data, text, len)))
            return slot;
    }
}

int32_t token_map_find(const struct token_map *map, const struct token *tokens, const char *text, size_t len)
{
    return map->slots[map_slot(map, tokens, text, len)];
}

void token_map_add(struct token_map *map, const struct token *tokens, int32_t id)
{
    uint32_t slot = map_slot(map, tokens, tokens[id].text.data, tokens[id].text.len);
    if (map->slots[slot] < 0)
        map->slots[slot] = id;
}

static bool is_special(const struct token *token)
{
    return token->type == TOKEN_CONTROL || token->type == TOKEN_UNKNOWN || token->type == TOKEN_USER;
}

static void index_specials(struct tokenizer *tokenizer)
{
    bool lens[TOKENIZER_SPECIAL_BYTES_MAX + 1] = {false};
    for (int32_t id = 0; id < tokenizer->size; id++) {
        const struct token *token = &tokenizer->tokens[id];
        if (!is_special(token) || token->text.len == 0)
            continue;
        token_map_add(&tokenizer->special, tokenizer->tokens, id);
        if (token->text.len > TOKENIZER_SPECIAL_BYTES_MAX)
            continue;
        lens[token->text.len] = true;
        tokenizer->special_first[(unsigned char)token->text.data[0]] = true;
    }
    for (int len = TOKENIZER_SPECIAL_BYTES_MAX; len > 0; len--)
        if (lens[len])
            tokenizer->special_lens[tokenizer->special_len_count++] = (unsigned char)len;
}

/* Byte tokens of a `llama` vocabulary have their type; a byte of a `gpt2` one is the token that stands for
 * just that byte. */
static void index_bytes(struct tokenizer *tokenizer)
{
    memset(tokenizer->byte_id, 0xff, sizeof tokenizer->byte_id);
    for (int32_t id = tokenizer->size - 1; id >= 0; id--) {
        const struct token *token = &tokenizer->tokens[id];
        bool wanted = tokenizer->kind == TOKENIZER_LLAMA ? token->type == TOKEN_BYTE : !is_special(token);
        if (wanted && token->bytes.len == 1)
            tokenizer->byte_id[(unsigned char)token->bytes.data[0]] = id;
    }
}

int tokenizer_index(struct tokenizer *tokenizer, struct ponder_err *err)
{
    size_t count = (size_t)tokenizer->size, specials = 0;
    for (size_t i = 0; i < count; i++)
        specials += is_special(&tokenizer->tokens[i]);
    if (token_map_init(&tokenizer->plain, &tokenizer->arena, count) ||
        token_map_init(&tokenizer->special, &tokenizer->arena, specials))
        return err_memory(err, "a tokenizer");
    for (int32_t id = 0; id < tokenizer->size; id++) {
        const struct token *token = &tokenizer->tokens[id];
        if (is_special(token) || token->type == TOKEN_BYTE || token->text.len == 0)
            continue;
        token_map_add(&tokenizer->plain, tokenizer->tokens, id);
        if (token->text.len > tokenizer->text_len_max)
            tokenizer->text_len_max = token->text.len;
    }
    index_specials(tokenizer);
    index_bytes(tokenizer);
    return PONDER_OK;
}

int tokenizer_size(const struct tokenizer *tokenizer)
{
    return tokenizer->size;
}

int32_t tokenizer_bos(const struct tokenizer *tokenizer)
{
    return tokenizer->bos;
}

int32_t tokenizer_eos(const struct tokenizer *tokenizer)
{
    return tokenizer->eos;
}

bool tokenizer_is_end(const struct tokenizer *tokenizer, int32_t id)
{
    return id >= 0 && id < tokenizer->size && (id == tokenizer->eos || tokenizer->tokens[id].ends);
}

int32_t tokenizer_control(const struct tokenizer *tokenizer, const char *text)
{
    int32_t id = token_map_find(&tokenizer->special, tokenizer->tokens, text, strlen(text));
    return id >= 0 && tokenizer->tokens[id].type == TOKEN_CONTROL ? id : -1;
}

bool tokenizer_is_control(const struct tokenizer *tokenizer, int32_t id)
{
    return id >= 0 && id < tokenizer->size && tokenizer->tokens[id].type == TOKEN_CONTROL;
}

int tokenizer_piece(const struct tokenizer *tokenizer, int32_t id, bool show_control, struct buf *out)
{
    if (id < 0 || id >= tokenizer->size)
        return PONDER_E_ARGUMENT;
    const struct token *token = &tokenizer->tokens[id];
    if ((token->type == TOKEN_CONTROL || token->type == TOKEN_UNKNOWN) && !show_control)
        return PONDER_OK;
    return buf_append(out, token->bytes.data, token->bytes.len);
}

int tokenizer_decode(const struct tokenizer *tokenizer, const int32_t *ids, size_t n, struct buf *out,
                     struct ponder_err *err)
{
    size_t before = out->len;
    bool text_begins = tokenizer->add_space_prefix;
    for (size_t i = 0; i < n; i++) {
        size_t at = out->len;
        int status = tokenizer_piece(tokenizer, ids[i], false, out);
        if (status) {
            out->len = before;
            if (out->data)
                out->data[before] = '\0';
            return status == PONDER_E_ARGUMENT
                       ? err_set(err, status, "token id %ld is not from 0 to %d", (long)ids[i],
                                 tokenizer->size - 1)
                       : err_set(err, status, "the decoded text is over the limit or out of memory");
        }
        bool special = is_special(&tokenizer->tokens[ids[i]]), empty = out->len == at;
        if (text_begins && !special && !empty && out->data[at] == ' ') {
            memmove(out->data + at, out->data + at + 1, out->len - at); /* with the NUL */
            out->len--;
        }
        text_begins = tokenizer->add_space_prefix && (special || (text_begins && empty));
    }
    return PONDER_OK;
}

void tokenizer_ids_release(struct tokenizer_ids *ids)
{
    free(ids->ids);
    *ids = (struct tokenizer_ids){0};
}

int tokenizer_ids_push(struct tokenizer_ids *ids, int32_t id)
{
    int status = array_reserve(&ids->ids, sizeof *ids->ids, &ids->cap, (int64_t)ids->count + 1,
                               TOKENIZER_ID_COUNT_MAX);
    if (status)
        return status;
    ids->ids[ids->count++] = id;
    return PONDER_OK;
}
