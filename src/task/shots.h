/* shots.h - worked examples for models that know only how to go on with a text. */
#ifndef TASK_SHOTS_H
#define TASK_SHOTS_H

#include "core/buf.h"
#include "ponder/status.h"

enum { SHOTS_COUNT = 4, SHOT_BYTES_MAX = 2000 /* of a problem and its solution */ };

/* What opens every problem: where a model writes it, a solution is over. */
#define SHOTS_PROBLEM "Problem:\n"
#define SHOTS_SOLUTION "\n\nSolution:\n"

/* Appends the first SHOTS_COUNT records of a JSONL file whose solution ends in a boxed answer and that are
 * not over SHOT_BYTES_MAX, each as SHOTS_PROBLEM problem SHOTS_SOLUTION solution and a blank line. Of GSM8K
 * the calculator's notes are left out and what stands behind "####" is boxed. PONDER_E_FORMAT where there are
 * fewer. */
int shots_read(const char *path, struct buf *out, struct ponder_err *err) PONDER_USE;

#endif
