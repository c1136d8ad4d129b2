/* page_temperatures.c - what each method makes of each temperature: the drawing, and the numbers under it. */
#include <string.h>

#include "plot/html.h"
#include "report/page.h"

static void cells(struct buf *out, const struct ponder_figure_series *series)
{
    for (int64_t i = 0; i < series->count; i++) {
        const struct ponder_figure_point *point = &series->points[i];
        buf_puts(out, "<tr><th scope=\"row\">");
        html_string(out, series->label);
        buf_printf(out, "</th><td>%g</td><td>%lld</td><td>", point->temperature, (long long)point->n);
        html_interval(out, &point->accuracy);
        buf_puts(out, "</td><td>");
        html_difference(out, &point->over_greedy);
        buf_puts(out, "</td></tr>\n");
    }
}

void page_temperatures(struct buf *out, const struct page *page)
{
    const struct ponder_figure *figure = page->temperatures;
    if (!figure)
        return;
    buf_puts(out,
             "<section aria-labelledby=\"temperatures\"><h2 id=\"temperatures\">Which temperature</h2>\n");
    if (page->temperatures_svg && page->temperatures_svg->len) {
        buf_puts(out, "<figure>\n");
        buf_append(out, page->temperatures_svg->data, page->temperatures_svg->len);
        buf_puts(out, "</figure>\n");
    }
    page_scroll_begin(out, "accuracy by temperature");
    buf_puts(out, "<table><thead><tr><th scope=\"col\">Method</th><th scope=\"col\">Temperature</th><th "
                  "scope=\"col\">Samples</th><th scope=\"col\">Right, %</th><th scope=\"col\">Minus the one "
                  "greedy answer</th></tr></thead>\n<tbody>\n");
    for (int s = 0; s < figure->series_count; s++)
        cells(out, &figure->series[s]);
    buf_puts(out, "</tbody></table>\n");
    page_scroll_end(out);
    buf_puts(out,
             "<p class=\"note\">Of the questions of the newest samples. Intervals are 95%, the differences "
             "paired.</p></section>\n");
}
