/* tokenizer_file.c - a tokenizer from the keys of a GGUF file, and back into them. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/number.h"
#include "tokenizer/tokenizer_impl.h"

#define KEY(name) "tokenizer.ggml." name

enum { TOKEN_BYTES_MAX = 1 << 16 };

static int malformed(const struct gguf_file *file, const char *key, struct ponder_err *err, const char *what)
{
    return err_set(err, PONDER_E_FORMAT, "%s: key '%s': %s", gguf_path(file), key, what);
}

/* An array of `element`s; of `count` of them unless `count` is 0. */
static int find_array(const struct gguf_file *file, const char *key, enum gguf_type element, uint64_t count,
                      const struct gguf_value **out, struct ponder_err *err)
{
    char what[128];
    const struct gguf_value *value = gguf_find(file, key);
    *out = value;
    if (!value)
        return err_set(err, PONDER_E_NOT_FOUND, "%s: key '%s' is missing", gguf_path(file), key);
    if (value->type != GGUF_ARRAY || value->element != element) {
        snprintf(what, sizeof what, "an array of %s is wanted", gguf_type_name(element));
        return malformed(file, key, err, what);
    }
    if (count && value->count != count) {
        snprintf(what, sizeof what, "it has %llu elements, but there are %llu tokens",
                 (unsigned long long)value->count, (unsigned long long)count);
        return malformed(file, key, err, what);
    }
    return PONDER_OK;
}

/* The NN of <0xNN>, or -1. */
static int byte_number(struct gguf_string text)
{
    int byte = 0;
    if (text.len != 6 || memcmp(text.data, "<0x", 3) || text.data[5] != '>')
        return -1;
    for (int i = 3; i < 5; i++) {
        if (!isxdigit((unsigned char)text.data[i]))
            return -1;
        byte = byte * 16 +
               (isdigit((unsigned char)text.data[i]) ? text.data[i] - '0' : (text.data[i] | 0x20) - 'a' + 10);
    }
    return byte;
}

/* What the text of a token stands for. */
static int decode_token(struct tokenizer *tokenizer, struct token *token, const struct gguf_file *file,
                        struct ponder_err *err)
{
    size_t len = token->text.len;
    char *bytes = arena_copy(&tokenizer->arena, token->text.data, len);
    if (!bytes)
        return err_memory(err, "the tokens of a tokenizer");
    token->bytes = (struct gguf_string){bytes, len};
    if (token->type == TOKEN_BYTE) {
        int byte = byte_number(token->text);
        if (byte < 0)
            return malformed(file, KEY("token_type"), err, "a byte token is not spelt <0x00> to <0xFF>");
        bytes[0] = (char)byte;
        token->bytes.len = 1;
    } else if (token->type == TOKEN_CONTROL || token->type == TOKEN_UNKNOWN || token->type == TOKEN_USER) {
        return PONDER_OK;
    } else if (tokenizer->kind == TOKENIZER_GPT2) {
        long n = byte_unspell(token->text.data, len, bytes);
        if (n >= 0)
            token->bytes.len = (size_t)n;
        else
            memcpy(bytes, token->text.data, len); /* added after training, and spelt as it is */
    } else {
        size_t n = 0;
        for (size_t at = 0; at < len; n++) {
            bool mark = len - at >= 3 && !memcmp(token->text.data + at, TOKENIZER_MARK, 3);
            bytes[n] = mark ? ' ' : token->text.data[at];
            at += mark ? 3 : 1;
        }
        token->bytes.len = n;
    }
    return PONDER_OK;
}

static int read_token(struct tokenizer *tokenizer, int id, const struct gguf_file *file,
                      struct gguf_string text, double type, struct ponder_err *err)
{
    struct token *token = &tokenizer->tokens[id];
    char what[80];
    if (!(type >= TOKEN_NORMAL && type <= TOKEN_BYTE)) {
        number_print(what, sizeof what, "token %d has type %g; there are 1 to 6", id, type);
        return malformed(file, KEY("token_type"), err, what);
    }
    if (text.len > TOKEN_BYTES_MAX) {
        snprintf(what, sizeof what, "token %d is longer than %d bytes", id, TOKEN_BYTES_MAX);
        return malformed(file, KEY("tokens"), err, what);
    }
    token->type = (enum token_type)(int)type;
    char *copy = arena_copy(&tokenizer->arena, text.data, text.len);
    if (!copy)
        return err_memory(err, "the tokens of a tokenizer");
    token->text = (struct gguf_string){copy, text.len};
    return decode_token(tokenizer, token, file, err);
}

/* Written as either. */
static enum gguf_type type_of(const struct gguf_file *file, const char *key)
{
    const struct gguf_value *value = gguf_find(file, key);
    return value && value->element == GGUF_U32 ? GGUF_U32 : GGUF_I32;
}

