/* buf.h - a growing byte buffer that is given its maximum at birth.
 *
 * The bytes are always followed by a NUL that is not counted, so `data` can be used as a string.
 * Once an append fails (memory, or the maximum) the buffer stays as it was and says so again on every
 * further append, so a run of appends can be checked once at its end with buf_ok(). */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "ponder/status.h"

struct buf {
    char *data;       /* NULL until the first append */
    size_t len;       /* bytes in use */
    size_t cap;       /* bytes allocated */
    size_t bytes_max; /* `len` never passes this */
    bool failed;
};

#define BUF_INIT(max) ((struct buf){.bytes_max = (max)})

int buf_append(struct buf *buf, const void *bytes, size_t n);
int buf_puts(struct buf *buf, const char *text);
int buf_putc(struct buf *buf, char c);
int buf_printf(struct buf *buf, const char *format, ...) PONDER_PRINTF(2, 3);
bool buf_ok(const struct buf *buf);
/* The bytes as a string, "" where nothing was appended; owned by the buffer. */
const char *buf_text(const struct buf *buf);
/* Hands the bytes to the caller, who frees them with free(); the buffer is empty then. Never NULL unless out
 * of memory. */
char *buf_take(struct buf *buf, size_t *len);
void buf_clear(struct buf *buf);   /* forgets the bytes, keeps the memory */
void buf_release(struct buf *buf); /* gives the memory back */

/* Reads a whole file of at most `bytes_max` bytes into `buf`. "-" is standard input. */
int buf_read_file(struct buf *buf, const char *path, struct ponder_err *err);
/* Whether two names are of one file that is there. */
bool file_is_same(const char *a, const char *b);
/* Writes all of `n` bytes to an open file. 0, or -1 with errno set. */
int file_write_all(int fd, const char *bytes, size_t n) PONDER_USE;
/* Writes `n` bytes to `path` so that the file is the old one or the new one, never half: a temporary file
 * beside it, fsync, rename. */
int file_write_atomic(const char *path, const void *bytes, size_t n, struct ponder_err *err) PONDER_USE;

#endif
