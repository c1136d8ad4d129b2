#include "train/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"

static const size_t file_bytes_max = (size_t)1 << 30;
static const char line_start[] = "{\"step\":";

/* Bytes of the whole lines at the beginning of `text` that belong to steps up to `step`. */
static size_t lines_until(const char *text, size_t n, int64_t step)
{
    size_t at = 0;
    while (at < n) {
        const char *end = memchr(text + at, '\n', n - at);
        if (!end || strncmp(text + at, line_start, sizeof line_start - 1) != 0)
            break;
        if (strtoll(text + at + sizeof line_start - 1, NULL, 10) > step)
            break;
        at = (size_t)(end - text) + 1;
    }
    return at;
}

int metrics_open(struct metrics *metrics, const char *path, int64_t step, struct ponder_err *err)
{
    *metrics = (struct metrics){.fd = -1, .path = path};
    if (!path || !*path)
        return PONDER_OK;
    size_t keep = 0;
    if (step > 0 && access(path, F_OK) == 0) {
        struct buf buf = BUF_INIT(file_bytes_max);
        int status = buf_read_file(&buf, path, err);
        if (!status)
            keep = lines_until(buf_text(&buf), buf.len, step);
        buf_release(&buf);
        if (status)
            return status;
    }
    metrics->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (metrics->fd < 0 || ftruncate(metrics->fd, (off_t)keep)) {
        int status = err_set(err, PONDER_E_IO, "%s: cannot write the metrics: %s", path, strerror(errno));
        metrics_release(metrics);
        return status;
    }
    return PONDER_OK;
}

int metrics_put(struct metrics *metrics, const struct ponder_train_progress *progress, struct ponder_err *err)
{
    if (metrics->fd < 0)
        return PONDER_OK;
    struct buf line = BUF_INIT(4096);
    buf_printf(&line, "%s%" PRId64 ",\"tokens\":%" PRIu64 ",\"loss\":%.9g", line_start, progress->step,
               progress->tokens, progress->loss);
    if (!isnan(progress->soft_loss))
        buf_printf(&line, ",\"soft_loss\":%.9g", progress->soft_loss);
    if (!isnan(progress->heldout_loss))
        buf_printf(&line, ",\"heldout_loss\":%.9g", progress->heldout_loss);
    buf_printf(&line, ",\"lr\":%.9g,\"grad_norm\":%.9g,\"tokens_per_s\":%.1f", progress->lr,
               progress->grad_norm, progress->tokens_per_s);
    if (!isnan(progress->peak_share))
        buf_printf(&line, ",\"peak_share\":%.4f", progress->peak_share);
    buf_printf(&line, ",\"seconds\":%.3f}\n", progress->elapsed_s);
    int status = PONDER_OK;
    if (!buf_ok(&line))
        status = err_memory(err, "a metrics line");
    else if (write(metrics->fd, line.data, line.len) != (ssize_t)line.len)
        status =
            err_set(err, PONDER_E_IO, "%s: cannot append to the metrics: %s", metrics->path, strerror(errno));
    buf_release(&line);
    return status;
}

void metrics_release(struct metrics *metrics)
{
    if (metrics->fd >= 0)
        close(metrics->fd);
    metrics->fd = -1;
}
