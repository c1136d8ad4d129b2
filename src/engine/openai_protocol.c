#include "engine/openai_protocol.h"

#include <math.h>
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
        const struct example *example = &ask->examples->items[i];
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
    int failed = set(body, "temperature", json_real(s->temperature));
    failed |= set(body, "top_p", json_real(s->top_p));
    if (ask->takes & OPENAI_TAKES_CUTS) {
        failed |= set(body, "top_k", json_integer(s->top_k > 0 ? s->top_k : -1));
        failed |= set(body, "min_p", json_real(s->min_p));
    }
    if (ask->takes & OPENAI_TAKES_SEED)
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

int openai_body(const struct openai_ask *ask, char **body, struct ponder_err *err)
{
    json_t *root = json_pack("{s:s, s:i}", "model", ask->model, "max_tokens", ask->tokens_max);
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

/* ---- replies ---- */

static int wrong(struct ponder_err *err, const char *what)
{
    return err_set(err, PONDER_E_ENGINE, "the reply %s", what);
}

/* A count that a server tells; *value stays where it is absent or null. */
static int read_count(const json_t *object, const char *key, int64_t *value, bool *there,
                      struct ponder_err *err)
{
    const json_t *field = json_object_get(object, key);
    *there = field && !json_is_null(field);
    if (!*there)
        return PONDER_OK;
    json_int_t number = json_is_integer(field) ? json_integer_value(field) : -1;
    if (number < 0 || number > OPENAI_TOKENS_MAX)
        return err_set(err, PONDER_E_ENGINE, "the reply has a usage.%s that is no number of tokens", key);
    *value = number;
    return PONDER_OK;
}

static int read_usage(struct openai_reply *out, const json_t *root, struct ponder_err *err)
{
    const json_t *usage = json_object_get(root, "usage");
    bool prompt, generated, cached;
    if (usage && !json_is_null(usage) && !json_is_object(usage))
        return wrong(err, "has a usage that is no object");
    int status = read_count(usage, "prompt_tokens", &out->prompt_tokens, &prompt, err);
    if (!status)
        status = read_count(usage, "completion_tokens", &out->generated_tokens, &generated, err);
    if (!status)
        status = read_count(json_object_get(usage, "prompt_tokens_details"), "cached_tokens",
                            &out->cached_tokens, &cached, err);
    if (!status && out->cached_tokens > out->prompt_tokens)
        out->cached_tokens = out->prompt_tokens;
    out->counted = !status && prompt && generated;
    return status;
}

/* The stop string that ended the text, as the server tells; NULL: none, or it does not tell. */
static const char *stop_of(const json_t *root, const json_t *choice, bool *told)
{
    const json_t *vllm = json_object_get(choice, "stop_reason");
    const json_t *sglang = json_object_get(choice, "matched_stop");
    const json_t *llama = json_object_get(root, "__verbose");
    const char *type = json_string_value(json_object_get(llama, "stop_type"));
    *told = vllm || sglang || type;
    if (json_is_string(vllm) || json_is_string(sglang))
        return json_string_value(json_is_string(vllm) ? vllm : sglang);
    return type && strcmp(type, "word") == 0 ? json_string_value(json_object_get(llama, "stopping_word"))
                                             : NULL;
}

/* Where the first of the stop strings ends in the text; 0: there is none. */
static size_t stop_end(const struct openai_ask *ask, const char *text, size_t len)
{
    size_t first = 0;
    for (int i = 0; i < ask->stop_count; i++) {
        size_t n = strlen(ask->stops[i]);
        const char *hit = memmem(text, len, ask->stops[i], n);
        size_t end = hit ? (size_t)(hit - text) + n : 0;
        if (end && (first == 0 || end < first))
            first = end;
    }
    return first;
}

static int put_text(struct openai_choice *out, const char *text, size_t len, const char *stop)
{
    size_t more = stop ? strlen(stop) : 0;
    out->text = malloc(len + more + 1);
    if (!out->text)
        return PONDER_E_MEMORY;
    memcpy(out->text, text, len);
    if (more)
        memcpy(out->text + len, stop, more);
    out->len = len + more;
    out->text[out->len] = '\0';
    return PONDER_OK;
}

/* What ends a text may hold a stop string, or begin in front of one. */
static void cut_at_end(struct openai_choice *out, const struct openai_ask *ask)
{
    char *over = ask->end ? memmem(out->text, out->len, ask->end, strlen(ask->end)) : NULL;
    if (!over)
        return;
    *over = '\0';
    out->len = (size_t)(over - out->text);
    out->finish = ENGINE_FINISH_END;
}

/* A server takes the stop string away from the text, or it leaves it there, or it does not know of stops. */
static int end_text(struct openai_choice *out, const struct openai_ask *ask, const char *text, size_t len,
                    const char *stop, struct ponder_err *err)
{
    size_t end = stop_end(ask, text, len);
    bool known = false;
    for (int i = 0; stop && i < ask->stop_count; i++)
        known |= strcmp(stop, ask->stops[i]) == 0;
    if (end || known)
        out->finish = ENGINE_FINISH_STOP;
    if (put_text(out, text, end ? end : len, !end && known ? stop : NULL))
        return err_memory(err, "a reply");
    cut_at_end(out, ask);
    return PONDER_OK;
}

static int read_finish(struct openai_choice *out, const json_t *choice, struct ponder_err *err)
{
    static const char *const ends[] = {"stop", "eos", "eos_token", "stop_sequence"};
    const char *reason = json_string_value(json_object_get(choice, "finish_reason"));
    if (!reason)
        return wrong(err, "has a choice without a finish_reason");
    out->finish = ENGINE_FINISH_LENGTH;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(reason, ends[i]) == 0)
            out->finish = ENGINE_FINISH_END;
    if (out->finish == ENGINE_FINISH_LENGTH && strcmp(reason, "length") != 0)
        return err_set(err, PONDER_E_ENGINE, "the reply has a choice that ended as '%.40s'", reason);
    return PONDER_OK;
}

