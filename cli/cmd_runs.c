/* cmd_runs.c - `ponder runs ...`: what a store holds. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    bool json;
};

int cli_run_number(const char *text, int64_t *id, struct ponder_err *err)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || *end || end == text || number < 1) {
        snprintf(err->message, sizeof err->message,
                 "'%.40s' is no number of a run; `ponder runs list FILE` shows them", text);
        return err->status = PONDER_E_ARGUMENT;
    }
    *id = number;
    return PONDER_OK;
}

/* ---- list ---- */

static void print_run(const struct ponder_run *run)
{
    char done[32], samples[32];
    printf("%4lld  %-19.19s  %-8s  ", (long long)run->id, run->created, ponder_run_kind_name(run->kind));
    cli_print_text(stdout, run->data, strlen(run->data), false);
    printf("  ");
    cli_print_text(stdout, run->model, strlen(run->model), false);
    printf("\n      %s done of %lld questions x %lld seed%s, %s samples", cli_thousands(done, run->done),
           (long long)run->questions, (long long)run->seeds, run->seeds == 1 ? "" : "s",
           cli_thousands(samples, run->samples));
    if (run->kept > run->samples)
        printf(", chosen from %s", cli_thousands(samples, run->kept));
    printf("\n      ");
    cli_print_text(stdout, run->settings, strlen(run->settings), false);
    printf("\n");
}

