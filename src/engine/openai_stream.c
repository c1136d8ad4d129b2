/* openai_stream.c - a reply that comes as events, put together to one that does not.
 *
 * An event is a line "data: JSON", the last one "data: [DONE]". Each has a piece of one or several choices,
 * in `delta` of chats and `text` of completions; the usage comes in an event without choices, or a running
 * one in every event. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/json.h"
#include "http/json_reply.h"
#include "engine/openai_stream.h"

enum { EVENTS_BYTES_MAX = 1 << 24 };

/* What has come of a choice. */
struct piece {
    struct buf text, thoughts;
    json_t *told;     /* its fields that are no text, as they were last told */
    json_t *logprobs; /* [{"logprob"}..] */
    int events;       /* with text or thoughts in them */
    bool seen, ended;
};

struct events {
    struct piece pieces[OPENAI_STREAMED_MAX];
    json_t *usage, *running, *verbose; /* borrowed from nobody; NULL: not told */
    bool done, chat;
};

static void append_text(struct buf *out, const json_t *value)
{
    if (json_is_string(value))
        buf_append(out, json_string_value(value), json_string_length(value));
}

void openai_append_parts(struct buf *out, const json_t *content)
{
    json_t *part;
    size_t i;
    append_text(out, content);
    json_array_foreach(content, i, part)
    {
        const char *type = json_string_value(json_object_get(part, "type"));
        if (!type || strcmp(type, "text") == 0 || strcmp(type, "output_text") == 0)
            append_text(out, json_object_get(part, "text"));
    }
}

/* Either form of log-probabilities, each token's as an object. */
static int take_logprobs(struct piece *piece, json_t *logprobs)
{
    json_t *value;
    size_t i;
    int failed = 0;
    json_array_foreach(json_object_get(logprobs, "content"), i, value) failed |=
        json_array_append(piece->logprobs, value);
    json_array_foreach(json_object_get(logprobs, "token_logprobs"), i, value) failed |=
        json_array_append_new(piece->logprobs, json_pack("{s:O}", "logprob", value));
    return failed;
}

static int take_choice(struct events *events, json_t *choice)
{
    static const char *const kept[] = {"finish_reason", "stop_reason", "matched_stop"};
    const json_t *index = json_object_get(choice, "index"), *delta = json_object_get(choice, "delta");
    json_int_t at = json_integer_value(index);
    if (!json_is_object(choice) || at < 0 || at >= OPENAI_STREAMED_MAX)
        return 0;
    struct piece *piece = &events->pieces[at];
    delta = delta ? delta : json_object_get(choice, "message");
    events->chat |= json_is_object(delta);
    piece->seen = true;
    size_t before = piece->text.len + piece->thoughts.len;
    append_text(&piece->text, json_object_get(choice, "text"));
    openai_append_parts(&piece->text, json_object_get(delta, "content"));
    append_text(&piece->thoughts, json_object_get(delta, "reasoning_content"));
    if (!json_object_get(delta, "reasoning_content"))
        append_text(&piece->thoughts, json_object_get(delta, "reasoning"));
    piece->events += piece->text.len + piece->thoughts.len > before;
    int failed = take_logprobs(piece, json_object_get(choice, "logprobs"));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        json_t *value = json_object_get(choice, kept[i]);
        if (value && (!json_is_null(value) || !json_object_get(piece->told, kept[i])))
            failed |= json_object_set(piece->told, kept[i], value);
    }
    piece->ended |= json_string_length(json_object_get(choice, "finish_reason")) > 0;
    return failed;
}

/* The usage of an event without choices counts beside others of the kind; of the running ones the last does.
 */
static int take_usage(struct events *events, json_t *usage, bool alone)
{
    static const char key[] = "completion_tokens";
    json_t **place = alone ? &events->usage : &events->running;
    if (!json_is_object(usage))
        return 0;
    json_int_t before = alone ? json_integer_value(json_object_get(*place, key)) : 0;
    json_int_t tokens = json_integer_value(json_object_get(usage, key));
    json_decref(*place);
    *place = json_copy(usage);
    bool sum = before > 0 && tokens > 0 && tokens <= INT32_MAX && before <= INT32_MAX;
    return !*place || (sum && json_object_set_new(*place, key, json_integer(before + tokens)));
}

