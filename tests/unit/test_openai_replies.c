/* What servers send that is not quite what was asked for, and is read all the same. */
#include <math.h>

#include "openai_fixture.h"

/* Asks for one text, whose reply is `body`. */
static struct engine_result reply_of(struct fixture *f, const char *body)
{
    end(NULL);
    begin(NULL);
    add_start(&server);
    add(&server, (struct stub_rule){.body = body});
    opened(f, 1);
    submit(f, 1);
    return taken(f);
}

static struct engine_result chat_reply_of(struct fixture *f, const char *body)
{
    end(NULL);
    begin(NULL);
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    add_chat("Q?", body);
    opened_as(f, 1, OPENAI_CHAT);
    submit(f, 1);
    return taken(f);
}

static void check_text(struct fixture *f, struct engine_result *result, const char *text)
{
    if (result->finish == ENGINE_FINISH_FAILED)
        fail_msg("%s", result->error);
    assert_string_equal(result->text, text);
    done_with(f, result);
    closed(f);
}

/* ---- JSON ---- */

#define TEXT(text) "{\"choices\": [{\"text\": \"" text "\", \"finish_reason\": \"stop\"}]}"

static void what_stands_around_json_or_is_half_a_character_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *body, *text;
    } cases[] = {
        {"\xef\xbb\xbf" TEXT("4"), "4"},
        {": PROCESSING\n\n: PROCESSING\n\n" TEXT("4"), "4"},
        {"\r\n \n" TEXT("4"), "4"},
        {TEXT("a\\ud83d b"), "a\xef\xbf\xbd b"},
        {TEXT("a\\ude00"), "a\xef\xbf\xbd"},
        {TEXT("\\ud83d\\ud83d\\ude00"), "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {TEXT("\\\\ud83d \\ud83d"), "\\ud83d \xef\xbf\xbd"},
        {TEXT("\xed\xa0\xbd"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {TEXT("a\xff\xc3"), "a\xef\xbf\xbd\xef\xbf\xbd"},
        {TEXT("a\tb"), "a\tb"},
        {"{\"choices\": [{\"text\": \"NaN\", \"finish_reason\": \"stop\", \"logprobs\": {\"token_logprobs\": "
         "[NaN, -Infinity]}}]}",
         "NaN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct engine_result result = reply_of(&f, cases[i].body);
        check_text(&f, &result, cases[i].text);
    }
}

/* ---- streams ---- */

#define EVENT(fields) "data: {\"choices\": [" fields "]}\n\n"

static void a_stream_that_nobody_asked_for_is_put_together(void **state)
{
    (void)state;
    struct fixture f;
    struct engine_result result =
        reply_of(&f, ": ok\n\n" EVENT("{\"index\": 0, \"text\": \"so \", \"finish_reason\": null}")
                         EVENT("{\"index\": 0, \"text\": \"4\", \"finish_reason\": "
                               "\"stop\"}") "data: {\"choices\": [], " USAGE(7, 3) "}\n\ndata: [DONE]\n\n");
    assert_int_equal(result.token_count, 3);
    assert_int_equal(result.position, 7);
    assert_int_equal(result.finish, ENGINE_FINISH_END);
    check_text(&f, &result, "so 4");
    result = chat_reply_of(
        &f,
        "event: message\ndata: {\"choices\": [{\"delta\": {\"role\": \"assistant\", \"content\": null}}]}\n\n"
        "data: {\"choices\": [{\"delta\": {\"reasoning\": \"hm\"}}]}\n\n"
        "data: {\"choices\": [{\"delta\": {\"content\": \"so \"}}]}\n\n"
        "data: {\"choices\": [{\"delta\": {\"content\": \"4\"}, \"finish_reason\": \"length\"}], " USAGE(
            7, 5) "}\n\n");
    assert_int_equal(result.token_count, 5);
    assert_int_equal(result.finish, ENGINE_FINISH_LENGTH);
    check_text(&f, &result, "so 4");
}

static void a_stream_that_breaks_off_is_no_reply(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.body = EVENT("{\"index\": 0, \"text\": \"so \"}")});
    opened(&f, 1);
    check_failure(&f, "is a stream that breaks off");
    closed(&f);
}

/* ---- contents and ends ---- */

#define CONTENT(content)                                                                                     \
    "{\"choices\": [{\"message\": {\"content\": " content "}, \"finish_reason\": \"stop\"}], " USAGE(7, 2) "}"

static void a_content_of_parts_is_their_texts(void **state)
{
    (void)state;
    static const struct {
        const char *body, *text;
    } cases[] = {
        {CONTENT("[{\"type\": \"text\", \"text\": \"so \"}, {\"type\": \"text\", \"text\": \"4\"}]"), "so 4"},
        {CONTENT(
             "[{\"type\": \"thinking\", \"thinking\": [{\"type\": \"text\", \"text\": \"hm\"}]}, {\"type\": "
             "\"text\", \"text\": \"4\"}]"),
         "4"},
        {CONTENT("[{\"type\": \"output_text\", \"text\": \"4\"}]"), "4"},
        {CONTENT("[]"), ""},
        {CONTENT("null"), ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct engine_result result = chat_reply_of(&f, cases[i].body);
        check_text(&f, &result, cases[i].text);
    }
}

static void an_end_without_a_known_word_is_told_by_the_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *reason, *usage;
        enum engine_finish finish;
    } cases[] = {
        {"null", USAGE(7, 2), ENGINE_FINISH_END},
        {"\"\"", USAGE(7, 2), ENGINE_FINISH_END},
        {"\"done\"", USAGE(7, 2), ENGINE_FINISH_END},
        {"null", USAGE(7, 50), ENGINE_FINISH_LENGTH},
        {"\"\"", USAGE(7, 50), ENGINE_FINISH_LENGTH},
        {"\"done\"", USAGE(7, 50), ENGINE_FINISH_LENGTH},
        {"\"stop\"", USAGE(7, 50), ENGINE_FINISH_END},
        {"\"max_tokens\"", USAGE(7, 9), ENGINE_FINISH_LENGTH},
        {"\"end_turn\"", USAGE(7, 2), ENGINE_FINISH_END},
        {"\"STOP\"", USAGE(7, 2), ENGINE_FINISH_END},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        char body[256];
        snprintf(body, sizeof body, "{\"choices\": [{\"text\": \"4\", \"finish_reason\": %s}], %s}",
                 cases[i].reason, cases[i].usage);
        struct engine_result result = reply_of(&f, body);
        assert_int_equal(result.finish, cases[i].finish);
        check_text(&f, &result, "4");
    }
}

