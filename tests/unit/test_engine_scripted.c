/* test_engine_scripted.c - the engine of canned replies, and the dispatch in engine.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/scripted.h"

static double time_now_s;
static double test_now_s(void *data)
{
    (void)data;
    return time_now_s;
}
static const struct clock test_clock = {test_now_s, NULL};

#define OPEN(rows, ...)                                                                                      \
    open_engine((struct scripted_options){.replies = (rows),                                                 \
                                          .reply_count = (int)(sizeof(rows) / sizeof *(rows)),               \
                                          .clock = &test_clock,                                              \
                                          __VA_ARGS__})

static struct engine *open_engine(struct scripted_options options)
{
    struct engine *engine;
    struct ponder_err err = {0};
    time_now_s = 0;
    assert_int_equal(scripted_open(&engine, &options, &err), PONDER_OK);
    return engine;
}

static int64_t prompt(struct engine *engine, const char *text)
{
    int64_t node;
    struct ponder_err err = {0};
    assert_int_equal(engine_prompt(engine, 0, text, strlen(text), &node, &err), PONDER_OK);
    return node;
}

static void submit(struct engine *engine, int64_t tag, int64_t parent, int tokens_max,
                   const char *const *stop)
{
    struct ponder_err err = {0};
    struct engine_request request = {.tag = tag,
                                     .parent = parent,
                                     .tokens_max = tokens_max,
                                     .sampling = {.temperature = 1, .top_p = 1},
                                     .stops = stop,
                                     .stop_count = stop ? 1 : 0};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_OK);
}

static int step(struct engine *engine)
{
    struct ponder_err err = {0};
    return engine_step(engine, 0, &err);
}

static void take(struct engine *engine, int64_t tag, enum engine_finish finish, const char *text)
{
    struct engine_result result;
    assert_true(engine_take(engine, &result));
    assert_int_equal(result.tag, tag);
    assert_int_equal(result.finish, finish);
    if (text)
        assert_string_equal(result.text, text);
    engine_node_release(engine, result.node);
    engine_result_clear(&result);
}

static void replies_come_by_prompt_and_in_sequence(void **state)
{
    (void)state;
    static const struct scripted_reply rows[] = {{.when = "2+2", .text = "4"},
                                                 {.text = "first", .times = 1},
                                                 {.behind = "?", .text = "asked", .times = 1},
                                                 {.text = "second", .times = 1}};
    struct engine *engine = OPEN(rows);
    int64_t sum = prompt(engine, "2+2="), other = prompt(engine, "why"), asked = prompt(engine, "why?");
    int64_t parents[] = {sum, other, asked, other, sum, other};
    for (int i = 0; i < 6; i++)
        submit(engine, i, parents[i], 100, NULL);
    assert_int_equal(step(engine), 0);
    static const char *const texts[] = {"4", "first", "asked", "second", "4"};
    for (int i = 0; i < 5; i++)
        take(engine, i, ENGINE_FINISH_END, texts[i]);
    struct engine_result result;
    assert_true(engine_take(engine, &result));
    assert_int_equal(result.status, PONDER_E_NOT_FOUND);
    assert_int_equal(result.node, 0);
    assert_non_null(strstr(result.error, "why"));
    engine_result_clear(&result);
    assert_false(engine_take(engine, &result));
    assert_int_equal(scripted_node_count(engine), 3);
    engine_release(engine);
}

static void a_node_holds_the_text_of_its_path(void **state)
{
    (void)state;
    static const struct scripted_reply rows[] = {{.text = "step one\n\nstep two", .times = 1},
                                                 {.text = "rest"}};
    static const char *const stop = "\n\n";
    struct engine *engine = OPEN(rows);
    int64_t node = prompt(engine, "Q: ");
    submit(engine, 1, node, 100, &stop);
    assert_int_equal(step(engine), 0);
    struct engine_result result;
    struct ponder_err err = {0};
    assert_true(engine_take(engine, &result));
    assert_int_equal(result.finish, ENGINE_FINISH_STOP);
    assert_string_equal(scripted_node_text(engine, result.node), "Q: step one\n\n");
    int64_t more;
    assert_int_equal(engine_prompt(engine, result.node, "So", 2, &more, &err), PONDER_OK);
    assert_string_equal(scripted_node_text(engine, more), "Q: step one\n\nSo");
    engine_node_release(engine, result.node);
    assert_null(scripted_node_text(engine, result.node));
    engine_result_clear(&result);
    submit(engine, 2, more, 3, NULL);
    submit(engine, 3, more, 4, NULL);
    submit(engine, 4, more, 5, NULL);
    assert_int_equal(step(engine), 0);
    take(engine, 2, ENGINE_FINISH_LENGTH, "res");
    take(engine, 3, ENGINE_FINISH_LENGTH, "rest");
    take(engine, 4, ENGINE_FINISH_END, "rest");
    struct engine_usage usage;
    engine_usage_get(engine, &usage);
    assert_int_equal(usage.prompt_tokens, 5);
    assert_int_equal(usage.generated_tokens, 10 + 3 + 4 + 5);
    engine_release(engine);
}

static void delays_pass_by_the_clock_and_in_order(void **state)
{
    (void)state;
    static const struct scripted_reply rows[] = {{.text = "slow", .delay_s = 10, .times = 1},
                                                 {.text = "fast", .delay_s = 1, .times = 1},
                                                 {.text = "next", .delay_s = 1}};
    struct engine *engine = OPEN(rows, .concurrent_max = 2);
    int64_t node = prompt(engine, "x");
    for (int i = 0; i < 3; i++)
        submit(engine, i, node, 100, NULL);
    struct engine_result none;
    assert_int_equal(step(engine), 3);
    assert_false(engine_take(engine, &none));
    time_now_s = 1;
    assert_int_equal(step(engine), 2);
    take(engine, 1, ENGINE_FINISH_END, "fast");
    assert_int_equal(step(engine), 2); /* the third starts only now */
    time_now_s = 2.5;
    assert_int_equal(step(engine), 1);
    take(engine, 2, ENGINE_FINISH_END, "next");
    engine_cancel(engine, 0);
    assert_int_equal(step(engine), 0);
    take(engine, 0, ENGINE_FINISH_CANCELLED, "");
    engine_release(engine);
}

