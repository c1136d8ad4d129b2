/* shots.h - worked examples for a model, out of a set of questions that have solutions. */
#ifndef TASK_SHOTS_H
#define TASK_SHOTS_H

#include "prompt/examples.h"
#include "ponder/status.h"

enum { SHOT_BYTES_MAX = 2000 /* of a problem and its solution */ };

/* The first EXAMPLES_MAX different questions of a JSONL file whose solution ends in a boxed answer and that
 * are not over SHOT_BYTES_MAX; PONDER_E_FORMAT where there are fewer than EXAMPLES_SHOWN. Of GSM8K the
 * calculator's notes are left out and what stands behind "####" is boxed. Or the first of
 * "pocket:train:COUNT[:SEED]", whose test part is refused (PONDER_E_ARGUMENT). Release `out` where that
 * succeeded. */
int shots_read(struct examples *out, const char *data, struct ponder_err *err) PONDER_USE;

#endif