/* ---- counts ---- */

static void a_usage_of_nothing_beside_a_text_was_not_counted(void **state)
{
    (void)state;
    static const char *const usages[] = {USAGE(0, 0), USAGE(7, 0), USAGE(0, 2)};
    for (size_t i = 0; i < sizeof usages / sizeof *usages; i++) {
        struct fixture f;
        char body[256];
        snprintf(body, sizeof body, "{\"choices\": [{\"text\": \"abc\", \"finish_reason\": \"stop\"}], %s}",
                 usages[i]);
        struct engine_result result = reply_of(&f, body);
        assert_int_equal(result.token_count, 4);
        assert_int_equal(usage_of(&f).prompt_tokens, 3);
        check_text(&f, &result, "abc");
    }
}

/* The second of two texts has the prompt from the first, and a server may say so. */
static void a_prompt_that_the_first_of_several_texts_read_stays_in_the_ledger(void **state)
{
    (void)state;
    static const int cached[] = {6, 14};
    for (size_t i = 0; i < sizeof cached / sizeof *cached; i++) {
        struct fixture f;
        char body[512];
        snprintf(body, sizeof body,
                 "{\"choices\": [" CHOICE(0, "a", "") ", " CHOICE(
                     1, "b", "") "], \"usage\": {\"prompt_tokens\": 7, \"completion_tokens\": 4, "
                                 "\"prompt_tokens_details\": {\"cached_tokens\": %d}}}",
                 cached[i]);
        end(NULL);
        begin(NULL);
        add_start_with_n(&server);
        stub_add(&server, (struct stub_rule){.path = "/v1/completions", .contains = "Q?", .body = body});
        server.rules[1].contains = "Write the numbers from 1 to 99, with a space between them and nothing "
                                   "else.\",\"temperature\":1.0";
        opened(&f, 1);
        for (int round = 0; round < 2; round++) {
            submit(&f, 0);
            submit(&f, 1);
            for (int k = 0; k < 2; k++) {
                struct engine_result result = taken(&f);
                done_with(&f, &result);
            }
        }
        assert_int_equal(usage_of(&f).prompt_tokens, 7);
        assert_int_equal(usage_of(&f).recomputed_tokens, cached[i] == 6 ? 1 : 0);
        closed(&f);
    }
}

