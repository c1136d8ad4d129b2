#include "core/jsonl.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "core/buf.h"
#include "core/err.h"

struct jsonl {
    gzFile in; /* zlib passes what is not compressed through as it is */
    char *name;
    char chunk[1 << 16];
    int at, have; /* what of the chunk is not yet read */
    struct buf line;
    int64_t number;
};

int jsonl_open(struct jsonl **out, const char *path, struct ponder_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    struct jsonl *file = *out = calloc(1, sizeof *file);
    if (!file)
        return err_memory(err, "a file's reader");
    file->line = BUF_INIT(JSONL_LINE_BYTES_MAX);
    file->name = strdup(standard ? "standard input" : path);
    int handle = standard ? dup(STDIN_FILENO) : -1;
    errno = 0;
    file->in = standard ? (handle < 0 ? NULL : gzdopen(handle, "rbe")) : gzopen(path, "rbe");
    if (!file->in || !file->name)
        return err_set(err, PONDER_E_IO, "%s: cannot be opened: %s", path, strerror(errno ? errno : ENOMEM));
    return PONDER_OK;
}

void jsonl_release(struct jsonl *file)
{
    if (!file)
        return;
    if (file->in)
        gzclose(file->in);
    buf_release(&file->line);
    free(file->name);
    free(file);
}

int64_t jsonl_line(const struct jsonl *file)
{
    return file->number;
}

int jsonl_prefix(const struct jsonl *file, int status, struct ponder_err *err)
{
    return err_prefix(err, status, "%s:%lld", file->name, (long long)file->number);
}

/* Bytes into the chunk, where it is used up: how many there are, 0 at the end. */
static int fill(struct jsonl *file, struct ponder_err *err)
{
    if (file->at < file->have)
        return file->have - file->at;
    file->at = 0;
    file->have = gzread(file->in, file->chunk, sizeof file->chunk);
    int code;
    const char *message = gzerror(file->in, &code);
    if (file->have >= 0 && (code == Z_OK || code == Z_STREAM_END))
        return file->have;
    file->have = 0;
    return err_set(err, PONDER_E_IO, "cannot be read on: %s", code == Z_ERRNO ? strerror(errno) : message);
}

/* One line into the buffer, without its end: 1, or 0 at the end of the file. */
static int read_line(struct jsonl *file, struct ponder_err *err)
{
    int have, any = 0;
    buf_clear(&file->line);
    while ((have = fill(file, err)) > 0) {
        const char *start = file->chunk + file->at, *end = memchr(start, '\n', (size_t)have);
        size_t len = end ? (size_t)(end - start) : (size_t)have;
        if (buf_append(&file->line, start, len))
            return err_set(err, PONDER_E_LIMIT, "a line of over %d bytes", JSONL_LINE_BYTES_MAX);
        file->at += (int)len + (end != NULL);
        any = 1;
        if (end)
            break;
    }
    return have < 0 ? have : any;
}

static bool is_blank(const struct buf *line)
{
    return strspn(buf_text(line), " \t\r") == line->len;
}

int jsonl_next_text(struct jsonl *file, const char **text, size_t *len, struct ponder_err *err)
{
    int status;
    do {
        file->number++;
        status = read_line(file, err);
    } while (status > 0 && is_blank(&file->line));
    *text = buf_text(&file->line);
    *len = file->line.len;
    return status < 0 ? jsonl_prefix(file, status, err) : status;
}

int jsonl_next(struct jsonl *file, json_t **object, struct ponder_err *err)
{
    const char *text;
    size_t len;
    json_error_t where;
    *object = NULL;
    int status = jsonl_next_text(file, &text, &len, err);
    if (status <= 0)
        return status;
    *object = json_loadb(text, len, JSON_ALLOW_NUL, &where);
    if (json_is_object(*object))
        return 1;
    if (*object)
        err_set(err, PONDER_E_FORMAT, "no JSON object; each line is one: {\"..\": ..}");
    else
        err_set(err, PONDER_E_FORMAT, "not JSON: %s", where.text);
    json_decref(*object);
    *object = NULL;
    return jsonl_prefix(file, PONDER_E_FORMAT, err);
}
