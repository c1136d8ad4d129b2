/* test_tokenizer_file.c - vocabularies of files: read as they say, and refused by key where they are wrong.
 */
#include "tokenizer_fixture.h"
#include "failing_alloc.h"

/* A small `llama` vocabulary: unknown, BOS, EOS, the bytes, and some words. */
struct small {
    struct gguf_string texts[300];
    int32_t types[300];
    float scores[300];
    size_t count;
    char bytes[256][8];
};

static void small_add(struct small *small, const char *text, int32_t type, float score)
{
    small->texts[small->count] = (struct gguf_string){text, strlen(text)};
    small->types[small->count] = type;
    small->scores[small->count++] = score;
}

static void small_init(struct small *small)
{
    static const char *const words[] = {"\xe2\x96\x81",
                                        "a",
                                        "b",
                                        "ab",
                                        ("\xe2\x96\x81"
                                         "a"),
                                        "abab",
                                        "\xe2\x96\x81\xe2\x96\x81",
                                        "ba"};
    *small = (struct small){0};
    small_add(small, "<unk>", 2, 0);
    small_add(small, "<s>", 3, 0);
    small_add(small, "</s>", 3, 0);
    for (int i = 0; i < 256; i++) {
        snprintf(small->bytes[i], sizeof small->bytes[i], "<0x%02X>", i);
        small_add(small, small->bytes[i], 6, 0);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        small_add(small, words[i], 1, -(float)i);
    small_add(small, "[user]", 4, 0);
}

/* Opens the tokenizer of a writer's keys, and gives the writer back. */
static int open_written(struct tokenizer **out, struct gguf_writer *writer)
{
    struct gguf_file *file;
    char *bytes;
    size_t len;
    assert_int_equal(gguf_writer_bytes(writer, &bytes, &len, &err), 0);
    gguf_writer_release(writer);
    assert_int_equal(gguf_open_bytes(&file, bytes, len, "memory", &err), 0);
    int status = tokenizer_open(out, file, &err);
    gguf_release(file);
    free(bytes);
    return status;
}

static struct gguf_writer *small_writer(const struct small *small)
{
    struct gguf_writer *writer = gguf_writer_new();
    gguf_put_text(writer, "tokenizer.ggml.model", "llama");
    gguf_put_strings(writer, "tokenizer.ggml.tokens", small->texts, small->count);
    gguf_put_f32s(writer, "tokenizer.ggml.scores", small->scores, small->count);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", small->types, small->count);
    gguf_put_u32(writer, "tokenizer.ggml.bos_token_id", 1);
    gguf_put_u32(writer, "tokenizer.ggml.eos_token_id", 2);
    return writer;
}

static struct tokenizer *small_open(void)
{
    struct small small;
    struct tokenizer *tokenizer;
    small_init(&small);
    if (open_written(&tokenizer, small_writer(&small)))
        fail_msg("%s", err.message);
    return tokenizer;
}

static void check_ids(const struct tokenizer *tokenizer, const char *text, unsigned flags, const char *wanted)
{
    struct tokenizer_ids ids = encode(tokenizer, text, strlen(text), flags);
    struct buf seen = BUF_INIT(1000);
    for (size_t i = 0; i < ids.count; i++)
        buf_printf(&seen, "%s%d", i ? " " : "", ids.ids[i]);
    assert_string_equal(buf_text(&seen), wanted);
    buf_release(&seen);
    tokenizer_ids_release(&ids);
}

static void sentencepiece_merges_by_score_from_the_left(void **state)
{
    (void)state;
    struct tokenizer *tokenizer = small_open();
    assert_int_equal(tokenizer_bos(tokenizer), 1);
    /* ids: 259 mark, a, b, 262 ab, 263 mark-a, 264 abab, 265 two marks, 266 ba, 267 user */
    check_ids(tokenizer, "", TOKENIZER_ADD_BOS, "1");
    check_ids(tokenizer, "abab", TOKENIZER_ADD_BOS, "1 259 264");
    check_ids(tokenizer, "bab", 0, "259 261 262"); /* ab has a higher score than ba */
    check_ids(tokenizer, " a", 0, "259 263");
    check_ids(tokenizer, "   a", 0, "265 259 263"); /* mark-a before two marks, and those from the left */
    check_ids(tokenizer, "c\n", 0, "259 102 13");
    check_ids(tokenizer, "a[user]a", 0, "263 267 263");
    check_ids(tokenizer, "<s>a", TOKENIZER_SPECIAL, "1 263");
    check_ids(tokenizer, "\xe2\x96\x81", 0, "259 229 153 132");
    check_all_round_trips(tokenizer);
    tokenizer_release(tokenizer);
}

static void a_sentencepiece_tokenizer_survives_its_file(void **state)
{
    (void)state;
    struct tokenizer *tokenizer = small_open(), *again = through_file(tokenizer);
    for (int i = 0; i < TEXT_COUNT; i++)
        check_same_ids(tokenizer, again, texts[i], strlen(texts[i]), TOKENIZER_ADD_BOS | TOKENIZER_SPECIAL);
    tokenizer_release(again);
    tokenizer_release(tokenizer);
}

static void malformed_vocabularies_are_refused_by_key(void **state)
{
    (void)state;
    struct small small;
    struct tokenizer *tokenizer;
    small_init(&small);
    small.types[5] = 7;
    assert_int_equal(open_written(&tokenizer, small_writer(&small)), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "token 5 has type 7"));
    small_init(&small);
    small.texts[5] = (struct gguf_string){"<0x+1>", 6};
    assert_int_equal(open_written(&tokenizer, small_writer(&small)), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "byte token"));
    small_init(&small);
    small.scores[5] = 0.0f / (float)(small.count == 0);
    assert_int_equal(open_written(&tokenizer, small_writer(&small)), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "tokenizer.ggml.scores"));
    small_init(&small);
    small.count = 1; /* the ids of BOS and EOS are beyond it */
    assert_int_equal(open_written(&tokenizer, small_writer(&small)), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "tokenizer.ggml.bos_token_id"));
    struct gguf_writer *writer = gguf_writer_new();
    gguf_put_text(writer, "tokenizer.ggml.model", "bert");
    assert_int_equal(open_written(&tokenizer, writer), PONDER_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "'bert', which is not supported; supported are gpt2 and llama"));
    assert_int_equal(open_written(&tokenizer, gguf_writer_new()), PONDER_E_NOT_FOUND);
}

