/* against.h - the exported samples that a search is compared with. */
#ifndef EVAL_AGAINST_H
#define EVAL_AGAINST_H

#include "eval/eval.h"
#include "task/questions.h"

struct against {
    int64_t n;        /* samples per question */
    int64_t *correct; /* (questions) of the n */
    double *tokens;   /* (questions) of a sample, on average */
};

/* Reads the samples of all `questions` from the file job->settings->against. It must be of the job's model
 * and set, whatever it was sampled with, of one seed, and have n_min samples a question or more. Release
 * `out` in any case. */
int against_read(struct against *out, const struct eval_job *job, const struct questions *questions,
                 int64_t n_min, struct ponder_err *err) PONDER_USE;
void against_release(struct against *against);

#endif