static void failures_carry_their_status_and_word(void **state)
{
    (void)state;
    static const struct scripted_reply rows[] = {
        {.status = PONDER_E_TIMEOUT, .error = "the server is asleep", .times = 1}, {.text = NULL}};
    struct engine *engine = OPEN(rows);
    int64_t node = prompt(engine, "x");
    submit(engine, 1, node, 100, NULL);
    submit(engine, 2, node, 100, NULL);
    assert_int_equal(step(engine), 0);
    struct engine_result result;
    assert_true(engine_take(engine, &result));
    assert_int_equal(result.finish, ENGINE_FINISH_FAILED);
    assert_int_equal(result.status, PONDER_E_TIMEOUT);
    assert_string_equal(result.error, "the server is asleep");
    engine_result_clear(&result);
    assert_true(engine_take(engine, &result));
    assert_int_equal(result.status, PONDER_E_ENGINE);
    engine_result_clear(&result);
    engine_release(engine);
}

static void requests_that_ask_for_nonsense_are_refused_before_any_engine(void **state)
{
    (void)state;
    static const struct scripted_reply rows[] = {{.text = "x"}};
    static const char *const empty = "";
    struct engine *engine = OPEN(rows, .context = 8);
    struct ponder_err err = {0};
    int64_t node = prompt(engine, "12345678"), other;
    struct engine_request good = {
        .parent = node, .tokens_max = 1, .sampling = {.temperature = 1, .top_p = 1}};
    struct engine_request bad[] = {good, good, good, good};
    bad[0].tokens_max = 0;
    bad[1].sampling.top_p = 0;
    bad[2].stops = &empty;
    bad[2].stop_count = 1;
    bad[3].parent = 99;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(engine_submit(engine, &bad[i], &err), PONDER_E_ARGUMENT);
        assert_true(err.message[0] != '\0');
    }
    assert_int_equal(engine_prompt(engine, node, "9", 1, &other, &err), PONDER_E_LIMIT);
    assert_int_equal(engine_prompt(engine, 77, "9", 1, &other, &err), PONDER_E_ARGUMENT);
    submit(engine, 5, node, 10, NULL);
    assert_int_equal(step(engine), 0);
    take(engine, 5, ENGINE_FINISH_CONTEXT, "");
    engine_release(engine);
}

static void every_engine_is_found_by_its_name(void **state)
{
    (void)state;
    int count = 0;
    for (; engine_ops_at(count); count++)
        assert_ptr_equal(engine_ops_find(engine_ops_at(count)->name), engine_ops_at(count));
    assert_true(count >= 2);
    assert_non_null(engine_ops_find("local"));
    assert_null(engine_ops_find("nothing"));
    assert_null(engine_ops_at(-1));
    engine_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_come_by_prompt_and_in_sequence),
        cmocka_unit_test(a_node_holds_the_text_of_its_path),
        cmocka_unit_test(delays_pass_by_the_clock_and_in_order),
        cmocka_unit_test(failures_carry_their_status_and_word),
        cmocka_unit_test(requests_that_ask_for_nonsense_are_refused_before_any_engine),
        cmocka_unit_test(every_engine_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