static void keys_of_another_type_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const keys[] = {"tokens", "scores", "token_type", "bos_token_id", "add_bos_token"};
    struct small small;
    struct tokenizer *tokenizer;
    small_init(&small);
    for (size_t wrong = 0; wrong < sizeof keys / sizeof *keys; wrong++) {
        struct gguf_writer *writer = gguf_writer_new();
        char key[64];
        snprintf(key, sizeof key, "tokenizer.ggml.%s", keys[wrong]);
        gguf_put_text(writer, "tokenizer.ggml.model", "llama");
        gguf_put_text(writer, key, "of another type");
        if (wrong != 0)
            gguf_put_strings(writer, "tokenizer.ggml.tokens", small.texts, small.count);
        if (wrong != 1)
            gguf_put_f32s(writer, "tokenizer.ggml.scores", small.scores, small.count);
        if (wrong != 2)
            gguf_put_i32s(writer, "tokenizer.ggml.token_type", small.types, small.count);
        assert_int_equal(open_written(&tokenizer, writer), PONDER_E_FORMAT);
        if (!strstr(err.message, key))
            fail_msg("'%s' does not name %s", err.message, key);
    }
    struct gguf_writer *writer = gguf_writer_new();
    gguf_put_u32(writer, "tokenizer.ggml.model", 7);
    assert_int_equal(open_written(&tokenizer, writer), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "tokenizer.ggml.model"));
    writer = gguf_writer_new();
    gguf_put_text(writer, "tokenizer.ggml.model", "llama");
    gguf_put_strings(writer, "tokenizer.ggml.tokens", small.texts, small.count);
    gguf_put_f32s(writer, "tokenizer.ggml.scores", small.scores, small.count - 1);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", small.types, small.count);
    assert_int_equal(open_written(&tokenizer, writer), PONDER_E_FORMAT); /* one score is missing */
    assert_non_null(strstr(err.message, "tokenizer.ggml.scores"));
}

static struct gguf_writer *two_letters(const char *pre, const char *merge)
{
    struct gguf_writer *writer = gguf_writer_new();
    struct gguf_string tokens[] = {{"a", 1}, {"b", 1}, {"ab", 2}}, merges[] = {{merge, strlen(merge)}};
    gguf_put_text(writer, "tokenizer.ggml.model", "gpt2");
    gguf_put_text(writer, "tokenizer.ggml.pre", pre);
    gguf_put_strings(writer, "tokenizer.ggml.tokens", tokens, 3);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", (int32_t[]){1, 1, 1}, 3);
    gguf_put_strings(writer, "tokenizer.ggml.merges", merges, 1);
    return writer;
}