static int run_list(void *data, int count, char **operands)
{
    (void)data;
    (void)count;
    struct ponder_err err = {0};
    struct ponder_run *runs = NULL;
    int64_t n = 0;
    int status = ponder_runs_list(operands[0], &runs, &n, &err);
    for (int64_t i = 0; i < n && !status; i++)
        print_run(&runs[i]);
    if (!status && n == 0)
        fprintf(stderr, "%s: no run yet\n", operands[0]);
    ponder_runs_release(runs, n);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_runs_list = {
    .name = "runs list",
    .summary = "List the runs of a store",
    .example = "ponder runs list runs.db",
    .operands = "STORE",
    .operands_min = 1,
    .operands_max = 1,
    .args_bytes = sizeof(struct args),
    .run = run_list,
};

/* ---- show ---- */

static int print_one(const char *store, int64_t id, struct ponder_err *err)
{
    struct ponder_run *runs = NULL;
    int64_t n = 0;
    int status = ponder_runs_list(store, &runs, &n, err);
    for (int64_t i = 0; i < n && !status; i++)
        if (runs[i].id == id) {
            print_run(&runs[i]);
            printf("      ");
            cli_print_text(stdout, runs[i].fingerprints, strlen(runs[i].fingerprints), false);
            printf("\n\n");
        }
    ponder_runs_release(runs, n);
    return status;
}

static int print_figures(const struct args *args, const char *store, int64_t id,
                         const struct ponder_eval *eval, struct ponder_err *err)
{
    char *json = NULL;
    int status = args->json ? ponder_eval_json(eval, &json, err) : print_one(store, id, err);
    if (!status && args->json)
        puts(json);
    else if (!status)
        cli_print_eval(eval);
    free(json);
    return status;
}

static int run_show(void *data, int count, char **operands)
{
    (void)count;
    struct ponder_err err = {0};
    struct ponder_eval *eval = NULL;
    int64_t id = 0;
    int status = cli_run_number(operands[1], &id, &err);
    if (!status)
        status = ponder_runs_eval(operands[0], id, &eval, &err);
    if (!status)
        status = print_figures(data, operands[0], id, eval, &err);
    ponder_eval_release(eval);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_runs_show = {
    .name = "runs show",
    .summary = "Show a run: settings, what computed it, figures and cost",
    .example = "ponder runs show runs.db 1",
    .operands = "STORE RUN",
    .operands_min = 2,
    .operands_max = 2,
    .args_bytes = sizeof(struct args),
    .groups = {{cli_json_options, offsetof(struct args, json)}},
    .run = run_show,
};

/* ---- diff ---- */

static void print_difference(const char *name, const struct ponder_interval values[2],
                             const struct ponder_interval *difference)
{
    printf("%-10s", name);
    cli_print_interval(&values[0]);
    cli_print_interval(&values[1]);
    printf("  %+.3f, 95%% interval %+.3f to %+.3f\n", difference->value, difference->low, difference->high);
}

static void print_comparison(const struct ponder_comparison *diff, int64_t first, int64_t second)
{
    char tokens[2][32], flops[2][32], names[2][24];
    snprintf(names[0], sizeof names[0], "run %lld", (long long)first);
    snprintf(names[1], sizeof names[1], "run %lld", (long long)second);
    printf("differing settings: %s\n%lld questions in common\n\n", diff->settings,
           (long long)diff->questions);
    printf("%-10s  %-17s  %-17s  %s - %s, paired\n", "", names[0], names[1], names[1], names[0]);
    print_difference("accuracy", diff->accuracy, &diff->difference);
    print_difference("pass@1", diff->pass_1, &diff->pass_1_difference);
    for (int i = 0; i < 2; i++)
        printf("\n%s, a question: %lld generations, %s generated tokens, %sFLOP, %.3f s", names[i],
               (long long)diff->cost[i].generations, cli_thousands(tokens[i], diff->cost[i].generated_tokens),
               cli_scaled(flops[i], diff->cost[i].flops), diff->cost[i].seconds);
    printf("\n");
}

static int run_diff(void *data, int count, char **operands)
{
    (void)data;
    (void)count;
    struct ponder_err err = {0};
    struct ponder_comparison diff = {0};
    int64_t first = 0, second = 0;
    int status = cli_run_number(operands[1], &first, &err);
    if (!status)
        status = cli_run_number(operands[2], &second, &err);
    if (!status)
        status = ponder_runs_compare(operands[0], first, second, &diff, &err);
    if (!status)
        print_comparison(&diff, first, second);
    free(diff.settings);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_runs_diff = {
    .name = "runs diff",
    .summary = "Compare two runs on the questions both have, paired",
    .example = "ponder runs diff runs.db 1 2",
    .operands = "STORE RUN RUN",
    .operands_min = 3,
    .operands_max = 3,
    .args_bytes = sizeof(struct args),
    .run = run_diff,
};

/* ---- export ---- */

static int write_line(void *data, const char *line, size_t len, struct ponder_err *err)
{
    if (!cli_interrupted() && fwrite(line, 1, len, data) == len)
        return PONDER_OK;
    snprintf(err->message, sizeof err->message, "the export cannot be written: %s",
             cli_interrupted() ? "interrupted" : strerror(errno));
    return err->status = PONDER_E_IO;
}

struct export_args {
    const char *format;
};

static const struct ponder_option export_table[] = {
    {.name = "format",
     .type = PONDER_OPTION_TEXT,
     .offset = offsetof(struct export_args, format),
     .meta = "FORM",
     .default_value = "samples",
     .help = "or math-shepherd: labelled solutions, a line each"},
    PONDER_OPTION_END,
};

static const struct ponder_option *export_options(void)
{
    return export_table;
}

static int form_of(const char *name, enum ponder_export_form *form, struct ponder_err *err)
{
    bool shepherd = strcmp(name, "math-shepherd") == 0;
    *form = shepherd ? PONDER_EXPORT_SHEPHERD : PONDER_EXPORT_SAMPLES;
    if (shepherd || strcmp(name, "samples") == 0)
        return PONDER_OK;
    snprintf(err->message, sizeof err->message, "--format: '%.40s' is neither samples nor math-shepherd",
             name);
    return err->status = PONDER_E_ARGUMENT;
}

static int run_export(void *data, int count, char **operands)
{
    (void)count;
    const struct export_args *args = data;
    struct ponder_err err = {0};
    enum ponder_export_form form;
    int64_t id = 0;
    int status = cli_run_number(operands[1], &id, &err);
    if (!status)
        status = form_of(args->format, &form, &err);
    cli_interrupt_catch();
    if (!status)
        status = ponder_runs_export(operands[0], id, form, write_line, stdout, &err);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_runs_export = {
    .name = "runs export",
    .summary = "Write a run as JSONL, every sample in it",
    .example = "ponder runs export runs.db 1 >samples.jsonl",
    .operands = "STORE RUN",
    .operands_min = 2,
    .operands_max = 2,
    .args_bytes = sizeof(struct export_args),
    .groups = {{export_options, 0}},
    .run = run_export,
};

/* ---- delete ---- */

static int run_delete(void *data, int count, char **operands)
{
    (void)data;
    (void)count;
    struct ponder_err err = {0};
    int64_t id = 0;
    int status = cli_run_number(operands[1], &id, &err);
    if (!status)
        status = ponder_runs_delete(operands[0], id, &err);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_runs_delete = {
    .name = "runs delete",
    .summary = "Delete a run with all its samples",
    .example = "ponder runs delete runs.db 1",
    .operands = "STORE RUN",
    .operands_min = 2,
    .operands_max = 2,
    .args_bytes = sizeof(struct args),
    .run = run_delete,
};
