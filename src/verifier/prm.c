/* prm.c - a process reward model: the probability, behind each step, that the right answer can still be
 * reached. */
#include <stdlib.h>

#include "core/err.h"
#include "lm/ponder_model.h"
#include "verifier/scorer.h"
#include "verifier/verifier.h"

static int open_prm(struct verifier *v, const char *argument, const struct ponder_sampling *sampling,
                    struct ponder_err *err)
{
    struct scorer_options options = {.threads = (int)sampling->threads, .exact = sampling->exact};
    struct scorer *scorer = NULL;
    char *shipped = NULL;
    int status = precision_parse(sampling->precision, &options.precision, err);
    if (!status && !argument)
        status = ponder_verifier_find(&shipped, err);
    if (!status)
        status = scorer_open(&scorer, argument ? argument : shipped, &options, err);
    free(shipped);
    v->data = scorer;
    if (!status) {
        v->aggregate = scorer_profile(scorer)->aggregate;
        v->hash = scorer_hash(scorer);
    }
    return status;
}

static void release(struct verifier *v)
{
    scorer_release(v->data);
}

static int score(struct verifier *v, struct verifier_item *items, int64_t count,
                 const struct deadline *deadline, struct ponder_err *err)
{
    return scorer_run(v->data, items, count, deadline, err);
}

static void forget(struct verifier *v, struct verifier_case *question)
{
    scorer_forget(v->data, question);
}

const struct verifier_ops verifier_prm = {
    .name = "prm",
    .summary = "a model's probability, behind each step, that the answer can still be reached",
    .argument = "FILE",
    .open = open_prm,
    .release = release,
    .score = score,
    .forget = forget,
};
