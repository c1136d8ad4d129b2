/* worker.c - which processes are at work: each holds a lock on one byte of the file FILE-workers.
 *
 * The locks belong to the open file, not to the process (F_OFD_SETLK), so that nothing else that opens or
 * closes files in the process drops them; the system drops them when the process ends. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "store/store_impl.h"

enum { WORKERS_MAX = 4096 };

static struct flock byte_lock(int64_t worker)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = worker, .l_len = 1};
}

static int open_file(struct store *store, struct ponder_err *err)
{
    struct buf path = BUF_INIT(1 << 16);
    if (store->worker_fd < 0 && !buf_printf(&path, "%s-workers", store->path))
        store->worker_fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int status = store->worker_fd >= 0 ? PONDER_OK
                                       : err_set(err, PONDER_E_IO, "%s-workers: cannot be opened: %s",
                                                 store->path, strerror(errno));
    buf_release(&path);
    return status;
}

int store_worker_begin(struct store *store, struct ponder_err *err)
{
    if (store->worker > 0)
        return PONDER_OK;
    int status = open_file(store, err);
    if (status)
        return status;
    for (int64_t worker = 1; worker <= WORKERS_MAX; worker++) {
        struct flock lock = byte_lock(worker);
        if (fcntl(store->worker_fd, F_OFD_SETLK, &lock))
            continue;
        store->worker = worker;
        /* What an ended process of this number had claimed. */
        sqlite3_stmt *drop = store_statement(store, STORE_CLAIMS_OF_WORKER_DROP);
        sqlite3_bind_int64(drop, 1, worker);
        return store_run_statement(store, drop, NULL, "dropping old claims", err);
    }
    return err_set(err, PONDER_E_LIMIT,
                   "%s: cannot take part: %d processes are at work, or locks do not work "
                   "on its file system",
                   store->path, WORKERS_MAX);
}

bool store_worker_lives(struct store *store, int64_t worker)
{
    if (worker == store->worker)
        return true;
    struct flock lock = byte_lock(worker);
    if (worker < 1 || worker > WORKERS_MAX || open_file(store, NULL))
        return false;
    return fcntl(store->worker_fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

void store_worker_end(struct store *store)
{
    if (store->worker_fd >= 0)
        close(store->worker_fd);
}
