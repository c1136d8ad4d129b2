/* trace.h - a search as JSON: one object per node, from the prompt down.
 *
 * {"version": 1, "question": .., "nodes": [{"id", "parent", "kind", "text", ..}], "answer": .., "ledger":
 * {..}} Node 0 is the prompt; every other node names the earlier node that it continues, so a path from 0 to
 * a leaf spells one whole text. */
#ifndef TREE_TRACE_H
#define TREE_TRACE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/ledger.h"

struct trace {
    json_t *root, *nodes;
};

/* Any call may run out of memory; trace_take says so at the end. */
void trace_init(struct trace *trace, const char *question, const char *prompt);
/* A node below `parent`; takes `fields` over: an object with what else is known of the node. Returns its id.
 */
int64_t trace_add(struct trace *trace, int64_t parent, const char *kind, const char *text, size_t len,
                  json_t *fields);
/* The whole as JSON, to be released by the caller, or NULL: out of memory. `answer` may be NULL. */
json_t *trace_take(struct trace *trace, const char *answer, const struct ponder_ledger *ledger);

#endif
