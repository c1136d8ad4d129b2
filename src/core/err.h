/* err.h - filling in a struct ponder_err. */
#ifndef CORE_ERR_H
#define CORE_ERR_H

#include "ponder/status.h"

/* Sets `err` (may be NULL) to `status` and the formatted message, and returns `status`:
 *     return err_set(err, PONDER_E_FORMAT, "%s: byte %zu: ...", path, offset);
 * A message longer than the field is cut. Non-printing bytes from hostile input become '?'. */
int err_set(struct ponder_err *err, int status, const char *format, ...) PONDER_PRINTF(3, 4);

/* PONDER_E_MEMORY with a word on what was being allocated. */
int err_memory(struct ponder_err *err, const char *what);

/* Puts `context` and ": " before the message that is there (where in a larger input it happened). Returns its
 * status. */
int err_prefix(struct ponder_err *err, int status, const char *format, ...) PONDER_PRINTF(3, 4);

#endif
