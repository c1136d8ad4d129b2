/* process.h - other programs, run beside this one and held in bounds.
 *
 * Each is the head of a process group of its own, which is killed as a whole when its time is over, when it
 * prints too much, and when it ends, so that nothing it started is left behind. It has its input as its
 * standard input, and of this program neither open files nor environment but for PATH, HOME, USER, LANG,
 * LC_ALL and TMPDIR. No shell is asked. */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/clock.h"
#include "ponder/status.h"

enum { PROCESS_OUTPUT_BYTES_MAX = 1 << 16, PROCESS_ARGUMENTS_MAX = 64 };

struct process_limits {
    double timeout_s;   /* of one run, from its start */
    int64_t memory_mib; /* of address space */
    int at_once_max;
};

enum process_end {
    PROCESS_NOT_RUN,     /* the deadline came first, or came while it ran; or it was given up */
    PROCESS_EXITED,      /* `code` is its exit status */
    PROCESS_KILLED,      /* `code` is the signal */
    PROCESS_LATE,        /* its time was over */
    PROCESS_TALKATIVE,   /* over PROCESS_OUTPUT_BYTES_MAX bytes on its standard output */
    PROCESS_NOT_STARTED, /* `code` is the errno */
};

struct process_job {
    const char *input; /* borrowed */
    size_t input_len;
    bool merged;          /* what it says on its standard error goes into `output` too, not to `complaint` */
    struct buf output;    /* filled; the caller's to release */
    char complaint[200];  /* filled: the last line of its standard error, cut */
    enum process_end end; /* filled */
    int code;             /* filled */
};

/* Runs `path` once for each job, whose fields that are filled are 0. After one that did not exit with status
 * 0 the others are given up. `arguments` ends with NULL, the first is the name it goes by. An error is one of
 * this program's: no pipe, no memory. */
int process_run(const char *path, char *const arguments[], struct process_job *jobs, int64_t count,
                const struct process_limits *limits, const struct deadline *deadline,
                struct ponder_err *err) PONDER_USE;
/* The same a moment at a time: opened, stepped until that returns 0 or an error, released, which ends those
 * that still run. A step waits at most `wait_s` where nothing can be done at once. */
struct process_list;
int process_list_open(struct process_list **out, const char *path, char *const arguments[],
                      struct process_job *jobs, int64_t count, const struct process_limits *limits,
                      struct ponder_err *err) PONDER_USE;
int process_list_step(struct process_list *list, double wait_s, const struct deadline *deadline,
                      struct ponder_err *err) PONDER_USE;
void process_list_release(struct process_list *list);

/* The file that a program's name stands for: itself where it has a slash, else from PATH. PONDER_E_NOT_FOUND,
 * or PONDER_E_ARGUMENT where it cannot be executed. The caller frees it. */
int process_find(const char *name, char **path, struct ponder_err *err) PONDER_USE;

/* Parts a command at its spaces. Within '..' all is itself; within ".." a backslash goes before " and \;
 * outside of both it goes before anything. `*arguments` ends with NULL and is one block, the caller's to
 * free. */
int process_split(const char *command, char ***arguments, struct ponder_err *err) PONDER_USE;

#endif
