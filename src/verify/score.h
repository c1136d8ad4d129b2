/* score.h - what both ways of scoring share. */
#ifndef VERIFY_SCORE_H
#define VERIFY_SCORE_H

#include "ponder/verify.h"
#include "verifier/verifier.h"

/* Opens settings->verifier, which has to be one that scores. Release `out` in any case. */
int score_open(const struct ponder_score_settings *settings, struct verifier *out,
               struct ponder_err *err) PONDER_USE;
/* How steps are summed up: as was asked for, else as the verifier does it; NULL: none is open. */
int score_aggregate(const struct ponder_score_settings *settings, const struct verifier *verifier,
                    enum verifier_aggregate *how, struct ponder_err *err) PONDER_USE;

#endif
