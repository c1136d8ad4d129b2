/* cmd_figure.c - `ponder figure`: the figures of the paper from stored runs. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct ponder_figure_settings settings;
    const char *svg;
    bool json;
};

static const struct ponder_option svg_table[] = {{"svg", 'o', PONDER_OPTION_TEXT, offsetof(struct args, svg),
                                                  "FILE", NULL, 0, 0, "draw it there, by gnuplot"},
                                                 PONDER_OPTION_END};

static const struct ponder_option *svg_options(void)
{
    return svg_table;
}

static int list(void)
{
    const char *name, *summary;
    for (int i = 0; (name = ponder_figure_name(i, &summary)); i++)
        printf("%-16s %s\n", name, summary);
    return cli_finish(CLI_DONE);
}

static int figure_print(const struct args *args, const struct ponder_figure *figure, struct ponder_err *err)
{
    char *text = NULL;
    int status = args->svg ? ponder_figure_draw(figure, args->svg, err) : 0;
    if (!status)
        status =
            args->json ? ponder_figure_json(figure, &text, err) : ponder_figure_markdown(figure, &text, err);
    if (!status)
        fputs(text, stdout);
    if (!status && args->json)
        putchar('\n');
    free(text);
    return status;
}

static int figure_run(void *data, int count, char **operands)
{
    const struct args *args = data;
    struct ponder_figure *figure = NULL;
    struct ponder_err err = {0};
    if (count < 2)
        return list();
    int status = cli_check_writable("svg", args->svg, &err);
    if (!status)
        status = ponder_figure_make(operands[0], operands[1], &args->settings, &figure, &err);
    if (!status)
        status = figure_print(args, figure, &err);
    ponder_figure_release(figure);
    return status ? cli_fail(&err) : cli_finish(CLI_DONE);
}

const struct cli_command cli_figure = {
    .name = "figure",
    .summary = "A figure of the paper from the runs of a store, as Markdown",
    .example = "ponder figure runs.db f3-left --svg f3-left.svg",
    .operands = "[STORE FIGURE]",
    .operands_min = 0,
    .operands_max = 2,
    .notes = "Without STORE and FIGURE: which there are. paper/search.sh makes the runs.",
    .args_bytes = sizeof(struct args),
    .groups = {{ponder_figure_options, offsetof(struct args, settings)},
               {svg_options, 0},
               {cli_json_options, offsetof(struct args, json)}},
    .run = figure_run,
};
