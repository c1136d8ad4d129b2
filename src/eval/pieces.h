/* pieces.h - samples of cells that are not whole yet, kept one by one as they end, so that a run of a slow
 * model that is killed goes on with them. */
#ifndef EVAL_PIECES_H
#define EVAL_PIECES_H

#include "driver/driver.h"
#include "store/store.h"

/* Those of one cell, read before it is begun. */
struct pieces {
    struct driver_recalled *items; /* (n) */
    bool *there;                   /* (n) */
    int64_t n, count;
    double began_s; /* when the cell was begun */
};

/* Of a cell of `n` samples. Release `out` in any case. */
int pieces_read(struct pieces *out, struct store *store, int64_t run, int64_t seed, int64_t question,
                int64_t n, struct ponder_err *err) PONDER_USE;
/* Whether sample `i` is there. */
bool pieces_find(const struct pieces *pieces, int64_t i, struct driver_recalled *out);
void pieces_release(struct pieces *pieces);

#endif
