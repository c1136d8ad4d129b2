#include "report/plots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "plot/gnuplot.h"
#include "plot/html.h"

enum { COMMANDS_BYTES_MAX = 1 << 20, WIDTH = 480, HEIGHT = 320, NAME_COLUMNS_MAX = 24 };

const char *const plot_titles[PLOT_COUNT] = {
    [PLOT_GENERATIONS] = "Right answers against generations",
    [PLOT_TOKENS] = "Right answers against tokens",
    [PLOT_FLOPS] = "Right answers against FLOPs",
    [PLOT_SECONDS] = "Right answers against seconds",
    [PLOT_LEVEL] = "By level",
    [PLOT_QUINTILE] = "By difficulty for this model",
    [PLOT_SUBJECT] = "By subject",
};

static void plots_begin(struct buf *out, int height)
{
    buf_printf(out, "set terminal svg size %d,%d dynamic noenhanced font \"sans,13\" linewidth 1.2\n", WIDTH,
               height);
    buf_puts(out, "set key off\nset border 3 lc ");
    gnuplot_colour(out, GNUPLOT_GRID);
    buf_puts(out, "\nset tics nomirror out scale 0.5 textcolor ");
    gnuplot_colour(out, GNUPLOT_INK);
    buf_puts(out, "\nset errorbars small\nset pointintervalbox 0\n");
}

static void plots_label(struct buf *out, const char *axis, const char *text)
{
    buf_printf(out, "set %slabel \"%s\" offset 0,%s textcolor ", axis, text, *axis == 'x' ? "0.4" : "0");
    gnuplot_colour(out, GNUPLOT_INK);
    buf_putc(out, '\n');
}

static void grid(struct buf *out, const char *axis)
{
    buf_printf(out, "set grid %stics linetype 1 linewidth 0.6 lc ", axis);
    gnuplot_colour(out, GNUPLOT_GRID);
    buf_putc(out, '\n');
}

static void plots_look(struct buf *out, int run, const char *kind)
{
    buf_printf(out, "%s ", kind);
    gnuplot_colour(out, GNUPLOT_SERIES + run % GNUPLOT_SERIES_MAX);
}

static bool has_names_in(const struct figures_run *run, const char *by)
{
    for (int64_t g = 0; g < run->eval->group_count; g++)
        if (strcmp(run->eval->groups[g].by, by) == 0)
            return true;
    return false;
}

/* ---- accuracy against cost ---- */

static double cost_of(const struct figures_cost *cost, enum plot plot)
{
    return plot == PLOT_GENERATIONS ? cost->generations
           : plot == PLOT_TOKENS    ? cost->tokens
           : plot == PLOT_FLOPS     ? cost->flops
                                    : cost->seconds;
}

struct span {
    double low, high;
};

static void widen(struct span *span, double value)
{
    span->low = value < span->low ? value : span->low;
    span->high = value > span->high ? value : span->high;
}

static double run_cost(const struct figures_run *run, int k, enum plot plot)
{
    struct figures_cost cost = figures_cost_at(run, 0, run->eval->ks[k]);
    return cost_of(&cost, plot);
}

/* "$name": cost, figure, low, high. Costs of nothing have no place on a logarithmic axis. */
static void data_block(struct buf *out, const char *name, int r, const struct figures_run *run,
                       const struct ponder_interval *figures, enum plot plot, struct span *x, struct span *y)
{
    buf_printf(out, "$%s%d << EOD\n", name, r);
    for (int k = 0; k < run->eval->k_count; k++) {
        double cost = run_cost(run, k, plot);
        if (!(cost > 0))
            continue;
        buf_printf(out, "%.9g %.9g %.9g %.9g\n", cost, 100 * figures[k].value, 100 * figures[k].low,
                   100 * figures[k].high);
        widen(x, cost);
        widen(y, 100 * figures[k].low);
        widen(y, 100 * figures[k].high);
    }
    buf_puts(out, "EOD\n");
}

