/* cmd_task.c - `ponder task pocket`: questions of the embedded task as JSONL, in the record form of MATH. */
#include <stddef.h>
#include <string.h>

#include "cli.h"

enum { LINE_BYTES_MAX = 4096 };

struct args {
    const char *split;
    int64_t count, seed;
};

static const struct ponder_option *task_table(void)
{
    static const struct ponder_option options[] = {
        {"split", 0, PONDER_OPTION_TEXT, offsetof(struct args, split), "S", "test", 0, 0, "train or test"},
        {"count", 'n', PONDER_OPTION_INT, offsetof(struct args, count), "N", "500", 1,
         PONDER_POCKET_ITEMS_MAX, "questions, no two the same"},
        {"seed", 's', PONDER_OPTION_INT, offsetof(struct args, seed), "S", "1", 0, 9e15,
         "another seed, other questions of the same split"},
        PONDER_OPTION_END};
    return options;
}

/* Stops early where stdout cannot take more: cli_finish says so. */
static int write_items(struct ponder_pocket *pocket, int64_t count, struct ponder_err *err)
{
    char line[LINE_BYTES_MAX];
    for (int64_t i = 0; i < count && !ferror(stdout) && !cli_interrupted(); i++) {
        struct ponder_pocket_item item;
        int status = ponder_pocket_next(pocket, &item, err);
        if (status)
            return status;
        size_t n = ponder_pocket_json(line, sizeof line, &item);
        fwrite(line, 1, n < sizeof line ? n : sizeof line - 1, stdout);
    }
    return PONDER_OK;
}

static int task_run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct args *args = data;
    struct ponder_err err = {.status = PONDER_E_ARGUMENT};
    bool test = strcmp(args->split, "test") == 0;
    if (!test && strcmp(args->split, "train")) {
        snprintf(err.message, sizeof err.message, "--split is '%.40s'; train or test would be right",
                 args->split);
        return cli_fail(&err);
    }
    struct ponder_pocket *pocket;
    cli_interrupt_catch();
    int status = ponder_pocket_new(&pocket, test ? PONDER_POCKET_TEST : PONDER_POCKET_TRAIN,
                                   (uint64_t)args->seed, true, &err);
    if (!status)
        status = write_items(pocket, args->count, &err);
    ponder_pocket_free(pocket);
    return status ? cli_fail(&err) : cli_finish(cli_interrupted() ? CLI_FAILED : CLI_DONE);
}

const struct cli_command cli_task_pocket = {
    .name = "task pocket",
    .summary = "Mathematics questions with step-by-step solutions, as JSONL",
    .example = "ponder task pocket --split test --count 3",
    .notes = "A question belongs to train or test by a hash of its text: no seed of one gives\n"
             "a question of the other.",
    .args_bytes = sizeof(struct args),
    .groups = {{task_table, 0}},
    .run = task_run,
};
