/* step_choose.h - which of a round's candidates is kept. */
#ifndef SEARCH_STEP_CHOOSE_H
#define SEARCH_STEP_CHOOSE_H

#include <stdint.h>

#include "core/buf.h"
#include "engine/engine.h"
#include "search/step_judge.h"

enum { STEP_TEXT_BYTES_MAX = 64 << 20 };

/* Scores `kept` with each result behind it, and sets *best to the highest score. Of equal scores: a solved
 * one, else the text that most results have, else the first. Failed results are no candidates; -1: all
 * failed. What the judging took is added to *cost. */
int step_choose(const struct step_judge *judge, const char *problem, const struct buf *kept,
                const struct engine_result *results, int64_t count, int64_t *best, struct ponder_ledger *cost,
                struct ponder_err *err) PONDER_USE;

#endif
