/* gnuplot_svg.c - gnuplot's SVG, made fit to stand inside a page with others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "plot/gnuplot.h"
#include "plot/html.h"

enum { MARK = 1, TEXT_BYTES_MAX = 26 }; /* red and green of the colours that stand for variables */

const char *gnuplot_colour_hex(int number, char text[GNUPLOT_HEX_BYTES])
{
    snprintf(text, GNUPLOT_HEX_BYTES, "#%02x%02x%02x", MARK, MARK, (unsigned)(number + 1) & 0xff);
    return text;
}

void gnuplot_colour(struct buf *commands, int number)
{
    char hex[GNUPLOT_HEX_BYTES];
    buf_printf(commands, "rgb \"%s\"", gnuplot_colour_hex(number, hex));
}

static void colour_name(struct buf *out, int number)
{
    if (number == GNUPLOT_INK)
        buf_puts(out, "var(--fg)");
    else if (number == GNUPLOT_GRID)
        buf_puts(out, "var(--grid)");
    else
        buf_printf(out, "var(--c%d)", (number - GNUPLOT_SERIES) % GNUPLOT_SERIES_MAX + 1);
}

struct cleaning {
    struct buf *out;
    const char *const *texts;
    int text_count;
};

/* Each takes what `at` begins with and returns what is behind it, or NULL where it is not its own. */
typedef const char *take(const struct cleaning *cleaning, const char *at);

static const char *take_colour(const struct cleaning *cleaning, const char *at)
{
    int red, green, blue, used = 0;
    if (strncmp(at, "rgb(", 4) != 0)
        return NULL; /* looking further costs as much as all that is left is long */
    if (sscanf(at, "rgb(%d,%d,%d)%n", &red, &green, &blue, &used) != 3 || used == 0)
        return NULL;
    if (red != MARK || green != MARK || blue < 1)
        return NULL;
    colour_name(cleaning->out, blue - 1);
    return at + used;
}

static const char *take_text(const struct cleaning *cleaning, const char *at)
{
    char *end;
    long number = at[0] == '@' ? strtol(at + 1, &end, 10) : -1;
    if (number < 0 || number >= cleaning->text_count || end == at + 1 || *end != '@')
        return NULL;
    html_opening(cleaning->out, cleaning->texts[number], TEXT_BYTES_MAX);
    return end + 1;
}

/* A group of nothing. */
static const char *take_empty(const struct cleaning *cleaning, const char *at)
{
    (void)cleaning;
    if (strncmp(at, "<g ", 3) != 0)
        return NULL;
    const char *end = strchr(at, '>');
    if (!end)
        return NULL;
    end += 1 + strspn(end + 1, " \t\n");
    return strncmp(end, "</g>", 4) == 0 ? end + 4 + strspn(end + 4, "\t\n") : NULL;
}

static const char *skip_past(const char *at, const char *begin, const char *end)
{
    if (strncmp(at, begin, strlen(begin)) != 0)
        return NULL;
    const char *found = strstr(at + strlen(begin), end);
    return found ? found + strlen(end) : NULL;
}

static const char *take_unwanted(const struct cleaning *cleaning, const char *at)
{
    (void)cleaning;
    const char *behind = skip_past(at, "<desc>", "</desc>");
    if (!behind)
        behind = skip_past(at, "<defs>", "</defs>");
    if (!behind)
        behind = skip_past(at, " id=\"", "\" ");
    if (!behind)
        behind = skip_past(at, " font-family=\"", "\"");
    return behind;
}

/* The points that are used here; their definitions would have the same ids in every drawing. */
static const char *take_words(const struct cleaning *cleaning, const char *at)
{
    static const struct {
        const char *from, *to;
    } words[] = {
        {"use xlink:href='#gpPt5'", "circle r='1' fill='var(--bg)' stroke-width='.4'"},
        {"use xlink:href='#gpPt6'", "circle r='1' fill='currentColor' stroke='none'"},
        {"use xlink:href='#gpPt12'",
         "path d='M0,-1.4L1.4,0L0,1.4L-1.4,0z' fill='currentColor' stroke='none'"},
        {" id=\"gnuplot_canvas\"", ""},
        {" shape-rendering='crispEdges'", ""},
        {"color='white'", "color='var(--bg)'"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(at, words[i].from, strlen(words[i].from)) == 0) {
            buf_puts(cleaning->out, words[i].to);
            return at + strlen(words[i].from);
        }
    return NULL;
}

static void clean(const struct cleaning *cleaning, const char *at, const char *end)
{
    static take *const takes[] = {take_words, take_unwanted, take_empty, take_colour, take_text};
    while (at < end) {
        const char *behind = NULL;
        for (size_t i = 0; i < sizeof takes / sizeof *takes && !behind; i++)
            behind = takes[i](cleaning, at);
        if (!behind)
            buf_putc(cleaning->out, *at++);
        else
            at = behind;
    }
}

int gnuplot_inline_svg(struct buf *out, const struct buf *svg, const char *label, const char *const *texts,
                       int text_count, struct ponder_err *err)
{
    struct cleaning cleaning = {out, texts, text_count};
    const char *begin = strstr(buf_text(svg), "<svg"), *box = begin ? strstr(begin, "viewBox=\"") : NULL;
    const char *body = box ? strchr(box, '>') : NULL, *end = body ? strstr(body, "</svg>") : NULL;
    const char *box_end = end ? strchr(box + 9, '"') : NULL;
    if (!box_end || box_end > body)
        return err_set(err, PONDER_E_ENGINE,
                       "gnuplot printed no SVG drawing; is it built with the svg terminal?");
    buf_printf(out, "<svg %.*s\" role=\"img\" aria-label=\"", (int)(box_end - box), box);
    html_string(out, label);
    buf_puts(out, "\">");
    const char *title = strstr(body, "</title>");
    clean(&cleaning, title && title < end ? title + 8 : body + 1, end);
    buf_puts(out, "</svg>\n");
    return buf_ok(out) ? PONDER_OK : err_memory(err, "a plot");
}