static int read_tokens(struct tokenizer *tokenizer, const struct gguf_file *file, struct ponder_err *err)
{
    const struct gguf_value *texts, *types, *scores = NULL;
    uint64_t count = (uint64_t)tokenizer->size;
    int status = find_array(file, KEY("tokens"), GGUF_STRING, count, &texts, err);
    if (!status)
        status = find_array(file, KEY("token_type"), type_of(file, KEY("token_type")), count, &types, err);
    if (!status && tokenizer->kind == TOKENIZER_LLAMA)
        status = find_array(file, KEY("scores"), GGUF_F32, count, &scores, err);
    for (int id = 0; !status && id < tokenizer->size; id++) {
        struct gguf_string text = gguf_string_at(file, texts, (uint64_t)id);
        status = read_token(tokenizer, id, file, text, gguf_number_at(file, types, (uint64_t)id), err);
        float score = scores ? (float)gguf_number_at(file, scores, (uint64_t)id) : 0;
        if (!status && isnan(score))
            return malformed(file, KEY("scores"), err, "a score is not a number");
        tokenizer->tokens[id].score = score;
    }
    return status;
}

static bool spells(const struct tokenizer *tokenizer, struct merge merge)
{
    if (merge.left < 0 || merge.right < 0 || merge.id < 0)
        return false;
    struct gguf_string left = tokenizer->tokens[merge.left].bytes,
                       right = tokenizer->tokens[merge.right].bytes;
    struct gguf_string both = tokenizer->tokens[merge.id].bytes;
    return both.len == left.len + right.len && !memcmp(both.data, left.data, left.len) &&
           !memcmp(both.data + left.len, right.data, right.len);
}

/* "left right", both in the alphabet of bytes, which has no space; `both` has room for the text. `*control`
 * is set where one of the three is a special token. */
static struct merge parse_merge(const struct tokenizer *tokenizer, struct gguf_string text, char *both,
                                bool *control)
{
    struct merge merge = {-1, -1, -1};
    const char *space = text.len > 1 ? memchr(text.data + 1, ' ', text.len - 1) : NULL;
    *control = false;
    if (!space)
        return merge;
    size_t left = (size_t)(space - text.data), right = text.len - left - 1;
    memcpy(both, text.data, left);
    memcpy(both + left, space + 1, right);
    struct gguf_string parts[] = {{both, left}, {both + left, right}, {both, left + right}};
    int32_t ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = token_map_find(&tokenizer->plain, tokenizer->tokens, parts[i].data, parts[i].len);
        *control |= token_map_find(&tokenizer->special, tokenizer->tokens, parts[i].data, parts[i].len) >= 0;
    }
    return (struct merge){ids[0], ids[1], ids[2]};
}

/* Merge number `i` of the file. One that would make a control token of plain text is left out. */
static int read_merge(struct tokenizer *tokenizer, const struct gguf_file *file, struct gguf_string text,
                      uint64_t i, char *both, struct ponder_err *err)
{
    char what[160];
    bool control = false;
    struct merge merge = {-1, -1, -1};
    if (text.len <= 2 * TOKEN_BYTES_MAX)
        merge = parse_merge(tokenizer, text, both, &control);
    if (spells(tokenizer, merge))
        tokenizer->merges[tokenizer->merge_count++] = merge;
    else if (!control) {
        snprintf(what, sizeof what, "merge %llu, '%.*s', does not spell two tokens that make a third",
                 (unsigned long long)i, (int)(text.len < 64 ? text.len : 64), text.data);
        return malformed(file, KEY("merges"), err, what);
    }
    return PONDER_OK;
}

static int read_merges(struct tokenizer *tokenizer, const struct gguf_file *file, struct ponder_err *err)
{
    const struct gguf_value *texts;
    int status = find_array(file, KEY("merges"), GGUF_STRING, 0, &texts, err);
    if (status)
        return status;
    if (texts->count > TOKENIZER_VOCAB_MAX)
        return malformed(file, KEY("merges"), err, "over 1,048,576 merges");
    tokenizer->merges = arena_array(&tokenizer->arena, (size_t)texts->count + 1, sizeof *tokenizer->merges);
    char *both = malloc(2 * TOKEN_BYTES_MAX);
    if (!tokenizer->merges || !both)
        status = err_memory(err, "the merges of a tokenizer");
    for (uint64_t i = 0; !status && i < texts->count; i++)
        status = read_merge(tokenizer, file, gguf_string_at(file, texts, i), i, both, err);
    free(both);
    return status ? status : tokenizer_index_merges(tokenizer, err);
}

