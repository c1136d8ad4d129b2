/* shepherd.h - labelled solutions in the form of Math-Shepherd's data set (Wang et al. 2024).
 *
 * One solution a line:
 *   {"input": "QUESTION Step 1: FIRST ки\nStep 2: SECOND ки", "label": the same with + or - for each ки,
 *    "task": "MATH"}
 * A step is good, +, where a rollout from behind it ended right. Added here are "values", the share of the
 * rollouts that did, and "rollouts", how many there were. Without "values" the signs are the labels. */
#ifndef TASK_SHEPHERD_H
#define TASK_SHEPHERD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/status.h"

enum { SHEPHERD_STEPS_MAX = 1 << 12 };

struct shepherd {
    char *problem;
    char *text;    /* the steps, a line each, without their numbers */
    float *labels; /* (lines) 0 to 1 */
    int lines;
    bool right; /* the last step is good: the answer is right */
};

/* Whether a record is meant to be one. */
bool shepherd_is(const json_t *record);
/* Everything is checked; PONDER_E_FORMAT says what does not fit. Release `out` in any case. */
int shepherd_take(struct shepherd *out, const json_t *record, struct ponder_err *err) PONDER_USE;
void shepherd_release(struct shepherd *solution);

/* `*out` is the line without its end, freed by the caller; NULL where the form cannot say it: the text is no
 * UTF-8 or has other than `count` lines, or a line of it or of the problem ends in the mark itself. */
struct shepherd_solution {
    const char *problem, *task, *text;
    size_t len;
    const double *values; /* (count) */
    int64_t count, rollouts;
};
int shepherd_print(char **out, const struct shepherd_solution *solution, struct ponder_err *err) PONDER_USE;

#endif
