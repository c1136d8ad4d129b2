/* trace_read.c - a trace file back into a tree. Nothing in it is taken on trust. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/number.h"
#include "tree/ledger.h"
#include "tree/trace.h"
#include "tree/trace_scan.h"

#define NUMBER_MAX 9007199254740992 /* 2^53 */

/* A file under way. */
struct reading {
    struct ponder_tree *tree;
    struct scan scan;
    const char *name; /* of the file, opens errors */
    unsigned seen;    /* bits: keys of the top level */
    int32_t path_end; /* -1: no path */
};

/* An object whose fields are taken out one by one; the first that is wrong is told. */
struct fields {
    const struct reading *reading;
    const json_t *object;
    const char *what; /* "node 5" */
    int status;
    struct ponder_err *err;
};

static void trace_wrong(struct fields *fields, int status, const char *key, const char *expected)
{
    if (!fields->status)
        fields->status = err_set(fields->err, status, "%s: %s: \"%s\" is to be %s", fields->reading->name,
                                 fields->what, key, expected);
}

static const json_t *field(const struct fields *fields, const char *key)
{
    const json_t *value = json_object_get(fields->object, key);
    return json_is_null(value) ? NULL : value;
}

/* NULL where there is none. */
static void take_text(struct fields *fields, const char *key, const char **out)
{
    const json_t *value = field(fields, key);
    const char *text = json_string_value(value);
    *out = NULL;
    if (value && (!text || strlen(text) != json_string_length(value)))
        trace_wrong(fields, PONDER_E_FORMAT, key, "a text without NUL bytes, or null");
    else if (text && !trace_copy(fields->reading->tree, out, text, strlen(text)))
        trace_wrong(fields, PONDER_E_LIMIT, key, "short enough for memory");
}

static void take_integer(struct fields *fields, const char *key, int64_t low, int64_t high, int64_t absent,
                         int64_t *out)
{
    char expected[96];
    const json_t *value = field(fields, key);
    *out = value ? json_integer_value(value) : absent;
    if (!value || (json_is_integer(value) && *out >= low && *out <= high))
        return;
    snprintf(expected, sizeof expected, "a whole number from %lld to %lld", (long long)low, (long long)high);
    trace_wrong(fields, PONDER_E_FORMAT, key, expected);
}

static void take_real(struct fields *fields, const char *key, double low, double high, double absent,
                      double *out)
{
    char expected[96];
    const json_t *value = field(fields, key);
    *out = value ? json_number_value(value) : absent;
    if (!value || (json_is_number(value) && *out >= low && *out <= high))
        return;
    number_print(expected, sizeof expected, "a number from %g to %g", low, high);
    trace_wrong(fields, PONDER_E_FORMAT, key, expected);
}

/* ---- nodes ---- */

static void take_parent(struct fields *fields, int64_t index, struct trace_node *node)
{
    char expected[96];
    const json_t *value = json_object_get(fields->object, "parent");
    int64_t parent = json_integer_value(value);
    if (index == 0 && !json_is_null(value))
        trace_wrong(fields, PONDER_E_FORMAT, "parent", "null: it is the prompt");
    node->parent = -1;
    if (index == 0)
        return;
    snprintf(expected, sizeof expected, "the number of an earlier node, 0 to %lld", (long long)index - 1);
    if (!json_is_integer(value) || parent < 0 || parent >= index)
        trace_wrong(fields, PONDER_E_FORMAT, "parent", expected);
    else
        node->parent = (int32_t)parent;
}

static void take_state(struct fields *fields, struct trace_node *node)
{
    const char *name = json_string_value(json_object_get(fields->object, "state"));
    const json_t *rollout = field(fields, "rollout");
    node->rollout = json_is_true(rollout);
    if (rollout && !json_is_boolean(rollout))
        trace_wrong(fields, PONDER_E_FORMAT, "rollout", "true or false");
    for (int i = 0; name && i < TRACE_STATES; i++)
        if (strcmp(name, trace_state_name((enum trace_state)i)) == 0) {
            node->state = (enum trace_state)i;
            return;
        }
    trace_wrong(fields, PONDER_E_FORMAT, "state", "one of kept, pruned, open, ended, cut, failed");
}

