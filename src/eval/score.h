/* score.h - what both ways of scoring share. */
#ifndef EVAL_SCORE_H
#define EVAL_SCORE_H

#include "ponder/verify.h"
#include "verifier/profile.h"

/* How the verifier sums up its steps, where nothing else was asked for. */
int score_aggregate(const struct ponder_score_settings *settings, enum verifier_aggregate *how,
                    struct ponder_err *err) PONDER_USE;

#endif
