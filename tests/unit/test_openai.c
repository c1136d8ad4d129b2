/* The engine behind servers: what they are asked, and how their answers are read and counted. */
#include <math.h>

#include "openai_fixture.h"

/* ---- asking and counting ---- */

static void a_text_is_asked_for_as_it_is_wanted_and_its_tokens_are_the_servers(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server,
        (struct stub_rule){.body = "{\"choices\": [" CHOICE(
                               0, "4\\u0000\\u00e9",
                               ", \"logprobs\": {\"token_logprobs\": [-0.5, -1]}") "], " USAGE(7, 2) "}"});
    opened(&f, 1);
    assert_true(f.engine->can & ENGINE_CAN_CONTINUE);
    assert_true(f.engine->can & ENGINE_CAN_SEED);
    submit(&f, 9);
    struct engine_result result = taken(&f);
    assert_int_equal(result.tag, 9);
    assert_int_equal(result.finish, ENGINE_FINISH_END);
    assert_memory_equal(result.text, "4\0\xc3\xa9", 5);
    assert_int_equal(result.text_len, 4);
    assert_int_equal(result.token_count, 2);
    assert_int_equal(result.position, 7);
    assert_true(fabs(result.logprob + 1.5) < 1e-9);
    check_says(server.last, "POST /v1/completions ");
    check_says(server.last, "\"model\":\"m\",\"max_tokens\":50,\"prompt\":\"Q?\"");
    check_says(server.last, "\"temperature\":0.5,\"top_p\":0.9,\"top_k\":-1,\"min_p\":0.0,\"seed\":1009");
    assert_null(strstr(server.last, "Authorization"));
    struct engine_usage usage = usage_of(&f);
    assert_int_equal(usage.prompt_tokens, 7);
    assert_int_equal(usage.generated_tokens, 2);
    assert_int_equal(usage.recomputed_tokens, 0);
    assert_true(usage.flops == 18e9);
    done_with(&f, &result);
    closed(&f);
}

static void several_texts_are_one_request_where_its_usage_has_them_all(void **state)
{
    (void)state;
    struct fixture f;
    add_start_with_n(&server);
    add(&server, (struct stub_rule){.contains = "\"n\":3",
                                    .body = "{\"choices\": [" CHOICE(2, "c", "") ", " CHOICE(
                                        0, "aaaa", "") ", " CHOICE(1, "b", "") "], " USAGE(7, 10) "}"});
    opened(&f, 1);
    int before = server.requests;
    for (int i = 0; i < 3; i++)
        submit(&f, i);
    static const char *const texts[] = {"aaaa", "b", "c"};
    int64_t tokens = 0;
    for (int i = 0; i < 3; i++) {
        struct engine_result result = taken(&f);
        assert_string_equal(result.text, texts[result.tag]);
        tokens += result.token_count;
        done_with(&f, &result);
    }
    assert_int_equal(server.requests - before, 1);
    assert_int_equal(tokens, 10);
    assert_int_equal(usage_of(&f).prompt_tokens, 7);
    assert_int_equal(usage_of(&f).generated_tokens, 10);
    assert_int_equal(usage_of(&f).recomputed_tokens, 0);
    closed(&f);
}

static void several_texts_that_are_refused_are_asked_for_one_by_one(void **state)
{
    (void)state;
    struct fixture f;
    add_start_with_n(&server);
    add(&server, (struct stub_rule){.contains = "\"n\":3", .status = 400, .body = "{\"message\": \"n?\"}"});
    add(&server, (struct stub_rule){.body = ONE("x", 7, 2)});
    opened(&f, 1);
    int before = server.requests;
    for (int i = 0; i < 3; i++)
        submit(&f, i);
    for (int i = 0; i < 3; i++) {
        struct engine_result result = taken(&f);
        assert_int_equal(result.finish, ENGINE_FINISH_END);
        done_with(&f, &result);
    }
    assert_int_equal(server.requests - before, 4);
    closed(&f);
}

static void one_by_one_the_prompt_is_computed_again_unless_the_server_had_it(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.times = 2, .body = ONE("x", 7, 2)});
    add(&server,
        (struct stub_rule){.body = "{\"choices\": [" CHOICE(
                               0, "x", "") "], \"usage\": {\"prompt_tokens\": 7, \"completion_tokens\": 2, "
                                           "\"prompt_tokens_details\": {\"cached_tokens\": 6}}}"});
    opened(&f, 1);
    int before = server.requests;
    for (int i = 0; i < 3; i++)
        submit(&f, i);
    for (int i = 0; i < 3; i++) {
        struct engine_result result = taken(&f);
        done_with(&f, &result);
    }
    assert_int_equal(server.requests - before, 3);
    struct engine_usage usage = usage_of(&f);
    assert_int_equal(usage.prompt_tokens + usage.recomputed_tokens, 7 + 7 + 1);
    assert_in_range(usage.prompt_tokens, 1, 7);
    closed(&f);
}