/* Of the prompt nothing but its text counts. */
static void take_node(struct fields *fields, int64_t index, struct trace_node *node)
{
    const json_t *text = json_object_get(fields->object, "text");
    *node = (struct trace_node){.samples = 1, .vote = -1, .logprob = NAN, .score = NAN, .total = NAN};
    take_parent(fields, index, node);
    node->text = json_string_value(text);
    node->len = json_string_length(text);
    if (!node->text)
        trace_wrong(fields, PONDER_E_FORMAT, "text", "a text");
    if (index == 0)
        return;
    take_state(fields, node);
    take_integer(fields, "samples", 1, TRACE_SAMPLES_MAX, 1, &node->samples);
    take_integer(fields, "revises", 1, index - 1, 0, &node->revises);
    take_integer(fields, "vote", 0, TRACE_VOTES_MAX - 1, -1, &node->vote);
    take_integer(fields, "tokens", 0, NUMBER_MAX, 0, &node->tokens);
    take_real(fields, "logprob", -HUGE_VAL, HUGE_VAL, NAN, &node->logprob);
    take_real(fields, "score", 0, 1, NAN, &node->score);
    take_real(fields, "total", 0, 1, NAN, &node->total);
    const json_t *answer = field(fields, "answer");
    node->answer = json_string_value(answer);
    if (answer && (!node->answer || strlen(node->answer) != json_string_length(answer)))
        trace_wrong(fields, PONDER_E_FORMAT, "answer", "a text without NUL bytes, or null");
}

/* `index` of `kind` as it opens an error, if the value is an object. */
static struct fields fields_of(const struct reading *reading, const char *what, const json_t *value,
                               struct ponder_err *err)
{
    struct fields fields = {reading, value, what, PONDER_OK, err};
    if (!json_is_object(value))
        fields.status = err_set(err, PONDER_E_FORMAT, "%s: %s is no JSON object", reading->name, what);
    return fields;
}

static int read_node(void *data, int64_t index, const json_t *value, struct ponder_err *err)
{
    struct reading *reading = data;
    struct trace_node node = {0};
    char what[32];
    snprintf(what, sizeof what, "node %lld", (long long)index);
    struct fields fields = fields_of(reading, what, value, err);
    if (!fields.status)
        take_node(&fields, index, &node);
    if (fields.status)
        return fields.status;
    int status = trace_add(reading->tree, &node);
    if (status == PONDER_E_LIMIT && reading->tree->count == TRACE_NODES_MAX)
        return err_set(err, status, "%s: more than %d nodes", reading->name, TRACE_NODES_MAX);
    if (status == PONDER_E_LIMIT)
        return err_set(err, status, "%s: %s: its texts, with those before, do not fit into %d bytes",
                       reading->name, what, TRACE_BYTES_MAX);
    return status ? err_memory(err, "a tree") : PONDER_OK;
}

static int read_vote(void *data, int64_t index, const json_t *value, struct ponder_err *err)
{
    struct reading *reading = data;
    const char *answer = NULL;
    int64_t count = 0;
    char what[32];
    snprintf(what, sizeof what, "vote %lld", (long long)index);
    struct fields fields = fields_of(reading, what, value, err);
    take_text(&fields, "answer", &answer);
    take_integer(&fields, "count", 1, NUMBER_MAX, 1, &count);
    if (!fields.status && !answer)
        trace_wrong(&fields, PONDER_E_FORMAT, "answer", "a text");
    if (fields.status)
        return fields.status;
    return trace_add_vote(reading->tree, answer, count)
               ? err_set(err, PONDER_E_LIMIT, "%s: too many votes", reading->name)
               : PONDER_OK;
}

/* Each node of the path stands behind the one before it, from the prompt down. */
static int read_path(void *data, int64_t index, const json_t *value, struct ponder_err *err)
{
    struct reading *reading = data;
    const struct ponder_tree *tree = reading->tree;
    json_int_t node = json_integer_value(value);
    if (!json_is_integer(value) || node < 0 || node >= tree->count)
        return err_set(err, PONDER_E_FORMAT, "%s: path: item %lld is to be the number of a node, 0 to %d",
                       reading->name, (long long)index, tree->count - 1);
    if (tree->nodes[node].parent != (index == 0 ? -1 : reading->path_end))
        return err_set(err, PONDER_E_FORMAT,
                       "%s: path: node %lld does not stand behind the one before it in the path",
                       reading->name, (long long)node);
    reading->path_end = (int32_t)node;
    return PONDER_OK;
}

