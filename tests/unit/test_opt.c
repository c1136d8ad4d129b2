/* Settings structs filled from option tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ponder/option.h"

struct settings {
    int64_t count, seed;
    double heat;
    const char *name;
    bool loud;
    struct ponder_texts words;
};

static const struct ponder_option table[] = {
    {"count", 'c', PONDER_OPTION_INT, offsetof(struct settings, count), "N", "7", 1, 4096, "how many"},
    {"seed", 0, PONDER_OPTION_INT, offsetof(struct settings, seed), "S", "1", -1, 9, "which"},
    {"heat", 0, PONDER_OPTION_REAL, offsetof(struct settings, heat), "T", "0.5", 0, 2, "how hot"},
    {"name", 0, PONDER_OPTION_TEXT, offsetof(struct settings, name), "TEXT", NULL, 0, 0, "what name"},
    {"loud", 0, PONDER_OPTION_FLAG, offsetof(struct settings, loud), NULL, NULL, 0, 0, "shout"},
    {"word", 0, PONDER_OPTION_LIST, offsetof(struct settings, words), "TEXT", NULL, 0, 0, "several"},
    PONDER_OPTION_END};

static void none_is_a_number_where_the_least_is_minus_one(void **state)
{
    (void)state;
    struct settings settings;
    assert_int_equal(ponder_options_default(table, &settings, NULL), PONDER_OK);
    assert_int_equal(settings.seed, 1);
    assert_int_equal(ponder_option_set(table, &settings, "seed", "none", NULL), PONDER_OK);
    assert_int_equal(settings.seed, -1);
    assert_int_equal(ponder_option_set(table, &settings, "count", "none", NULL), PONDER_E_ARGUMENT);
}

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    struct settings settings;
    memset(&settings, 0xab, sizeof settings);
    assert_int_equal(ponder_options_default(table, &settings, NULL), PONDER_OK);
    assert_int_equal(settings.count, 7);
    assert_true(settings.heat == 0.5);
    assert_null(settings.name);
    assert_false(settings.loud);
    assert_int_equal(settings.words.count, 0);
}

static void values_are_parsed_by_type(void **state)
{
    (void)state;
    struct settings settings;
    assert_int_equal(ponder_options_default(table, &settings, NULL), PONDER_OK);
    assert_int_equal(ponder_option_set(table, &settings, "count", "4096", NULL), PONDER_OK);
    assert_int_equal(ponder_option_set(table, &settings, "heat", "1e-1", NULL), PONDER_OK);
    assert_int_equal(ponder_option_set(table, &settings, "name", "x", NULL), PONDER_OK);
    assert_int_equal(ponder_option_set(table, &settings, "loud", NULL, NULL), PONDER_OK);
    assert_int_equal(ponder_option_set(table, &settings, "word", "a", NULL), PONDER_OK);
    assert_int_equal(ponder_option_set(table, &settings, "word", "b", NULL), PONDER_OK);
    assert_int_equal(settings.count, 4096);
    assert_true(settings.heat == 0.1);
    assert_string_equal(settings.name, "x");
    assert_true(settings.loud);
    assert_int_equal(settings.words.count, 2);
    assert_string_equal(settings.words.items[1], "b");
    assert_int_equal(ponder_option_set(table, &settings, "loud", "false", NULL), PONDER_OK);
    assert_false(settings.loud);
}

static void refuse(const char *name, const char *value, const char *expected)
{
    struct settings settings, before;
    memset(&settings, 0, sizeof settings);
    assert_int_equal(ponder_options_default(table, &settings, NULL), PONDER_OK);
    before = settings;
    struct ponder_err err = {0};
    assert_true(ponder_option_set(table, &settings, name, value, &err) < 0);
    assert_non_null(strstr(err.message, expected));
    assert_memory_equal(&before, &settings, sizeof settings);
}

static void bad_values_change_nothing_and_say_what_is_right(void **state)
{
    (void)state;
    refuse("count", "0", "from 1 to 4096");
    refuse("count", "1000000", "from 1 to 4096");
    refuse("count", "99999999999999999999", "from 1 to 4096");
    refuse("count", "7x", "'7x' is not a whole number");
    refuse("count", "", "is not a whole number");
    refuse("count", NULL, "--count needs a value");
    refuse("heat", "3", "from 0 to 2");
    refuse("heat", "nan", "is not a number");
    refuse("heat", "inf", "is not a number");
    refuse("loud", "maybe", "neither true nor false");
    refuse("colour", "1", "no option --colour");
}

static void a_list_has_its_maximum(void **state)
{
    (void)state;
    struct settings settings;
    assert_int_equal(ponder_options_default(table, &settings, NULL), PONDER_OK);
    for (int i = 0; i < 32; i++)
        assert_int_equal(ponder_option_set(table, &settings, "word", "w", NULL), PONDER_OK);
    assert_int_equal(ponder_option_set(table, &settings, "word", "w", NULL), PONDER_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(none_is_a_number_where_the_least_is_minus_one),
        cmocka_unit_test(values_are_parsed_by_type),
        cmocka_unit_test(bad_values_change_nothing_and_say_what_is_right),
        cmocka_unit_test(a_list_has_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
