/* local.h - the engine that runs a GGUF model in this process, over the KV tree. */
#ifndef ENGINE_LOCAL_H
#define ENGINE_LOCAL_H

#include "engine/engine.h"
#include "lm/forward.h"

struct local_options {
    int threads;         /* 0: all cores */
    int rows_max;        /* rows of one batch; 0: 512 */
    int branches_max;    /* requests decoded at once; 0: 256 */
    size_t kv_bytes_max; /* 0: 2 GiB */
    enum kv_type kv_type;
    enum lm_precision precision;
    bool
        exact; /* the same seed gives the same text at any concurrency, after eviction, and after a restart */
};

/* The model must outlive the engine. */
int local_open(struct engine **out, const struct lm_model *model, const struct local_options *options,
               struct ponder_err *err) PONDER_USE;

#endif
