/* tokenizer_impl.h - a tokenizer inside, shared by the tokenizer*.c files.
 *
 * tokenizer.c        what it holds: look-ups, decoding, the array of ids
 * tokenizer_file.c   from and into GGUF keys
 * tokenizer_ends.c   which tokens end a text, by the file's keys and by their own texts
 * tokenizer_encode.c text to ids: control tokens first, then the kind's own rule on the text between
 * tokenizer_bpe.c    the rule of `gpt2`: pieces of bytes merged by rank
 * tokenizer_spm.c    the rule of `llama`: characters merged by score
 * tokenizer_merge.c  merging by priority, which both use
 * tokenizer_split.c  normal form, and cutting text into pieces before merging (`gpt2`)
 * tokenizer_learn.c  making a `gpt2` tokenizer from text */
#ifndef TOKENIZER_TOKENIZER_IMPL_H
#define TOKENIZER_TOKENIZER_IMPL_H

#include "core/arena.h"
#include "tokenizer/tokenizer.h"

/* Token types by their numbers in tokenizer.ggml.token_type. */
enum token_type {
    TOKEN_NORMAL = 1,
    TOKEN_UNKNOWN,
    TOKEN_CONTROL,
    TOKEN_USER,   /* user-defined: found in any text before all else */
    TOKEN_UNUSED, /* llama.cpp treats it as normal, and so do we */
    TOKEN_BYTE,   /* <0xNN> of a `llama` vocabulary */
};

struct token {
    struct gguf_string text;  /* as the file spells it; NUL-terminated */
    struct gguf_string bytes; /* what it stands for in text; a control token's own spelling */
    float score;              /* `llama`: the greater is merged first */
    enum token_type type;
    bool ends;   /* a text that is generated ends with it */
    bool strips; /* a control token: white space behind it is left out */
};

/* Tokens by their text: open addressing, -1 is free. The first of equal texts stays. */
struct token_map {
    int32_t *slots; /* (mask + 1), a power of two */
    uint32_t mask;
};

struct merge { /* `gpt2`: left and right next to each other become id */
    int32_t left, right, id;
};

enum tokenizer_kind { TOKENIZER_GPT2, TOKENIZER_LLAMA };
enum { TOKENIZER_SPECIAL_BYTES_MAX = 255 }; /* longer control tokens are not found in text */

struct tokenizer {
    struct arena arena; /* of all below but the splitter */
    enum tokenizer_kind kind;
    struct token *tokens; /* (size) */
    int size;
    struct token_map plain;   /* what merging may make, by text */
    struct token_map special; /* control, unknown and user-defined tokens, by text */
    bool special_first[256];  /* some special token begins with this byte */
    unsigned char special_lens[TOKENIZER_SPECIAL_BYTES_MAX]; /* that occur, longest first */
    int special_len_count;
    int32_t byte_id[256]; /* the token of a single byte, or -1 */
    size_t text_len_max;  /* of the plain tokens */

    struct splitter *splitter; /* `gpt2` */
    bool pre_guessed;          /* the file does not say which */
    struct merge *merges;      /* `gpt2`: (merge_count), the first is merged first */
    size_t merge_count;
    uint32_t *ranks; /* (rank_mask + 1): rank + 1 of a pair by hash, 0 is free */
    uint32_t rank_mask;

    int32_t bos, eos, unknown, padding; /* -1 where there is none */
    int32_t fallback; /* stands for what no token spells: `unknown` where its type is that, else -1 */
    bool add_bos;
    bool add_space_prefix; /* `llama`: text is encoded as if a space stood before it */
};

enum {
    TOKENIZER_VOCAB_MAX = 1 << 20,
    TOKENIZER_ID_COUNT_MAX = 1 << 30,
};
static const size_t tokenizer_arena_bytes_max = (size_t)1 << 30;

/* The word mark of SentencePiece, U+2581, that stands for a space. */
#define TOKENIZER_MARK "\xe2\x96\x81"

/* An empty tokenizer with `size` tokens to fill in; NULL: out of memory. */
struct tokenizer *tokenizer_new(enum tokenizer_kind kind, int size);
/* Builds the maps once tokens are filled in. */
int tokenizer_index(struct tokenizer *tokenizer, struct ponder_err *err) PONDER_USE;
/* Builds the table of ranks once merges are filled in. A pair that comes twice keeps its first rank. */
int tokenizer_index_merges(struct tokenizer *tokenizer, struct ponder_err *err) PONDER_USE;

