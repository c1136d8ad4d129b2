/* figure_table.c - a figure as a table: Markdown to read, JSON to compute with. */
#include <jansson.h>
#include <math.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "eval/report.h"
#include "ponder/figure.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

/* To a tenth of a percent, and never "-0.0". */
static double tenths(double share)
{
    return round(1000 * share) / 10 + 0.0;
}

static void put_difference(struct buf *out, const struct ponder_interval *i)
{
    if (isnan(i->value))
        buf_puts(out, " |");
    else
        buf_printf(out, " %+.1f [%+.1f, %+.1f] |", tenths(i->value), tenths(i->low), tenths(i->high));
}

static void put_point(struct buf *out, const char *label, const struct ponder_figure_point *point,
                      bool grouped)
{
    const struct ponder_interval *a = &point->accuracy;
    buf_puts(out, "| ");
    if (grouped)
        buf_printf(out, "%s | ", point->group);
    buf_printf(out, "%s | %g | %lld | %lld | %.1f | %.1f [%.1f, %.1f] |", label, point->temperature,
               (long long)point->n, (long long)point->generations, point->compute, 100 * a->value,
               100 * a->low, 100 * a->high);
    put_difference(out, &point->over_greedy);
    put_difference(out, &point->over_1x);
    put_difference(out, &point->over_4x);
    buf_putc(out, '\n');
}

static void put_panel(struct buf *out, const struct ponder_figure *figure, int panel)
{
    bool grouped = figure->quintiles_samples > 0;
    if (panel)
        buf_printf(out, "\nAll methods at temperature %g.\n\n", figure->temperature);
    else if (figure->chosen_on)
        buf_printf(out, "Each method at the temperature that is best for it on %s.\n\n", figure->chosen_on);
    buf_printf(out,
               "|%s method | T | N | generations | compute | right, %% | over greedy | over 1x | over 4x "
               "|\n|%s---|--:|--:|--:|--:|---|---|---|---|\n",
               grouped ? " quintile |" : "", grouped ? "---|" : "");
    for (int s = 0; s < figure->series_count; s++)
        for (int64_t i = 0; figure->series[s].panel == panel && i < figure->series[s].count; i++)
            put_point(out, figure->series[s].label, &figure->series[s].points[i], grouped);
}

int ponder_figure_markdown(const struct ponder_figure *figure, char **text, struct ponder_err *err)
{
    struct buf out = BUF_INIT(TEXT_BYTES_MAX);
    bool grouped = figure->quintiles_samples > 0;
    buf_printf(&out,
               "%s. %lld questions; percent right with 95%% bootstrap intervals; differences are paired: "
               "from the one "
               "greedy answer, and from %s at as many generations%s. Compute: measured FLOPs, the verifier's "
               "included, "
               "over those of one sample.%s\n\n",
               figure->title, (long long)figure->questions, figure->reference,
               figure->by_temperature ? " and the same temperature, and at four times as many"
                                      : " and at four times as many",
               grouped ? " Of a quintile's searches the compute is the mean over all questions." : "");
    if (grouped)
        buf_printf(&out, "Quintiles by pass@1 of %lld other samples a question.\n\n",
                   (long long)figure->quintiles_samples);
    put_panel(&out, figure, 0);
    if (!isnan(figure->temperature))
        put_panel(&out, figure, 1);
    *text = buf_take(&out, NULL);
    return *text ? PONDER_OK : err_memory(err, "a figure");
}

static json_t *point_json(const struct ponder_figure_point *p)
{
    return json_pack("{s:s, s:o, s:I, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "group", p->group,
                     "temperature", json_from_real(p->temperature), "n", (json_int_t)p->n, "generations",
                     (json_int_t)p->generations, "compute", json_from_real(p->compute), "questions",
                     (json_int_t)p->questions, "seeds", json_from_real(p->seeds), "accuracy",
                     report_interval_json(&p->accuracy), "over_1x", report_interval_json(&p->over_1x),
                     "over_4x", report_interval_json(&p->over_4x), "over_greedy",
                     report_interval_json(&p->over_greedy));
}

int ponder_figure_json(const struct ponder_figure *figure, char **json, struct ponder_err *err)
{
    json_t *all = json_array();
    for (int s = 0; s < figure->series_count; s++) {
        const struct ponder_figure_series *series = &figure->series[s];
        json_t *points = json_array();
        for (int64_t i = 0; i < series->count; i++)
            json_array_append_new(points, point_json(&series->points[i]));
        json_array_append_new(all, json_pack("{s:s, s:i, s:o}", "label", series->label, "panel",
                                             series->panel, "points", points));
    }
    return json_print(json_pack("{s:s, s:s, s:s, s:I, s:I, s:s?, s:o, s:o}", "name", figure->name, "title",
                                figure->title, "reference", figure->reference, "questions",
                                (json_int_t)figure->questions, "quintiles_samples",
                                (json_int_t)figure->quintiles_samples, "chosen_on", figure->chosen_on,
                                "second_temperature", json_from_real(figure->temperature), "series", all),
                      json, err);
}
