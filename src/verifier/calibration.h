/* calibration.h - whether scores are probabilities: of what got 0.7, are seven in ten right? Scores are put
 * in ten bins of equal width (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2). */
#ifndef VERIFIER_CALIBRATION_H
#define VERIFIER_CALIBRATION_H

#include <jansson.h>

#include "ponder/calibration.h"

/* A score with what it should have been, both from 0 to 1. Begins with a zeroed struct. */
void calibration_add(struct ponder_calibration *calibration, double score, double label);
/* From sums to means: once, behind the last score. */
void calibration_end(struct ponder_calibration *calibration);
/* {"count", "loss", "ece", "bins": [{"count", "score", "label"}]}; NULL: out of memory. */
json_t *calibration_json(const struct ponder_calibration *calibration);

#endif
