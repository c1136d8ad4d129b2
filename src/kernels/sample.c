#include "kernels/sample.h"

#include "core/err.h"
#include "kernels/kernels.h"

int sample_options_check(const struct sample_options *options, struct ponder_err *err)
{
    if (!(options->temperature >= 0 && options->temperature <= 10))
        return err_set(err, PONDER_E_ARGUMENT, "temperature %g: it is 0 (greedy) to 10",
                       options->temperature);
    if (options->top_k < 0)
        return err_set(err, PONDER_E_ARGUMENT, "top-k %d: it is 0 (all tokens) or more", options->top_k);
    if (!(options->top_p > 0 && options->top_p <= 1))
        return err_set(err, PONDER_E_ARGUMENT, "top-p %g: it is more than 0 and at most 1 (all tokens)",
                       options->top_p);
    if (!(options->min_p >= 0 && options->min_p <= 1))
        return err_set(err, PONDER_E_ARGUMENT, "min-p %g: it is 0 (all tokens) to 1", options->min_p);
    return PONDER_OK;
}

struct sample sample_row(const float *logits, int vocab, const struct sample_options *options,
                         struct rng *rng)
{
    return lm_kernels_best()->sample(logits, vocab, options, rng_unit(rng));
}
