/* args.c - what was typed, against a command's option tables. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define ROW_MAX 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein distance, over names of fewer than ROW_MAX bytes. */
static int edit_distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    if (la >= ROW_MAX || lb >= ROW_MAX)
        return ROW_MAX;
    size_t row[ROW_MAX];
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return (int)row[lb];
}

void cli_nearest_offer(struct cli_nearest *nearest, const char *name)
{
    int distance = edit_distance(nearest->typed, name);
    size_t typed = strlen(nearest->typed);
    if (typed >= 3 && strncmp(nearest->typed, name, typed) == 0)
        distance = 1; /* the beginning of a name */
    if (!nearest->best || distance < nearest->distance) {
        nearest->best = name;
        nearest->distance = distance;
    }
}

const char *cli_nearest_name(const struct cli_nearest *nearest)
{
    size_t typed = strlen(nearest->typed);
    int allowed = typed <= 2 ? 0 : typed <= 4 ? 1 : 3;
    return nearest->best && nearest->distance <= allowed ? nearest->best : NULL;
}

static int args_fail(struct ponder_err *err, int status, const char *format, const char *a, const char *b)
{
    err->status = status;
    snprintf(err->message, sizeof err->message, format, a, b);
    return status;
}

/* One option of one of the command's groups. */
struct found {
    const struct ponder_option *table, *option;
    void *settings;
};

/* "_" is as good as "-". */
static bool option_is(const char *name, const char *typed, size_t len)
{
    bool same = strlen(name) == len;
    for (size_t i = 0; i < len && same; i++)
        same = name[i] == (typed[i] == '_' ? '-' : typed[i]);
    return same;
}

static bool args_find(const struct cli_command *command, void *args, const char *name, size_t len,
                      char letter, struct found *found)
{
    for (const struct cli_group *group = command->groups; group->table; group++)
        for (const struct ponder_option *o = group->table(); o->name; o++)
            if (letter ? o->letter == letter : option_is(o->name, name, len)) {
                *found = (struct found){group->table(), o, (char *)args + group->offset};
                return true;
            }
    return false;
}

static int args_unknown(const struct cli_command *command, const char *typed, struct ponder_err *err)
{
    char name[ROW_MAX];
    const char *begin = typed + strspn(typed, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(begin, "="), begin);
    struct cli_nearest nearest = {.typed = name};
    for (const struct cli_group *group = command->groups; group->table; group++)
        for (const struct ponder_option *o = group->table(); o->name; o++)
            cli_nearest_offer(&nearest, o->name);
    const char *best = cli_nearest_name(&nearest);
    char text[2 * ROW_MAX + 64];
    if (best)
        snprintf(text, sizeof text, "did you mean --%s?", best);
    else
        snprintf(text, sizeof text, "see `ponder %s --help`; put -- before text that begins with a dash",
                 command->name);
    return args_fail(err, PONDER_E_ARGUMENT, "unknown option %.60s; %s", typed, text);
}

/* Takes the option at argv[0], and its value from argv[1] where it stands there. Returns how many were taken.
 */
static int args_take(const struct cli_command *command, int argc, char **argv, void *args,
                     struct ponder_err *err)
{
    const char *typed = argv[0], *value = NULL;
    struct found found = {0};
    bool known;
    if (typed[1] == '-') {
        size_t len = strcspn(typed + 2, "=");
        known = args_find(command, args, typed + 2, len, 0, &found);
        value = typed[2 + len] == '=' ? typed + 3 + len : NULL;
    } else {
        known = args_find(command, args, NULL, 0, typed[1], &found);
        value = typed[2] ? typed + 2 : NULL;
        if (known && found.option->type == PONDER_OPTION_FLAG && value)
            known = false;
    }
    if (!known)
        return args_unknown(command, typed, err);
    int used = 1;
    if (!value && found.option->type != PONDER_OPTION_FLAG && argc > 1) {
        value = argv[1];
        used = 2;
    }
    int status = ponder_option_set(found.table, found.settings, found.option->name, value, err);
    return status ? status : used;
}

static int check_operands(const struct cli_command *command, int count, struct ponder_err *err)
{
    if (count < command->operands_min)
        return args_fail(err, PONDER_E_ARGUMENT, "%s is missing; for example: %s", command->operands,
                         command->example);
    if (count > command->operands_max)
        return args_fail(err, PONDER_E_ARGUMENT,
                         command->operands_max ? "more than one %s; put text of several words in quotes%s"
                                               : "takes no operand%s%s",
                         command->operands_max ? command->operands : "", "");
    return PONDER_OK;
}

int cli_parse(const struct cli_command *command, int argc, char **argv, void *args, int *count, bool *help,
              struct ponder_err *err)
{
    int status = PONDER_OK;
    for (const struct cli_group *group = command->groups; group->table && !status; group++)
        status = ponder_options_default(group->table(), (char *)args + group->offset, err);
    *count = 0;
    *help = false;
    bool only_operands = false;
    for (int i = 0; i < argc && !status;) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
            i++;
        } else if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[(*count)++] = argv[i++];
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            *help = true;
            return PONDER_OK;
        } else {
            int used = args_take(command, argc - i, argv + i, args, err);
            status = used < 0 ? used : PONDER_OK;
            i += used;
        }
    }
    return status ? status : check_operands(command, *count, err);
}
