/* figure_draw.c - a figure as a drawing that stands alone: one panel, or one for each quintile, for each
 * number of samples, for each way of choosing temperatures. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/number.h"
#include "report/figure_inline.h"
#include "plot/gnuplot.h"
#include "stats/stats.h"
#include "ponder/figure.h"

enum { COMMANDS_BYTES_MAX = 1 << 20, WIDTH = 760, HEIGHT = 470, PANEL = 300 };

/* Where a drawing goes, and the colours of its text, axes and grid: fixed ones, or those of the page around
 * it. */
struct sheet {
    struct buf *out;
    const struct ponder_figure *figure;
    bool inside;
    const char *ink, *axis, *grid;
};

static bool is_greedy(const struct ponder_figure_series *series)
{
    return strcmp(series->label, "greedy") == 0;
}

/* The same search has the same colour in every figure; all can be told apart by those who see no red or no
 * green (Okabe and Ito 2008). */
static const char *colour_of(const struct sheet *sheet, int s)
{
    static const struct {
        const char *opens, *colour;
    } fixed[] = {{"majority", "#999999"},
                 {"beam, M = 4", "#0072b2"},
                 {"beam, M = √N", "#56b4e9"},
                 {"lookahead 3, M = 4", "#d55e00"},
                 {"lookahead 3, M = √N", "#cc79a7"},
                 {"lookahead 1", "#e69f00"},
                 {"dvts", "#009e73"}};
    static const char *const others[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"};
    const char *label = sheet->figure->series[s].label;
    int first = 0; /* of this label: in every panel it is the same */
    if (is_greedy(&sheet->figure->series[s]))
        return sheet->ink;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strncmp(label, fixed[i].opens, strlen(fixed[i].opens)) == 0)
            return fixed[i].colour;
    while (strcmp(sheet->figure->series[first].label, label) != 0)
        first++;
    return others[first % (int)(sizeof others / sizeof *others)];
}

/* What one panel shows. */
struct view {
    int panel;         /* the series of this one */
    const char *group; /* points of this group */
    int64_t n;         /* by temperature: points of so many samples, and those of one */
    enum { BY_COMPUTE, BY_GENERATIONS, BY_TEMPERATURE } x;
    const char *title;
};

static bool is_shown(const struct view *view, const struct ponder_figure_series *series,
                     const struct ponder_figure_point *point)
{
    return series->panel == view->panel && strcmp(point->group, view->group) == 0 &&
           (view->x != BY_TEMPERATURE || point->n == view->n || is_greedy(series));
}

static double x_of(const struct view *view, const struct ponder_figure_point *point)
{
    return view->x == BY_COMPUTE       ? point->compute
           : view->x == BY_GENERATIONS ? (double)point->generations
                                       : point->temperature;
}

/* One block of data for each series that has points in the view, named by the view's number and the series'.
 */
static void data_blocks(const struct sheet *sheet, const struct view *view, int number)
{
    for (int s = 0; s < sheet->figure->series_count; s++) {
        const struct ponder_figure_series *series = &sheet->figure->series[s];
        buf_printf(sheet->out, "$d%d_%d << EOD\n", number, s);
        for (int64_t i = 0; i < series->count; i++) {
            const struct ponder_figure_point *p = &series->points[i];
            if (is_shown(view, series, p))
                buf_printf(sheet->out, "%.6g %.6g %.6g %.6g\n", x_of(view, p), 100 * p->accuracy.value,
                           100 * p->accuracy.low, 100 * p->accuracy.high);
        }
        buf_puts(sheet->out, "EOD\n");
    }
}

static const struct ponder_figure_point *first_shown(const struct view *view,
                                                     const struct ponder_figure_series *series)
{
    for (int64_t i = 0; i < series->count; i++)
        if (is_shown(view, series, &series->points[i]))
            return &series->points[i];
    return NULL;
}

/* Each series is shifted by a hair, so that the bars of equals stand side by side. The greedy answer is a
 * line across, since it costs one generation whatever the others cost. */
