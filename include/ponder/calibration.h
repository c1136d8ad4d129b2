/* calibration.h - scores against what they should have been. */
#ifndef PONDER_CALIBRATION_H
#define PONDER_CALIBRATION_H

#include <stdint.h>

#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PONDER_CALIBRATION_BINS = 10 };

struct ponder_calibration_bin { /* scores in [i/10, (i+1)/10), 1 in the last */
    int64_t count;
    double score, label; /* their mean and that of the labels; NAN in an empty bin */
};
struct ponder_calibration {
    int64_t count;
    double loss; /* binary cross-entropy, nats, mean; NAN of none */
    double ece;  /* expected calibration error: mean over the scores of |score - label| of their bins */
    struct ponder_calibration_bin bins[PONDER_CALIBRATION_BINS];
};

#ifdef __cplusplus
}
#endif
#endif
