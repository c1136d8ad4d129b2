#include "verifier/probe.h"

#include <string.h>

#include "core/clock.h"
#include "core/err.h"

enum { STEPS_MAX = 64 };
static const double difference_min = 0.05;

static int complain(const struct verifier *v, double right, double wrong, struct ponder_err *err)
{
    const char *why = right - wrong <= -difference_min
                          ? "it is inverted: its good and its bad token may be swapped"
                          : "it is flat: its template, its tag or its tokens may be another model's";
    return err_set(err, PONDER_E_ARGUMENT,
                   "the verifier %s gives the right solution of its probe %.3f and the wrong one %.3f; %s",
                   v->ops->name, right, wrong, why);
}

/* Scores the items of one case, and keeps the cost. */
static int probe_score(struct verifier *v, struct verifier_case *asked, struct verifier_item *items,
                       int64_t count, const struct verifier_options *options, struct ponder_err *err)
{
    double began_s = clock_now_s(&clock_system);
    if (options->probe_tokens_max > 0)
        asked->tokens_left = options->probe_tokens_max;
    if (options->probe_flops_max > 0)
        asked->flops_left = options->probe_flops_max;
    int status = verifier_score(v, items, count, NULL, err);
    v->probed = asked->cost;
    v->probed.seconds = clock_now_s(&clock_system) - began_s;
    verifier_forget(v, asked);
    return status ? err_prefix(err, status, "the verifier's probe") : PONDER_OK;
}

static struct verifier_item item_of(struct verifier_case *asked, const char *text, float *scores)
{
    return (struct verifier_item){.of = asked,
                                  .text = text,
                                  .len = strlen(text),
                                  .ended = true,
                                  .scores = scores,
                                  .scores_max = STEPS_MAX};
}

/* Whether it works at all; what it says does not matter. */
static int try_once(struct verifier *v, const struct verifier_options *options, struct ponder_err *err)
{
    float scores[STEPS_MAX];
    struct verifier_case asked = verifier_case_of("What is 2 + 3?", NULL);
    struct verifier_item item = item_of(&asked, "2 + 3 = 5.", scores);
    return probe_score(v, &asked, &item, 1, options, err);
}

int probe_check(struct verifier *v, const struct verifier_options *options, struct ponder_err *err)
{
    const struct verifier_probe *probe = v->profile ? &v->profile->probe : NULL;
    if (!probe || !*probe->question)
        return v->ops->trial ? try_once(v, options, err) : PONDER_OK;
    float scores[2][STEPS_MAX];
    struct verifier_case asked = verifier_case_of(probe->question, NULL);
    struct verifier_item items[2] = {item_of(&asked, probe->right, scores[0]),
                                     item_of(&asked, probe->wrong, scores[1])};
    int status = probe_score(v, &asked, items, 2, options, err);
    if (status)
        return status;
    if (!items[0].count || !items[1].count)
        return options->probe_tokens_max > 0 || options->probe_flops_max > 0
                   ? PONDER_OK
                   : err_set(err, PONDER_E_ARGUMENT,
                             "the verifier's probe has no score: it is longer than the context");
    double right = verifier_aggregate(v->aggregate, scores[0], items[0].count),
           wrong = verifier_aggregate(v->aggregate, scores[1], items[1].count);
    return right - wrong >= difference_min ? PONDER_OK : complain(v, right, wrong, err);
}
