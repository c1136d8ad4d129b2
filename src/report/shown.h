/* shown.h - what a report shows of one question of a run: its votes and its first samples. */
#ifndef REPORT_SHOWN_H
#define REPORT_SHOWN_H

#include "report/figures.h"

/* A text is cut behind so many bytes. */
enum { SHOWN_TEXT_BYTES_MAX = 16384 };

struct shown_sample {
    char *text; /* (len) any bytes; NULL: none */
    size_t len;
    bool cut;
    char *answer; /* NULL: none */
    bool correct;
    double logprob; /* mean over its tokens; NAN where unknown */
    int64_t tokens;
    char *finish;
    double *scores; /* (score_count) of its steps, or NULL */
    int64_t score_count;
};

struct shown_vote {
    char *answer;
    int64_t count;
    bool correct;
};

struct shown {
    int64_t seed, n;
    int64_t correct, without_answer; /* of the n */
    struct ponder_ledger cost;
    struct shown_vote *votes; /* the majority first */
    int64_t vote_count;
    struct shown_sample *samples; /* (sample_count) the first ones */
    int64_t sample_count;
};

/* Reads a question of the run's first seed that has it, and grades it. Release `out` in any case. */
int shown_read(struct shown *out, struct store *store, const struct figures_run *run, int64_t question,
               int64_t samples_max, struct ponder_err *err) PONDER_USE;
void shown_release(struct shown *shown);

#endif
