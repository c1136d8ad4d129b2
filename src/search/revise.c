/* revise.c - chains of attempts: each is shown the latest of those before it in its chain, and is to be
 * better (Snell et al. 2024, section 6).
 *
 * N attempts in C chains, as equally long as may be, the first chains being the longer ones. Chains go on
 * side by side, each as soon as its latest attempt is there. The result is chosen as there: by votes inside
 * each chain first, which keep one solution of each, and then among those, weighted by all that they stand
 * for (section 6.2); a plain majority is of all attempts together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "search/search.h"

struct revise_options {
    int64_t chains; /* 0: the largest divisor of N up to its root */
    int64_t flat;   /* solutions of all chains are chosen among at once */
};

#define OPTION_FIELD(field) offsetof(struct revise_options, field)
#include "core/option_rows.h"

static const struct ponder_option rows[] = {
    ROW_INT("chains", chains, "C", "0", 0, 65536, "side by side, N/C attempts each; 0: about the root of N"),
    ROW_INT("flat", flat, "0|1", "0", 0, 1, "choose among all attempts at once, not inside chains first"),
    PONDER_OPTION_END};

static struct revise_options own_of(const struct search_options *options)
{
    struct revise_options own;
    _Static_assert(sizeof own <= SEARCH_OWN_BYTES, "too many options of its own");
    memcpy(&own, options->own, sizeof own);
    return own;
}

static int64_t root_of(int64_t n)
{
    int64_t root = 1;
    for (int64_t c = 1; c * c <= n; c++)
        if (n % c == 0)
            root = c;
    return root;
}

static int revise_prepare(struct search_options *options, struct ponder_err *err)
{
    struct revise_options own = own_of(options);
    if (options->n < 1)
        return err_set(err, PONDER_E_ARGUMENT, "-n %lld: 1 or more attempts", (long long)options->n);
    own.chains = own.chains ? own.chains : root_of(options->n);
    if (own.chains > options->n)
        return err_set(err, PONDER_E_ARGUMENT, "%lld chains of %lld attempts in all: a chain has one or more",
                       (long long)own.chains, (long long)options->n);
    memcpy(options->own, &own, sizeof own);
    return PONDER_OK;
}

static int64_t revise_generations(const struct search_options *options)
{
    return options->n;
}

static void revise_fit(struct search_options *options, int64_t most)
{
    struct revise_options own = own_of(options);
    if (options->n <= most)
        return;
    options->n = most;
    own.chains = own.chains < most ? own.chains : most;
    memcpy(options->own, &own, sizeof own);
}

/* Equal attempts stay apart: each is a place in its chain. */
static int64_t revise_group(const struct search_options *options)
{
    (void)options;
    return 1;
}

struct revise {
    bool begun;
    int64_t heads;  /* chains that have been told of */
    int32_t *chain; /* (chain_cap) of each node */
    int64_t cap;
    int64_t *asked; /* (chains) attempts asked for in each */
};

static int revise_begin(struct search *search)
{
    struct revise *revise = search->state;
    revise->asked = calloc((size_t)own_of(search->options).chains, sizeof *revise->asked);
    return revise->asked ? PONDER_OK : PONDER_E_MEMORY;
}

static void revise_end(struct search *search)
{
    struct revise *revise = search->state;
    free(revise->asked);
    free(revise->chain);
}

static int64_t length_of(const struct search *search, int64_t chain)
{
    int64_t chains = own_of(search->options).chains, n = search->options->n;
    return n / chains + (chain < n % chains);
}

static int revise_propose(struct search *search)
{
    struct revise *revise = search->state;
    int64_t chains = own_of(search->options).chains;
    if (revise->begun)
        return SEARCH_WAIT;
    revise->begun = true;
    for (int64_t c = 0; c < chains; c++)
        revise->asked[c] = 1;
    return search_ask(search, (struct search_ask){.count = chains, .unit = SEARCH_SOLUTION, .chain = true});
}

