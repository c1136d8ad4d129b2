/* utf8.c - UTF-8 decoding, checking and escaping. */
#include "core/utf8.h"

#include <limits.h>

#include "core/buf.h"
#include "core/err.h"
#include "ponder/text.h"

size_t utf8_decode(const char *text, size_t n, uint32_t *code)
{
    const unsigned char *s = (const unsigned char *)text;
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = s[0] < 0x80   ? 1
                    : s[0] < 0xc0 ? 0
                    : s[0] < 0xe0 ? 2
                    : s[0] < 0xf0 ? 3
                    : s[0] < 0xf8 ? 4
                                  : 0;
    if (length == 0 || length > n)
        return 0;
    uint32_t value = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (s[i] & 0x3fu);
    }
    if (value < lowest[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 0;
    *code = value;
    return length;
}

bool utf8_is_visible(uint32_t code)
{
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        return false;
    /* Zero-width and direction marks, line and paragraph separators, the byte order mark. */
    return !((code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
             (code >= 0x2060 && code <= 0x206f) || code == 0xfeff);
}

int utf8_check(const char *text, size_t n, const char *what, struct ponder_err *err)
{
    for (size_t i = 0; i < n;) {
        uint32_t code = 0;
        size_t length = utf8_decode(text + i, n - i, &code);
        if (length == 0)
            return err_set(err, PONDER_E_ARGUMENT,
                           "%s is not UTF-8: byte 0x%02x at offset %zu; convert it to UTF-8 first", what,
                           (unsigned char)text[i], i);
        bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
        if (control && code != '\n' && code != '\t' && code != '\r')
            return err_set(err, PONDER_E_ARGUMENT,
                           "%s holds the control character U+%04X at offset %zu; take it out", what,
                           (unsigned)code, i);
        i += length;
    }
    return PONDER_OK;
}

char *ponder_text_escape(const char *text, size_t len, bool lines)
{
    struct buf out = BUF_INIT(SIZE_MAX / 2);
    for (size_t i = 0; i < len;) {
        uint32_t code = 0;
        size_t length = utf8_decode(text + i, len - i, &code);
        if (length == 0)
            buf_printf(&out, "\\x%02x", (unsigned char)text[i]);
        else if (utf8_is_visible(code) || (lines && (code == '\n' || code == '\t')))
            buf_append(&out, text + i, length);
        else if (code < 0x80)
            buf_printf(&out, "\\x%02x", (unsigned)code);
        else
            buf_printf(&out, "\\u%04x", (unsigned)code);
        i += length ? length : 1;
    }
    char *escaped = buf_ok(&out) ? buf_take(&out, NULL) : NULL;
    buf_release(&out);
    return escaped;
}
