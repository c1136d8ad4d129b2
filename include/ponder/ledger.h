/* ledger.h - what was spent. Every answer comes with one: hidden costs are defects. */
#ifndef PONDER_LEDGER_H
#define PONDER_LEDGER_H

#include <stdint.h>

#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ponder_ledger {
    int64_t generations;       /* sampled texts, unfinished ones too */
    int64_t prompt_tokens;     /* computed for prompts, a shared prefix once */
    int64_t generated_tokens;  /* sampled, end tokens included */
    int64_t verifier_tokens;   /* computed for scoring */
    int64_t difficulty_tokens; /* computed for estimating difficulty */
    int64_t recomputed_tokens; /* computed again: after eviction, or by a server that was asked again */
    double flops;
    double seconds; /* of wall clock, loading the model not included */
};

/* What asking a model's servers what they can do took, before any work; 0 of a model in this process. Clocks
 * count it, and no ledger. */
struct ponder_start {
    int64_t requests, prompt_tokens, generated_tokens;
    double seconds;
};

#ifdef __cplusplus
}
#endif
#endif
