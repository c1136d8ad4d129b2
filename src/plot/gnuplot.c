#include "plot/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"

extern char **environ;

/* The child's ends: commands come from a file in memory, so that writing them can neither block nor raise
 * SIGPIPE; complaints go to another. */
struct ends {
    int commands, complaints;
    int out[2]; /* a pipe */
};

static int open_ends(struct ends *ends, const struct buf *commands, struct ponder_err *err)
{
    *ends = (struct ends){
        memfd_create("commands", MFD_CLOEXEC), memfd_create("complaints", MFD_CLOEXEC), {-1, -1}};
    if (ends->commands < 0 || ends->complaints < 0 || pipe2(ends->out, O_CLOEXEC) ||
        file_write_all(ends->commands, buf_text(commands), commands->len) ||
        lseek(ends->commands, 0, SEEK_SET))
        return err_set(err, PONDER_E_IO, "gnuplot cannot be started: %s", strerror(errno));
    return PONDER_OK;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_ends(struct ends *ends)
{
    close_end(&ends->commands);
    close_end(&ends->complaints);
    close_end(&ends->out[0]);
    close_end(&ends->out[1]);
}

/* -d: without the user's own settings. */
static int gnuplot_start(pid_t *child, struct ends *ends, struct ponder_err *err)
{
    char *const argv[] = {"gnuplot", "-d", NULL};
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, ends->commands, 0);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, ends->out[1], 1);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, ends->complaints, 2);
    if (!failed)
        failed = posix_spawnp(child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close_end(&ends->out[1]);
    if (failed == ENOENT || failed == EACCES)
        return err_set(err, PONDER_E_NOT_FOUND,
                       "gnuplot, which draws the plots, is not installed: `apt install gnuplot-nox`");
    return failed ? err_set(err, PONDER_E_IO, "gnuplot cannot be started: %s", strerror(failed)) : PONDER_OK;
}

/* Up to the end of what it prints. */
static int read_out(struct buf *out, int fd, struct ponder_err *err)
{
    double end_s = clock_now_s(&clock_system) + GNUPLOT_SECONDS_MAX;
    char chunk[65536];
    for (;;) {
        double left_s = end_s - clock_now_s(&clock_system);
        struct pollfd ready = {fd, POLLIN, 0};
        int count = left_s > 0 ? poll(&ready, 1, (int)(1000 * left_s) + 1) : 0;
        if (count == 0)
            return err_set(err, PONDER_E_TIMEOUT, "gnuplot took over %d s", GNUPLOT_SECONDS_MAX);
        ssize_t n = count > 0 ? read(fd, chunk, sizeof chunk) : -1;
        if (n == 0)
            return PONDER_OK;
        if (n < 0 && errno != EINTR)
            return err_set(err, PONDER_E_IO, "gnuplot cannot be read: %s", strerror(errno));
        if (n > 0 && buf_append(out, chunk, (size_t)n))
            return err_set(err, PONDER_E_LIMIT, "gnuplot printed over %zu bytes", out->bytes_max);
    }
}

static int complain(int fd, struct ponder_err *err)
{
    char text[256] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    const char *words = n > 0 ? text + strspn(text, "\n ") : "";
    return err_set(err, PONDER_E_ENGINE, "gnuplot failed: %.*s", (int)strcspn(words, "\n"), words);
}

int gnuplot_run(struct buf *out, const struct buf *commands, struct ponder_err *err)
{
    struct ends ends;
    pid_t child;
    int status = open_ends(&ends, commands, err), ended = 0;
    if (!status)
        status = gnuplot_start(&child, &ends, err);
    if (status) {
        close_ends(&ends);
        return status;
    }
    status = read_out(out, ends.out[0], err);
    if (status)
        kill(child, SIGKILL);
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR)
        ;
    if (!status && ended != 0)
        status = complain(ends.complaints, err);
    close_ends(&ends);
    return status;
}

int gnuplot_write(const char *path, const struct buf *commands, struct ponder_err *err)
{
    struct buf drawn = BUF_INIT(GNUPLOT_SVG_BYTES_MAX);
    int status = buf_ok(commands) ? gnuplot_run(&drawn, commands, err) : err_memory(err, "a drawing");
    if (!status)
        status = file_write_atomic(path, buf_text(&drawn), drawn.len, err);
    buf_release(&drawn);
    return status;
}
