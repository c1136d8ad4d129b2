/* sample.h - draws a token from a row of logits.
 *
 * Order, as vLLM and Hugging Face transformers have it, so that a local and a remote model mean the same by
 * the same settings: temperature; then the top_k most probable tokens (Fan et al. 2018); of these the
 * smallest set with probability top_p (nucleus sampling, Holtzman et al. 2019); of these the ones with at
 * least min_p times the probability of the most probable token (Nguyen et al. 2024); what is left is
 * normalised. Among equal logits the lower id counts as more probable. */
#ifndef KERNELS_SAMPLE_H
#define KERNELS_SAMPLE_H

#include <stdint.h>

#include "core/rng.h"
#include "ponder/status.h"

struct sample_options {
    double temperature; /* 0 to 10; 0: greedy, the lowest id of equals */
    int top_k;          /* 0: all */
    double top_p;       /* in (0, 1]; 1: all */
    double min_p;       /* in [0, 1]; 0: all */
};

/* The ranges, whoever gives the numbers: an option, a model's file, a request. The error names the field as
 * the option does. */
int sample_options_check(const struct sample_options *options, struct ponder_err *err) PONDER_USE;

struct sample {
    int32_t token;  /* -1 where the logits are not finite numbers */
    double logprob; /* of the token at temperature 1 and without any of the cuts, natural log */
};
/* logits (vocab) is only read. Takes exactly one number from `rng`, greedy too, so that a stream stays in
 * step whatever the settings. The options have passed sample_options_check. */
struct sample sample_row(const float *logits, int vocab, const struct sample_options *options,
                         struct rng *rng);

#endif
