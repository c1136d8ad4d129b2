/* Labelled solutions as training documents: what is taken from a store and from files, and which tag gets
 * which label. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/buf.h"
#include "store/store.h"
#include "train/judged_source.h"

static struct ponder_err err;
static char folder[] = "/tmp/test_judged_XXXXXX";
static char path[64];
static struct tokenizer *tokenizer;
static struct verifier_profile profile, outcome;

static int set_up(void **state)
{
    static const char text[] = "Judge: p0\nA:\na\nb\nso \\boxed{1}";
    (void)state;
    profile = outcome = verifier_profile_own();
    outcome.outcome = true;
    if (!mkdtemp(folder) || tokenizer_learn(&tokenizer, text, sizeof text - 1, 272, &err))
        return -1;
    snprintf(path, sizeof path, "%s/labels", folder);
    return 0;
}

static int remove_files(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-workers"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tokenizer_release(tokenizer);
    return rmdir(folder);
}

static struct judged_options options_for(const struct verifier_profile *of)
{
    return (struct judged_options){
        .profile = of, .tokenizer = tokenizer, .per_question = 64, .tokens_max = 200, .seed = 1};
}

/* The labels of document `index`, -1 where a tag has none; returns how many tags. */
static int labels_of(struct judged_source *source, uint64_t index, float *labels)
{
    struct example example = EXAMPLE_INIT(1000);
    int count = 0;
    assert_int_equal(judged_source_document(&source->train, index, &example, &err), 0);
    for (int i = 0; i < example.count; i++)
        if (example.tokens[i] == profile.tag)
            labels[count++] = example.targets[i].kind == LM_TARGET_SOFT ? example.targets[i].p : -1;
    example_release(&example);
    return count;
}

/* ---- a store ---- */

static struct question items[] = {{"p0", "1", "1", "none", "a"}, {"p1", "2", "2", "none", "b"}};
static const struct questions set = {.items = items, .count = 2, .cap = 2};

static int64_t begin(struct store *store, enum ponder_run_kind kind, const char *settings)
{
    struct store_run_key key = {.data = "set",
                                .questions = &set,
                                .model = "m",
                                .kind = kind,
                                .settings = settings,
                                .fingerprint = "{}"};
    int64_t run;
    assert_int_equal(store_run_begin(store, &key, &run, &err), 0);
    return run;
}

static void put(struct store *store, int64_t run, int64_t question, const struct store_sample *samples,
                int64_t n)
{
    struct store_cell cell = {.question = question, .samples = samples, .n = n};
    assert_int_equal(store_cell_put(store, run, &cell, &err), 0);
}

static struct store_sample sample(const char *text, const double *values, int64_t count, bool correct)
{
    return (struct store_sample){.text = text,
                                 .len = strlen(text),
                                 .finish = "end",
                                 .logprob = NAN,
                                 .correct = correct,
                                 .scores = values,
                                 .score_count = count};
}

static const double shares[] = {0.25, 1};

/* A run of labels; with `plain` one without labels before it. */
static void make_store(bool plain)
{
    struct store *store;
    const struct store_sample samples[] = {sample("a\nso \\boxed{1}", shares, 2, true),
                                           sample("a\nso \\boxed{1}", shares, 2, true),
                                           sample("b", NULL, 0, false)};
    assert_int_equal(store_open(&store, path, STORE_WRITE, &err), 0);
    if (plain)
        put(store, begin(store, PONDER_RUN_SAMPLES, "{}"), 0, samples + 2, 1);
    put(store, begin(store, PONDER_RUN_ROLLOUTS, "{\"rollouts\": 4}"), 0, samples, 3);
    store_release(store);
}

static void a_store_gives_the_shares_of_its_rollouts_as_soft_labels(void **state)
{
    (void)state;
    struct judged_source source;
    struct judged_options options = options_for(&profile);
    float labels[8];
    make_store(true);
    judged_source_init(&source, &options);
    assert_int_equal(judged_read_store(&source, path, 0, &err), 0);
    assert_int_equal(source.train.count, 1); /* equal texts once, and none without labels */
    assert_int_equal(source.left_out, 1);
    assert_int_equal(labels_of(&source, 0, labels), 2);
    assert_true(labels[0] == 0.25f && labels[1] == 1);
    judged_source_release(&source);
}

