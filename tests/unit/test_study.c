/* Records of runs, and the runs of a store as series of budgets. */
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

#include "core/number.h"
#include "eval/run_record.h"
#include "replay/study.h"
#include "sampling_fixture.h"

static char folder[] = "/tmp/ponder_study_XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int name_store(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/runs.db", folder);
    return 0;
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
    return 0;
}

/* ---- records ---- */

static struct prompt_template template = {.text = "{question}\n"};
static const struct ponder_eval_settings settings = {.data = "set.jsonl", .seeds = 1};

/* As they were written ever since: the same run has the same text. */
static void settings_are_the_text_that_they_were(void **state)
{
    (void)state;
    struct ponder_sampling sampling = plain_sampling();
    sampling.temperature = 0.8;
    sampling.n = 4;
    sampling.max_tokens = 512;
    struct eval_job job = {.template = &template,
                           .model = "m.gguf",
                           .model_hash = 0xfeae286fd94c9ddeu,
                           .precision = "bf16",
                           .extract = ANSWER_BOX_ONLY,
                           .settings = &settings,
                           .sampling = &sampling};
    struct run_record record = run_record_of_job(&job);
    char *text = run_record_print(&record);
    assert_int_equal(record.kind, PONDER_RUN_SAMPLES);
    assert_string_equal(text, "{\"exact\":false,\"extract\":\"box\",\"max_tokens\":512,\"min_p\":0.0,\"model_"
                              "hash\":\"feae286fd94c9dde\",\"n\":4,\"precision\":\"bf16\",\"search\":\"best_"
                              "of_n\",\"temperature\":0.8,\"top_k\":0,\"top_p\":1.0}");
    free(text);
    struct ponder_search search = {.name = "lookahead",
                                   .verifier = "prm:models/prm.gguf",
                                   .width = 0,
                                   .lookahead = 3,
                                   .select = "best",
                                   .aggregate = "auto",
                                   .budget = "",
                                   .step_end = "line"};
    job.search = &search;
    job.verifier_hash = 1;
    record = run_record_of_job(&job);
    text = run_record_print(&record);
    assert_int_equal(record.kind, PONDER_RUN_SEARCH);
    assert_string_equal(
        text, "{\"aggregate\":\"auto\",\"budget\":\"\",\"exact\":false,\"extract\":\"box\",\"lookahead\":3,"
              "\"max_tokens\":512,\"min_p\":0.0,\"model_hash\":\"feae286fd94c9dde\",\"n\":4,\"precision\":"
              "\"bf16\",\"search\":\"lookahead\",\"select\":\"best\",\"step_end\":\"line\",\"temperature\":"
              "0.8,\"top_k\":0,\"top_p\":1.0,\"verifier\":\"prm.gguf\",\"verifier_hash\":"
              "\"0000000000000001\",\"width\":0}");
    free(text);
    job.search = NULL;
    job.rollouts = 2;
    record = run_record_of_job(&job);
    text = run_record_print(&record);
    assert_int_equal(record.kind, PONDER_RUN_ROLLOUTS);
    assert_non_null(strstr(text, "\"rollouts\":2,\"search\":\"rollouts\""));
    free(text);
}

static void a_record_that_was_read_prints_what_was_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}", "{\"n\":3}", "{\"exact\":true,\"later\":[1,{\"a\":null}],\"n\":2}",
        ("{\"lookahead\":0,\"model_hash\":\"0123456789abcdef\",\"pool\":\"greedy\",\"prompt\":\"chatml\","
         "\"rollouts\":4,\"weights_memory\":100,\"width\":0}")};
    for (int i = 0; i < 4; i++) {
        struct ponder_run run = {.id = 1, .kind = PONDER_RUN_JUDGED, .settings = (char *)texts[i]};
        struct run_record record;
        assert_int_equal(run_record_of_run(&record, &run, NULL), PONDER_OK);
        assert_int_equal(record.kind, PONDER_RUN_JUDGED);
        char *text = run_record_print(&record);
        assert_string_equal(text, texts[i]);
        free(text);
        run_record_release(&record);
    }
}

static void what_a_run_does_not_say_is_not_there(void **state)
{
    (void)state;
    struct run_record record = run_record_of_json(NULL);
    assert_null(record.search);
    assert_true(isnan(record.temperature));
    assert_int_equal(record.lookahead, -1);
    assert_int_equal(record.exact, -1);
    assert_true(record.verifier_hash == 0);
    json_t *odd =
        json_loads("{\"n\":\"4\",\"temperature\":true,\"search\":7,\"model_hash\":\"xyz\"}", 0, NULL);
    record = run_record_of_json(odd);
    assert_int_equal(record.n, -1);
    assert_true(isnan(record.temperature));
    assert_null(record.search);
    assert_true(record.model_hash == 0);
    json_decref(odd);
    struct ponder_err err = {0};
    struct ponder_run run = {.id = 7, .settings = (char *)"[1]"};
    assert_int_equal(run_record_of_run(&record, &run, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "run 7: its settings are no JSON object"));
    run_record_release(&record);
}

/* ---- a study ---- */

static struct question items[] = {{"p0", "4", "1", "none", "a"}, {"p1", "5", "1", "none", "b"}};
static const struct questions set = {.items = items, .count = 2, .cap = 2};

static struct store *open_store(void)
{
    struct store *store;
    struct ponder_err err = {0};
    if (store_open(&store, path, STORE_WRITE, &err))
        fail_msg("%s", err.message);
    return store;
}

