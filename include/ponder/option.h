/* option.h - one table of options is the single source for command-line flags, JSON settings, --help, the
 * manual, shell completion and the stored record of a run. */
#ifndef PONDER_OPTION_H
#define PONDER_OPTION_H

#include <stddef.h>

#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum ponder_option_type {
    PONDER_OPTION_FLAG, /* bool at `offset`; takes no value */
    PONDER_OPTION_INT,  /* int64_t; where the least is -1, that is the word "none" */
    PONDER_OPTION_REAL, /* double; where the default is "auto", that word may be given and is NAN */
    PONDER_OPTION_TEXT, /* const char *, borrowed from argv or from the table */
    PONDER_OPTION_LIST, /* struct ponder_texts *: may be given several times */
};

struct ponder_option {
    const char *name; /* long name without dashes, e.g. "max-tokens" */
    char letter;      /* short name or 0 */
    enum ponder_option_type type;
    size_t offset;             /* of the field in the settings struct */
    const char *meta;          /* what stands for the value in help, e.g. "K", "FILE"; NULL for a flag */
    const char *default_value; /* as it would be typed; NULL: zeroed */
    double min, max;           /* inclusive, for INT and REAL; min == max == 0: any value */
    const char *help;          /* one line, with the unit */
};

/* Tables end with a row whose name is NULL. */
#define PONDER_OPTION_END                                                                                    \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

struct ponder_texts {
    int count;
    const char *items[32];
};

/* Fills the settings struct with the table's defaults. */
PONDER_API int ponder_options_default(const struct ponder_option *table, void *settings,
                                      struct ponder_err *err);
/* Sets the option of this long name from its text ("true"/"false" or NULL for a flag); the error names the
 * option, the value, and the range. */
PONDER_API int ponder_option_set(const struct ponder_option *table, void *settings, const char *name,
                                 const char *value, struct ponder_err *err);

#ifdef __cplusplus
}
#endif
#endif
