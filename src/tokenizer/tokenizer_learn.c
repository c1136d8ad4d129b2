/* tokenizer_learn.c - learning the merges of byte-level BPE from text (Sennrich et al. 2016, algorithm 1).
 *
 * The text is cut into pieces; each different piece is a word with its count. Then, until the vocabulary is
 * full: the pair of neighbours that is seen most often becomes a token, and the words that hold it are
 * written anew. Counts of pairs live in a hash table and are corrected for those words only. Equal counts are
 * decided by the lower ids, so that the same text always gives the same tokenizer. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "tokenizer/tokenizer_impl.h"

enum { BYTE_COUNT = 256, WORDS_MAX = 1 << 24, VOCAB_MIN = TOKENIZER_SPECIAL_COUNT + BYTE_COUNT };
static const size_t text_bytes_max = (size_t)1 << 30;

struct word {
    const char *text; /* in the text that is learnt from */
    int32_t *ids;     /* (len), of which `count` are in use */
    size_t len, count;
    int64_t seen; /* times in the text */
};

struct pair_count {
    int32_t left, right; /* left -1: a free slot */
    int64_t seen;
};

struct learner {
    struct tokenizer *tokenizer; /* its size is the vocabulary wanted */
    int token_count;             /* learnt so far */
    struct word *words;
    size_t word_count, word_cap;
    uint32_t *word_slots; /* (word_mask + 1): index + 1 of a word by hash, 0 is free */
    size_t word_mask;
    struct pair_count *pairs; /* (pair_mask + 1) */
    size_t pair_used, pair_mask;
    int32_t *ids; /* of all words */
};

static size_t word_slot(const struct learner *learner, const char *text, size_t len)
{
    size_t slot = (size_t)hash_bytes(text, len) & learner->word_mask;
    for (;; slot = (slot + 1) & learner->word_mask) {
        uint32_t index = learner->word_slots[slot];
        if (index == 0)
            return slot;
        const struct word *word = &learner->words[index - 1];
        if (word->len == len && !memcmp(word->text, text, len))
            return slot;
    }
}

static int grow_words(struct learner *learner)
{
    size_t cap = learner->word_cap ? 2 * learner->word_cap : 1024;
    struct word *words = realloc(learner->words, cap * sizeof *words);
    if (!words)
        return PONDER_E_MEMORY;
    learner->words = words;
    learner->word_cap = cap;
    uint32_t *slots = calloc(2 * cap, sizeof *slots);
    if (!slots)
        return PONDER_E_MEMORY;
    free(learner->word_slots);
    learner->word_slots = slots;
    learner->word_mask = 2 * cap - 1;
    for (size_t i = 0; i < learner->word_count; i++)
        slots[word_slot(learner, words[i].text, words[i].len)] = (uint32_t)i + 1;
    return PONDER_OK;
}

static int count_word(void *data, const char *text, size_t len, struct ponder_err *err)
{
    struct learner *learner = data;
    if (learner->word_count == learner->word_cap && grow_words(learner))
        return err_memory(err, "the words of a text");
    size_t slot = word_slot(learner, text, len);
    if (learner->word_slots[slot] == 0) {
        if (learner->word_count == WORDS_MAX)
            return err_set(err, PONDER_E_LIMIT, "over %d different words in the text", WORDS_MAX);
        learner->words[learner->word_count++] = (struct word){.text = text, .len = len, .count = len};
        learner->word_slots[slot] = (uint32_t)learner->word_count;
    }
    learner->words[learner->word_slots[slot] - 1].seen++;
    return PONDER_OK;
}

/* Counts the words between the control tokens of the text. */
static int count_words(struct learner *learner, const char *text, size_t len, struct ponder_err *err)
{
    const struct splitter *splitter = learner->tokenizer->splitter;
    size_t plain = 0;
    int status = PONDER_OK;
    for (size_t at = 0; !status && at < len;) {
        size_t n = len - at;
        if (special_match(learner->tokenizer, text + at, &n, n) < 0) {
            at++;
            continue;
        }
        status = splitter_run(splitter, text + plain, at - plain, count_word, learner, err);
        plain = at += n;
    }
    return status ? status : splitter_run(splitter, text + plain, len - plain, count_word, learner, err);
}

/* Every word begins as its bytes. */
static int spell_words(struct learner *learner, struct ponder_err *err)
{
    size_t total = 0;
    for (size_t i = 0; i < learner->word_count; i++)
        total += learner->words[i].len;
    learner->ids = malloc((total + 1) * sizeof *learner->ids);
    if (!learner->ids)
        return err_memory(err, "the words of a text");
    int32_t *ids = learner->ids;
    for (size_t i = 0; i < learner->word_count; i++) {
        struct word *word = &learner->words[i];
        word->ids = ids;
        for (size_t k = 0; k < word->len; k++)
            *ids++ = learner->tokenizer->byte_id[(unsigned char)word->text[k]];
    }
    return PONDER_OK;
}

