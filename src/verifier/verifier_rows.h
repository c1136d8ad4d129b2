/* verifier_rows.h - the rows of struct ponder_verifier_options, for every table that names a verifier. The
 * field is where the settings struct has it. */
#ifndef VERIFIER_VERIFIER_ROWS_H
#define VERIFIER_VERIFIER_ROWS_H

#include "core/option_rows.h"

/* clang-format off */
#define VERIFIER_ROWS(field)                                                                             \
    ROW_TEXT("verifier-profile", field.profile, "P", NULL, "how it reads: a name or a JSON file"),       \
    ROW_REAL("verifier-timeout", field.timeout_s, "S", "0", 0, 86400, "of one run; 0: 10, servers 60"),  \
    ROW_INT("verifier-memory", field.memory_mib, "M", "0", 0, 1048576, "MiB of a command; 0: 512"),      \
    ROW_TEXT("verifier-key-env", field.key_env, "VAR", NULL, "holds the key of a remote verifier")
/* clang-format on */

#endif