/* Both questions, of which the first is answered right by all n and the second by none. */
static void put_run(struct store *store, enum ponder_run_kind kind, const char *more, double temperature,
                    int64_t n)
{
    static const double scores[] = {0.5, 0.75};
    char text[512];
    struct ponder_err err = {0};
    number_print(text, sizeof text,
                 "{\"max_tokens\":9,\"min_p\":0.0,\"model_hash\":\"0000000000000001\",\"n\":%d,"
                 "\"temperature\":%.17g,\"top_k\":0,\"top_p\":1.0%s}",
                 (int)n, temperature, more);
    struct store_run_key key = {.data = "set.jsonl",
                                .questions = &set,
                                .model = "m",
                                .kind = kind,
                                .settings = text,
                                .fingerprint = "{}"};
    struct store_sample samples[4];
    int64_t run;
    if (store_run_begin(store, &key, &run, &err))
        fail_msg("%s", err.message);
    for (int64_t i = 0; i < 4; i++)
        samples[i] = (struct store_sample){.text = "\\boxed{4}",
                                           .len = 9,
                                           .token_count = 5,
                                           .logprob = -1,
                                           .finish = "end",
                                           .scores = kind == PONDER_RUN_JUDGED ? scores : NULL,
                                           .score_count = kind == PONDER_RUN_JUDGED ? 2 : 0};
    for (int64_t q = 0; q < 2; q++) {
        struct store_cell cell = {.seed = 1, .question = q, .cost = {.flops = 8}, .samples = samples};
        cell.n = kind == PONDER_RUN_SEARCH ? 1 : n;
        if (store_cell_put(store, run, &cell, &err))
            fail_msg("%s", err.message);
    }
}

static const char judged[] = ",\"aggregate\":\"last\",\"search\":\"best_of_n\",\"verifier\":\"prm\","
                             "\"verifier_hash\":\"0000000000000002\"";
static const char searched[] =
    ",\"aggregate\":\"auto\",\"budget\":\"\",\"search\":\"best_of_n\",\"select\":\"weighted\","
    "\"verifier\":\"prm\",\"verifier_hash\":\"0000000000000002\",\"width\":4";
static const struct study_series weighted = {"weighted", STUDY_WEIGHTED, "prm", REPLAY_OUTCOME, NULL, 0, 0};
static const struct study_series majority = {"majority", STUDY_MAJORITY, "prm", REPLAY_OUTCOME, NULL, 0, 0};

static void open_study(struct study *study)
{
    struct ponder_err err = {0};
    if (study_open(study, path, NULL, &err))
        fail_msg("%s", err.message);
}

static void a_search_of_whole_solutions_is_taken_for_no_judged_samples(void **state)
{
    (void)state;
    struct store *store = open_store();
    put_run(store, PONDER_RUN_SAMPLES, "", 0.5, 4);
    put_run(store, PONDER_RUN_JUDGED, judged, 0.5, 4);
    put_run(store, PONDER_RUN_SEARCH, searched, 0.5, 4); /* the newest */
    store_release(store);
    struct study study;
    struct study_point *points;
    int64_t count;
    struct ponder_err err = {0};
    open_study(&study);
    assert_int_equal(study.run_count, 3);
    if (study_points(&study, &weighted, 0.5, &points, &count, &err))
        fail_msg("%s", err.message);
    assert_int_equal(count, 3); /* of 1, 2 and 4 */
    assert_true(points[2].values[0] == 1 && points[2].values[1] == 0);
    study_points_release(points, count);
    study_release(&study);
}

static void labels_and_a_pool_with_a_greedy_one_are_no_samples(void **state)
{
    (void)state;
    struct store *store = open_store();
    put_run(store, PONDER_RUN_ROLLOUTS, ",\"rollouts\":4,\"search\":\"rollouts\"", 0.5, 4);
    put_run(store, PONDER_RUN_SAMPLES, ",\"pool\":\"greedy\"", 0.5, 4);
    store_release(store);
    struct study study;
    struct ponder_err err = {0};
    assert_int_equal(study_open(&study, path, NULL, &err), PONDER_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "no run of samples"));
    study_release(&study);
}

static void a_study_has_as_many_temperatures_as_there_are(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    struct store *store = open_store();
    for (int i = COUNT; i > 0; i--)
        put_run(store, PONDER_RUN_SAMPLES, "", i / 16.0, 2);
    put_run(store, PONDER_RUN_JUDGED, judged, 1, 2); /* at one that there is */
    store_release(store);
    struct study study;
    double *temperatures;
    int64_t count;
    struct ponder_err err = {0};
    open_study(&study);
    assert_int_equal(study_temperatures(&study, &majority, &temperatures, &count, &err), PONDER_OK);
    assert_int_equal(count, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_true(temperatures[i] == (i + 1) / 16.0);
    free(temperatures);
    assert_int_equal(study_temperatures(&study, &weighted, &temperatures, &count, &err), PONDER_OK);
    assert_int_equal(count, 1);
    free(temperatures);
    study_release(&study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_the_text_that_they_were),
        cmocka_unit_test(a_record_that_was_read_prints_what_was_read),
        cmocka_unit_test(what_a_run_does_not_say_is_not_there),
        cmocka_unit_test_setup_teardown(a_search_of_whole_solutions_is_taken_for_no_judged_samples,
                                        name_store, remove_store),
        cmocka_unit_test_setup_teardown(labels_and_a_pool_with_a_greedy_one_are_no_samples, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(a_study_has_as_many_temperatures_as_there_are, name_store,
                                        remove_store),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
