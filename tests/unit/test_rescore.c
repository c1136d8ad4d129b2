/* The samples of a stored run, judged: of a store that was tampered with, too. */
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
#include <sqlite3.h>

#include "ponder/verify.h"
#include "store/store.h"

static char folder[] = "/tmp/ponder_rescore_XXXXXX";
static char path[64];

static int make_store(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/runs.db", folder);
    struct question items[] = {{"p0", "4", "1", "algebra", "a"}, {"p1", "4", "2", "none", "b"}};
    struct questions set = {.items = items, .count = 2, .cap = 2};
    struct store_run_key key = {.data = "set.jsonl",
                                .questions = &set,
                                .model = "m.gguf",
                                .settings = "{\"search\":\"best_of_n\"}",
                                .fingerprint = "{\"version\":\"1\"}"};
    struct store_sample sample = {
        .text = "\\boxed{4}", .len = 9, .logprob = NAN, .finish = "end", .answer = "4"};
    struct store *store;
    int64_t run;
    int status = store_open(&store, path, STORE_WRITE, NULL);
    if (!status)
        status = store_run_begin(store, &key, &run, NULL);
    for (int64_t q = 0; q < 2 && !status; q++) {
        struct store_cell cell = {1, q, {0}, &sample, 1, NULL};
        status = store_cell_put(store, run, &cell, NULL);
    }
    store_release(store);
    return status;
}

static int remove_store(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-workers"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    return rmdir(folder);
}

static int rescore(struct ponder_rescore *out, struct ponder_err *err)
{
    struct ponder_score_settings settings = {.verifier = "oracle", .samples = path, .run = 1};
    return ponder_score_store(&settings, NULL, out, err);
}

static void the_samples_of_a_run_are_judged_once(void **state)
{
    (void)state;
    struct ponder_rescore out;
    struct ponder_err err = {0};
    if (rescore(&out, &err))
        fail_msg("%s", err.message);
    assert_int_equal(out.done, 2);
    assert_int_equal(out.resumed, 0);
    assert_int_equal(rescore(&out, &err), PONDER_OK);
    assert_int_equal(out.resumed, 2);
}

static void a_question_that_the_run_does_not_have_is_named(void **state)
{
    (void)state;
    struct ponder_rescore out;
    struct ponder_err err = {0};
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE samples SET question = 70000 WHERE run_id = 1 AND question = 1;"
                                  "UPDATE cells SET question = 70000 WHERE run_id = 1 AND question = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(rescore(&out, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "run 1: question 70000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_of_a_run_are_judged_once),
        cmocka_unit_test(a_question_that_the_run_does_not_have_is_named),
    };
    return cmocka_run_group_tests(tests, make_store, remove_store);
}
