/* cmd_task_check.c - `ponder task check`: marks each step of Pocket solutions right or wrong. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    const char *in;
    bool skip;
};

static const struct ponder_option *table(void)
{
    static const struct ponder_option options[] = {
        {"in", 'i', PONDER_OPTION_TEXT, offsetof(struct args, in), "FILE", "-", 0, 0,
         "JSONL of solutions or samples; -: standard input"},
        {"skip", 0, PONDER_OPTION_FLAG, offsetof(struct args, skip), NULL, NULL, 0, 0,
         "leave lines out that are no Pocket question"},
        PONDER_OPTION_END};
    return options;
}

/* What was counted on the way, for the line on stderr. */
struct counts {
    long long lines, skipped;
};

static int check_line(const char *line, bool skip, struct counts *counts, struct ponder_err *err)
{
    char *labelled;
    int status = ponder_pocket_label(line, &labelled, err);
    if (status == PONDER_E_NOT_FOUND && skip) {
        counts->skipped++;
        return PONDER_OK;
    }
    if (status)
        return status;
    puts(labelled);
    free(labelled);
    return PONDER_OK;
}

static int check_file(FILE *in, const struct args *args, struct counts *counts, struct ponder_err *err)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int status = PONDER_OK;
    while (!status && !cli_interrupted() && !ferror(stdout) && (n = getline(&line, &cap, in)) >= 0) {
        counts->lines++;
        if (strspn(line, " \t\r\n") == (size_t)n)
            continue;
        status = check_line(line, args->skip, counts, err);
    }
    free(line);
    return status;
}

static int run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct args *args = data;
    struct ponder_err err = {.status = PONDER_OK};
    struct counts counts = {0};
    bool standard = strcmp(args->in, "-") == 0;
    FILE *in = standard ? stdin : fopen(args->in, "r");
    if (!in) {
        err.status = PONDER_E_IO;
        snprintf(err.message, sizeof err.message, "--in: %.200s cannot be read; give a file of JSONL",
                 args->in);
        return cli_fail(&err);
    }
    cli_interrupt_catch();
    int status = check_file(in, args, &counts, &err);
    if (!standard)
        fclose(in);
    if (status) {
        fprintf(stderr, "ponder: %s, line %lld: %s\n", standard ? "standard input" : args->in, counts.lines,
                err.message);
        return CLI_FAILED;
    }
    if (counts.skipped)
        fprintf(stderr, "%lld of %lld lines are no Pocket question and were left out\n", counts.skipped,
                counts.lines);
    return cli_finish(cli_interrupted() ? CLI_FAILED : CLI_DONE);
}

const struct cli_command cli_task_check = {
    .name = "task check",
    .summary = "Mark each step of Pocket solutions right or wrong, as JSONL",
    .example = "ponder task pocket --count 3 | ponder task check",
    .notes = "Takes objects with `problem` and `solution`, or with `samples` as eval writes\n"
             "them; adds `right`, `reachable`, `first_wrong`, `answer_right` to each text.",
    .args_bytes = sizeof(struct args),
    .groups = {{table, 0}},
    .run = run,
};
