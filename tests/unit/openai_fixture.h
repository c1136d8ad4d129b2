/* openai_fixture.h - servers of canned replies that speak OpenAI's protocol, and an engine over them. */
#ifndef OPENAI_FIXTURE_H
#define OPENAI_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

static inline int begin(void **state)
{
    (void)state;
    stub_start(&server);
    stub_start(&second);
    setenv("STUB_KEY", KEY, 1);
    return 0;
}

static inline int end(void **state)
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

static inline void add(struct stub_server *at, struct stub_rule rule)
{
    rule.path = rule.path ? rule.path : "/v1/completions";
    stub_add(at, rule);
}

/* The tiny requests at the start: a server of completions that takes everything, one text a request. */
static inline void add_start(struct stub_server *at)
{
    add(at, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(at,
        (struct stub_rule){.contains = "\"n\":2", .status = 400, .body = "{\"message\": \"one choice\"}"});
    add(at, (struct stub_rule){.contains = COUNTING, .body = ONE("1 2 3", 20, 4)});
}

/* The same, and several texts a request. */
static inline void add_start_with_n(struct stub_server *at)
{
    add(at, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(at, (struct stub_rule){.contains = "\"n\":2",
                               .body = "{\"choices\": [" CHOICE(0, "1 2", "") ", " CHOICE(
                                   1, "3 4", "") "], " USAGE(20, 8) "}"});
    add(at, (struct stub_rule){.contains = COUNTING, .body = ONE("1 2 3", 20, 4)});
}

/* ---- chats ---- */

#define SAYS(text, prompt, generated)                                                                        \
    "{\"choices\": [{\"message\": {\"role\": \"assistant\", \"content\": \"" text                            \
    "\"}, \"finish_reason\": \"stop\", \"stop_reason\": null}], " USAGE(prompt, generated) "}"

static inline void add_chat(const char *contains, const char *body)
{
    add(&server, (struct stub_rule){.path = "/v1/chat/completions", .contains = contains, .body = body});
}

/* Behind "1 2" it says `more`, and its prompt has so many tokens; behind "1 2\n" so many. */
static inline void add_chat_start(const char *behind, const char *behind_line)
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

/* ---- an engine over them ---- */

struct fixture {
    struct openai_model *model;
    struct engine *engine;
    int64_t node;
};

static double request_s = 5;  /* the time that a request has */
static double patience_s = 3; /* .. and servers that do not answer */
static int64_t thinking_max;

static inline int open_model(struct openai_model **out, int count, enum openai_api api, const char *key)
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
                                     .timeout_s = request_s,
                                     .thinking_max = thinking_max,
                                     .patience_s = patience_s,
                                     .first_wait_s = 0.01,
                                     .aside_s = 0.05};
    err = (struct ponder_err){0};
    return openai_model_open(out, &options, &err);
}

static inline void opened_as(struct fixture *f, int count, enum openai_api api)
{
    if (open_model(&f->model, count, api, NULL) || openai_open(&f->engine, f->model, &err) ||
        engine_prompt(f->engine, 0, "Q?", 2, &f->node, &err))
        fail_msg("%s", err.message);
}

static inline void opened(struct fixture *f, int count)
{
    opened_as(f, count, OPENAI_COMPLETIONS);
}

static inline void closed(struct fixture *f)
{
    engine_node_release(f->engine, f->node);
    assert_int_equal(openai_state_get(f->engine).nodes, 0);
    engine_release(f->engine);
    openai_model_release(f->model);
}

static inline void submit_at(struct fixture *f, int64_t node, int64_t tag, const char *const *stops)
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

static inline void submit(struct fixture *f, int64_t tag)
{
    submit_at(f, f->node, tag, NULL);
}

static inline struct engine_result taken(struct fixture *f)
{
    struct engine_result result;
    while (!engine_take(f->engine, &result))
        if (engine_step(f->engine, 0.05, &err) < 0)
            fail_msg("%s", err.message);
    return result;
}

static inline void done_with(struct fixture *f, struct engine_result *result)
{
    engine_node_release(f->engine, result->node);
    engine_result_clear(result);
}

static inline struct engine_usage usage_of(const struct fixture *f)
{
    struct engine_usage usage;
    engine_usage_get(f->engine, &usage);
    return usage;
}

static inline void check_says(const char *said, const char *what)
{
    if (!said || !strstr(said, what))
        fail_msg("'%s' does not say: %s", said ? said : "nothing", what);
}

/* One request comes to nothing, and says why. */
static inline void check_failure(struct fixture *f, const char *what)
{
    submit(f, 1);
    struct engine_result result = taken(f);
    assert_int_equal(result.finish, ENGINE_FINISH_FAILED);
    assert_int_equal(result.status, PONDER_E_ENGINE);
    check_says(result.error, what);
    done_with(f, &result);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
