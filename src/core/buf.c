#include "core/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/number.h"

static int buf_reserve(struct buf *buf, size_t more)
{
    if (buf->failed)
        return PONDER_E_LIMIT;
    if (more > buf->bytes_max || buf->len > buf->bytes_max - more) {
        buf->failed = true;
        return PONDER_E_LIMIT;
    }
    size_t need = buf->len + more + 1;
    if (need <= buf->cap)
        return PONDER_OK;
    size_t cap = buf->cap ? buf->cap : 64;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    char *data = realloc(buf->data, cap);
    if (!data) {
        buf->failed = true;
        return PONDER_E_MEMORY;
    }
    buf->data = data;
    buf->cap = cap;
    return PONDER_OK;
}

int buf_append(struct buf *buf, const void *bytes, size_t n)
{
    int status = buf_reserve(buf, n);
    if (status)
        return status;
    if (n)
        memcpy(buf->data + buf->len, bytes, n);
    buf->len += n;
    buf->data[buf->len] = '\0';
    return PONDER_OK;
}

int buf_puts(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

int buf_putc(struct buf *buf, char c)
{
    return buf_append(buf, &c, 1);
}

int buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = number_vprint(NULL, 0, format, args);
    int status = n < 0 ? PONDER_E_ARGUMENT : buf_reserve(buf, (size_t)n);
    if (!status) {
        number_vprint(buf->data + buf->len, (size_t)n + 1, format, again);
        buf->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
    return status;
}

bool buf_ok(const struct buf *buf)
{
    return !buf->failed;
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf, size_t *len)
{
    if (!buf->data && buf_reserve(buf, 0))
        return NULL;
    buf->data[buf->len] = '\0';
    char *data = buf->data;
    if (len)
        *len = buf->len;
    *buf = BUF_INIT(buf->bytes_max);
    return data;
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_release(struct buf *buf)
{
    free(buf->data);
    *buf = BUF_INIT(buf->bytes_max);
}

int buf_read_file(struct buf *buf, const char *path, struct ponder_err *err)
{
    bool standard_input = strcmp(path, "-") == 0;
    FILE *file = standard_input ? stdin : fopen(path, "rb");
    if (!file)
        return err_set(err, PONDER_E_IO, "%s: cannot open: %s", path, strerror(errno));
    char chunk[65536];
    size_t n;
    int status = PONDER_OK;
    while (!status && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
        status = buf_append(buf, chunk, n);
    if (status == PONDER_E_LIMIT)
        err_set(err, status, "%s: larger than the limit of %zu bytes", path, buf->bytes_max);
    else if (status)
        err_memory(err, path);
    else if (ferror(file))
        status = err_set(err, PONDER_E_IO, "%s: reading failed: %s", path, strerror(errno));
    if (!standard_input)
        fclose(file);
    return status;
}

int file_write_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return -1;
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

bool file_is_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int file_write_atomic(const char *path, const void *bytes, size_t n, struct ponder_err *err)
{
    struct buf temporary = BUF_INIT(4096);
    if (buf_printf(&temporary, "%s.tmp.%ld", path, (long)getpid())) {
        buf_release(&temporary);
        return strlen(path) > 4000 ? err_set(err, PONDER_E_ARGUMENT, "file name of over 4,000 bytes")
                                   : err_memory(err, "a file name");
    }
    int fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int failed = fd < 0;
    if (!failed) {
        failed = file_write_all(fd, bytes, n) || fsync(fd);
        int saved = errno;
        if (close(fd) && !failed) {
            failed = 1;
            saved = errno;
        }
        errno = saved;
    }
    if (!failed && rename(temporary.data, path))
        failed = 1;
    int status = PONDER_OK;
    if (failed) {
        status = err_set(err, PONDER_E_IO, "%s: cannot write %zu bytes: %s; nothing was changed there", path,
                         n, strerror(errno));
        unlink(temporary.data);
    }
    buf_release(&temporary);
    return status;
}
