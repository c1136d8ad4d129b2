/* test_session.c - a session: questions side by side and from many threads, what listeners are told, ends
 * before their time, and votes that stop. Meant for a build with -Db_sanitize=thread too
 * (tests/long/threads.sh). */
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

#include "engine/scripted.h"
#include "ponder.h"
#include "sampling_fixture.h"
#include "session/session.h"

#define BASE "models/pocket-base.gguf"

static struct ponder_err err;
static struct prompt_template template;

static struct ponder_plan plan_of(int64_t n)
{
    struct ponder_plan plan;
    assert_int_equal(ponder_plan_default(&plan, &err), PONDER_OK);
    plan.sampling = plain_sampling();
    plan.sampling.n = n;
    return plan;
}

static struct ponder_session *open_over(const struct scripted_reply *replies, int count, int concurrent,
                                        struct engine **engine)
{
    struct ponder_session *session;
    struct scripted_options options = {
        .replies = replies, .reply_count = count, .concurrent_max = concurrent, .context = 4096};
    template = prompt_template_of("Q: {question}\n");
    assert_int_equal(scripted_open(engine, &options, &err), PONDER_OK);
    assert_int_equal(session_open_over(&session, *engine, &template, ANSWER_BOX_ONLY, &clock_system, &err),
                     PONDER_OK);
    return session;
}

static void close_both(struct ponder_session *session, struct engine *engine)
{
    ponder_session_close(session);
    assert_int_equal(scripted_node_count(engine), 0);
    engine_release(engine);
}

static uint64_t ask(struct ponder_session *session, const char *question, const struct ponder_plan *plan,
                    const struct ponder_listener *listener)
{
    uint64_t id = 0;
    if (ponder_session_ask(session, question, plan, listener, &id, &err))
        fail_msg("%s", err.message);
    return id;
}

static struct ponder_solution *wait_for(struct ponder_session *session, uint64_t id)
{
    struct ponder_solution *solution;
    if (ponder_session_wait(session, id, &solution, &err))
        fail_msg("%s", err.message);
    return solution;
}

/* ---- votes that stop ---- */

static void a_vote_stops_when_it_is_sure_and_says_so(void **state)
{
    (void)state;
    static const struct scripted_reply replies[] = {{.text = "\\boxed{7}"}};
    struct engine *engine;
    struct ponder_session *session = open_over(replies, 1, 4, &engine);
    struct ponder_plan plan = plan_of(64);
    struct ponder_solution *sure = wait_for(session, ask(session, "x?", &plan, NULL));
    assert_string_equal(sure->answer, "7");
    assert_int_equal(sure->candidate_count, 8);
    assert_true(sure->sure > 0.049 && sure->sure < 0.051);
    assert_int_equal(sure->planned, 64);
    assert_true(sure->ledger.generations <= 16); /* with what was under way */
    struct ponder_tree_facts facts;
    ponder_tree_facts(sure->tree, &facts);
    assert_string_equal(facts.ended_by, "agreement");
    plan.search.stop = 0;
    struct ponder_solution *all = wait_for(session, ask(session, "x?", &plan, NULL));
    assert_int_equal(all->candidate_count, 64);
    assert_true(all->sure <= 0);
    ponder_solution_release(sure);
    ponder_solution_release(all);
    close_both(session, engine);
}

static void the_order_in_which_solutions_come_does_not_change_where_it_stops(void **state)
{
    (void)state;
    static const struct scripted_reply at_once[] = {{.times = 1, .text = "\\boxed{3}"},
                                                    {.times = 1, .text = "\\boxed{4}"},
                                                    {.times = 1, .text = "\\boxed{3}"},
                                                    {.text = "\\boxed{4}"}};
    static const struct scripted_reply late[] = {{.times = 1, .text = "\\boxed{3}", .delay_s = 0.02},
                                                 {.times = 1, .text = "\\boxed{4}"},
                                                 {.times = 1, .text = "\\boxed{3}", .delay_s = 0.05},
                                                 {.text = "\\boxed{4}", .delay_s = 0.001}};
    int64_t counts[2] = {0};
    for (int i = 0; i < 2; i++) {
        struct engine *engine;
        struct ponder_session *session = open_over(i ? late : at_once, 4, i ? 3 : 64, &engine);
        struct ponder_plan plan = plan_of(64);
        struct ponder_solution *solution = wait_for(session, ask(session, "x?", &plan, NULL));
        assert_string_equal(solution->answer, "4");
        counts[i] = solution->candidate_count;
        ponder_solution_release(solution);
        close_both(session, engine);
    }
    assert_int_equal(counts[0], counts[1]);
    assert_true(counts[0] > 8 && counts[0] < 64);
}

