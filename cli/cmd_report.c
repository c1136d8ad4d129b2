/* cmd_report.c - `ponder report`: the runs of a store as a page. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { RUNS_MAX = 24 };

struct args {
    struct ponder_report_settings settings;
};

static int report_check(const struct args *args, struct ponder_err *err)
{
    int status = cli_check_writable("output", args->settings.out, err);
    if (!status)
        status = cli_check_writable("csv", args->settings.csv, err);
    return status ? status : cli_check_writable("json", args->settings.json, err);
}

static void say(const struct args *args, const struct ponder_report *report)
{
    char questions[32], bytes[32];
    if (!args->settings.out)
        return;
    cli_print_text(stdout, args->settings.out, strlen(args->settings.out), false);
    printf(": %lld run%s, %s questions", (long long)report->runs, report->runs == 1 ? "" : "s",
           cli_thousands(questions, report->questions));
    if (report->shown < report->questions)
        printf(", the first %s with samples", cli_thousands(questions, report->shown));
    printf(", %sB\n", cli_scaled(bytes, (double)report->bytes));
}

static int report_run(void *data, int count, char **operands)
{
    const struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_report report;
    int64_t runs[RUNS_MAX];
    int status = report_check(args, &err);
    for (int i = 1; i < count && !status; i++)
        status = cli_run_number(operands[i], &runs[i - 1], &err);
    if (!status)
        status = ponder_report_write(operands[0], runs, count - 1, &args->settings, &report, &err);
    if (status)
        return cli_fail(&err);
    say(args, &report);
    return cli_finish(CLI_DONE);
}

const struct cli_command cli_report = {
    .name = "report",
    .summary = "Write runs as a page: figures, plots, every question",
    .example = "ponder report runs.db -o report.html",
    .operands = "STORE [RUN...]",
    .operands_min = 1,
    .operands_max = 1 + RUNS_MAX,
    .notes = "Without a RUN: all of the store. The plots need gnuplot; CSV and JSON do not.",
    .args_bytes = sizeof(struct args),
    .groups = {{ponder_report_options, offsetof(struct args, settings)}},
    .run = report_run,
};
