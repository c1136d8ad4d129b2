/* Math-Shepherd's form: what is written is read back, and what is none is refused with what does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "task/shepherd.h"

static struct ponder_err err;

static int take(struct shepherd *out, const char *line)
{
    json_t *record = json_loads(line, 0, NULL);
    assert_non_null(record);
    int status = shepherd_take(out, record, &err);
    json_decref(record);
    return status;
}

static void a_line_of_the_public_set_is_read(void **state)
{
    (void)state;
    struct shepherd got;
    assert_int_equal(
        take(&got,
             "{\"input\": \"Ann has 3. Step 1: 3+1=4. \\u043a\\u0438\\nStep 2: The answer is: 5 "
             "\\u043a\\u0438\", \"label\": \"Ann has 3. Step 1: 3+1=4. +\\nStep 2: The answer is: 5 -\", "
             "\"task\": \"GSM8K\"}"),
        0);
    assert_string_equal(got.problem, "Ann has 3.");
    assert_string_equal(got.text, "3+1=4.\nThe answer is: 5");
    assert_int_equal(got.lines, 2);
    assert_true(got.labels[0] == 1 && got.labels[1] == 0);
    assert_false(got.right);
    shepherd_release(&got);
}

static void shares_take_the_place_of_signs(void **state)
{
    (void)state;
    struct shepherd got;
    assert_int_equal(take(&got, "{\"input\": \"Q Step 1: a \\u043a\\u0438\\nStep 2: b \\u043a\\u0438\", "
                                "\"label\": \"Q Step 1: a +\\nStep 2: b +\", \"values\": [0.25, 1], "
                                "\"rollouts\": 4}"),
                     0);
    assert_true(got.labels[0] == 0.25f && got.labels[1] == 1);
    assert_true(got.right);
    shepherd_release(&got);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    const double values[] = {0, 0.5, 1};
    struct shepherd_solution solution = {
        "Which Step 1: is it?\nSay.", "set", "Try ки: 2.\n\nки", 0, values, 3, 2};
    solution.len = strlen(solution.text);
    char *line;
    struct shepherd got;
    assert_int_equal(shepherd_print(&line, &solution, &err), 0);
    assert_non_null(line);
    assert_int_equal(take(&got, line), 0);
    assert_string_equal(got.problem, solution.problem);
    assert_string_equal(got.text, solution.text);
    for (int i = 0; i < 3; i++)
        assert_true(got.labels[i] == (float)values[i]);
    shepherd_release(&got);
    free(line);
}

static void what_the_form_cannot_say_is_not_written(void **state)
{
    (void)state;
    const double values[] = {1, 1};
    const struct shepherd_solution no_form[] = {
        {"Q", "set", "a ки\nb", 8, values, 2, 2},    /* the mark is its own */
        {"Q ки\nR", "set", "a\nb", 3, values, 2, 2}, /* or the question's */
        {"Q", "set", "a\nb\nc", 5, values, 2, 2},    /* more lines than labels */
        {"Q", "set", "a", 1, values, 2, 2},          /* fewer */
        {"Q", "set", "a\0\nb", 4, values, 2, 2},     /* a NUL */
        {"Q", "set", "a\xff\nb", 4, values, 2, 2},   /* no UTF-8 */
    };
    for (size_t i = 0; i < sizeof no_form / sizeof *no_form; i++) {
        char *line;
        assert_int_equal(shepherd_print(&line, &no_form[i], &err), 0);
        assert_null(line);
    }
}

static void lines_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{\"input\": 3, \"label\": \"x\"}", "no text"},
        {"{\"input\": \"\", \"label\": \"\"}", "Step 1"},
        {"{\"input\": \"Q a \\u043a\\u0438\", \"label\": \"Q a +\"}", "Step 1"},
        {"{\"input\": \"Q Step 1: a\", \"label\": \"Q Step 1: a\"}", "Step 1"},
        {"{\"input\": \"Q Step 1: a \\u043a\\u0438\", \"label\": \"\"}", "mark 1"},
        {"{\"input\": \"Q Step 1: a \\u043a\\u0438\", \"label\": \"Q Step 1: a ?\"}", "mark 1"},
        {"{\"input\": \"Q Step 1: a \\u043a\\u0438\\nb \\u043a\\u0438\", \"label\": \"Q Step 1: a +\\nb\"}",
         "mark 2"},
        {"{\"input\": \"Q Step 1: a \\u043a\\u0438\", \"label\": \"Q Step 1: a +\", \"values\": []}",
         "1 steps"},
        {"{\"input\": \"Q Step 1: a \\u043a\\u0438\", \"label\": \"Q Step 1: a +\", \"values\": [\"1\"]}",
         "value 1"},
        {"{\"input\": \"Q Step 1: a \\u043a\\u0438\", \"label\": \"Q Step 1: a +\", \"values\": [1.01]}",
         "value 1"},
        {"{\"input\": \"Q Step 1: a \\u043a\\u0438\", \"label\": \"Q Step 1: a +\", \"values\": 1}",
         "0 \"values\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct shepherd got;
        assert_int_equal(take(&got, bad[i][0]), PONDER_E_FORMAT);
        if (!strstr(err.message, bad[i][1]))
            fail_msg("%s: %s", bad[i][0], err.message);
        shepherd_release(&got);
    }
}

static void too_many_steps_are_refused_and_many_are_quick(void **state)
{
    (void)state;
    for (int steps = SHEPHERD_STEPS_MAX; steps <= SHEPHERD_STEPS_MAX + 1; steps++) {
        struct buf input = BUF_INIT(1 << 20), label = BUF_INIT(1 << 20);
        struct shepherd got;
        buf_puts(&input, "Q Step 1: ");
        buf_puts(&label, "Q Step 1: ");
        for (int i = 0; i < steps; i++) {
            buf_puts(&input, "x ки\n");
            buf_puts(&label, "x -\n");
        }
        json_t *record = json_pack("{s:s, s:s}", "input", buf_text(&input), "label", buf_text(&label));
        assert_int_equal(shepherd_take(&got, record, &err), steps > SHEPHERD_STEPS_MAX ? PONDER_E_FORMAT : 0);
        json_decref(record);
        shepherd_release(&got);
        buf_release(&input);
        buf_release(&label);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_the_public_set_is_read),
        cmocka_unit_test(shares_take_the_place_of_signs),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(what_the_form_cannot_say_is_not_written),
        cmocka_unit_test(lines_that_do_not_fit_are_refused),
        cmocka_unit_test(too_many_steps_are_refused_and_many_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
