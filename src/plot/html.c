#include "plot/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ponder/text.h"

void html_text(struct buf *out, const char *text, size_t len, bool lines)
{
    char *visible = ponder_text_escape(text, len, lines);
    if (!visible) {
        out->failed = true;
        return;
    }
    for (const char *at = visible; *at;) {
        size_t plain = strcspn(at, "<>&\"'");
        buf_append(out, at, plain);
        at += plain;
        if (*at)
            buf_printf(out, "&#%d;", *at++);
    }
    free(visible);
}

void html_string(struct buf *out, const char *text)
{
    html_text(out, text, strlen(text), false);
}

void html_opening(struct buf *out, const char *text, size_t len_max)
{
    size_t len = strlen(text), line = strcspn(text, "\n");
    size_t shown = line < len_max ? line : len_max;
    while (shown > 0 && shown < len && ((unsigned char)text[shown] & 0xc0) == 0x80)
        shown--; /* not in the middle of a character */
    html_text(out, text, shown, false);
    if (shown < len)
        buf_puts(out, "…");
}

void html_count(struct buf *out, int64_t number)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)number);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
            buf_putc(out, ',');
        buf_putc(out, digits[i]);
    }
}

double html_scale(double number, char *prefix)
{
    static const char prefixes[] = "\0kMGTPE";
    size_t i = 0;
    while (number >= 999.5 && i + 2 < sizeof prefixes) {
        number /= 1000;
        i++;
    }
    *prefix = prefixes[i];
    return number;
}

void html_scaled(struct buf *out, double number)
{
    char prefix;
    double scaled = html_scale(number, &prefix);
    if (prefix)
        buf_printf(out, "%.*f %c", scaled < 10 ? 2 : scaled < 100 ? 1 : 0, scaled, prefix);
    else
        buf_printf(out, "%.3g ", scaled);
}

void html_amount(struct buf *out, double number)
{
    if (!isfinite(number))
        buf_puts(out, "–");
    else if (number >= 1000)
        html_count(out, llround(number));
    else if (number >= 100 || number == round(number))
        buf_printf(out, "%.0f", number);
    else
        buf_printf(out, number >= 10 ? "%.1f" : number >= 1 ? "%.2f" : "%.3f", number);
}

void html_percent(struct buf *out, double share)
{
    if (isfinite(share))
        buf_printf(out, "%.1f", 100 * share);
    else
        buf_puts(out, "–");
}

void html_interval(struct buf *out, const struct ponder_interval *interval)
{
    html_percent(out, interval->value);
    if (isfinite(interval->value))
        buf_printf(out, " <i>%.1f–%.1f</i>", 100 * interval->low, 100 * interval->high);
}

void html_points(struct buf *out, double share)
{
    double points = round(1000 * share) / 10;
    buf_printf(out, "%s%.1f", points > 0 ? "+" : points < 0 ? "−" : "", fabs(points));
}

void html_difference(struct buf *out, const struct ponder_interval *interval)
{
    if (!isfinite(interval->value)) {
        buf_puts(out, "–");
        return;
    }
    html_points(out, interval->value);
    buf_puts(out, " <i>");
    html_points(out, interval->low);
    buf_puts(out, " to ");
    html_points(out, interval->high);
    buf_puts(out, "</i>");
}