static void any_rollout_that_ended_right_makes_a_hard_label(void **state)
{
    (void)state;
    struct judged_source source;
    struct judged_options options = options_for(&profile);
    float labels[8];
    make_store(false);
    options.labels = JUDGED_ANY;
    judged_source_init(&source, &options);
    assert_int_equal(judged_read_store(&source, path, 0, &err), 0);
    assert_int_equal(labels_of(&source, 0, labels), 2);
    assert_true(labels[0] == 1 && labels[1] == 1);
    judged_source_release(&source);
}

static void an_outcome_verifier_has_a_label_at_the_last_tag_alone_and_needs_no_rollouts(void **state)
{
    (void)state;
    struct judged_source source;
    struct judged_options options = options_for(&outcome);
    float labels[8];
    make_store(false);
    judged_source_init(&source, &options);
    assert_int_equal(judged_read_store(&source, path, 0, &err), 0);
    assert_int_equal(source.train.count, 2);
    for (uint64_t i = 0; i < 2; i++) {
        int tags = labels_of(&source, i, labels);
        assert_true(tags == 1 ? labels[0] == 0 : labels[0] == -1 && labels[1] == 1);
    }
    judged_source_release(&source);
}

static void a_run_is_named_where_several_would_do_or_none_has_labels(void **state)
{
    (void)state;
    struct judged_source source;
    struct judged_options options = options_for(&outcome);
    make_store(true);
    judged_source_init(&source, &options);
    assert_int_equal(judged_read_store(&source, path, 0, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "--run"));
    judged_source_release(&source);
    options = options_for(&profile);
    judged_source_init(&source, &options);
    assert_int_equal(judged_read_store(&source, path, 1, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "no labels"));
    judged_source_release(&source);
}

static void labels_that_do_not_fit_their_sample_are_refused(void **state)
{
    (void)state;
    static const double too_much[] = {0.5, 1.5};
    const struct store_sample bad[] = {sample("a\nb\nc", shares, 2, true), sample("a\nb", too_much, 2, true)};
    for (int i = 0; i < 2; i++) {
        struct store *store;
        struct judged_source source;
        struct judged_options options = options_for(&profile);
        remove_files(NULL);
        assert_int_equal(store_open(&store, path, STORE_WRITE, &err), 0);
        put(store, begin(store, PONDER_RUN_ROLLOUTS, "{\"rollouts\": 4}"), 1, &bad[i], 1);
        store_release(store);
        judged_source_init(&source, &options);
        assert_int_equal(judged_read_store(&source, path, 0, &err), PONDER_E_FORMAT);
        assert_non_null(strstr(err.message, "question 2"));
        judged_source_release(&source);
    }
}

/* ---- files ---- */

static void write_file(const char *text)
{
    assert_int_equal(file_write_atomic(path, text, strlen(text), &err), 0);
}

static const char exact[] =
    "{\"problem\": \"p0\", \"samples\": [{\"text\": \"a\\nb\", \"reachable\": [true, false], "
    "\"answer_right\": false}, {\"text\": \"b\", \"reachable\": [true], \"answer_right\": true}]}\n";

static void exact_labels_are_one_or_nought_and_the_answer_may_stand_for_all(void **state)
{
    (void)state;
    struct judged_source source;
    struct judged_options options = options_for(&profile);
    float labels[8];
    write_file(exact);
    for (int by_answer = 0; by_answer < 2; by_answer++) {
        options.labels = by_answer ? JUDGED_ANSWER : JUDGED_STEPS;
        judged_source_init(&source, &options);
        assert_int_equal(judged_read_samples(&source, path, &err), 0);
        assert_int_equal(source.train.count, 2);
        for (uint64_t i = 0; i < 2; i++)
            if (labels_of(&source, i, labels) == 2)
                assert_true(labels[0] == (by_answer ? 0 : 1) && labels[1] == 0);
            else
                assert_true(labels[0] == 1);
        judged_source_release(&source);
    }
}

