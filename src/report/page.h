/* page.h - a report as one HTML page, from its figures.
 *
 * The page holds no script and asks nothing of anybody: its policy forbids every request. A question has a
 * page of its own inside it: a section that is shown, alone, while it is the target of the address. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "report/plots.h"
#include "ponder/figure.h"
#include "report/shown.h"

struct page {
    const struct figures *figures;
    const struct plots *plots;                /* NULL: none */
    const struct ponder_figure *temperatures; /* each method by temperature; NULL: there are not several */
    const struct buf *temperatures_svg;       /* drawn; empty: it is not */
    const char *title;                        /* NULL: made from the runs */
    int64_t questions_max;                    /* with a page of their own */
    /* What is shown of a question of a run; released by the page. */
    int (*shown)(void *data, const struct figures_run *run, int64_t question, struct shown *out,
                 struct ponder_err *err);
    void *data;
};

/* PONDER_E_LIMIT where the page finds no room in `out`. */
int page_write(struct buf *out, const struct page *page, struct ponder_err *err) PONDER_USE;

/* page_style.c */
extern const char page_style[];

/* Parts of the page, in their order. */
void page_summary(struct buf *out, const struct page *page); /* page_summary.c: what came out, in words */
void page_runs(struct buf *out, const struct page *page);    /* page_tables.c: a row a run, and pairs */
void page_plots(struct buf *out, const struct page *page);   /* page_plots.c */
void page_temperatures(struct buf *out, const struct page *page); /* page_temperatures.c */
void page_numbers(struct buf *out, const struct page *page);      /* page_tables.c: by k and by group */
void page_settings(struct buf *out, const struct page *page);     /* page_settings.c */
void page_methods(struct buf *out, const struct page *page);      /* page_summary.c: how it was measured */
void page_index(struct buf *out, const struct page *page);        /* page_index.c: the questions */
/* page_questions.c: their own pages. */
int page_questions(struct buf *out, const struct page *page, struct ponder_err *err) PONDER_USE;

/* How many questions have a page of their own. */
int64_t page_shown_count(const struct page *page);
/* "Run 3" with its mark in the colour of its curves. */
void page_run_name(struct buf *out, const struct page *page, int run);
/* A region that scrolls sideways by itself, around a table. */
void page_scroll_begin(struct buf *out, const char *label);
void page_scroll_end(struct buf *out);

#endif
