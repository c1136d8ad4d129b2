/* The engine behind servers that are busy, broken, dead or hostile. */
#include <math.h>

#include "openai_fixture.h"

/* ---- servers in trouble ---- */

static void a_server_that_is_busy_is_asked_again_and_nothing_is_lost(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server,
        (struct stub_rule){
            .times = 1, .status = 429, .headers = "Retry-After: 1\r\n", .body = "{\"message\": \"slow\"}"});
    add(&server, (struct stub_rule){.times = 5, .status = 429, .body = "{}"});
    add(&server, (struct stub_rule){.body = ONE("x", 7, 2)});
    opened(&f, 1);
    int before = server.requests;
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_int_equal(result.finish, ENGINE_FINISH_END);
    assert_int_equal(result.recomputed_tokens, 0);
    assert_int_equal(server.requests - before, 7);
    done_with(&f, &result);
    closed(&f);
}

static void what_a_server_worked_on_in_vain_is_counted_as_recomputed(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.times = 1, .status = 500, .body = "{}"});
    add(&server, (struct stub_rule){.times = 1, .end = STUB_BREAK});
    add(&server, (struct stub_rule){.body = ONE("x", 7, 2)});
    opened(&f, 1);
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_int_equal(result.finish, ENGINE_FINISH_END);
    assert_int_equal(result.recomputed_tokens, 2 * 9);
    assert_true(result.recomputed_flops == 36e9);
    assert_int_equal(usage_of(&f).prompt_tokens, 7);
    assert_int_equal(usage_of(&f).generated_tokens, 2);
    assert_int_equal(usage_of(&f).recomputed_tokens, 18);
    assert_true(usage_of(&f).flops == 54e9);
    done_with(&f, &result);
    closed(&f);
}

static void a_dead_servers_work_is_done_elsewhere_and_it_is_looked_at_again(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add_start(&second);
    add(&server, (struct stub_rule){.times = 4, .end = STUB_BREAK});
    add(&server, (struct stub_rule){.body = ONE("back", 7, 2)});
    add(&second, (struct stub_rule){.body = ONE("y", 7, 2)});
    opened(&f, 2);
    for (int i = 0; i < 8; i++)
        submit(&f, i);
    bool aside = false;
    for (int i = 0; i < 8; i++) {
        struct engine_result result = taken(&f);
        assert_int_equal(result.finish, ENGINE_FINISH_END);
        aside |= openai_state_get(f.engine).aside == 1;
        done_with(&f, &result);
    }
    assert_true(aside);
    assert_true(usage_of(&f).recomputed_tokens >= 4 * 9);
    bool back = false;
    for (int i = 0; i < 1000 && !back; i++) {
        submit(&f, i);
        struct engine_result result = taken(&f);
        back = strcmp(result.text, "back") == 0;
        done_with(&f, &result);
        usleep(1000);
        assert_true(engine_step(f.engine, 0, &err) >= 0);
    }
    assert_true(back);
    assert_int_equal(openai_state_get(f.engine).aside, 0);
    closed(&f);
}

/* What there is by then is kept by whoever asked; nothing more is asked of servers that are away. */
static void without_any_server_what_waits_fails_after_a_while_and_nothing_more_is_asked(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    opened(&f, 1);
    submit(&f, 1);
    submit(&f, 2);
    stub_stop(&server);
    for (int i = 0; i < 2; i++) {
        struct engine_result result = taken(&f);
        assert_int_equal(result.finish, ENGINE_FINISH_FAILED);
        check_says(result.error, "no server has answered for");
        check_says(result.error, "127.0.0.1");
        done_with(&f, &result);
    }
    struct engine_request request = {.parent = f.node, .tokens_max = 1, .sampling = {.top_p = 1}};
    assert_int_equal(engine_submit(f.engine, &request, &err), PONDER_E_ENGINE);
    check_says(err.message, "no server has answered for");
    closed(&f);
    stub_start(&server);
}

/* The fixture's patience is 3 s; news comes behind 5 s unless a test has less. */
static void what_is_waited_for_is_news(void **state)
{
    (void)state;
    struct fixture f;
    char text[512] = "";
    add_start(&server);
    add(&server, (struct stub_rule){.times = 3,
                                    .status = 429,
                                    .headers = "Retry-After: 2\r\n",
                                    .body = "{\"message\": \"too much at once\"}"});
    add(&server, (struct stub_rule){.body = ONE("x", 7, 2)});
    patience_s = 60;
    opened(&f, 1);
    patience_s = 3;
    submit(&f, 1);
    assert_false(engine_news(f.engine, text, sizeof text));
    struct engine_result result;
    int told = 0;
    while (!engine_take(f.engine, &result)) {
        assert_true(engine_step(f.engine, 0.05, &err) >= 0);
        told += engine_news(f.engine, text, sizeof text);
    }
    assert_int_equal(told, 1);
    check_says(text, "1 texts wait: no server has answered for 5 s");
    check_says(text, "too much at once");
    done_with(&f, &result);
    closed(&f);
}

