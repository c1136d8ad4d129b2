/* test_train_checkpoint.c - checkpoints, recipes and metrics: nothing lost, nothing half-written, nothing
 * damaged taken for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/buf.h"
#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/recipe.h"

static struct ponder_err err;
static char directory[] = "/tmp/test_checkpoint_XXXXXX";
static char path[64], metrics_path[64];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/run.checkpoint", directory);
    snprintf(metrics_path, sizeof metrics_path, "%s/run.jsonl", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    unlink(metrics_path);
    return rmdir(directory);
}

enum { COUNT = 1000 };
static float params[COUNT], moments[2][COUNT];

static struct checkpoint sample(int64_t step)
{
    for (int i = 0; i < COUNT; i++) {
        params[i] = (float)i + (float)step;
        moments[0][i] = -(float)i;
        moments[1][i] = 0.5f * (float)i;
    }
    return (struct checkpoint){
        .step = step,
        .tokens = 123456789012,
        .seconds = 12.5,
        .stream = {.next = 77, .skipped = 3, .waiting = 2, .wait_index = {70, 75}},
        .param_count = COUNT,
        .params = params,
        .m = moments[0],
        .v = moments[1],
        .recipe = "lr 0.002\nwidth 192\n",
    };
}

static void every_waiting_document_is_kept(void **state)
{
    (void)state;
    struct checkpoint saved = sample(41), got;
    saved.stream.waiting = STREAM_WAIT_MAX;
    for (int i = 0; i < STREAM_WAIT_MAX; i++)
        saved.stream.wait_index[i] = 1000 + (uint64_t)i;
    assert_int_equal(checkpoint_save(&saved, path, &err), 0);
    assert_int_equal(checkpoint_read(&got, path, &err), 0);
    assert_memory_equal(got.stream.wait_index, saved.stream.wait_index, sizeof saved.stream.wait_index);
    checkpoint_release(&got);
}

static void the_best_weights_are_kept_beside_the_last_ones(void **state)
{
    (void)state;
    struct checkpoint saved = sample(41), got;
    saved.best = (struct checkpoint_best){.step = 30, .loss = 0.25, .since = 2, .params = moments[1]};
    assert_int_equal(checkpoint_save(&saved, path, &err), 0);
    assert_int_equal(checkpoint_read(&got, path, &err), 0);
    assert_int_equal(got.best.step, 30);
    assert_true(got.best.loss == 0.25);
    assert_int_equal(got.best.since, 2);
    assert_memory_equal(got.best.params, moments[1], sizeof params);
    assert_memory_equal(got.params, params, sizeof params);
    checkpoint_release(&got);
}

static void what_was_saved_is_read_back(void **state)
{
    (void)state;
    struct checkpoint saved = sample(41), got;
    assert_int_equal(checkpoint_save(&saved, path, &err), 0);
    assert_int_equal(checkpoint_read(&got, path, &err), 0);
    assert_int_equal(got.step, 41);
    assert_int_equal(got.tokens, 123456789012);
    assert_true(got.seconds == 12.5);
    assert_int_equal(got.stream.next, 77);
    assert_int_equal(got.stream.skipped, 3);
    assert_int_equal(got.stream.waiting, 2);
    assert_int_equal(got.stream.wait_index[1], 75);
    assert_string_equal(got.recipe, saved.recipe);
    assert_int_equal(got.param_count, COUNT);
    assert_memory_equal(got.params, params, sizeof params);
    assert_memory_equal(got.m, moments[0], sizeof params);
    assert_memory_equal(got.v, moments[1], sizeof params);
    checkpoint_release(&got);
}

static void a_missing_checkpoint_is_not_found_and_a_foreign_file_is_no_checkpoint(void **state)
{
    (void)state;
    struct checkpoint got;
    unlink(path);
    assert_int_equal(checkpoint_read(&got, path, &err), PONDER_E_NOT_FOUND);
    char zeros[4000] = "GGUF";
    assert_int_equal(file_write_atomic(path, zeros, sizeof zeros, &err), 0);
    assert_int_equal(checkpoint_read(&got, path, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "not a checkpoint"));
    assert_int_equal(file_write_atomic(path, zeros, 0, &err), 0);
    assert_int_equal(checkpoint_read(&got, path, &err), PONDER_E_FORMAT);
}

static void a_truncated_or_changed_checkpoint_is_refused_whatever_byte_it_is(void **state)
{
    (void)state;
    struct checkpoint saved = sample(5), got;
    assert_int_equal(checkpoint_save(&saved, path, &err), 0);
    struct buf whole = BUF_INIT(1 << 20);
    assert_int_equal(buf_read_file(&whole, path, &err), 0);
    for (size_t n = 0; n < whole.len; n += n < 300 ? 1 : 997) {
        assert_int_equal(file_write_atomic(path, whole.data, n, &err), 0);
        assert_int_equal(checkpoint_read(&got, path, &err), PONDER_E_FORMAT);
        assert_non_null(strstr(err.message, path));
    }
    for (size_t at = 0; at < whole.len; at += at < 300 ? 1 : 997) {
        whole.data[at] ^= 0x10;
        assert_int_equal(file_write_atomic(path, whole.data, whole.len, &err), 0);
        assert_int_not_equal(checkpoint_read(&got, path, &err), 0);
        assert_true(strlen(err.message) > strlen(path));
        whole.data[at] ^= 0x10;
    }
    buf_release(&whole);
}

/* A write past the file size limit fails as one on a full disk does. */
static void a_full_disk_leaves_the_old_checkpoint_and_says_so(void **state)
{
    (void)state;
    struct checkpoint saved = sample(5), got;
    assert_int_equal(checkpoint_save(&saved, path, &err), 0);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    saved = sample(6);
    int status = checkpoint_save(&saved, path, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, PONDER_E_IO);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(checkpoint_read(&got, path, &err), 0);
    assert_int_equal(got.step, 5);
    checkpoint_release(&got);
}

