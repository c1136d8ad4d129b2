/* bench_tree_plot.c - what a decoded token costs against how many branches there are, with sharing and
 * without.
 */
#include "core/buf.h"
#include "plot/gnuplot.h"
#include "ponder/bench.h"

enum { COMMANDS_BYTES_MAX = 1 << 16 };

struct curve {
    const char *name, *title, *colour;
    const struct ponder_bench_way *ways[PONDER_BENCH_POINTS_MAX]; /* (point_count) */
};

/* "$name": branches, microseconds per token. */
static void data_block(struct buf *out, const struct ponder_bench_tree *tree, const struct curve *curve)
{
    buf_printf(out, "$%s << EOD\n", curve->name);
    for (int i = 0; i < tree->point_count; i++)
        if (curve->ways[i]->tokens_per_s > 0)
            buf_printf(out, "%lld %.6g\n", (long long)tree->points[i].branches,
                       1e6 / curve->ways[i]->tokens_per_s);
    buf_puts(out, "EOD\n");
}

static void axes(struct buf *out, const struct ponder_bench_tree *tree)
{
    long long most = tree->points[tree->point_count - 1].branches;
    buf_printf(out,
               "set terminal svg size 640,420 noenhanced font \"sans,13\" background rgb \"white\"\n"
               "set border 3 lc rgb \"#888888\"\nset tics nomirror out scale 0.5 textcolor rgb \"#333333\"\n"
               "set grid ytics lt 1 lw 0.5 lc rgb \"#dddddd\"\nset logscale x 2\nset logscale y 10\n"
               "set xrange [%.3f:%.3f]\nset xtics (1",
               0.85, 1.18 * (double)most);
    for (long long at = 2; at <= most; at *= 2)
        buf_printf(out, ",%lld", at);
    buf_printf(out,
               ")\nset xlabel \"branches of a prompt of %lld tokens\" textcolor rgb \"#333333\"\n"
               "set ylabel \"microseconds a decoded token\" textcolor rgb \"#333333\"\nset key above\n",
               (long long)tree->whole.prompt_tokens);
}

static void commands(struct buf *out, const struct ponder_bench_tree *tree)
{
    struct curve curves[] = {{.name = "unshared", .title = "without sharing", .colour = "#d55e00"},
                             {.name = "shared", .title = "prompt shared", .colour = "#0072b2"}};
    for (int i = 0; i < tree->point_count; i++) {
        curves[0].ways[i] = &tree->points[i].unshared;
        curves[1].ways[i] = &tree->points[i].shared;
    }
    data_block(out, tree, &curves[0]);
    data_block(out, tree, &curves[1]);
    axes(out, tree);
    const char *separator = "plot ";
    for (int i = 0; i < 2; i++, separator = ", ")
        if (curves[i].ways[0]->tokens_per_s > 0)
            buf_printf(out, "%s$%s using 1:2 with linespoints lw 1.6 pt 7 ps 0.5 lc rgb \"%s\" title \"%s\"",
                       separator, curves[i].name, curves[i].colour, curves[i].title);
    buf_putc(out, '\n');
}

int ponder_bench_tree_draw(const struct ponder_bench_tree *tree, const char *path, struct ponder_err *err)
{
    struct buf script = BUF_INIT(COMMANDS_BYTES_MAX);
    commands(&script, tree);
    int status = gnuplot_write(path, &script, err);
    buf_release(&script);
    return status;
}
