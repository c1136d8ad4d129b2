/* test_tokenizer.c - what tokenizers learn, and that text comes back as it was. */
#include "tokenizer_fixture.h"

static void learning_reserves_the_specials_and_all_bytes(void **state)
{
    (void)state;
    struct tokenizer *tokenizer = learnt(300);
    assert_int_equal(tokenizer_size(tokenizer), 300);
    assert_int_equal(tokenizer_control(tokenizer, "<|end|>"), TOKENIZER_END);
    assert_int_equal(tokenizer_control(tokenizer, "<|spare8|>"), TOKENIZER_SPARE8);
    assert_int_equal(tokenizer_control(tokenizer, "<|nothing|>"), -1);
    assert_int_equal(tokenizer_eos(tokenizer), TOKENIZER_END);
    for (int id = 0; id < 300; id++) {
        struct buf piece = BUF_INIT(100);
        assert_int_equal(tokenizer_piece(tokenizer, id, false, &piece), 0);
        assert_true(tokenizer_is_control(tokenizer, id) == (id < 16));
        if (id < 16)
            assert_int_equal(piece.len, 0);
        else if (id < 272)
            assert_int_equal((unsigned char)piece.data[0], id - 16);
        else
            assert_true(piece.len >= 2);
        buf_release(&piece);
    }
    assert_int_equal(tokenizer_piece(tokenizer, 300, false, NULL), PONDER_E_ARGUMENT);
    tokenizer_release(tokenizer);
}

static void learning_merges_the_most_frequent_pair_first(void **state)
{
    (void)state;
    struct tokenizer *tokenizer;
    static const char text[] = "abab abab cd cd cd abab";
    assert_int_equal(tokenizer_learn(&tokenizer, text, sizeof text - 1, 274, &err), 0);
    struct buf piece = BUF_INIT(100);
    assert_int_equal(tokenizer_piece(tokenizer, 272, false, &piece), 0);
    assert_int_equal(tokenizer_piece(tokenizer, 273, false, &piece), 0);
    assert_string_equal(piece.data,
                        "ab c"); /* "ab" six times; then " c" leads those seen three times: lower ids */
    buf_release(&piece);
    tokenizer_release(tokenizer);
}

static void learning_twice_gives_the_same_tokenizer(void **state)
{
    (void)state;
    struct tokenizer *a = learnt(308), *b = learnt(308);
    for (int id = 0; id < 308; id++) {
        struct buf x = BUF_INIT(100), y = BUF_INIT(100);
        assert_int_equal(tokenizer_piece(a, id, true, &x), 0);
        assert_int_equal(tokenizer_piece(b, id, true, &y), 0);
        assert_string_equal(x.data, y.data);
        buf_release(&x);
        buf_release(&y);
    }
    tokenizer_release(a);
    tokenizer_release(b);
}

static void learning_beyond_what_the_text_gives_is_refused(void **state)
{
    (void)state;
    struct tokenizer *tokenizer;
    assert_int_equal(tokenizer_learn(&tokenizer, "ab", 2, 300, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "273 tokens"));
    assert_int_equal(tokenizer_learn(&tokenizer, corpus, sizeof corpus - 1, 271, &err), PONDER_E_ARGUMENT);
    assert_null(tokenizer);
}

static void no_merge_crosses_a_digit_or_a_control_token(void **state)
{
    (void)state;
    struct tokenizer *tokenizer = learnt(308);
    for (int id = 272; id < 308; id++) {
        struct buf piece = BUF_INIT(100);
        assert_int_equal(tokenizer_piece(tokenizer, id, false, &piece), 0);
        assert_null(strpbrk(piece.data, "0123456789|"));
        buf_release(&piece);
    }
    tokenizer_release(tokenizer);
}

static void control_tokens_are_text_unless_asked_for(void **state)
{
    (void)state;
    struct tokenizer *tokenizer = learnt(300);
    static const char text[] = "a<|end|><|good|>b";
    struct tokenizer_ids ids = encode(tokenizer, text, sizeof text - 1, TOKENIZER_SPECIAL);
    assert_int_equal(ids.count, 4);
    assert_int_equal(ids.ids[1], TOKENIZER_END);
    assert_int_equal(ids.ids[2], TOKENIZER_GOOD);
    tokenizer_ids_release(&ids);
    ids = encode(tokenizer, text, sizeof text - 1, 0);
    for (size_t i = 0; i < ids.count; i++)
        assert_false(tokenizer_is_control(tokenizer, ids.ids[i]));
    tokenizer_ids_release(&ids);
    tokenizer_release(tokenizer);
}

static void any_bytes_round_trip_through_a_learnt_tokenizer(void **state)
{
    (void)state;
    struct tokenizer *tokenizer = learnt(308);
    check_all_round_trips(tokenizer);
    tokenizer_release(tokenizer);
}

static void a_learnt_tokenizer_survives_its_file(void **state)
{
    (void)state;
    struct tokenizer *tokenizer = learnt(308), *again = through_file(tokenizer);
    assert_int_equal(tokenizer_size(again), 308);
    assert_int_equal(tokenizer_eos(again), TOKENIZER_END);
    for (int i = 0; i < TEXT_COUNT; i++)
        check_same_ids(tokenizer, again, texts[i], strlen(texts[i]), TOKENIZER_ADD_BOS | TOKENIZER_SPECIAL);
    check_same_ids(tokenizer, again, corpus, sizeof corpus - 1, TOKENIZER_ADD_BOS | TOKENIZER_SPECIAL);
    tokenizer_release(again);
    tokenizer_release(tokenizer);
}

static void a_megabyte_without_a_break_is_encoded_in_n_log_n(void **state)
{
    (void)state; /* quadratic merging would run into the time limit of the tests */
    struct tokenizer *tokenizer = learnt(308);
    size_t len = 1 << 20;
    char *text = malloc(len);
    for (size_t i = 0; i < len; i++)
        text[i] = "answer"[i % 6];
    check_round_trip(tokenizer, text, len);
    memset(text, ' ', len);
    check_round_trip(tokenizer, text, len);
    free(text);
    tokenizer_release(tokenizer);
}

static void an_id_outside_the_vocabulary_is_refused(void **state)
{
    (void)state;
    struct tokenizer *tokenizer = learnt(300);
    struct buf out = BUF_INIT(100);
    assert_int_equal(tokenizer_decode(tokenizer, (int32_t[]){100, 300}, 2, &out, &err), PONDER_E_ARGUMENT);
    assert_int_equal(tokenizer_decode(tokenizer, (int32_t[]){-1}, 1, &out, &err), PONDER_E_ARGUMENT);
    assert_int_equal(out.len, 0);
    buf_release(&out);
    tokenizer_release(tokenizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learning_reserves_the_specials_and_all_bytes),
        cmocka_unit_test(learning_merges_the_most_frequent_pair_first),
        cmocka_unit_test(learning_twice_gives_the_same_tokenizer),
        cmocka_unit_test(learning_beyond_what_the_text_gives_is_refused),
        cmocka_unit_test(no_merge_crosses_a_digit_or_a_control_token),
        cmocka_unit_test(control_tokens_are_text_unless_asked_for),
        cmocka_unit_test(any_bytes_round_trip_through_a_learnt_tokenizer),
        cmocka_unit_test(a_learnt_tokenizer_survives_its_file),
        cmocka_unit_test(a_megabyte_without_a_break_is_encoded_in_n_log_n),
        cmocka_unit_test(an_id_outside_the_vocabulary_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
