/* model.h - the verifiers that are a GGUF model in this process: prm, orm, judge. */
#ifndef VERIFIER_MODEL_H
#define VERIFIER_MODEL_H

#include "verifier/verifier.h"

/* Opens `path` for v->ops, with the profile of the options or its own, and else `fallback` (may be NULL). A
 * profile that is for another verifier is PONDER_E_ARGUMENT. */
int model_open(struct verifier *v, const char *path, const struct verifier_options *options,
               const char *fallback, struct ponder_err *err) PONDER_USE;
void model_release(struct verifier *v);
int model_score(struct verifier *v, struct verifier_item *items, int64_t count,
                const struct deadline *deadline, struct ponder_err *err) PONDER_USE;
void model_forget(struct verifier *v, struct verifier_case *question);
void model_reading(struct verifier *v, const struct verifier_case *question, struct verifier_reading *out);
double model_flops(const struct verifier *v, int64_t first, int64_t count);

/* The verifier that the file at `path` is for, or the profile of the options. */
int model_ops_of(const char *path, const struct verifier_options *options, const struct verifier_ops **out,
                 struct ponder_err *err) PONDER_USE;

#endif
