/* help.c - `ponder --help` and `ponder <command> --help`, from the tables. A command's help fits a screen of
 * 24 lines of 80 columns: rows that find no room are only named, and the manual page explains them. */
#include <string.h>

#include "cli.h"

enum { SCREEN_ROWS = 24, SCREEN_COLUMNS = 80, FLAGS_BYTES = 80 };

/* Letters of the first word of a name of two, as in "train base"; 0: it has one. */
static size_t family_length(const struct cli_command *command)
{
    const char *space = strchr(command->name, ' ');
    return space ? (size_t)(space - command->name) : 0;
}

static bool same_family(const struct cli_command *a, const struct cli_command *b)
{
    size_t length = family_length(a);
    return length > 0 && length == family_length(b) && strncmp(a->name, b->name, length) == 0;
}

static bool is_second_of_family(const struct cli_command *const *row)
{
    return row > cli_commands && same_family(row[0], row[-1]);
}

/* A command, or a family of them, which stand one behind the other in the table: "train base|prm". */
static void command_line(const struct cli_command *const *row, FILE *out)
{
    if (!row[1] || !same_family(row[0], row[1])) {
        fprintf(out, "  %-13s %s\n", row[0]->name, row[0]->summary);
        return;
    }
    size_t length = family_length(*row);
    fprintf(out, "  %-13.*s ", (int)length, row[0]->name);
    for (const struct cli_command *const *one = row; *one && same_family(*row, *one); one++)
        fprintf(out, "%s%s", one == row ? "" : ", ", (*one)->name + length + 1);
    fprintf(out, "; `ponder %.*s` says more\n", (int)length, row[0]->name);
}

void cli_help_all(FILE *out)
{
    fputs("Example: ponder solve \"What is the remainder when 7^5 is divided by 12?\"\n"
          "Usage: ponder <command> [options]\n\n",
          out);
    for (const struct cli_command *const *row = cli_commands; *row; row++)
        if (!is_second_of_family(row))
            command_line(row, out);
    fputs("\n`ponder <command> --help` shows its options; `ponder --version` the version.\n", out);
}

static void option_flags(const struct ponder_option *option, char text[FLAGS_BYTES])
{
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(text, FLAGS_BYTES, "%s--%s%s%s", letter, option->name, option->meta ? " " : "",
             option->meta ? option->meta : "");
}

static void option_line(const struct ponder_option *option, int width, FILE *out)
{
    char flags[FLAGS_BYTES];
    option_flags(option, flags);
    fprintf(out, "  %-*s  %s", width, flags, option->help);
    if (option->default_value && *option->default_value && option->type != PONDER_OPTION_FLAG)
        fprintf(out, " [%s]", option->default_value);
    fputc('\n', out);
}

/* A command's options in the order of its help: those that it names first, then the others as the tables have
 * them. */
enum { OPTIONS_MAX = 128 };
struct listing {
    const struct ponder_option *rows[OPTIONS_MAX];
    int count;
};

/* Columns of the widest flags among the first `shown`. */
static int widest(const struct listing *listing, int shown)
{
    int width = 0;
    for (int row = 0; row < shown; row++) {
        char flags[FLAGS_BYTES];
        option_flags(listing->rows[row], flags);
        width = (int)strlen(flags) > width ? (int)strlen(flags) : width;
    }
    return width;
}

static bool is_leading(const struct cli_command *command, const char *name)
{
    for (const char *const *leading = command->leading; leading && *leading; leading++)
        if (strcmp(*leading, name) == 0)
            return true;
    return false;
}

static void list_option(struct listing *listing, const struct ponder_option *option)
{
    if (listing->count < OPTIONS_MAX)
        listing->rows[listing->count++] = option;
}

static struct listing list_options(const struct cli_command *command)
{
    struct listing listing = {.count = 0};
    for (const char *const *leading = command->leading; leading && *leading; leading++)
        for (const struct cli_group *group = command->groups; group->table; group++)
            for (const struct ponder_option *o = group->table(); o->name; o++)
                if (strcmp(o->name, *leading) == 0)
                    list_option(&listing, o);
    for (const struct cli_group *group = command->groups; group->table; group++)
        for (const struct ponder_option *o = group->table(); o->name; o++)
            if (!is_leading(command, o->name))
                list_option(&listing, o);
    return listing;
}

static int line_count(const char *text)
{
    int count = text != NULL;
    for (; text && *text; text++)
        count += *text == '\n';
    return count;
}

/* The options behind the first `from`, which found no room, as a paragraph; returns its lines. `out` may be
 * NULL: only they are counted. */
static int also(const struct listing *listing, int from, FILE *out)
{
    int column = 1, lines = 0;
    for (int row = from; row < listing->count; row++) {
        int width = (int)strlen(listing->rows[row]->name) + 3;
        bool breaks = lines > 0 && column + width > SCREEN_COLUMNS;
        column = breaks ? 1 + width : column + width;
        if (out && lines == 0)
            fputs("More, in `man ponder` or `ponder help --man`:\n ", out);
        if (out)
            fprintf(out, "%s --%s", breaks ? "\n " : "", listing->rows[row]->name);
        lines = lines == 0 ? 2 : lines + breaks;
    }
    if (out && lines > 0)
        fputc('\n', out);
    return lines;
}

void cli_help_command(const struct cli_command *command, FILE *out)
{
    enum { ROWS_ABOVE = 4 };
    fprintf(out, "Example: %s\n\nUsage: ponder %s%s%s%s\n%s.\n", command->example, command->name,
            command->groups[0].table ? " [options]" : "", command->operands ? " " : "",
            command->operands ? command->operands : "", command->summary);
    struct listing listing = list_options(command);
    int room = SCREEN_ROWS - ROWS_ABOVE - line_count(command->notes);
    int shown = listing.count <= room ? listing.count : room;
    while (shown > 0 && shown + also(&listing, shown, NULL) > room)
        shown--;
    for (int row = 0; row < shown; row++)
        option_line(listing.rows[row], widest(&listing, shown), out);
    also(&listing, shown, out);
    if (command->notes)
        fprintf(out, "%s\n", command->notes);
}
