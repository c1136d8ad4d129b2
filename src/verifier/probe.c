#include "verifier/probe.h"

#include <string.h>

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

int probe_check(struct verifier *v, struct ponder_err *err)
{
    const struct verifier_probe *probe = v->profile ? &v->profile->probe : NULL;
    if (!probe || !*probe->question)
        return PONDER_OK;
    struct verifier_case asked = verifier_case_of(probe->question, NULL);
    float scores[2][STEPS_MAX];
    struct verifier_item items[2];
    for (int i = 0; i < 2; i++) {
        const char *text = i ? probe->wrong : probe->right;
        items[i] = (struct verifier_item){.of = &asked,
                                          .text = text,
                                          .len = strlen(text),
                                          .ended = true,
                                          .scores = scores[i],
                                          .scores_max = STEPS_MAX};
    }
    int status = verifier_score(v, items, 2, NULL, err);
    v->probed = asked.cost;
    verifier_forget(v, &asked);
    if (status)
        return err_prefix(err, status, "the verifier's probe");
    if (!items[0].count || !items[1].count)
        return err_set(err, PONDER_E_ARGUMENT,
                       "the verifier's probe has no score: it is longer than the context");
    double right = verifier_aggregate(v->aggregate, scores[0], items[0].count),
           wrong = verifier_aggregate(v->aggregate, scores[1], items[1].count);
    return right - wrong >= difference_min ? PONDER_OK : complain(v, right, wrong, err);
}
