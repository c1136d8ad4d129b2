/* export_line.h - one line of an exported run: a question under one seed with all its samples. */
#ifndef EVAL_EXPORT_LINE_H
#define EVAL_EXPORT_LINE_H

#include <jansson.h>

#include "core/buf.h"
#include "driver/best_of_n.h"
#include "store/store.h"

/* A line that was read. The texts of its samples belong to `record`. */
struct export_line {
    const json_t *record, *run;
    int64_t index; /* of the question in its set */
    const char *problem, *answer, *id;
    struct best_of_n_sample *samples; /* (n) text, len and token_count */
    int64_t n;
};

/* `*out` is the line without its newline, freed by the caller: the record of the set, "run" with the
 * question's index and the cell's seed put in front, "ledger" and "samples"; what a verifier gave their steps
 * is "scores", what rollouts gave them "values". Of a search the chosen sample is the one in "samples", and
 * all that it chose from are "candidates", with the place of the "chosen" one. */
int export_line_print(char **out, const struct question *question, const json_t *run,
                      enum ponder_run_kind kind, const struct store_cell *cell,
                      struct ponder_err *err) PONDER_USE;
/* PONDER_E_FORMAT where it is no such line. `record` is borrowed. Release `out` in any case. */
int export_line_take(struct export_line *out, const json_t *record, struct ponder_err *err) PONDER_USE;
void export_line_release(struct export_line *line);

#endif
