/* probe.h - whether a verifier is read the right way round, found out before anything is spent on a search.
 */
#ifndef VERIFIER_PROBE_H
#define VERIFIER_PROBE_H

#include "verifier/verifier.h"

/* Scores the right and the wrong solution of the profile's probe, if it has one, and keeps what that cost in
 * v->probed. PONDER_E_ARGUMENT, with both scores, where the right one is not clearly better. */
int probe_check(struct verifier *v, struct ponder_err *err) PONDER_USE;

#endif
