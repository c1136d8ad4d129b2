#include "tree/trace.h"

#include <string.h>

#include "core/json.h"
#include "tree/ledger.h"

static void fail(struct trace *trace)
{
    json_decref(trace->root);
    trace->root = trace->nodes = NULL;
}

void trace_init(struct trace *trace, const char *question, const char *prompt)
{
    trace->nodes = json_array();
    trace->root = json_pack("{s:i, s:o, s:o}", "version", 1, "question", json_from_string(question), "nodes",
                            trace->nodes);
    if (!trace->root)
        trace->nodes = NULL;
    trace_add(trace, -1, "prompt", prompt, strlen(prompt), NULL);
}

int64_t trace_add(struct trace *trace, int64_t parent, const char *kind, const char *text, size_t len,
                  json_t *fields)
{
    int64_t id = (int64_t)json_array_size(trace->nodes);
    json_t *node = json_pack("{s:I, s:o, s:s, s:o}", "id", (json_int_t)id, "parent",
                             parent < 0 ? json_null() : json_integer(parent), "kind", kind, "text",
                             json_from_text(text, len));
    int failed = !node || (fields && json_object_update(node, fields));
    json_decref(fields);
    if (failed)
        json_decref(node);
    if (failed || json_array_append_new(trace->nodes, node))
        fail(trace);
    return id;
}

json_t *trace_take(struct trace *trace, const char *answer, const struct ponder_ledger *ledger)
{
    json_t *root = trace->root;
    int failed = !root || json_object_set_new(root, "answer", json_from_string(answer)) ||
                 json_object_set_new(root, "ledger", ledger_json(ledger));
    if (failed)
        fail(trace);
    trace->root = trace->nodes = NULL;
    return failed ? NULL : root;
}
