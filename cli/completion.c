/* completion.c - a bash completion script, from the tables. */
#include <string.h>

#include "cli.h"

/* Options whose value is a file are completed with file names. */
static bool takes_file(const struct ponder_option *option)
{
    return option->meta && (strstr(option->meta, "FILE") || strstr(option->meta, ".jsonl"));
}

static void options_of(const struct cli_command *command, bool files_only, FILE *out)
{
    for (const struct cli_group *group = command->groups; group->table; group++)
        for (const struct ponder_option *o = group->table(); o->name; o++)
            if (!files_only || takes_file(o))
                fprintf(out, "--%s ", o->name);
}

/* "bench decode" completes in two steps: `bench`, then `decode`. */
static void first_words(FILE *out)
{
    const char *last = "";
    for (const struct cli_command *const *row = cli_commands; *row; row++) {
        size_t len = strcspn((*row)->name, " ");
        if (strncmp(last, (*row)->name, len) != 0 || (last[len] != ' ' && last[len] != '\0'))
            fprintf(out, "%.*s ", (int)len, (*row)->name);
        last = (*row)->name;
    }
}

static void second_words(FILE *out)
{
    fputs("    case \"$first\" in\n", out);
    for (const struct cli_command *const *row = cli_commands; *row; row++) {
        const char *space = strchr((*row)->name, ' ');
        if (!space)
            continue;
        int len = (int)(space - (*row)->name);
        bool opened = row != cli_commands && strncmp(row[-1]->name, (*row)->name, (size_t)len + 1) == 0;
        bool goes_on = row[1] && strncmp(row[1]->name, (*row)->name, (size_t)len + 1) == 0;
        if (!opened)
            fprintf(out, "    %.*s) words=\"", len, (*row)->name);
        fprintf(out, "%s%s", space + 1, goes_on ? " " : "\" ;;\n");
    }
    fputs("    esac\n", out);
}

void cli_completion(FILE *out)
{
    fputs("# bash completion for ponder, made by `ponder help --completion`\n"
          "_ponder() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local first=${COMP_WORDS[1]} words='' options='' files=''\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W '",
          out);
    first_words(out);
    fputs("--help --version' -- \"$cur\"))\n        return\n    fi\n", out);
    second_words(out);
    fputs("    if [ -n \"$words\" ]; then\n"
          "        if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
          "            COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n            return\n        fi\n"
          "        first=\"$first ${COMP_WORDS[2]}\"\n    fi\n"
          "    case \"$first\" in\n",
          out);
    for (const struct cli_command *const *row = cli_commands; *row; row++) {
        fprintf(out, "    '%s')\n        options='", (*row)->name);
        options_of(*row, false, out);
        fputs("--help'\n        files='", out);
        options_of(*row, true, out);
        fputs("' ;;\n", out);
    }
    fputs("    esac\n"
          "    case \" $files \" in\n"
          "    *\" $prev \"*) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
          "    esac\n"
          "    case \"$cur\" in\n"
          "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
          "    *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
          "    esac\n"
          "}\n"
          "complete -o filenames -F _ponder ponder\n",
          out);
}
