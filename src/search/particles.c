/* particles.c - particle filtering against a step verifier (Puri et al. 2025, "Rollout Roulette"), with
 * tempering where diversity falls (Giannone et al. 2026, "entropic annealing").
 *
 * N particles are solutions under way. In each round every one of them goes on by a step, and the verifier's
 * score of where it stands is its likelihood: its weight is exp(logit(score) / T), so that at T = 1 it is the
 * odds that the step is good. Then N particles are drawn in proportion to the weights: a good one may stand
 * for several from now on, a bad one may vanish, but unlike in a beam it need not. A solution that has ended
 * keeps its particles, is not extended, and is drawn like any other, so that the choice between it and what
 * is under way stays open. The search ends when all particles have ended or 40 rounds have passed.
 *
 * `ess`: as long as the effective sample size, (sum w)^2 / sum w^2, is at least this share of N, the
 * particles are left as they are. `entropy`: where the weights' entropy is less than this share of its
 * largest value, log N, a verifier is too sure of itself too early; T is raised until it is that much.
 *
 * Draws are systematic: one random number a round, from the question's own stream, so that the count of a
 * particle is its expectation rounded up or down. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "search/search.h"

struct particles_options {
    double temperature, ess, entropy;
};

#define OPTION_FIELD(field) offsetof(struct particles_options, field)
#include "core/option_rows.h"

static const struct ponder_option rows[] = {
    ROW_REAL("temperature", temperature, "T", "1", 0.01, 100, "of weights: less is greedier"),
    ROW_REAL("ess", ess, "SHARE", "1", 0, 1, "draw anew below this share of N; 1: always"),
    ROW_REAL("entropy", entropy, "SHARE", "0", 0, 1, "raise T until weights have this share of log N"),
    PONDER_OPTION_END};

static struct particles_options own_of(const struct search_options *options)
{
    struct particles_options own;
    _Static_assert(sizeof own <= SEARCH_OWN_BYTES, "too many options of its own");
    memcpy(&own, options->own, sizeof own);
    return own;
}

/* Particles that stand at one node. */
struct stand {
    int32_t node;
    int64_t count;
    double weight; /* of all of them; they sum up to 1 */
};

struct particles {
    struct stand *stands; /* (stand_count) of this round: the ended ones first, then in the order of asking */
    int64_t stand_count, ended_count;
    int64_t round;
};

static int particles_prepare(struct search_options *options, struct ponder_err *err)
{
    return options->n >= 1 ? PONDER_OK
                           : err_set(err, PONDER_E_ARGUMENT, "-n %lld: 1 or more", (long long)options->n);
}

static int64_t particles_generations(const struct search_options *options)
{
    return options->n;
}

static void particles_fit(struct search_options *options, int64_t most)
{
    if (options->n > most)
        options->n = most;
}

/* Ended ones of earlier rounds, and those that are found: N each at most. */
static int particles_begin(struct search *search)
{
    struct particles *particles = search->state;
    particles->stands = calloc(2 * (size_t)search->options->n, sizeof *particles->stands);
    return particles->stands ? PONDER_OK : PONDER_E_MEMORY;
}

static void particles_end(struct search *search)
{
    struct particles *particles = search->state;
    free(particles->stands);
}

static int particles_observe(struct search *search, int32_t node)
{
    struct particles *particles = search->state;
    if (search->tree.nodes[node].end != TREE_FAILED)
        particles->stands[particles->stand_count++] = (struct stand){.node = node, .count = 1};
    return PONDER_OK;
}

/* ---- weights ---- */

/* Scores are kept off 0 and 1, where the odds have no logarithm; what is not judged is worth nothing. */
static double log_odds(const struct tree_node *node)
{
    enum { ODDS_MAX = 1000000 };
    double score = isnan(node->score) ? 0 : node->score, least = 1.0 / ODDS_MAX;
    score = fmin(fmax(score, least), 1 - least);
    return log(score / (1 - score));
}

static void weigh(struct particles *particles, const struct tree *tree, double temperature)
{
    double highest = -INFINITY, sum = 0;
    for (int64_t i = 0; i < particles->stand_count; i++)
        highest = fmax(highest, log_odds(&tree->nodes[particles->stands[i].node]));
    for (int64_t i = 0; i < particles->stand_count; i++) {
        struct stand *stand = &particles->stands[i];
        stand->weight =
            (double)stand->count * exp((log_odds(&tree->nodes[stand->node]) - highest) / temperature);
        sum += stand->weight;
    }
    for (int64_t i = 0; i < particles->stand_count; i++)
        particles->stands[i].weight /= sum;
}

