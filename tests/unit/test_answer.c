/* The boxed answer of a solution, and the form in which answers are compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "answer/answer.h"

static void extract(const char *text, const char *expected)
{
    struct answer_span span;
    bool found = answer_extract(text, strlen(text), &span);
    assert_int_equal(found, expected != NULL);
    if (expected) {
        assert_int_equal(span.len, strlen(expected));
        assert_memory_equal(text + span.start, expected, span.len);
    }
}

static void the_last_balanced_box_is_the_answer(void **state)
{
    (void)state;
    extract("so \\boxed{42}", "42");
    extract("\\boxed{a} then \\boxed{b+c}", "b+c");
    extract("\\boxed   {  x^2 } end", "x^2");
    extract("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}");
    extract("\\fbox{7}", "7");
    extract("\\boxed{1} and \\boxed{2", "1");
    extract("\\boxed{\\boxed{3}}", "3");
    extract("\\boxed{\\left\\{1,2\\right.}", "\\left\\{1,2\\right.");
    extract("a } b \\boxed{5}", "5");
}

static void without_a_box_there_is_no_answer(void **state)
{
    (void)state;
    extract("nothing here", NULL);
    extract("\\boxed  not_brace", NULL);
    extract("\\boxed{unbalanced", NULL);
    extract("\\boxed{}", NULL);
    extract("\\boxed{  }", NULL);
    extract("\\boxedx{3}", NULL);
    extract("\\", NULL);
    extract("", NULL);
}

static void many_open_boxes_are_read_in_one_pass(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct buf text = BUF_INIT(8 * COUNT + 64);
    for (int i = 0; i < COUNT; i++)
        buf_puts(&text, "\\boxed{");
    struct answer_span span;
    assert_false(answer_extract(buf_text(&text), text.len, &span));
    buf_release(&text);
}

static void normal(const char *answer, const char *expected)
{
    struct buf out = BUF_INIT(256);
    assert_int_equal(answer_normalise(answer, strlen(answer), &out), PONDER_OK);
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

static void formatting_does_not_make_answers_differ(void **state)
{
    (void)state;
    normal(" 42 ", "42");
    normal("$42$", "42");
    normal("\\( 42 \\)", "42");
    normal("\\$42", "42");
    normal("\\text{ 42 }", "42");
    normal("\\text{east}", "east");
    normal("5\\text{ cm}", "5cm");
    normal("\\dfrac{1}{2}", "\\frac{1}{2}");
    normal("\\tfrac12", "\\frac12");
    normal("\\left( 1, 2 \\right)", "(1,2)");
    normal("\\mathrm{\\text{a}}", "a");
    normal("\\frac{\\text{a}}{b}", "\\frac{a}{b}");
    normal("10\\,000", "10000");
    normal("3.", "3");
    normal("3.5", "3.5");
    normal("\\leftarrow", "\\leftarrow");
    normal("}{", "}{");
    normal("\\text{a", "a");
    normal("\\", "\\");
}

/* Whether a thought is open is known part by part, wherever the text is cut in three. */
static void a_mark_of_a_thought_may_be_cut_in_two(void **state)
{
    (void)state;
    static const char *const texts[] = {"a<think>b\n</think>c",
                                        "a<think>b</think><think>",
                                        "<think></think>",
                                        "<<think></think",
                                        "</think>",
                                        "no mark",
                                        "<think>\n"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        const char *whole = texts[t];
        size_t len = strlen(whole), rest = len;
        const char *at = whole;
        bool wanted = !answer_skip_thought(&at, &rest);
        for (size_t i = 0; i <= len; i++)
            for (size_t k = i; k <= len; k++) {
                bool open = answer_thinks(false, whole, 0, whole, i);
                open = answer_thinks(open, whole, i, whole + i, k - i);
                assert_int_equal(answer_thinks(open, whole, k, whole + k, len - k), wanted);
            }
    }
}

static void what_is_only_formatting_is_no_answer(void **state)
{
    (void)state;
    char *answer;
    assert_int_equal(answer_of_text("\\boxed{$ $}", 11, ANSWER_BOX_ONLY, &answer), PONDER_OK);
    assert_null(answer);
    assert_int_equal(answer_of_text("\\boxed{ 1, 2 }", 14, ANSWER_BOX_ONLY, &answer), PONDER_OK);
    assert_string_equal(answer, "1, 2");
    free(answer);
    static const char *const thoughts[] = {"<think>\\boxed{1}", "\\boxed{1}<think>",
                                           "<think>\\boxed{1}</think>",
                                           "\\boxed{2}</think>It is 1, no: <think>\\boxed{1}"};
    for (int i = 0; i < 4; i++) { /* a thought holds no answer, nor does a text that ends in one */
        assert_int_equal(answer_of_text(thoughts[i], strlen(thoughts[i]), ANSWER_BOX_ONLY, &answer),
                         PONDER_OK);
        assert_null(answer);
        assert_int_equal(answer_of_text(thoughts[i], strlen(thoughts[i]), ANSWER_ANY_SIGN, &answer),
                         PONDER_OK);
        assert_null(answer);
    }
    static const char thought[] = "<think>\\boxed{1}</think>\\boxed{2}";
    assert_int_equal(answer_of_text(thought, sizeof thought - 1, ANSWER_BOX_ONLY, &answer), PONDER_OK);
    assert_string_equal(answer, "2");
    free(answer);
    assert_int_equal(answer_of_text("So it is 12.", 12, ANSWER_BOX_ONLY, &answer), PONDER_OK);
    assert_null(answer);
    assert_int_equal(answer_of_text("So it is 12.", 12, ANSWER_ANY_SIGN, &answer), PONDER_OK);
    assert_string_equal(answer, "12");
    free(answer);
}

/* The shared cases give the box as it is; spaces around it are no part of ours. */
static void recorded_cases_are_extracted(void **state)
{
    (void)state;
    const char *folder = getenv("PONDER_TEST_DATA");
    char path[4096], line[4096];
    snprintf(path, sizeof path, "%s/grader/extract_cases.jsonl", folder ? folder : "../shared/data");
    FILE *file = fopen(path, "r");
    if (!file) {
        print_message("# skipped: no %s\n", path);
        skip();
    }
    int cases = 0;
    while (fgets(line, sizeof line, file)) {
        json_t *record = json_loads(line, 0, NULL);
        assert_non_null(record);
        const char *text = json_string_value(json_object_get(record, "text"));
        const char *expected = json_string_value(json_object_get(record, "expected"));
        char trimmed[256] = "";
        if (expected)
            sscanf(expected, " %255[^\n]", trimmed);
        while (expected && *trimmed && trimmed[strlen(trimmed) - 1] == ' ')
            trimmed[strlen(trimmed) - 1] = '\0';
        /* "Final Answer: .." without a box is another convention than ours. */
        if (!expected || strstr(text, "boxed")) {
            extract(text, expected ? trimmed : NULL);
            cases++;
        }
        json_decref(record);
    }
    fclose(file);
    assert_true(cases >= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_balanced_box_is_the_answer),
        cmocka_unit_test(without_a_box_there_is_no_answer),
        cmocka_unit_test(many_open_boxes_are_read_in_one_pass),
        cmocka_unit_test(formatting_does_not_make_answers_differ),
        cmocka_unit_test(what_is_only_formatting_is_no_answer),
        cmocka_unit_test(a_mark_of_a_thought_may_be_cut_in_two),
        cmocka_unit_test(recorded_cases_are_extracted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
