/* samples_line.h - one line of a samples file: a question with all its samples. */
#ifndef EVAL_SAMPLES_LINE_H
#define EVAL_SAMPLES_LINE_H

#include <jansson.h>

#include "core/buf.h"
#include "eval/grade.h"
#include "eval/questions.h"
#include "search/best_of_n.h"

/* What every line begins with. */
extern const char samples_line_start[];

/* A line that was read. The texts of its samples belong to `root`. */
struct samples_line {
    json_t *root;
    const json_t *run;
    int64_t index; /* of the question in its set */
    const char *problem, *answer, *id;
    struct best_of_n_sample *samples; /* (n) text, len and token_count */
    int64_t n;
};

/* Appends the line, its end included: the record of the set, "run" with the index in it, and the samples. */
int samples_line_print(struct buf *out, const struct question *question, int64_t index, const json_t *run,
                       const struct best_of_n_sample *samples, const struct grade *grade,
                       struct ponder_err *err) PONDER_USE;
/* PONDER_E_FORMAT where it is no such line. Release `out` in any case. */
int samples_line_parse(struct samples_line *out, const char *text, size_t len,
                       struct ponder_err *err) PONDER_USE;
void samples_line_release(struct samples_line *line);

#endif
