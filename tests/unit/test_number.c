/* Numbers read and written where the host program's locale has a decimal comma. */
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

#include "comma_locale.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "core/number.h"
#include "ponder/sampling.h"
#include "ponder/sweep.h"
#include "driver/budget.h"
#include "store/store.h"

static bool has_comma;

/* Each test is of a comma locale; where there is none it is skipped. */
static int need_comma(void **state)
{
    (void)state;
    if (has_comma) {
        char text[16];
        snprintf(text, sizeof text, "%.1f", 0.5);
        return strcmp(text, "0,5");
    }
    print_message("# skipped: no locale with a decimal comma is installed, and localedef cannot make one\n");
    return 0;
}

#define SKIP_WITHOUT_COMMA()                                                                                 \
    do {                                                                                                     \
        if (!has_comma)                                                                                      \
            skip();                                                                                          \
    } while (0)

static void a_fraction_is_read_and_printed_with_a_point(void **state)
{
    (void)state;
    SKIP_WITHOUT_COMMA();
    char *end, text[64];
    assert_true(number_read("-2.5e1x", &end) == -25);
    assert_string_equal(end, "x");
    assert_int_equal(number_print(text, sizeof text, "%.2f %g", 0.25, 1.5), 8);
    assert_string_equal(text, "0.25 1.5");
    assert_int_equal(*localeconv()->decimal_point, ','); /* the program's own is as it was */
}

static void options_have_their_defaults(void **state)
{
    (void)state;
    SKIP_WITHOUT_COMMA();
    struct ponder_sampling sampling;
    struct ponder_err err = {0};
    assert_int_equal(ponder_options_default(ponder_generate_options(), &sampling, &err), PONDER_OK);
    assert_int_equal(ponder_option_set(ponder_solve_options(), &sampling, "top-p", "0.95", &err), PONDER_OK);
    assert_true(sampling.top_p == 0.95);
    assert_true(ponder_option_set(ponder_solve_options(), &sampling, "top-p", "0,95", &err) < 0);
}

static void budgets_and_sweeps_are_read(void **state)
{
    (void)state;
    SKIP_WITHOUT_COMMA();
    struct budget budget;
    struct ponder_err err = {0};
    assert_int_equal(budget_parse("1.5s,64g", &budget, &err), PONDER_OK);
    assert_true(budget.seconds == 1.5 && budget.generations == 64);
    double temperatures[PONDER_SWEEP_MAX];
    int count;
    assert_int_equal(ponder_sweep_parse("0,0.4,0.8", temperatures, &count, &err), PONDER_OK);
    assert_int_equal(count, 3);
    assert_true(temperatures[1] == 0.4);
}

static void buffers_json_and_messages_have_points(void **state)
{
    (void)state;
    SKIP_WITHOUT_COMMA();
    struct buf out = BUF_INIT(64);
    buf_printf(&out, "%.17g", 0.25);
    assert_string_equal(buf_text(&out), "0.25");
    buf_release(&out);
    struct ponder_err err = {0};
    err_set(&err, PONDER_E_ARGUMENT, "from %g", 0.5);
    assert_string_equal(err.message, "from 0.5");
    err_prefix(&err, PONDER_E_ARGUMENT, "%.1f", 1.5);
    assert_string_equal(err.message, "1.5: from 0.5");
    char *json;
    assert_int_equal(json_print(json_pack("[f]", 0.5), &json, &err), PONDER_OK);
    assert_string_equal(json, "[0.5]");
    free(json);
}

static int take_scores(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    (void)err;
    ++*(int *)data;
    assert_int_equal(cell->samples[0].score_count, 3);
    assert_true(cell->samples[0].scores[0] == 0.1 && cell->samples[0].scores[2] == 1e-9);
    assert_true(cell->samples[0].logprob == -0.75 && cell->cost.seconds == 0.25);
    return PONDER_OK;
}

static void stored_scores_come_back(void **state)
{
    (void)state;
    SKIP_WITHOUT_COMMA();
    char folder[] = "/tmp/ponder_number_XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/runs.db", folder);
    struct question item = {"p", "1", "1", "algebra", "a"};
    struct questions set = {.items = &item, .count = 1, .cap = 1};
    struct store_run_key key = {.data = "set.jsonl",
                                .questions = &set,
                                .model = "m.gguf",
                                .settings = "{}",
                                .fingerprint = "{\"version\":\"1\"}"};
    double scores[] = {0.1, 0.5, 1e-9};
    struct store_sample sample = {
        .text = "a", .len = 1, .logprob = -0.75, .finish = "end", .scores = scores, .score_count = 3};
    struct store_cell cell = {1, 0, {.seconds = 0.25}, &sample, 1, NULL};
    struct ponder_err err = {0};
    struct store *store;
    int64_t run;
    int count = 0;
    assert_int_equal(store_open(&store, path, STORE_WRITE, &err), PONDER_OK);
    assert_int_equal(store_run_begin(store, &key, &run, &err), PONDER_OK);
    assert_int_equal(store_cell_put(store, run, &cell, &err), PONDER_OK);
    if (store_cells_read(store, run, 0, -1, take_scores, &count, &err))
        fail_msg("%s", err.message);
    assert_int_equal(count, 1);
    store_release(store);
    static const char *const ends[] = {"", "-wal", "-shm", "-workers"};
    for (int i = 0; i < 4; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fraction_is_read_and_printed_with_a_point),
        cmocka_unit_test(options_have_their_defaults),
        cmocka_unit_test(budgets_and_sweeps_are_read),
        cmocka_unit_test(buffers_json_and_messages_have_points),
        cmocka_unit_test(stored_scores_come_back),
    };
    has_comma = comma_locale();
    return cmocka_run_group_tests(tests, need_comma, NULL);
}
