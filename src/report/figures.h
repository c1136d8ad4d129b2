/* figures.h - all that a report says, as numbers: runs, their groups and costs, their differences, and the
 * questions that they ask, the same question once. */
#ifndef REPORT_FIGURES_H
#define REPORT_FIGURES_H

#include "core/buf.h"
#include "eval/cells.h"
#include "ponder/runs.h"
#include "store/store.h"

enum { FIGURES_RUNS_MAX = 24 };

/* Of a question and seed, on average. */
struct figures_cost {
    double generations, prompt_tokens, generated_tokens;
    double tokens; /* all that was computed */
    double flops, seconds;
};

struct figures_run {
    struct ponder_run record;
    struct cells cells;
    struct grade *grades; /* (questions) each the mean over its seeds; n is 0 where it is not done */
    struct ponder_eval *eval;
    struct figures_cost *costs; /* (eval->group_count) */
    bool search;                /* each question has one solution, which a search chose */
    char *label;                /* "best of 64", "beam of 16" */
    int quintiles_of;           /* the run whose pass@1 cuts the quintiles; -1: there are none */
    uint64_t data_hash;
};

struct figures_pair {
    int first, second; /* indexes of runs */
    struct ponder_comparison diff;
};

struct figures_question {
    const struct question *text;
    int64_t *at; /* (run_count) its index in the set of each run; -1: it is not done there */
};

struct figures {
    const char *store; /* its path; borrowed */
    struct figures_run *runs;
    int run_count;
    int64_t left_out;           /* runs of the store that have nothing done */
    struct figures_pair *pairs; /* of runs that share questions */
    int pair_count;
    bool against_first; /* only the pairs with the first run were made */
    struct figures_question *questions;
    int64_t question_count;
    int64_t *at; /* what questions[].at point into */
};

/* Reads and grades `runs` (count), or with count 0 all of which something is done. Release in any case. */
int figures_open(struct figures *figures, struct store *store, const char *path, const int64_t *runs,
                 int64_t count, struct ponder_err *err) PONDER_USE;
void figures_release(struct figures *figures);

/* What k of the run's n samples cost in this group: their share of the generated tokens and all of the
 * prompt; FLOPs and seconds in proportion to tokens. */
struct figures_cost figures_cost_at(const struct figures_run *run, int64_t group, int64_t k);
/* Whether both runs of a pair are samples, which have a pass@1. */
bool figures_have_pass_1(const struct figures *figures, const struct figures_pair *pair);
/* The share of right answers that the run gave to a question of its set. */
double figures_accuracy(const struct figures_run *run, int64_t question);

/* One figure: what a row of the tables holds. */
struct figures_row {
    const struct figures_run *run; /* NULL where it is of a pair */
    const struct figures_pair *pair;
    const char *by, *group;
    const char *measure; /* "accuracy", "pass_1", "maj", "pass", "gain", "accuracy_difference", .. */
    int64_t k, questions;
    struct ponder_interval figure;
    struct figures_cost cost; /* none of a pair */
    bool measured;            /* the cost; else it is the share of k samples in that of n */
};
/* Calls `each` for all figures, run by run; a status of it that is not 0 ends the work and is returned. */
int figures_each_row(const struct figures *figures, int (*each)(void *data, const struct figures_row *row),
                     void *data) PONDER_USE;

/* figures_table.c: the same as text, appended to `out`. */
int figures_csv(struct buf *out, const struct figures *figures, struct ponder_err *err) PONDER_USE;
int figures_json(struct buf *out, const struct figures *figures, struct ponder_err *err) PONDER_USE;

#endif
