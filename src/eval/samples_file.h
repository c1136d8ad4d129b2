/* samples_file.h - the file of `ponder eval --samples`, written a question at a time and resumed.
 *
 * A line is appended by one write as soon as its question is done. Whatever ends the program, the file then
 * holds whole lines and behind them at most one that was cut; the next run drops that one and goes on with
 * the questions that have no line. Lines stand in the order in which questions were done until the last one
 * is; then the file is put in the order of the set, so that interruptions leave no trace in it. */
#ifndef EVAL_SAMPLES_FILE_H
#define EVAL_SAMPLES_FILE_H

#include <stdint.h>

#include "eval/samples_line.h"

/* Where a line stands in the file. */
struct samples_place {
    int64_t offset, bytes; /* 0 bytes: there is none */
};

/* Reads the file's whole lines one after the other; `each` gets the line and its place, and its error ends
 * the reading. Errors begin with path and line number. *whole is set to the bytes of all whole lines. */
int samples_read(const char *path,
                 int (*each)(void *data, const struct samples_line *line, struct samples_place place,
                             struct ponder_err *err),
                 void *data, int64_t *whole, struct ponder_err *err) PONDER_USE;

struct samples_file {
    const char *path; /* borrowed, as are the next two */
    const json_t *run;
    const struct questions *questions;
    struct samples_place *places; /* (questions) */
    int64_t count;                /* of questions that have a line */
    int64_t bytes;
    int fd; /* locked: a second program is refused */
};

/* Opens or creates the file. `seen` is called for each line that is there. A file that holds anything but
 * lines of this run is refused and left as it is. Release `file` in any case. */
int samples_file_open(struct samples_file *file, const char *path, const json_t *run,
                      const struct questions *questions,
                      int (*seen)(void *data, const struct samples_line *line, struct ponder_err *err),
                      void *data, struct ponder_err *err) PONDER_USE;
int samples_file_append(struct samples_file *file, int64_t index, const struct best_of_n_sample *samples,
                        const struct grade *grade, struct ponder_err *err) PONDER_USE;
/* Puts a file that has all of its lines in order; leaves another as it is. */
int samples_file_finish(struct samples_file *file, struct ponder_err *err) PONDER_USE;
void samples_file_release(struct samples_file *file);

#endif