static void tokens_that_nobody_counts_are_as_many_as_there_may_be(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.times = 1, .body = "{\"choices\": [" CHOICE(0, "abc", "") "]}"});
    add(&server,
        (struct stub_rule){.body = "{\"choices\": [{\"text\": \"abc\", \"finish_reason\": \"length\"}], "
                                   "\"usage\": null}"});
    opened(&f, 1);
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_int_equal(result.token_count, 4);
    assert_int_equal(usage_of(&f).prompt_tokens, 3);
    done_with(&f, &result);
    submit(&f, 2);
    result = taken(&f);
    assert_int_equal(result.finish, ENGINE_FINISH_LENGTH);
    assert_int_equal(result.token_count, 50);
    assert_true(isnan(result.logprob));
    done_with(&f, &result);
    closed(&f);
}

static void a_text_ends_behind_its_stop_string(void **state)
{
    (void)state;
    static const char *const stops[] = {"\n"};
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.times = 1,
                                    .contains = "\"stop\":[\"\\n\"]",
                                    .body = "{\"choices\": [{\"text\": \"a\", \"finish_reason\": \"stop\", "
                                            "\"stop_reason\": \"\\n\"}]}"});
    add(&server,
        (struct stub_rule){.times = 1, .contains = "\"prompt\":\"Q?a\\n\"", .body = ONE("b\\nc", 9, 3)});
    add(&server,
        (struct stub_rule){.times = 1, .contains = "\"prompt\":\"Q?a\\nb\\n\"", .body = ONE("d", 9, 3)});
    add(&server,
        (struct stub_rule){.body = "{\"choices\": [{\"text\": \"e\", \"finish_reason\": \"stop\"}], "
                                   "\"__verbose\": {\"stop_type\": \"word\", \"stopping_word\": \"\\n\"}}"});
    opened(&f, 1);
    static const char *const texts[] = {"a\n", "b\n", "d", "e\n"};
    int64_t node = f.node;
    for (int i = 0; i < 4; i++) {
        submit_at(&f, node, i, stops);
        struct engine_result result = taken(&f);
        assert_string_equal(result.text, texts[i]);
        assert_int_equal(result.finish, i == 2 ? ENGINE_FINISH_END : ENGINE_FINISH_STOP);
        if (node != f.node)
            engine_node_release(f.engine, node);
        node = result.node;
        engine_result_clear(&result);
    }
    engine_node_release(f.engine, node);
    closed(&f);
}

/* A server stops at every line end; an empty line is no step, but the beginning of the next. */
static void an_empty_line_opens_the_text_that_follows(void **state)
{
    (void)state;
    static const char *const stops[] = {"\n"};
#define STOPPED(text, prompt)                                                                                \
    "{\"choices\": [{\"text\": \"" text                                                                      \
    "\", \"finish_reason\": \"stop\", \"stop_reason\": \"\\n\"}], " USAGE(prompt, 1) "}"
    struct fixture f;
    add_start(&server);
    add(&server,
        (struct stub_rule){.contains = "\"max_tokens\":50,\"prompt\":\"Q?\"", .body = STOPPED("", 7)});
    add(&server,
        (struct stub_rule){.contains = "\"max_tokens\":49,\"prompt\":\"Q?\\n\"", .body = STOPPED(" ", 8)});
    add(&server, (struct stub_rule){.contains = "\"max_tokens\":48,\"prompt\":\"Q?\\n \\n\"",
                                    .body = STOPPED("a", 9)});
    add(&server,
        (struct stub_rule){.contains = "\"prompt\":\"Q?\\n \\na\\n\"", .body = ONE("\\n\\nb\\nc", 10, 5)});
    opened(&f, 1);
    submit_at(&f, f.node, 1, stops);
    struct engine_result result = taken(&f);
    assert_string_equal(result.text, "\n \na\n");
    assert_int_equal(result.finish, ENGINE_FINISH_STOP);
    assert_int_equal(result.token_count, 3);
    assert_int_equal(result.position, 7);
    assert_int_equal(usage_of(&f).generated_tokens, 3);
    int64_t node = result.node;
    engine_result_clear(&result);
    submit_at(&f, node, 2, stops);
    result = taken(&f);
    assert_string_equal(result.text, "\n\nb\n");
    engine_node_release(f.engine, node);
    done_with(&f, &result);
    closed(&f);
}

static void what_is_given_up_ends_at_once(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.end = STUB_HANG});
    opened(&f, 1);
    for (int i = 0; i < 6; i++)
        submit(&f, i);
    assert_int_equal(engine_step(f.engine, 0, &err), 6);
    assert_int_equal(openai_state_get(f.engine).sent, 4);
    for (int i = 0; i < 6; i++)
        engine_cancel(f.engine, i);
    for (int i = 0; i < 6; i++) {
        struct engine_result result = taken(&f);
        assert_int_equal(result.finish, ENGINE_FINISH_CANCELLED);
        assert_string_equal(result.text, "");
        done_with(&f, &result);
    }
    assert_int_equal(engine_step(f.engine, 0, &err), 0);
    closed(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_is_asked_for_as_it_is_wanted_and_its_tokens_are_the_servers),
        TEST(several_texts_are_one_request_where_its_usage_has_them_all),
        TEST(several_texts_that_are_refused_are_asked_for_one_by_one),
        TEST(one_by_one_the_prompt_is_computed_again_unless_the_server_had_it),
        TEST(tokens_that_nobody_counts_are_as_many_as_there_may_be),
        TEST(a_text_ends_behind_its_stop_string),
        TEST(an_empty_line_opens_the_text_that_follows),
        TEST(what_is_given_up_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
