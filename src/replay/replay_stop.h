/* replay_stop.h - when a vote over recorded samples could have stopped, by several rules:
 *
 *   all    never before the last sample
 *   stop   the stop rule of `solve --stop` (select/stop.h)
 *   beta   adaptive consistency (Aggarwal et al. 2023): where a fair coin between the two leading answers
 * would elect the first with 95%, their counts a Beta's; looked at after each sample, uncorrected share where
 * the leader has 95% of the answers, four of them or more fixed  after as many samples for each question as
 * `stop` takes on average
 *
 * Each over several orders of a question's samples; the last three of majorities alone. */
#ifndef REPLAY_REPLAY_STOP_H
#define REPLAY_REPLAY_STOP_H

#include "replay/replay_question.h"

enum { REPLAY_ORDERS = 16 };

struct replay_stops;

/* For `questions` questions of plan's methods. PONDER_E_MEMORY. */
int replay_stops_open(struct replay_stops **out, const struct replay_plan *plan, double delta,
                      int64_t questions, struct ponder_err *err) PONDER_USE;
void replay_stops_release(struct replay_stops *stops);
/* Measures question `index`, all of them before the first call of replay_stops_fix(), then again. */
int replay_stops_measure(struct replay_stops *stops, const struct replay_question *question, int64_t index,
                         struct ponder_err *err) PONDER_USE;
/* Works out what `fixed` is. */
void replay_stops_fix(struct replay_stops *stops);
/* Fills replay->rules. */
int replay_stops_sum_up(const struct replay_stops *stops, struct ponder_replay *replay,
                        struct ponder_err *err) PONDER_USE;

#endif