/* A vocabulary of all bytes, of the pieces of `made` that merges make, left to right, and of `specials`. */
enum { MADE_MAX = 40, SPECIALS_MAX = 4, BYTES = 256 };
struct made {
    const char *pre, *name;
    const char *merges[MADE_MAX];
    struct {
        const char *text;
        int32_t type;
    } specials[SPECIALS_MAX];
    const char *whole; /* one more token, that no merge makes */
};

/* In the alphabet of bytes. */
static const char *spelt(unsigned char byte, char out[4])
{
    int code = byte;
    bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    if (!printable) {
        code = 256;
        for (int b = 0; b < byte; b++)
            code += !((b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae);
    }
    snprintf(out, 4, code < 0x80 ? "%c" : "%c%c", code < 0x80 ? code : 0xc0 | code >> 6,
             0x80 | (code & 0x3f));
    return out;
}

static struct tokenizer *made_open(const struct made *made)
{
    static char bytes[BYTES][4], joined[MADE_MAX][64];
    struct gguf_string tokens[BYTES + MADE_MAX + SPECIALS_MAX + 1], merges[MADE_MAX];
    int32_t types[BYTES + MADE_MAX + SPECIALS_MAX + 1];
    size_t count = 0, merge_count = 0;
    for (; count < BYTES; count++) {
        spelt((unsigned char)count, bytes[count]);
        tokens[count] = (struct gguf_string){bytes[count], strlen(bytes[count])};
    }
    for (; merge_count < MADE_MAX && made->merges[merge_count]; merge_count++) {
        const char *merge = made->merges[merge_count], *space = strchr(merge, ' ');
        merges[merge_count] = (struct gguf_string){merge, strlen(merge)};
        snprintf(joined[merge_count], sizeof joined[0], "%.*s%s", (int)(space - merge), merge, space + 1);
        tokens[count++] = (struct gguf_string){joined[merge_count], strlen(joined[merge_count])};
    }
    for (size_t i = 0; i < count; i++)
        types[i] = 1;
    for (int i = 0; i < SPECIALS_MAX && made->specials[i].text; i++) {
        types[count] = made->specials[i].type;
        tokens[count++] = (struct gguf_string){made->specials[i].text, strlen(made->specials[i].text)};
    }
    if (made->whole) {
        types[count] = 1;
        tokens[count++] = (struct gguf_string){made->whole, strlen(made->whole)};
    }
    struct gguf_writer *writer = gguf_writer_new();
    struct tokenizer *tokenizer;
    gguf_put_text(writer, "tokenizer.ggml.model", "gpt2");
    gguf_put_text(writer, "tokenizer.ggml.pre", made->pre);
    gguf_put_text(writer, "general.name", made->name ? made->name : "none");
    gguf_put_strings(writer, "tokenizer.ggml.tokens", tokens, count);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", types, count);
    gguf_put_strings(writer, "tokenizer.ggml.merges", merges, merge_count);
    gguf_put_u32(writer, "tokenizer.ggml.bos_token_id", 1);
    gguf_put_u32(writer, "tokenizer.ggml.eot_token_id", 'T');
    if (open_written(&tokenizer, writer))
        fail_msg("%s", err.message);
    return tokenizer;
}

/* The tokens of a text as they are in it, with | between. */
static void check_pieces(const struct tokenizer *tokenizer, const char *text, unsigned flags,
                         const char *wanted)
{
    struct tokenizer_ids ids = encode(tokenizer, text, strlen(text), flags);
    struct buf seen = BUF_INIT(1000);
    for (size_t i = 0; i < ids.count; i++) {
        buf_puts(&seen, i ? "|" : "");
        assert_int_equal(tokenizer_piece(tokenizer, ids.ids[i], true, &seen), 0);
    }
    assert_string_equal(buf_text(&seen), wanted);
    buf_release(&seen);
    tokenizer_ids_release(&ids);
}

/* Merges that would join what the rules keep apart. */
#define ACROSS                                                                                               \
    {                                                                                                        \
        "1 2", "12 3", "123 4", "a b", "ab c", "abc '", "' s", "' S", "\xc4\xa0 \xc4\xa0", "\xc4\xa0 a",     \
            "! \xc4\x8a", "!\xc4\x8a a", "\xc4\x8a \xc4\x8a", ". a", "a B", "A B", "AB c"                    \
    }

static void text_is_cut_as_the_file_says(void **state)
{
    (void)state;
    static const struct {
        const char *pre, *text, *wanted;
    } rows[] = {
        {"gpt-2", "1234", "1234"},
        {"gpt-2", "abc's'S", "abc|'s|'|S"},
        {"gpt-2", "   a", "  | a"},
        {"gpt-2", "!\na", "!|\n|a"},
        {"gpt-2", ".a", ".|a"},
        {"llama-bpe", "1234", "123|4"},
        {"llama-bpe", "12345 123", "123|4|5| |123"},
        {"llama-bpe", "abc's'S", "abc|'s|'S"},
        {"llama-bpe", "   a", "  | a"},
        {"llama-bpe", "!\na", "!\n|a"},
        {"llama-bpe", ".a", ".a"},
        {"llama-bpe", "a\n\na", "a|\n\n|a"},
        {"smaug-bpe", "1234", "123|4"},
        {"qwen2", "1234", "1|2|3|4"},
        {"qwen2", "abc's'S", "abc|'s|'S"},
        {"qwen2", "!\na", "!\n|a"},
        {"qwen2",
         "e\xcc\x81\xff"
         "e\xcc\x81",
         "\xc3|\xa9|\xff|\xc3|\xa9"}, /* in normal form C */
        {"gpt-2", "e\xcc\x81", "e|\xcc|\x81"},
        {"deepseek-r1-qwen", "12.a", "1|2|.a"},
        {"tekken", "aBAB", "a|B|AB"},
        {"tekken", "ABc 12", "ABc| |1|2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made made = {.pre = rows[i].pre, .merges = ACROSS};
        struct tokenizer *tokenizer = made_open(&made);
        check_pieces(tokenizer, rows[i].text, 0, rows[i].wanted);
        tokenizer_release(tokenizer);
    }
}

static void a_whole_piece_is_taken_before_merges_where_the_kind_says(void **state)
{
    (void)state;
    struct made made = {.pre = "llama-bpe",
                        .merges = {"a b"},
                        .whole = "\xc4\xa0"
                                 "bab"};
    struct tokenizer *tokenizer = made_open(&made);
    check_pieces(tokenizer, " bab bab", 0, " bab| bab");
    check_pieces(tokenizer, "x bab baba", TOKENIZER_ADD_BOS, "\x01|x| bab| |b|ab|a");
    tokenizer_release(tokenizer);
    made.pre = "smaug-bpe";
    tokenizer = made_open(&made);
    check_pieces(tokenizer, " bab", TOKENIZER_ADD_BOS, " |b|ab");
    tokenizer_release(tokenizer);
}

static void texts_end_at_what_the_file_or_a_known_text_says(void **state)
{
    (void)state;
    struct made made = {
        .pre = "qwen2", .merges = {"a b"}, .specials = {{"<|im_end|>", 1}, {"<|im_start|>", 3}, {"<|", 4}}};
    struct tokenizer *tokenizer = made_open(&made);
    assert_true(tokenizer_is_end(tokenizer, 'T'));
    assert_true(tokenizer_is_end(tokenizer, BYTES + 1)); /* whatever its type is */
    assert_true(tokenizer_is_control(tokenizer, BYTES + 1));
    assert_false(tokenizer_is_end(tokenizer, BYTES + 2));
    assert_false(tokenizer_is_end(tokenizer, 'a'));
    assert_false(tokenizer_is_end(tokenizer, -1));
    assert_false(tokenizer_is_end(tokenizer, 100000));
    tokenizer_release(tokenizer);
}

static void control_tokens_are_found_only_in_a_template_s_parts(void **state)
{
    (void)state;
    struct made made = {.pre = "qwen2", .merges = {"a b"}, .specials = {{"<|x|>", 3}, {"<u>", 4}}};
    struct tokenizer *tokenizer = made_open(&made);
    static const char text[] = "<|x|>a<|x|>b<u><|x|>";
    static const struct tokenizer_part parts[] = {{0, 5}, {11, 11}, {16, 20}};
    struct tokenizer_ids ids = {0};
    assert_int_equal(tokenizer_encode_parts(tokenizer, text, sizeof text - 1, parts, 3, 0, &ids, &err), 0);
    struct buf seen = BUF_INIT(100);
    for (size_t i = 0; i < ids.count; i++)
        buf_printf(&seen, "%s%d", i ? " " : "", ids.ids[i] < BYTES ? 0 : ids.ids[i]);
    /* whole in the first part, text between, the user's own anywhere, cut off in the last */
    assert_string_equal(buf_text(&seen), "257 0 0 0 0 0 0 0 258 0 0 0 0 0");
    buf_release(&seen);
    tokenizer_ids_release(&ids);
    tokenizer_release(tokenizer);
}

static void merges_that_make_a_control_token_are_left_out(void **state)
{
    (void)state;
    struct tokenizer *tokenizer;
    struct gguf_writer *writer = gguf_writer_new();
    struct gguf_string tokens[] = {{"a", 1}, {"b", 1}, {"ab", 2}, {"abb", 3}},
                       merges[] = {{"a b", 3}, {"ab b", 4}};
    gguf_put_text(writer, "tokenizer.ggml.model", "gpt2");
    gguf_put_text(writer, "tokenizer.ggml.pre", "gpt-2");
    gguf_put_strings(writer, "tokenizer.ggml.tokens", tokens, 4);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", (int32_t[]){1, 1, 1, 3}, 4);
    gguf_put_strings(writer, "tokenizer.ggml.merges", merges, 2);
    assert_int_equal(open_written(&tokenizer, writer), PONDER_OK);
    check_ids(tokenizer, "abb", 0, "2 1");
    check_ids(tokenizer, "abb", TOKENIZER_SPECIAL, "3");
    tokenizer_release(tokenizer);
}

static void phi_3_leaves_out_the_space_behind_control_tokens(void **state)
{
    (void)state;
    struct made made = {.pre = "gpt-2",
                        .name = "My Phi-3 mini",
                        .merges = {"a b"},
                        .specials = {{"<|user|>", 3}, {"<|endoftext|>", 3}}};
    struct tokenizer *tokenizer = made_open(&made);
    check_pieces(tokenizer, "<|user|> \n ab<|endoftext|> a", TOKENIZER_SPECIAL,
                 "<|user|>|ab|<|endoftext|>| |a");
    tokenizer_release(tokenizer);
}

static void what_no_token_spells_is_the_unknown_token(void **state)
{
    (void)state;
    struct tokenizer *tokenizer;
    struct gguf_string letters[] = {{"a", 1}, {"<unk>", 5}};
    struct gguf_writer *writer = gguf_writer_new();
    gguf_put_text(writer, "tokenizer.ggml.model", "gpt2");
    gguf_put_text(writer, "tokenizer.ggml.pre", "gpt-2");
    gguf_put_strings(writer, "tokenizer.ggml.tokens", letters, 2);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", (int32_t[]){1, 2}, 2);
    gguf_put_strings(writer, "tokenizer.ggml.merges", letters, 0);
    gguf_put_u32(writer, "tokenizer.ggml.unknown_token_id", 1);
    assert_int_equal(open_written(&tokenizer, writer), PONDER_OK);
    check_ids(tokenizer, "aca", 0, "0 1 0");
    tokenizer_release(tokenizer);
    struct gguf_string tokens[] = {{"a", 1}, {"<0x2B>", 6}, {"?", 1}};
    writer = gguf_writer_new();
    gguf_put_text(writer, "tokenizer.ggml.model", "llama");
    gguf_put_strings(writer, "tokenizer.ggml.tokens", tokens, 3);
    gguf_put_f32s(writer, "tokenizer.ggml.scores", (float[]){0, 0, 0}, 3);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", (int32_t[]){1, 6, 2}, 3);
    gguf_put_u32(writer, "tokenizer.ggml.unknown_token_id", 2);
    gguf_put_bool(writer, "tokenizer.ggml.add_space_prefix", false);
    assert_int_equal(open_written(&tokenizer, writer), PONDER_OK);
    check_ids(tokenizer,
              "a+\xc3\xa9"
              "a",
              0, "0 1 2 0");
    tokenizer_release(tokenizer);
}

static void merges_that_spell_no_token_are_refused(void **state)
{
    (void)state;
    struct tokenizer *tokenizer;
    assert_int_equal(open_written(&tokenizer, two_letters("gpt-2", "b a")), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "'b a'"));
    assert_int_equal(open_written(&tokenizer, two_letters("gpt-2", "ab")), PONDER_E_FORMAT);
    assert_int_equal(open_written(&tokenizer, two_letters("gpt-2", "a ")), PONDER_E_FORMAT);
    assert_int_equal(open_written(&tokenizer, two_letters("gpt-5", "a b")), PONDER_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "'gpt-5', which is not supported; supported are"));
    assert_int_equal(open_written(&tokenizer, two_letters("gpt-2", "a b")), PONDER_OK);
    check_ids(tokenizer, "abba", 0, "2 1 0");
    struct tokenizer_ids ids = {0};
    assert_int_equal(tokenizer_encode(tokenizer, "abc", 3, 0, &ids, &err), PONDER_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "0x63"));
    assert_int_equal(ids.count, 0);
    tokenizer_ids_release(&ids);
    tokenizer_release(tokenizer);
}