/* An id or -1. */
int32_t token_map_find(const struct token_map *map, const struct token *tokens, const char *text, size_t len);
int token_map_init(struct token_map *map, struct arena *arena, size_t count); /* room for `count` tokens */
void token_map_add(struct token_map *map, const struct token *tokens, int32_t id);

/* The printable alphabet in which `gpt2` files spell bytes (Radford et al. 2019, bytes_to_unicode): a byte as
 * one character of 1 or 2 UTF-8 bytes. Returns their number. */
int byte_spell(unsigned char byte, char out[2]);
/* The bytes that `text` spells into `out` (room for `len`); their number, or -1 where it spells none. */
long byte_unspell(const char *text, size_t len, char *out);

/* Merging. Symbols form a list over a text; the best pair of neighbours becomes one, until none is left. */
enum { MERGE_NONE = -1, MERGE_FIXED = -2 };
struct merge_symbol {
    int32_t id;          /* token, MERGE_NONE where the text is none, MERGE_FIXED: stays out of all merges */
    uint32_t start, len; /* in the text; len 0: merged into the one before */
    int32_t prev, next;  /* -1 at the ends */
};
struct merge_candidate {
    double priority;
    uint32_t left; /* symbol */
    uint32_t len;  /* of both, to tell a candidate whose parts have changed */
    int32_t id;    /* what they become */
};
struct merge_work { /* grows, and is used again from piece to piece */
    struct merge_symbol *symbols;
    size_t symbol_count;
    int64_t symbol_cap;
    struct merge_candidate *heap;
    size_t heap_count;
    int64_t heap_cap;
    struct buf text;
};
int merge_push(struct merge_work *work, int32_t id, uint32_t start, uint32_t len) PONDER_USE;
/* Asks `pair` whether two neighbours become one, and with what priority (greater first, then leftmost). Ends
 * with symbol 0 and those that follow it by `next`. Takes n log n steps for n symbols. */
int merge_run(struct merge_work *work, const struct tokenizer *tokenizer,
              bool (*pair)(const struct tokenizer *tokenizer, const struct merge_work *work,
                           const struct merge_symbol *left, const struct merge_symbol *right,
                           struct merge_candidate *out)) PONDER_USE;
void merge_release(struct merge_work *work);

/* The two rules: append the ids of a text without special tokens. */
int bpe_encode(const struct tokenizer *tokenizer, struct merge_work *work, const char *text, size_t len,
               struct tokenizer_ids *out, struct ponder_err *err) PONDER_USE;
int spm_encode(const struct tokenizer *tokenizer, struct merge_work *work, const char *text, size_t len,
               unsigned flags, struct tokenizer_ids *out, struct ponder_err *err) PONDER_USE;
/* The rank of a pair, or -1. */
long bpe_rank(const struct tokenizer *tokenizer, int32_t left, int32_t right);
/* The special token that `text` begins with, or -1; `*len` becomes its length. Control tokens only within the
 * first `own` bytes. */
int32_t special_match(const struct tokenizer *tokenizer, const char *text, size_t *len, size_t own);
/* tokenizer_ends.c: which tokens end a generated text, and which leave out the white space behind them. */
int tokenizer_read_ends(struct tokenizer *tokenizer, const struct gguf_file *file,
                        struct ponder_err *err) PONDER_USE;
/* An optional id; it stays as it is where the key is absent. */
int tokenizer_read_id(const struct tokenizer *tokenizer, const struct gguf_file *file, const char *key,
                      int32_t *out, struct ponder_err *err) PONDER_USE;

/* Splitting. `name` is a tokenizer.ggml.pre; unknown ones are PONDER_E_UNSUPPORTED and named. */
int splitter_open(struct splitter **out, struct gguf_string name, struct ponder_err *err) PONDER_USE;
void splitter_release(struct splitter *splitter);
const char *splitter_name(const struct splitter *splitter);
enum splitter_flags {
    SPLITTER_WHOLE = 1, /* a piece that is a token as a whole is not merged (llama.cpp's ignore_merges) */
    SPLITTER_BOS = 2,   /* the model wants its BOS, unless the file says otherwise */
    SPLITTER_NFC = 4,   /* text in Unicode's normal form C, which llama.cpp does not make */
};
unsigned splitter_flags(const struct splitter *splitter);
/* Calls `piece` for every piece, in order; they cover the text, or its normal form. A status other than 0
 * from `piece` ends the splitting and is returned. Bytes that are no UTF-8 are pieces of their own. */
int splitter_run(const struct splitter *splitter, const char *text, size_t len,
                 int (*piece)(void *data, const char *text, size_t len, struct ponder_err *err), void *data,
                 struct ponder_err *err) PONDER_USE;

#endif
