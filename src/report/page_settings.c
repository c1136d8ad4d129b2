/* page_settings.c - what each run was made with: settings, set, and what computed it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "plot/html.h"
#include "report/page.h"

static void text_cell(struct buf *out, const char *text, bool differs)
{
    buf_puts(out, differs ? "<td class=\"differs\">" : "<td>");
    html_string(out, text);
}

/* A row of texts; one that is not the first run's is marked. */
static void row(struct buf *out, const struct figures *figures, const char *name,
                const char *(*text)(const struct figures_run *run))
{
    buf_puts(out, "<tr><th scope=\"row\">");
    html_string(out, name);
    for (int r = 0; r < figures->run_count; r++)
        text_cell(out, text(&figures->runs[r]),
                  strcmp(text(&figures->runs[r]), text(&figures->runs[0])) != 0);
    buf_puts(out, "</tr>\n");
}

static const char *data_of(const struct figures_run *run)
{
    return run->record.data;
}

static const char *model_of(const struct figures_run *run)
{
    return run->record.model;
}

static const char *kind_of(const struct figures_run *run)
{
    return ponder_run_kind_name(run->record.kind);
}

enum { SEEDS_LISTED = 8 };

/* "; seeds 1 to 4", or one by one where some are left out. */
static void seeds(struct buf *out, const struct cells *cells)
{
    int64_t n = cells->seed_count, first = cells->seeds[0], last = cells->seeds[n - 1];
    buf_printf(out, "; seed%s %lld", n > 1 ? "s" : "", (long long)first);
    if (n > 1 && last - first == n - 1) {
        buf_printf(out, " to %lld", (long long)last);
        return;
    }
    for (int64_t i = 1; i < n && i < SEEDS_LISTED; i++)
        buf_printf(out, ", %lld", (long long)cells->seeds[i]);
    if (n > SEEDS_LISTED)
        buf_puts(out, " and others");
}

static void numbers_row(struct buf *out, const struct figures *figures)
{
    buf_puts(out, "<tr><th scope=\"row\">done");
    for (int r = 0; r < figures->run_count; r++) {
        const struct figures_run *run = &figures->runs[r];
        buf_puts(out, "<td>");
        html_count(out, run->record.done);
        buf_puts(out, " of ");
        html_count(out, run->record.questions * run->record.seeds);
        seeds(out, &run->cells);
    }
    buf_puts(out, "</tr>\n");
}

static void begun_row(struct buf *out, const struct figures *figures)
{
    buf_puts(out, "<tr><th scope=\"row\">begun, UTC");
    for (int r = 0; r < figures->run_count; r++)
        text_cell(out, figures->runs[r].record.created, false);
    buf_puts(out, "</tr>\n");
}

static void hash_row(struct buf *out, const struct figures *figures)
{
    buf_puts(out, "<tr><th scope=\"row\">data_hash");
    for (int r = 0; r < figures->run_count; r++)
        buf_printf(out, "<td%s>%016" PRIx64,
                   figures->runs[r].data_hash != figures->runs[0].data_hash ? " class=\"differs\"" : "",
                   figures->runs[r].data_hash);
    buf_puts(out, "</tr>\n");
}

/* ---- settings: the keys of all runs ---- */

static json_t *all_settings(const struct figures *figures)
{
    json_t *all = json_object();
    for (int r = 0; r < figures->run_count; r++) {
        json_t *settings = json_loads(figures->runs[r].record.settings, 0, NULL), *value;
        const char *key;
        json_object_foreach(settings, key, value)
        {
            json_t *row = json_object_get(all, key);
            if (!row && !json_object_set_new(all, key, json_array()))
                row = json_object_get(all, key);
            while (row && (int)json_array_size(row) < r && !json_array_append_new(row, json_null()))
                ;
            json_array_append(row, value);
        }
        json_decref(settings);
    }
    return all;
}

static void value_cell(struct buf *out, const json_t *value, bool differs)
{
    if (!value || json_is_null(value)) {
        text_cell(out, "–", differs);
        return;
    }
    if (json_is_string(value)) {
        text_cell(out, json_string_value(value), differs);
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    text_cell(out, text ? text : "", differs);
    free(text);
}

static void settings_rows(struct buf *out, const struct figures *figures)
{
    json_t *all = all_settings(figures), *values;
    const char *key;
    json_object_foreach(all, key, values)
    {
        const json_t *first = json_array_get(values, 0);
        buf_puts(out, "<tr><th scope=\"row\">");
        html_string(out, key);
        for (int r = 0; r < figures->run_count; r++) {
            const json_t *value = json_array_get(values, (size_t)r);
            bool same = value ? json_equal(value, first) : json_is_null(first);
            value_cell(out, value, !same);
        }
        buf_puts(out, "</tr>\n");
    }
    json_decref(all);
}

/* ---- fingerprints ---- */

static void fingerprint(struct buf *out, const json_t *object)
{
    const char *key, *separator = "";
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        buf_puts(out, separator);
        html_string(out, key);
        buf_puts(out, " ");
        html_string(out, json_is_string(value) ? json_string_value(value) : "?");
        separator = "<br>";
    }
}

static void fingerprints_row(struct buf *out, const struct figures *figures)
{
    buf_puts(out, "<tr><th scope=\"row\">computed by");
    for (int r = 0; r < figures->run_count; r++) {
        const char *text = figures->runs[r].record.fingerprints;
        json_t *list = json_loads(text, 0, NULL), *one;
        size_t i;
        buf_puts(out,
                 strcmp(text, figures->runs[0].record.fingerprints) != 0 ? "<td class=\"differs\">" : "<td>");
        json_array_foreach(list, i, one)
        {
            buf_puts(out, i ? "<br>and<br>" : "");
            fingerprint(out, one);
        }
        json_decref(list);
    }
    buf_puts(out, "</tr>\n");
}

void page_settings(struct buf *out, const struct page *page)
{
    const struct figures *figures = page->figures;
    buf_puts(out,
             "<section aria-labelledby=\"settings\"><h2 id=\"settings\">Settings and fingerprints</h2>\n");
    page_scroll_begin(out, "Settings and fingerprints");
    buf_puts(out, "<table class=\"settings\"><thead><tr><th scope=\"col\">");
    for (int r = 0; r < figures->run_count; r++) {
        buf_puts(out, "<th scope=\"col\">");
        page_run_name(out, page, r);
    }
    buf_puts(out, "</tr></thead>\n<tbody>\n");
    row(out, figures, "model", model_of);
    row(out, figures, "data", data_of);
    row(out, figures, "kind", kind_of);
    hash_row(out, figures);
    numbers_row(out, figures);
    settings_rows(out, figures);
    fingerprints_row(out, figures);
    begun_row(out, figures);
    buf_puts(out, "</tbody></table>\n");
    page_scroll_end(out);
    if (figures->run_count > 1)
        buf_puts(out, "<p class=\"note\">Marked where a run differs from the first.</p>\n");
    buf_puts(out, "</section>\n");
}
