/* man.c - the manual page ponder(1) as roff, from the tables. */
#include <string.h>

#include "cli.h"

/* Roff gives a meaning to backslashes, to dashes, and to dots and quotes at the front of a line. */
static void roff(const char *text, FILE *out)
{
    for (const char *c = text; *c; c++) {
        bool front = c == text || c[-1] == '\n';
        if (*c == '\\')
            fputs("\\e", out);
        else if (*c == '-')
            fputs("\\-", out);
        else if (front && (*c == '.' || *c == '\''))
            fprintf(out, "\\&%c", *c);
        else
            fputc(*c, out);
    }
}

static void roff_option(const struct ponder_option *option, FILE *out)
{
    fputs(".TP\n", out);
    if (option->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    roff(option->name, out);
    fputs("\\fR", out);
    if (option->meta) {
        fputs(" \\fI", out);
        roff(option->meta, out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    roff(option->help, out);
    if (option->default_value && *option->default_value && option->type != PONDER_OPTION_FLAG) {
        fputs(" [", out);
        roff(option->default_value, out);
        fputs("]", out);
    }
    fputs("\n", out);
}

static void roff_command(const struct cli_command *command, FILE *out)
{
    fputs(".SS ponder ", out);
    roff(command->name, out);
    if (command->groups[0].table)
        fputs(" [options]", out);
    if (command->operands) {
        fputc(' ', out);
        roff(command->operands, out);
    }
    fputc('\n', out);
    roff(command->summary, out);
    fputs(".\n", out);
    for (const struct cli_group *group = command->groups; group->table; group++)
        for (const struct ponder_option *o = group->table(); o->name; o++)
            roff_option(o, out);
    if (command->notes) {
        fputs(".PP\n", out);
        roff(command->notes, out);
        fputc('\n', out);
    }
    fputs(".PP\nExample:\n.PP\n.RS\n.nf\n", out);
    roff(command->example, out);
    fputs("\n.fi\n.RE\n", out);
}

void cli_man(FILE *out)
{
    fprintf(out, ".TH PONDER 1 \"\" \"ponder %s\" \"User Commands\"\n", PONDER_VERSION);
    fputs(".SH NAME\nponder \\- answer questions with a small language model and a compute budget\n"
          ".SH SYNOPSIS\n.B ponder\n.I command\n[options]\n"
          ".SH DESCRIPTION\nSamples many solutions of a question in parallel and takes the answer that most "
          "of them\n"
          "reach. Results go to standard output, everything else to standard error.\n"
          ".SH COMMANDS\n",
          out);
    for (const struct cli_command *const *row = cli_commands; *row; row++)
        roff_command(*row, out);
    fputs(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong use. \\fBponder solve\\fR: 3, no candidate has an "
          "answer. 130 after Ctrl-C, 143 after SIGTERM: what was done by then was kept and shown.\n"
          ".SH ENVIRONMENT\n"
          ".TP\n.B PONDER_MODEL\nthe model file to use where \\fB\\-\\-model\\fR is not given\n"
          ".TP\n.B PONDER_MODELS_DIR\nthe folder that holds \\fIpocket\\-base.gguf\\fR\n"
          ".TP\n.B NO_COLOR\nset to anything: no colours, no bold\n",
          out);
}