static void cost_tic(struct buf *out, const char *separator, double at)
{
    char prefix, unit[3] = "";
    double scaled = html_scale(at, &prefix);
    if (prefix)
        snprintf(unit, sizeof unit, " %c", prefix);
    buf_printf(out, "%s\"%.3g%s\" %.9g", separator, scaled, unit, at);
}

/* Powers of 2 or 4 for generations, else round numbers: the more of them the less the axis spans. */
static void cost_tics(struct buf *out, struct span x, enum plot plot)
{
    static const double many[] = {1, 2, 3, 4, 6, 8}, some[] = {1, 2, 5};
    bool narrow = x.high<9 * x.low, wide = x.high> 150 * x.low;
    const double *steps = narrow ? many : some;
    int step_count = narrow ? 6 : wide ? 1 : 3;
    const char *separator = "";
    buf_puts(out, "set xtics (");
    if (plot == PLOT_GENERATIONS)
        for (double at = 1; at <= x.high * 1.01; at *= x.high > 40 * x.low ? 4 : 2, separator = ", ")
            cost_tic(out, separator, at);
    else
        for (double power = pow(10, floor(log10(x.low))); power <= x.high; power *= 10)
            for (int i = 0; i < step_count; i++, separator = ", ")
                cost_tic(out, separator, steps[i] * power);
    buf_puts(out, ")\n");
}

static void ranges(struct buf *out, struct span x, struct span y)
{
    buf_printf(out, "set logscale x\nset xrange [%.9g:%.9g]\n", x.low / 1.15, x.high * 1.15);
    double low = 10 * floor(y.low / 10), high = 10 * ceil(y.high / 10);
    buf_printf(out, "set yrange [%.0f:%.0f]\nset ytics %d\n", low, high > low ? high : low + 10,
               high - low > 50 ? 20 : 10);
}

static void band(struct buf *out, const char *name, int r, long long id, const char *title,
                 const char *opacity)
{
    buf_printf(out, "$%s%d using 1:3:4 with filledcurves ", name, r);
    plots_look(out, r, "fc");
    buf_printf(out, " fs transparent solid %s noborder title \"Run %lld, %s\"", opacity, id, title);
}

static void curve(struct buf *out, const char *name, int r, long long id, const char *title,
                  const char *style)
{
    buf_printf(out, ", $%s%d using 1:2 with linespoints %s ", name, r, style);
    plots_look(out, r, "lc");
    buf_printf(out, " title \"Run %lld, %s\"", id, title);
}

static void draw_run(struct buf *out, int r, const struct figures_run *run)
{
    long long id = run->record.id;
    if (run->eval->k_count > 1) {
        band(out, "pass", r, id, "pass@k, 95% interval", "0.07");
        buf_puts(out, ", ");
        band(out, "maj", r, id, "maj@k, 95% interval", "0.16");
        curve(out, "pass", r, id, "pass@k", "dt (5,4) lw 1.1 pt 6 ps 0.45");
        curve(out, "maj", r, id, "maj@k", "lw 1.6 pt 7 ps 0.5");
        return;
    }
    buf_printf(out, "$maj%d using 1:2:3:4 with yerrorbars lw 1.4 pt %s ", r,
               run->search ? "13 ps 0.75" : "7 ps 0.5");
    plots_look(out, r, "lc");
    buf_printf(out, " title \"Run %lld, %s\"", id, run->search ? "search" : "one sample");
}

static void against_cost(struct buf *out, const struct figures *figures, enum plot plot)
{
    static const char *const names[] = {"generations per question", "tokens per question",
                                        "FLOPs per question", "seconds per question"};
    struct span x = {INFINITY, -INFINITY}, y = x;
    plots_begin(out, HEIGHT);
    for (int r = 0; r < figures->run_count; r++) {
        const struct figures_run *run = &figures->runs[r];
        data_block(out, "maj", r, run, run->eval->groups[0].maj, plot, &x, &y);
        data_block(out, "pass", r, run, run->eval->groups[0].pass, plot, &x, &y);
    }
    if (!(x.low <= x.high)) {
        buf_clear(out); /* no run has such a cost */
        return;
    }
    plots_label(out, "x", names[plot]);
    plots_label(out, "y", "right answers, %");
    grid(out, "y");
    ranges(out, x, y);
    cost_tics(out, x, plot);
    for (int r = 0; r < figures->run_count; r++) {
        buf_puts(out, r == 0 ? "plot " : ", ");
        draw_run(out, r, &figures->runs[r]);
    }
    buf_putc(out, '\n');
}