static void a_server_that_keeps_silent_is_news(void **state)
{
    (void)state;
    struct fixture f;
    char text[512] = "";
    add_start(&server);
    add(&server, (struct stub_rule){.end = STUB_HANG});
    request_s = 20;
    opened(&f, 1);
    request_s = 5;
    submit(&f, 1);
    while (!engine_news(f.engine, text, sizeof text))
        assert_int_equal(engine_step(f.engine, 0.05, &err), 1);
    check_says(text, "waiting for 1 texts: no server has sent anything for 5 s; a request has 20 s");
    closed(&f);
}

/* Asked again it would take as long again. */
static void what_takes_all_its_time_is_not_bought_again(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.end = STUB_HANG});
    request_s = 0.3;
    opened(&f, 1);
    request_s = 5;
    int before = server.requests;
    check_failure(&f, "no reply within 0.3 s; --request-timeout gives it more");
    assert_int_equal(server.requests - before, 1);
    closed(&f);
    end(NULL);
    begin(NULL);
    add_start(&server);
    add_start(&second);
    add(&server, (struct stub_rule){.end = STUB_HANG});
    add(&second, (struct stub_rule){.end = STUB_HANG});
    request_s = 0.3;
    opened(&f, 2);
    request_s = 5;
    before = server.requests + second.requests;
    check_failure(&f, "no reply within 0.3 s");
    assert_int_equal(server.requests + second.requests - before, 2);
    closed(&f);
}

static void a_request_that_is_wrong_is_not_repeated_and_its_words_hide_the_key(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server,
        (struct stub_rule){.status = 400, .body = "{\"error\": {\"message\": \"too long, " KEY "\"}}"});
    if (open_model(&f.model, 1, OPENAI_COMPLETIONS, KEY) || openai_open(&f.engine, f.model, &err) ||
        engine_prompt(f.engine, 0, "Q?", 2, &f.node, &err))
        fail_msg("%s", err.message);
    int before = server.requests;
    check_failure(&f, "HTTP status 400: too long, ****");
    assert_int_equal(server.requests - before, 1);
    check_says(server.last, "Authorization: Bearer " KEY "\r\n");
    closed(&f);
}

static void a_key_in_a_text_is_hidden(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.body = ONE("the key is \\u0073k-open-sesame-12345.", 7, 2)});
    if (open_model(&f.model, 1, OPENAI_COMPLETIONS, KEY) || openai_open(&f.engine, f.model, &err) ||
        engine_prompt(f.engine, 0, "Q?", 2, &f.node, &err))
        fail_msg("%s", err.message);
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_string_equal(result.text, "the key is ********************.");
    done_with(&f, &result);
    closed(&f);
}

/* ---- hostile replies ---- */

static void replies_of_the_wrong_shape_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *body, *what;
    } cases[] = {
        {"{\"choices\": [{\"text\": \"4\"", "no JSON object"},
        {"[]", "it is an array"},
        {"", "no JSON object"},
        {"<html><body>It works!</body></html>", "no JSON object"},
        {"{}", "has no choices"},
        {"{\"choices\": {\"text\": \"x\"}}", "has no choices"},
        {"{\"choices\": [{\"text\": \"x\", \"finish_reason\": 7}]}", "finish_reason is no text"},
        {"{\"choices\": []}", "has 0 choices, and 1 were asked for"},
        {"{\"choices\": [{}, {}]}", "has 2 choices, and 1 were asked for"},
        {"{\"choices\": [7]}", "a choice without a text"},
        {"{\"choices\": [{\"text\": 7, \"finish_reason\": \"stop\"}]}", "a choice without a text"},
        {"{\"choices\": [{\"index\": 5, \"text\": \"x\", \"finish_reason\": \"stop\"}]}",
         "choices of one index"},
        {"{\"choices\": [{\"text\": \"x\", \"finish_reason\": \"content_filter\"}]}",
         "ended as 'content_filter'"},
        {"{\"choices\": [{\"text\": \"x\", \"finish_reason\": \"stop\"}], \"usage\": [7]}",
         "usage that is no"},
        {"{\"choices\": [{\"text\": \"x\", \"finish_reason\": \"stop\"}], \"usage\": {\"prompt_tokens\": "
         "-1}}",
         "usage.prompt_tokens that is no number"},
        {"{\"choices\": [{\"text\": \"x\", \"finish_reason\": \"stop\"}], \"usage\": {\"prompt_tokens\": 1, "
         "\"completion_tokens\": 1e99}}",
         "usage.completion_tokens that is no number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        add_start(&server);
        add(&server, (struct stub_rule){.body = cases[i].body});
        opened(&f, 1);
        int before = server.requests;
        check_failure(&f, cases[i].what);
        assert_true(server.requests - before >= 4);
        closed(&f);
    }
}

