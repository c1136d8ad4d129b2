/* Trajectories: wrong attempts and then a right one, as training documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/rng.h"
#include "train/trajectory_source.h"

static struct ponder_err err;
static struct tokenizer *tokenizer;
static struct revision_template revision;
static struct prompt_template plain;

static int set_up(void **state)
{
    static const char text[] = "Attempts: p0\nQ: p0\nso 1\nso 2\nso 3\nso \\boxed{1}";
    (void)state;
    plain = prompt_template_of("Q: {question}\n");
    return tokenizer_learn(&tokenizer, text, sizeof text - 1, 272, &err) ||
           revision_of_marks(&revision, "Attempts: {question}\n<|attempt|>", "\n<|attempt|>", 4, &err);
}

static int tear_down(void **state)
{
    (void)state;
    tokenizer_release(tokenizer);
    revision_template_release(&revision);
    return 0;
}

static struct trajectory_options options_of(double kept, double as_plain)
{
    return (struct trajectory_options){.tokenizer = tokenizer,
                                       .revision = &revision,
                                       .plain = &plain,
                                       .wrong_max = 4,
                                       .kept_share = kept,
                                       .plain_share = as_plain,
                                       .per_question = 8,
                                       .tokens_max = 400,
                                       .seed = 1};
}

/* The document as text, "|" where an attempt is opened, "[" where what is learnt begins, "]" for the end. */
static void spell(const struct example *example, char *out, size_t bytes)
{
    struct buf text = BUF_INIT(bytes - 1);
    bool learning = false;
    for (int i = 0; i < example->count; i++) {
        /* targets[i - 1] is what is learnt at i */
        bool learnt = i > 0 && example->targets[i - 1].kind != LM_TARGET_NONE;
        if (learnt && !learning)
            buf_putc(&text, '[');
        learning = learnt;
        if (example->tokens[i] == TOKENIZER_ATTEMPT)
            buf_putc(&text, '|');
        else if (example->tokens[i] == TOKENIZER_END)
            buf_putc(&text, ']');
        else
            assert_int_equal(tokenizer_piece(tokenizer, example->tokens[i], false, &text), PONDER_OK);
    }
    snprintf(out, bytes, "%s", buf_text(&text));
    buf_release(&text);
}

static void document(struct trajectory_side *side, uint64_t index, char *out, size_t bytes)
{
    struct example example = EXAMPLE_INIT(400);
    if (trajectory_document(side, index, &example, &err))
        fail_msg("%s", err.message);
    spell(&example, out, bytes);
    example_release(&example);
}

static const struct trajectory_text texts[] = {
    {"so 99 or more", false},
    {"so 1\n\\boxed{1}", true},
    {"so 2\n\\boxed{2}", false},
    {"so 3, no", false},
    {"", true},
    {"so 2\n\\boxed{2}", false},
};

static void wrong_attempts_come_first_and_the_nearest_last(void **state)
{
    (void)state;
    bool shown[5] = {false};
    for (uint64_t seed = 1; seed < 60; seed++) {
        struct trajectory_source source;
        struct trajectory_options options = options_of(0, 0);
        char text[400];
        options.seed = seed;
        trajectory_source_init(&source, &options);
        assert_int_equal(trajectory_source_add(&source, "p0", texts, 6, &err), PONDER_OK);
        assert_int_equal(source.train.count, 1);
        document(&source.train, 0, text, sizeof text);
        int attempts = 0;
        for (const char *p = text; *p; p++)
            attempts += *p == '|';
        static const char first[] = "Attempts: p0\n|", right[] = "[so 1\n\\boxed{1}]";
        assert_memory_equal(text, first, strlen(first));
        assert_string_equal(text + strlen(text) - strlen(right), right);
        assert_true(attempts >= 1 && attempts <= 4); /* there are three wrong ones */
        if (attempts > 1)
            assert_non_null(strstr(text, "|so 2\n\\boxed{2}\n|[so 1"));
        shown[attempts] = true;
        trajectory_source_release(&source);
    }
    assert_true(shown[1] && shown[2] && shown[3] && shown[4]);
}