static void plot(const struct sheet *sheet, const struct view *view, int number)
{
    const char *separator = "plot ";
    for (int s = 0; s < sheet->figure->series_count; s++) {
        const struct ponder_figure_series *series = &sheet->figure->series[s];
        const struct ponder_figure_point *first = first_shown(view, series);
        int at = s % PONDER_FIGURE_SERIES_MAX;
        if (!first)
            continue;
        if (is_greedy(series)) {
            buf_printf(sheet->out, "%s%.6g with lines lw 1.2 dt (2,3) lc rgb \"%s\" title \"greedy\", ",
                       separator, 100 * first->accuracy.value, sheet->ink);
            separator = "";
        }
        buf_printf(sheet->out,
                   "%s$d%d_%d using ($1%s%.3f):2:3:4 with yerrorlines %slw 1.2 pt 7 ps 0.45 lc rgb \"%s\" ",
                   separator, number, s, view->x == BY_TEMPERATURE ? "+" : "*",
                   view->x == BY_TEMPERATURE ? 0.004 * (at - 4) : 1 + 0.012 * (at - 4),
                   strcmp(series->label, "majority") == 0 ? "dt (4,4) " : "", colour_of(sheet, s));
        if (is_greedy(series))
            buf_puts(sheet->out, "notitle");
        else
            buf_printf(sheet->out, "title \"%s\"", series->label);
        separator = ", ";
    }
    buf_puts(sheet->out, *separator == 'p' ? "plot NaN notitle\n" : "\n");
}

static void axes(const struct sheet *sheet, const struct view *view)
{
    static const char *const names[] = {[BY_COMPUTE] =
                                            "compute, in samples (measured FLOPs, verifier included)",
                                        [BY_GENERATIONS] = "generations",
                                        [BY_TEMPERATURE] = "temperature"};
    static const char *const tics[] = {[BY_COMPUTE] =
                                           "set logscale x 2\nset xtics (1,2,4,8,16,32,64,128,256,512)\n",
                                       [BY_GENERATIONS] = "set logscale x 2\nset xtics (1,4,16,64,256)\n",
                                       [BY_TEMPERATURE] = "set xrange [-0.05:]\nset xtics 0.2\n"};
    buf_printf(sheet->out,
               "set border 3 lc rgb \"%s\"\nset tics nomirror out scale 0.5 textcolor rgb \"%s\"\n"
               "set yrange [0:100]\nset grid ytics lt 1 lw 0.5 lc rgb \"%s\"\nset errorbars small\n%s"
               "set xlabel \"%s\" textcolor rgb \"%s\"\nset ylabel \"right answers, %%\" textcolor rgb "
               "\"%s\"\n",
               sheet->axis, sheet->ink, sheet->grid, tics[view->x], names[view->x], sheet->ink, sheet->ink);
}

static void terminal(const struct sheet *sheet, int width, int height, int font)
{
    buf_printf(sheet->out,
               "set terminal svg size %d,%d noenhanced font \"sans,%d\"%s\nset title textcolor rgb \"%s\"\n"
               "set key textcolor rgb \"%s\"\n",
               width, height, font, sheet->inside ? "" : " background rgb \"white\"", sheet->ink, sheet->ink);
}

/* The lines and their names, alone in a panel. */
static void key(const struct sheet *sheet)
{
    buf_puts(sheet->out,
             "unset title\nunset border\nunset tics\nunset grid\nunset xlabel\nunset ylabel\nunset logscale\n"
             "set key center center vertical Left reverse spacing 1.4\nset xrange [1:2]\nset yrange [1:2]\n"
             "plot ");
    for (int s = 0, first = 1; s < sheet->figure->series_count; s++)
        if (sheet->figure->series[s].count > 0 && sheet->figure->series[s].panel == 0) {
            buf_printf(sheet->out, "%sNaN with linespoints lw 1.5 pt 7 ps 0.45 lc rgb \"%s\" title \"%s\"",
                       first ? "" : ", ", colour_of(sheet, s), sheet->figure->series[s].label);
            first = 0;
        }
    buf_puts(sheet->out, "\nset key off\nset xrange [*:*]\nset tics\n");
}

static void one_panel(const struct sheet *sheet)
{
    struct view view = {.group = "all", .x = BY_COMPUTE};
    terminal(sheet, WIDTH, HEIGHT, 13);
    data_blocks(sheet, &view, 0);
    axes(sheet, &view);
    buf_printf(sheet->out, "set title \"%s\"\nset key outside right top vertical Left reverse spacing 1.2\n",
               sheet->figure->title);
    plot(sheet, &view, 0);
}

/* Panels in rows of `across`, the key in a place of its own at the end of each row. */
static void panels(const struct sheet *sheet, const struct view *views, int count, int across)
{
    int rows = (count + across - 2) / (across - 1);
    terminal(sheet, across * PANEL, rows * PANEL + 30, 12);
    buf_printf(sheet->out, "set multiplot layout %d,%d title \"%s\"\nset key off\n", rows, across,
               sheet->figure->title);
    for (int v = 0; v < count; v++)
        data_blocks(sheet, &views[v], v);
    for (int v = 0; v < count; v++) {
        axes(sheet, &views[v]);
        buf_printf(sheet->out, "set title \"%s\"\n", views[v].title);
        plot(sheet, &views[v], v);
        if ((v + 1) % (across - 1) == 0 || v + 1 == count)
            key(sheet);
    }
    buf_puts(sheet->out, "unset multiplot\n");
}

