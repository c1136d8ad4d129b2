/* The engine behind servers: what they are asked, how their answers are read and counted, and what becomes of
 * those that are busy, broken, dead or hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/openai.h"
#include "ponder.h"
#include "stub_server.h"

#define KEY "sk-open-sesame-12345"

static struct ponder_err err;
static struct stub_server server, second;

static int begin(void **state)
{
    (void)state;
    stub_start(&server);
    stub_start(&second);
    setenv("STUB_KEY", KEY, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    stub_stop(&server);
    stub_stop(&second);
    return 0;
}

/* ---- servers ---- */

#define COUNTING "Write the numbers"
#define USAGE(prompt, generated)                                                                             \
    "\"usage\": {\"prompt_tokens\": " #prompt ", \"completion_tokens\": " #generated "}"
#define CHOICE(index, text, more)                                                                            \
    "{\"index\": " #index ", \"text\": \"" text                                                              \
    "\", \"finish_reason\": \"stop\", \"stop_reason\": null" more "}"
#define ONE(text, prompt, generated) "{\"choices\": [" CHOICE(0, text, "") "], " USAGE(prompt, generated) "}"

static void add(struct stub_server *at, struct stub_rule rule)
{
    rule.path = rule.path ? rule.path : "/v1/completions";
    stub_add(at, rule);
}