static struct pair_count *pair_slot(const struct learner *learner, int32_t left, int32_t right)
{
    uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t slot = (size_t)(pair * 0x9e3779b97f4a7c15u >> 24) & learner->pair_mask;
    for (;; slot = (slot + 1) & learner->pair_mask) {
        struct pair_count *at = &learner->pairs[slot];
        if (at->left < 0 || (at->left == left && at->right == right))
            return at;
    }
}

static int grow_pairs(struct learner *learner)
{
    struct pair_count *old = learner->pairs;
    size_t old_count = old ? learner->pair_mask + 1 : 0, count = old ? 2 * old_count : 4096;
    struct pair_count *pairs = malloc(count * sizeof *pairs);
    if (!pairs)
        return PONDER_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        pairs[i].left = -1;
    learner->pairs = pairs;
    learner->pair_mask = count - 1;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].left >= 0)
            *pair_slot(learner, old[i].left, old[i].right) = old[i];
    free(old);
    return PONDER_OK;
}

/* Adds `times` occurrences of every pair in the word. */
static int add_pairs(struct learner *learner, const struct word *word, int64_t times)
{
    for (size_t i = 0; i + 1 < word->count; i++) {
        if (2 * (learner->pair_used + 1) > learner->pair_mask && grow_pairs(learner))
            return PONDER_E_MEMORY;
        struct pair_count *pair = pair_slot(learner, word->ids[i], word->ids[i + 1]);
        if (pair->left < 0) {
            *pair = (struct pair_count){word->ids[i], word->ids[i + 1], 0};
            learner->pair_used++;
        }
        pair->seen += times;
    }
    return PONDER_OK;
}