static const char *panel_title(const struct ponder_figure *figure, int panel, char *text, size_t size)
{
    if (panel)
        number_print(text, size, "all at temperature %g", figure->temperature);
    else
        snprintf(text, size, "each at its best temperature");
    return text;
}

static void two_panels(const struct sheet *sheet)
{
    char titles[2][64];
    struct view views[2];
    for (int p = 0; p < 2; p++)
        views[p] = (struct view){.panel = p,
                                 .group = "all",
                                 .x = BY_GENERATIONS,
                                 .title = panel_title(sheet->figure, p, titles[p], sizeof titles[p])};
    panels(sheet, views, 2, 3);
}

static void quintiles(const struct sheet *sheet)
{
    char titles[2 * STATS_QUINTILES][96], panel[64];
    struct view views[2 * STATS_QUINTILES];
    int count = isnan(sheet->figure->temperature) ? STATS_QUINTILES : 2 * STATS_QUINTILES;
    for (int v = 0; v < count; v++) {
        int p = v / STATS_QUINTILES, f = v % STATS_QUINTILES;
        snprintf(titles[v], sizeof titles[v], "quintile %s%s%s", stats_quintile_names[f],
                 f || count == STATS_QUINTILES ? "" : ", ",
                 f || count == STATS_QUINTILES ? "" : panel_title(sheet->figure, p, panel, sizeof panel));
        views[v] = (struct view){
            .panel = p, .group = stats_quintile_names[f], .x = BY_GENERATIONS, .title = titles[v]};
    }
    panels(sheet, views, count, count == STATS_QUINTILES ? 3 : STATS_QUINTILES + 1);
}

/* A panel for each number of samples from 4 on. */
static void temperatures(const struct sheet *sheet)
{
    enum { VIEWS_MAX = 4 };
    char titles[VIEWS_MAX][32];
    struct view views[VIEWS_MAX];
    int count = 0;
    for (int64_t n = 4; count < VIEWS_MAX && n <= 256; n *= 4)
        for (int s = 0; s < sheet->figure->series_count; s++) {
            struct view view = {.group = "all", .n = n, .x = BY_TEMPERATURE, .title = titles[count]};
            if (is_greedy(&sheet->figure->series[s]) || !first_shown(&view, &sheet->figure->series[s]))
                continue;
            snprintf(titles[count], sizeof titles[count], "N = %d", (int)n);
            views[count++] = view;
            break;
        }
    panels(sheet, views, count, count + 1);
}

/* The commands for gnuplot. */
static void figure_panel_draw(const struct sheet *sheet)
{
    if (sheet->figure->by_temperature)
        temperatures(sheet);
    else if (sheet->figure->quintiles_samples)
        quintiles(sheet);
    else if (!isnan(sheet->figure->temperature))
        two_panels(sheet);
    else
        one_panel(sheet);
}

int ponder_figure_draw(const struct ponder_figure *figure, const char *path, struct ponder_err *err)
{
    struct buf commands = BUF_INIT(COMMANDS_BYTES_MAX);
    const struct sheet sheet = {&commands, figure, false, "#333333", "#888888", "#dddddd"};
    figure_panel_draw(&sheet);
    int status = gnuplot_write(path, &commands, err);
    buf_release(&commands);
    return status;
}

int figure_inline(struct buf *out, const struct ponder_figure *figure, struct ponder_err *err)
{
    char ink[GNUPLOT_HEX_BYTES], grid[GNUPLOT_HEX_BYTES];
    struct buf commands = BUF_INIT(COMMANDS_BYTES_MAX), raw = BUF_INIT(GNUPLOT_SVG_BYTES_MAX);
    const struct sheet sheet = {&commands, figure,
                                true,      gnuplot_colour_hex(GNUPLOT_INK, ink),
                                ink,       gnuplot_colour_hex(GNUPLOT_GRID, grid)};
    figure_panel_draw(&sheet);
    int status = buf_ok(&commands) ? gnuplot_run(&raw, &commands, err) : err_memory(err, "a plot");
    if (!status)
        status = gnuplot_inline_svg(out, &raw, figure->title, NULL, 0, err);
    buf_release(&commands);
    buf_release(&raw);
    return status;
}
