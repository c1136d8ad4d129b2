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
 * With a look ahead a step is ranked not by its own score but by that of the end of a rollout from it: up to
 * K further steps at temperature 0. Rollouts are no candidates, and cost as much: N(K+1) generations.
 *
 * In the diverse form the first N steps are N/M groups of M; each group keeps its own best one all the way,
 * so no group dies out. With N = M both are a greedy search that keeps one solution and chooses among M next
 * steps. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "search/search.h"

struct beam_options {
    int64_t width;     /* candidates for each beam that is kept; 0: the largest divisor of N up to its root */
    int64_t lookahead; /* steps that a rollout goes on */
};

#define OPTION_FIELD(field) offsetof(struct beam_options, field)
#include "core/option_rows.h"

#define WIDTH_ROW ROW_INT("width", width, "M", "4", 0, 4096, "N/M beams, M candidates each; 0: root of N")
static const struct ponder_option beam_rows[] = {WIDTH_ROW, PONDER_OPTION_END};
static const struct ponder_option lookahead_rows[] = {
    WIDTH_ROW, ROW_INT("lookahead", lookahead, "K", "3", 0, 64, "steps that a rollout looks ahead"),
    PONDER_OPTION_END};

static struct beam_options own_of(const struct search_options *options)
{
    struct beam_options own;
    _Static_assert(sizeof own <= SEARCH_OWN_BYTES, "too many options of its own");
    memcpy(&own, options->own, sizeof own);
    return own;
}

static void keep_own(struct search_options *options, struct beam_options own)
{
    memcpy(options->own, &own, sizeof own);
}

static int64_t width_of(const struct search *search)
{
    return own_of(search->options).width;
}

static int64_t lookahead_of(const struct search *search)
{
    return own_of(search->options).lookahead;
}

struct beam {
    struct search_ask
        *front;     /* (front_count) kept in the last round and open, with what is asked behind them */
    int32_t *found; /* (found_count) told of since, N at most */
    int32_t *tips;  /* (found_count) where the rollout of each ends so far: itself at first */
    int64_t looked; /* steps that the rollouts have gone on */
    int64_t front_count, found_count;
    int64_t beams; /* that have not ended */
    int64_t round;
};

/* The largest divisor of n up to its root. */
static int64_t root_width(int64_t n)
{
    int64_t width = 1;
    for (int64_t w = 1; w * w <= n; w++)
        if (n % w == 0)
            width = w;
    return width;
}

static int beam_prepare(struct search_options *options, struct ponder_err *err)
{
    struct beam_options own = own_of(options);
    if (own.width == 0 && options->n > 0)
        own.width = root_width(options->n);
    if (own.width < 1 || options->n < own.width || options->n % own.width != 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "-n %lld and --width %lld: the beams are N/M, so N must be a multiple of the width",
                       (long long)options->n, (long long)own.width);
    keep_own(options, own);
    return PONDER_OK;
}

/* Those of a rollout count as much as the step that it looks ahead from. */
static int64_t beam_generations(const struct search_options *options)
{
    return options->n * (own_of(options).lookahead + 1);
}

/* One beam that looks less far ahead, where not even one can look as far as it is to. */
static void beam_fit(struct search_options *options, int64_t most)
{
    struct beam_options own = own_of(options);
    if (own.lookahead >= most)
        own.lookahead = most - 1;
    most /= own.lookahead + 1;
    if (options->n > most) {
        options->n = most;
        if (own.width > most)
            own.width = most;
        options->n -= options->n % own.width;
    }
    keep_own(options, own);
}

static int beam_begin(struct search *search)
{
    struct beam *beam = search->state;
    size_t n = (size_t)search->options->n;
    beam->front = calloc(n, sizeof *beam->front);
    beam->found = calloc(n, sizeof *beam->found);
    beam->tips = calloc(n, sizeof *beam->tips);
    beam->beams = search->options->n / width_of(search);
    return beam->front && beam->found && beam->tips ? PONDER_OK : PONDER_E_MEMORY;
}

static void beam_end(struct search *search)
{
    struct beam *beam = search->state;
    free(beam->front);
    free(beam->found);
    free(beam->tips);
}

static int beam_observe(struct search *search, int32_t node)
{
    struct beam *beam = search->state;
    if (search->tree.nodes[node].end == TREE_FAILED)
        return PONDER_OK;
    beam->tips[beam->found_count] = node;
    beam->found[beam->found_count++] = node;
    return PONDER_OK;
}

/* With a look ahead, it is the end of that which is judged. */
static enum search_judge judge_of(const struct search *search)
{
    return lookahead_of(search) > 0 ? SEARCH_QUIET : SEARCH_JUDGED;
}

/* A node holds so many beams in the next round, or ends them. */
static void keep(struct search *search, int32_t node, int64_t beams)
{
    struct beam *beam = search->state;
    search->tree.nodes[node].kept = true;
    if (search->tree.nodes[node].end == TREE_OPEN)
        beam->front[beam->front_count++] =
            (struct search_ask){.node = node, .count = beams * width_of(search), .judge = judge_of(search)};
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
        status = search_ask(search, beam->front[i]);
    return status;
}