static void a_chats_messages_of_the_wrong_shape_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *body, *what;
    } cases[] = {
        {"{\"choices\": [{\"text\": \"4\", \"finish_reason\": \"stop\"}]}", "a choice without a message"},
        {"{\"choices\": [{\"message\": \"4\", \"finish_reason\": \"stop\"}]}", "a choice without a message"},
        {"{\"choices\": [{\"message\": {\"content\": 4}, \"finish_reason\": \"stop\"}]}",
         "a message whose content is no text"},
        {"{\"choices\": [{\"message\": {\"content\": [\"4\"]}, \"finish_reason\": \"stop\"}]}",
         "a message whose content is no text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        add_chat_start(SAYS(" 3 4", 24, 4), SAYS("3 4", 25, 4));
        add_chat("Q?", cases[i].body);
        opened_as(&f, 1, OPENAI_CHAT);
        check_failure(&f, cases[i].what);
        closed(&f);
    }
}

/* What is told of log-probabilities wrongly is not known. */
static void log_probabilities_that_are_none_are_not_known(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{\"token_logprobs\": [-1, \"x\"]}", "{\"token_logprobs\": [null]}",
        "{\"token_logprobs\": 7}",           "{\"content\": [7]}",
        "{\"token_logprobs\": [5]}",         "[]",
        "{\"content\": {\"logprob\": -1}}",  "7",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        char body[256];
        snprintf(body, sizeof body,
                 "{\"choices\": [{\"text\": \"4\", \"finish_reason\": \"stop\", \"logprobs\": %s}], " USAGE(
                     7, 2) "}",
                 cases[i]);
        end(NULL);
        begin(NULL);
        add_start(&server);
        add(&server, (struct stub_rule){.body = body});
        opened(&f, 1);
        submit(&f, 1);
        struct engine_result result = taken(&f);
        assert_int_equal(result.finish, ENGINE_FINISH_END);
        assert_true(isnan(result.logprob));
        done_with(&f, &result);
        closed(&f);
    }
}

/* Whole and right in itself, but more than the 50 tokens that were asked for can be. */
static void a_reply_of_a_line_of_ten_million_bytes_is_left(void **state)
{
    (void)state;
    enum { BYTES = 10000000 };
    static const char before[] = "{\"choices\": [{\"text\": \"";
    struct fixture f;
    char *body = malloc(BYTES + 128);
    memset(body, 'x', BYTES);
    memcpy(body, before, sizeof before - 1);
    strcpy(body + BYTES, "\", \"finish_reason\": \"stop\"}]}");
    add_start(&server);
    add(&server, (struct stub_rule){.body = body});
    opened(&f, 1);
    check_failure(&f, "the reply is longer than");
    closed(&f);
    end(NULL);
    free(body);
    begin(NULL);
}

static void what_never_ends_is_left(void **state)
{
    (void)state;
    static const struct {
        enum stub_end end;
        const char *what;
    } cases[] = {
        {STUB_ENDLESS, "the reply is longer than"},
        {STUB_ENDLESS_HEAD, "the reply's head is longer than 64 KiB"},
        {STUB_DRIP, "no reply within 0.2 s; --request-timeout gives it more"},
        {STUB_HANG, "no reply within 0.2 s; --request-timeout gives it more"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        request_s = cases[i].end == STUB_DRIP || cases[i].end == STUB_HANG ? 0.2 : 20;
        add_start(&server);
        add(&server, (struct stub_rule){.end = cases[i].end});
        opened(&f, 1);
        check_failure(&f, cases[i].what);
        closed(&f);
    }
    request_s = 5;
}

static void what_breaks_off_or_is_no_http_is_told(void **state)
{
    (void)state;
    static const struct {
        struct stub_rule rule;
        const char *what;
    } cases[] = {
        {{.end = STUB_SHORT, .body = ONE("x", 7, 2)}, "remaining to read"},
        {{.end = STUB_BREAK}, "Empty reply"},
        {{.end = STUB_RAW, .body = "SSH-2.0-OpenSSH_9.2\r\n"}, "HTTP/0.9"},
        {{.end = STUB_RAW, .body = "HTTP/1.1 200 Stub\r\nContent-Length: x\r\n\r\n{}"}, "127.0.0.1"},
        {{.end = STUB_RAW, .body = "HTTP/1.1 200 Stub\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"},
         "127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        add_start(&server);
        add(&server, cases[i].rule);
        opened(&f, 1);
        check_failure(&f, cases[i].what);
        closed(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_server_that_is_busy_is_asked_again_and_nothing_is_lost),
        TEST(what_a_server_worked_on_in_vain_is_counted_as_recomputed),
        TEST(a_dead_servers_work_is_done_elsewhere_and_it_is_looked_at_again),
        TEST(without_any_server_what_waits_fails_after_a_while_and_nothing_more_is_asked),
        TEST(what_is_waited_for_is_news),
        TEST(a_server_that_keeps_silent_is_news),
        TEST(what_takes_all_its_time_is_not_bought_again),
        TEST(a_request_that_is_wrong_is_not_repeated_and_its_words_hide_the_key),
        TEST(a_key_in_a_text_is_hidden),
        TEST(replies_of_the_wrong_shape_are_told),
        TEST(a_chats_messages_of_the_wrong_shape_are_told),
        TEST(log_probabilities_that_are_none_are_not_known),
        TEST(a_reply_of_a_line_of_ten_million_bytes_is_left),
        TEST(what_never_ends_is_left),
        TEST(what_breaks_off_or_is_no_http_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
