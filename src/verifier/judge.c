/* judge.c - any causal model, asked whether the solution is right: the probability of yes against no, one
 * token each. */
#include <stdbool.h>

#include "core/err.h"
#include "gguf/gguf.h"
#include "verifier/model.h"

/* Our own models are asked in the words that they were trained to answer in. */
static int profile_for(const char *path, const char **out, struct ponder_err *err)
{
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    *out = gguf_find(file, "ponder.prompt.template") ? "pocket-judge" : "judge";
    gguf_release(file);
    return PONDER_OK;
}

static int open_judge(struct verifier *v, const char *argument, const struct verifier_options *options,
                      struct ponder_err *err)
{
    const char *fallback = NULL;
    int status = profile_for(argument, &fallback, err);
    if (!status)
        status = model_open(v, argument, options, fallback, err);
    if (status == PONDER_E_ARGUMENT && !options->profile)
        err_prefix(err, status, "judge:%s, which needs a --verifier-profile with words it has", argument);
    return status;
}

const struct verifier_ops verifier_judge = {
    .name = "judge",
    .summary = "any model, asked whether the solution is right: its probability of yes",
    .argument = "FILE",
    .needs_argument = true,
    .takes_profile = true,
    .outcome = true,
    .open = open_judge,
    .release = model_release,
    .score = model_score,
    .forget = model_forget,
    .reading = model_reading,
    .flops = model_flops,
};