static void types_of_tokens_may_be_unsigned(void **state)
{
    (void)state;
    static const char key[] = "tokenizer.ggml.token_type";
    struct gguf_writer *writer = two_letters("gpt-2", "a b");
    struct gguf_file *file;
    struct tokenizer *tokenizer;
    char *bytes;
    size_t len;
    assert_int_equal(gguf_writer_bytes(writer, &bytes, &len, &err), 0);
    gguf_writer_release(writer);
    char *at = memmem(bytes, len, key, strlen(key));
    assert_int_equal(at[strlen(key) + 4], GGUF_I32); /* behind the type of the value, an array */
    at[strlen(key) + 4] = GGUF_U32;
    assert_int_equal(gguf_open_bytes(&file, bytes, len, "memory", &err), 0);
    if (tokenizer_open(&tokenizer, file, &err))
        fail_msg("%s", err.message);
    check_ids(tokenizer, "abba", 0, "2 1 0");
    tokenizer_release(tokenizer);
    gguf_release(file);
    free(bytes);
}

static void every_failing_allocation_is_an_error_not_a_crash(void **state)
{
    (void)state;
    struct small small;
    small_init(&small);
    char *bytes;
    size_t len;
    struct gguf_writer *writer = small_writer(&small);
    assert_int_equal(gguf_writer_bytes(writer, &bytes, &len, &err), 0);
    gguf_writer_release(writer);
    struct gguf_file *file;
    assert_int_equal(gguf_open_bytes(&file, bytes, len, "memory", &err), 0);
    for (int kind = 0; kind < 2; kind++) {
        int status = PONDER_E_MEMORY;
        for (long n = 0; status; n++) {
            struct tokenizer *tokenizer;
            struct tokenizer_ids ids = {0};
            fail_after = n;
            status = kind ? tokenizer_learn(&tokenizer, corpus, sizeof corpus - 1, 300, &err)
                          : tokenizer_open(&tokenizer, file, &err);
            if (!status)
                status =
                    tokenizer_encode(tokenizer, corpus, sizeof corpus - 1, TOKENIZER_ADD_BOS, &ids, &err);
            fail_after = -1;
            assert_true(status == PONDER_OK || status == PONDER_E_MEMORY);
            tokenizer_ids_release(&ids);
            tokenizer_release(tokenizer);
            assert_true(n < 2000);
        }
    }
    gguf_release(file);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentencepiece_merges_by_score_from_the_left),
        cmocka_unit_test(a_sentencepiece_tokenizer_survives_its_file),
        cmocka_unit_test(malformed_vocabularies_are_refused_by_key),
        cmocka_unit_test(keys_of_another_type_are_refused_by_name),
        cmocka_unit_test(text_is_cut_as_the_file_says),
        cmocka_unit_test(a_whole_piece_is_taken_before_merges_where_the_kind_says),
        cmocka_unit_test(texts_end_at_what_the_file_or_a_known_text_says),
        cmocka_unit_test(control_tokens_are_found_only_in_a_template_s_parts),
        cmocka_unit_test(merges_that_make_a_control_token_are_left_out),
        cmocka_unit_test(phi_3_leaves_out_the_space_behind_control_tokens),
        cmocka_unit_test(what_no_token_spells_is_the_unknown_token),
        cmocka_unit_test(merges_that_spell_no_token_are_refused),
        cmocka_unit_test(types_of_tokens_may_be_unsigned),
        cmocka_unit_test(every_failing_allocation_is_an_error_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