static bool comes_first(const struct pair_count *a, const struct pair_count *b)
{
    if (a->seen != b->seen)
        return a->seen > b->seen;
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

/* The pair to merge next; its left is -1 where no pair is left. */
static struct pair_count best_pair(const struct learner *learner)
{
    struct pair_count best = {-1, -1, 0};
    for (size_t i = 0; learner->pairs && i <= learner->pair_mask; i++) {
        const struct pair_count *pair = &learner->pairs[i];
        if (pair->left >= 0 && pair->seen > 0 && (best.left < 0 || comes_first(pair, &best)))
            best = *pair;
    }
    return best;
}

/* Writes `id` for every left, right in the words. */
static int merge_words(struct learner *learner, int32_t left, int32_t right, int32_t id)
{
    for (size_t w = 0; w < learner->word_count; w++) {
        struct word *word = &learner->words[w];
        size_t at = 0;
        while (at + 1 < word->count && (word->ids[at] != left || word->ids[at + 1] != right))
            at++;
        if (at + 1 >= word->count)
            continue;
        int status = add_pairs(learner, word, -word->seen);
        size_t to = at;
        for (; at < word->count; to++) {
            bool both = at + 1 < word->count && word->ids[at] == left && word->ids[at + 1] == right;
            word->ids[to] = both ? id : word->ids[at];
            at += both ? 2 : 1;
        }
        word->count = to;
        if (!status)
            status = add_pairs(learner, word, word->seen);
        if (status)
            return status;
    }
    return PONDER_OK;
}

static int set_token(struct tokenizer *tokenizer, int32_t id, enum token_type type, const char *text,
                     size_t text_len, const char *bytes, size_t len)
{
    char *text_copy = arena_copy(&tokenizer->arena, text, text_len);
    char *bytes_copy = arena_copy(&tokenizer->arena, bytes, len);
    if (!text_copy || !bytes_copy)
        return PONDER_E_MEMORY;
    tokenizer->tokens[id] =
        (struct token){.text = {text_copy, text_len}, .bytes = {bytes_copy, len}, .type = type};
    return PONDER_OK;
}

/* The 16 special tokens, then the 256 bytes. */
static int set_first_tokens(struct tokenizer *tokenizer)
{
    static const char *const specials[] = {
#define X(name, text) text,
        TOKENIZER_SPECIALS(X)
#undef X
    };
    int status = PONDER_OK;
    for (int i = 0; !status && i < TOKENIZER_SPECIAL_COUNT; i++) {
        size_t len = strlen(specials[i]);
        status = set_token(tokenizer, i, TOKEN_CONTROL, specials[i], len, specials[i], len);
    }
    for (int byte = 0; !status && byte < BYTE_COUNT; byte++) {
        char spelt[2], raw = (char)byte;
        int n = byte_spell((unsigned char)byte, spelt);
        status =
            set_token(tokenizer, TOKENIZER_SPECIAL_COUNT + byte, TOKEN_NORMAL, spelt, (size_t)n, &raw, 1);
    }
    return status;
}

/* The token that left and right make: a new one, unless another pair made the same text before. */
static int join_tokens(struct learner *learner, int32_t left, int32_t right, int32_t *out)
{
    struct tokenizer *tokenizer = learner->tokenizer;
    const struct token *a = &tokenizer->tokens[left], *b = &tokenizer->tokens[right];
    struct buf text = BUF_INIT(text_bytes_max), bytes = BUF_INIT(text_bytes_max);
    buf_append(&text, a->text.data, a->text.len);
    buf_append(&text, b->text.data, b->text.len);
    buf_append(&bytes, a->bytes.data, a->bytes.len);
    buf_append(&bytes, b->bytes.data, b->bytes.len);
    int status = buf_ok(&text) && buf_ok(&bytes) ? PONDER_OK : PONDER_E_MEMORY;
    if (!status)
        *out = token_map_find(&tokenizer->plain, tokenizer->tokens, text.data, text.len);
    if (!status && *out < 0) {
        *out = learner->token_count;
        status = set_token(tokenizer, *out, TOKEN_NORMAL, text.data, text.len, bytes.data, bytes.len);
    }
    if (!status && *out == learner->token_count) {
        token_map_add(&tokenizer->plain, tokenizer->tokens, *out);
        learner->token_count++;
    }
    buf_release(&text);
    buf_release(&bytes);
    return status;
}

static int learn_merges(struct learner *learner, struct ponder_err *err)
{
    struct tokenizer *tokenizer = learner->tokenizer;
    size_t merges_max = 2 * (size_t)tokenizer->size; /* more than tokens, where pairs make the same text */
    tokenizer->merges = arena_array(&tokenizer->arena, merges_max, sizeof *tokenizer->merges);
    int status = tokenizer->merges ? PONDER_OK : PONDER_E_MEMORY;
    for (size_t w = 0; !status && w < learner->word_count; w++)
        status = add_pairs(learner, &learner->words[w], learner->words[w].seen);
    while (!status && learner->token_count < tokenizer->size) {
        struct pair_count best = best_pair(learner);
        if (best.left < 0 || tokenizer->merge_count == merges_max)
            return err_set(err, PONDER_E_ARGUMENT,
                           "the text gives %d tokens, not %d: learn from more text, or ask for fewer",
                           learner->token_count, tokenizer->size);
        int32_t id;
        status = join_tokens(learner, best.left, best.right, &id);
        if (!status)
            status = merge_words(learner, best.left, best.right, id);
        if (!status)
            tokenizer->merges[tokenizer->merge_count++] = (struct merge){best.left, best.right, id};
    }
    return status ? err_memory(err, "learning a tokenizer") : PONDER_OK;
}

static int learn(struct learner *learner, const char *text, size_t len, struct ponder_err *err)
{
    struct tokenizer *tokenizer = learner->tokenizer;
    if (set_first_tokens(tokenizer))
        return err_memory(err, "a tokenizer");
    learner->token_count = VOCAB_MIN;
    int status = tokenizer_index(tokenizer, err);
    if (!status)
        status = splitter_open(&tokenizer->splitter, (struct gguf_string){"smollm", 6}, err);
    if (!status)
        status = count_words(learner, text, len, err);
    if (!status)
        status = spell_words(learner, err);
    if (!status)
        status = learn_merges(learner, err);
    if (!status)
        status = tokenizer_index_merges(tokenizer, err);
    tokenizer->bos = tokenizer->eos = tokenizer->padding = TOKENIZER_END;
    return status;
}

int tokenizer_learn(struct tokenizer **out, const char *text, size_t len, int vocab, struct ponder_err *err)
{
    *out = NULL;
    if (vocab < VOCAB_MIN || vocab > TOKENIZER_VOCAB_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "a vocabulary of %d tokens: from %d to %d can be learnt",
                       vocab, VOCAB_MIN, TOKENIZER_VOCAB_MAX);
    if (len > text_bytes_max)
        return err_set(err, PONDER_E_LIMIT, "a text of %zu bytes: at most %zu can be learnt from", len,
                       text_bytes_max);
    struct learner learner = {.tokenizer = tokenizer_new(TOKENIZER_GPT2, vocab)};
    if (!learner.tokenizer)
        return err_memory(err, "a tokenizer");
    int status = learn(&learner, text, len, err);
    if (status)
        tokenizer_release(learner.tokenizer);
    else
        *out = learner.tokenizer;
    free(learner.words);
    free(learner.word_slots);
    free(learner.pairs);
    free(learner.ids);
    return status;
}