int tokenizer_read_id(const struct tokenizer *tokenizer, const struct gguf_file *file, const char *key,
                      int32_t *out, struct ponder_err *err)
{
    uint32_t id;
    const struct gguf_value *value = gguf_find(file, key);
    if (!value || (value->type == GGUF_I32 && gguf_number_at(file, value, 0) == -1)) /* -1: there is none */
        return PONDER_OK;
    int status = gguf_get_u32(file, key, &id, err);
    if (status)
        return status;
    if (id >= (uint32_t)tokenizer->size)
        return malformed(file, key, err, "it is no token's id");
    *out = (int32_t)id;
    return PONDER_OK;
}

static int read_flag(const struct gguf_file *file, const char *key, bool *out, struct ponder_err *err)
{
    return gguf_find(file, key) ? gguf_get_bool(file, key, out, err) : PONDER_OK;
}

static int read_settings(struct tokenizer *tokenizer, const struct gguf_file *file, struct ponder_err *err)
{
    tokenizer->add_bos =
        tokenizer->kind == TOKENIZER_LLAMA || (splitter_flags(tokenizer->splitter) & SPLITTER_BOS);
    bool prefix = true;
    int status = tokenizer_read_id(tokenizer, file, KEY("bos_token_id"), &tokenizer->bos, err);
    if (!status)
        status = tokenizer_read_id(tokenizer, file, KEY("eos_token_id"), &tokenizer->eos, err);
    if (!status)
        status = tokenizer_read_id(tokenizer, file, KEY("unknown_token_id"), &tokenizer->unknown, err);
    if (!status)
        status = tokenizer_read_id(tokenizer, file, KEY("padding_token_id"), &tokenizer->padding, err);
    if (!status)
        status = read_flag(file, KEY("add_bos_token"), &tokenizer->add_bos, err);
    if (!status)
        status = read_flag(file, KEY("add_space_prefix"), &prefix, err);
    tokenizer->add_space_prefix = prefix && tokenizer->kind == TOKENIZER_LLAMA;
    if (!status)
        status = tokenizer_read_ends(tokenizer, file, err);
    if (!status &&
        tokenizer->bos >= 0) /* whatever its type says: it is put before texts and is no part of them */
        tokenizer->tokens[tokenizer->bos].type = TOKEN_CONTROL;
    bool unknown = tokenizer->unknown >= 0 && tokenizer->tokens[tokenizer->unknown].type == TOKEN_UNKNOWN;
    tokenizer->fallback = unknown ? tokenizer->unknown : -1;
    return status;
}

static int read_kind(const struct gguf_file *file, enum tokenizer_kind *kind, struct ponder_err *err)
{
    struct gguf_string model;
    int status = gguf_get_string(file, KEY("model"), &model, err);
    if (status)
        return status;
    if (model.len == 4 && !memcmp(model.data, "gpt2", 4))
        *kind = TOKENIZER_GPT2;
    else if (model.len == 5 && !memcmp(model.data, "llama", 5))
        *kind = TOKENIZER_LLAMA;
    else
        return err_set(
            err, PONDER_E_UNSUPPORTED,
            "%s: key '" KEY("model") "' is '%.*s', which is not supported; supported are gpt2 and llama",
            gguf_path(file), (int)(model.len < 64 ? model.len : 64), model.data);
    return PONDER_OK;
}

static int read_splitter(struct tokenizer *tokenizer, const struct gguf_file *file, struct ponder_err *err)
{
    struct gguf_string pre = {"default", 7};
    int status = PONDER_OK;
    tokenizer->pre_guessed = !gguf_find(file, KEY("pre"));
    if (!tokenizer->pre_guessed)
        status = gguf_get_string(file, KEY("pre"), &pre, err);
    if (!status) {
        status = splitter_open(&tokenizer->splitter, pre, err);
        if (status)
            err_prefix(err, status, "%s", gguf_path(file));
    }
    return status;
}

int tokenizer_remark(const struct tokenizer *tokenizer, const char *path, char **out, struct ponder_err *err)
{
    *out = NULL;
    if (!tokenizer || !tokenizer->pre_guessed)
        return PONDER_OK;
    struct buf text = BUF_INIT(1 << 16);
    buf_printf(&text,
               "%s: key '" KEY(
                   "pre") "' is missing: it is guessed that text is cut as \"default\" cuts it; a model that "
                          "was trained on another cut answers worse; a file converted anew says which",
               path);
    *out = buf_take(&text, NULL);
    buf_release(&text);
    return *out ? PONDER_OK : err_memory(err, "a remark");
}

