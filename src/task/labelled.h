/* labelled.h - sampled solutions with a label at each step, from JSONL as `ponder task check` writes it.
 *
 * One object a line: `problem`, and `samples`, each with `text`, `reachable` (a flag a line), `first_wrong`,
 * `answer_right`, and where known `answer`, `tokens` and `logprob` (mean of a token). */
#ifndef TASK_LABELLED_H
#define TASK_LABELLED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/jsonl.h"
#include "ponder/status.h"

enum { LABELLED_LINES_MAX = 64 };

struct labelled_text {
    char *text;
    char *answer;             /* as written in its box; NULL: none */
    unsigned char *reachable; /* (lines) whether the answer can still be reached behind the line */
    int lines;
    int first_lost;              /* the first line that is not, -1: none */
    bool right;                  /* the answer is */
    double logprob, logprob_sum; /* of the proposer; NAN where unknown */
    float *scores;               /* (lines) of a verifier, where the record has them, else NULL */
};

struct labelled {
    char *problem, *id, *answer;
    struct labelled_text *texts;
    int64_t count;
};

/* From an object; the error says what is missing. Release `out` in any case. */
int labelled_take(struct labelled *out, const json_t *record, struct ponder_err *err) PONDER_USE;
/* The next record of the file: 1, or 0 at the end. `*object` is what was read, released by the caller; NULL
 * for `object`: not wanted. The error names the line and what is missing there. Release `out` in any case. */
int labelled_next(struct jsonl *file, struct labelled *out, json_t **object,
                  struct ponder_err *err) PONDER_USE;
/* Calls `each` for every record of a file, up to its first error, which is given the line. */
int labelled_each(const char *path,
                  int (*each)(void *data, const struct labelled *record, struct ponder_err *err), void *data,
                  struct ponder_err *err) PONDER_USE;
void labelled_release(struct labelled *record);
/* The first text that is the same as text `index`. */
int64_t labelled_first_equal(const struct labelled *record, int64_t index);

#endif
