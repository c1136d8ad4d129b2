/* What servers take and how they are asked for it: found out at the start, and sent from then on. */
#include "openai_fixture.h"

/* ---- reasoning models ---- */

#define REFUSED(message) .status = 400, .body = "{\"error\": {\"message\": \"" message "\"}}"

static void what_a_reasoning_model_does_not_take_is_left_away(void **state)
{
    (void)state;
    struct fixture f;
    static const char *const path = "/v1/chat/completions";
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server, (struct stub_rule){.path = path,
                                    .contains = "\"max_tokens\"",
                                    REFUSED("Unsupported parameter: 'max_tokens' is not supported with this "
                                            "model. Use 'max_completion_tokens' instead.")});
    add(&server,
        (struct stub_rule){.path = path,
                           .contains = "\"top_p\"",
                           REFUSED("Unsupported parameter: 'top_p' is not supported with this model.")});
    add(&server, (struct stub_rule){.path = path,
                                    .contains = "\"temperature\"",
                                    REFUSED("Unsupported value: 'temperature' does not support 0 with this "
                                            "model. Only the default (1) value is supported.")});
    add_chat("", SAYS("4", 20, 4));
    opened_as(&f, 1, OPENAI_CHAT);
    assert_false(openai_model_takes(f.model) &
                 (OPENAI_TAKES_MAX_TOKENS | OPENAI_TAKES_TEMPERATURE | OPENAI_TAKES_TOP_P));
    int before = server.requests;
    char text[512];
    assert_true(engine_news(f.engine, text, sizeof text));
    check_says(text, "the server takes no temperature");
    assert_false(engine_news(f.engine, text, sizeof text));
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_int_equal(result.finish, ENGINE_FINISH_END);
    assert_int_equal(server.requests - before, 1);
    check_says(server.last, "\"max_completion_tokens\":50");
    assert_null(strstr(server.last, "\"max_tokens\""));
    assert_null(strstr(server.last, "temperature"));
    assert_null(strstr(server.last, "top_p"));
    done_with(&f, &result);
    closed(&f);
}

static void a_server_that_has_no_text_in_a_few_tokens_is_asked_for_more(void **state)
{
    (void)state;
    struct fixture f;
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server, (struct stub_rule){.path = "/v1/chat/completions",
                                    .contains = "\"max_tokens\":512",
                                    .body = SAYS("1 2", 20, 4)});
    add(&server, (struct stub_rule){.path = "/v1/chat/completions",
                                    .contains = COUNTING,
                                    REFUSED("Could not finish the message because max_tokens or model output "
                                            "limit was reached.")});
    add_chat("Q?", SAYS("4", 7, 2));
    opened_as(&f, 1, OPENAI_CHAT);
    assert_true(openai_model_takes(f.model) & OPENAI_TAKES_MAX_TOKENS);
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_string_equal(result.text, "4");
    done_with(&f, &result);
    closed(&f);
}

