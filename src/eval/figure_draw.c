/* figure_draw.c - a figure as a drawing that stands alone: one panel, or one for each fifth. */
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
    return others[s % (int)(sizeof others / sizeof *others)];
}

static void data_blocks(struct buf *out, const struct ponder_figure *figure, const char *group, int panel)
{
    for (int s = 0; s < figure->series_count; s++) {
        buf_printf(out, "$d%d_%d << EOD\n", panel, s);
        for (int64_t i = 0; i < figure->series[s].count; i++) {
            const struct ponder_figure_point *p = &figure->series[s].points[i];
            if (strcmp(p->group, group) == 0)
                buf_printf(out, "%.6g %.6g %.6g %.6g\n",
                           group[0] == 'a' ? p->compute : (double)p->generations, 100 * p->accuracy.value,
                           100 * p->accuracy.low, 100 * p->accuracy.high);
        }
        buf_puts(out, "EOD\n");
    }
}

/* Each series is shifted by a hair, so that the bars of equals stand side by side. */
static void plot(struct buf *out, const struct ponder_figure *figure, int panel)
{
    const char *separator = "plot ";
    for (int s = 0; s < figure->series_count; s++) {
        if (figure->series[s].count == 0)
            continue;
        double shift = 1 + 0.012 * (s - figure->series_count / 2);
        const char *style = strcmp(figure->series[s].label, "majority") == 0 ? "dt (4,4) " : "";
        buf_printf(out,
                   "%s$d%d_%d using ($1*%.3f):2:3:4 with yerrorlines %slw 1.2 pt 7 ps 0.45 lc rgb \"%s\" "
                   "title \"%s\"",
                   separator, panel, s, shift, style, colour_of(figure, s), figure->series[s].label);
        separator = ", ";
    }
    buf_putc(out, '\n');
}

static void axes(struct buf *out, const char *x)
{
    buf_printf(out,
               "set border 3 lc rgb \"#888888\"\nset tics nomirror out scale 0.5 textcolor rgb \"#333333\"\n"
               "set yrange [0:100]\nset grid ytics lt 1 lw 0.5 lc rgb \"#dddddd\"\nset errorbars small\nset "
               "logscale x 2\n"
               "set xlabel \"%s\" textcolor rgb \"#333333\"\nset ylabel \"right answers, %%\" textcolor rgb "
               "\"#333333\"\n",
               x);
}

static void one_panel(struct buf *out, const struct ponder_figure *figure)
{
    buf_printf(out, "set terminal svg size %d,%d noenhanced font \"sans,13\" background rgb \"white\"\n",
               WIDTH, HEIGHT);
    data_blocks(out, figure, "all", 0);
    axes(out, "compute, in samples (measured FLOPs, verifier included)");
    buf_printf(out,
               "set title \"%s\"\nset key outside right top vertical Left reverse spacing 1.2\n"
               "set xtics (1,2,4,8,16,32,64,128,256,512)\n",
               figure->title);
    plot(out, figure, 0);
}

/* The key has the sixth place. */
static void panels(struct buf *out, const struct ponder_figure *figure)
{
    buf_printf(out,
               "set terminal svg size %d,%d noenhanced font \"sans,12\" background rgb \"white\"\n"
               "set multiplot layout 2,3 title \"%s\"\nset key off\n",
               3 * PANEL, 2 * PANEL + 30, figure->title);
    axes(out, "generations");
    buf_puts(out, "set xtics (1,4,16,64,256)\n");
    for (int f = 0; f < STATS_FIFTHS; f++) {
        data_blocks(out, figure, stats_fifth_names[f], f);
        buf_printf(out, "set title \"fifth %s\"\n", stats_fifth_names[f]);
        plot(out, figure, f);
    }
    buf_puts(out, "unset title\nunset border\nunset tics\nunset grid\nunset xlabel\nunset ylabel\nset key "
                  "center center "
                  "vertical Left reverse spacing 1.4\nset xrange [1:2]\nset yrange [1:2]\nplot ");
    for (int s = 0, first = 1; s < figure->series_count; s++)
        if (figure->series[s].count > 0) {
            buf_printf(out, "%sNaN with linespoints lw 1.5 pt 7 ps 0.45 lc rgb \"%s\" title \"%s\"",
                       first ? "" : ", ", colour_of(figure, s), figure->series[s].label);
            first = 0;
        }
    buf_puts(out, "\nunset multiplot\n");
}

int ponder_figure_draw(const struct ponder_figure *figure, const char *path, struct ponder_err *err)
{
    struct buf commands = BUF_INIT(COMMANDS_BYTES_MAX);
    if (figure->fifths_samples)
        panels(&commands, figure);
    else
        one_panel(&commands, figure);
    int status = gnuplot_write(path, &commands, err);
    buf_release(&commands);
    return status;
}
