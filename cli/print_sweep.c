/* print_sweep.c - accuracy by temperature: a table for each number of samples, and a plot of the largest. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { PLOT_ROWS = 16, LABEL_COLUMNS = 18, COLUMNS_MIN = 6, COLUMNS_MAX = 10, NS_MAX = 8 };

static bool is_greedy(const struct ponder_figure_series *series)
{
    return strcmp(series->label, "greedy") == 0;
}

/* The point of a series at a temperature, of n samples; the greedy answer is one whatever n is. */
static const struct ponder_figure_point *point_at(const struct ponder_figure_series *series,
                                                  double temperature, int64_t n)
{
    for (int64_t i = 0; i < series->count; i++)
        if (series->points[i].temperature == temperature && (series->points[i].n == n || is_greedy(series)))
            return &series->points[i];
    return NULL;
}

/* All temperatures of the figure, and all numbers of samples above 1, ascending. */
struct axes {
    double temperatures[32];
    int64_t ns[NS_MAX];
    int temperature_count, n_count;
};

static void add_temperature(struct axes *axes, double temperature)
{
    int at = 0;
    while (at < axes->temperature_count && axes->temperatures[at] < temperature)
        at++;
    if (axes->temperature_count == 32 ||
        (at < axes->temperature_count && axes->temperatures[at] == temperature))
        return;
    memmove(axes->temperatures + at + 1, axes->temperatures + at,
            (size_t)(axes->temperature_count++ - at) * sizeof *axes->temperatures);
    axes->temperatures[at] = temperature;
}

static void add_n(struct axes *axes, int64_t n)
{
    int at = 0;
    while (at < axes->n_count && axes->ns[at] < n)
        at++;
    if (n == 1 || axes->n_count == NS_MAX || (at < axes->n_count && axes->ns[at] == n))
        return;
    memmove(axes->ns + at + 1, axes->ns + at, (size_t)(axes->n_count++ - at) * sizeof *axes->ns);
    axes->ns[at] = n;
}

static struct axes axes_of(const struct ponder_figure *figure)
{
    struct axes axes = {.n_count = 0};
    for (int s = 0; s < figure->series_count; s++)
        for (int64_t i = 0; i < figure->series[s].count; i++) {
            add_temperature(&axes, figure->series[s].points[i].temperature);
            add_n(&axes, figure->series[s].points[i].n);
        }
    return axes;
}

/* Whether a series has a point in the table of n. */
static bool has_points(const struct ponder_figure_series *series, const struct axes *axes, int64_t n)
{
    for (int t = 0; t < axes->temperature_count; t++)
        if (point_at(series, axes->temperatures[t], n))
            return true;
    return false;
}

static bool is_best(const struct ponder_figure_series *series, const struct axes *axes, int64_t n,
                    const struct ponder_figure_point *point)
{
    for (int t = 0; t < axes->temperature_count; t++) {
        const struct ponder_figure_point *other = point_at(series, axes->temperatures[t], n);
        if (other && other->accuracy.value > point->accuracy.value)
            return false;
    }
    return true;
}

/* A row for each method, a column for each temperature, the best of a row in bold. */
static void print_table(const struct ponder_figure *figure, const struct axes *axes, int64_t n)
{
    cli_style(stdout, "1");
    printf("N = %-*lld", LABEL_COLUMNS - 4, (long long)n);
    for (int t = 0; t < axes->temperature_count; t++)
        printf("  %-17g", axes->temperatures[t]);
    printf("\n");
    cli_style(stdout, "0");
    for (int s = 0; s < figure->series_count; s++) {
        const struct ponder_figure_series *series = &figure->series[s];
        if (!has_points(series, axes, n))
            continue;
        printf("%-*s", LABEL_COLUMNS, series->label);
        for (int t = 0; t < axes->temperature_count; t++) {
            const struct ponder_figure_point *point = point_at(series, axes->temperatures[t], n);
            bool best = point && !is_greedy(series) && is_best(series, axes, n, point);
            if (best)
                cli_style(stdout, "1");
            if (point)
                cli_print_interval(&point->accuracy);
            else
                printf("%19s", "");
            if (best)
                cli_style(stdout, "0");
        }
        printf("\n");
    }
    printf("\n");
}

/* ---- the plot ---- */