/* Adds one; false where it is no log-probability. */
static bool add_logprob(const json_t *value, double *sum)
{
    double logprob = json_number_value(value);
    *sum += logprob;
    return json_is_number(value) && logprob <= 1e-3 && isfinite(logprob);
}

/* Either form: {"token_logprobs": [LOGPROB..]}, or {"content": [{"logprob"}..]}. *entries is their number. */
static double logprob_of(json_t *choice, int64_t *entries)
{
    json_t *logprobs = json_object_get(choice, "logprobs"), *value;
    json_t *plain = json_object_get(logprobs, "token_logprobs"), *list = json_object_get(logprobs, "content");
    double sum = 0;
    bool ok = json_array_size(plain) + json_array_size(list) > 0;
    size_t i;
    json_array_foreach(plain, i, value) ok = add_logprob(value, &sum) && ok;
    json_array_foreach(list, i, value) ok = add_logprob(json_object_get(value, "logprob"), &sum) && ok;
    *entries = (int64_t)(json_array_size(plain) + json_array_size(list));
    return ok ? sum : NAN;
}

static json_t *text_of(const struct openai_ask *ask, const json_t *choice)
{
    if (ask->api != OPENAI_CHAT)
        return json_object_get(choice, "text");
    const json_t *message = json_object_get(choice, "message");
    return json_object_get(message, "content");
}

static int read_choice(struct openai_reply *out, struct openai_choice *into, const struct openai_ask *ask,
                       const json_t *root, json_t *choice, struct ponder_err *err)
{
    bool told, chat = ask->api == OPENAI_CHAT;
    const json_t *text = text_of(ask, choice);
    if (chat && !json_is_object(json_object_get(choice, "message")))
        return wrong(err, "has a choice without a message");
    if (!json_is_string(text) && !(chat && (!text || json_is_null(text)))) /* all of it may be thoughts */
        return wrong(err, chat ? "has a message whose content is no text" : "has a choice without a text");
    const char *bytes = json_is_string(text) ? json_string_value(text) : "";
    size_t len = json_is_string(text) ? json_string_length(text) : 0;
    if (ask->echoes && ask->begun_len) {
        if (len < ask->begun_len || memcmp(bytes, ask->begun, ask->begun_len) != 0)
            return wrong(err, "does not begin with what was to be continued");
        bytes += ask->begun_len;
        len -= ask->begun_len;
    }
    int status = read_finish(into, choice, err);
    const char *stop = stop_of(root, choice, &told);
    if (!status)
        status = end_text(into, ask, bytes, len, into->finish == ENGINE_FINISH_END ? stop : NULL, err);
    into->logprob = logprob_of(choice, &into->tokens);
    out->tells_stops &= told;
    return status;
}

