/* probe.h - whether a verifier is read the right way round, found out before anything is spent on a search.
 */
#ifndef VERIFIER_PROBE_H
#define VERIFIER_PROBE_H

#include "verifier/verifier.h"

/* Scores the right and the wrong solution of the profile's probe, if it has one, and keeps what that cost in
 * v->probed; of one that is to be tried and has none, any solution. Of the options,
 * those of the probe count; what they do not pay for is left out. PONDER_E_ARGUMENT, with both scores,
 * where the right one is not clearly better. */
int probe_check(struct verifier *v, const struct verifier_options *options,
                struct ponder_err *err) PONDER_USE;

#endif
