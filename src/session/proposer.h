/* proposer.h - the engine that proposes: a model's own, or that of the servers it is behind, opened as a
 * struct ponder_sampling says. */
#ifndef SESSION_PROPOSER_H
#define SESSION_PROPOSER_H

#include "engine/engine.h"
#include "model/ponder_model.h"
#include "ponder/sampling.h"
#include "ponder/search.h"

/* Refuses what no option table has checked, and what the model's servers do not take. */
int proposer_check(const struct ponder_model *model, const struct ponder_sampling *sampling,
                   struct ponder_err *err) PONDER_USE;
/* Settings that no option table has checked are refused here. The model must outlive the engine. */
int proposer_open(struct engine **out, const struct ponder_model *model,
                  const struct ponder_sampling *sampling, struct ponder_err *err) PONDER_USE;

/* What solutions are for: `search` is NULL for a vote. */
enum ponder_purpose proposer_purpose(const struct ponder_search *search, int64_t n);
/* How they are sampled for an answer: what is left open as the model says for the purpose. */
struct ponder_sampling proposer_sampling(const struct ponder_model *model, const struct ponder_search *search,
                                         const struct ponder_sampling *sampling);

#endif
