#include "session/solution_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps of the longest beginning that the strategy went on from: of what came behind it, it has not judged
 * any. */
static int32_t depth_judged(const struct tree *tree)
{
    int32_t depth = 0;
    for (int32_t i = 1; i < tree->count; i++)
        if (tree->nodes[i].kept && tree->nodes[i].depth > depth)
            depth = tree->nodes[i].depth;
    return depth;
}

static enum trace_state state_of(const struct tree_node *node, int32_t judged)
{
    switch (node->end) {
    case TREE_ENDED:
        return TRACE_ENDED;
    case TREE_CUT:
        return TRACE_CUT;
    case TREE_FAILED:
        return TRACE_FAILED;
    default:
        return node->kept ? TRACE_KEPT : node->rollout || node->depth > judged ? TRACE_OPEN : TRACE_PRUNED;
    }
}

/* A score in the range that a trace promises. */
static double score_of(double score)
{
    return score >= 0 && score <= 1 ? score : NAN;
}

static int solution_add(struct ponder_tree *out, const struct tree_node *node, int32_t parent,
                        int32_t revises, int32_t judged, const struct ponder_candidate *candidate)
{
    struct trace_node shown = {.parent = parent,
                               .state = state_of(node, judged),
                               .rollout = node->rollout,
                               .revises = revises,
                               .samples = node->repeats,
                               .vote = candidate ? candidate->vote : -1,
                               .text = node->text,
                               .len = node->len,
                               .answer = candidate ? candidate->answer : NULL,
                               .tokens = node->tokens,
                               .logprob = node->logprob,
                               .score = score_of(node->score),
                               .total = score_of(node->total)};
    return trace_add(out, &shown);
}

/* The nodes that stand for themselves get numbers of their own, places[i] that of node i. */
static int add_nodes(const struct ponder_solution *solution, struct ponder_tree *out, const struct tree *tree,
                     const struct ponder_candidate **ends, int32_t *places)
{
    int32_t judged = depth_judged(tree);
    struct tree_node prompt = {.text = solution->prompt,
                               .len = strlen(solution->prompt),
                               .repeats = 1,
                               .logprob = NAN,
                               .score = NAN,
                               .total = NAN,
                               .kept = true};
    int status = solution_add(out, &prompt, -1, 0, judged, NULL);
    for (int32_t i = 1; i < tree->count && !status; i++) {
        const struct tree_node *node = &tree->nodes[i];
        places[i] = node->same_as >= 0 ? places[node->same_as] : out->count;
        if (node->same_as < 0)
            status = solution_add(out, node, places[node->parent], places[node->revises], judged, ends[i]);
    }
    return status;
}

static bool copy_texts(struct ponder_tree *out, const struct ponder_solution *solution,
                       const struct solution_tree_plan *plan)
{
    const struct {
        const char **to, *text;
    } texts[] = {{&out->question, solution->question},
                 {&out->answer, solution->answer},
                 {&out->ended_by, plan->ended_by},
                 {&out->settings.search, plan->settings.search},
                 {&out->settings.verifier, plan->settings.verifier},
                 {&out->settings.select, plan->settings.select},
                 {&out->settings.aggregate, plan->settings.aggregate},
                 {&out->settings.budget, plan->settings.budget}};
    out->settings = plan->settings;
    out->rounds = plan->rounds;
    bool fine = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && fine; i++)
        fine = trace_copy(out, texts[i].to, texts[i].text, texts[i].text ? strlen(texts[i].text) : 0);
    return fine;
}

static int solution_fill(struct ponder_solution *solution, const struct tree *tree,
                         const struct solution_tree_plan *plan, const struct ponder_candidate **ends,
                         int32_t *places)
{
    struct ponder_tree *out = solution->tree;
    for (int64_t i = 0; i < solution->candidate_count; i++)
        if (tree->nodes[plan->nodes[i]].same_as < 0)
            ends[plan->nodes[i]] = &solution->candidates[i];
    int status =
        copy_texts(out, solution, plan) ? add_nodes(solution, out, tree, ends, places) : PONDER_E_MEMORY;
    for (int64_t i = 0; i < solution->vote_count && !status; i++)
        status = trace_add_vote(out, solution->votes[i].answer, solution->votes[i].count);
    if (!status)
        trace_set_result(out, plan->result > 0 ? places[plan->result] : -1);
    return status;
}

int solution_tree_fill(struct ponder_solution *solution, const struct tree *tree,
                       const struct solution_tree_plan *plan)
{
    const struct ponder_candidate **ends = calloc((size_t)tree->count, sizeof *ends);
    int32_t *places = calloc((size_t)tree->count, sizeof *places);
    solution->tree = trace_new();
    int status = ends && places && solution->tree ? solution_fill(solution, tree, plan, ends, places)
                                                  : PONDER_E_MEMORY;
    free(ends);
    free(places);
    return status;
}

void solution_tree_end(struct ponder_solution *solution)
{
    if (solution->stopped == PONDER_STOPPED_BY_CALLER)
        solution->tree->ended_by = "caller";
    else if (solution->stopped == PONDER_STOPPED_BY_TIMEOUT)
        solution->tree->ended_by = "timeout";
    solution->tree->ledger = solution->ledger;
}