static void a_stop_rule_that_fits_no_vote_is_refused(void **state)
{
    (void)state;
    static const struct scripted_reply replies[] = {{.text = "\\boxed{7}"}};
    struct engine *engine;
    struct ponder_session *session = open_over(replies, 1, 4, &engine);
    struct ponder_plan plan = plan_of(8);
    uint64_t id;
    plan.search.stop = 0.1;
    plan.search.name = "beam";
    assert_int_equal(ponder_session_ask(session, "x?", &plan, NULL, &id, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "beam ends by its own rules"));
    plan.search.name = "best_of_n";
    plan.search.select = "best";
    assert_int_equal(ponder_session_ask(session, "x?", &plan, NULL, &id, &err), PONDER_E_ARGUMENT);
    plan.search.select = "majority";
    plan.search.stop = 0.7;
    assert_int_equal(ponder_session_ask(session, "x?", &plan, NULL, &id, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "0.5"));
    close_both(session, engine);
}

/* ---- ends ---- */

static void a_question_that_is_cancelled_ends_with_what_it_has_and_the_others_go_on(void **state)
{
    (void)state;
    static const struct scripted_reply replies[] = {
        {.when = "slow", .times = 2, .text = "\\boxed{1}"},
        {.when = "slow", .text = "\\boxed{1}", .delay_s = 1e6},
        {.text = "\\boxed{2}", .delay_s = 0.001},
    };
    struct engine *engine;
    struct ponder_session *session = open_over(replies, 3, 0, &engine);
    struct ponder_plan plan = plan_of(4);
    struct ponder_solution *none;
    uint64_t slow = ask(session, "slow?", &plan, NULL), quick = ask(session, "quick?", &plan, NULL);
    assert_int_equal(ponder_session_take(session, slow, &none, &err), PONDER_E_NOT_FOUND);
    struct ponder_solution *done = wait_for(session, quick);
    assert_string_equal(done->answer, "2");
    ponder_session_cancel(session, slow);
    ponder_session_cancel(session, 12345); /* is nothing */
    struct ponder_solution *cut = wait_for(session, slow);
    assert_string_equal(cut->answer, "1");
    assert_int_equal(cut->finished, 2);
    assert_int_equal(cut->stopped, PONDER_STOPPED_BY_CALLER);
    assert_int_equal(ponder_session_take(session, slow, &none, &err), PONDER_E_NOT_FOUND);
    uint64_t early = ask(session, "slow?", &plan, NULL);
    ponder_session_cancel(session, early);
    assert_int_equal(ponder_session_wait(session, early, &none, &err), PONDER_E_CANCELLED);
    ask(session, "slow?", &plan, NULL); /* given up by the closing */
    assert_true(ponder_session_step(session, 0, &err) == 1);
    ponder_solution_release(done);
    ponder_solution_release(cut);
    close_both(session, engine);
}

static void what_is_wrong_with_one_question_is_its_own(void **state)
{
    (void)state;
    static const struct scripted_reply replies[] = {{.when = "bad", .text = NULL, .error = "no such luck"},
                                                    {.text = "\\boxed{2}"}};
    struct engine *engine;
    struct ponder_session *session = open_over(replies, 2, 0, &engine);
    struct ponder_plan plan = plan_of(4), checked = plan, sized = plan;
    struct ponder_solution *none;
    uint64_t id;
    checked.search.verifier = "prm:no/such/file.gguf";
    sized.size--;
    uint64_t bad = ask(session, "bad?", &plan, NULL), missing = ask(session, "x?", &checked, NULL);
    uint64_t good = ask(session, "x?", &plan, NULL);
    assert_int_equal(ponder_session_ask(session, " ", &plan, NULL, &id, &err), PONDER_E_ARGUMENT);
    assert_int_equal(ponder_session_ask(session, "x?", &sized, NULL, &id, &err), PONDER_E_ARGUMENT);
    assert_int_equal(ponder_session_run(session, &err), PONDER_OK);
    assert_int_equal(ponder_session_take(session, bad, &none, &err), PONDER_E_ENGINE);
    assert_non_null(strstr(err.message, "no such luck"));
    assert_true(ponder_session_take(session, missing, &none, &err) < 0);
    assert_non_null(strstr(err.message, "no/such/file.gguf"));
    struct ponder_solution *solution = wait_for(session, good);
    assert_string_equal(solution->answer, "2");
    ponder_solution_release(solution);
    close_both(session, engine);
}

/* ---- what is told ---- */

struct told {
    struct ponder_session *session;
    int64_t counts[PONDER_EVENT_DONE + 1], votes;
    char answer[32];
    struct ponder_solution *taken;
    bool asked_more;
};

static void listen(const struct ponder_event *event, void *data)
{
    struct told *told = data;
    assert_int_equal(told->counts[PONDER_EVENT_DONE], 0);
    told->counts[event->kind]++;
    if (event->answer)
        snprintf(told->answer, sizeof told->answer, "%s", event->answer);
    if (event->kind == PONDER_EVENT_SOLUTION) {
        assert_true(event->voters >= told->votes);
        told->votes = event->voters;
    }
    if (event->kind == PONDER_EVENT_DONE) {
        assert_int_equal(ponder_session_take(told->session, event->id, &told->taken, &err), PONDER_OK);
        ponder_session_cancel(told->session, event->id);
    }
}

