/* sampling.h - how many texts to sample from a model, and how. */
#ifndef PONDER_SAMPLING_H
#define PONDER_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

#include "ponder/option.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Filled by ponder_options_default() with one of the tables below, then changed field by field or with
 * ponder_option_set(). Texts are borrowed. */
struct ponder_sampling {
    int64_t n;             /* texts per question or prompt */
    int64_t seed;          /* every text draws from its own stream of (seed, prompt, index) */
    double temperature;    /* 0: greedy */
    int64_t top_k;         /* the k most probable tokens; 0: all */
    double top_p;          /* the smallest set of tokens with this probability; 1: all */
    double min_p;          /* tokens of at least this share of the top one's probability; 0: all */
    int64_t max_tokens;    /* per text */
    int64_t threads;       /* 0: all cores */
    double timeout_s;      /* 0: none; then the work ends with what it has */
    const char *precision; /* of matrix products: "auto", "f32" or "bf16" */
    bool exact;            /* the same seed gives the same bits, whatever else is in the batch */
    int64_t kv_mib;        /* memory for keys and values at most */
    int64_t weights_mib;   /* memory for weights made ready for products; 0: no limit. Others are made ready
                              anew each   time, which is slower */
};

/* The same rows with other defaults: many diverse texts to vote over, or one likely continuation. */
PONDER_API const struct ponder_option *ponder_solve_options(void);
PONDER_API const struct ponder_option *ponder_generate_options(void);

#ifdef __cplusplus
}
#endif
#endif