static int take_event(struct events *events, json_t *event)
{
    json_t *choices = json_object_get(event, "choices"), *choice;
    json_t *verbose = json_object_get(event, "__verbose");
    size_t i;
    int failed = take_usage(events, json_object_get(event, "usage"), json_array_size(choices) == 0);
    json_array_foreach(choices, i, choice) failed |= take_choice(events, choice);
    if (verbose) {
        json_decref(events->verbose);
        events->verbose = json_incref(verbose);
    }
    return failed;
}

/* Reads the lines that are whole. */
static int take_lines(struct events *events, const char *bytes, size_t len)
{
    static const char data[] = "data:", done[] = "[DONE]";
    int failed = 0;
    for (const char *at = bytes, *end = bytes + len, *next; at < end && !failed; at = next) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        next = line_end ? line_end + 1 : end;
        size_t n = (size_t)(next - at);
        if (n < sizeof data || memcmp(at, data, sizeof data - 1) != 0)
            continue;
        at += sizeof data - 1;
        n -= sizeof data - 1;
        events->done |= memmem(at, n < 16 ? n : 16, done, sizeof done - 1) != NULL;
        json_error_t ignored;
        json_t *event = json_reply(at, n, &ignored);
        failed = json_is_object(event) ? take_event(events, event) : 0;
        json_decref(event);
    }
    return failed;
}

/* ---- the whole ---- */

static json_t *choice_of(const struct events *events, struct piece *piece, int index)
{
    json_t *text = json_stringn(buf_text(&piece->text), piece->text.len), *choice = json_copy(piece->told);
    int failed = !text || !choice || !buf_ok(&piece->text) ||
                 json_object_set_new(choice, "index", json_integer(index)) ||
                 json_object_set_new(choice, "events", json_integer(piece->events));
    if (!events->chat) {
        failed |= json_object_set_new(choice, "text", text);
    } else {
        json_t *thoughts = json_stringn(buf_text(&piece->thoughts), piece->thoughts.len);
        failed |= json_object_set_new(
            choice, "message", json_pack("{s:o, s:o}", "content", text, "reasoning_content", thoughts));
    }
    if (json_array_size(piece->logprobs) > 0)
        failed |= json_object_set_new(choice, "logprobs", json_pack("{s:O}", "content", piece->logprobs));
    if (!failed)
        return choice;
    json_decref(choice);
    return NULL;
}

static json_t *put_together(struct events *events, bool *whole)
{
    json_t *choices = json_array(), *root = json_object(),
           *usage = events->usage ? events->usage : events->running;
    int failed = !choices || !root, seen = 0, ended = 0;
    for (int i = 0; i < OPENAI_STREAMED_MAX; i++) {
        struct piece *piece = &events->pieces[i];
        if (!piece->seen)
            continue;
        failed |= json_array_append_new(choices, choice_of(events, piece, i));
        seen++;
        ended += piece->ended;
    }
    failed |= json_object_set_new(root, "choices", choices);
    if (usage)
        failed |= json_object_set(root, "usage", usage);
    if (events->verbose)
        failed |= json_object_set(root, "__verbose", events->verbose);
    *whole = seen > 0 && (events->done || ended == seen);
    if (!failed)
        return root;
    json_decref(root);
    return NULL;
}

bool openai_is_stream(const char *bytes, size_t len)
{
    static const char *const opens[] = {"data:", "event:", "id:", "retry:"};
    size_t start = json_reply_start(bytes, len);
    for (size_t i = 0; i < sizeof opens / sizeof *opens; i++)
        if (len - start >= strlen(opens[i]) && memcmp(bytes + start, opens[i], strlen(opens[i])) == 0)
            return true;
    return false;
}

json_t *openai_stream_reply(const char *bytes, size_t len, bool *whole)
{
    struct events events = {0};
    int failed = 0;
    size_t start = json_reply_start(bytes, len);
    for (int i = 0; i < OPENAI_STREAMED_MAX; i++) {
        struct piece *piece = &events.pieces[i];
        piece->text = piece->thoughts = BUF_INIT(EVENTS_BYTES_MAX);
        piece->told = json_object();
        piece->logprobs = json_array();
        failed |= !piece->told || !piece->logprobs;
    }
    *whole = false;
    failed = failed || take_lines(&events, bytes + start, len - start);
    json_t *root = failed ? NULL : put_together(&events, whole);
    for (int i = 0; i < OPENAI_STREAMED_MAX; i++) {
        buf_release(&events.pieces[i].text);
        buf_release(&events.pieces[i].thoughts);
        json_decref(events.pieces[i].told);
        json_decref(events.pieces[i].logprobs);
    }
    json_decref(events.usage);
    json_decref(events.running);
    json_decref(events.verbose);
    return root;
}