/* The tiny requests at the start: a server of completions that takes everything, one text a request. */
static void add_start(struct stub_server *at)
{
    add(at, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(at,
        (struct stub_rule){.contains = "\"n\":2", .status = 400, .body = "{\"message\": \"one choice\"}"});
    add(at, (struct stub_rule){.contains = COUNTING, .body = ONE("1 2 3", 20, 4)});
}

/* The same, and several texts a request. */
static void add_start_with_n(struct stub_server *at)
{
    add(at, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(at, (struct stub_rule){.contains = "\"n\":2",
                               .body = "{\"choices\": [" CHOICE(0, "1 2", "") ", " CHOICE(
                                   1, "3 4", "") "], " USAGE(20, 8) "}"});
    add(at, (struct stub_rule){.contains = COUNTING, .body = ONE("1 2 3", 20, 4)});
}

/* ---- an engine over them ---- */

struct fixture {
    struct openai_model *model;
    struct engine *engine;
    int64_t node;
};

static int open_model(struct openai_model **out, int count, enum openai_api api, const char *key)
{
    char addresses[2][64];
    const char *bases[2] = {addresses[0], addresses[1]};
    snprintf(addresses[0], sizeof addresses[0], "http://127.0.0.1:%d/v1", server.port);
    snprintf(addresses[1], sizeof addresses[1], "http://127.0.0.1:%d/", second.port);
    struct openai_options options = {.bases = bases,
                                     .base_count = count,
                                     .key = key,
                                     .api = api,
                                     .system = "Think.",
                                     .in_flight = 4,
                                     .params = 1e9,
                                     .timeout_s = 5,
                                     .patience_s = 3,
                                     .first_wait_s = 0.01,
                                     .aside_s = 0.05};
    err = (struct ponder_err){0};
    return openai_model_open(out, &options, &err);
}

static void opened_as(struct fixture *f, int count, enum openai_api api)
{
    if (open_model(&f->model, count, api, NULL) || openai_open(&f->engine, f->model, &err) ||
        engine_prompt(f->engine, 0, "Q?", 2, &f->node, &err))
        fail_msg("%s", err.message);
}

static void opened(struct fixture *f, int count)
{
    opened_as(f, count, OPENAI_COMPLETIONS);
}

static void closed(struct fixture *f)
{
    engine_node_release(f->engine, f->node);
    assert_int_equal(openai_state_get(f->engine).nodes, 0);
    engine_release(f->engine);
    openai_model_release(f->model);
}

static void submit_at(struct fixture *f, int64_t node, int64_t tag, const char *const *stops)
{
    struct engine_request request = {.tag = tag,
                                     .parent = node,
                                     .tokens_max = 50,
                                     .sampling = {0.5, 0, 0.9, 0},
                                     .stream = 1000 + (uint64_t)tag,
                                     .stops = stops,
                                     .stop_count = stops ? 1 : 0};
    if (engine_submit(f->engine, &request, &err))
        fail_msg("%s", err.message);
}

static void submit(struct fixture *f, int64_t tag)
{
    submit_at(f, f->node, tag, NULL);
}

static struct engine_result taken(struct fixture *f)
{
    struct engine_result result;
    while (!engine_take(f->engine, &result))
        if (engine_step(f->engine, 0.05, &err) < 0)
            fail_msg("%s", err.message);
    return result;
}

static void done_with(struct fixture *f, struct engine_result *result)
{
    engine_node_release(f->engine, result->node);
    engine_result_clear(result);
}

static struct engine_usage usage_of(const struct fixture *f)
{
    struct engine_usage usage;
    engine_usage_get(f->engine, &usage);
    return usage;
}

static void check_says(const char *said, const char *what)
{
    if (!strstr(said, what))
        fail_msg("'%s' does not say: %s", said, what);
}

/* One request comes to nothing, and says why. */
static void check_failure(struct fixture *f, const char *what)
{
    submit(f, 1);
    struct engine_result result = taken(f);
    assert_int_equal(result.finish, ENGINE_FINISH_FAILED);
    assert_int_equal(result.status, PONDER_E_ENGINE);
    check_says(result.error, what);
    done_with(f, &result);
}

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

static void without_any_server_the_engine_fails_after_a_while(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    opened(&f, 1);
    submit(&f, 1);
    stub_stop(&server);
    int status;
    while ((status = engine_step(f.engine, 0.05, &err)) > 0)
        ;
    assert_int_equal(status, PONDER_E_ENGINE);
    check_says(err.message, "no server has answered for");
    check_says(err.message, "127.0.0.1");
    closed(&f);
    stub_start(&server);
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

static void replies_of_the_wrong_shape_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *body, *what;
    } cases[] = {
        {"{\"choices\": [{\"text\": \"4\"", "no JSON object"},
        {"[]", "it is an array"},
        {"", "no JSON object"},
        {"{\"choices\": [{\"text\": \"\xff\", \"finish_reason\": \"stop\"}]}", "no JSON object"},
        {"{}", "has no choices"},
        {"{\"choices\": []}", "has 0 choices, and 1 were asked for"},
        {"{\"choices\": [{}, {}]}", "has 2 choices, and 1 were asked for"},
        {"{\"choices\": [7]}", "a choice without a text"},
        {"{\"choices\": [{\"text\": 7, \"finish_reason\": \"stop\"}]}", "a choice without a text"},
        {"{\"choices\": [{\"index\": 5, \"text\": \"x\", \"finish_reason\": \"stop\"}]}",
         "choices of one index"},
        {"{\"choices\": [{\"text\": \"x\"}]}", "without a finish_reason"},
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

static void a_reply_without_an_end_is_left(void **state)
{
    (void)state;
    struct fixture f;
    add_start(&server);
    add(&server, (struct stub_rule){.end = STUB_ENDLESS});
    opened(&f, 1);
    check_failure(&f, "the reply is longer than");
    closed(&f);
}

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
    assert_int_equal(openai_model_takes(f.model), OPENAI_TAKES_SEED | OPENAI_TAKES_SYSTEM);
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
    add(&server, (struct stub_rule){.status = 404, .times = 2, .body = "{\"message\": \"no model m\"}"});
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

#define SAYS(text, prompt, generated)                                                                        \
    "{\"choices\": [{\"message\": {\"role\": \"assistant\", \"content\": \"" text                            \
    "\"}, \"finish_reason\": \"stop\", \"stop_reason\": null}], " USAGE(prompt, generated) "}"

static void add_chat(const char *contains, const char *body)
{
    add(&server, (struct stub_rule){.path = "/v1/chat/completions", .contains = contains, .body = body});
}

/* Behind "1 2" it says `more`, and its prompt has so many tokens; behind "1 2\n" so many. */
static void add_chat_start(const char *behind, const char *behind_line)
{
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server, (struct stub_rule){.path = "/v1/chat/completions",
                                    .contains = "\"n\":2",
                                    .status = 400,
                                    .body = "{\"message\": \"one choice\"}"});
    add_chat("\"content\":\"1 2\"", behind);
    add_chat("\"content\":\"1 2\\n\"", behind_line);
    add_chat("\"max_tokens\":12", SAYS("1 2 3 4 5 6", 20, 12));
    add_chat(COUNTING, SAYS("1 2", 20, 4));
}

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

/* Names a file of five worked questions, A to E. */
static const char *shots_file(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/ponder-shots-%d.jsonl", (int)getpid());
    FILE *file = fopen(path, "w");
    for (char name = 'A'; name <= 'E'; name++)
        fprintf(file, "{\"problem\": \"%c?\", \"solution\": \"\\\\boxed{%c}\"}\n", name, name);
    fclose(file);
    return path;
}

static struct ponder_model *connected_as(const char *api, const char *template_text, double params)
{
    struct ponder_server settings;
    struct ponder_model *model;
    static char url[96];
    assert_int_equal(ponder_options_default(ponder_server_options(), &settings, &err), PONDER_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%d,http://127.0.0.1:%d/v1/", server.port, second.port);
    settings.base_url = (struct ponder_texts){1, {url}};
    settings.key_env = "STUB_KEY";
    settings.api = api;
    settings.params = params;
    if (template_text)
        settings.template_text = template_text;
    if (ponder_model_connect(&model, NULL, &settings, &err))
        fail_msg("%s", err.message);
    return model;
}

static struct ponder_model *connected(double params)
{
    return connected_as("chat", NULL, params);
}

static void second_is_like_the_first(void)
{
    for (int i = 0; i < server.rule_count; i++)
        stub_add(&second, server.rules[i]);
}

/* Asks one question as `prompting` says; the request is in server.last or second.last, whichever was asked.
 */
static const char *request_of(struct ponder_model *model, struct ponder_prompting prompting,
                              const char *question)
{
    struct ponder_sampling sampling;
    struct ponder_solution *solution;
    int before = server.requests;
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    sampling.n = 1;
    if (ponder_model_prompting(model, &prompting, &err) ||
        ponder_solve(model, question, &sampling, NULL, &solution, &err))
        fail_msg("%s", err.message);
    ponder_solution_release(solution);
    return server.requests > before ? server.last : second.last;
}

#define TURN(name)                                                                                           \
    "{\"role\":\"user\",\"content\":\"" name "?\"},{\"role\":\"assistant\",\"content\":\"\\\\boxed{" name    \
    "}\"},"

static void a_chat_is_sent_a_system_prompt_and_examples_as_messages(void **state)
{
    (void)state;
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    add_chat("?", SAYS("\\\\boxed{7}", 30, 5));
    second_is_like_the_first();
    struct ponder_model *model = connected(0);
    const char *path = shots_file();
    const char *last = request_of(model, (struct ponder_prompting){"auto", "Be brief.", path}, "Q?");
    check_says(last, "\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}," TURN("A") TURN("B")
                         TURN("C") TURN("D") "{\"role\":\"user\",\"content\":\"Q?\"}]");
    last = request_of(model, (struct ponder_prompting){"auto", "", path}, " B? ");
    check_says(last, "\"messages\":[" TURN("A") TURN("C") TURN("D")
                         TURN("E") "{\"role\":\"user\",\"content\":\"B?\"}]");
    last = request_of(model, (struct ponder_prompting){"auto", "", NULL}, "Q?");
    check_says(last, "\"messages\":[{\"role\":\"user\",\"content\":\"Q?\"}]");
    struct ponder_prompting kind = {"chatml", NULL, NULL};
    assert_int_equal(ponder_model_prompting(model, &kind, &err), PONDER_E_ARGUMENT);
    check_says(err.message, "--api says whether it is used");
    unlink(path);
    ponder_model_release(model);
}

/* A template without a system's role has its text in front of the first message. */
static void a_system_prompt_that_a_chat_refuses_opens_the_first_example(void **state)
{
    (void)state;
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server, (struct stub_rule){.path = "/v1/chat/completions",
                                    .contains = "\"role\":\"system\"",
                                    .status = 400,
                                    .body = "{\"message\": \"no system\"}"});
    add_chat("?", SAYS("\\\\boxed{7}", 30, 5));
    add_chat(COUNTING, SAYS("1 2", 20, 4));
    second_is_like_the_first();
    struct ponder_model *model = connected(0);
    const char *path = shots_file();
    const char *last = request_of(model, (struct ponder_prompting){"auto", "Be brief.", path}, "Q?");
    check_says(last, "\"messages\":[{\"role\":\"user\",\"content\":\"Be brief.\\n\\nA?\"},");
    check_says(last, TURN("D") "{\"role\":\"user\",\"content\":\"Q?\"}]");
    unlink(path);
    ponder_model_release(model);
}

static void completions_show_examples_and_end_where_another_problem_begins(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_solution *solution;
    add_start(&server);
    add(&server,
        (struct stub_rule){.contains = "?", .body = ONE("So \\\\boxed{7}\\n\\nProblem:\\nZ?", 30, 9)});
    second_is_like_the_first();
    struct ponder_model *model = connected_as("completions", NULL, 0);
    const char *path = shots_file();
    struct ponder_prompting prompting = {"auto", NULL, path};
    const char *last = request_of(model, prompting, "A?");
    check_says(last, "\"prompt\":\"Problem:\\nB?\\n\\nSolution:\\n\\\\boxed{B}\\n\\nProblem:\\nC?");
    check_says(last, "\\\\boxed{E}\\n\\nProblem:\\nA?\\n\\nSolution:\\n\"");
    check_says(last, "\"stop\":[\"Problem:\\n\"]");
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    sampling.n = 1;
    assert_int_equal(ponder_solve(model, "Q?", &sampling, NULL, &solution, &err), PONDER_OK);
    assert_string_equal(solution->candidates[0].text, "So \\boxed{7}\n\n");
    assert_string_equal(solution->candidates[0].finish, "end");
    ponder_solution_release(solution);
    prompting = (struct ponder_prompting){"auto", "Be brief.", NULL};
    assert_int_equal(ponder_model_prompting(model, &prompting, &err), PONDER_E_ARGUMENT);
    check_says(err.message, "--api chat");
    ponder_model_release(model);
    model = connected_as("completions", "Q: {question}", 0);
    prompting = (struct ponder_prompting){"auto", NULL, path};
    assert_int_equal(ponder_model_prompting(model, &prompting, &err), PONDER_E_ARGUMENT);
    check_says(err.message, "leave --prompt-template away");
    unlink(path);
    ponder_model_release(model);
}

/* ---- a whole call ---- */

static void searches_that_a_server_cannot_do_are_refused_with_a_word_on_what_would_work(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_search search;
    struct ponder_solution *solution;
    add_chat_start(SAYS(" 3 4", 29, 4), SAYS(" 3 4", 30, 4));
    second_is_like_the_first();
    struct ponder_model *model = connected(0);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    assert_int_equal(ponder_options_default(ponder_search_options(), &search, &err), PONDER_OK);
    search.name = "beam";
    search.verifier = "vote";
    sampling.n = 4;
    int status = ponder_solve_search(model, "3+4?", &sampling, &search, NULL, &solution, &err);
    assert_int_equal(status, PONDER_E_UNSUPPORTED);
    check_says(err.message, "--search best_of_n, or --api completions");
    search.name = "best_of_n";
    search.budget = "1e12f";
    status = ponder_solve_search(model, "3+4?", &sampling, &search, NULL, &solution, &err);
    assert_int_equal(status, PONDER_E_UNSUPPORTED);
    check_says(err.message, "--model-params");
    sampling.exact = true;
    assert_int_equal(ponder_solve(model, "3+4?", &sampling, NULL, &solution, &err), PONDER_E_ARGUMENT);
    ponder_model_release(model);
}

/* Each of the samples reads the prompt again, for which the budget pays too. */
static void a_budget_of_flops_is_kept_where_prompts_are_read_again(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_search search;
    struct ponder_solution *solution;
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    add_chat("step by step", SAYS("\\\\boxed{7}", 30, 5));
    second_is_like_the_first();
    struct ponder_model *model = connected(1e9);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    assert_int_equal(ponder_options_default(ponder_search_options(), &search, &err), PONDER_OK);
    sampling.n = 32;
    sampling.max_tokens = 5;
    search.budget = "1e12f";
    if (ponder_solve_search(model, "3+4?", &sampling, &search, NULL, &solution, &err))
        fail_msg("%s", err.message);
    assert_string_equal(solution->answer, "7");
    assert_true(solution->ledger.flops <= 1e12);
    assert_true(solution->ledger.recomputed_tokens > 0);
    assert_in_range(solution->ledger.generated_tokens, 10, 14 * 5);
    ponder_solution_release(solution);
    ponder_model_release(model);
}

static bool file_has(const char *path, const char *bytes)
{
    char *text = calloc(1, 1 << 22);
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(text, 1, 1 << 22, file) : 0;
    bool found = memmem(text, n, bytes, strlen(bytes)) != NULL;
    if (file)
        fclose(file);
    free(text);
    return found;
}

/* Of an evaluation over two servers, of which one dies and says the key in its last words. */
static void an_evaluation_over_a_dying_server_is_whole_and_nothing_of_it_has_the_key(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_eval_settings settings;
    struct ponder_eval *eval;
    char store[64], wal[80], *json;
    snprintf(store, sizeof store, "/tmp/ponder-openai-%d.db", (int)getpid());
    snprintf(wal, sizeof wal, "%s-wal", store);
    unlink(store);
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    for (int i = 0; i < server.rule_count; i++)
        stub_add(&second, server.rules[i]);
    add_chat("step by step", SAYS("\\\\boxed{7}", 30, 5));
    add(&second,
        (struct stub_rule){.path = "/v1/chat/completions", .times = 2, .body = SAYS("no " KEY, 30, 5)});
    add(&second, (struct stub_rule){
                     .path = "/v1/chat/completions", .status = 500, .body = "{\"message\": \"" KEY "\"}"});
    struct ponder_model *model = connected(1e9);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    assert_int_equal(ponder_options_default(ponder_eval_options(), &settings, &err), PONDER_OK);
    settings.data = "pocket:test:3";
    settings.store = store;
    sampling.n = 8;
    if (ponder_eval_run(model, &settings, &sampling, NULL, &eval, &err))
        fail_msg("%s", err.message);
    assert_int_equal(eval->done, 3);
    assert_int_equal(eval->failed, 0);
    assert_int_equal(eval->ledger.generated_tokens, 3 * 8 * 5);
    assert_true(eval->spent.recomputed_tokens >= 35);
    assert_int_equal(ponder_eval_json(eval, &json, &err), PONDER_OK);
    assert_null(strstr(json, KEY));
    check_says(json, "\"precision\":\"server\"");
    assert_false(file_has(store, KEY));
    assert_false(file_has(wal, KEY));
    free(json);
    ponder_eval_release(eval);
    ponder_model_release(model);
    unlink(store);
    unlink(wal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_is_asked_for_as_it_is_wanted_and_its_tokens_are_the_servers),
        TEST(several_texts_are_one_request_where_its_usage_has_them_all),
        TEST(several_texts_that_are_refused_are_asked_for_one_by_one),
        TEST(one_by_one_the_prompt_is_computed_again_unless_the_server_had_it),
        TEST(tokens_that_nobody_counts_are_as_many_as_there_may_be),
        TEST(a_text_ends_behind_its_stop_string),
        TEST(what_is_given_up_ends_at_once),
        TEST(a_server_that_is_busy_is_asked_again_and_nothing_is_lost),
        TEST(what_a_server_worked_on_in_vain_is_counted_as_recomputed),
        TEST(a_dead_servers_work_is_done_elsewhere_and_it_is_looked_at_again),
        TEST(without_any_server_the_engine_fails_after_a_while),
        TEST(a_request_that_is_wrong_is_not_repeated_and_its_words_hide_the_key),
        TEST(a_key_in_a_text_is_hidden),
        TEST(replies_of_the_wrong_shape_are_told),
        TEST(a_reply_without_an_end_is_left),
        TEST(fields_that_a_server_refuses_are_left_away),
        TEST(a_server_that_cannot_be_used_is_told_at_the_start),
        TEST(a_model_that_a_server_has_not_is_told_with_those_it_has),
        TEST(a_chat_that_goes_on_is_found_out),
        TEST(a_chat_that_repeats_what_is_begun_is_read_behind_it),
        TEST(a_chat_that_begins_anew_or_loses_line_ends_cannot_go_on),
        TEST(llama_servers_stand_in_for_a_chat_template_is_none),
        TEST(a_chat_is_sent_a_system_prompt_and_examples_as_messages),
        TEST(a_system_prompt_that_a_chat_refuses_opens_the_first_example),
        TEST(completions_show_examples_and_end_where_another_problem_begins),
        TEST(searches_that_a_server_cannot_do_are_refused_with_a_word_on_what_would_work),
        TEST(a_budget_of_flops_is_kept_where_prompts_are_read_again),
        TEST(an_evaluation_over_a_dying_server_is_whole_and_nothing_of_it_has_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
