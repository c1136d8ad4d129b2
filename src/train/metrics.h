/* metrics.h - the numbers of a run as JSONL: one object a step, each line in the file as soon as it is known.
 *
 * A run that was killed has usually written lines past its last checkpoint. When it goes on, those lines and
 * a half-written one are cut off first, so that every step stands there once. */
#ifndef TRAIN_METRICS_H
#define TRAIN_METRICS_H

#include <stdint.h>

#include "ponder/train.h"

struct metrics {
    int fd; /* -1: no file is wanted, all calls do nothing */
    const char *path;
};

/* Opens `path` (NULL: none) and keeps the lines of steps 1..`step`; 0 empties it. `path` must outlive it. */
int metrics_open(struct metrics *metrics, const char *path, int64_t step, struct ponder_err *err) PONDER_USE;
int metrics_put(struct metrics *metrics, const struct ponder_train_progress *progress,
                struct ponder_err *err) PONDER_USE;
void metrics_release(struct metrics *metrics);

#endif