static int read_all(struct tokenizer *tokenizer, const struct gguf_file *file, struct ponder_err *err)
{
    bool gpt2 = tokenizer->kind == TOKENIZER_GPT2;
    int status = gpt2 ? read_splitter(tokenizer, file, err) : PONDER_OK;
    if (!status)
        status = read_tokens(tokenizer, file, err);
    if (!status)
        status = read_settings(tokenizer, file, err);
    if (!status)
        status = tokenizer_index(tokenizer, err);
    return status || !gpt2 ? status : read_merges(tokenizer, file, err);
}

int tokenizer_open(struct tokenizer **out, const struct gguf_file *file, struct ponder_err *err)
{
    *out = NULL;
    enum tokenizer_kind kind = TOKENIZER_GPT2;
    const struct gguf_value *texts = NULL;
    int status = read_kind(file, &kind, err);
    if (!status)
        status = find_array(file, KEY("tokens"), GGUF_STRING, 0, &texts, err);
    if (status)
        return status;
    if (texts->count == 0 || texts->count > TOKENIZER_VOCAB_MAX)
        return malformed(file, KEY("tokens"), err, "there are no tokens, or over 1,048,576");
    struct tokenizer *tokenizer = tokenizer_new(kind, (int)texts->count);
    if (!tokenizer)
        return err_memory(err, "a tokenizer");
    status = read_all(tokenizer, file, err);
    if (status)
        tokenizer_release(tokenizer);
    else
        *out = tokenizer;
    return status;
}

static void put_merges(const struct tokenizer *tokenizer, struct gguf_writer *writer)
{
    struct buf spelt = BUF_INIT((size_t)1 << 30);
    size_t count = tokenizer->merge_count;
    struct gguf_string *texts = calloc(count + 1, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        struct gguf_string left = tokenizer->tokens[tokenizer->merges[i].left].text;
        struct gguf_string right = tokenizer->tokens[tokenizer->merges[i].right].text;
        buf_append(&spelt, left.data, left.len);
        buf_putc(&spelt, ' ');
        buf_append(&spelt, right.data, right.len);
        if (texts)
            texts[i].len = left.len + 1 + right.len;
    }
    size_t at = 0;
    for (size_t i = 0; texts && buf_ok(&spelt) && i < count; at += texts[i++].len)
        texts[i].data = spelt.data + at;
    if (texts && buf_ok(&spelt))
        gguf_put_strings(writer, KEY("merges"), texts, count);
    else
        gguf_writer_fail(writer, PONDER_E_MEMORY, "out of memory for the merges of a tokenizer");
    free(texts);
    buf_release(&spelt);
}

static void put_tokens(const struct tokenizer *tokenizer, struct gguf_writer *writer)
{
    size_t count = (size_t)tokenizer->size;
    struct gguf_string *texts = calloc(count, sizeof *texts);
    int32_t *types = calloc(count, sizeof *types);
    float *scores = calloc(count, sizeof *scores);
    for (size_t i = 0; texts && types && scores && i < count; i++) {
        texts[i] = tokenizer->tokens[i].text;
        types[i] = (int32_t)tokenizer->tokens[i].type;
        scores[i] = tokenizer->tokens[i].score;
    }
    if (texts && types && scores) {
        gguf_put_strings(writer, KEY("tokens"), texts, count);
        if (tokenizer->kind == TOKENIZER_LLAMA)
            gguf_put_f32s(writer, KEY("scores"), scores, count);
        gguf_put_i32s(writer, KEY("token_type"), types, count);
    } else {
        gguf_writer_fail(writer, PONDER_E_MEMORY, "out of memory for the tokens of a tokenizer");
    }
    free(texts);
    free(types);
    free(scores);
}

static void put_id(struct gguf_writer *writer, const char *key, int32_t id)
{
    if (id >= 0)
        gguf_put_u32(writer, key, (uint32_t)id);
}

void tokenizer_put(const struct tokenizer *tokenizer, struct gguf_writer *writer)
{
    bool gpt2 = tokenizer->kind == TOKENIZER_GPT2;
    gguf_put_text(writer, KEY("model"), gpt2 ? "gpt2" : "llama");
    gguf_put_text(writer, KEY("pre"), gpt2 ? splitter_name(tokenizer->splitter) : "default");
    put_tokens(tokenizer, writer);
    if (gpt2)
        put_merges(tokenizer, writer);
    put_id(writer, KEY("bos_token_id"), tokenizer->bos);
    put_id(writer, KEY("eos_token_id"), tokenizer->eos);
    put_id(writer, KEY("unknown_token_id"), tokenizer->unknown);
    put_id(writer, KEY("padding_token_id"), tokenizer->padding);
    gguf_put_bool(writer, KEY("add_bos_token"), tokenizer->add_bos);
    gguf_put_bool(writer, KEY("add_space_prefix"), tokenizer->add_space_prefix);
}
