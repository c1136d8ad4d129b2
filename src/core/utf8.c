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

int utf8_width(uint32_t code)
{
    static const struct {
        uint32_t first, last;
        int width;
    } blocks[] = {
        {0x0300, 0x036f, 0},   {0x0483, 0x0489, 0},   {0x0591, 0x05bd, 0},   {0x0610, 0x061a, 0},
        {0x064b, 0x065f, 0},   {0x0e34, 0x0e3a, 0},   {0x0e47, 0x0e4e, 0},   {0x1100, 0x115f, 2},
        {0x1ab0, 0x1aff, 0},   {0x1dc0, 0x1dff, 0},   {0x20d0, 0x20ff, 0},   {0x231a, 0x231b, 2},
        {0x23e9, 0x23ec, 2},   {0x2705, 0x2705, 2},   {0x274c, 0x274c, 2},   {0x2753, 0x2755, 2},
        {0x2e80, 0x303e, 2},   {0x3041, 0x3098, 2},   {0x3099, 0x309a, 0},   {0x309b, 0x33ff, 2},
        {0x3400, 0x4dbf, 2},   {0x4e00, 0xa4cf, 2},   {0xa960, 0xa97f, 2},   {0xac00, 0xd7a3, 2},
        {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe10, 0xfe19, 2},   {0xfe20, 0xfe2f, 0},
        {0xfe30, 0xfe6f, 2},   {0xff01, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2},
        {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1faff, 2}, {0x20000, 0x3fffd, 2}, {0xe0100, 0xe01ef, 0},
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks && code >= blocks[i].first; i++)
        if (code <= blocks[i].last)
            return blocks[i].width;
    return 1;
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
