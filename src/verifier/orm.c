/* orm.c - an outcome reward model: the probability that a whole solution is right. Of a beginning it says
 * what it would say if nothing followed. */
#include <stdlib.h>

#include "ponder/model.h"
#include "verifier/model.h"

static int open_orm(struct verifier *v, const char *argument, const struct verifier_options *options,
                    struct ponder_err *err)
{
    char *shipped = NULL;
    int status = argument ? PONDER_OK : ponder_outcome_verifier_find(&shipped, err);
    if (!status)
        status = model_open(v, argument ? argument : shipped, options, NULL, err);
    free(shipped);
    return status;
}

const struct verifier_ops verifier_orm = {
    .name = "orm",
    .summary = "a model's probability that the solution as a whole is right",
    .argument = "FILE",
    .takes_profile = true,
    .outcome = true,
    .open = open_orm,
    .release = model_release,
    .score = model_score,
    .forget = model_forget,
    .reading = model_reading,
    .flops = model_flops,
};
