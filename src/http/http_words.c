/* http_words.c - what servers say is wrong, in whatever place they say it: in replies of an error's status,
 * and in those of status 200 that are an error all the same. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "http/http.h"
#include "core/json.h"
#include "http/json_reply.h"

/* ---- the object that has the error ---- */

/* Whether the value says anything. */
static bool says_something(const json_t *value)
{
    return json_object_size(value) > 0 || json_string_length(value) > 0;
}

/* The error in a reply's object: {"error": ..}, {"choices": [{"error": ..}]}, or all of {"object": "error"}.
 */
static const json_t *error_of(const json_t *root)
{
    const char *object = json_string_value(json_object_get(root, "object"));
    const json_t *error = json_object_get(root, "error");
    const json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    if (says_something(error))
        return error;
    if (says_something(json_object_get(choice, "error")))
        return json_object_get(choice, "error");
    return object && strcmp(object, "error") == 0 ? root : NULL;
}

/* The first event of a stream that has an error, which the caller releases; NULL: none has. */
static json_t *error_event(const char *bytes, size_t len)
{
    static const char data[] = "data:";
    for (const char *at = bytes, *end = bytes + len, *next; at < end; at = next) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        next = line_end ? line_end + 1 : end;
        size_t n = (size_t)(next - at);
        if (n < sizeof data || memcmp(at, data, sizeof data - 1) != 0 || !memmem(at, n, "\"error\"", 7))
            continue;
        json_error_t ignored;
        json_t *event = json_reply(at + sizeof data - 1, n - (sizeof data - 1), &ignored);
        if (error_of(event))
            return event;
        json_decref(event);
    }
    return NULL;
}

/* The reply as JSON, or the event of it that has an error. */
static json_t *root_of(const char *bytes, size_t len)
{
    json_error_t ignored;
    json_t *root = json_reply(bytes, len, &ignored);
    return root ? root : error_event(bytes, len);
}

/* ---- its code ---- */

/* A number of HTTP's statuses for errors, or such a number in a text; 0: none. */
static long number_of(const json_t *value)
{
    const char *text = json_string_value(value);
    json_int_t number = text ? atol(text) : json_integer_value(value);
    return number >= 400 && number < 600 ? (long)number : 0;
}

/* Some have names in place of numbers: those of "later, please". */
static bool is_later(const json_t *value)
{
    static const char *const names[] = {"rate_limit", "overloaded", "resource_exhausted",
                                        "too_many_requests"};
    const char *text = json_string_value(value);
    for (size_t i = 0; text && i < sizeof names / sizeof *names; i++)
        if (strcasestr(text, names[i]))
            return true;
    return false;
}

long http_error_inside(const char *bytes, size_t len)
{
    static const char *const keys[] = {"code", "status", "status_code", "type"};
    if (!memmem(bytes, len, "\"error\"", 7))
        return 0;
    json_t *root = root_of(bytes, len);
    const json_t *error = error_of(root);
    long code = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && error && !code; i++)
        code = number_of(json_object_get(error, keys[i]));
    for (size_t i = 0; i < sizeof keys / sizeof *keys && error && !code; i++)
        code = is_later(json_object_get(error, keys[i])) ? 429 : 0;
    code = error && !code ? 400 : code;
    json_decref(root);
    return code;
}

/* ---- its words ---- */

/* FastAPI's {"detail": [{"loc": ["body", "n"], "msg": "a whole number is wanted"}]}. */
static void put_detail(struct buf *out, json_t *detail)
{
    const json_t *first = json_array_get(detail, 0);
    const char *message = json_string_value(json_object_get(first, "msg"));
    json_t *place = json_object_get(first, "loc"), *part;
    size_t i;
    if (!message)
        return;
    json_array_foreach(place, i, part) if (json_is_string(part))
        buf_printf(out, "%s%s", out->len ? "." : "", json_string_value(part));
    buf_printf(out, "%s%s", out->len ? ": " : "", message);
}

char *http_words(const char *bytes, size_t len)
{
    json_t *root = root_of(bytes, len);
    const json_t *error = error_of(root);
    const json_t *places[] = {json_object_get(error, "message"), error, json_object_get(root, "message"),
                              json_object_get(root, "detail")};
    struct buf out = BUF_INIT(HTTP_REPLY_BYTES_MAX);
    for (size_t i = 0; i < sizeof places / sizeof *places && !out.len; i++)
        if (json_is_string(places[i]))
            buf_puts(&out, json_string_value(places[i]));
    if (!out.len)
        put_detail(&out, json_object_get(root, "detail"));
    if (!out.len)
        buf_append(&out, bytes, strnlen(bytes, len));
    json_decref(root);
    char *words = buf_ok(&out) ? buf_take(&out, NULL) : NULL;
    buf_release(&out);
    return words;
}
