/* calibration_plot.c - a reliability diagram: what scores say against what is so, and how many there are. */
#include "core/buf.h"
#include "core/err.h"
#include "plot/gnuplot.h"
#include "ponder/verify.h"

enum { COMMANDS_BYTES_MAX = 1 << 16 };

/* "$name": mean score, mean label, count, the middle of the bin. */
static void data_block(struct buf *out, const char *name, const struct ponder_calibration *c)
{
    buf_printf(out, "$%s << EOD\n", name);
    for (int i = 0; i < PONDER_CALIBRATION_BINS; i++)
        if (c->bins[i].count)
            buf_printf(out, "%.6g %.6g %lld %.6g\n", c->bins[i].score, c->bins[i].label,
                       (long long)c->bins[i].count, (i + 0.5) / PONDER_CALIBRATION_BINS);
    buf_puts(out, "EOD\n");
}

struct series {
    const char *name, *title, *colour;
    const struct ponder_calibration *calibration;
    double shift; /* of its bars */
};

/* One curve and one row of bars for each that has scores. */
static void calibration_draw(struct buf *out, const struct series series[2], bool bars)
{
    const char *separator = bars ? "plot " : "plot x with lines dt (4,4) lc rgb \"#888888\" notitle, ";
    for (int i = 0; i < 2; i++) {
        const struct series *s = &series[i];
        if (!s->calibration->count)
            continue;
        if (bars)
            buf_printf(out, "%s$%s using ($4%+.3f):3 with boxes lc rgb \"%s\"", separator, s->name, s->shift,
                       s->colour);
        else
            buf_printf(out,
                       "%s$%s using 1:2 with linespoints pt 7 ps 0.6 lc rgb \"%s\" title \"%s, ECE %.3f\"",
                       separator, s->name, s->colour, s->title, s->calibration->ece);
        separator = ", ";
    }
    buf_putc(out, '\n');
}

static void commands(struct buf *out, const struct ponder_score *score)
{
    const struct series series[] = {{"steps", "steps", "#1f6fb4", &score->steps, -0.022},
                                    {"whole", "solutions", "#d1602d", &score->solutions, 0.022}};
    for (int i = 0; i < 2; i++)
        data_block(out, series[i].name, series[i].calibration);
    buf_puts(out,
             "set terminal svg size 480,560 noenhanced font \"sans,13\" background \"white\" linewidth 1.2\n"
             "set border 3 lc rgb \"#888888\"\nset tics nomirror out scale 0.5\n"
             "set grid ytics lt 1 lw 0.6 lc rgb \"#dddddd\"\nset key above\n"
             "set xrange [0:1]\nset lmargin 9\nset rmargin 3\nset multiplot\n"
             "set origin 0,0.3\nset size 1,0.7\nset yrange [0:1]\nset ylabel \"share that is so\"\n");
    calibration_draw(out, series, false);
    buf_puts(out, "set origin 0,0\nset size 1,0.33\nset key off\nset logscale y\nset yrange [0.5:*]\n"
                  "set ylabel \"how many\"\nset xlabel \"score\"\nset style fill solid 0.5 noborder\n"
                  "set boxwidth 0.04\n");
    calibration_draw(out, series, true);
    buf_puts(out, "unset multiplot\n");
}

int ponder_score_plot(const struct ponder_score *score, const char *path, struct ponder_err *err)
{
    struct buf script = BUF_INIT(COMMANDS_BYTES_MAX);
    if (!score->solutions.count)
        return err_set(err, PONDER_E_ARGUMENT, "there are no scores to draw");
    commands(&script, score);
    int status = gnuplot_write(path, &script, err);
    buf_release(&script);
    return status;
}
