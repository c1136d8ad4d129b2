/* page_plots.c - the plots with their legend. */
#include "plot/gnuplot.h"
#include "plot/html.h"
#include "report/page.h"

static void mark(struct buf *out, int run, const char *shape)
{
    buf_printf(
        out,
        "<svg viewBox=\"0 0 36 12\" aria-hidden=\"true\" style=\"color:var(--c%d)\" fill=\"currentColor\" "
        "stroke=\"currentColor\">%s</svg>",
        run % GNUPLOT_SERIES_MAX + 1, shape);
}

static void legend_of(struct buf *out, const struct page *page, int r)
{
    static const char line[] = "<path d=\"M0,6H36\" stroke-width=\"2\"/><circle cx=\"18\" cy=\"6\" r=\"3\"/>";
    static const char dashes[] = "<path d=\"M0,6H36\" stroke-dasharray=\"6,5\" stroke-width=\"1.4\"/>"
                                 "<circle cx=\"18\" cy=\"6\" r=\"2.6\" fill=\"var(--bg)\"/>";
    static const char diamond[] =
        "<path d=\"M18,0V12\" stroke-width=\"1.4\"/><path d=\"M18,1.5L22.5,6L18,10.5"
        "L13.5,6z\" stroke=\"none\"/>";
    static const char point[] =
        "<path d=\"M18,0V12\" stroke-width=\"1.4\"/><circle cx=\"18\" cy=\"6\" r=\"3\"/>";
    const struct figures_run *run = &page->figures->runs[r];
    bool curve = run->eval->k_count > 1;
    buf_puts(out, "<li>");
    mark(out, r, curve ? line : run->search ? diamond : point);
    buf_printf(out, "Run %lld, ", (long long)run->record.id);
    html_string(out, run->label);
    if (curve) {
        buf_puts(out, ": maj@k</li><li>");
        mark(out, r, dashes);
        buf_printf(out, "Run %lld: pass@k", (long long)run->record.id);
    }
    buf_puts(out, "</li>\n");
}

static void figure(struct buf *out, const struct page *page, enum plot plot)
{
    const struct buf *svg = &page->plots->svg[plot];
    if (svg->len == 0)
        return;
    buf_printf(out, "<figure><figcaption>%s</figcaption>\n", plot_titles[plot]);
    buf_append(out, svg->data, svg->len);
    buf_puts(out, "</figure>\n");
}

void page_plots(struct buf *out, const struct page *page)
{
    if (!page->plots)
        return;
    buf_puts(out, "<section aria-labelledby=\"curves\"><h2 id=\"curves\">What an answer costs</h2>\n"
                  "<ul class=\"legend\">\n");
    for (int r = 0; r < page->figures->run_count; r++)
        legend_of(out, page, r);
    buf_puts(out, "</ul>\n<div class=\"plots\">\n");
    for (int p = PLOT_GENERATIONS; p <= PLOT_SECONDS; p++)
        figure(out, page, (enum plot)p);
    buf_puts(out, "</div>\n<p class=\"note\">Bands and bars are 95% intervals; logarithmic axes of "
                  "cost.</p></section>\n"
                  "<section aria-labelledby=\"groups\"><h2 id=\"groups\">Which questions</h2>\n<ul "
                  "class=\"legend\">\n");
    for (int r = 0; r < page->figures->run_count; r++) {
        buf_puts(out, "<li>");
        page_run_name(out, page, r);
        buf_puts(out, ", ");
        html_string(out, page->figures->runs[r].label);
        buf_puts(out, "</li>\n");
    }
    buf_puts(out, "</ul>\n<div class=\"plots\">\n");
    for (int p = PLOT_LEVEL; p < PLOT_COUNT; p++)
        figure(out, page, (enum plot)p);
    buf_puts(out,
             "</div>\n<p class=\"note\">Bars are the share of right answers, lines their 95% intervals, open "
             "circles pass@1.</p></section>\n");
}
