#include "engine/openai_protocol.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

const char *openai_path(enum openai_api api)
{
    return api == OPENAI_CHAT ? "/v1/chat/completions" : "/v1/completions";
}

/* ---- requests ---- */

static json_t *message(const char *role, const char *text, size_t len)
{
    return json_pack("{s:s, s:o}", "role", role, "content", json_from_text(text, len));
}

/* A user's message; the first has the system prompt in front where there is no place for it. */
static json_t *users_message(const struct openai_ask *ask, bool first, const char *own, size_t len)
{
    struct buf text = BUF_INIT(SIZE_MAX / 2);
    if (!first || !ask->system || (ask->takes & OPENAI_TAKES_SYSTEM))
        return message("user", own, len);
    buf_printf(&text, "%s\n\n", ask->system);
    buf_append(&text, own, len);
    json_t *value = buf_ok(&text) ? message("user", buf_text(&text), text.len) : NULL;
    buf_release(&text);
    return value;
}

/* Appends the examples as turns. */
static int put_examples(json_t *list, const struct openai_ask *ask)
{
    int left_out = examples_left_out(ask->examples, ask->prompt, ask->prompt_len), failed = 0;
    bool first = true;
    for (int i = 0; i < ask->examples->count; i++) {
        const struct worked_example *example = &ask->examples->items[i];
        if (i == left_out)
            continue;
        failed |= json_array_append_new(
            list, users_message(ask, first, example->problem, strlen(example->problem)));
        failed |=
            json_array_append_new(list, message("assistant", example->solution, strlen(example->solution)));
        first = false;
    }
    return failed;
}

static json_t *messages_of(const struct openai_ask *ask)
{
    json_t *list = json_array();
    int failed = !list;
    if (ask->system && (ask->takes & OPENAI_TAKES_SYSTEM))
        failed |= json_array_append_new(list, message("system", ask->system, strlen(ask->system)));
    if (ask->examples)
        failed |= put_examples(list, ask);
    failed |= json_array_append_new(list, users_message(ask, !ask->examples, ask->prompt, ask->prompt_len));
    if (ask->begun_len)
        failed |= json_array_append_new(list, message("assistant", ask->begun, ask->begun_len));
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

/* One text of both, so that a character which is cut in two by their border is whole. */
static json_t *joined(const struct openai_ask *ask)
{
    struct buf text = BUF_INIT(SIZE_MAX / 2);
    buf_append(&text, ask->prompt, ask->prompt_len);
    buf_append(&text, ask->begun, ask->begun_len);
    json_t *value = buf_ok(&text) ? json_from_text(buf_text(&text), text.len) : NULL;
    buf_release(&text);
    return value;
}

static int set(json_t *body, const char *key, json_t *value)
{
    return json_object_set_new(body, key, value);
}

static int set_prompt(json_t *body, const struct openai_ask *ask)
{
    if (ask->api != OPENAI_CHAT)
        return set(body, "prompt", joined(ask));
    int failed = set(body, "messages", messages_of(ask));
    if (ask->begun_len) {
        failed |= set(body, "continue_final_message", json_true());
        failed |= set(body, "add_generation_prompt", json_false());
    }
    return failed;
}

/* Every rule for drawing is stated: a server's own defaults may be others. -1 is "all" to every server that
 * knows top_k. */
static int set_sampling(json_t *body, const struct openai_ask *ask)
{
    const struct engine_sampling *s = &ask->sampling;
    int failed = 0;
    if (ask->takes & OPENAI_TAKES_TEMPERATURE)
        failed |= set(body, "temperature", json_real(s->temperature));
    if (ask->takes & OPENAI_TAKES_TOP_P)
        failed |= set(body, "top_p", json_real(s->top_p));
    if (ask->takes & OPENAI_TAKES_CUTS) {
        failed |= set(body, "top_k", json_integer(s->top_k > 0 ? s->top_k : -1));
        failed |= set(body, "min_p", json_real(s->min_p));
    }
    if ((ask->takes & OPENAI_TAKES_SEED) && !ask->seedless)
        failed |=
            set(body, "seed", json_integer((json_int_t)((ask->stream ^ ask->stream >> 32) & INT32_MAX)));
    return failed;
}

static int set_stops(json_t *body, const struct openai_ask *ask)
{
    json_t *stops = json_array();
    int failed = !stops;
    if (ask->end)
        failed |= json_array_append_new(stops, json_from_string(ask->end));
    for (int i = 0; i < ask->stop_count; i++)
        failed |= json_array_append_new(stops, json_from_string(ask->stops[i]));
    return failed | set(body, "stop", stops);
}

/* What of an effort comes nearest to a number of tokens. */
static const char *effort_of(int64_t tokens)
{
    return tokens <= 1024 ? "low" : tokens <= 8192 ? "medium" : "high";
}

static int set_thinking(json_t *body, const struct openai_ask *ask)
{
    int failed = 0;
    switch (ask->thinking) {
    case OPENAI_THINKING_VLLM:
        return set(body, "thinking_token_budget", json_integer(ask->thinking_max));
    case OPENAI_THINKING_LLAMA_SERVER:
        failed = set(body, "thinking_budget_tokens", json_integer(ask->thinking_max));
        return failed | set(body, "reasoning_budget_tokens", json_integer(ask->thinking_max));
    case OPENAI_THINKING_EFFORT:
        break;
    }
    return set(body, "reasoning_effort", json_string(effort_of(ask->thinking_max)));
}

static int set_stream(json_t *body)
{
    int failed = set(body, "stream", json_true());
    return failed | set(body, "stream_options", json_pack("{s:b}", "include_usage", 1));
}

int openai_body(const struct openai_ask *ask, char **body, struct ponder_err *err)
{
    const char *most = ask->takes & OPENAI_TAKES_MAX_TOKENS ? "max_tokens" : "max_completion_tokens";
    json_t *root = json_pack("{s:s, s:i}", "model", ask->model, most, ask->tokens_max);
    int failed = !root;
    failed |= set_prompt(root, ask);
    failed |= set_sampling(root, ask);
    if (ask->stop_count || ask->end)
        failed |= set_stops(root, ask);
    if (ask->stop_count && (ask->takes & OPENAI_TAKES_VERBOSE))
        failed |= set(root, "verbose", json_true());
    if (ask->n > 1 && (ask->takes & OPENAI_TAKES_N))
        failed |= set(root, "n", json_integer(ask->n));
    if (ask->takes & OPENAI_TAKES_LOGPROBS)
        failed |= set(root, "logprobs", ask->api == OPENAI_CHAT ? json_true() : json_integer(1));
    if (ask->api == OPENAI_CHAT && (ask->takes & OPENAI_TAKES_LOGPROBS))
        failed |= set(root, "top_logprobs", json_integer(1));
    if (ask->streamed && (ask->takes & OPENAI_TAKES_STREAM))
        failed |= set_stream(root);
    if (ask->api == OPENAI_CHAT && ask->thinking_max != OPENAI_THINKING_ANY)
        failed |= set_thinking(root, ask);
    if (failed) {
        json_decref(root);
        root = NULL;
    }
    return json_print(root, body, err);
}

size_t openai_reply_bytes(const struct openai_ask *ask)
{
    enum { FIXED_BYTES = 1 << 20, TOKEN_BYTES = 1 << 10, MOST_BYTES = 1 << 24 };
    size_t tokens = (size_t)ask->tokens_max * (size_t)ask->n, room = (MOST_BYTES - FIXED_BYTES) / TOKEN_BYTES;
    return tokens < room ? FIXED_BYTES + tokens * TOKEN_BYTES : MOST_BYTES;
}
