/* test_memory.c - every allocation fails once: in a session with its driver, strategies, votes and listeners,
 * in a verifier that is a program, in a store. What comes of it is an error that says so, and under
 * sanitizers nothing is lost. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/scripted.h"
#define EACH_ALLOCATION_FAILS
#include "failing_alloc.h"
#include "sampling_fixture.h"
#include "session/session.h"
#include "store/store.h"

/* ---- a session ---- */

static void hear(const struct ponder_event *event, void *data)
{
    (void)event;
    ++*(int *)data;
}

static int solve(const char *name, const char *verifier, int64_t n, struct ponder_err *err)
{
    static const struct scripted_reply replies[] = {{.times = 1, .text = "so\n\\boxed{3}"},
                                                    {.times = 1, .text = "no idea"},
                                                    {.times = 2, .text = "x\n\\boxed{7}", .open_ended = true},
                                                    {.text = "\\boxed{7}"}};
    struct scripted_options options = {.replies = replies, .reply_count = 4, .context = 4096};
    struct prompt_template template = prompt_template_of("Q: {question}\n");
    struct engine *engine;
    struct ponder_session *session = NULL;
    struct ponder_solution *solution = NULL;
    struct ponder_plan plan;
    int heard = 0;
    const struct ponder_listener listener = {sizeof listener, hear, &heard, 1};
    uint64_t id;
    long later = fail_after;
    fail_after = -1; /* what the test needs itself */
    assert_int_equal(scripted_open(&engine, &options, NULL), PONDER_OK);
    assert_int_equal(ponder_plan_default(&plan, NULL), PONDER_OK);
    fail_after = later;
    plan.sampling = plain_sampling();
    plan.sampling.n = n;
    plan.search.name = name;
    plan.search.verifier = verifier;
    int status = session_open_over(&session, engine, &template, ANSWER_BOX_ONLY, &clock_system, err);
    if (!status)
        status = ponder_session_ask(session, "x?", &plan, &listener, &id, err);
    if (!status)
        status = ponder_session_wait(session, id, &solution, err);
    ponder_solution_release(solution);
    ponder_session_close(session);
    engine_release(engine);
    return status;
}

static int solve_by_vote(struct ponder_err *err)
{
    return solve("best_of_n", "auto", 12, err);
}

static void a_session_survives_each(void **state)
{
    (void)state;
    each_allocation_fails(solve_by_vote);
}

/* ---- a verifier ---- */

static int solve_by_program(struct ponder_err *err)
{
    return solve("beam", "command:sh -c 'cat >/dev/null; echo 0.5'", 4, err);
}

static void a_search_with_a_program_for_a_verifier_survives_each(void **state)
{
    (void)state;
    each_allocation_fails(solve_by_program);
}

/* ---- a store ---- */

static char path[64];

static int count(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    (void)cell;
    (void)err;
    ++*(int *)data;
    return PONDER_OK;
}

static int keep_and_read(struct ponder_err *err)
{
    static struct question items[] = {{"p0", "1", "1", "algebra", "a"}};
    static const struct questions set = {.items = items, .count = 1, .cap = 1};
    static const double scores[] = {0.25};
    static const struct store_sample sample = {"text", 4, NULL, 0, -0.5, "end", "1", true, scores, 1};
    const struct store_run_key key = {
        .data = "set.jsonl", .questions = &set, .model = "m.gguf", .settings = "{}", .fingerprint = "{}"};
    const struct store_cell cell = {.seed = 1, .samples = &sample, .n = 1};
    struct store *store = NULL;
    struct ponder_run *runs = NULL;
    int64_t run, run_count = 0;
    int cells = 0, status = store_open(&store, path, STORE_WRITE, err);
    if (!status)
        status = store_run_begin(store, &key, &run, err);
    if (!status)
        status = store_cell_put(store, run, &cell, err);
    if (!status)
        status = store_cells_read(store, run, 0, -1, count, &cells, err);
    if (!status)
        status = store_runs(store, &runs, &run_count, err);
    ponder_runs_release(runs, run_count);
    store_release(store);
    return status;
}

static void a_store_survives_each_and_stays_whole(void **state)
{
    (void)state;
    struct ponder_err err = {0};
    snprintf(path, sizeof path, "/tmp/ponder-memory-%ld.db", (long)getpid());
    each_allocation_fails(keep_and_read);
    if (keep_and_read(&err))
        fail_msg("%s", err.message);
    static const char *const ends[] = {"", "-wal", "-shm", "-workers"};
    for (int i = 0; i < 4; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_survives_each),
        cmocka_unit_test(a_search_with_a_program_for_a_verifier_survives_each),
        cmocka_unit_test(a_store_survives_each_and_stays_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
