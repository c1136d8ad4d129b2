/* stop.h - whether enough solutions have been sampled: a vote that may be looked at after every solution.
 *
 * Solutions of one question are independent draws, each of which says an answer with a weight w in [0, 1]: 1
 * in a majority, the verifier's score in a weighted vote. The answer that unlimited sampling would elect is
 * that of the largest mean weight. For a leader k and a rival j, a gambler bets a share s of his money on k
 * each time: his fortune is multiplied by 1 + s w where the solution says k, and by 1 - s w where it says j.
 * If j's mean weight is at least k's, the fortune does not grow on average, and neither does the mean W over
 * several shares s, so that W ever reaches c with probability 1 / c at most (Ville 1939; betting:
 * Waudby-Smith and Ramdas 2024). An answer that nobody has given yet is a rival too.
 *
 * The rule stops when the least W of the leader over its rivals reaches r (r + 1) / delta, the leader being
 * the r-th answer to appear: the sum of the chances to be wrong over all r is delta. Since which answer is
 * the r-th is known only when it appears, the solution that brings it is no bet on it. So whenever it stops,
 * the elected answer is the one that unlimited sampling would elect, with probability 1 - delta or more. That
 * certifies what the model agrees on, not that it is right.
 *
 * Where it stops, the leader is ahead by more than log(2 / delta) in weight, since log(1 + x) <= x: a vote of
 * one more solution that is no such draw, the greedy one, does not change the election. */
#ifndef SELECT_STOP_H
#define SELECT_STOP_H

#include <stdint.h>

#include "ponder/status.h"

enum { STOP_STAKES = 9 };

struct stop_answer;

struct stop_rule {
    double
        delta; /* chance at most that the election is not what unlimited sampling would come to; in (0, 1) */
    struct stop_answer *answers; /* (count) */
    int64_t count, cap;
};

/* Release in any case. */
void stop_init(struct stop_rule *rule, double delta);
void stop_release(struct stop_rule *rule);
/* One more independent solution: the number of its answer, each number first seen when all smaller ones have
 * been, or -1 for none; and what it weighs, where a NAN is 0. PONDER_E_MEMORY. */
int stop_add(struct stop_rule *rule, int64_t answer, double weight) PONDER_USE;
/* The answer to stop with; -1: go on. */
int64_t stop_elected(const struct stop_rule *rule);

#endif
