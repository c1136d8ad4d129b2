/* figure_draw.c - a figure as a drawing that stands alone: one panel, or one for each fifth, for each number
 * of samples, for each way of choosing temperatures. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "eval/gnuplot.h"
#include "eval/stats.h"
#include "ponder/figure.h"

enum { COMMANDS_BYTES_MAX = 1 << 20, WIDTH = 760, HEIGHT = 470, PANEL = 300 };

/* The same search has the same colour in every figure; all can be told apart by those who see no red or no
 * green (Okabe and Ito 2008). */
static const char *colour_of(const struct ponder_figure *figure, int s)
{
    static const struct {
        const char *opens, *colour;
    } fixed[] = {{"majority", "#999999"},
                 {"greedy", "#333333"},
                 {"beam, M = 4", "#0072b2"},
                 {"beam, M = √N", "#56b4e9"},
                 {"lookahead 3, M = 4", "#d55e00"},
                 {"lookahead 3, M = √N", "#cc79a7"},
                 {"lookahead 1", "#e69f00"},
                 {"dvts", "#009e73"}};
    static const char *const others[] = {"#000000", "#0072b2", "#d55e00", "#cc79a7", "#009e73"};
    const char *label = figure->series[s].label;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strncmp(label, fixed[i].opens, strlen(fixed[i].opens)) == 0)
            return fixed[i].colour;
    return others[s % PONDER_FIGURE_SERIES_MAX % (int)(sizeof others / sizeof *others)];
}

/* What one panel shows. */
struct view {
    int panel;         /* the series of this one */
    const char *group; /* points of this group */
    int64_t n;         /* by temperature: points of so many samples, and those of one */
    enum { BY_COMPUTE, BY_GENERATIONS, BY_TEMPERATURE } x;
    const char *title;
};

