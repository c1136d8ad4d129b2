/* report_write.c - the calls of ponder/report.h. */
#include "ponder/report.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "report/figure_inline.h"
#include "report/figures.h"
#include "report/page.h"
#include "report/plots.h"

#define OPTION_FIELD(field) offsetof(struct ponder_report_settings, field)
#include "core/option_rows.h"

enum { PAGE_BYTES_MAX = 1 << 30, TABLE_BYTES_MAX = 1 << 28 };

const struct ponder_option *ponder_report_options(void)
{
    static const struct ponder_option table[] = {
        {"output", 'o', PONDER_OPTION_TEXT, OPTION_FIELD(out), "FILE", NULL, 0, 0, "the page, one HTML file"},
        ROW_TEXT("csv", csv, "FILE", NULL, "the figures as CSV"),
        ROW_TEXT("json", json, "FILE", NULL, "the figures as JSON"),
        ROW_TEXT("title", title, "TEXT", NULL, "of the page"),
        ROW_INT("samples", samples, "K", "16", 0, 4096, "shown per question and run: the first K"),
        ROW_INT("questions", questions, "K", "1000", 0, 1000000, "shown with samples: the first K"),
        PONDER_OPTION_END};
    return table;
}

/* All that is made before anything is written. */
struct work {
    const struct ponder_report_settings *settings;
    bool all_runs; /* of the store */
    struct store *store;
    struct figures figures;
    struct plots plots;
    struct ponder_figure *temperatures; /* NULL: the store's runs are not at several */
    struct buf temperatures_svg;
    struct buf page, csv, json;
};

static int shown(void *data, const struct figures_run *run, int64_t question, struct shown *out,
                 struct ponder_err *err)
{
    struct work *work = data;
    return shown_read(out, work->store, run, question, work->settings->samples, err);
}

static bool at_several_temperatures(const struct ponder_figure *figure)
{
    const struct ponder_figure_point *first = NULL;
    for (int s = 0; s < figure->series_count; s++)
        for (int64_t i = 0; i < figure->series[s].count; i++) {
            const struct ponder_figure_point *point = &figure->series[s].points[i];
            if (first && point->temperature != first->temperature)
                return true;
            first = point;
        }
    return false;
}

/* Methods by temperature, where the store has runs that show it. */
static int make_temperatures(struct work *work, struct ponder_err *err)
{
    int status = ponder_figure_make(work->figures.store, "temperature", NULL, &work->temperatures, err);
    if (status == PONDER_E_NOT_FOUND || status == PONDER_E_ARGUMENT) /* no samples, or half a run */
        return PONDER_OK;
    if (!status && !at_several_temperatures(work->temperatures)) {
        ponder_figure_release(work->temperatures);
        work->temperatures = NULL;
    }
    return status || !work->temperatures ? status
                                         : figure_inline(&work->temperatures_svg, work->temperatures, err);
}

static int make_page(struct work *work, int64_t *pages, struct ponder_err *err)
{
    struct page page = {.figures = &work->figures,
                        .plots = &work->plots,
                        .temperatures_svg = &work->temperatures_svg,
                        .title = work->settings->title,
                        .questions_max = work->settings->questions,
                        .shown = shown,
                        .data = work};
    int status = plots_draw(&work->plots, &work->figures, err);
    if (!status && work->all_runs)
        status = make_temperatures(work, err);
    page.temperatures = work->temperatures;
    *pages = page_shown_count(&page);
    return status ? status : page_write(&work->page, &page, err);
}

static int report_make(struct work *work, struct ponder_report *report, struct ponder_err *err)
{
    int status = PONDER_OK;
    report->runs = work->figures.run_count;
    report->questions = work->figures.question_count;
    if (work->settings->out)
        status = make_page(work, &report->shown, err);
    if (!status && work->settings->csv)
        status = figures_csv(&work->csv, &work->figures, err);
    if (!status && work->settings->json)
        status = figures_json(&work->json, &work->figures, err);
    report->bytes = (int64_t)work->page.len;
    return status;
}

static int write_one(const char *path, const struct buf *text, struct ponder_err *err)
{
    return path ? file_write_atomic(path, buf_text(text), text->len, err) : PONDER_OK;
}

static int write_all(const struct work *work, struct ponder_err *err)
{
    int status = write_one(work->settings->csv, &work->csv, err);
    if (!status)
        status = write_one(work->settings->json, &work->json, err);
    return status ? status : write_one(work->settings->out, &work->page, err);
}

static void report_release(struct work *work)
{
    ponder_figure_release(work->temperatures);
    buf_release(&work->temperatures_svg);
    buf_release(&work->page);
    buf_release(&work->csv);
    buf_release(&work->json);
    plots_release(&work->plots);
    figures_release(&work->figures);
    store_release(work->store);
}

/* Outputs that would replace the store or each other. */
static int check_names(const char *store, const struct ponder_report_settings *s, struct ponder_err *err)
{
    const char *const names[] = {s->out, s->csv, s->json};
    for (int i = 0; i < 3; i++) {
        if (names[i] && file_is_same(names[i], store))
            return err_set(err, PONDER_E_ARGUMENT, "%s is the store; name another file for what is written",
                           names[i]);
        for (int j = i + 1; j < 3; j++)
            if (names[i] && names[j] && strcmp(names[i], names[j]) == 0)
                return err_set(err, PONDER_E_ARGUMENT, "%s is named twice; give each output its own file",
                               names[i]);
    }
    return PONDER_OK;
}

int ponder_report_write(const char *store, const int64_t *runs, int64_t run_count,
                        const struct ponder_report_settings *settings, struct ponder_report *out,
                        struct ponder_err *err)
{
    struct work work = {.settings = settings,
                        .all_runs = run_count == 0,
                        .temperatures_svg = BUF_INIT(PAGE_BYTES_MAX),
                        .page = BUF_INIT(PAGE_BYTES_MAX),
                        .csv = BUF_INIT(TABLE_BYTES_MAX),
                        .json = BUF_INIT(TABLE_BYTES_MAX)};
    struct ponder_report report = {0};
    if (!settings->out && !settings->csv && !settings->json)
        return err_set(err, PONDER_E_ARGUMENT, "nothing is to be written; give --output, --csv or --json");
    int status = check_names(store, settings, err);
    if (!status)
        status = store_open(&work.store, store, STORE_READ, err);
    if (!status)
        status = figures_open(&work.figures, work.store, store, runs, run_count, err);
    if (!status)
        status = report_make(&work, &report, err);
    if (!status)
        status = write_all(&work, err);
    report_release(&work);
    if (out)
        *out = report;
    return status;
}
