/* tokenizer_split.c - the normal form of a text, and cutting it into pieces that no merge crosses (`gpt2`
 * kind).
 *
 * A way of splitting (tokenizer.ggml.pre) is a list of patterns, applied one after another: each cuts every
 * chunk that the ones before it left into its matches and the gaps between them. A pattern sees one chunk at
 * a time, so that "end of text" in it means the end of the chunk. The lists are those of llama.cpp. PCRE2
 * matches, compiled to machine code where it can. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <utf8proc.h>

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/utf8.h"
#include "tokenizer/tokenizer_impl.h"

/* White space as Unicode has it; PCRE2's own \s adds U+180E. For use inside [...]. */
#define SPACE "\\x09-\\x0d\\x{85}\\p{Z}"
#define DIGIT "\\p{N}"
#define GPT2                                                                                                 \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" SPACE "\\p{L}\\p{N}]+|[" SPACE "]+(?![^" SPACE "])"
/* Llama 3 and Qwen 2 differ in how many digits stand together. */
#define SUFFIX "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])"
#define LINES "[" SPACE "]*[\\r\\n]+|[" SPACE "]+(?![^" SPACE "])|[" SPACE "]+"
#define WORDS(digits)                                                                                        \
    SUFFIX "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits "| ?[^" SPACE "\\p{L}\\p{N}]+[\\r\\n]*|" LINES
/* Words by case: a change from small letters to capitals begins another, as in `camelCase`. */
#define CAPITAL "(?:(?=\\p{L})[^a-z])"
#define SMALL "(?:(?=\\p{L})[^A-Z])"
#define TEKKEN                                                                                               \
    "[^\\r\\n\\p{L}\\p{N}]?" CAPITAL "*" SMALL "+|[^\\r\\n\\p{L}\\p{N}]?" CAPITAL "+" SMALL                  \
    "*|\\p{N}| ?[^" SPACE "\\p{L}\\p{N}]+[\\r\\n/]*|" LINES
/* The letters of alphabets with two cases, as DeepSeek lists them. */
#define CASED                                                                                                \
    "A-Za-z\\x{b5}\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{1ba}\\x{1bc}-\\x{1bf}\\x{1c4}-\\x{293}"          \
    "\\x{295}-\\x{2af}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37b}-\\x{37d}\\x{37f}\\x{386}"                    \
    "\\x{388}-\\x{38a}\\x{38c}\\x{38e}-\\x{3a1}\\x{3a3}-\\x{3f5}\\x{3f7}-\\x{481}\\x{48a}-\\x{52f}"          \
    "\\x{531}-\\x{556}\\x{10a0}-\\x{10c5}\\x{13a0}-\\x{13f5}\\x{13f8}-\\x{13fd}\\x{1c90}-\\x{1cba}"          \
    "\\x{1cbd}-\\x{1cbf}\\x{1d00}-\\x{1d2b}\\x{1d6b}-\\x{1d77}\\x{1d79}-\\x{1d9a}\\x{1e00}-\\x{1f15}"        \
    "\\x{1f18}-\\x{1f1d}\\x{1f20}-\\x{1f45}\\x{1f48}-\\x{1f4d}\\x{1f50}-\\x{1f57}\\x{1f59}\\x{1f5b}"         \
    "\\x{1f5d}\\x{1f5f}-\\x{1f7d}\\x{1f80}-\\x{1fb4}\\x{1fb6}-\\x{1fbc}\\x{1fbe}\\x{1fc2}-\\x{1fc4}"         \
    "\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}\\x{1fd6}-\\x{1fdb}\\x{1fe0}-\\x{1fec}\\x{1ff2}-\\x{1ff4}"        \
    "\\x{1ff6}-\\x{1ffc}\\x{2102}\\x{2107}\\x{210a}-\\x{2113}\\x{2115}\\x{2119}-\\x{211d}\\x{2124}"          \
    "\\x{2126}\\x{2128}\\x{212a}-\\x{212d}\\x{212f}-\\x{2134}\\x{2139}\\x{213c}-\\x{213f}"                   \
    "\\x{2145}-\\x{2149}\\x{214e}\\x{2183}\\x{2184}\\x{2c00}-\\x{2c7b}\\x{2c7e}-\\x{2ce4}"                   \
    "\\x{2ceb}-\\x{2cee}\\x{2cf2}\\x{2cf3}\\x{a640}-\\x{a66d}\\x{a680}-\\x{a69b}\\x{a722}-\\x{a76f}"         \
    "\\x{a771}-\\x{a787}\\x{a78b}-\\x{a78e}\\x{ab70}-\\x{abbf}\\x{fb00}-\\x{fb06}\\x{fb13}-\\x{fb17}"        \
    "\\x{ff21}-\\x{ff3a}\\x{ff41}-\\x{ff5a}\\x{10400}-\\x{1044f}\\x{104b0}-\\x{104d3}"                       \
    "\\x{104d8}-\\x{104fb}\\x{10c80}-\\x{10cb2}\\x{10cc0}-\\x{10cf2}\\x{118a0}-\\x{118df}"                   \
    "\\x{1e900}-\\x{1e943}"

