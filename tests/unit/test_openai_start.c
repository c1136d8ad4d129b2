/* What is found out about servers at the start, and what is said of those that cannot be used. */
#include "openai_fixture.h"

/* ---- the start ---- */

static void fields_that_a_server_refuses_are_left_away(void **state)
{
    (void)state;
    struct fixture f;
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server, (struct stub_rule){.contains = "top_k", .status = 400, .body = "{\"message\": \"top_k?\"}"});
    add(&server,
        (struct stub_rule){.contains = "verbose", .status = 422, .body = "{\"message\": \"verbose?\"}"});
    add(&server,
        (struct stub_rule){
            .body = "{\"choices\": [{\"text\": \"1 2\", \"finish_reason\": \"stop\"}], " USAGE(20, 4) "}"});
    opened(&f, 1);
    assert_int_equal(openai_model_takes(f.model), OPENAI_TAKES_SEED | OPENAI_TAKES_SYSTEM |
                                                      OPENAI_TAKES_MAX_TOKENS | OPENAI_TAKES_TEMPERATURE |
                                                      OPENAI_TAKES_TOP_P);
    assert_false(f.engine->can & ENGINE_CAN_STOP);
    assert_false(f.engine->can & ENGINE_CAN_LOGPROBS);
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_null(strstr(server.last, "top_k"));
    assert_null(strstr(server.last, "logprobs"));
    check_says(server.last, "\"seed\"");
    done_with(&f, &result);
    static const char *const stops[] = {"\n"};
    struct engine_request request = {
        .parent = f.node, .tokens_max = 1, .sampling = {.top_p = 1}, .stops = stops, .stop_count = 1};
    assert_int_equal(engine_submit(f.engine, &request, &err), PONDER_E_UNSUPPORTED);
    closed(&f);
}

static void a_server_that_cannot_be_used_is_told_at_the_start(void **state)
{
    (void)state;
    struct openai_model *model;
    add(&server, (struct stub_rule){.path = "/v1/models", .times = 1, .body = "{\"data\": []}"});
    assert_int_equal(open_model(&model, 1, OPENAI_COMPLETIONS, NULL), PONDER_E_ENGINE);
    check_says(err.message, "names no model in data[0].id; --base-url is the address in front of /v1");
    check_says(err.message, "--model names one");
    add(&server,
        (struct stub_rule){
            .path = "/v1/models", .times = 4, .status = 503, .body = "{\"message\": \"Loading model\"}"});
    assert_int_equal(open_model(&model, 1, OPENAI_COMPLETIONS, NULL), PONDER_E_ENGINE);
    check_says(err.message, "HTTP status 503: Loading model; it is loading the model, or is busy: try again");
    add(&server, (struct stub_rule){
                     .path = "/v1/models", .times = 1, .status = 401, .body = "{\"message\": \"key?\"}"});
    assert_int_equal(open_model(&model, 1, OPENAI_COMPLETIONS, NULL), PONDER_E_ENGINE);
    check_says(err.message, "it wants a key: --api-key-env");
    add(&server, (struct stub_rule){
                     .path = "/v1/models", .times = 1, .status = 401, .body = "{\"message\": \"" KEY "?\"}"});
    assert_int_equal(open_model(&model, 1, OPENAI_COMPLETIONS, KEY), PONDER_E_ENGINE);
    check_says(err.message, "it wants another key than the one in the variable of --api-key-env");
    assert_null(strstr(err.message, KEY));
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server, (struct stub_rule){.status = 404, .times = 9, .body = "{\"message\": \"no model m\"}"});
    assert_int_equal(open_model(&model, 1, OPENAI_COMPLETIONS, NULL), PONDER_E_ENGINE);
    check_says(err.message, "no model m; --base-url is the address in front of /v1; where that is right, try "
                            "--api chat");
    add(&server, (struct stub_rule){.body = "{\"choices\": [{\"te"});
    assert_int_equal(open_model(&model, 1, OPENAI_COMPLETIONS, NULL), PONDER_E_ENGINE);
    check_says(err.message, "no JSON object");
    stub_stop(&server);
    assert_int_equal(open_model(&model, 1, OPENAI_COMPLETIONS, NULL), PONDER_E_ENGINE);
    check_says(err.message, "127.0.0.1");
    check_says(err.message, "--base-url is to be the address of a server that runs");
    stub_start(&server);
}

static void a_model_that_a_server_has_not_is_told_with_those_it_has(void **state)
{
    (void)state;
    struct ponder_server settings;
    struct ponder_model *model;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server.port);
    add(&server,
        (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"a\"}, {\"id\": \"b\"}]}"});
    add(&server, (struct stub_rule){.status = 404, .body = "{\"message\": \"no model c\"}"});
    assert_int_equal(ponder_options_default(ponder_server_options(), &settings, &err), PONDER_OK);
    settings.base_url = (struct ponder_texts){1, {url}};
    assert_int_equal(ponder_model_connect(&model, "c", &settings, &err), PONDER_E_ENGINE);
    check_says(err.message, "/v1/completions: HTTP status 404: no model c; --model is to be one of: a, b");
}

