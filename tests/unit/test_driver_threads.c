/* Drivers in threads of their own, over one model: what one does is none of the other's business. Meant for a
 * build with -Db_sanitize=thread too (tests/long/threads.sh); each engine computes with one thread, as the
 * runtime of OpenMP is not known to the sanitizer. */
#include <pthread.h>
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

#include "core/rng.h"
#include "engine/local.h"
#include "model/ponder_model.h"
#include "ponder/model.h"
#include "driver/driver.h"
#include "prompt/prompt.h"
#include "sampling_fixture.h"

#define BASE "models/pocket-base.gguf"

enum { THREADS = 2, QUESTIONS = 3 };

static const char *const problems[QUESTIONS] = {"What is a+b if 3a+2=11 and 2b+5=9?", "What is 7+8?",
                                                "What is a+b+c if 2a+1=5, 3b-1=5 and 4c+2=10?"};

/* What one thread does, and what came of it. */
struct worker {
    const struct ponder_model *model;
    uint64_t texts;
    int status, told;
    struct ponder_err err;
};

static int keep(void *data, uint64_t id, const struct driver_outcome *outcome, struct ponder_err *err)
{
    struct worker *worker = data;
    (void)id;
    (void)err;
    worker->told++;
    for (int32_t i = 1; i < outcome->tree->count; i++)
        worker->texts =
            rng_key(worker->texts, hash_bytes(outcome->tree->nodes[i].text, outcome->tree->nodes[i].len));
    return PONDER_OK;
}

static int drive(struct worker *worker, struct engine *engine, const struct driver_plan *plan)
{
    struct driver *driver;
    struct ponder_err *err = &worker->err;
    const struct driver_settings settings = {.engine = engine, .clock = &clock_system};
    const struct driver_listener listener = {.done = keep, .data = worker};
    struct prompt prompts[QUESTIONS] = {0};
    uint64_t id;
    int64_t open = 1;
    int status = driver_open(&driver, &settings, err);
    for (int q = 0; q < QUESTIONS && !status; q++) {
        status =
            prompt_fill(&worker->model->prompt, problems[q], strlen(problems[q]), 1, NULL, &prompts[q], err);
        struct driver_question question = {
            .prompt = prompts[q], .problem = problems[q], .gold = "5", .plan = plan};
        if (!status)
            status = driver_add(driver, &question, &listener, &id, err);
    }
    while (!status && open > 0) {
        open = driver_step(driver, 0.01, err);
        status = open < 0 ? (int)open : PONDER_OK;
    }
    driver_close(driver);
    for (int q = 0; q < QUESTIONS; q++)
        free((char *)prompts[q].text);
    return status;
}

static void *work(void *data)
{
    struct worker *worker = data;
    struct ponder_err *err = &worker->err;
    const struct local_options local = {.threads = 1, .exact = true};
    const struct verifier_options options = {.threads = 1, .exact = true};
    struct ponder_sampling sampling = plain_sampling();
    struct search_options beam;
    struct engine *engine = NULL;
    struct verifier prm = {0};
    sampling.temperature = 0.8;
    sampling.max_tokens = 60;
    int status = local_open(&engine, worker->model->lm, &local, err);
    if (!status)
        status = verifier_open(&prm, "prm", &options, err);
    if (!status)
        status = search_options_of(&beam, search_find("beam"), 4, "width=2", err);
    const struct driver_plan plan = {
        .ops = search_find("beam"), .options = &beam, .verifier = &prm, .sampling = &sampling};
    worker->status = status ? status : drive(worker, engine, &plan);
    verifier_release(&prm);
    engine_release(engine);
    return NULL;
}

static void two_drivers_in_two_threads_do_not_see_each_other(void **state)
{
    (void)state;
    struct ponder_model *model;
    struct ponder_err err = {0};
    pthread_t threads[THREADS];
    struct worker workers[THREADS] = {0};
    if (access(BASE, R_OK) != 0)
        skip();
    assert_int_equal(ponder_model_open(&model, BASE, &err), PONDER_OK);
    for (int t = 0; t < THREADS; t++) {
        workers[t].model = model;
        assert_int_equal(pthread_create(&threads[t], NULL, work, &workers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    for (int t = 0; t < THREADS; t++) {
        if (workers[t].status)
            fail_msg("%s", workers[t].err.message);
        assert_int_equal(workers[t].told, QUESTIONS);
        assert_true(workers[t].texts == workers[0].texts);
    }
    ponder_model_release(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_drivers_in_two_threads_do_not_see_each_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
