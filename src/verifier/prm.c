/* prm.c - a process reward model: the probability, behind each step, that the right answer can still be
 * reached. */
#include <stdlib.h>

#include "ponder/model.h"
#include "verifier/model.h"

static int open_prm(struct verifier *v, const char *argument, const struct verifier_options *options,
                    struct ponder_err *err)
{
    char *shipped = NULL;
    int status = argument ? PONDER_OK : ponder_verifier_find(&shipped, err);
    if (!status)
        status = model_open(v, argument ? argument : shipped, options, NULL, err);
    free(shipped);
    return status;
}

const struct verifier_ops verifier_prm = {
    .name = "prm",
    .summary = "a model's probability, behind each step, that the answer can still be reached",
    .argument = "FILE",
    .takes_profile = true,
    .open = open_prm,
    .release = model_release,
    .score = model_score,
    .forget = model_forget,
    .reading = model_reading,
    .flops = model_flops,
};
