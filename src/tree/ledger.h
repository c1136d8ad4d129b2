/* ledger.h - adding up struct ponder_ledgers, and one as JSON. */
#ifndef TREE_LEDGER_H
#define TREE_LEDGER_H

#include <jansson.h>

#include "ponder/ledger.h"

/* Adds every line of `more`. */
void ledger_add(struct ponder_ledger *sum, const struct ponder_ledger *more);
/* NULL: out of memory. */
json_t *ledger_json(const struct ponder_ledger *ledger);

#endif
