/* ledger.h - a struct ponder_ledger as JSON. */
#ifndef TREE_LEDGER_H
#define TREE_LEDGER_H

#include <jansson.h>

#include "ponder/ledger.h"

/* NULL: out of memory. */
json_t *ledger_json(const struct ponder_ledger *ledger);

#endif