/* A chain whose latest attempt failed ends with those before it. */
static int revise_observe(struct search *search, int32_t index)
{
    struct revise *revise = search->state;
    struct tree_node *node = &search->tree.nodes[index];
    int32_t before = node->revises;
    if (array_reserve(&revise->chain, sizeof *revise->chain, &revise->cap, index + 1, TREE_NODES_MAX))
        return PONDER_E_MEMORY;
    int32_t chain = before ? revise->chain[before] : (int32_t)revise->heads++;
    bool last = node->end == TREE_FAILED || revise->asked[chain] == length_of(search, chain);
    revise->chain[index] = chain;
    node->kept = node->end != TREE_FAILED;
    if (before && search_drop(search, before)) /* what is shown of it is text from now on */
        return PONDER_E_MEMORY;
    if (last)
        return search_drop(search, index);
    revise->asked[chain]++;
    node->held = true;
    return search_ask(
        search, (struct search_ask){.count = 1, .unit = SEARCH_SOLUTION, .chain = true, .revises = index});
}

/* ---- its result ---- */

/* The chain's first attempt. */
static int32_t head_of(const struct tree *tree, int32_t node)
{
    while (tree->nodes[node].revises > 0)
        node = tree->nodes[node].revises;
    return node;
}

/* Of each chain the solution that its own vote elects, into the front of `nodes`. */
static int elect_inside(const struct tree *tree, enum search_select how, enum answer_mode mode,
                        int32_t *nodes, int64_t *count)
{
    int32_t *inside = malloc(((size_t)*count + 1) * sizeof *inside);
    int64_t all = *count, elected = 0;
    int status = inside ? PONDER_OK : PONDER_E_MEMORY;
    int32_t *of = status ? NULL : malloc(((size_t)all + 1) * sizeof *of);
    status = of || status ? status : PONDER_E_MEMORY;
    for (int64_t i = 0; i < all && !status; i++)
        of[i] = head_of(tree, nodes[i]);
    for (int64_t i = 0; i < all && !status; i++) {
        int64_t members = 0;
        if (of[i] < 0)
            continue;
        int32_t head = of[i];
        for (int64_t k = i; k < all; k++)
            if (of[k] == head) {
                inside[members++] = nodes[k];
                of[k] = -1;
            }
        status = search_choose_among(tree, inside, members, how, mode, &nodes[elected]);
        elected++;
    }
    *count = elected;
    free(inside);
    free(of);
    return status;
}

static bool any_judged(const struct tree *tree, const int32_t *nodes, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isnan(tree->nodes[nodes[i]].total))
            return true;
    return false;
}

static int revise_select(const struct search *search, enum search_select how, enum answer_mode mode,
                         int32_t *out)
{
    const struct tree *tree = &search->tree;
    int64_t count;
    int32_t *nodes = malloc(((size_t)tree->count + 1) * sizeof *nodes);
    *out = -1;
    if (!nodes)
        return PONDER_E_MEMORY;
    int status = search_solutions(tree, mode, nodes, &count);
    if (!status && count > 0 && how == SEARCH_WEIGHTED && !own_of(search->options).flat &&
        any_judged(tree, nodes, count))
        status = elect_inside(tree, how, mode, nodes, &count);
    if (!status)
        status = count > 0 ? search_choose_among(tree, nodes, count, how, mode, out)
                           : search_choose(tree, how, mode, out);
    free(nodes);
    return status;
}

const struct search_ops search_revise = {
    .name = "revise",
    .summary = "chains of attempts, each shown the ones before it",
    .revises = true,
    .options = rows,
    .state_size = sizeof(struct revise),
    .prepare = revise_prepare,
    .group = revise_group,
    .generations = revise_generations,
    .fit = revise_fit,
    .begin = revise_begin,
    .propose = revise_propose,
    .observe = revise_observe,
    .select = revise_select,
    .end = revise_end,
};
