/* json_reply.c - JSON as servers send it: with a byte order mark or comments in front, in characters of which
 * half is missing, with numbers that JSON has no words for. */
#include <ctype.h>
#include <string.h>

#include "core/buf.h"
#include "core/json.h"
#include "http/json_reply.h"
#include "core/utf8.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

size_t json_reply_start(const char *bytes, size_t len)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t at = 0;
    for (;;) {
        while (at < len && isspace((unsigned char)bytes[at]))
            at++;
        if (len - at >= 3 && memcmp(bytes + at, mark, 3) == 0)
            at += 3;
        else if (at < len && bytes[at] == ':') { /* a comment of an event stream */
            const char *end = memchr(bytes + at, '\n', len - at);
            at = end ? (size_t)(end - bytes) + 1 : len;
        } else {
            return at;
        }
    }
}

/* ---- mending ---- */

/* The four digits behind "\u"; -1: there are none. */
static int hex4(const char *at, size_t left)
{
    int value = 0;
    if (left < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return -1;
        value = 16 * value + (at[i] <= '9' ? at[i] - '0' : (at[i] | 32) - 'a' + 10);
    }
    return value;
}

/* Appends the escape that begins here, a half of a pair without the other as U+FFFD; its bytes. */
static size_t put_escape(struct buf *out, const char *at, size_t left)
{
    int code = hex4(at, left), next = left > 6 ? hex4(at + 6, left - 6) : -1;
    bool first = code >= 0xd800 && code < 0xdc00, paired = first && next >= 0xdc00 && next < 0xe000;
    size_t n = paired ? 12 : code >= 0 ? 6 : left < 2 ? left : 2;
    if (code >= 0xd800 && code < 0xe000 && !paired)
        buf_puts(out, replacement);
    else
        buf_append(out, at, n);
    return n;
}

/* Appends what a string has here; its bytes. */
static size_t put_in_string(struct buf *out, const char *at, size_t left)
{
    uint32_t code;
    size_t n = 1;
    if (*at == '\\')
        return put_escape(out, at, left);
    if ((unsigned char)*at < 0x20)
        buf_printf(out, "\\u%04x", (unsigned)*at);
    else if ((n = utf8_decode(at, left, &code)))
        buf_append(out, at, n);
    else
        buf_puts(out, replacement);
    return n ? n : 1;
}

/* Appends what stands here outside of strings; its bytes. */
static size_t put_outside(struct buf *out, const char *at, size_t left)
{
    static const char *const none[] = {"NaN", "nan", "-Infinity", "Infinity", "-inf", "inf"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        size_t n = strlen(none[i]);
        if (n <= left && memcmp(at, none[i], n) == 0) {
            buf_puts(out, "null");
            return n;
        }
    }
    buf_putc(out, *at);
    return 1;
}

static json_t *mended(const char *bytes, size_t len, json_error_t *error)
{
    struct buf out = BUF_INIT(SIZE_MAX / 2);
    bool inside = false;
    for (size_t i = 0; i < len;) {
        bool quote = bytes[i] == '"';
        i += inside && !quote ? put_in_string(&out, bytes + i, len - i)
                              : put_outside(&out, bytes + i, len - i);
        inside ^= quote;
    }
    json_t *root = buf_ok(&out) ? json_loadb(buf_text(&out), out.len, JSON_ALLOW_NUL, error) : NULL;
    buf_release(&out);
    return root;
}

json_t *json_reply(const char *bytes, size_t len, json_error_t *error)
{
    json_error_t first;
    size_t start = json_reply_start(bytes, len);
    json_t *root = json_loadb(bytes + start, len - start, JSON_ALLOW_NUL, error);
    if (root || start == len)
        return root;
    first = *error;
    root = mended(bytes + start, len - start, error);
    if (!root)
        *error = first;
    return root;
}
