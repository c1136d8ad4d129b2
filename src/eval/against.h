/* against.h - the file of samples that a search is compared with. */
#ifndef EVAL_AGAINST_H
#define EVAL_AGAINST_H

#include <jansson.h>

#include "eval/questions.h"

struct against {
    int64_t n;        /* samples per question */
    int64_t *correct; /* (questions) of the n */
    double *tokens;   /* (questions) of a sample, on average */
};

/* Reads the samples of all `questions` from the file. `run` is the search's (samples_run.h): the file must be
 * of the same model and set, whatever it was sampled with, and have n_min samples a question or more. Release
 * `out` in any case. */
int against_read(struct against *out, const char *path, const json_t *run, const struct questions *questions,
                 int64_t n_min, struct ponder_err *err) PONDER_USE;
void against_release(struct against *against);

#endif