/* ---- accuracy by group ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The groups of all runs, each name once: the first PLOTS_NAMES_MAX in `names`, and how many there are. */
static int64_t gather_names(struct buf *out, const struct figures *figures, const char *by,
                            const char *names[PLOTS_NAMES_MAX])
{
    int64_t count = 0, total = 0;
    for (int r = 0; r < figures->run_count; r++)
        total += figures->runs[r].eval->group_count;
    const char **all = malloc(((size_t)total + 1) * sizeof *all);
    out->failed |= !all;
    for (int r = 0; r < figures->run_count && all; r++) {
        const struct ponder_eval *eval = figures->runs[r].eval;
        for (int64_t g = 0; g < eval->group_count; g++)
            if (strcmp(eval->groups[g].by, by) == 0)
                all[count++] = eval->groups[g].name;
    }
    if (count > 0)
        qsort(all, (size_t)count, sizeof *all, by_text);
    int64_t different = 0;
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || strcmp(all[i - 1], all[i]) != 0) {
            if (different < PLOTS_NAMES_MAX)
                names[different] = all[i];
            different++;
        }
    free(all);
    return different;
}

struct bars {
    const struct figures *figures;
    const char *by;
    const char *const *names;
    int name_count, run_count; /* that have such groups */
};

/* "$barsR": figure, low, high, pass@1, middle, bottom and top of the bar, one below the other. */
static void bar_block(struct buf *out, const struct bars *bars, int r, int place)
{
    const struct ponder_eval *eval = bars->figures->runs[r].eval;
    double height = 0.8 / bars->run_count;
    buf_printf(out, "$bars%d << EOD\n", r);
    for (int64_t g = 0; g < eval->group_count; g++) {
        const struct ponder_eval_group *group = &eval->groups[g];
        const struct ponder_interval *figure = &group->maj[eval->k_count - 1];
        int at = 0;
        while (at < bars->name_count && strcmp(bars->names[at], group->name) != 0)
            at++;
        if (strcmp(group->by, bars->by) != 0 || at == bars->name_count)
            continue;
        double top = -at + 0.4 - place * height;
        buf_printf(out, "%.9g %.9g %.9g %.9g %.9g %.9g %.9g\n", 100 * figure->value, 100 * figure->low,
                   100 * figure->high, 100 * group->pass_1.value, top - height / 2, top - 0.9 * height,
                   top - 0.1 * height);
    }
    buf_puts(out, "EOD\n");
}

static void draw_bars(struct buf *out, const struct figures_run *run, int r)
{
    long long id = run->record.id;
    buf_printf(out, "$bars%d using 1:5:(0):1:6:7 with boxxyerror ", r);
    plots_look(out, r, "fc");
    buf_printf(out, " fs transparent solid 0.28 noborder title \"Run %lld\", ", id);
    buf_printf(out, "$bars%d using 1:5:2:3 with xerrorbars lw 1.3 pt 7 ps 0.4 ", r);
    plots_look(out, r, "lc");
    buf_printf(out, " title \"Run %lld, 95%% interval\"", id);
    if (run->eval->n == 1)
        return;
    buf_printf(out, ", $bars%d using 4:5 with points pt 6 ps 0.4 ", r);
    plots_look(out, r, "lc");
    buf_printf(out, " title \"Run %lld, pass@1\"", id);
}

/* Names come from files: commands hold a mark for each, and the drawing gets the name. The margin is made for
 * the longest. */
