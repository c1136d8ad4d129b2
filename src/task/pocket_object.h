/* pocket_object.h - the insides of a Pocket generator, for the two files that make items and documents. */
#ifndef TASK_POCKET_OBJECT_H
#define TASK_POCKET_OBJECT_H

#include "core/buf.h"
#include "task/pocket.h"

enum { POCKET_DOCUMENT_BYTES_MAX = 65536 };

struct ponder_pocket {
    enum ponder_pocket_split split;
    bool distinct;
    struct rng rng;
    unsigned char cell[POCKET_SUBJECTS * POCKET_LEVELS]; /* this round's order */
    int next_cell;
    uint64_t *seen; /* hashes of the questions yielded, only where `distinct` */
    size_t seen_cap, seen_count;
    struct pocket_draft draft;
    struct rng before; /* as it was before the last question was drawn */
    int family;        /* of that question */
    char problem[POCKET_PROBLEM_BYTES];
    char unique_id[96];
    struct buf document;
};

/* How a solution's choices are made. With POCKET_WRONG the families that can make a wrong choice do so. */
enum pocket_care { POCKET_CAREFUL, POCKET_CARELESS, POCKET_WRONG };

/* The next item; its answer is the one its solution comes to. */
int pocket_draw(struct ponder_pocket *pocket, enum pocket_care care, struct ponder_pocket_item *item,
                struct ponder_err *err) PONDER_USE;

/* Other lines for the last item's question, by the pens that its draft has now. Only where its family has
 * `own_care`: the others write what they wrote. False where they do not fit. */
bool pocket_draw_again(struct ponder_pocket *pocket);

#endif
