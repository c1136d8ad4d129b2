#include "core/look.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

/* A character as it is shown. */
struct glyph {
    char bytes[12];
    int width;
};

/* The one that `text` (len >= 1) begins with. Returns the bytes that it stands for. */
static size_t next_glyph(const struct ponder_look *look, const char *text, size_t len, struct glyph *glyph)
{
    uint32_t code = 0;
    size_t length = utf8_decode(text, len, &code);
    if (length == 0) {
        glyph->width = snprintf(glyph->bytes, sizeof glyph->bytes, "\\x%02x", (unsigned char)*text);
        return 1;
    }
    if (code == '\n' || code == '\t' || code == '\r')
        code = ' ';
    if (code < 0x80 && !utf8_is_visible(code))
        glyph->width = snprintf(glyph->bytes, sizeof glyph->bytes, "\\x%02x", (unsigned)code);
    else if (!utf8_is_visible(code) || (look->ascii && code >= 0x80))
        glyph->width = snprintf(glyph->bytes, sizeof glyph->bytes, "\\u%04x", (unsigned)code);
    else {
        snprintf(glyph->bytes, sizeof glyph->bytes, "%.*s", (int)length, code == ' ' ? " " : text);
        glyph->width = utf8_width(code);
    }
    return length;
}

size_t look_fit(const struct ponder_look *look, const char *text, size_t len, int64_t columns, int64_t *used)
{
    struct glyph glyph;
    size_t at = 0;
    for (*used = 0; at < len;) {
        size_t length = next_glyph(look, text + at, len - at, &glyph);
        if (*used + glyph.width > columns)
            break;
        *used += glyph.width;
        at += length;
    }
    return at;
}

static void look_append(const struct ponder_look *look, struct buf *out, const char *text, size_t len)
{
    struct glyph glyph;
    for (size_t at = 0; at < len;) {
        at += next_glyph(look, text + at, len - at, &glyph);
        buf_puts(out, glyph.bytes);
    }
}

int64_t look_text(const struct ponder_look *look, struct buf *out, const char *text, size_t len,
                  int64_t columns)
{
    const char *ellipsis = look->ascii ? "..." : "…";
    int64_t used, dots = look->ascii ? 3 : 1;
    size_t fits = look_fit(look, text, len, columns, &used);
    bool cut = fits < len;
    if (cut)
        fits = look_fit(look, text, len, columns > dots ? columns - dots : 0, &used);
    look_append(look, out, text, fits);
    if (cut)
        buf_puts(out, ellipsis);
    return used + (cut ? dots : 0);
}

char *ponder_text_line(const char *text, size_t len, const struct ponder_look *look)
{
    struct buf out = BUF_INIT(SIZE_MAX / 2);
    look_text(look, &out, text, len, look->columns > 0 ? look->columns : INT64_MAX);
    char *line = buf_ok(&out) ? buf_take(&out, NULL) : NULL;
    buf_release(&out);
    return line;
}

void look_style(const struct ponder_look *look, struct buf *out, const char *code)
{
    if (look->colour)
        buf_printf(out, "\x1b[%sm", code);
}

const char *ponder_score_colour(double score)
{
    return score >= 0.8 ? "32" : score >= 0.5 ? "33" : "31";
}

/* Cells filled from the left; in UTF-8 by eighths. */
static void append_bar(struct buf *out, double score, bool ascii)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    int filled = (int)lround(score * LOOK_BAR_COLUMNS * 8);
    for (int cell = 0; cell < LOOK_BAR_COLUMNS; cell++, filled -= 8) {
        int of_this = filled < 0 ? 0 : filled > 8 ? 8 : filled;
        buf_puts(out, ascii ? (of_this >= 4 ? "#" : "-") : eighths[of_this]);
    }
}

void look_score(const struct ponder_look *look, struct buf *out, double score, bool bar, bool dim)
{
    if (isnan(score)) {
        buf_printf(out, "%*s", LOOK_NUMBER_COLUMNS + (bar ? 1 + LOOK_BAR_COLUMNS : 0), "");
        return;
    }
    if (dim)
        look_style(look, out, "2");
    look_style(look, out, ponder_score_colour(score));
    buf_printf(out, "%4.2f", score);
    if (bar) {
        buf_putc(out, ' ');
        append_bar(out, score, look->ascii);
    }
    look_style(look, out, "0");
}