static void solutions_of_math_shepherd_are_one_question_while_they_stand_together(void **state)
{
    (void)state;
    struct judged_source source;
    struct judged_options options = options_for(&profile);
    write_file(
        "{\"input\": \"p Step 1: a \\u043a\\u0438\", \"label\": \"p Step 1: a +\"}\n"
        "{\"input\": \"p Step 1: b \\u043a\\u0438\", \"label\": \"p Step 1: b -\"}\n"
        "{\"input\": \"p Step 1: a \\u043a\\u0438\", \"label\": \"p Step 1: a +\"}\n"
        "{\"input\": \"r Step 1: a \\u043a\\u0438\", \"label\": \"r Step 1: a +\", \"values\": [0.5]}\n");
    judged_source_init(&source, &options);
    assert_int_equal(judged_read_samples(&source, path, &err), 0);
    assert_int_equal(source.questions, 2);
    assert_int_equal(source.train.count, 3);
    judged_source_release(&source);
}

static void a_bad_line_is_named(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"input\": \"p\", \"label\": \"p\"}\n", "{\"problem\": \"p\"}\n",
                                      "[]\n", "{\"input\": \"p"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct judged_source source;
        struct judged_options options = options_for(&profile);
        struct buf text = BUF_INIT(1 << 16);
        buf_puts(&text, exact);
        buf_puts(&text, bad[i]);
        write_file(buf_text(&text));
        buf_release(&text);
        judged_source_init(&source, &options);
        assert_int_equal(judged_read_samples(&source, path, &err), PONDER_E_FORMAT);
        if (!strstr(err.message, "labels:2"))
            fail_msg("%s", err.message);
        judged_source_release(&source);
    }
}

/* ---- sides ---- */

static void a_question_is_on_one_side_and_no_more_are_taken_than_asked_for(void **state)
{
    (void)state;
    struct judged_source source;
    struct judged_options options = options_for(&profile);
    const float label = 1;
    const struct judged_text texts[] = {{"a", &label, 1, true}, {"b", &label, 1, true}};
    options.heldout = 0.3;
    options.questions = 100;
    judged_source_init(&source, &options);
    for (int i = 0; i < 200; i++) {
        char problem[16];
        int64_t train = source.train.count, held = source.heldout.count;
        snprintf(problem, sizeof problem, "p%d", i);
        assert_int_equal(judged_source_add(&source, problem, texts, 2, &err), 0);
        assert_true(source.train.count == train || source.heldout.count == held);
    }
    assert_int_equal(source.questions, 100);
    assert_int_equal(source.train.count + source.heldout.count, 200);
    assert_in_range(source.heldout.count, 30, 90);
    judged_source_release(&source);
}

static void what_is_too_long_is_left_out(void **state)
{
    (void)state;
    struct judged_source source;
    struct judged_options options = options_for(&profile);
    const float labels[] = {1, 1};
    const struct judged_text texts[] = {{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nb", labels, 2, true},
                                        {"a\nb", labels, 2, true}};
    options.tokens_max = 30;
    judged_source_init(&source, &options);
    assert_int_equal(judged_source_add(&source, "p", texts, 2, &err), 0);
    assert_int_equal(source.train.count, 1);
    assert_int_equal(source.left_out, 1);
    judged_source_release(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_store_gives_the_shares_of_its_rollouts_as_soft_labels, remove_files),
        cmocka_unit_test_teardown(any_rollout_that_ended_right_makes_a_hard_label, remove_files),
        cmocka_unit_test_teardown(an_outcome_verifier_has_a_label_at_the_last_tag_alone_and_needs_no_rollouts,
                                  remove_files),
        cmocka_unit_test_teardown(a_run_is_named_where_several_would_do_or_none_has_labels, remove_files),
        cmocka_unit_test_teardown(labels_that_do_not_fit_their_sample_are_refused, remove_files),
        cmocka_unit_test_teardown(exact_labels_are_one_or_nought_and_the_answer_may_stand_for_all,
                                  remove_files),
        cmocka_unit_test_teardown(solutions_of_math_shepherd_are_one_question_while_they_stand_together,
                                  remove_files),
        cmocka_unit_test_teardown(a_bad_line_is_named, remove_files),
        cmocka_unit_test(a_question_is_on_one_side_and_no_more_are_taken_than_asked_for),
        cmocka_unit_test(what_is_too_long_is_left_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
