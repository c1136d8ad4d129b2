/* vote.c - no verifier: what was sampled most often counts. */
#include "verifier/verifier.h"

static int open_vote(struct verifier *v, const char *argument, const struct verifier_options *options,
                     struct ponder_err *err)
{
    (void)v;
    (void)argument;
    (void)options;
    (void)err;
    return PONDER_OK;
}

/* Nothing is said of anything: a step without a score is as good as any other. */
static int vote_score(struct verifier *v, struct verifier_item *items, int64_t count,
                      const struct deadline *deadline, struct ponder_err *err)
{
    (void)v;
    (void)items;
    (void)count;
    (void)deadline;
    (void)err;
    return PONDER_OK;
}

const struct verifier_ops verifier_vote = {
    .name = "vote",
    .summary = "none: what was sampled most often counts",
    .scoreless = true,
    .open = open_vote,
    .score = vote_score,
};
