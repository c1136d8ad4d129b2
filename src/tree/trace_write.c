/* trace_write.c - a tree as a file: one JSON object, a node a line. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "tree/ledger.h"
#include "tree/trace.h"

/* Appends `"name":value` and what stands before and behind it. Takes `value` over. */
static int trace_put(struct buf *out, const char *before, const char *name, json_t *value, const char *behind,
                     struct ponder_err *err)
{
    char *json;
    int status = json_print(value, &json, err);
    if (status)
        return status;
    if (strlen(json) > TRACE_VALUE_BYTES_MAX)
        status = PONDER_E_LIMIT;
    buf_puts(out, before);
    if (name)
        buf_printf(out, "\"%s\":", name);
    buf_puts(out, json);
    buf_puts(out, behind);
    free(json);
    return status;
}

static void set_real(json_t *object, const char *key, double number)
{
    if (!isnan(number))
        json_object_set_new(object, key, json_from_real(number));
}

/* What is not said is as it is for most nodes. */
static json_t *node_json(const struct trace_node *node)
{
    json_t *object =
        json_pack("{s:o, s:o}", "parent", node->parent < 0 ? json_null() : json_integer(node->parent), "text",
                  json_from_text(node->text, node->len));
    if (!object || node->parent < 0)
        return object;
    json_object_set_new(object, "state", json_string(trace_state_name(node->state)));
    json_object_set_new(object, "samples", json_integer(node->samples));
    json_object_set_new(object, "tokens", json_integer(node->tokens));
    set_real(object, "logprob", node->logprob);
    set_real(object, "score", node->score);
    set_real(object, "total", node->total);
    if (node->rollout)
        json_object_set_new(object, "rollout", json_true());
    if (node->revises > 0)
        json_object_set_new(object, "revises", json_integer(node->revises));
    if (node->answer)
        json_object_set_new(object, "answer", json_from_string(node->answer));
    if (node->vote >= 0)
        json_object_set_new(object, "vote", json_integer(node->vote));
    return object;
}

static json_t *settings_json(const struct trace_settings *s)
{
    return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:o}", "search",
                     json_from_string(s->search), "n", (json_int_t)s->n, "width", (json_int_t)s->width,
                     "lookahead", (json_int_t)s->lookahead, "verifier", json_from_string(s->verifier),
                     "select", json_from_string(s->select), "aggregate", json_from_string(s->aggregate),
                     "budget", json_from_string(s->budget), "seed", (json_int_t)s->seed, "temperature",
                     json_from_real(s->temperature));
}

static json_t *votes_json(const struct ponder_tree *tree)
{
    json_t *rows = json_array();
    for (int64_t i = 0; rows && i < tree->vote_count; i++)
        json_array_append_new(rows, json_pack("{s:o, s:I}", "answer", json_from_string(tree->votes[i].answer),
                                              "count", (json_int_t)tree->votes[i].count));
    return rows;
}

static json_t *path_json(const struct ponder_tree *tree)
{
    json_t *path = json_array();
    for (int32_t i = tree->result; path && i >= 0; i = tree->nodes[i].parent)
        json_array_insert_new(path, 0, json_integer(i));
    return path;
}

static int put_nodes(struct buf *out, const struct ponder_tree *tree, struct ponder_err *err)
{
    int status = PONDER_OK;
    buf_puts(out, "\"nodes\":[\n");
    for (int32_t i = 0; i < tree->count && !status; i++)
        status =
            trace_put(out, "", NULL, node_json(&tree->nodes[i]), i + 1 < tree->count ? ",\n" : "\n", err);
    buf_puts(out, "],\n");
    return status;
}

int trace_print(struct buf *out, const struct ponder_tree *tree, struct ponder_err *err)
{
    buf_printf(out, "{\"format\":\"%s\",\"version\":%d,\n", TRACE_FORMAT, TRACE_VERSION);
    int status = trace_put(out, "", "question", json_from_string(tree->question), ",\n", err);
    if (!status)
        status = trace_put(out, "", "settings", settings_json(&tree->settings), ",\n", err);
    if (!status)
        status = put_nodes(out, tree, err);
    if (!status)
        status = trace_put(out, "", "path", path_json(tree), ",\n", err);
    if (!status)
        status = trace_put(out, "", "answer", json_from_string(tree->answer), ",\n", err);
    if (!status)
        status = trace_put(out, "", "votes", votes_json(tree), ",\n", err);
    if (!status)
        status = trace_put(out, "", "rounds", json_integer(tree->rounds), ",\n", err);
    if (!status)
        status = trace_put(out, "", "ended_by", json_from_string(tree->ended_by), ",\n", err);
    return status ? status : trace_put(out, "", "ledger", ledger_json(&tree->ledger), "}\n", err);
}

int ponder_tree_save(const struct ponder_tree *tree, const char *path, struct ponder_err *err)
{
    struct buf out = BUF_INIT(TRACE_BYTES_MAX);
    int status = trace_print(&out, tree, err);
    if (status == PONDER_E_LIMIT || (!buf_ok(&out) && out.len > TRACE_BYTES_MAX / 2))
        status = err_set(err, PONDER_E_LIMIT,
                         "%s: the trace would be larger than %d bytes, or a text in it "
                         "than %d; sample less, or shorter texts",
                         path, TRACE_BYTES_MAX, TRACE_VALUE_BYTES_MAX);
    else if (!status && !buf_ok(&out))
        status = err_memory(err, "a trace");
    if (!status)
        status = file_write_atomic(path, out.data, out.len, err);
    buf_release(&out);
    return status;
}
