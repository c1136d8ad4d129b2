/* UTF-8 decoding, checking, and text made safe for a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/utf8.h"
#include "ponder/text.h"

static size_t decode(const char *text)
{
    uint32_t code;
    return utf8_decode(text, strlen(text), &code);
}

static void only_shortest_forms_of_scalar_values_are_utf8(void **state)
{
    (void)state;
    assert_int_equal(decode("a"), 1);
    assert_int_equal(decode("\xc3\xa9"), 2);
    assert_int_equal(decode("\xe2\x82\xac"), 3);
    assert_int_equal(decode("\xf0\x9f\x98\x80"), 4);
    assert_int_equal(decode("\x80"), 0);
    assert_int_equal(decode("\xc0\xaf"), 0);         /* overlong */
    assert_int_equal(decode("\xe0\x80\xaf"), 0);     /* overlong */
    assert_int_equal(decode("\xed\xa0\x80"), 0);     /* surrogate */
    assert_int_equal(decode("\xf4\x90\x80\x80"), 0); /* above U+10FFFF */
    assert_int_equal(decode("\xe2\x82"), 0);         /* cut short */
    assert_int_equal(decode("\xff"), 0);
}

static void a_check_names_the_first_bad_byte(void **state)
{
    (void)state;
    struct ponder_err err = {0};
    assert_int_equal(utf8_check("a\tb\n", 4, "the question", &err), PONDER_OK);
    assert_int_equal(utf8_check("ab\xff", 3, "the question", &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "offset 2"));
    assert_int_equal(utf8_check("a\x1b[2J", 5, "the question", &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "U+001B at offset 1"));
    assert_int_equal(utf8_check("a\xc2\x9b", 3, "the question", &err), PONDER_E_ARGUMENT);
    assert_int_equal(utf8_check("a\0b", 3, "the question", &err), PONDER_E_ARGUMENT);
}

static void escape(const char *text, size_t len, bool lines, const char *expected)
{
    char *escaped = ponder_text_escape(text, len, lines);
    assert_non_null(escaped);
    assert_string_equal(escaped, expected);
    free(escaped);
}

static void nothing_that_moves_a_terminal_passes(void **state)
{
    (void)state;
    escape("plain \xc3\xa9", 8, false, "plain \xc3\xa9");
    escape("\x1b[2Jx", 5, false, "\\x1b[2Jx");
    escape("a\nb\tc\rd", 7, false, "a\\x0ab\\x09c\\x0dd");
    escape("a\nb\tc\rd", 7, true, "a\nb\tc\\x0dd");
    escape("\xc2\x9b"
           "31m",
           5, true, "\\u009b31m");
    escape("\xe2\x80\xae"
           "x",
           4, true, "\\u202ex");
    escape("\xff\xc3", 2, true, "\\xff\\xc3");
    escape("\0", 1, true, "\\x00");
    escape("", 0, true, "");
}

static void json_of_any_bytes_is_utf8(void **state)
{
    (void)state;
    json_t *value = json_from_text("a\xff\0b", 4);
    assert_non_null(value);
    assert_int_equal(json_string_length(value), 6);
    assert_memory_equal(json_string_value(value), "a\xef\xbf\xbd\0b", 6);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_shortest_forms_of_scalar_values_are_utf8),
        cmocka_unit_test(a_check_names_the_first_bad_byte),
        cmocka_unit_test(nothing_that_moves_a_terminal_passes),
        cmocka_unit_test(json_of_any_bytes_is_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
