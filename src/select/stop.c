#include "select/stop.h"

#include "core/array.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Shares that are bet: r^-i and 1 - r^-i (Huang et al. 2026) with r = 2, i = 1 .. 5. Small ones win slowly
 * where two answers are nearly equal, large ones at once where all agree. */
static const double stakes[STOP_STAKES] = {1. / 32, 1. / 16, 1. / 8,   1. / 4,  1. / 2,
                                           3. / 4,  7. / 8,  15. / 16, 31. / 32};

struct stop_answer {
    double weight;              /* of the solutions that have it */
    double gained[STOP_STAKES]; /* log of what betting on it has won */
    double lost[STOP_STAKES];   /* log of what betting on another one has lost by it, at most 0 */
};

void stop_init(struct stop_rule *rule, double delta)
{
    assert(delta > 0 && delta < 1);
    *rule = (struct stop_rule){.delta = delta};
}

void stop_release(struct stop_rule *rule)
{
    free(rule->answers);
    rule->answers = NULL;
}

int stop_add(struct stop_rule *rule, int64_t answer, double weight)
{
    assert(answer <= rule->count);
    bool first = answer == rule->count;
    if (answer < 0)
        return PONDER_OK;
    if (first && array_reserve(&rule->answers, sizeof *rule->answers, &rule->cap, rule->count + 1, INT32_MAX))
        return PONDER_E_MEMORY;
    struct stop_answer *of = &rule->answers[answer];
    if (first)
        rule->answers[rule->count++] = (struct stop_answer){0};
    weight = fmin(fmax(weight, 0), 1); /* of a NAN 0 */
    of->weight += weight;
    for (int s = 0; s < STOP_STAKES; s++) {
        of->gained[s] += first ? 0 : log1p(stakes[s] * weight);
        of->lost[s] += log1p(-stakes[s] * weight);
    }
    return PONDER_OK;
}

/* Log of the mean fortune of betting on `leader` against a rival; NULL: one that has not appeared. */
static double log_fortune(const struct stop_answer *leader, const struct stop_answer *rival)
{
    double logs[STOP_STAKES], most = -INFINITY, sum = 0;
    for (int s = 0; s < STOP_STAKES; s++) {
        logs[s] = leader->gained[s] + (rival ? rival->lost[s] : 0);
        most = fmax(most, logs[s]);
    }
    for (int s = 0; s < STOP_STAKES; s++)
        sum += exp(logs[s] - most);
    return most + log(sum / STOP_STAKES);
}

/* The answer of most weight, and the weight of the one behind it. */
static int64_t find_leader(const struct stop_rule *rule, double *second)
{
    int64_t leader = 0;
    *second = 0;
    for (int64_t a = 1; a < rule->count; a++) {
        bool leads = rule->answers[a].weight > rule->answers[leader].weight;
        *second = fmax(*second, rule->answers[leads ? leader : a].weight);
        leader = leads ? a : leader;
    }
    return leader;
}

int64_t stop_elected(const struct stop_rule *rule)
{
    double second;
    if (rule->count == 0)
        return -1;
    int64_t leader = find_leader(rule, &second);
    const struct stop_answer *of = &rule->answers[leader];
    double rank = (double)leader + 1, enough = log(rank * (rank + 1) / rule->delta);
    if (of->weight - second < enough) /* no fortune is larger: log(1 + x) <= x */
        return -1;
    double least = log_fortune(of, NULL);
    for (int64_t a = 0; a < rule->count && least >= enough; a++)
        if (a != leader)
            least = fmin(least, log_fortune(of, &rule->answers[a]));
    return least >= enough ? leader : -1;
}
