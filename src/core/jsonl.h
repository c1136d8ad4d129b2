/* jsonl.h - a file of one JSON object a line, plain or compressed with gzip, read a line at a time.
 *
 * Only the line under way is held. "-" is standard input. A file that begins with gzip's mark is decompressed
 * as it is read, whatever its name. */
#ifndef CORE_JSONL_H
#define CORE_JSONL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/status.h"

enum { JSONL_LINE_BYTES_MAX = 1 << 28 };

struct jsonl;

/* PONDER_E_IO where the file cannot be read. Release `*out` in any case. */
int jsonl_open(struct jsonl **out, const char *path, struct ponder_err *err) PONDER_USE;
/* The same over `len` bytes in memory, which are borrowed, and which errors call `name`. */
int jsonl_open_text(struct jsonl **out, const char *name, const char *text, size_t len,
                    struct ponder_err *err) PONDER_USE;
void jsonl_release(struct jsonl *file);

/* The next line that is not blank, in file order: 1 with `*text` (its end left out, a NUL behind it; valid
 * until the next call), 0 at the end of the file. PONDER_E_IO where reading fails or compressed data is
 * damaged, PONDER_E_LIMIT for a line of over JSONL_LINE_BYTES_MAX bytes; the error names file and line. */
int jsonl_next_text(struct jsonl *file, const char **text, size_t *len, struct ponder_err *err) PONDER_USE;
/* The same, read as an object that the caller releases: 1, 0 at the end. PONDER_E_FORMAT where the line is no
 * JSON object: reading may go on with the line behind it. */
int jsonl_next(struct jsonl *file, json_t **object, struct ponder_err *err) PONDER_USE;

/* Of the line that was read last, from 1. */
int64_t jsonl_line(const struct jsonl *file);
/* Puts "FILE:LINE: " before the message that is there. Returns its status. */
int jsonl_prefix(const struct jsonl *file, int status, struct ponder_err *err);

#endif
