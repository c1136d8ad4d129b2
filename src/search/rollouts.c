/* rollouts.c - solutions, and from behind each line of them completions: what a line is worth is how often it
 * ends right.
 *
 * First N whole solutions are sampled. Then the beginnings of those that have an answer, each different one
 * once, are placed in the tree, parents before children, and from behind each the solution is completed
 * `rollouts` times. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "search/prefixes.h"
#include "search/rollouts.h"
#include "search/search.h"

struct state {
    bool sampled, rolling;
};

static struct rollouts_options own_of(const struct search_options *options)
{
    struct rollouts_options own;
    _Static_assert(sizeof own <= SEARCH_OWN_BYTES, "too many options of its own");
    memcpy(&own, options->own, sizeof own);
    return own;
}

static int rollouts_prepare(struct search_options *options, struct ponder_err *err)
{
    int64_t rollouts = own_of(options).rollouts;
    return rollouts >= 1 && options->n >= 1
               ? PONDER_OK
               : err_set(err, PONDER_E_LIMIT,
                         "%lld solutions with %lld rollouts behind each line; 1 of each at least",
                         (long long)options->n, (long long)rollouts);
}

/* The lines that a solution begins with, and their place in the tree. */
static int place_prefixes(struct search *search, const struct prefixes *prefixes)
{
    uint64_t root = search->tree.nodes[0].key;
    int32_t first = search->tree.count; /* prefix i is node first + i */
    for (int64_t i = 0; i < prefixes->count; i++) {
        const struct prefix *prefix = &prefixes->nodes[i];
        int32_t parent = prefix->parent < 0 ? 0 : first + (int32_t)prefix->parent;
        uint64_t key = rng_key(root, hash_bytes(prefix->text, prefix->len));
        int32_t node =
            search_place(search, parent, prefix->text + prefix->before, prefix->len - prefix->before, key);
        struct search_ask ask = {
            .node = node, .count = own_of(search->options).rollouts, .unit = SEARCH_SOLUTION};
        if (node < 0 || search_ask(search, ask))
            return PONDER_E_MEMORY;
    }
    return PONDER_OK;
}

static int roll(struct search *search)
{
    struct prefixes prefixes = PREFIXES_INIT;
    struct rollouts_solutions solutions;
    int status = rollouts_solutions_read(&solutions, &search->tree, search->options->n,
                                         own_of(search->options).extract, &prefixes);
    search->tree.nodes[0].held = true; /* texts are placed behind it */
    if (!status)
        status = place_prefixes(search, &prefixes);
    rollouts_solutions_release(&solutions);
    prefixes_release(&prefixes);
    return status;
}

static int rollouts_propose(struct search *search)
{
    struct state *state = search->state;
    if (search->pending > 0 || state->rolling)
        return SEARCH_WAIT;
    state->rolling = state->sampled;
    if (state->sampled)
        return roll(search);
    state->sampled = true;
    return search_ask(search, (struct search_ask){.count = search->options->n, .unit = SEARCH_SOLUTION});
}

static int rollouts_observe(struct search *search, int32_t node)
{
    const struct state *state = search->state;
    search->tree.nodes[node].rollout = state->rolling;
    return PONDER_OK;
}

const struct search_ops search_rollouts = {
    .name = "rollouts",
    .summary = "N whole solutions, and completions from behind each of their lines",
    .state_size = sizeof(struct state),
    .prepare = rollouts_prepare,
    .propose = rollouts_propose,
    .observe = rollouts_observe,
};