static void name_tics(struct buf *out, const struct bars *bars)
{
    size_t longest = 0;
    buf_puts(out, "set ytics (");
    for (int i = 0; i < bars->name_count; i++) {
        size_t len = strlen(bars->names[i]);
        longest = len > longest ? len : longest;
        buf_printf(out, "%s\"@%d@\" %d", i ? ", " : "", i, -i);
    }
    longest = longest < NAME_COLUMNS_MAX ? longest : NAME_COLUMNS_MAX;
    buf_printf(out, ") scale 0\nset lmargin %d\n", 2 + (int)(longest * 4 / 5));
}

static int by_group(struct buf *out, const struct figures *figures, enum plot plot,
                    const char *names[PLOTS_NAMES_MAX])
{
    static const char *const by[] = {
        [PLOT_LEVEL] = "level", [PLOT_SUBJECT] = "subject", [PLOT_QUINTILE] = "quintile"};
    int64_t count = gather_names(out, figures, by[plot], names);
    struct bars bars = {figures, by[plot], names, (int)(count < PLOTS_NAMES_MAX ? count : PLOTS_NAMES_MAX),
                        0};
    for (int r = 0; r < figures->run_count; r++)
        bars.run_count += has_names_in(&figures->runs[r], bars.by);
    if (bars.name_count == 0)
        return 0;
    int row = 10 + 12 * bars.run_count;
    plots_begin(out, 70 + bars.name_count * (row < 26 ? 26 : row));
    for (int r = 0, place = 0; r < figures->run_count; r++)
        if (has_names_in(&figures->runs[r], bars.by))
            bar_block(out, &bars, r, place++);
    char text[96] = "right answers, %";
    if (count > PLOTS_NAMES_MAX)
        snprintf(text, sizeof text, "right answers, %%: the first %d of %lld, the table has all",
                 PLOTS_NAMES_MAX, (long long)count);
    plots_label(out, "x", text);
    grid(out, "x");
    buf_printf(out, "set xrange [0:100]\nset xtics 20\nset yrange [%.1f:0.5]\n", 0.5 - bars.name_count);
    name_tics(out, &bars);
    const char *separator = "plot ";
    for (int r = 0; r < figures->run_count; r++)
        if (has_names_in(&figures->runs[r], bars.by)) {
            buf_puts(out, separator);
            draw_bars(out, &figures->runs[r], r);
            separator = ", ";
        }
    buf_putc(out, '\n');
    return bars.name_count;
}

/* ---- all ---- */

int plots_commands(struct buf *out, const struct figures *figures, enum plot plot,
                   const char *names[PLOTS_NAMES_MAX])
{
    if (plot >= PLOT_LEVEL)
        return by_group(out, figures, plot, names);
    against_cost(out, figures, plot);
    return 0;
}

static int plots_gnuplot(struct buf *svg, const struct figures *figures, enum plot plot,
                         struct ponder_err *err)
{
    const char *names[PLOTS_NAMES_MAX];
    struct buf commands = BUF_INIT(COMMANDS_BYTES_MAX), raw = BUF_INIT(GNUPLOT_SVG_BYTES_MAX);
    int count = plots_commands(&commands, figures, plot, names), status = PONDER_OK;
    if (!buf_ok(&commands))
        status = err_memory(err, "a plot");
    else if (commands.len > 0)
        status = gnuplot_run(&raw, &commands, err);
    if (!status && commands.len > 0)
        status = gnuplot_inline_svg(svg, &raw, plot_titles[plot], names, count, err);
    buf_release(&commands);
    buf_release(&raw);
    if (status && status != PONDER_E_NOT_FOUND)
        err_prefix(err, status, "the plot \"%s\"", plot_titles[plot]);
    return status;
}

int plots_draw(struct plots *plots, const struct figures *figures, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int p = 0; p < PLOT_COUNT; p++)
        plots->svg[p] = BUF_INIT(GNUPLOT_SVG_BYTES_MAX);
    for (int p = 0; p < PLOT_COUNT && !status; p++)
        status = plots_gnuplot(&plots->svg[p], figures, (enum plot)p, err);
    return status;
}

void plots_release(struct plots *plots)
{
    for (int p = 0; p < PLOT_COUNT; p++)
        buf_release(&plots->svg[p]);
}
