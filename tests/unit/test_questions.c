/* Question sets: the forms of records, bad lines, repeated questions. */
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
#include "task/questions.h"

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

/* Notes, one a line. */
static void collect(const char *text, void *data)
{
    struct buf *notes = data;
    buf_printf(notes, "%s\n", text);
}

static void open_set(struct questions *out, const char *data, int64_t limit)
{
    struct ponder_err err = {0};
    struct questions_source source = {.data = data, .limit = limit};
    if (questions_open(out, &source, &err))
        fail_msg("%s", err.message);
}

static void records_of_math_are_read(void **state)
{
    (void)state;
    struct questions questions;
    write_set(
        "{\"problem\": \"p\", \"answer\": \"1\", \"level\": 3, \"subject\": \"s\", \"unique_id\": \"u\"}\n"
        "\n"
        "{\"problem\": \"q\", \"solution\": \"So \\\\boxed{ 2 }.\", \"level\": \"Level 4\", \"type\": "
        "\"t\"}\r\n"
        "{\"problem\": \"r\", \"answer\": \" 3\\n\", \"level\": null}");
    open_set(&questions, path, 0);
    assert_int_equal(questions.count, 3);
    assert_string_equal(questions.items[0].level, "3");
    assert_string_equal(questions.items[0].id, "u");
    assert_string_equal(questions.items[1].level, "4");
    assert_string_equal(questions.items[1].answer, "2");
    assert_string_equal(questions.items[1].subject, "t");
    assert_string_equal(questions.items[1].id, "line 3");
    assert_string_equal(questions.items[2].level, "none");
    assert_string_equal(questions.items[2].answer, "3");
    questions_release(&questions);
    open_set(&questions, path, 2);
    assert_int_equal(questions.count, 2);
    questions_release(&questions);
}

static void an_answer_of_gsm8k_stands_behind_its_mark(void **state)
{
    (void)state;
    struct questions questions;
    write_set("{\"question\": \"q\", \"answer\": \"She sells 16-3=<<16-3=13>>13.\\n#### 1,318\"}\n"
              "{\"question\": \"r\", \"answer\": \"7\"}\n");
    open_set(&questions, path, 0);
    assert_string_equal(questions.items[0].answer, "1,318");
    assert_string_equal(questions.items[1].answer, "7");
    questions_release(&questions);
}

static void refuse(const char *data, const char *expected)
{
    struct questions questions;
    struct questions_source source = {.data = data};
    struct ponder_err err = {0};
    assert_true(questions_open(&questions, &source, &err) < 0);
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
    refuse(path, ":1: no JSON object");
    write_set("{\"answer\": \"1\"}\n");
    refuse(path, ":1: no text under \"problem\"");
    write_set("{\"question\": \"q\", \"answer\": \"no end ####  \"}\n");
    refuse(path, ":1: no text under \"answer\"");
    write_set("\n");
    refuse(path, "holds no question");
    refuse("/nonexistent/set.jsonl", "cannot be opened");
    refuse("pocket:test", "write pocket:test:500");
    refuse("pocket:test:0", "write pocket:test:500");
    refuse("pocket:test:5x", "write pocket:test:500");
    refuse("pocket:other:5", "write pocket:test:500");
    refuse("pocket:", "write pocket:test:500");
}

static void read_one(const char *line, const char *problem, const char *answer)
{
    struct questions questions;
    write_set(line);
    open_set(&questions, path, 0);
    assert_int_equal(questions.count, 1);
    assert_string_equal(questions.items[0].problem, problem);
    assert_string_equal(questions.items[0].answer, answer);
    questions_release(&questions);
}

static void answers_may_be_numbers_behind_a_byte_order_mark(void **state)
{
    (void)state;
    read_one("\xef\xbb\xbf{\"problem\": \"p\", \"answer\": 42}\n", "p", "42");
    read_one("{\"problem\": \"p\", \"answer\": 27.0}\n", "p", "27");
    read_one("{\"problem\": \"p\", \"answer\": -0.125}\n", "p", "-0.125");
    read_one("{\"problem\": \"p\", \"answer\": 9007199254740993}\n", "p", "9007199254740993");
}

static void choices_become_letters_and_stories_stand_before_questions(void **state)
{
    (void)state;
    static const char asked[] = "Which?\nA) one\nB) two\nC) three";
    read_one("{\"question\": \"Which?\", \"choices\": {\"text\": [\"one\", \"two\", \"three\"], \"label\": "
             "[\"1\", \"2\", \"3\"]}, "
             "\"answerKey\": \"2\"}\n",
             asked, "B");
    read_one("{\"question\": \"Which?\", \"choices\": [\"one\", \"two\", \"three\"], \"answer\": 2}\n", asked,
             "C");
    read_one("{\"question\": \"Which?\", \"options\": [\"one\", \"two\", \"three\"], \"answer\": \"A\"}\n",
             asked, "A");
    read_one(
        "{\"question\": \"Which?\", \"options\": [\"A)one\", \"B)two\", \"C) three\"], \"correct\": \"C\"}\n",
        asked, "C");
    read_one("{\"Body\": \"Ann has 3.\", \"Question\": \"How many?\", \"Answer\": 3.0}\n",
             "Ann has 3.\nHow many?", "3");
    read_one("{\"question\": \"Who?\", \"context\": \"Bo did.\", \"answer\": \"Bo\"}\n", "Bo did.\nWho?",
             "Bo");
    read_one("{\"question\": \"Who?\", \"choices\": [], \"answer\": \"Bo\"}\n", "Who?", "Bo");
}