static void a_listener_hears_of_steps_kept_and_pruned_and_may_take_the_solution(void **state)
{
    (void)state;
    struct ponder_model *model;
    struct ponder_session *session;
    struct ponder_plan plan;
    struct told told = {0};
    if (access(BASE, R_OK) != 0)
        skip();
    assert_int_equal(ponder_model_open(&model, BASE, &err), PONDER_OK);
    assert_int_equal(ponder_plan_default(&plan, &err), PONDER_OK);
    plan.sampling.threads = 1;
    plan.sampling.n = 8;
    plan.search.name = "beam";
    assert_int_equal(ponder_session_open(&session, model, &plan.sampling, &err), PONDER_OK);
    const struct ponder_listener listener = {sizeof listener, listen, &told, 1};
    told.session = session;
    ask(session, "What is a+b if 3a+2=11 and 2b+5=9?", &plan, &listener);
    assert_int_equal(ponder_session_run(session, &err), PONDER_OK);
    assert_int_equal(told.counts[PONDER_EVENT_DONE], 1);
    assert_true(told.counts[PONDER_EVENT_STEP] > 0 && told.counts[PONDER_EVENT_KEPT] > 0);
    assert_true(told.counts[PONDER_EVENT_PRUNED] > 0 && told.counts[PONDER_EVENT_SOLUTION] > 0);
    assert_true(told.counts[PONDER_EVENT_TEXT] > 0);
    assert_true(told.counts[PONDER_EVENT_KEPT] + told.counts[PONDER_EVENT_PRUNED] <=
                told.counts[PONDER_EVENT_STEP]);
    assert_non_null(told.taken);
    assert_string_equal(told.answer, told.taken->answer);
    assert_true(ponder_session_ledger(session).verifier_tokens > 0);
    ponder_solution_release(told.taken);
    ponder_session_close(session);
    ponder_model_release(model);
}

/* ---- threads ---- */

enum { THREADS = 8, EACH = 12 };

struct worker {
    struct ponder_session *session;
    int number;
    int64_t answered, cancelled;
};

static void hear(const struct ponder_event *event, void *data)
{
    (void)event;
    ++*(int64_t *)data; /* in the thread that works: one at a time */
}

static void *work(void *data)
{
    struct worker *worker = data;
    struct ponder_plan plan = plan_of(4 + worker->number);
    static int64_t heard;
    const struct ponder_listener listener = {sizeof listener, hear, &heard, 0};
    for (int i = 0; i < EACH; i++) {
        struct ponder_err own = {0};
        struct ponder_solution *solution;
        uint64_t id;
        int status = ponder_session_ask(worker->session, "x?", &plan, i % 2 ? &listener : NULL, &id, &own);
        if (i % 4 == 3)
            ponder_session_cancel(worker->session, id);
        if (!status)
            status = ponder_session_wait(worker->session, id, &solution, &own);
        worker->answered += !status && solution->answer && strcmp(solution->answer, "2") == 0;
        worker->cancelled += status == PONDER_E_CANCELLED || (!status && !solution->answer);
        if (!status)
            ponder_solution_release(solution);
        (void)ponder_session_ledger(worker->session);
    }
    return NULL;
}

static void eight_threads_ask_cancel_and_wait_on_one_session(void **state)
{
    (void)state;
    static const struct scripted_reply replies[] = {{.text = "\\boxed{2}", .delay_s = 0.0005}};
    struct engine *engine;
    struct ponder_session *session = open_over(replies, 1, 16, &engine);
    struct worker workers[THREADS] = {0};
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++) {
        workers[t] = (struct worker){.session = session, .number = t};
        assert_int_equal(pthread_create(&threads[t], NULL, work, &workers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_join(threads[t], NULL), 0);
        assert_int_equal(workers[t].answered + workers[t].cancelled, EACH);
        assert_true(workers[t].answered >= EACH - EACH / 4);
    }
    close_both(session, engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vote_stops_when_it_is_sure_and_says_so),
        cmocka_unit_test(the_order_in_which_solutions_come_does_not_change_where_it_stops),
        cmocka_unit_test(a_stop_rule_that_fits_no_vote_is_refused),
        cmocka_unit_test(a_question_that_is_cancelled_ends_with_what_it_has_and_the_others_go_on),
        cmocka_unit_test(what_is_wrong_with_one_question_is_its_own),
        cmocka_unit_test(a_listener_hears_of_steps_kept_and_pruned_and_may_take_the_solution),
        cmocka_unit_test(eight_threads_ask_cancel_and_wait_on_one_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
