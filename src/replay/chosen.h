/* chosen.h - at which temperature a method does best. */
#ifndef REPLAY_CHOSEN_H
#define REPLAY_CHOSEN_H

#include "replay/study.h"

/* Of the temperatures that the study has runs of for the series; NAN where it has none. PONDER_E_MEMORY and
 * what reading a store comes to. */
int chosen_temperature(struct study *study, const struct study_series *series, double *out,
                       struct ponder_err *err) PONDER_USE;

#endif