static void fields_that_change_the_question_are_refused_where_their_form_is_not_known(void **state)
{
    (void)state;
    write_set("{\"question\": \"Which?\", \"choices\": [\"one\", \"two\"], \"answer\": \"seven\"}\n");
    refuse(path, ":1: \"choices\" changes the question");
    write_set("{\"question\": \"Which?\", \"options\": {\"A\": \"one\"}, \"answer\": \"A\"}\n");
    refuse(path, "\"options\" changes the question");
    write_set("{\"question\": \"Which?\", \"context\": {\"a\": 1}, \"answer\": \"A\"}\n");
    refuse(path, "\"context\" changes the question");
}

static void what_cannot_be_asked_is_bad_too(void **state)
{
    (void)state;
    struct questions questions;
    struct questions_source source = {.data = path, .skip_bad = true};
    write_set("{\"problem\": \"p\", \"answer\": \"1\"}\n{\"problem\": \"  \", \"answer\": \"1\"}\n");
    assert_int_equal(questions_open(&questions, &source, NULL), PONDER_OK);
    assert_int_equal(questions.count, 1);
    assert_int_equal(questions.skipped, 1);
    questions_release(&questions);
    refuse(path, ":2: the question is empty");
}

static void bad_lines_are_skipped_and_told_where_asked(void **state)
{
    (void)state;
    struct buf set = BUF_INIT(1 << 16), notes = BUF_INIT(1 << 16);
    struct questions questions;
    struct questions_source source = {.data = path, .skip_bad = true, .note = collect, .note_data = &notes};
    buf_puts(&set, "{\"problem\": \"p\", \"answer\": \"1\"}\n");
    for (int i = 0; i < 7; i++)
        buf_puts(&set, i % 2 ? "nonsense\n" : "{\"problem\": \"p\"}\n");
    buf_puts(&set, "{\"problem\": \"q\", \"answer\": \"2\"}\n");
    write_set(buf_text(&set));
    assert_int_equal(questions_open(&questions, &source, NULL), PONDER_OK);
    assert_int_equal(questions.count, 2);
    assert_int_equal(questions.skipped, 7);
    assert_non_null(strstr(buf_text(&notes), ":2: no text under \"answer\""));
    assert_non_null(strstr(buf_text(&notes), ":3: not JSON"));
    assert_null(strstr(buf_text(&notes), ":8:"));
    assert_non_null(strstr(buf_text(&notes), "7 lines skipped in all"));
    questions_release(&questions);
    write_set("nonsense\n");
    refuse(path, "not JSON");
    struct ponder_err err = {0};
    assert_int_equal(questions_open(&questions, &source, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "every line of it was skipped"));
    questions_release(&questions);
    buf_release(&set);
    buf_release(&notes);
}

static void repeated_questions_stay_and_are_told(void **state)
{
    (void)state;
    struct buf notes = BUF_INIT(1 << 16);
    struct questions questions;
    struct questions_source source = {.data = path, .note = collect, .note_data = &notes};
    write_set("{\"problem\": \"p\", \"answer\": \"1\", \"unique_id\": \"a\"}\n"
              "{\"problem\": \"q\", \"answer\": \"1\"}\n"
              "{\"problem\": \"p\", \"answer\": \"2\"}\n"
              "{\"problem\": \"p\", \"answer\": \"1\"}\n");
    assert_int_equal(questions_open(&questions, &source, NULL), PONDER_OK);
    assert_int_equal(questions.count, 4);
    assert_int_equal(questions.repeated, 2);
    assert_non_null(strstr(buf_text(&notes), "line 3 asks the same question as a"));
    assert_non_null(strstr(buf_text(&notes), "line 4 asks the same question as a"));
    questions_release(&questions);
    buf_release(&notes);
}

static void the_generated_set_is_named_directly(void **state)
{
    (void)state;
    struct questions a, b;
    open_set(&a, "pocket:test:7", 0);
    open_set(&b, "pocket:test:7:1", 0);
    assert_int_equal(a.count, 7);
    assert_string_equal(a.items[6].problem, b.items[6].problem);
    assert_true(questions_hash(&a) == questions_hash(&b));
    questions_release(&b);
    open_set(&b, "pocket:test:7:1", 6);
    assert_true(questions_hash(&a) != questions_hash(&b));
    questions_release(&a);
    questions_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_math_are_read),
        cmocka_unit_test(an_answer_of_gsm8k_stands_behind_its_mark),
        cmocka_unit_test(bad_sets_are_refused_with_the_line),
        cmocka_unit_test(bad_lines_are_skipped_and_told_where_asked),
        cmocka_unit_test(answers_may_be_numbers_behind_a_byte_order_mark),
        cmocka_unit_test(choices_become_letters_and_stories_stand_before_questions),
        cmocka_unit_test(fields_that_change_the_question_are_refused_where_their_form_is_not_known),
        cmocka_unit_test(what_cannot_be_asked_is_bad_too),
        cmocka_unit_test(repeated_questions_stay_and_are_told),
        cmocka_unit_test(the_generated_set_is_named_directly),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
