/* cmd_task_check.c - `ponder task check`: marks each step of Pocket solutions right or wrong. */
#include <stddef.h>

#include "cli.h"

struct args {
    const char *in;
    bool skip;
};

static const struct ponder_option *task_check_table(void)
{
    static const struct ponder_option options[] = {
        {"in", 'i', PONDER_OPTION_TEXT, offsetof(struct args, in), "FILE", "-", 0, 0,
         "JSONL of solutions or samples; -: standard input"},
        {"skip", 0, PONDER_OPTION_FLAG, offsetof(struct args, skip), NULL, NULL, 0, 0,
         "leave lines out that are no Pocket question"},
        PONDER_OPTION_END};
    return options;
}

struct checking {
    bool skip;
    long long lines, skipped;
};

static int check_line(const char *line, void *data, char **out, struct ponder_err *err)
{
    struct checking *checking = data;
    checking->lines++;
    int status = ponder_pocket_label(line, out, err);
    bool skipped = status == PONDER_E_NOT_FOUND && checking->skip;
    checking->skipped += skipped;
    return skipped ? PONDER_OK : status;
}

static int task_check_run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct args *args = data;
    struct checking checking = {.skip = args->skip};
    int exit_status = cli_each_line(args->in, check_line, &checking);
    if (checking.skipped)
        fprintf(stderr, "%lld of %lld lines are no Pocket question and were left out\n", checking.skipped,
                checking.lines);
    return exit_status;
}

const struct cli_command cli_task_check = {
    .name = "task check",
    .summary = "Mark each step of Pocket solutions right or wrong, as JSONL",
    .example = "ponder task pocket --count 3 | ponder task check",
    .notes = "Takes objects with `problem` and `solution`, or with `samples` as `runs export` writes\n"
             "them; adds `right`, `reachable`, `first_wrong`, `answer_right` to each text.",
    .args_bytes = sizeof(struct args),
    .groups = {{task_check_table, 0}},
    .run = task_check_run,
};
