/* beam.c - beam search against a step verifier, and its diverse form (Snell et al. 2024, section 5.2; DVTS:
 * Beeching et al. 2024).
 *
 * N first steps are sampled and scored. The best N/M of them are kept, and each is extended by M next steps,
 * so that there are N candidates again; of those the best N/M are kept, and so on until the beams have ended
 * or 40 rounds have passed. A solution that has ended and is among the best holds its beam, and is not
 * extended.
 *
 * A step that was sampled several times is scored once and may hold as many beams as it was sampled times,
 * each of which gets its M continuations: the same as if every sample stood for itself, at less cost.
 *
 * In the diverse form the first N steps are N/M groups of M; each group keeps its own best one all the way,
 * so no group dies out. With N = M both are a greedy search that keeps one solution and chooses among M next
 * steps. */
#include <stdlib.h>

#include "core/err.h"
#include "search/search.h"

struct beam {
    struct search_ask
        *front;     /* (front_count) kept in the last round and open, with what is asked behind them */
    int32_t *found; /* (found_count) told of since, N at most */
    int64_t front_count, found_count;
    int64_t beams; /* that have not ended */
    int64_t round;
};

static int check(const struct search_options *options, struct ponder_err *err)
{
    if (options->width < 1 || options->n < options->width || options->n % options->width != 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "-n %lld and --width %lld: the beams are N/M, so N must be a multiple of the width",
                       (long long)options->n, (long long)options->width);
    return PONDER_OK;
}

static int begin(struct search *search)
{
    struct beam *beam = search->state;
    size_t n = (size_t)search->options->n;
    beam->front = calloc(n, sizeof *beam->front);
    beam->found = calloc(n, sizeof *beam->found);
    beam->beams = search->options->n / search->options->width;
    return beam->front && beam->found ? PONDER_OK : PONDER_E_MEMORY;
}

static void end(struct search *search)
{
    struct beam *beam = search->state;
    free(beam->front);
    free(beam->found);
}

static int observe(struct search *search, int32_t node)
{
    struct beam *beam = search->state;
    if (search->tree.nodes[node].end != TREE_FAILED)
        beam->found[beam->found_count++] = node;
    return PONDER_OK;
}

/* A node holds so many beams in the next round, or ends them. */
static void keep(struct search *search, int32_t node, int64_t beams)
{
    struct beam *beam = search->state;
    search->tree.nodes[node].kept = true;
    if (search->tree.nodes[node].end == TREE_OPEN)
        beam->front[beam->front_count++] = (struct search_ask){node, beams * search->options->width};
    else
        beam->beams -= beams;
}

/* Asks for the next round behind what was kept. */
static int go_on(struct search *search)
{
    struct beam *beam = search->state;
    int status = PONDER_OK;
    beam->found_count = 0;
    for (int64_t i = 0; i < beam->front_count && !status; i++)
        status = search_ask(search, beam->front[i].node, beam->front[i].count);
    return status;
}

static bool first_round(struct search *search, int *status)
{
    struct beam *beam = search->state;
    if (beam->round++ > 0)
        return false;
    *status = search_ask(search, 0, search->options->n);
    return true;
}

static int propose_beam(struct search *search)
{
    struct beam *beam = search->state;
    int status;
    if (first_round(search, &status))
        return status;
    search_sort(&search->tree, beam->found, beam->found_count);
    int64_t left = beam->beams;
    beam->front_count = 0;
    for (int64_t i = 0; i < beam->found_count && left > 0; i++) {
        int64_t repeats = search->tree.nodes[beam->found[i]].repeats, held = repeats < left ? repeats : left;
        keep(search, beam->found[i], held);
        left -= held;
    }
    return beam->round > search->options->rounds_max ? PONDER_OK : go_on(search);
}

/* ---- diverse ---- */

/* The group of a node: where its first step stands among all first steps. */
static int64_t group_of(const struct search *search, int32_t node)
{
    const struct tree_node *nodes = search->tree.nodes;
    while (nodes[node].depth > 1)
        node = nodes[node].parent;
    return nodes[node].ordinal / search->options->width;
}

/* Found nodes come in the order in which they were asked for, so those of a group stand together. */
static int propose_dvts(struct search *search)
{
    struct beam *beam = search->state;
    int status;
    if (first_round(search, &status))
        return status;
    beam->front_count = 0;
    for (int64_t i = 0; i < beam->found_count;) {
        int64_t group = group_of(search, beam->found[i]);
        int32_t best = beam->found[i];
        for (; i < beam->found_count && group_of(search, beam->found[i]) == group; i++)
            if (search_better(&search->tree, beam->found[i], best))
                best = beam->found[i];
        keep(search, best, 1);
    }
    return beam->round > search->options->rounds_max ? PONDER_OK : go_on(search);
}

const struct search_ops search_beam = {
    .name = "beam",
    .summary = "N beams; of all candidates the N/M best are kept and extended M times each",
    .by_steps = true,
    .state_size = sizeof(struct beam),
    .check = check,
    .begin = begin,
    .propose = propose_beam,
    .observe = observe,
    .end = end,
};

const struct search_ops search_dvts = {
    .name = "dvts",
    .by_groups = true,
    .summary = "N/M independent subtrees, each of which keeps the best of M candidates",
    .by_steps = true,
    .state_size = sizeof(struct beam),
    .check = check,
    .begin = begin,
    .propose = propose_dvts,
    .observe = observe,
    .end = end,
};