static void a_plain_document_is_as_the_base_knows_it(void **state)
{
    (void)state;
    struct trajectory_source source;
    struct trajectory_options options = options_of(0, 1);
    char text[400];
    trajectory_source_init(&source, &options);
    assert_int_equal(trajectory_source_add(&source, "p0", texts, 6, &err), PONDER_OK);
    document(&source.train, 0, text, sizeof text);
    assert_string_equal(text, "Q: p0\n[so 1\n\\boxed{1}]");
    trajectory_source_release(&source);
}

static void a_right_attempt_may_be_the_last_that_is_shown(void **state)
{
    (void)state;
    static const struct trajectory_text two[] = {{"so \\boxed{1}", true}, {"1\n\\boxed{1}", true}};
    struct trajectory_source source;
    struct trajectory_options options = options_of(1, 0);
    char text[400];
    options.seed = 3;
    trajectory_source_init(&source, &options);
    assert_int_equal(trajectory_source_add(&source, "p0", two, 2, &err), PONDER_OK);
    assert_int_equal(source.train.count, 2);
    bool kept = false;
    for (uint64_t i = 0; i < 2; i++) {
        document(&source.train, i, text, sizeof text);
        kept |= strstr(text, "|so \\boxed{1}\n|[1\n") || strstr(text, "|1\n\\boxed{1}\n|[so");
    }
    assert_true(kept);
    trajectory_source_release(&source);
}

static void every_epoch_has_every_document_once(void **state)
{
    (void)state;
    struct trajectory_source source;
    struct trajectory_options options = options_of(0, 0);
    trajectory_source_init(&source, &options);
    for (int q = 0; q < 7; q++) {
        char problem[16], solution[32];
        snprintf(problem, sizeof problem, "p%d", q);
        snprintf(solution, sizeof solution, "so \\boxed{%d}", q);
        const struct trajectory_text one = {solution, true};
        assert_int_equal(trajectory_source_add(&source, problem, &one, 1, &err), PONDER_OK);
    }
    for (uint64_t epoch = 0; epoch < 5; epoch++) {
        bool seen[7] = {false};
        for (uint64_t i = 0; i < 7; i++) {
            char text[400];
            document(&source.train, epoch * 7 + i, text, sizeof text);
            int q = strstr(text, "boxed{")[6] - '0';
            assert_false(seen[q]);
            seen[q] = true;
        }
    }
    trajectory_source_release(&source);
}

static void what_is_too_long_loses_its_oldest_attempts(void **state)
{
    (void)state;
    struct trajectory_source source;
    struct trajectory_options options = options_of(0, 0);
    char text[400];
    options.tokens_max = 40;
    for (options.seed = 1; options.seed < 20; options.seed++) {
        trajectory_source_init(&source, &options);
        assert_int_equal(trajectory_source_add(&source, "p0", texts, 6, &err), PONDER_OK);
        if (source.train.count) {
            document(&source.train, 0, text, sizeof text);
            assert_true(source.train.tokens <= 40);
            assert_non_null(strstr(text, "[so 1\n\\boxed{1}]"));
        }
        trajectory_source_release(&source);
    }
}

static void edits_are_counted_and_no_further_than_is_asked(void **state)
{
    (void)state;
    assert_int_equal(edit_distance("kitten", "sitting", 100), 3);
    assert_int_equal(edit_distance("", "abc", 100), 3);
    assert_int_equal(edit_distance("abc", "abc", 100), 0);
    assert_int_equal(edit_distance("aaaaaaaa", "bbbbbbbb", 4), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_are_counted_and_no_further_than_is_asked),
        cmocka_unit_test(wrong_attempts_come_first_and_the_nearest_last),
        cmocka_unit_test(a_plain_document_is_as_the_base_knows_it),
        cmocka_unit_test(a_right_attempt_may_be_the_last_that_is_shown),
        cmocka_unit_test(every_epoch_has_every_document_once),
        cmocka_unit_test(what_is_too_long_loses_its_oldest_attempts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
