/* progress.h - how long work reports and is stopped. */
#ifndef PONDER_PROGRESS_H
#define PONDER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ponder_progress {
    int64_t done, total; /* of `unit` */
    int64_t before;      /* of `done`: there already when the work began */
    const char *unit;    /* plural, e.g. "solutions" */
    /* Of the solutions that the units are made of, by which the time that is left is told; 0: not known. */
    int64_t solutions, solutions_total, solutions_before;
    double seconds; /* since the work began */
    int64_t tokens; /* generated so far */
    /* Share of the answers so far that are right, with a 95% interval (Wilson 1927): while `judged` > 0. */
    int64_t judged;
    double accuracy, accuracy_low, accuracy_high;
};

/* Called from the thread that does the work, every few milliseconds. Returns true to go on; with false the
 * work ends as soon as it can, with what it has. A NULL callback goes on. */
struct ponder_watch {
    bool (*progress)(const struct ponder_progress *progress, void *data);
    void *data;
    /* A line for whoever runs the work: something was left out, or waits. `data` is the same. May be NULL. */
    void (*note)(const char *text, void *data);
};

#ifdef __cplusplus
}
#endif
#endif
