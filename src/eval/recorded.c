#include "eval/recorded.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"

#define MEMORY_BYTES_MAX ((size_t)1 << 36)

/* The next line that is not blank, without its end. *more is false at the end of the file. */
static int next_line(FILE *in, struct buf *line, int64_t *number, bool *more, struct ponder_err *err)
{
    int c = 0;
    for (*more = false; !*more && c != EOF;) {
        buf_clear(line);
        while ((c = getc_unlocked(in)) != EOF && c != '\n' && !buf_putc(line, (char)c))
            ;
        *number += c != EOF || line->len;
        *more = strspn(buf_text(line), " \t\r") < line->len;
        if (!buf_ok(line))
            return line->len < RECORDED_LINE_BYTES_MAX
                       ? err_memory(err, "a line")
                       : err_set(err, PONDER_E_LIMIT, "a line of more than %d bytes",
                                 RECORDED_LINE_BYTES_MAX);
    }
    return ferror(in) ? err_set(err, PONDER_E_IO, "reading failed: %s", strerror(errno)) : PONDER_OK;
}

static int add_line(struct recorded *out, const struct buf *line, int64_t number, struct ponder_err *err)
{
    json_error_t where;
    json_t *record = json_loadb(line->data, line->len, JSON_ALLOW_NUL, &where);
    if (!record)
        return err_set(err, PONDER_E_FORMAT, "not JSON: %s at column %d", where.text, where.column);
    int status = recorded_add(out, record, number, err);
    json_decref(record);
    return status;
}

int recorded_read_stream(struct recorded *out, FILE *in, const char *name, struct ponder_err *err)
{
    *out = (struct recorded){.memory = ARENA_INIT(MEMORY_BYTES_MAX)};
    struct buf line = BUF_INIT(RECORDED_LINE_BYTES_MAX);
    int64_t number = 0;
    bool more = true;
    int status = PONDER_OK;
    while (!status && more) {
        status = next_line(in, &line, &number, &more, err);
        if (!status && more)
            status = add_line(out, &line, number, err);
        if (status)
            err_prefix(err, status, "%s:%lld", name, (long long)number);
    }
    buf_release(&line);
    if (!status && out->count == 0)
        status = err_set(err, PONDER_E_FORMAT, "%s: holds no question", name);
    return status ? status : recorded_merge(out, name, err);
}

int recorded_read(struct recorded *out, const char *path, struct ponder_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    *out = (struct recorded){0};
    FILE *in = standard ? stdin : fopen(path, "rbe");
    if (!in)
        return err_set(err, PONDER_E_IO, "%s: cannot open: %s", path, strerror(errno));
    int status = recorded_read_stream(out, in, standard ? "standard input" : path, err);
    if (!standard)
        fclose(in);
    return status;
}

void recorded_release(struct recorded *recorded)
{
    free(recorded->questions);
    arena_release(&recorded->memory);
    json_decref(recorded->run);
    *recorded = (struct recorded){0};
}