/* A letter for each series, its own where that is free. */
static void choose_letters(const struct ponder_figure *figure, char *letters)
{
    static const char *const others = "abcdefhijklmnopqrstuvwxyz";
    for (int s = 0; s < figure->series_count; s++) {
        const char *label = figure->series[s].label, *free_one = others;
        letters[s] = 0;
        for (; *label && !letters[s]; label++)
            if (*label >= 'a' && *label <= 'z' && !memchr(letters, *label, (size_t)s))
                letters[s] = *label;
        while (!letters[s] && memchr(letters, *free_one, (size_t)s))
            free_one++;
        if (!letters[s])
            letters[s] = *free_one;
    }
}

struct plot {
    char cell[PLOT_ROWS + 1][32 * COLUMNS_MAX];
    int columns; /* of a temperature */
};

static int row_of(double share)
{
    return (int)lround((1 - share) * PLOT_ROWS);
}

/* Beside each other where several series stand at the same height. */
static void sweep_put(struct plot *plot, int temperature, double share, char letter)
{
    char *cell = &plot->cell[row_of(share)][temperature * plot->columns];
    int at = 0;
    while (at < plot->columns - 1 && cell[at] != ' ')
        at++;
    cell[at] = letter;
}

static void print_plot(const struct ponder_figure *figure, const struct axes *axes, int64_t n)
{
    struct plot plot;
    char letters[PONDER_FIGURE_PANELS * PONDER_FIGURE_SERIES_MAX];
    int room = (int)cli_look(stdout).columns - 8;
    plot.columns = room / axes->temperature_count;
    if (plot.columns > COLUMNS_MAX)
        plot.columns = COLUMNS_MAX;
    if (plot.columns < COLUMNS_MIN)
        return; /* the table says it all */
    memset(plot.cell, ' ', sizeof plot.cell);
    choose_letters(figure, letters);
    for (int s = 0; s < figure->series_count; s++)
        for (int t = 0; t < axes->temperature_count; t++) {
            const struct ponder_figure_point *point = point_at(&figure->series[s], axes->temperatures[t], n);
            if (point)
                sweep_put(&plot, t, point->accuracy.value, letters[s]);
        }
    for (int r = 0; r <= PLOT_ROWS; r++) {
        int width = plot.columns * axes->temperature_count;
        while (width > 0 && plot.cell[r][width - 1] == ' ')
            width--;
        if (r % 4 == 0)
            printf("%5.2f | ", 1 - (double)r / PLOT_ROWS);
        else
            printf("      | ");
        printf("%.*s\n", width, plot.cell[r]);
    }
    printf("T =     ");
    for (int t = 0; t < axes->temperature_count; t++)
        printf("%-*g", plot.columns, axes->temperatures[t]);
    printf("\n\n");
    for (int s = 0; s < figure->series_count; s++)
        if (has_points(&figure->series[s], axes, n))
            printf("  %c %s", letters[s], figure->series[s].label);
    printf("; N = %lld\n\n", (long long)n);
}

static void print_best(const struct ponder_sampling_choice *best)
{
    static const char *const names[PONDER_PURPOSES] = {[PONDER_FOR_ONE] = "one answer",
                                                       [PONDER_FOR_VOTE] = "a vote",
                                                       [PONDER_FOR_WEIGHTED] = "a vote weighted by prm",
                                                       [PONDER_FOR_BEST] = "the best by prm",
                                                       [PONDER_FOR_SEARCH] = "a search"};
    const char *separator = "best here:";
    for (int p = 0; p < PONDER_PURPOSES; p++)
        if (best->known[p]) {
            printf("%s %s %g", separator, names[p], best->sampling[p].temperature);
            separator = ",";
        }
    if (*separator == ',')
        printf("\n");
}

void cli_print_sweep(const struct ponder_sweep *sweep)
{
    const struct ponder_figure *figure = sweep->figure;
    struct axes axes = axes_of(figure);
    printf("%lld questions at %d temperatures; 95%% bootstrap intervals over questions\n\n",
           (long long)figure->questions, axes.temperature_count);
    for (int i = 0; i < axes.n_count; i++)
        print_table(figure, &axes, axes.ns[i]);
    if (axes.n_count)
        print_plot(figure, &axes, axes.ns[axes.n_count - 1]);
    print_best(&sweep->best);
}
