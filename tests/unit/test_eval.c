/* Question sets and their evaluation, over a scripted engine. */
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
#include <jansson.h>

#include "core/buf.h"
#include "engine/scripted.h"
#include "eval/eval.h"
#include "eval/grade.h"
#include "eval/questions.h"

static char path[] = "/tmp/ponder_questions_XXXXXX";

static void write_set(const char *text)
{
    assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), PONDER_OK);
}

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void both_forms_of_records_are_read(void **state)
{
    (void)state;
    write_set(
        "{\"problem\": \"p\", \"answer\": \"1\", \"level\": 3, \"subject\": \"s\", \"unique_id\": \"u\"}\n"
        "\n"
        "{\"question\": \"q\", \"answer\": \"2\", \"level\": \"Level 4\"}\r\n"
        "{\"question\": \"r\", \"answer\": \"3\", \"level\": null}");
    struct questions questions;
    assert_int_equal(questions_open(&questions, path, 0, NULL), PONDER_OK);
    assert_int_equal(questions.count, 3);
    assert_string_equal(questions.items[0].level, "3");
    assert_string_equal(questions.items[1].level, "4");
    assert_string_equal(questions.items[1].problem, "q");
    assert_string_equal(questions.items[1].id, "line 3");
    assert_string_equal(questions.items[2].level, "none");
    questions_release(&questions);
    assert_int_equal(questions_open(&questions, path, 2, NULL), PONDER_OK);
    assert_int_equal(questions.count, 2);
    questions_release(&questions);
}

static void refuse(const char *data, const char *expected)
{
    struct questions questions;
    struct ponder_err err = {0};
    assert_true(questions_open(&questions, data, 0, &err) < 0);
    questions_release(&questions);
    if (!strstr(err.message, expected))
        fail_msg("%s", err.message);
}

static void bad_sets_are_refused_with_the_line(void **state)
{
    (void)state;
    write_set("{\"problem\": \"p\", \"answer\": \"1\"}\n{\"problem\": \"p\"}\n");
    refuse(path, ":2: no text under \"answer\"");
    write_set("{\"problem\": \"p\", \"answer\": \"1\"}\nnonsense\n");
    refuse(path, ":2: not JSON");
    write_set("[1]\n");
    refuse(path, ":1: no text under \"problem\"");
    write_set("\n");
    refuse(path, "holds no question");
    refuse("/nonexistent/set.jsonl", "cannot open");
    refuse("pocket:test", "write pocket:test:500");
    refuse("pocket:test:0", "write pocket:test:500");
    refuse("pocket:test:5x", "write pocket:test:500");
    refuse("pocket:other:5", "write pocket:test:500");
    refuse("pocket:", "write pocket:test:500");
}

static void the_generated_set_is_named_directly(void **state)
{
    (void)state;
    struct questions a, b;
    assert_int_equal(questions_open(&a, "pocket:test:7", 0, NULL), PONDER_OK);
    assert_int_equal(questions_open(&b, "pocket:test:7:1", 0, NULL), PONDER_OK);
    assert_int_equal(a.count, 7);
    assert_string_equal(a.items[6].problem, b.items[6].problem);
    questions_release(&a);
    questions_release(&b);
}

static double still_now_s(void *data)
{
    double *now = data;
    return *now += 0.001;
}

static void close_to(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-9))
        fail_msg("%.9f, expected %.9f", value, expected);
}

/* Two questions, four samples each: 3 of 4 right in "1 1 1 2", 1 of 4 in "5 9 9 5" minus one. */
static void figures_are_those_counted_by_hand(void **state)
{
    (void)state;
    write_set("{\"problem\": \"easy\", \"answer\": \"1\", \"level\": 1}\n"
              "{\"problem\": \"hard\", \"answer\": \"5\", \"level\": 2}\n");
    const struct scripted_reply replies[] = {
        {.when = "easy", .times = 1, .text = "\\boxed{2}"},
        {.when = "easy", .text = "\\boxed{1}"},
        {.when = "hard", .times = 1, .text = "\\boxed{5}"},
        {.when = "hard", .times = 1, .text = "nothing"},
        {.when = "hard", .text = "\\boxed{9}"},
    };
    double now = 0;
    struct clock clock = {still_now_s, &now};
    struct scripted_options options = {.replies = replies, .reply_count = 5, .clock = &clock};
    struct engine *engine;
    assert_int_equal(scripted_open(&engine, &options, NULL), PONDER_OK);
    struct ponder_sampling sampling;
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, NULL), PONDER_OK);
    sampling.n = 4;
    struct ponder_eval *eval;
    char samples[] = "/tmp/ponder_samples_XXXXXX";
    assert_int_equal(close(mkstemp(samples)), 0);
    assert_int_equal(eval_run(engine, "{question}\n", path, 0, &sampling, samples, &clock, NULL, &eval, NULL),
                     PONDER_OK);
    assert_int_equal(eval->questions, 2);
    assert_int_equal(eval->k_count, 2);
    assert_int_equal(eval->ks[1], 4);
    const struct ponder_eval_group *all = &eval->groups[0];
    close_to(all->pass_1.value, (0.75 + 0.25) / 2);
    close_to(all->maj[0].value, 0.5);
    close_to(all->maj[1].value, 0.5); /* 1 wins, 9 wins */
    close_to(all->pass[1].value, 1);
    close_to(all->gain.value, 0);
    close_to(eval->without_answer, 1.0 / 8);
    assert_int_equal(eval->group_count, 3);
    assert_string_equal(eval->groups[2].by, "level");
    assert_string_equal(eval->groups[2].name, "2");
    close_to(eval->groups[2].pass_1.value, 0.25);
    ponder_eval_release(eval);

    json_t *line = json_load_file(samples, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(line);
    json_t *first = json_array_get(json_object_get(line, "samples"), 0);
    assert_true(json_is_false(json_object_get(first, "correct")));
    assert_string_equal(json_string_value(json_object_get(first, "answer")), "2");
    json_decref(line);
    unlink(samples);
    engine_release(engine);
}

static void ks_are_powers_of_four_and_n(void **state)
{
    (void)state;
    int64_t ks[PONDER_EVAL_KS_MAX];
    assert_int_equal(grade_ks(1, ks), 1);
    assert_int_equal(ks[0], 1);
    assert_int_equal(grade_ks(64, ks), 4);
    assert_int_equal(ks[3], 64);
    assert_int_equal(grade_ks(100, ks), 5);
    assert_int_equal(ks[4], 100);
    assert_int_equal(grade_ks(4096, ks), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_of_records_are_read),
        cmocka_unit_test(bad_sets_are_refused_with_the_line),
        cmocka_unit_test(the_generated_set_is_named_directly),
        cmocka_unit_test(figures_are_those_counted_by_hand),
        cmocka_unit_test(ks_are_powers_of_four_and_n),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
