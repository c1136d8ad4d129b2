#include "select/tally.h"

#include "core/array.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "select/clusters.h"
#include "select/sample_answer.h"

void tally_release(struct tally *tally)
{
    for (int64_t i = 0; i < tally->count; i++)
        free(tally->answers[i].answer);
    free(tally->answers);
    *tally = (struct tally){0};
}

static int64_t tally_find(struct tally *tally, const char *answer)
{
    size_t len = strlen(answer);
    for (int64_t i = 0; i < tally->count; i++) {
        const char *other = tally->answers[i].answer;
        bool same = strcmp(other, answer) == 0;
        if (!same && tally->comparisons < CLUSTERS_COMPARISONS_MAX) {
            tally->comparisons++;
            same = answer_equal(other, strlen(other), answer, len, NULL);
        }
        if (same)
            return i;
    }
    return tally->count;
}

int tally_add(struct tally *tally, const char *text, size_t len, enum answer_mode mode, double weight,
              int64_t *out)
{
    char *answer = NULL;
    int status = sample_answer(text, len, mode, &answer);
    *out = -1;
    if (status || !answer)
        return status;
    int64_t at = tally_find(tally, answer);
    if (at == tally->count &&
        array_reserve(&tally->answers, sizeof *tally->answers, &tally->cap, tally->count + 1, INT32_MAX)) {
        free(answer);
        return PONDER_E_MEMORY;
    }
    if (at == tally->count)
        tally->answers[tally->count++] = (struct tally_answer){.answer = answer};
    else
        free(answer);
    tally->answers[at].count++;
    tally->answers[at].weight += isnan(weight) ? 0 : weight;
    *out = at;
    return PONDER_OK;
}

int64_t tally_leader(const struct tally *tally)
{
    int64_t leader = -1;
    for (int64_t i = 0; i < tally->count; i++) {
        const struct tally_answer *a = &tally->answers[i], *b = leader < 0 ? NULL : &tally->answers[leader];
        if (!b || a->weight > b->weight || (!(a->weight < b->weight) && a->count > b->count))
            leader = i;
    }
    return leader;
}
