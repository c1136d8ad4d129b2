/* cells.h - the cells of an evaluation, one for each question and seed: which are done, which are to do.
 *
 * Cell c is question c % questions under seed seeds[c / questions]. A cell is graded as soon as it is done;
 * its figures stay and its texts go: into the store, where there is one. Cells that the store has are graded
 * from there; those that another process is at work on are waited for, and done here where it gives up. */
#ifndef EVAL_CELLS_H
#define EVAL_CELLS_H

#include "eval/eval.h"
#include "eval/grade.h"
#include "eval/pieces.h"
#include "eval/run_record.h"
#include "driver/best_of_n.h"
#include "store/store.h"

struct cells {
    const struct eval_job *job;
    const struct clock *clock;
    const struct ponder_watch *watch; /* may be NULL */
    struct questions questions;
    struct prompt *prompts;      /* (count); texts owned */
    struct grade *grades;        /* (count); n is 0 where the cell is not done */
    struct ponder_ledger *costs; /* (count) */
    struct pieces *pieces;       /* (count) of cells under way */
    int64_t *seeds;              /* (seed_count) ascending */
    int64_t seed_count, count;   /* count: cells */
    int64_t n;                   /* samples of a cell */
    int64_t ks[PONDER_EVAL_KS_MAX];
    int k_count;
    enum answer_mode extract;
    struct run_record record;
    struct store *store; /* NULL: nothing is kept */
    int64_t run;         /* its number there */
    char *settings;      /* as JSON */
    int64_t done, resumed;
    int64_t pass_done; /* of `done`: before the pass under way */
    double right;      /* sum over the done cells: share of right choices */
    double mark_s;     /* when the last cell was done */
    double begun_s;    /* when the work began */
};

/* Reads the questions and makes their prompts. Release in any case. */
int cells_open(struct cells *cells, const struct eval_job *job, int64_t n, const struct clock *clock,
               const struct ponder_watch *watch, struct ponder_err *err) PONDER_USE;
/* Finds or begins the run in the store of the settings, if they name one, and takes over what is there. */
int cells_open_store(struct cells *cells, struct ponder_err *err) PONDER_USE;
/* Both from a run of a store that is only read, with all seeds that it has. `cells->job` stays NULL. */
int cells_open_run(struct cells *cells, struct store *store, int64_t run, struct ponder_err *err) PONDER_USE;
void cells_release(struct cells *cells);

int64_t cells_seed(const struct cells *cells, int64_t cell);
const struct question *cells_question(const struct cells *cells, int64_t cell);
/* Does what is missing: `pass` is given the missing cells, `count` > 0, and asks cells_claim() before it
 * begins one and cells_keep() once it is done. Where another process is at work on some, they are waited for;
 * where it gives up, there is another pass. */
typedef int cells_pass(void *data, const int64_t *missing, int64_t count, enum ponder_stopped *stopped,
                       struct ponder_err *err);
int cells_do(struct cells *cells, cells_pass *pass, void *data, struct ponder_err *err) PONDER_USE;
/* Whether this process is to do the cell. One that is in the store by now is taken from there. */
int cells_claim(struct cells *cells, int64_t cell, bool *mine, struct ponder_err *err) PONDER_USE;
/* Of a cell that is claimed: whether sample `i` is there from an earlier run that was killed. */
bool cells_recall(const struct cells *cells, int64_t cell, int64_t i, struct driver_recalled *out);
/* Keeps a sample that has ended of a cell that is not done, where there is a store and the cell has taken
 * long enough for that to be worth it. */
int cells_keep_piece(struct cells *cells, int64_t cell, int64_t i, const struct best_of_n_sample *sample,
                     struct ponder_err *err) PONDER_USE;
/* Grades and keeps what was done; a cell with a failed sample is graded and not kept. `cost` without seconds.
 */
int cells_keep(struct cells *cells, int64_t cell, const struct best_of_n_sample *samples,
               const struct ponder_ledger *cost, struct ponder_err *err) PONDER_USE;
/* The same of a search, whose chosen sample counts; with a store all that it saw is kept. */
int cells_keep_search(struct cells *cells, int64_t cell, const struct store_cell *searched,
                      const struct ponder_ledger *cost, struct ponder_err *err) PONDER_USE;
/* Samples of a store as they are graded, freed by the caller; their texts stay the store's. NULL: out of
 * memory. */
struct best_of_n_sample *cells_samples_of(const struct store_cell *stored);
/* Shows the caller's watch how far all is; for a search's own watch, whose `data` is the cells. */
bool cells_progress(const struct ponder_progress *progress, void *data);

/* Per question the mean over its done cells, n their samples in all: as the report wants it. The caller
 * releases each and frees it; NULL: out of memory. */
struct grade *cells_by_question(const struct cells *cells);
/* The sum over the done cells. */
struct ponder_ledger cells_cost(const struct cells *cells);

#endif
