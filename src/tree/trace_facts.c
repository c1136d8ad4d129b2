/* trace_facts.c - a tree in numbers. */
#include <math.h>
#include <stdlib.h>

#include "core/err.h"
#include "core/json.h"
#include "tree/ledger.h"
#include "tree/trace.h"

static void count_node(const struct trace_node *node, struct ponder_tree_facts *out)
{
    int64_t *const states[TRACE_STATES] = {
        [TRACE_KEPT] = &out->kept,   [TRACE_PRUNED] = &out->pruned, [TRACE_OPEN] = &out->open,
        [TRACE_ENDED] = &out->ended, [TRACE_CUT] = &out->cut,       [TRACE_FAILED] = &out->failed,
    };
    out->nodes++;
    out->depth = node->depth > out->depth ? node->depth : out->depth;
    if (node->rollout) {
        out->rollouts++;
        return;
    }
    out->samples += node->samples;
    out->repeated += node->samples - 1;
    ++*states[node->state];
}

/* Those for the class of answers that the result belongs to, which stands first. */
static void count_votes(const struct ponder_tree *tree, struct ponder_tree_facts *out)
{
    for (int64_t i = 0; i < tree->vote_count; i++)
        out->voters += tree->votes[i].count;
    out->votes = tree->vote_count > 0 ? tree->votes[0].count : 0;
}

void ponder_tree_facts(const struct ponder_tree *tree, struct ponder_tree_facts *out)
{
    const struct trace_settings *s = &tree->settings;
    *out = (struct ponder_tree_facts){.question = tree->question,
                                      .answer = tree->answer,
                                      .search = s->search ? s->search : "",
                                      .verifier = s->verifier,
                                      .select = s->select,
                                      .aggregate = s->aggregate,
                                      .budget = s->budget ? s->budget : "",
                                      .ended_by = tree->ended_by,
                                      .n = s->n,
                                      .width = s->width,
                                      .lookahead = s->lookahead,
                                      .seed = s->seed,
                                      .rounds = tree->rounds,
                                      .score = NAN,
                                      .ledger = tree->ledger};
    for (int32_t i = 1; i < tree->count; i++)
        count_node(&tree->nodes[i], out);
    count_votes(tree, out);
    if (tree->result < 0)
        return;
    const struct trace_node *result = &tree->nodes[tree->result];
    out->path = result->depth;
    out->score = isnan(result->total) ? result->score : result->total;
}

/* ---- as JSON ---- */

static json_t *path_json(const struct ponder_tree *tree)
{
    json_t *path = json_array();
    for (int32_t i = 1; path && i < tree->count; i++) { /* a path goes up in number */
        const struct trace_node *node = &tree->nodes[i];
        if (node->winning)
            json_array_append_new(path, json_pack("{s:i, s:o, s:o, s:I}", "node", (int)i, "text",
                                                  json_from_text(node->text, node->len), "score",
                                                  json_from_real(node->score), "samples",
                                                  (json_int_t)node->samples));
    }
    return path;
}

static json_t *settings_json(const struct ponder_tree_facts *f)
{
    return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:I}", "search", json_from_string(f->search),
                     "n", (json_int_t)f->n, "width", (json_int_t)f->width, "lookahead",
                     (json_int_t)f->lookahead, "verifier", json_from_string(f->verifier), "select",
                     json_from_string(f->select), "aggregate", json_from_string(f->aggregate), "budget",
                     json_from_string(f->budget), "seed", (json_int_t)f->seed);
}

static json_t *counts_json(const struct ponder_tree_facts *f)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "nodes",
                     (json_int_t)f->nodes, "depth", (json_int_t)f->depth, "rounds", (json_int_t)f->rounds,
                     "samples", (json_int_t)f->samples, "repeated", (json_int_t)f->repeated, "kept",
                     (json_int_t)f->kept, "pruned", (json_int_t)f->pruned, "open", (json_int_t)f->open,
                     "ended", (json_int_t)f->ended, "cut", (json_int_t)f->cut, "failed",
                     (json_int_t)f->failed, "rollouts", (json_int_t)f->rollouts);
}

int ponder_tree_json(const struct ponder_tree *tree, char **json, struct ponder_err *err)
{
    struct ponder_tree_facts f;
    ponder_tree_facts(tree, &f);
    json_t *root = json_pack(
        "{s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "question", json_from_string(f.question),
        "answer", json_from_string(f.answer), "score", json_from_real(f.score), "votes", (json_int_t)f.votes,
        "voters", (json_int_t)f.voters, "settings", settings_json(&f), "steps", counts_json(&f), "path",
        path_json(tree), "ended_by", json_from_string(f.ended_by), "ledger", ledger_json(&f.ledger));
    return json_print(root, json, err);
}
