/* tokenizer_split.c - cutting text into pieces that no merge crosses (`gpt2` kind).
 *
 * A way of splitting (tokenizer.ggml.pre) is a list of patterns, applied one after another: each cuts every
 * chunk that the ones before it left into its matches and the gaps between them. A pattern sees one chunk at
 * a time, so that "end of text" in it means the end of the chunk. The lists are those of llama.cpp. PCRE2
 * matches, compiled to machine code where it can. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/utf8.h"
#include "lm/tokenizer_impl.h"

/* White space as Unicode has it; PCRE2's own \s adds U+180E. For use inside [...]. */
#define SPACE "\\x09-\\x0d\\x{85}\\p{Z}"
#define DIGIT "\\p{N}"
#define GPT2                                                                                                 \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" SPACE "\\p{L}\\p{N}]+|[" SPACE "]+(?![^" SPACE "])"

enum { PATTERNS_MAX = 4 };
struct pre {
    const char *name;
    const char *patterns[PATTERNS_MAX]; /* up to the first NULL */
};
static const struct pre pres[] = {
    {"default", {"[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"}},
    {"gpt-2", {GPT2}},
    {"smollm", {DIGIT, GPT2}},
    {"starcoder", {DIGIT, GPT2}},
};
enum { PRE_COUNT = sizeof pres / sizeof pres[0] };

struct splitter {
    const struct pre *pre;
    pcre2_code *codes[PATTERNS_MAX];
};

static int unknown_pre(struct gguf_string name, struct ponder_err *err)
{
    struct buf known = BUF_INIT(400);
    for (int i = 0; i < PRE_COUNT; i++)
        buf_printf(&known, "%s%s", i ? ", " : "", pres[i].name);
    int status = err_set(err, PONDER_E_UNSUPPORTED,
                         "key 'tokenizer.ggml.pre' is '%.*s', which is not supported; supported are %s",
                         (int)(name.len < 64 ? name.len : 64), name.data, buf_text(&known));
    buf_release(&known);
    return status;
}

int splitter_open(struct splitter **out, struct gguf_string name, struct ponder_err *err)
{
    *out = NULL;
    const struct pre *pre = NULL;
    for (int i = 0; i < PRE_COUNT; i++)
        if (strlen(pres[i].name) == name.len && !memcmp(pres[i].name, name.data, name.len))
            pre = &pres[i];
    if (!pre)
        return unknown_pre(name, err);
    struct splitter *splitter = calloc(1, sizeof *splitter);
    if (!splitter)
        return err_memory(err, "a tokenizer");
    splitter->pre = pre;
    for (int i = 0; i < PATTERNS_MAX && pre->patterns[i]; i++) {
        int error;
        size_t at;
        splitter->codes[i] = pcre2_compile((PCRE2_SPTR)pre->patterns[i], PCRE2_ZERO_TERMINATED,
                                           PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK, &error, &at, NULL);
        if (!splitter->codes[i]) {
            splitter_release(splitter);
            return err_memory(err, "the splitting rule of a tokenizer");
        }
        /* Where there is no compiler for this machine, the interpreter gives the same matches. */
        pcre2_jit_compile(splitter->codes[i], PCRE2_JIT_COMPLETE);
    }
    *out = splitter;
    return PONDER_OK;
}

void splitter_release(struct splitter *splitter)
{
    for (int i = 0; splitter && i < PATTERNS_MAX; i++)
        pcre2_code_free(splitter->codes[i]);
    free(splitter);
}

const char *splitter_name(const struct splitter *splitter)
{
    return splitter->pre->name;
}

struct split {
    const struct splitter *splitter;
    pcre2_match_data *match;
    int (*piece)(void *data, const char *text, size_t len, struct ponder_err *err);
    void *data;
    struct ponder_err *err;
};

/* Cuts a chunk of well-formed UTF-8 by the patterns from number `level` on. Calls itself once per level. */
static int split_chunk(const struct split *split, int level, const char *text, size_t len)
{
    if (len == 0)
        return PONDER_OK;
    const pcre2_code *code = level < PATTERNS_MAX ? split->splitter->codes[level] : NULL;
    if (!code)
        return split->piece(split->data, text, len, split->err);
    int status = PONDER_OK;
    for (size_t at = 0; !status && at < len;) {
        int found = pcre2_match(code, (PCRE2_SPTR)text, len, at, PCRE2_NO_UTF_CHECK, split->match, NULL);
        if (found == PCRE2_ERROR_NOMATCH)
            return split_chunk(split, level + 1, text + at, len - at);
        if (found < 0)
            return err_set(split->err, PONDER_E_LIMIT,
                           "splitting a text for the tokenizer failed: PCRE2 error %d", found);
        const size_t *span = pcre2_get_ovector_pointer(split->match);
        size_t start = span[0], end = span[1];
        status = split_chunk(split, level + 1, text + at, start - at);
        if (!status)
            status = split_chunk(split, level + 1, text + start, end - start);
        at = end;
    }
    return status;
}

int splitter_run(const struct splitter *splitter, const char *text, size_t len,
                 int (*piece)(void *data, const char *text, size_t len, struct ponder_err *err), void *data,
                 struct ponder_err *err)
{
    struct split split = {splitter, pcre2_match_data_create(1, NULL), piece, data, err};
    if (!split.match)
        return err_memory(err, "the splitting of a text");
    int status = PONDER_OK;
    for (size_t at = 0; !status && at < len;) {
        size_t end = at;
        uint32_t code;
        for (size_t n; end < len && (n = utf8_decode(text + end, len - end, &code)) > 0;)
            end += n;
        status = split_chunk(&split, 0, text + at, end - at);
        if (!status && end < len)
            status = piece(data, text + end, 1, err);
        at = end + 1;
    }
    pcre2_match_data_free(split.match);
    return status;
}