/* ---- the rest ---- */

static int read_settings(struct reading *reading, const json_t *value, struct ponder_err *err)
{
    struct trace_settings *s = &reading->tree->settings;
    struct fields fields = fields_of(reading, "settings", value, err);
    take_text(&fields, "search", &s->search);
    take_text(&fields, "verifier", &s->verifier);
    take_text(&fields, "select", &s->select);
    take_text(&fields, "aggregate", &s->aggregate);
    take_text(&fields, "budget", &s->budget);
    take_integer(&fields, "n", 0, NUMBER_MAX, 0, &s->n);
    take_integer(&fields, "width", 0, NUMBER_MAX, 0, &s->width);
    take_integer(&fields, "lookahead", 0, NUMBER_MAX, 0, &s->lookahead);
    take_integer(&fields, "seed", -1, NUMBER_MAX, 0, &s->seed);
    take_real(&fields, "temperature", 0, HUGE_VAL, NAN, &s->temperature);
    return fields.status;
}

static int read_ledger(struct reading *reading, const json_t *value, struct ponder_err *err)
{
    struct ponder_ledger *l = &reading->tree->ledger;
    struct fields fields = fields_of(reading, "ledger", value, err);
    take_integer(&fields, "generations", 0, NUMBER_MAX, 0, &l->generations);
    take_integer(&fields, "prompt_tokens", 0, NUMBER_MAX, 0, &l->prompt_tokens);
    take_integer(&fields, "generated_tokens", 0, NUMBER_MAX, 0, &l->generated_tokens);
    take_integer(&fields, "verifier_tokens", 0, NUMBER_MAX, 0, &l->verifier_tokens);
    take_integer(&fields, "difficulty_tokens", 0, NUMBER_MAX, 0, &l->difficulty_tokens);
    take_integer(&fields, "recomputed_tokens", 0, NUMBER_MAX, 0, &l->recomputed_tokens);
    take_real(&fields, "flops", 0, 1e300, 0, &l->flops);
    take_real(&fields, "seconds", 0, 1e12, 0, &l->seconds);
    return fields.status;
}

enum key { FORMAT, VERSION, QUESTION, SETTINGS, NODES, PATH, ANSWER, VOTES, ROUNDS, ENDED_BY, LEDGER, KEYS };
static const char *const key_names[KEYS] = {
    [FORMAT] = "format", [VERSION] = "version",   [QUESTION] = "question", [SETTINGS] = "settings",
    [NODES] = "nodes",   [PATH] = "path",         [ANSWER] = "answer",     [VOTES] = "votes",
    [ROUNDS] = "rounds", [ENDED_BY] = "ended_by", [LEDGER] = "ledger"};

static void read_version(struct fields *fields)
{
    int64_t version;
    take_integer(fields, "version", 0, NUMBER_MAX, 0, &version);
    if (version != TRACE_VERSION)
        trace_wrong(fields, PONDER_E_UNSUPPORTED, "version", "1: this is not a trace of this program's time");
}

/* A value of the top level that is no array. */
static int read_value(struct reading *reading, enum key key, const json_t *value, struct ponder_err *err)
{
    struct ponder_tree *tree = reading->tree;
    json_t *object = json_pack("{s:O}", key_names[key], value);
    struct fields fields = {reading, object, "the trace", object ? PONDER_OK : err_memory(err, "JSON"), err};
    if (key == SETTINGS)
        fields.status = read_settings(reading, value, err);
    else if (key == LEDGER)
        fields.status = read_ledger(reading, value, err);
    else if (key == QUESTION)
        take_text(&fields, "question", &tree->question);
    else if (key == ANSWER)
        take_text(&fields, "answer", &tree->answer);
    else if (key == ENDED_BY)
        take_text(&fields, "ended_by", &tree->ended_by);
    else if (key == ROUNDS)
        take_integer(&fields, "rounds", 0, NUMBER_MAX, 0, &tree->rounds);
    else if (key == VERSION)
        read_version(&fields);
    else if (!json_is_string(value) || strcmp(json_string_value(value), TRACE_FORMAT) != 0)
        trace_wrong(&fields, PONDER_E_FORMAT, "format", "\"" TRACE_FORMAT "\"");
    json_decref(object);
    return fields.status;
}

