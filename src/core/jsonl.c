#include "core/jsonl.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "core/buf.h"
#include "core/err.h"

enum { CHUNK_BYTES = 1 << 16 };

struct jsonl {
    gzFile in;   /* zlib passes what is not compressed through as it is; NULL: a text in memory */
    char *chunk; /* of CHUNK_BYTES, of a file */
    char *name;
    const char *data; /* the chunk, or the text */
    size_t at, have;  /* what of the data is not yet read */
    struct buf line;
    int64_t number;
};

static int jsonl_make(struct jsonl **out, const char *name, struct ponder_err *err)
{
    struct jsonl *file = *out = calloc(1, sizeof *file);
    if (!file)
        return err_memory(err, "a file's reader");
    file->line = BUF_INIT(JSONL_LINE_BYTES_MAX);
    file->name = strdup(name);
    return file->name ? PONDER_OK : err_memory(err, "a file's reader");
}

int jsonl_open_text(struct jsonl **out, const char *name, const char *text, size_t len,
                    struct ponder_err *err)
{
    int status = jsonl_make(out, name, err);
    if (status)
        return status;
    (*out)->data = text;
    (*out)->have = len;
    return PONDER_OK;
}

int jsonl_open(struct jsonl **out, const char *path, struct ponder_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    int status = jsonl_make(out, standard ? "standard input" : path, err);
    if (status)
        return status;
    struct jsonl *file = *out;
    int handle = standard ? dup(STDIN_FILENO) : -1;
    errno = 0;
    file->in = !standard ? gzopen(path, "rbe") : handle < 0 ? NULL : gzdopen(handle, "rbe");
    if (!file->in && (errno == 0 || errno == ENOMEM))
        return err_memory(err, "a file's reader");
    if (!file->in)
        return err_set(err, PONDER_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    file->data = file->chunk = malloc(CHUNK_BYTES);
    return file->chunk ? PONDER_OK : err_memory(err, "a file's reader");
}

void jsonl_release(struct jsonl *file)
{
    if (!file)
        return;
    if (file->in)
        gzclose(file->in);
    free(file->chunk);
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

/* More data, where all is read: 1, or 0 at the end. */
static int jsonl_fill(struct jsonl *file, struct ponder_err *err)
{
    if (file->at < file->have || !file->in)
        return file->at < file->have;
    int got = gzread(file->in, file->chunk, CHUNK_BYTES), code;
    const char *message = gzerror(file->in, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
        return err_set(err, PONDER_E_IO, "cannot be read on: %s",
                       code == Z_ERRNO ? strerror(errno) : message);
    file->at = 0;
    file->have = (size_t)got;
    return got > 0;
}

/* One line into the buffer, without its end: 1, or 0 at the end of the file. */
static int read_line(struct jsonl *file, struct ponder_err *err)
{
    int more, any = 0;
    buf_clear(&file->line);
    while ((more = jsonl_fill(file, err)) > 0) {
        const char *start = file->data + file->at, *end = memchr(start, '\n', file->have - file->at);
        size_t len = end ? (size_t)(end - start) : file->have - file->at;
        if (buf_append(&file->line, start, len))
            return file->line.len + len <= JSONL_LINE_BYTES_MAX
                       ? err_memory(err, "a line")
                       : err_set(err, PONDER_E_LIMIT, "a line of over %d bytes", JSONL_LINE_BYTES_MAX);
        file->at += len + (end != NULL);
        any = 1;
        if (end)
            break;
    }
    return more < 0 ? more : any;
}

static bool is_blank(const struct buf *line)
{
    return strspn(buf_text(line), " \t\r") == line->len;
}

/* A byte order mark, which some editors put before everything. */
static size_t mark_length(const struct jsonl *file)
{
    static const char mark[] = "\xef\xbb\xbf";
    return file->number == 1 && strncmp(buf_text(&file->line), mark, 3) == 0 ? 3 : 0;
}

int jsonl_next_text(struct jsonl *file, const char **text, size_t *len, struct ponder_err *err)
{
    int status;
    do {
        file->number++;
        status = read_line(file, err);
    } while (status > 0 && is_blank(&file->line));
    size_t mark = mark_length(file);
    *text = buf_text(&file->line) + mark;
    *len = file->line.len - mark;
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
    if (!*object && json_error_code(&where) == json_error_out_of_memory)
        return err_memory(err, "a line");
    if (*object)
        err_set(err, PONDER_E_FORMAT, "no JSON object; each line is one: {\"..\": ..}");
    else
        err_set(err, PONDER_E_FORMAT, "not JSON: %s", where.text);
    json_decref(*object);
    *object = NULL;
    return jsonl_prefix(file, PONDER_E_FORMAT, err);
}
