#include "eval/samples_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "eval/samples_run.h"

enum { LINE_BYTES_MAX = 1 << 30 };

/* ---- reading ---- */

/* Whether a line without an end is the beginning of one of ours, which may be dropped. */
static bool is_cut_line(const char *text, size_t len)
{
    size_t start = strlen(samples_line_start);
    return memcmp(text, samples_line_start, len < start ? len : start) == 0;
}

static int read_line(const char *text, size_t len, struct samples_place place,
                     int (*each)(void *, const struct samples_line *, struct samples_place,
                                 struct ponder_err *),
                     void *data, struct ponder_err *err)
{
    struct samples_line line;
    int status = samples_line_parse(&line, text, len, err);
    if (!status)
        status = each(data, &line, place, err);
    samples_line_release(&line);
    return status;
}

int samples_read(const char *path,
                 int (*each)(void *data, const struct samples_line *line, struct samples_place place,
                             struct ponder_err *err),
                 void *data, int64_t *whole, struct ponder_err *err)
{
    *whole = 0;
    FILE *in = fopen(path, "rb");
    if (!in)
        return err_set(err, PONDER_E_IO, "%s: cannot open: %s", path, strerror(errno));
    char *text = NULL;
    size_t cap = 0;
    ssize_t len;
    int status = PONDER_OK;
    for (long long number = 1; !status && (len = getline(&text, &cap, in)) > 0; number++) {
        bool has_end = text[len - 1] == '\n';
        if (!has_end && is_cut_line(text, (size_t)len))
            break;
        status = read_line(text, (size_t)len, (struct samples_place){*whole, len}, each, data, err);
        if (!status && !has_end)
            status = err_set(err, PONDER_E_FORMAT, "no line of `ponder eval --samples`: its end is missing");
        if (status)
            err_prefix(err, status, "%s:%lld", path, number);
        *whole += len;
    }
    if (!status && ferror(in))
        status = err_set(err, PONDER_E_IO, "%s: reading failed: %s", path, strerror(errno));
    free(text);
    fclose(in);
    return status;
}

/* ---- resuming ---- */

struct resume {
    struct samples_file *file;
    int (*seen)(void *data, const struct samples_line *line, struct ponder_err *err);
    void *data;
};

static int take_line(void *data, const struct samples_line *line, struct samples_place place,
                     struct ponder_err *err)
{
    struct resume *resume = data;
    struct samples_file *file = resume->file;
    int status = samples_run_compare(line->run, file->run, false,
                                     "resume with the same settings, or name another file", err);
    if (status)
        return status;
    bool in_set = line->index >= 0 && line->index < file->questions->count;
    if (!in_set || file->places[line->index].bytes)
        return err_set(err, PONDER_E_FORMAT, "question %lld %s", (long long)line->index,
                       in_set ? "stands here a second time" : "is not in the set");
    file->places[line->index] = place;
    file->count++;
    return resume->seen(resume->data, line, err);
}

static int open_locked(struct samples_file *file, struct ponder_err *err)
{
    struct stat at;
    file->fd = open(file->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file->fd < 0 || fstat(file->fd, &at))
        return err_set(err, PONDER_E_IO, "--samples: cannot write %s: %s", file->path, strerror(errno));
    if (!S_ISREG(at.st_mode))
        return err_set(err, PONDER_E_ARGUMENT, "--samples: %s is no ordinary file; name one", file->path);
    if (flock(file->fd, LOCK_EX | LOCK_NB))
        return err_set(err, PONDER_E_IO, "--samples: another program is writing %s; wait for its end",
                       file->path);
    return PONDER_OK;
}

int samples_file_open(struct samples_file *file, const char *path, const json_t *run,
                      const struct questions *questions,
                      int (*seen)(void *data, const struct samples_line *line, struct ponder_err *err),
                      void *data, struct ponder_err *err)
{
    *file = (struct samples_file){.path = path, .run = run, .questions = questions, .fd = -1};
    file->places = calloc((size_t)questions->count + 1, sizeof *file->places);
    if (!file->places)
        return err_memory(err, "the lines of a file");
    struct resume resume = {file, seen, data};
    int status = open_locked(file, err);
    if (!status)
        status = samples_read(path, take_line, &resume, &file->bytes, err);
    if (!status && ftruncate(file->fd, (off_t)file->bytes))
        status =
            err_set(err, PONDER_E_IO, "%s: cannot drop its last, unfinished line: %s", path, strerror(errno));
    return status;
}

void samples_file_release(struct samples_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->places);
    *file = (struct samples_file){.fd = -1};
}

/* ---- writing ---- */

int samples_file_append(struct samples_file *file, int64_t index, const struct best_of_n_sample *samples,
                        const struct grade *grade, struct ponder_err *err)
{
    struct buf line = BUF_INIT(LINE_BYTES_MAX);
    int status =
        samples_line_print(&line, &file->questions->items[index], index, file->run, samples, grade, err);
    if (!status && file_write_all(file->fd, line.data, line.len))
        status = err_set(err, PONDER_E_IO, "%s: cannot append a line: %s; the lines before it are whole",
                         file->path, strerror(errno));
    if (!status) {
        file->places[index] = (struct samples_place){file->bytes, (int64_t)line.len};
        file->bytes += (int64_t)line.len;
        file->count++;
    }
    buf_release(&line);
    return status;
}

static bool in_order(const struct samples_file *file)
{
    for (int64_t i = 1; i < file->count; i++)
        if (file->places[i].offset < file->places[i - 1].offset)
            return false;
    return true;
}

static int copy_line(const struct samples_file *file, struct samples_place place, FILE *out)
{
    char chunk[65536];
    while (place.bytes > 0) {
        size_t want = place.bytes < (int64_t)sizeof chunk ? (size_t)place.bytes : sizeof chunk;
        ssize_t got = pread(file->fd, chunk, want, (off_t)place.offset);
        if (got <= 0 || fwrite(chunk, 1, (size_t)got, out) != (size_t)got)
            return -1;
        place.offset += got;
        place.bytes -= got;
    }
    return 0;
}

static int copy_in_order(const struct samples_file *file, const char *path)
{
    FILE *out = fopen(path, "wbe");
    int failed = out ? 0 : -1;
    for (int64_t i = 0; i < file->count && !failed; i++)
        failed = copy_line(file, file->places[i], out);
    if (!failed)
        failed = fflush(out) || fsync(fileno(out));
    int saved = errno;
    if (out && fclose(out) && !failed) {
        failed = -1;
        saved = errno;
    }
    errno = saved;
    return failed;
}

int samples_file_finish(struct samples_file *file, struct ponder_err *err)
{
    if (file->count < file->questions->count || in_order(file))
        return PONDER_OK;
    struct buf ordered = BUF_INIT(4096);
    if (buf_printf(&ordered, "%s.tmp.%ld", file->path, (long)getpid())) {
        buf_release(&ordered);
        return err_set(err, PONDER_E_ARGUMENT, "--samples: file name of over 4,000 bytes");
    }
    int status = PONDER_OK;
    if (copy_in_order(file, ordered.data) || rename(ordered.data, file->path)) {
        status = err_set(err, PONDER_E_IO, "%s: cannot be put in order: %s; its lines are all there",
                         file->path, strerror(errno));
        unlink(ordered.data);
    }
    buf_release(&ordered);
    return status;
}
