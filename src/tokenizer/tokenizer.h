/* tokenizer.h - text to token ids and back, as a GGUF file describes it.
 *
 * Two kinds: `gpt2`, byte-level BPE with its merges in the file (Sennrich et al. 2016, Radford et al. 2019),
 * and `llama`, SentencePiece-style: merge the adjacent pair whose union has the highest score, bytes as
 * fallback. Any UTF-8 text, and any bytes at all, round-trip through encode and decode. */
#ifndef TOKENIZER_TOKENIZER_H
#define TOKENIZER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "gguf/gguf.h"

/* The 16 special tokens that our own models reserve from the start, X(name, text).
 * They take ids 0 to 15. */
/* clang-format off */
#define TOKENIZER_SPECIALS(X) \
    X(END, "<|end|>")   /* end of a document; padding too */ \
    X(STEP, "<|step|>") /* where a verifier's score is read (the tag) */ \
    X(GOOD, "<|good|>") \
    X(BAD, "<|bad|>") \
    X(ATTEMPT, "<|attempt|>") /* opens an attempt */ \
    X(QUESTION, "<|question|>") \
    X(SOLUTION, "<|solution|>") \
    X(SPARE0, "<|spare0|>") \
    X(SPARE1, "<|spare1|>") \
    X(SPARE2, "<|spare2|>") \
    X(SPARE3, "<|spare3|>") \
    X(SPARE4, "<|spare4|>") \
    X(SPARE5, "<|spare5|>") \
    X(SPARE6, "<|spare6|>") \
    X(SPARE7, "<|spare7|>") \
    X(SPARE8, "<|spare8|>")
/* clang-format on */
enum tokenizer_special {
#define X(name, text) TOKENIZER_##name,
    TOKENIZER_SPECIALS(X)
#undef X
        TOKENIZER_SPECIAL_COUNT /* 16 */
};

struct tokenizer;

struct tokenizer_ids { /* a growing array of token ids */
    int32_t *ids;
    size_t count;
    int64_t cap;
};
void tokenizer_ids_release(struct tokenizer_ids *ids);
int tokenizer_ids_push(struct tokenizer_ids *ids, int32_t id) PONDER_USE;

enum tokenizer_flags {
    TOKENIZER_ADD_BOS = 1, /* the model's BOS first, where the file says the model wants one */
    TOKENIZER_SPECIAL =
        2, /* text that spells a control token becomes that token; without it, it stays text */
    TOKENIZER_CONTINUE = 4, /* the text goes on where another ended: no space is put in front */
};

/* Reads the tokenizer of `file`; copies what it needs, so the file may be released before it. Merges that do
 * not spell a token, tables of different lengths, a model or `pre` kind we lack: an error that names the key.
 */
int tokenizer_open(struct tokenizer **out, const struct gguf_file *file, struct ponder_err *err) PONDER_USE;
void tokenizer_release(struct tokenizer *tokenizer);
/* A line that says what was guessed at opening, since the file at `path` does not say it; the caller frees
 * it. NULL: nothing, or no tokenizer. */
int tokenizer_remark(const struct tokenizer *tokenizer, const char *path, char **out,
                     struct ponder_err *err) PONDER_USE;

int tokenizer_size(const struct tokenizer *tokenizer);
int32_t tokenizer_bos(const struct tokenizer *tokenizer); /* -1 where there is none */
int32_t tokenizer_eos(const struct tokenizer *tokenizer); /* -1 where there is none */
/* Whether a text that is generated ends with this token: EOS, the end of a turn or of a message by the file's
 * keys, or a token that is known by its text to be one of these, such as <|im_end|>. */
bool tokenizer_is_end(const struct tokenizer *tokenizer, int32_t id);
/* The id of a control token by its exact text, or -1. */
int32_t tokenizer_control(const struct tokenizer *tokenizer, const char *text);
bool tokenizer_is_control(const struct tokenizer *tokenizer, int32_t id);

/* Appends the ids of `len` bytes of text to `out`. Thread-safe: the tokenizer is not changed. */
int tokenizer_encode(const struct tokenizer *tokenizer, const char *text, size_t len, unsigned flags,
                     struct tokenizer_ids *out, struct ponder_err *err) PONDER_USE;
/* A part of a text that is a template's own, in bytes: control tokens spelt there are those tokens. */
struct tokenizer_part {
    size_t start, end;
};
/* As tokenizer_encode, but control tokens are found in these parts only, which are ascending and do not
 * overlap; elsewhere, and across their ends, text stays text. TOKENIZER_SPECIAL in `flags` is ignored. */
int tokenizer_encode_parts(const struct tokenizer *tokenizer, const char *text, size_t len,
                           const struct tokenizer_part *parts, int part_count, unsigned flags,
                           struct tokenizer_ids *out, struct ponder_err *err) PONDER_USE;
/* Appends the raw bytes of one token (a control token: nothing unless `show_control`, then its text).
 * SentencePiece word marks become spaces. The first space a SentencePiece encoder adds is kept;
 * tokenizer_decode drops it. */
int tokenizer_piece(const struct tokenizer *tokenizer, int32_t id, bool show_control,
                    struct buf *out) PONDER_USE;
int tokenizer_decode(const struct tokenizer *tokenizer, const int32_t *ids, size_t n, struct buf *out,
                     struct ponder_err *err) PONDER_USE;

/* Learns a `gpt2` tokenizer (pre-splitting `smollm`: each digit alone, then the GPT-2 rule) of `vocab`
 * tokens: the 16 specials, the 256 bytes, then merges by frequency in `text`. Deterministic. vocab >= 272. */
int tokenizer_learn(struct tokenizer **out, const char *text, size_t len, int vocab,
                    struct ponder_err *err) PONDER_USE;
/* Puts all tokenizer.* keys, so that llama.cpp reads the same tokenizer. */
void tokenizer_put(const struct tokenizer *tokenizer, struct gguf_writer *writer);

#endif