static bool is_greedy(const struct ponder_figure_series *series)
{
    return strcmp(series->label, "greedy") == 0;
}

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
static void data_blocks(struct buf *out, const struct ponder_figure *figure, const struct view *view,
                        int number)
{
    for (int s = 0; s < figure->series_count; s++) {
        const struct ponder_figure_series *series = &figure->series[s];
        buf_printf(out, "$d%d_%d << EOD\n", number, s);
        for (int64_t i = 0; i < series->count; i++) {
            const struct ponder_figure_point *p = &series->points[i];
            if (is_shown(view, series, p))
                buf_printf(out, "%.6g %.6g %.6g %.6g\n", x_of(view, p), 100 * p->accuracy.value,
                           100 * p->accuracy.low, 100 * p->accuracy.high);
        }
        buf_puts(out, "EOD\n");
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
static void plot(struct buf *out, const struct ponder_figure *figure, const struct view *view, int number)
{
    const char *separator = "plot ";
    for (int s = 0; s < figure->series_count; s++) {
        const struct ponder_figure_series *series = &figure->series[s];
        const struct ponder_figure_point *first = first_shown(view, series);
        int at = s % PONDER_FIGURE_SERIES_MAX;
        if (!first)
            continue;
        if (is_greedy(series)) {
            buf_printf(out, "%s%.6g with lines lw 1.2 dt (2,3) lc rgb \"#333333\" title \"greedy\", ",
                       separator, 100 * first->accuracy.value);
            separator = "";
        }
        buf_printf(out,
                   "%s$d%d_%d using ($1%s%.3f):2:3:4 with yerrorlines %slw 1.2 pt 7 ps 0.45 lc rgb \"%s\" ",
                   separator, number, s, view->x == BY_TEMPERATURE ? "+" : "*",
                   view->x == BY_TEMPERATURE ? 0.004 * (at - 4) : 1 + 0.012 * (at - 4),
                   strcmp(series->label, "majority") == 0 ? "dt (4,4) " : "", colour_of(figure, s));
        if (is_greedy(series))
            buf_puts(out, "notitle");
        else
            buf_printf(out, "title \"%s\"", series->label);
        separator = ", ";
    }
    buf_puts(out, *separator == 'p' ? "plot NaN notitle\n" : "\n");
}

static void axes(struct buf *out, const struct view *view)
{
    static const char *const names[] = {[BY_COMPUTE] =
                                            "compute, in samples (measured FLOPs, verifier included)",
                                        [BY_GENERATIONS] = "generations",
                                        [BY_TEMPERATURE] = "temperature"};
    static const char *const tics[] = {[BY_COMPUTE] =
                                           "set logscale x 2\nset xtics (1,2,4,8,16,32,64,128,256,512)\n",
                                       [BY_GENERATIONS] = "set logscale x 2\nset xtics (1,4,16,64,256)\n",
                                       [BY_TEMPERATURE] = "set xrange [-0.05:]\nset xtics 0.2\n"};
    buf_printf(out,
               "set border 3 lc rgb \"#888888\"\nset tics nomirror out scale 0.5 textcolor rgb \"#333333\"\n"
               "set yrange [0:100]\nset grid ytics lt 1 lw 0.5 lc rgb \"#dddddd\"\nset errorbars small\n%s"
               "set xlabel \"%s\" textcolor rgb \"#333333\"\nset ylabel \"right answers, %%\" textcolor rgb "
               "\"#333333\"\n",
               tics[view->x], names[view->x]);
}

static void terminal(struct buf *out, int width, int height, int font)
{
    buf_printf(out, "set terminal svg size %d,%d noenhanced font \"sans,%d\" background rgb \"white\"\n",
               width, height, font);
}

/* The lines and their names, alone in a panel. */
static void key(struct buf *out, const struct ponder_figure *figure)
{
    buf_puts(out,
             "unset title\nunset border\nunset tics\nunset grid\nunset xlabel\nunset ylabel\nunset logscale\n"
             "set key center center vertical Left reverse spacing 1.4\nset xrange [1:2]\nset yrange [1:2]\n"
             "plot ");
    for (int s = 0, first = 1; s < figure->series_count; s++)
        if (figure->series[s].count > 0 && figure->series[s].panel == 0) {
            buf_printf(out, "%sNaN with linespoints lw 1.5 pt 7 ps 0.45 lc rgb \"%s\" title \"%s\"",
                       first ? "" : ", ", colour_of(figure, s), figure->series[s].label);
            first = 0;
        }
    buf_puts(out, "\nset key off\nset xrange [*:*]\nset tics\n");
}

static void one_panel(struct buf *out, const struct ponder_figure *figure)
{
    struct view view = {.group = "all", .x = BY_COMPUTE};
    terminal(out, WIDTH, HEIGHT, 13);
    data_blocks(out, figure, &view, 0);
    axes(out, &view);
    buf_printf(out, "set title \"%s\"\nset key outside right top vertical Left reverse spacing 1.2\n",
               figure->title);
    plot(out, figure, &view, 0);
}

/* Panels in rows of `across`, the key in a place of its own at the end of each row. */
static void panels(struct buf *out, const struct ponder_figure *figure, const struct view *views, int count,
                   int across)
{
    int rows = (count + across - 2) / (across - 1);
    terminal(out, across * PANEL, rows * PANEL + 30, 12);
    buf_printf(out, "set multiplot layout %d,%d title \"%s\"\nset key off\n", rows, across, figure->title);
    for (int v = 0; v < count; v++)
        data_blocks(out, figure, &views[v], v);
    for (int v = 0; v < count; v++) {
        axes(out, &views[v]);
        buf_printf(out, "set title \"%s\"\n", views[v].title);
        plot(out, figure, &views[v], v);
        if ((v + 1) % (across - 1) == 0 || v + 1 == count)
            key(out, figure);
    }
    buf_puts(out, "unset multiplot\n");
}

static const char *panel_title(const struct ponder_figure *figure, int panel, char *text, size_t size)
{
    if (panel)
        snprintf(text, size, "all at temperature %g", figure->temperature);
    else
        snprintf(text, size, "each at its best temperature");
    return text;
}

static void two_panels(struct buf *out, const struct ponder_figure *figure)
{
    char titles[2][64];
    struct view views[2];
    for (int p = 0; p < 2; p++)
        views[p] = (struct view){.panel = p,
                                 .group = "all",
                                 .x = BY_GENERATIONS,
                                 .title = panel_title(figure, p, titles[p], sizeof titles[p])};
    panels(out, figure, views, 2, 3);
}

static void fifths(struct buf *out, const struct ponder_figure *figure)
{
    char titles[2 * STATS_FIFTHS][96], panel[64];
    struct view views[2 * STATS_FIFTHS];
    int count = isnan(figure->temperature) ? STATS_FIFTHS : 2 * STATS_FIFTHS;
    for (int v = 0; v < count; v++) {
        int p = v / STATS_FIFTHS, f = v % STATS_FIFTHS;
        snprintf(titles[v], sizeof titles[v], "fifth %s%s%s", stats_fifth_names[f],
                 f || count == STATS_FIFTHS ? "" : ", ",
                 f || count == STATS_FIFTHS ? "" : panel_title(figure, p, panel, sizeof panel));
        views[v] =
            (struct view){.panel = p, .group = stats_fifth_names[f], .x = BY_GENERATIONS, .title = titles[v]};
    }
    panels(out, figure, views, count, count == STATS_FIFTHS ? 3 : STATS_FIFTHS + 1);
}

/* A panel for each number of samples from 4 on. */
static void temperatures(struct buf *out, const struct ponder_figure *figure)
{
    enum { VIEWS_MAX = 4 };
    char titles[VIEWS_MAX][32];
    struct view views[VIEWS_MAX];
    int count = 0;
    for (int64_t n = 4; count < VIEWS_MAX && n <= 256; n *= 4)
        for (int s = 0; s < figure->series_count; s++) {
            struct view view = {.group = "all", .n = n, .x = BY_TEMPERATURE, .title = titles[count]};
            if (is_greedy(&figure->series[s]) || !first_shown(&view, &figure->series[s]))
                continue;
            snprintf(titles[count], sizeof titles[count], "N = %d", (int)n);
            views[count++] = view;
            break;
        }
    panels(out, figure, views, count, count + 1);
}

int ponder_figure_draw(const struct ponder_figure *figure, const char *path, struct ponder_err *err)
{
    struct buf commands = BUF_INIT(COMMANDS_BYTES_MAX);
    if (figure->by_temperature)
        temperatures(&commands, figure);
    else if (figure->fifths_samples)
        fifths(&commands, figure);
    else if (!isnan(figure->temperature))
        two_panels(&commands, figure);
    else
        one_panel(&commands, figure);
    int status = gnuplot_write(path, &commands, err);
    buf_release(&commands);
    return status;
}
