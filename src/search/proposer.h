/* proposer.h - the engine that proposes: a model's own, or that of the servers it is behind, opened as a
 * struct ponder_sampling says. */
#ifndef SEARCH_PROPOSER_H
#define SEARCH_PROPOSER_H

#include "engine/engine.h"
#include "lm/ponder_model.h"
#include "ponder/sampling.h"

/* Settings that no option table has checked are refused here. The model must outlive the engine. */
int proposer_open(struct engine **out, const struct ponder_model *model,
                  const struct ponder_sampling *sampling, struct ponder_err *err) PONDER_USE;

#endif