enum { PATTERNS_MAX = 6 };
struct pre {
    const char *name;
    unsigned flags;                     /* enum splitter_flags */
    const char *patterns[PATTERNS_MAX]; /* up to the first NULL */
};
static const struct pre pres[] = {
    {"default", 0, {"[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"}},
    {"gpt-2", 0, {GPT2}},
    {"smollm", 0, {DIGIT, GPT2}},
    {"starcoder", 0, {DIGIT, GPT2}},
    {"falcon", 0, {"[\\p{P}$+<=>^~|`]+", GPT2, "[0-9][0-9][0-9]"}},
    {"llama-bpe", SPLITTER_WHOLE | SPLITTER_BOS, {WORDS("\\p{N}{1,3}")}},
    {"llama3", SPLITTER_WHOLE | SPLITTER_BOS, {WORDS("\\p{N}{1,3}")}},
    {"llama-v3", SPLITTER_WHOLE | SPLITTER_BOS, {WORDS("\\p{N}{1,3}")}},
    {"smaug-bpe", 0, {WORDS("\\p{N}{1,3}")}},
    {"qwen2", SPLITTER_NFC, {WORDS("\\p{N}")}},
    {"deepseek-r1-qwen", 0, {WORDS("\\p{N}")}},
    {"tekken", SPLITTER_WHOLE | SPLITTER_BOS, {TEKKEN}},
    {"deepseek-llm",
     0,
     {"[\\r\\n]", "[" SPACE "]?[" CASED "]+",
      "[" SPACE "]?[!-/:-~\\x{ff01}-\\x{ff0f}\\x{ff1a}-\\x{ff5e}\\x{2018}-\\x{201f}\\x{3001}-\\x{3002}]+",
      "[" SPACE "]+\\z", "(?:(?![" SPACE "])[\\x{800}-\\x{9fa5}\\x{ac00}-\\x{d7ff}])+", "\\p{N}+"}},
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

unsigned splitter_flags(const struct splitter *splitter)
{
    return splitter->pre->flags;
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

static bool is_ascii(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len && (unsigned char)text[at] < 0x80)
        at++;
    return at == len;
}

/* Marks one behind another, such as no language has. Sorting a run of them takes the square of their number.
 */
static bool has_endless_marks(const char *text, size_t len)
{
    enum { RUN_MAX = 256 };
    int run = 0;
    uint32_t code;
    for (size_t at = 0, n; run <= RUN_MAX && at < len; at += n) {
        n = utf8_decode(text + at, len - at, &code);
        run = utf8proc_get_property((utf8proc_int32_t)code)->combining_class ? run + 1 : 0;
    }
    return run > RUN_MAX;
}

/* A stretch of well-formed UTF-8, in Unicode's form C where the model was trained on that. */
static int split_stretch(const struct split *split, const char *text, size_t len)
{
    if (!(split->splitter->pre->flags & SPLITTER_NFC) || is_ascii(text, len) || has_endless_marks(text, len))
        return split_chunk(split, 0, text, len);
    utf8proc_uint8_t *normal = NULL;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, &normal,
                                         UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    int status = size < 0 ? err_memory(split->err, "the normal form of a text")
                          : split_chunk(split, 0, (const char *)normal, (size_t)size);
    free(normal);
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
        status = split_stretch(&split, text + at, end - at);
        if (!status && end < len)
            status = piece(data, text + end, 1, err);
        at = end + 1;
    }
    pcre2_match_data_free(split.match);
    return status;
}