/* Of the particles' weights, as a share of its largest value. */
static double entropy_of(const struct particles *particles, int64_t n)
{
    double entropy = 0;
    for (int64_t i = 0; i < particles->stand_count; i++) {
        const struct stand *stand = &particles->stands[i];
        if (stand->weight > 0)
            entropy -= stand->weight * log(stand->weight / (double)stand->count);
    }
    return n > 1 ? entropy / log((double)n) : 1;
}

static double sample_size_of(const struct particles *particles)
{
    double squares = 0;
    for (int64_t i = 0; i < particles->stand_count; i++) {
        const struct stand *stand = &particles->stands[i];
        squares += stand->weight * stand->weight / (double)stand->count;
    }
    return 1 / squares;
}

/* Raises the temperature until the entropy is what is asked for, by halving an interval of its logarithm. */
static void temper(struct particles *particles, const struct tree *tree, double temperature, double least,
                   int64_t n)
{
    enum { HALVINGS = 30 };
    double low = log(temperature), high = low + log(1e4);
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        weigh(particles, tree, exp(middle));
        if (entropy_of(particles, n) < least)
            low = middle;
        else
            high = middle;
    }
    weigh(particles, tree, exp(high));
}

/* ---- a round ---- */

static void particles_draw(const struct search *search)
{
    struct particles *particles = search->state;
    struct rng rng;
    rng_init(&rng, rng_key(rng_key(search->tree.nodes[0].key, hash_bytes("particles", 9)),
                           (uint64_t)particles->round));
    double at = rng_unit(&rng), upto = 0, n = (double)search->options->n;
    for (int64_t i = 0; i < particles->stand_count; i++) {
        struct stand *stand = &particles->stands[i];
        bool last = i + 1 == particles->stand_count;
        upto = last ? n : upto + n * stand->weight;
        for (stand->count = 0; at < upto; at++)
            stand->count++;
    }
}

static void resample(const struct search *search)
{
    struct particles *particles = search->state;
    const struct particles_options own = own_of(search->options);
    const struct tree *tree = &search->tree;
    int64_t n = 0;
    for (int64_t i = particles->ended_count; i < particles->stand_count; i++)
        particles->stands[i].count = tree->nodes[particles->stands[i].node].repeats;
    for (int64_t i = 0; i < particles->stand_count; i++)
        n += particles->stands[i].count;
    weigh(particles, tree, own.temperature);
    if (entropy_of(particles, n) < own.entropy)
        temper(particles, tree, own.temperature, own.entropy, n);
    if (own.ess >= 1 || n < search->options->n || sample_size_of(particles) < own.ess * (double)n)
        particles_draw(search);
}

/* Open ones go on; ended ones stay. */
static int go_on(struct search *search)
{
    struct particles *particles = search->state;
    int64_t ended = 0, count = particles->stand_count;
    int status = PONDER_OK;
    for (int64_t i = 0; i < count && !status; i++) {
        const struct stand stand = particles->stands[i];
        struct tree_node *node = &search->tree.nodes[stand.node];
        if (stand.count == 0)
            continue;
        node->kept = true;
        if (node->end == TREE_OPEN)
            status = search_ask(search, (struct search_ask){.node = stand.node, .count = stand.count});
        else
            particles->stands[ended++] = stand;
    }
    particles->stand_count = particles->ended_count = ended;
    return status;
}

static int particles_propose(struct search *search)
{
    struct particles *particles = search->state;
    if (search->pending > 0)
        return SEARCH_WAIT;
    if (particles->round++ == 0)
        return search_ask(search, (struct search_ask){.count = search->options->n});
    if (particles->stand_count == 0 || particles->round > search->options->rounds_max)
        return SEARCH_DONE;
    if (particles->stand_count > particles->ended_count)
        resample(search);
    return go_on(search);
}

const struct search_ops search_particles = {
    .name = "particles",
    .summary = "N particles, drawn anew behind each step in proportion to the verifier's odds",
    .by_steps = true,
    .options = rows,
    .state_size = sizeof(struct particles),
    .prepare = particles_prepare,
    .generations = particles_generations,
    .fit = particles_fit,
    .begin = particles_begin,
    .propose = particles_propose,
    .observe = particles_observe,
    .end = particles_end,
};