static void thoughts_are_limited_in_the_form_that_the_server_takes(void **state)
{
    (void)state;
    static const struct {
        const char *models, *sent;
        int64_t budget;
    } cases[] = {
        {"{\"data\": [{\"id\": \"m\", \"owned_by\": \"vllm\"}]}", "\"thinking_token_budget\":700", 700},
        {"{\"data\": [{\"id\": \"m\", \"owned_by\": \"llamacpp\"}]}",
         "\"thinking_budget_tokens\":700,\"reasoning_budget_tokens\":700", 700},
        {"{\"data\": [{\"id\": \"m\"}]}", "\"reasoning_effort\":\"low\"", 700},
        {"{\"data\": [{\"id\": \"m\"}]}", "\"reasoning_effort\":\"medium\"", 5000},
        {"{\"data\": [{\"id\": \"m\"}]}", "\"reasoning_effort\":\"high\"", 20000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        add(&server, (struct stub_rule){.path = "/v1/models", .body = cases[i].models});
        add_chat("", SAYS("4", 20, 4));
        thinking_max = cases[i].budget;
        opened_as(&f, 1, OPENAI_CHAT);
        thinking_max = 0;
        submit(&f, 1);
        struct engine_result result = taken(&f);
        check_says(server.last, cases[i].sent);
        done_with(&f, &result);
        closed(&f);
    }
}

#define THINKS(field, content, finish)                                                                       \
    "{\"choices\": [{\"message\": {\"" field "\": \"Let me see.\", \"content\": " content                    \
    "}, \"finish_reason\": \"" finish "\"}], " USAGE(7, 50) "}"

/* Such a text says nothing, so it has no vote; whoever runs the work is told, at the first, second, fourth ..
 */
static void a_text_that_was_cut_in_its_thoughts_is_counted_and_told(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool told;
    } cases[] = {
        {THINKS("reasoning_content", "null", "length"), true},
        {THINKS("reasoning", "\"\"", "length"), true},
        {THINKS("role", "\"<think>Let me\"", "length"), true},
        {THINKS("role", "\"<think>Let me</think> 4\"", "length"), false},
        {THINKS("reasoning_content", "\"4\"", "length"), false},
        {THINKS("reasoning_content", "\"4\"", "stop"), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        char text[512];
        end(NULL);
        begin(NULL);
        add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
        add_chat("Q?", cases[i].body);
        opened_as(&f, 1, OPENAI_CHAT);
        submit(&f, 1);
        struct engine_result result = taken(&f);
        assert_int_equal(result.token_count, 50);
        assert_int_equal(engine_news(f.engine, text, sizeof text), cases[i].told);
        if (cases[i].told)
            check_says(text,
                       "1 of 1 texts were cut off in their thoughts and have no answer, so they do not vote; "
                       "give them more --max-tokens, or less to think with --thinking-budget");
        assert_false(engine_news(f.engine, text, sizeof text));
        done_with(&f, &result);
        closed(&f);
    }
}

static void a_refusal_to_search_by_steps_names_the_reasoning_parser(void **state)
{
    (void)state;
    struct fixture f;
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add_chat("", THINKS("reasoning", "null", "length"));
    opened_as(&f, 1, OPENAI_CHAT);
    assert_true(f.engine->can & ENGINE_PARTS_THOUGHTS);
    assert_false(f.engine->can & ENGINE_CAN_CONTINUE);
    closed(&f);
}

/* ---- several texts, and streams ---- */

static void fewer_texts_are_asked_for_where_a_server_gives_no_more_at_once(void **state)
{
    (void)state;
    struct fixture f;
    add_start_with_n(&server);
    server.rules[1].contains =
        "Write the numbers from 1 to 99, with a space between them and nothing else.\",\"temperature\":1.0";
    add(&server,
        (struct stub_rule){.contains = "\"n\":4", REFUSED("n cannot be greater than the number of slots")});
    add(&server, (struct stub_rule){.contains = "\"n\":2",
                                    .body = "{\"choices\": [" CHOICE(0, "a", "") ", " CHOICE(
                                        1, "b", "") "], " USAGE(7, 4) "}"});
    opened(&f, 1);
    int before = server.requests;
    for (int i = 0; i < 4; i++)
        submit(&f, i);
    for (int i = 0; i < 4; i++) {
        struct engine_result result = taken(&f);
        assert_int_equal(result.finish, ENGINE_FINISH_END);
        done_with(&f, &result);
    }
    assert_int_equal(server.requests - before, 3);
    closed(&f);
}

static void those_that_a_server_leaves_out_are_asked_for_again(void **state)
{
    (void)state;
    struct fixture f;
    add_start_with_n(&server);
    server.rules[1].contains =
        "Write the numbers from 1 to 99, with a space between them and nothing else.\",\"temperature\":1.0";
    add(&server, (struct stub_rule){.body = "{\"choices\": [" CHOICE(0, "a", "") "], " USAGE(7, 4) "}"});
    opened(&f, 1);
    int before = server.requests;
    for (int i = 0; i < 3; i++)
        submit(&f, i);
    for (int i = 0; i < 3; i++) {
        struct engine_result result = taken(&f);
        assert_string_equal(result.text, "a");
        done_with(&f, &result);
    }
    assert_int_equal(server.requests - before, 3);
    closed(&f);
}

#define EVENT(text)                                                                                          \
    "data: {\"choices\": [{\"index\": 0, \"text\": \"" text "\", \"finish_reason\": null}]}\n\n"
#define LAST_EVENTS                                                                                          \
    "data: {\"choices\": [{\"index\": 0, \"text\": \"\", \"finish_reason\": \"stop\"}]}\n\n"                 \
    "data: {\"choices\": [], " USAGE(20, 3) "}\n\ndata: [DONE]\n\n"

static void add_start_with_streams(void)
{
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server, (struct stub_rule){.contains = "\"stream\":true,\"stream_options\":{\"include_usage\":true}",
                                    .times = 1,
                                    .body = EVENT("1 ") EVENT("2 ") EVENT("3") LAST_EVENTS});
    add(&server, (struct stub_rule){.contains = "\"n\":2",
                                    .body = "{\"choices\": [" CHOICE(0, "1 2", "") ", " CHOICE(
                                        1, "3 4", "") "], " USAGE(20, 8) "}"});
    add(&server, (struct stub_rule){.contains = COUNTING, .body = ONE("1 2 3", 20, 4)});
}

static void submit_timed(struct fixture *f, int64_t tag)
{
    struct engine_request request = {.tag = tag,
                                     .parent = f->node,
                                     .tokens_max = 50,
                                     .sampling = {0.5, 0, 0.9, 0},
                                     .stream = 1000 + (uint64_t)tag,
                                     .timed = true};
    if (engine_submit(f->engine, &request, &err))
        fail_msg("%s", err.message);
}

/* Under a clock texts come singly and piece by piece; what has come of one when time is over is kept and
 * counted. */
