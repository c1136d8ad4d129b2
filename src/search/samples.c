/* samples.c - best-of-N: N solutions, each sampled to its end, and a choice among them. */
#include "core/err.h"
#include "search/search.h"

struct samples {
    bool asked;
};

static int samples_prepare(struct search_options *options, struct ponder_err *err)
{
    return options->n >= 1 ? PONDER_OK
                           : err_set(err, PONDER_E_ARGUMENT, "-n %lld: 1 or more", (long long)options->n);
}

static int64_t samples_generations(const struct search_options *options)
{
    return options->n;
}

static void samples_fit(struct search_options *options, int64_t most)
{
    if (options->n > most)
        options->n = most;
}

static int samples_propose(struct search *search)
{
    struct samples *samples = search->state;
    if (samples->asked)
        return SEARCH_WAIT;
    samples->asked = true;
    int64_t greedy = search->options->greedy_first ? 1 : 0;
    struct search_ask first = {.count = greedy, .unit = SEARCH_SOLUTION, .greedy = true};
    struct search_ask others = {.count = search->options->n - greedy, .unit = SEARCH_SOLUTION};
    int status = first.count > 0 ? search_ask(search, first) : PONDER_OK;
    return status || others.count == 0 ? status : search_ask(search, others);
}

static int samples_observe(struct search *search, int32_t node)
{
    search->tree.nodes[node].kept = true;
    return PONDER_OK;
}

const struct search_ops search_best_of_n = {
    .name = "best_of_n",
    .summary = "N whole solutions, and a choice among them",
    .independent = true,
    .state_size = sizeof(struct samples),
    .prepare = samples_prepare,
    .generations = samples_generations,
    .fit = samples_fit,
    .propose = samples_propose,
    .observe = samples_observe,
};
