/* main.c - finds the command, fills its arguments, runs it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define COMMAND(id) extern const struct cli_command cli_##id;
#include "commands.def"
#undef COMMAND

const struct cli_command *const cli_commands[] = {
#define COMMAND(id) &cli_##id,
#include "commands.def"
#undef COMMAND
    NULL};

/* Words of argv that spell the command's name, or 0. */
static int name_words(const struct cli_command *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    size_t first = space ? (size_t)(space - command->name) : strlen(command->name);
    if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], command->name, first) != 0)
        return 0;
    if (!space)
        return 1;
    return argc > 1 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

/* "bench" alone: shows the commands that begin with it. */
static bool show_family(const char *word, FILE *out)
{
    bool found = false;
    for (const struct cli_command *const *row = cli_commands; *row; row++) {
        size_t len = strlen(word);
        if (strncmp((*row)->name, word, len) != 0 || (*row)->name[len] != ' ')
            continue;
        if (!found)
            fprintf(out, "Example: %s\n\nUsage: ponder %s <command> [options]\n\n", (*row)->example, word);
        fprintf(out, "  %-14s %s\n", (*row)->name, (*row)->summary);
        found = true;
    }
    return found;
}

static int main_unknown(int argc, char **argv)
{
    bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if ((argc == 1 || help) && show_family(argv[0], help ? stdout : stderr))
        return help ? CLI_DONE : CLI_WRONG_USE;
    char typed[64];
    snprintf(typed, sizeof typed, "%s%s%s", argv[0], argc > 1 && argv[1][0] != '-' ? " " : "",
             argc > 1 && argv[1][0] != '-' ? argv[1] : "");
    struct cli_nearest one = {.typed = argv[0]}, two = {.typed = typed};
    for (const struct cli_command *const *row = cli_commands; *row; row++)
        cli_nearest_offer(strchr((*row)->name, ' ') ? &two : &one, (*row)->name);
    const char *best = cli_nearest_name(&one) ? cli_nearest_name(&one) : cli_nearest_name(&two);
    struct ponder_err err = {.status = PONDER_E_ARGUMENT};
    if (best)
        snprintf(err.message, sizeof err.message, "unknown command '%.60s'; did you mean `ponder %s`?",
                 argv[0], best);
    else
        snprintf(err.message, sizeof err.message, "unknown command '%.60s'; `ponder --help` lists them",
                 argv[0]);
    return cli_fail(&err);
}

static int main_run(const struct cli_command *command, int argc, char **argv)
{
    struct ponder_err err = {0};
    int count;
    bool help;
    void *args = calloc(1, command->args_bytes + 1);
    if (!args) {
        fputs("ponder: out of memory\n", stderr);
        return CLI_FAILED;
    }
    int exit_status;
    if (cli_parse(command, argc, argv, args, &count, &help, &err)) {
        cli_fail(&err);
        exit_status = CLI_WRONG_USE;
    } else if (help) {
        cli_help_command(command, stdout);
        exit_status = CLI_DONE;
    } else {
        exit_status = cli_interrupted_status(command->run(args, count, argv));
    }
    free(args);
    return cli_finish(exit_status);
}

/* OpenMP's threads wait for each other some hundred times a step. Its default is to spin for milliseconds,
 * which on a machine that is busy with other work costs a factor of ten; a short spin, then sleep, costs
 * nothing on an idle one. The runtime reads its settings when the process starts, hence the second start. */
static void wait_politely(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT"))
        return;
    if (!setenv("GOMP_SPINCOUNT", "2000", 1))
        execv("/proc/self/exe", argv); /* where this fails the program simply goes on */
}

int main(int argc, char **argv)
{
    wait_politely(argv);
    if (argc < 2) {
        cli_help_all(stderr);
        return CLI_WRONG_USE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cli_help_all(stdout);
        return cli_finish(CLI_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("ponder %s\n", PONDER_VERSION);
        return cli_finish(CLI_DONE);
    }
    for (const struct cli_command *const *row = cli_commands; *row; row++) {
        int words = name_words(*row, argc - 1, argv + 1);
        if (words)
            return main_run(*row, argc - 1 - words, argv + 1 + words);
    }
    return main_unknown(argc - 1, argv + 1);
}