static void what_has_come_of_a_timed_text_is_there_when_it_is_given_up(void **state)
{
    (void)state;
    struct fixture f;
    add_start_with_streams();
    add(&server, (struct stub_rule){.times = 1, .body = EVENT("whole") LAST_EVENTS});
    add(&server, (struct stub_rule){.end = STUB_BEGIN, .body = EVENT("so") EVENT(" far") EVENT("..")});
    opened(&f, 1);
    assert_true(openai_model_takes(f.model) & OPENAI_TAKES_STREAM);
    assert_true(openai_model_takes(f.model) & OPENAI_TAKES_N);
    assert_true(f.engine->can & ENGINE_CAN_SEED);
    int before = server.requests;
    submit_timed(&f, 1);
    struct engine_result result = taken(&f);
    assert_string_equal(result.text, "whole");
    assert_int_equal(result.finish, ENGINE_FINISH_END);
    done_with(&f, &result);
    submit_timed(&f, 2);
    submit_timed(&f, 3);
    for (int i = 0; i < 40; i++)
        assert_int_equal(engine_step(f.engine, 0.02, &err), 2);
    assert_int_equal(server.requests - before, 3);
    engine_cancel(f.engine, 2);
    engine_cancel(f.engine, 3);
    for (int i = 0; i < 2; i++) {
        result = taken(&f);
        assert_string_equal(result.text, "so far..");
        assert_int_equal(result.finish, ENGINE_FINISH_CANCELLED);
        assert_int_equal(result.token_count, 3);
        done_with(&f, &result);
    }
    assert_int_equal(usage_of(&f).generated_tokens, 3 + 3 + 3);
    assert_int_equal(usage_of(&f).prompt_tokens, 20);
    closed(&f);
}

static void texts_without_a_clock_are_one_request(void **state)
{
    (void)state;
    struct fixture f;
    add_start_with_streams();
    server.rules[2].contains =
        "Write the numbers from 1 to 99, with a space between them and nothing else.\",\"temperature\":1.0";
    add(&server, (struct stub_rule){.contains = "\"n\":2",
                                    .body = "{\"choices\": [" CHOICE(0, "a", "") ", " CHOICE(
                                        1, "b", "") "], " USAGE(7, 4) "}"});
    opened(&f, 1);
    int before = server.requests;
    submit(&f, 1);
    submit(&f, 2);
    for (int i = 0; i < 2; i++) {
        struct engine_result result = taken(&f);
        done_with(&f, &result);
    }
    assert_int_equal(server.requests - before, 1);
    assert_null(strstr(server.last, "\"stream\""));
    closed(&f);
}

/* A server whose streams do not count is not asked for them. */
static void a_stream_without_a_count_is_not_asked_for_again(void **state)
{
    (void)state;
    struct fixture f;
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server,
        (struct stub_rule){.contains = "\"stream\":true", .body = EVENT("1 2 3") "data: [DONE]\n\n"});
    add(&server, (struct stub_rule){.body = ONE("1 2 3", 20, 4)});
    opened(&f, 1);
    assert_false(openai_model_takes(f.model) & OPENAI_TAKES_STREAM);
    submit_timed(&f, 1);
    struct engine_result result = taken(&f);
    assert_null(strstr(server.last, "\"stream\""));
    done_with(&f, &result);
    closed(&f);
}

/* ---- the questions themselves ---- */

static void few_questions_are_asked_and_what_they_took_is_known(void **state)
{
    (void)state;
    struct fixture f;
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS("3 4", 25, 4));
    opened_as(&f, 1, OPENAI_CHAT);
    assert_int_equal(server.requests, 9);
    struct ponder_start start = openai_model_start(f.model);
    assert_int_equal(start.requests, 9);
    assert_int_equal(start.prompt_tokens, 4 * 20 + 24 + 25);
    assert_int_equal(start.generated_tokens, 3 * 4 + 12 + 2 * 4);
    closed(&f);
}

static void without_a_seed_none_is_sent(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.body = ONE("x", 7, 2)});
    opened(&f, 1);
    openai_seedless(f.engine);
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_null(strstr(server.last, "\"seed\""));
    done_with(&f, &result);
    closed(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_reasoning_model_does_not_take_is_left_away),
        TEST(a_server_that_has_no_text_in_a_few_tokens_is_asked_for_more),
        TEST(thoughts_are_limited_in_the_form_that_the_server_takes),
        TEST(a_text_that_was_cut_in_its_thoughts_is_counted_and_told),
        TEST(a_refusal_to_search_by_steps_names_the_reasoning_parser),
        TEST(fewer_texts_are_asked_for_where_a_server_gives_no_more_at_once),
        TEST(those_that_a_server_leaves_out_are_asked_for_again),
        TEST(what_has_come_of_a_timed_text_is_there_when_it_is_given_up),
        TEST(texts_without_a_clock_are_one_request),
        TEST(a_stream_without_a_count_is_not_asked_for_again),
        TEST(few_questions_are_asked_and_what_they_took_is_known),
        TEST(without_a_seed_none_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
