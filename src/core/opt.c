/* opt.c - settings structs filled from option tables.
 *
 * A table row knows the type, the place and the range of one field, so a value typed on a command line, read
 * from JSON or taken from the table's own defaults passes the same checks and gets the same error. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/number.h"
#include "ponder/option.h"

static const struct ponder_option *opt_find(const struct ponder_option *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static bool has_range(const struct ponder_option *option)
{
    return option->min != 0 || option->max != 0;
}

static int set_flag(const struct ponder_option *option, bool *field, const char *value,
                    struct ponder_err *err)
{
    if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--%s: '%.60s' is neither true nor false", option->name,
                       value);
    *field = !value || strcmp(value, "true") == 0;
    return PONDER_OK;
}

static int set_int(const struct ponder_option *option, int64_t *field, const char *value,
                   struct ponder_err *err)
{
    char *end = NULL;
    if (option->min == -1 && strcmp(value, "none") == 0) {
        *field = -1;
        return PONDER_OK;
    }
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (end == value || *end)
        return err_set(err, PONDER_E_ARGUMENT, "--%s: '%.60s' is not a whole number", option->name, value);
    if (errno == ERANGE ||
        (has_range(option) && ((double)number < option->min || (double)number > option->max)))
        return err_set(err, PONDER_E_ARGUMENT,
                       "--%s: %.60s is out of range; give a whole number from %.0f to %.0f", option->name,
                       value, has_range(option) ? option->min : (double)INT64_MIN,
                       has_range(option) ? option->max : (double)INT64_MAX);
    *field = number;
    return PONDER_OK;
}

static int set_real(const struct ponder_option *option, double *field, const char *value,
                    struct ponder_err *err)
{
    char *end = NULL;
    if (option->default_value && strcmp(option->default_value, "auto") == 0 && strcmp(value, "auto") == 0) {
        *field = NAN;
        return PONDER_OK;
    }
    double number = number_read(value, &end);
    if (end == value || *end || !isfinite(number))
        return err_set(err, PONDER_E_ARGUMENT, "--%s: '%.60s' is not a number", option->name, value);
    if (has_range(option) && (number < option->min || number > option->max))
        return err_set(err, PONDER_E_ARGUMENT, "--%s: %.60s is out of range; give a number from %g to %g",
                       option->name, value, option->min, option->max);
    *field = number;
    return PONDER_OK;
}

static int add_text(const struct ponder_option *option, struct ponder_texts *list, const char *value,
                    struct ponder_err *err)
{
    int max = (int)(sizeof list->items / sizeof *list->items);
    if (list->count >= max)
        return err_set(err, PONDER_E_LIMIT, "--%s: given more than %d times", option->name, max);
    list->items[list->count++] = value;
    return PONDER_OK;
}

static int set(const struct ponder_option *option, void *settings, const char *value, struct ponder_err *err)
{
    void *field = (char *)settings + option->offset;
    if (!value && option->type != PONDER_OPTION_FLAG)
        return err_set(err, PONDER_E_ARGUMENT, "--%s needs a value: --%s %s", option->name, option->name,
                       option->meta ? option->meta : "VALUE");
    switch (option->type) {
    case PONDER_OPTION_FLAG:
        return set_flag(option, field, value, err);
    case PONDER_OPTION_INT:
        return set_int(option, field, value, err);
    case PONDER_OPTION_REAL:
        return set_real(option, field, value, err);
    case PONDER_OPTION_TEXT:
        *(const char **)field = value;
        return PONDER_OK;
    case PONDER_OPTION_LIST:
        return add_text(option, field, value, err);
    }
    return err_set(err, PONDER_E_ARGUMENT, "--%s: its table row has no type", option->name);
}

static void zero(const struct ponder_option *option, void *settings)
{
    static const size_t bytes[] = {
        [PONDER_OPTION_FLAG] = sizeof(bool),
        [PONDER_OPTION_INT] = sizeof(int64_t),
        [PONDER_OPTION_REAL] = sizeof(double),
        [PONDER_OPTION_TEXT] = sizeof(const char *),
        [PONDER_OPTION_LIST] = sizeof(struct ponder_texts),
    };
    memset((char *)settings + option->offset, 0, bytes[option->type]);
}

int ponder_options_default(const struct ponder_option *table, void *settings, struct ponder_err *err)
{
    for (; table->name; table++) {
        zero(table, settings);
        int status = table->default_value ? set(table, settings, table->default_value, err) : PONDER_OK;
        if (status)
            return status;
    }
    return PONDER_OK;
}

int ponder_option_set(const struct ponder_option *table, void *settings, const char *name, const char *value,
                      struct ponder_err *err)
{
    const struct ponder_option *option = opt_find(table, name);
    if (!option)
        return err_set(err, PONDER_E_NOT_FOUND, "there is no option --%.60s", name);
    return set(option, settings, value, err);
}