/* The place of a choice: its index, or where it stands. */
static int place_of(const json_t *choice, size_t at, int count)
{
    const json_t *index = json_object_get(choice, "index");
    json_int_t place = json_is_integer(index) ? json_integer_value(index) : (json_int_t)at;
    return place >= 0 && place < count ? (int)place : -1;
}

static int read_choices(struct openai_reply *out, const struct openai_ask *ask, json_t *root,
                        struct ponder_err *err)
{
    json_t *choices = json_object_get(root, "choices"), *choice;
    size_t i, count = json_array_size(choices);
    int n = ask->takes & OPENAI_TAKES_N ? ask->n : 1, status = PONDER_OK;
    if (!json_is_array(choices))
        return wrong(err, "has no choices");
    if (count != (size_t)n)
        return err_set(err, PONDER_E_ENGINE, "the reply has %zu choices, and %d were asked for", count, n);
    out->count = n;
    out->tells_stops = true;
    json_array_foreach(choices, i, choice)
    {
        int place = place_of(choice, i, n);
        if (!status && (place < 0 || out->choices[place].text))
            status = wrong(err, "has choices of one index");
        if (!status)
            status = read_choice(out, &out->choices[place], ask, root, choice, err);
    }
    return status;
}

/* ---- tokens ---- */

/* As many as there may be where nobody counts: one a byte, and the end. */
static int64_t bound_of(const struct openai_ask *ask, const struct openai_choice *choice)
{
    bool all = choice->finish == ENGINE_FINISH_LENGTH || choice->len >= (size_t)ask->tokens_max;
    return all ? ask->tokens_max : (int64_t)choice->len + 1;
}

static void bound_tokens(struct openai_reply *out, const struct openai_ask *ask)
{
    out->prompt_tokens = (int64_t)(ask->prompt_len + ask->begun_len) + 1;
    out->cached_tokens = out->generated_tokens = 0;
    for (int i = 0; i < out->count; i++) {
        struct openai_choice *choice = &out->choices[i];
        if (choice->tokens == 0)
            choice->tokens = bound_of(ask, choice);
        out->generated_tokens += choice->tokens;
    }
}

/* The counted tokens are shared out by what is known of each choice: its log-probabilities, or its bytes. */
static void share_tokens(struct openai_reply *out)
{
    double all = 0, before = 0;
    bool listed = true;
    for (int i = 0; i < out->count; i++)
        listed &= out->choices[i].tokens > 0;
    for (int i = 0; i < out->count; i++)
        all += listed ? (double)out->choices[i].tokens : (double)out->choices[i].len + 1;
    for (int i = 0; i < out->count; i++) {
        struct openai_choice *choice = &out->choices[i];
        double own = listed ? (double)choice->tokens : (double)choice->len + 1;
        int64_t from = llround(before / all * (double)out->generated_tokens);
        before += own;
        choice->tokens = llround(before / all * (double)out->generated_tokens) - from;
    }
}

int openai_reply_read(struct openai_reply *out, const struct openai_ask *ask, const char *bytes, size_t len,
                      struct ponder_err *err)
{
    json_error_t error;
    *out = (struct openai_reply){0};
    json_t *root = json_loadb(bytes, len, JSON_ALLOW_NUL, &error);
    int status = PONDER_OK;
    if (!json_is_object(root))
        status = err_set(err, PONDER_E_ENGINE, "the reply is no JSON object: %.120s",
                         root ? "it is an array" : error.text);
    if (!status)
        status = read_usage(out, root, err);
    if (!status)
        status = read_choices(out, ask, root, err);
    if (!status && out->counted)
        share_tokens(out);
    else if (!status)
        bound_tokens(out, ask);
    json_decref(root);
    return status;
}

void openai_reply_release(struct openai_reply *reply)
{
    for (int i = 0; i < OPENAI_N_MAX; i++)
        free(reply->choices[i].text);
    *reply = (struct openai_reply){0};
}
