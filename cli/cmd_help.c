/* cmd_help.c - `ponder help`: the list of commands, one command's help, the man page, the completion script.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    bool man, completion;
};

static const struct ponder_option *help_table(void)
{
    static const struct ponder_option options[] = {{"man", 0, PONDER_OPTION_FLAG, offsetof(struct args, man),
                                                    NULL, NULL, 0, 0, "the manual page, as roff"},
                                                   {"completion", 0, PONDER_OPTION_FLAG,
                                                    offsetof(struct args, completion), NULL, NULL, 0, 0,
                                                    "a completion script for bash"},
                                                   PONDER_OPTION_END};
    return options;
}

static int help_run(void *data, int count, char **operands)
{
    const struct args *args = data;
    if (args->man || args->completion) {
        (args->man ? cli_man : cli_completion)(stdout);
        return CLI_DONE;
    }
    if (count == 0) {
        cli_help_all(stdout);
        return CLI_DONE;
    }
    char name[64];
    snprintf(name, sizeof name, "%s%s%s", operands[0], count > 1 ? " " : "", count > 1 ? operands[1] : "");
    struct cli_nearest nearest = {.typed = name};
    for (const struct cli_command *const *row = cli_commands; *row; row++) {
        if (strcmp((*row)->name, name) == 0) {
            cli_help_command(*row, stdout);
            return CLI_DONE;
        }
        cli_nearest_offer(&nearest, (*row)->name);
    }
    const char *best = cli_nearest_name(&nearest);
    fprintf(stderr, "ponder: no command '%s'%s%s%s\n", name, best ? "; did you mean '" : "", best ? best : "",
            best ? "'?" : "; `ponder help` lists them");
    return CLI_WRONG_USE;
}

const struct cli_command cli_help = {
    .name = "help",
    .summary = "Show a command's help, the manual page, or shell completion",
    .example = "ponder help solve",
    .operands = "[COMMAND]",
    .operands_max = 2,
    .args_bytes = sizeof(struct args),
    .groups = {{help_table, 0}},
    .run = help_run,
};