struct settings {
    int64_t width;
    double lr;
    const char *precision;
    const char *out;
    bool fast;
};
static const struct ponder_option table[] = {
    {"width", 0, PONDER_OPTION_INT, offsetof(struct settings, width), "N", "192", 0, 0, ""},
    {"lr", 0, PONDER_OPTION_REAL, offsetof(struct settings, lr), "X", "2e-3", 0, 0, ""},
    {"precision", 0, PONDER_OPTION_TEXT, offsetof(struct settings, precision), "P", "auto", 0, 0, ""},
    {"out", 0, PONDER_OPTION_TEXT, offsetof(struct settings, out), "FILE", NULL, 0, 0, ""},
    {"fast", 0, PONDER_OPTION_FLAG, offsetof(struct settings, fast), NULL, NULL, 0, 0, ""},
    PONDER_OPTION_END,
};
static const char *const except[] = {"out", NULL};

static void a_recipe_holds_every_setting_and_a_command_what_differs_from_the_defaults(void **state)
{
    (void)state;
    struct settings settings = {.width = 64, .lr = 0.002, .precision = "auto", .out = "x", .fast = true};
    struct buf text = BUF_INIT(4096);
    assert_int_equal(recipe_put(&text, table, &settings, except), 0);
    assert_string_equal(buf_text(&text), "width 64\nlr 0.002\nprecision auto\nfast true\n");
    buf_clear(&text);
    assert_int_equal(recipe_command(&text, table, &settings, except), 0);
    assert_string_equal(buf_text(&text), " --width 64 --fast");
    buf_release(&text);
}

static void a_recipe_that_differs_is_refused_with_the_setting_that_does(void **state)
{
    (void)state;
    assert_int_equal(recipe_compare("a 1\nb 2\n", "a 1\nb 2\n", "ck", &err), 0);
    assert_int_equal(recipe_compare("a 1\nb 2\nc 3\n", "a 1\nb 7\nc 3\n", "ck", &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "'b 2'"));
    assert_non_null(strstr(err.message, "'b 7'"));
    assert_int_equal(recipe_compare("a 1\n", "a 1\nb 7\n", "ck", &err), PONDER_E_ARGUMENT);
    assert_int_equal(recipe_compare("a 1\nb 7\n", "a 1\n", "ck", &err), PONDER_E_ARGUMENT);
}

static void put(struct metrics *metrics, int64_t from, int64_t to)
{
    for (int64_t step = from; step <= to; step++) {
        struct ponder_train_progress progress = {.step = step,
                                                 .loss = 1.0 / (double)step,
                                                 .soft_loss = NAN,
                                                 .heldout_loss = NAN,
                                                 .peak_share = NAN};
        assert_int_equal(metrics_put(metrics, &progress, &err), 0);
    }
}

static void metrics_of_a_resumed_run_have_every_step_once(void **state)
{
    (void)state;
    struct metrics metrics;
    assert_int_equal(metrics_open(&metrics, metrics_path, 0, &err), 0);
    put(&metrics, 1, 12);
    metrics_release(&metrics);
    FILE *file = fopen(metrics_path, "a"); /* killed in the middle of a line */
    fputs("{\"step\":13,\"los", file);
    fclose(file);
    struct buf whole = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
    assert_int_equal(metrics_open(&metrics, metrics_path, 9, &err), 0);
    put(&metrics, 10, 20);
    metrics_release(&metrics);
    assert_int_equal(buf_read_file(&again, metrics_path, &err), 0);
    assert_int_equal(metrics_open(&metrics, metrics_path, 0, &err), 0);
    put(&metrics, 1, 20);
    metrics_release(&metrics);
    assert_int_equal(buf_read_file(&whole, metrics_path, &err), 0);
    assert_string_equal(buf_text(&again), buf_text(&whole));
    buf_release(&whole);
    buf_release(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_saved_is_read_back),
        cmocka_unit_test(every_waiting_document_is_kept),
        cmocka_unit_test(the_best_weights_are_kept_beside_the_last_ones),
        cmocka_unit_test(a_missing_checkpoint_is_not_found_and_a_foreign_file_is_no_checkpoint),
        cmocka_unit_test(a_truncated_or_changed_checkpoint_is_refused_whatever_byte_it_is),
        cmocka_unit_test(a_full_disk_leaves_the_old_checkpoint_and_says_so),
        cmocka_unit_test(a_recipe_holds_every_setting_and_a_command_what_differs_from_the_defaults),
        cmocka_unit_test(a_recipe_that_differs_is_refused_with_the_setting_that_does),
        cmocka_unit_test(metrics_of_a_resumed_run_have_every_step_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
