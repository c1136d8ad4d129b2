/* openai_reply.c - reading what servers reply: texts, how they ended, and what they took. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "http/json_reply.h"
#include "engine/openai_protocol.h"
#include "engine/openai_stream.h"

static int reply_wrong(struct ponder_err *err, const char *what)
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
        return reply_wrong(err, "has a usage that is no object");
    int status = read_count(usage, "prompt_tokens", &out->prompt_tokens, &prompt, err);
    if (!status)
        status = read_count(usage, "completion_tokens", &out->generated_tokens, &generated, err);
    if (!status)
        status = read_count(json_object_get(usage, "prompt_tokens_details"), "cached_tokens",
                            &out->cached_tokens, &cached, err);
    if (!status && out->cached_tokens > out->prompt_tokens)
        out->cached_tokens = out->prompt_tokens;
    out->counted = !status && prompt && generated && out->prompt_tokens > 0;
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
    size_t end = engine_stop_end(ask->stops, ask->stop_count, text, len, 0);
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

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(word, words[i]) == 0)
            return true;
    return false;
}

/* Words for an end differ. One that is not known, or none, is an end by itself unless all tokens were used.
 */
static int read_finish(struct openai_choice *out, const struct openai_ask *ask, const json_t *choice,
                       struct ponder_err *err)
{
    static const char *const ends[] = {"stop", "eos", "eos_token", "end_turn", "stop_sequence"};
    static const char *const cuts[] = {"length", "max_tokens", "max_output_tokens", "model_length"};
    static const char *const losses[] = {"content_filter", "safety", "error", "abort", "cancelled"};
    const json_t *field = json_object_get(choice, "finish_reason");
    const char *reason = json_is_string(field) ? json_string_value(field) : "";
    if (field && !json_is_null(field) && !json_is_string(field))
        return reply_wrong(err, "has a choice whose finish_reason is no text");
    if (is_one_of(reason, losses, sizeof losses / sizeof *losses))
        return err_set(err, PONDER_E_ENGINE, "the reply has a choice that ended as '%.40s'", reason);
    bool cut = is_one_of(reason, cuts, sizeof cuts / sizeof *cuts) ||
               (!is_one_of(reason, ends, sizeof ends / sizeof *ends) && out->tokens >= ask->tokens_max);
    out->finish = cut ? ENGINE_FINISH_LENGTH : ENGINE_FINISH_END;
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

/* Bytes of the thoughts that a message has in a field of their own. */
static size_t thoughts_of(const json_t *message)
{
    const json_t *thoughts = json_object_get(message, "reasoning_content");
    thoughts = json_is_string(thoughts) ? thoughts : json_object_get(message, "reasoning");
    return json_string_length(thoughts);
}

/* Whether all that came are thoughts: of their own field, or in the text and without an end. */
static bool is_all_thoughts(const struct openai_choice *choice, const json_t *message)
{
    size_t blank = strspn(choice->text, " \t\r\n");
    if (blank == choice->len)
        return thoughts_of(message) > 0;
    return strncmp(choice->text + blank, "<think>", 7) == 0 && !strstr(choice->text, "</think>");
}

/* Appends the choice's text; a chat's may be a list of parts, or none, where all of it is thoughts. */
static int put_own_text(struct buf *out, const struct openai_ask *ask, const json_t *choice,
                        struct ponder_err *err)
{
    const json_t *message = json_object_get(choice, "message"),
                 *content = json_object_get(message, "content");
    if (ask->api != OPENAI_CHAT) {
        const json_t *text = json_object_get(choice, "text");
        if (!json_is_string(text))
            return reply_wrong(err, "has a choice without a text");
        buf_append(out, json_string_value(text), json_string_length(text));
    } else {
        if (!json_is_object(message))
            return reply_wrong(err, "has a choice without a message");
        bool parts = json_is_object(json_array_get(content, 0)) ||
                     (json_is_array(content) && !json_array_size(content));
        if (content && !json_is_null(content) && !json_is_string(content) && !parts)
            return reply_wrong(err, "has a message whose content is no text");
        openai_append_parts(out, content);
    }
    return buf_ok(out) ? PONDER_OK : err_memory(err, "a reply");
}

/* Takes what was begun away from a reply that repeats it. */
static int skip_begun(const struct openai_ask *ask, const char **text, size_t *len, struct ponder_err *err)
{
    if (!ask->echoes || !ask->begun_len)
        return PONDER_OK;
    if (*len < ask->begun_len || memcmp(*text, ask->begun, ask->begun_len) != 0)
        return reply_wrong(err, "does not begin with what was to be continued");
    *text += ask->begun_len;
    *len -= ask->begun_len;
    return PONDER_OK;
}

/* Tokens that a choice is seen to have, where its reply does not count. */
static int64_t seen_tokens(const struct openai_reply *reply, const struct openai_choice *choice,
                           const json_t *from)
{
    if (choice->listed || !reply->partial || reply->counted)
        return choice->listed;
    return json_integer_value(json_object_get(from, "events"));
}

static int read_choice(struct openai_reply *out, struct openai_choice *into, const struct openai_ask *ask,
                       const json_t *root, json_t *choice, struct ponder_err *err)
{
    bool told;
    struct buf own = BUF_INIT(SIZE_MAX / 2);
    int status = put_own_text(&own, ask, choice, err);
    const char *text = buf_text(&own), *stop = stop_of(root, choice, &told);
    size_t len = own.len;
    if (!status)
        status = skip_begun(ask, &text, &len, err);
    into->logprob = logprob_of(choice, &into->listed);
    into->listed = seen_tokens(out, into, choice);
    into->tokens = into->listed ? into->listed : out->count == 1 && out->counted ? out->generated_tokens : 0;
    if (!status)
        status = read_finish(into, ask, choice, err);
    if (!status)
        status = end_text(into, ask, text, len, into->finish == ENGINE_FINISH_END ? stop : NULL, err);
    into->thoughts = !status && into->finish == ENGINE_FINISH_LENGTH &&
                     is_all_thoughts(into, json_object_get(choice, "message"));
    out->thinks |= thoughts_of(json_object_get(choice, "message")) > 0;
    out->tells_stops &= told;
    buf_release(&own);
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
        return reply_wrong(err, "has no choices");
    bool fewer = n > 1 && count > 0 && count < (size_t)n; /* it gives no more at once */
    if (count != (size_t)n && !fewer)
        return err_set(err, PONDER_E_ENGINE, "the reply has %zu choices, and %d were asked for", count, n);
    out->count = (int)count;
    out->tells_stops = true;
    json_array_foreach(choices, i, choice)
    {
        int place = place_of(choice, i, out->count);
        if (!status && (place < 0 || out->choices[place].text))
            status = reply_wrong(err, "has choices of one index");
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
        choice->tokens = choice->listed ? choice->listed : bound_of(ask, choice);
        out->generated_tokens += choice->tokens;
    }
}

/* The counted tokens are shared out by what is known of each choice: its log-probabilities, or its bytes.
 * Some servers count one choice of several: then all have as many as they list. */
static void share_tokens(struct openai_reply *out)
{
    double all = 0, before = 0;
    bool listed = true;
    int64_t total = 0;
    for (int i = 0; i < out->count; i++) {
        listed &= out->choices[i].listed > 0;
        total += out->choices[i].listed;
    }
    if (listed && out->count > 1 && total > out->generated_tokens)
        out->generated_tokens = total;
    for (int i = 0; i < out->count; i++)
        all += listed ? (double)out->choices[i].listed : (double)out->choices[i].len + 1;
    for (int i = 0; i < out->count; i++) {
        struct openai_choice *choice = &out->choices[i];
        double own = listed ? (double)choice->listed : (double)choice->len + 1;
        int64_t from = llround(before / all * (double)out->generated_tokens);
        before += own;
        choice->tokens = llround(before / all * (double)out->generated_tokens) - from;
    }
}

/* Beside texts, a usage of nothing was not counted. */
static bool is_counted(const struct openai_reply *reply)
{
    bool some = false;
    for (int i = 0; i < reply->count; i++)
        some |= reply->choices[i].len > 0;
    return reply->counted && (reply->generated_tokens > 0 || !some);
}

/* ---- a reply ---- */

/* Its object; a stream that nobody asked for is put together. */
static json_t *root_of(const char *bytes, size_t len, bool partial, int *status, struct ponder_err *err)
{
    json_error_t error;
    bool whole = true, stream = openai_is_stream(bytes, len);
    json_t *root = stream ? openai_stream_reply(bytes, len, &whole) : json_reply(bytes, len, &error);
    *status = PONDER_OK;
    if (stream && !root)
        *status = err_memory(err, "a reply");
    else if (!whole && !partial)
        *status = reply_wrong(err, "is a stream that breaks off");
    else if (!json_is_object(root))
        *status = err_set(err, PONDER_E_ENGINE, "the reply is no JSON object: %.120s",
                          root ? "it is an array" : error.text);
    return root;
}

static int read_reply(struct openai_reply *out, const struct openai_ask *ask, const char *bytes, size_t len,
                      bool partial, struct ponder_err *err)
{
    *out = (struct openai_reply){.partial = partial, .streamed = openai_is_stream(bytes, len)};
    int status;
    json_t *root = root_of(bytes, len, partial, &status, err);
    if (!status)
        status = read_usage(out, root, err);
    if (!status)
        status = read_choices(out, ask, root, err);
    if (!status && (out->counted = is_counted(out)))
        share_tokens(out);
    else if (!status)
        bound_tokens(out, ask);
    json_decref(root);
    return status;
}

int openai_reply_read(struct openai_reply *out, const struct openai_ask *ask, const char *bytes, size_t len,
                      struct ponder_err *err)
{
    return read_reply(out, ask, bytes, len, false, err);
}

int openai_reply_read_partial(struct openai_reply *out, const struct openai_ask *ask, const char *bytes,
                              size_t len, struct ponder_err *err)
{
    if (!openai_is_stream(bytes, len))
        return PONDER_E_ENGINE;
    return read_reply(out, ask, bytes, len, true, err);
}

void openai_reply_release(struct openai_reply *reply)
{
    for (int i = 0; i < OPENAI_N_MAX; i++)
        free(reply->choices[i].text);
    *reply = (struct openai_reply){0};
}
