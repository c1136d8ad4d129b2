/* surprise.c - how much the questions of a set surprise a model. */
#include <math.h>
#include <stdlib.h>

#include "core/err.h"
#include "model/ponder_model.h"
#include "ponder/eval.h"
#include "task/questions.h"

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure_all(struct ponder_model *model, const struct questions *set, double *nats,
                       struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < set->count && !status; i++)
        status = ponder_model_surprise(model, set->items[i].problem, &nats[i], err);
    if (!status)
        qsort(nats, (size_t)set->count, sizeof *nats, compare_doubles);
    return status;
}

int ponder_surprise_of_set(struct ponder_model *model, const char *data, struct ponder_surprise *out,
                           struct ponder_err *err)
{
    struct questions set;
    struct questions_source source = {.data = data};
    *out = (struct ponder_surprise){0};
    int status = questions_open(&set, &source, err);
    double *nats = status ? NULL : calloc((size_t)set.count + 1, sizeof *nats);
    if (!status && !nats)
        status = err_memory(err, "the questions");
    if (!status && set.count > 0)
        status = measure_all(model, &set, nats, err);
    if (!status && set.count > 0) {
        *out = (struct ponder_surprise){.questions = set.count,
                                        .least = nats[0],
                                        .median = nats[set.count / 2],
                                        .most = nats[set.count - 1]};
        for (int64_t i = 0; i < set.count; i++)
            out->above += nats[i] > model->surprise_most;
    }
    free(nats);
    questions_release(&set);
    return status;
}
