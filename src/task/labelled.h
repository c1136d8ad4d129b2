/* labelled.h - sampled solutions with a label at each step, from JSONL as `ponder task check` writes it.
 *
 * One object a line: `problem`, and `samples`, each with `text`, `reachable` (a flag a line), `first_wrong`,
 * `answer_right`, and where known `answer`, `tokens` and `logprob` (mean of a token). */
#ifndef TASK_LABELLED_H
#define TASK_LABELLED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

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

/* Fills `out` from one line. The error says what is missing; release `out` in any case. */
int labelled_read(struct labelled *out, const char *line, struct ponder_err *err) PONDER_USE;
void labelled_release(struct labelled *record);
/* The first text that is the same as text `index`. */
int64_t labelled_first_equal(const struct labelled *record, int64_t index);

/* The next line of a file that is not empty, without its newline, in *line (grown as getline does); *number
 * counts the lines. False at the end. */
bool labelled_next_line(FILE *file, char **line, size_t *cap, int64_t *number);

#endif
