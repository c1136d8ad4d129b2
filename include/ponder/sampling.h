/* sampling.h - how many texts to sample from a model, and how.
 *
 * How a model is best sampled depends on what its texts are for: one answer wants the likeliest text, a vote
 * wants texts that differ. What the caller leaves open, "auto" in an option and NAN in a field, is taken from
 * the model's own file for that purpose (GGUF keys ponder.sampling.*, docs/file-formats.md), or where it says
 * nothing from the defaults of ponder_purpose_default(). */
#ifndef PONDER_SAMPLING_H
#define PONDER_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

#include "ponder/option.h"
#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Filled by ponder_options_default() with one of the tables below, then changed field by field or with
 * ponder_option_set(). Texts are borrowed. */
struct ponder_sampling {
    int64_t n;          /* texts per question or prompt */
    int64_t seed;       /* every text draws from its own stream of (seed, prompt, index) */
    double temperature; /* 0: greedy; NAN: as the model says */
    int64_t top_k;      /* the k most probable tokens; 0: all */
    double top_p;       /* the smallest set of tokens with this probability, more than 0; 1: all; NAN: as the
                           model says */
    double min_p;       /* tokens of at least this share of the top one's probability; 0: all; NAN: as the
                           model says */
    const char *pool; /* of n whole solutions: "samples", NULL: all are sampled alike; "greedy": the first is
                         the greedy one */
    int64_t max_tokens;    /* per text */
    int64_t threads;       /* 0: all cores */
    double timeout_s;      /* 0: none; then the work ends with what it has */
    const char *precision; /* of matrix products: "auto", "f32", "bf16" or "int8" */
    bool exact;            /* the same seed gives the same bits, whatever else is in the batch */
    int64_t kv_mib;        /* memory for keys and values at most; a verifier that is a model here may take as
                              much again, and so for weights_mib */
    int64_t weights_mib;   /* memory for weights made ready for products; 0: no limit. Others are made ready
                              anew each time, which is slower */
};

/* The same rows with other defaults: many diverse texts to vote over, or one likely continuation. */
PONDER_API const struct ponder_option *ponder_solve_options(void);
PONDER_API const struct ponder_option *ponder_generate_options(void);
/* As for solving, without the temperature, of which an evaluation takes several. */
PONDER_API const struct ponder_option *ponder_eval_sampling_options(void);

/* What texts are sampled for. */
enum ponder_purpose {
    PONDER_FOR_ONE,      /* the one answer */
    PONDER_FOR_VOTE,     /* a majority over solutions */
    PONDER_FOR_WEIGHTED, /* a vote weighted by a verifier */
    PONDER_FOR_BEST,     /* the solution that a verifier scores highest */
    PONDER_FOR_SEARCH,   /* steps that a verifier chooses among */
    PONDER_PURPOSES
};
/* "one", "vote", "weighted", "best", "search": as the keys of a model's file have them. */
PONDER_API const char *ponder_purpose_name(enum ponder_purpose purpose);
struct ponder_purpose_sampling {
    double temperature, top_p, min_p;
};
struct ponder_sampling_choice {
    struct ponder_purpose_sampling sampling[PONDER_PURPOSES];
    bool known[PONDER_PURPOSES];
};
/* For models that say nothing. */
PONDER_API struct ponder_purpose_sampling ponder_purpose_default(enum ponder_purpose purpose);

#ifdef __cplusplus
}
#endif
#endif