/* ---- chat ---- */

static void a_chat_that_goes_on_is_found_out(void **state)
{
    (void)state;
    struct fixture f;
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS("3 4", 25, 4));
    add_chat("\"content\":\"so\"", SAYS(" far", 9, 3));
    add_chat("Q?", SAYS("4", 7, 2));
    opened_as(&f, 1, OPENAI_AUTO);
    assert_int_equal(openai_model_api(f.model), OPENAI_CHAT);
    assert_true(f.engine->can & ENGINE_CAN_CONTINUE);
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_string_equal(result.text, "4");
    check_says(server.last, "\"messages\":[{\"role\":\"system\",\"content\":\"Think.\"},"
                            "{\"role\":\"user\",\"content\":\"Q?\"}]");
    assert_null(strstr(server.last, "continue_final_message"));
    done_with(&f, &result);
    int64_t begun;
    assert_int_equal(engine_prompt(f.engine, f.node, "so", 2, &begun, &err), PONDER_OK);
    submit_at(&f, begun, 2, NULL);
    result = taken(&f);
    assert_string_equal(result.text, " far");
    check_says(server.last, "{\"role\":\"assistant\",\"content\":\"so\"}],\"continue_final_message\":true,"
                            "\"add_generation_prompt\":false");
    done_with(&f, &result);
    engine_node_release(f.engine, begun);
    closed(&f);
}

static void a_chat_that_repeats_what_is_begun_is_read_behind_it(void **state)
{
    (void)state;
    struct fixture f;
    add_chat_start(SAYS("1 2 3 4", 24, 4), SAYS("1 2\\n3 4", 25, 4));
    add_chat("\"content\":\"so\"", SAYS("so far", 9, 3));
    opened_as(&f, 1, OPENAI_CHAT);
    assert_true(f.engine->can & ENGINE_CAN_CONTINUE);
    int64_t begun;
    assert_int_equal(engine_prompt(f.engine, f.node, "so", 2, &begun, &err), PONDER_OK);
    submit_at(&f, begun, 2, NULL);
    struct engine_result result = taken(&f);
    assert_string_equal(result.text, " far");
    done_with(&f, &result);
    engine_node_release(f.engine, begun);
    closed(&f);
}

static void a_chat_that_begins_anew_or_loses_line_ends_cannot_go_on(void **state)
{
    (void)state;
    static const struct {
        const char *behind, *behind_line;
    } cases[] = {
        {SAYS(" 3 4", 29, 4), SAYS(" 3 4", 30, 4)},     /* another turn */
        {SAYS("1 2", 24, 4), SAYS("1 2", 25, 4)},       /* from the beginning */
        {SAYS("1 2 3 4", 20, 4), SAYS("3 4", 20, 4)},   /* what is begun is not read */
        {SAYS("I agree.", 24, 4), SAYS("Yes.", 25, 4)}, /* an answer to it */
        {SAYS(" 3 4", 24, 4), SAYS(" 3 4", 24, 4)},     /* the line end is gone */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        add_chat_start(cases[i].behind, cases[i].behind_line);
        opened_as(&f, 1, OPENAI_CHAT);
        assert_false(f.engine->can & ENGINE_CAN_CONTINUE);
        int64_t begun;
        assert_int_equal(engine_prompt(f.engine, f.node, "so", 2, &begun, &err), PONDER_OK);
        struct engine_request request = {.parent = begun, .tokens_max = 1, .sampling = {.top_p = 1}};
        assert_int_equal(engine_submit(f.engine, &request, &err), PONDER_E_UNSUPPORTED);
        engine_node_release(f.engine, begun);
        closed(&f);
    }
}

static void llama_servers_stand_in_for_a_chat_template_is_none(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.path = "/props", .body = "{\"chat_template\": \"<|im_start|>..\"}"});
    add(&server, (struct stub_rule){.path = "/tokenize", .body = "{\"tokens\": [60, 124, 105]}"});
    add(&server, (struct stub_rule){.body = ONE("x", 7, 2)});
    opened_as(&f, 1, OPENAI_AUTO);
    assert_int_equal(openai_model_api(f.model), OPENAI_COMPLETIONS);
    closed(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fields_that_a_server_refuses_are_left_away),
        TEST(a_server_that_cannot_be_used_is_told_at_the_start),
        TEST(a_model_that_a_server_has_not_is_told_with_those_it_has),
        TEST(a_chat_that_goes_on_is_found_out),
        TEST(a_chat_that_repeats_what_is_begun_is_read_behind_it),
        TEST(a_chat_that_begins_anew_or_loses_line_ends_cannot_go_on),
        TEST(llama_servers_stand_in_for_a_chat_template_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