/* llama-server counts one text of several; where each lists its tokens, all are known. */
static void texts_of_which_one_is_counted_are_counted_by_their_lists(void **state)
{
    (void)state;
#define LISTED(text)                                                                                         \
    ", \"logprobs\": {\"content\": [{\"logprob\": -1}, {\"logprob\": -1}, {\"logprob\": -1}]}"
    struct fixture f;
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server, (struct stub_rule){.contains = "\"n\":2",
                                    .body = "{\"choices\": [" CHOICE(0, "1 2 3", LISTED()) ", " CHOICE(
                                        1, "1 2 4", LISTED()) "], " USAGE(20, 3) "}"});
    add(&server,
        (struct stub_rule){.body = "{\"choices\": [" CHOICE(0, "1 2 3", LISTED()) "], " USAGE(20, 3) "}"});
    opened(&f, 1);
    int before = server.requests;
    submit(&f, 0);
    submit(&f, 1);
    for (int k = 0; k < 2; k++) {
        struct engine_result result = taken(&f);
        assert_int_equal(result.token_count, 3);
        done_with(&f, &result);
    }
    assert_int_equal(server.requests - before, 1);
    assert_int_equal(usage_of(&f).generated_tokens, 6);
    closed(&f);
}

/* ---- errors in replies of status 200 ---- */

static void an_error_in_a_reply_of_status_200_is_one_and_its_words_are_shown(void **state)
{
    (void)state;
    static const struct {
        const char *body, *what;
    } cases[] = {
        {"{\"error\": {\"message\": \"no credits\", \"code\": 402}}", "402: no credits"},
        {"{\"error\": {\"message\": \"too long\", \"type\": \"BadRequestError\", \"code\": \"400\"}}",
         "400: too long"},
        {"{\"error\": \"model not loaded\"}", "400: model not loaded"},
        {"{\"object\": \"error\", \"message\": \"bad field\", \"code\": 422}", "422: bad field"},
        {"{\"choices\": [{\"text\": \"\", \"finish_reason\": \"error\", \"error\": {\"message\": "
         "\"upstream\", "
         "\"code\": 400}}]}",
         "400: upstream"},
        {"data: {\"error\": {\"message\": \"in a stream\"}}\n\n", "400: in a stream"},
        {"{\"error\": {\"message\": \"key " KEY "\", \"code\": 401}, \"choices\": null}", "401: key ****"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        add_start(&server);
        add(&server, (struct stub_rule){.body = cases[i].body});
        if (open_model(&f.model, 1, OPENAI_COMPLETIONS, KEY) || openai_open(&f.engine, f.model, &err) ||
            engine_prompt(f.engine, 0, "Q?", 2, &f.node, &err))
            fail_msg("%s", err.message);
        int before = server.requests;
        check_failure(&f, cases[i].what);
        assert_int_equal(server.requests - before, 1);
        closed(&f);
    }
}

static void an_error_that_says_later_is_waited_for(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"error\": {\"message\": \"slow\", \"code\": 429}}",
        "{\"error\": {\"message\": \"slow\", \"code\": \"429\"}}",
        "{\"error\": {\"message\": \"slow\", \"code\": \"rate_limit_exceeded\"}}",
        "{\"error\": {\"message\": \"slow\", \"type\": \"overloaded_error\"}}",
    };
    struct fixture f;
    add_start(&server);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        add(&server, (struct stub_rule){.times = 2, .body = bodies[i]});
    add(&server, (struct stub_rule){.body = ONE("the \\\"error\\\" is 4", 7, 5)});
    opened(&f, 1);
    int before = server.requests;
    submit(&f, 1);
    struct engine_result result = taken(&f);
    assert_int_equal(server.requests - before, 9);
    assert_int_equal(result.recomputed_tokens, 0);
    check_text(&f, &result, "the \"error\" is 4");
}