static bool first_round(struct search *search, int *status)
{
    struct beam *beam = search->state;
    if (beam->round++ > 0)
        return false;
    *status = search_ask(search, (struct search_ask){.count = search->options->n, .judge = judge_of(search)});
    return true;
}

/* Keeps the best of what was found, and goes on behind them. */
static int keep_best(struct search *search)
{
    struct beam *beam = search->state;
    search_sort(&search->tree, beam->found, beam->found_count);
    int64_t left = beam->beams;
    beam->front_count = 0;
    for (int64_t i = 0; i < beam->found_count && left > 0; i++) {
        int64_t repeats = search->tree.nodes[beam->found[i]].repeats, held = repeats < left ? repeats : left;
        keep(search, beam->found[i], held);
        left -= held;
    }
    return beam->round > search->options->rounds_max ? SEARCH_DONE : go_on(search);
}

static int propose_beam(struct search *search)
{
    int status;
    if (search->pending > 0)
        return SEARCH_WAIT;
    return first_round(search, &status) ? status : keep_best(search);
}

/* ---- with a look ahead ---- */

/* The tip of a candidate's rollout has moved on, or a candidate was found. */
static int observe_ahead(struct search *search, int32_t node)
{
    struct beam *beam = search->state;
    struct tree_node *found = &search->tree.nodes[node];
    found->held = !found->rollout;
    if (!found->rollout)
        return beam_observe(search, node);
    for (int64_t i = 0; i < beam->found_count && found->end != TREE_FAILED; i++)
        if (beam->tips[i] == found->parent)
            beam->tips[i] = node;
    return PONDER_OK;
}

/* Sends every open rollout a step further, the last of them to be judged; false where there is nothing to
 * send. */
static bool look_further(struct search *search, int *status)
{
    struct beam *beam = search->state;
    bool last = beam->looked + 1 >= lookahead_of(search);
    *status = PONDER_OK;
    if (beam->looked >= lookahead_of(search))
        return false;
    beam->looked++;
    for (int64_t i = 0; i < beam->found_count && !*status; i++)
        if (search->tree.nodes[beam->tips[i]].end == TREE_OPEN)
            *status = search_ask(search, (struct search_ask){.node = beam->tips[i],
                                                             .count = 1,
                                                             .judge = last ? SEARCH_JUDGED : SEARCH_QUIET,
                                                             .greedy = true,
                                                             .rollout = true});
    return search->ask_count > 0;
}

/* A candidate is worth what stands at the end of its rollout. */
static int propose_ahead(struct search *search)
{
    struct beam *beam = search->state;
    int status;
    if (search->pending > 0)
        return SEARCH_WAIT;
    if (first_round(search, &status) || look_further(search, &status))
        return status;
    beam->looked = 0;
    for (int64_t i = 0; i < beam->found_count; i++) {
        struct tree_node *found = &search->tree.nodes[beam->found[i]];
        found->held = false;
        found->score = search->tree.nodes[beam->tips[i]].score;
    }
    return keep_best(search);
}

/* ---- diverse ---- */

/* Siblings that are in one group. */
static int64_t group(const struct search_options *options)
{
    return own_of(options).width;
}

/* The group of a node: where its first step stands among all first steps. */
static int64_t group_of(const struct search *search, int32_t node)
{
    const struct tree_node *nodes = search->tree.nodes;
    while (nodes[node].depth > 1)
        node = nodes[node].parent;
    return nodes[node].ordinal / width_of(search);
}

/* Found nodes come in the order in which they were asked for, so those of a group stand together. */
static int propose_dvts(struct search *search)
{
    struct beam *beam = search->state;
    int status;
    if (search->pending > 0)
        return SEARCH_WAIT;
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
    return beam->round > search->options->rounds_max ? SEARCH_DONE : go_on(search);
}

const struct search_ops search_beam = {
    .name = "beam",
    .summary = "N beams; of all candidates the N/M best are kept and extended M times each",
    .by_steps = true,
    .options = beam_rows,
    .state_size = sizeof(struct beam),
    .prepare = beam_prepare,
    .generations = beam_generations,
    .fit = beam_fit,
    .begin = beam_begin,
    .propose = propose_beam,
    .observe = beam_observe,
    .end = beam_end,
};

const struct search_ops search_lookahead = {
    .name = "lookahead",
    .summary = "beam search that ranks a step by where K more steps at temperature 0 lead",
    .by_steps = true,
    .options = lookahead_rows,
    .state_size = sizeof(struct beam),
    .prepare = beam_prepare,
    .generations = beam_generations,
    .fit = beam_fit,
    .begin = beam_begin,
    .propose = propose_ahead,
    .observe = observe_ahead,
    .end = beam_end,
};

const struct search_ops search_dvts = {
    .name = "dvts",
    .summary = "N/M independent subtrees, each of which keeps the best of M candidates",
    .by_steps = true,
    .options = beam_rows,
    .state_size = sizeof(struct beam),
    .prepare = beam_prepare,
    .group = group,
    .generations = beam_generations,
    .fit = beam_fit,
    .begin = beam_begin,
    .propose = propose_dvts,
    .observe = beam_observe,
    .end = beam_end,
};
