#include "report/page.h"

#include <string.h>

#include "core/err.h"
#include "plot/gnuplot.h"
#include "plot/html.h"

int64_t page_shown_count(const struct page *page)
{
    int64_t count = page->figures->question_count;
    return count < page->questions_max ? count : page->questions_max;
}

void page_run_name(struct buf *out, const struct page *page, int run)
{
    buf_printf(
        out, "<span class=\"nw\"><span class=\"dot\" style=\"background:var(--c%d)\"></span>Run %lld</span>",
        run % GNUPLOT_SERIES_MAX + 1, (long long)page->figures->runs[run].record.id);
}

void page_scroll_begin(struct buf *out, const char *label)
{
    buf_printf(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">\n", label);
}

void page_scroll_end(struct buf *out)
{
    buf_puts(out, "</div>\n");
}

/* Whether all runs have one model, or one set. */
static bool same_everywhere(const struct figures *figures, bool model)
{
    for (int r = 1; r < figures->run_count; r++) {
        const struct ponder_run *first = &figures->runs[0].record, *other = &figures->runs[r].record;
        if (strcmp(model ? first->model : first->data, model ? other->model : other->data) != 0)
            return false;
    }
    return true;
}

static void title(struct buf *out, const struct page *page)
{
    const struct figures *figures = page->figures;
    if (page->title) {
        html_string(out, page->title);
        return;
    }
    if (same_everywhere(figures, true))
        html_string(out, figures->runs[0].record.model);
    else
        buf_puts(out, "Several models");
    buf_puts(out, " on ");
    if (same_everywhere(figures, false))
        html_string(out, figures->runs[0].record.data);
    else
        buf_puts(out, "several sets");
}

/* The policy lets nothing be loaded, run, sent or framed; the page's own style is all that it allows. */
static void head(struct buf *out, const struct page *page)
{
    buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n"
                  "<meta name=\"generator\" content=\"ponder " PONDER_VERSION "\">\n<title>");
    title(out, page);
    buf_puts(out, "</title>\n<style>");
    buf_puts(out, page_style);
    buf_puts(out, "</style>\n</head>\n<body>\n");
}

static void opening(struct buf *out, const struct page *page)
{
    buf_puts(out, "<main id=\"top\">\n<header>\n<h1>");
    title(out, page);
    buf_puts(out, "</h1>\n");
    page_summary(out, page);
    buf_puts(out, "</header>\n");
}

static void closing(struct buf *out)
{
    buf_puts(out, "<footer>Made by ponder " PONDER_VERSION " from the samples of a store, graded anew. "
                  "All of it is in this file.</footer>\n</main>\n");
}

int page_write(struct buf *out, const struct page *page, struct ponder_err *err)
{
    head(out, page);
    opening(out, page);
    page_runs(out, page);
    page_plots(out, page);
    page_temperatures(out, page);
    page_numbers(out, page);
    page_settings(out, page);
    page_methods(out, page);
    page_index(out, page);
    closing(out);
    int status = page_questions(out, page, err);
    buf_puts(out, "</body>\n</html>\n");
    if (!status && !buf_ok(out))
        status = err_set(err, PONDER_E_LIMIT,
                         "the page would be over %zu bytes; show less with --questions or --samples",
                         out->bytes_max);
    return status;
}
