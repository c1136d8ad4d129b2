/* plots.h - which plots a report has, and what they show. */
#ifndef REPORT_PLOTS_H
#define REPORT_PLOTS_H

#include "report/figures.h"

enum plot {
    PLOT_GENERATIONS, /* accuracy against each of these, by question */
    PLOT_TOKENS,
    PLOT_FLOPS,
    PLOT_SECONDS,
    PLOT_LEVEL, /* accuracy by each of these */
    PLOT_QUINTILE,
    PLOT_SUBJECT,
    PLOT_COUNT
};

struct plots {
    struct buf svg[PLOT_COUNT]; /* for the inside of a page; empty where there is nothing to show */
};

extern const char *const plot_titles[PLOT_COUNT];

/* Starts gnuplot for each. Release in any case. */
int plots_draw(struct plots *plots, const struct figures *figures, struct ponder_err *err) PONDER_USE;
void plots_release(struct plots *plots);

/* Appends gnuplot's commands for a plot; nothing where it has nothing to show. `names` (PLOTS_NAMES_MAX)
 * gets the groups that are named in it, borrowed: where there are more, the plot says of how many. */
enum { PLOTS_NAMES_MAX = 64 };
int plots_commands(struct buf *out, const struct figures *figures, enum plot plot,
                   const char *names[PLOTS_NAMES_MAX]);

#endif
