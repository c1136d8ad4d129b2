/* help.c - `ponder --help` and `ponder <command> --help`, from the tables. */
#include <string.h>

#include "cli.h"

void cli_help_all(FILE *out)
{
    fputs("Example: ponder solve \"What is the remainder when 7^5 is divided by 12?\"\n\n"
          "Usage: ponder <command> [options]\n\n",
          out);
    for (const struct cli_command *const *row = cli_commands; *row; row++)
        fprintf(out, "  %-14s %s\n", (*row)->name, (*row)->summary);
    fputs("\n`ponder <command> --help` shows its options; `ponder --version` the version.\n", out);
}

static void option_flags(const struct ponder_option *option, char *text, size_t bytes)
{
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(text, bytes, "%s--%s%s%s", letter, option->name, option->meta ? " " : "",
             option->meta ? option->meta : "");
}

static void option_line(const struct ponder_option *option, int width, FILE *out)
{
    char flags[80];
    option_flags(option, flags, sizeof flags);
    fprintf(out, "  %-*s  %s", width, flags, option->help);
    if (option->default_value && *option->default_value && option->type != PONDER_OPTION_FLAG)
        fprintf(out, " [%s]", option->default_value);
    fputc('\n', out);
}

static int flags_width(const struct cli_command *command)
{
    size_t width = 0;
    for (const struct cli_group *group = command->groups; group->table; group++)
        for (const struct ponder_option *o = group->table(); o->name; o++) {
            char flags[80];
            option_flags(o, flags, sizeof flags);
            width = strlen(flags) > width ? strlen(flags) : width;
        }
    return (int)width;
}

void cli_help_command(const struct cli_command *command, FILE *out)
{
    fprintf(out, "Example: %s\n\nUsage: ponder %s%s%s%s\n%s.\n", command->example, command->name,
            command->groups[0].table ? " [options]" : "", command->operands ? " " : "",
            command->operands ? command->operands : "", command->summary);
    int width = flags_width(command);
    for (const struct cli_group *group = command->groups; group->table; group++)
        for (const struct ponder_option *o = group->table(); o->name; o++)
            option_line(o, width, out);
    if (command->notes)
        fprintf(out, "%s\n", command->notes);
}