static void the_words_of_a_refusal_are_found_in_all_their_places(void **state)
{
    (void)state;
    static const struct {
        const char *body, *what;
    } cases[] = {
        {"{\"detail\": [{\"loc\": [\"body\", \"n\"], \"msg\": \"a whole number\"}]}",
         "400: body.n: a whole number"},
        {"{\"detail\": \"Not Found\"}", "400: Not Found"},
        {"\xef\xbb\xbf{\"error\": {\"message\": \"half \\ud83d\"}}", "400: half \xef\xbf\xbd"},
        {"plain words", "400: plain words"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        add_start(&server);
        add(&server, (struct stub_rule){.status = 400, .body = cases[i].body});
        opened(&f, 1);
        check_failure(&f, cases[i].what);
        closed(&f);
    }
}

/* ---- redirections ---- */

static void a_redirection_within_the_host_is_followed(void **state)
{
    (void)state;
    static const int statuses[] = {301, 302, 307, 308};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        add_start(&server);
        add(&server,
            (struct stub_rule){.path = "/moved", .contains = "\"prompt\":\"Q?\"", .body = ONE("4", 7, 2)});
        add(&server,
            (struct stub_rule){.status = statuses[i], .headers = "Location: /moved/v1/completions\r\n"});
        opened(&f, 1);
        submit(&f, 1);
        struct engine_result result = taken(&f);
        check_says(server.last, "POST /moved/v1/completions ");
        check_text(&f, &result, "4");
    }
}

static void a_redirection_elsewhere_or_in_a_circle_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *what;
    } cases[] = {
        {"Location: http://models.example/v1/completions\r\n",
         "it sends us on to http://models.example/v1/completions, which is not followed"},
        {"Location: http://127.0.0.1:1/v1/completions\r\n",
         "http://127.0.0.1:1/v1/completions, which is not"},
        {"Location: /v1/completions\r\n", "and on and on"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        end(NULL);
        begin(NULL);
        add_start(&server);
        add(&server, (struct stub_rule){.status = 307, .headers = cases[i].headers});
        opened(&f, 1);
        check_failure(&f, cases[i].what);
        closed(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_stands_around_json_or_is_half_a_character_is_read),
        TEST(a_stream_that_nobody_asked_for_is_put_together),
        TEST(a_stream_that_breaks_off_is_no_reply),
        TEST(a_content_of_parts_is_their_texts),
        TEST(an_end_without_a_known_word_is_told_by_the_tokens),
        TEST(a_usage_of_nothing_beside_a_text_was_not_counted),
        TEST(a_prompt_that_the_first_of_several_texts_read_stays_in_the_ledger),
        TEST(texts_of_which_one_is_counted_are_counted_by_their_lists),
        TEST(an_error_in_a_reply_of_status_200_is_one_and_its_words_are_shown),
        TEST(an_error_that_says_later_is_waited_for),
        TEST(the_words_of_a_refusal_are_found_in_all_their_places),
        TEST(a_redirection_within_the_host_is_followed),
        TEST(a_redirection_elsewhere_or_in_a_circle_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