static int read_member(struct reading *reading, struct ponder_err *err)
{
    char name[32];
    int status = scan_key(&reading->scan, name, sizeof name, err);
    enum key key = 0;
    while (key < KEYS && !status && strcmp(name, key_names[key]) != 0)
        key++;
    if (!status && key < KEYS && reading->seen & 1u << key)
        status = err_set(err, PONDER_E_FORMAT, "%s: \"%s\" stands there twice", reading->name, name);
    if (status)
        return status;
    reading->seen |= 1u << key;
    if (key == PATH && !(reading->seen & 1u << NODES))
        return err_set(err, PONDER_E_FORMAT, "%s: \"path\" is to stand behind \"nodes\"", reading->name);
    if (key == NODES || key == PATH || key == VOTES)
        return scan_array(&reading->scan,
                          key == NODES  ? read_node
                          : key == PATH ? read_path
                                        : read_vote,
                          reading, err);
    json_t *value;
    status = scan_value(&reading->scan, &value, err);
    if (!status && key < KEYS)
        status = read_value(reading, key, value, err);
    json_decref(value);
    return status;
}

static int read_members(struct reading *reading, struct ponder_err *err)
{
    struct scan *scan = &reading->scan;
    int status = scan_expect(scan, '{', err);
    bool more = !status && !scan_take(scan, '}');
    while (more && !status) {
        status = read_member(reading, err);
        more = !status && !scan_take(scan, '}');
        if (more)
            status = scan_expect(scan, ',', err);
    }
    if (!status)
        scan_take(scan, ' ');
    if (!status && scan->at < scan->len)
        status = err_set(err, PONDER_E_FORMAT, "%s: byte %zu: the trace has ended before this", reading->name,
                         scan->at);
    return status;
}

/* What can only be seen when all is there. */
static int trace_check(const struct reading *reading, struct ponder_err *err)
{
    static const enum key needed[] = {FORMAT, VERSION, QUESTION, SETTINGS, NODES, LEDGER};
    const struct ponder_tree *tree = reading->tree;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!(reading->seen & 1u << needed[i]))
            return err_set(err, PONDER_E_FORMAT,
                           "%s: there is no \"%s\" in it; `ponder solve --trace FILE` writes traces",
                           reading->name, key_names[needed[i]]);
    if (tree->count == 0 || !tree->question)
        return err_set(err, PONDER_E_FORMAT, "%s: it has no question, or not even the prompt as a node",
                       reading->name);
    for (int32_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].vote >= tree->vote_count)
            return err_set(err, PONDER_E_FORMAT, "%s: node %d: there is no vote %lld", reading->name, i,
                           (long long)tree->nodes[i].vote);
    return PONDER_OK;
}

int trace_read_text(struct ponder_tree **out, const char *name, const char *text, size_t len,
                    struct ponder_err *err)
{
    struct reading reading = {.tree = trace_new(),
                              .scan = {name, text, len, 0, TRACE_VALUE_BYTES_MAX},
                              .name = name,
                              .path_end = -1};
    *out = NULL;
    if (!reading.tree)
        return err_memory(err, "a tree");
    int status = read_members(&reading, err);
    if (!status)
        status = trace_check(&reading, err);
    if (status) {
        ponder_tree_release(reading.tree);
        return status;
    }
    trace_set_result(reading.tree, reading.path_end > 0 ? reading.path_end : -1);
    *out = reading.tree;
    return PONDER_OK;
}

int ponder_tree_read(const char *path, struct ponder_tree **out, struct ponder_err *err)
{
    struct buf file = BUF_INIT(TRACE_BYTES_MAX);
    *out = NULL;
    int status = buf_read_file(&file, path, err);
    if (!status)
        status = trace_read_text(out, strcmp(path, "-") == 0 ? "standard input" : path, buf_text(&file),
                                 file.len, err);
    buf_release(&file);
    return status;
}
