#include "search/step_choose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"

static bool failed(const struct engine_result *result)
{
    return result->finish == ENGINE_FINISH_FAILED;
}

/* The solution with the result behind it; the text is the caller's to free. */
static int fill_step(struct step *out, const char *problem, const struct buf *kept,
                     const struct engine_result *result)
{
    struct buf text = BUF_INIT(2u * STEP_TEXT_BYTES_MAX);
    buf_append(&text, buf_text(kept), kept->len);
    buf_append(&text, result->text, result->text_len);
    size_t len = text.len;
    char *taken = buf_ok(&text) ? buf_take(&text, NULL) : NULL;
    buf_release(&text);
    *out = (struct step){
        .problem = problem,
        .text = taken,
        .len = len,
        .ended = result->finish != ENGINE_FINISH_STOP,
        .logprob = result->token_count > 0 ? result->logprob / result->token_count : NAN,
    };
    return taken ? PONDER_OK : PONDER_E_MEMORY;
}

static bool same_step(const struct engine_result *a, const struct engine_result *b)
{
    return !failed(a) && a->finish == b->finish && a->text_len == b->text_len &&
           memcmp(a->text, b->text, a->text_len) == 0;
}

static int64_t times_sampled(const struct engine_result *results, int64_t count, int64_t index)
{
    int64_t times = 0;
    for (int64_t i = 0; i < count; i++)
        times += same_step(&results[i], &results[index]);
    return times;
}

/* Whether `index` is to be kept rather than `earlier`. */
static bool better(const struct step_score *scores, const struct engine_result *results, int64_t count,
                   int64_t index, int64_t earlier)
{
    const struct step_score *a = &scores[index], *b = &scores[earlier];
    if (a->score != b->score)
        return a->score > b->score;
    if (a->solved != b->solved)
        return a->solved;
    return times_sampled(results, count, index) > times_sampled(results, count, earlier);
}

/* The candidates that did not fail, and the score of each in its place. */
static int score_all(const struct step_judge *judge, const char *problem, const struct buf *kept,
                     const struct engine_result *results, int64_t count, struct step_score *scores,
                     struct ponder_ledger *cost, struct ponder_err *err)
{
    struct step *steps = calloc((size_t)count, sizeof *steps);
    struct step_score *packed = calloc((size_t)count, sizeof *packed);
    int64_t n = 0;
    int status = steps && packed ? PONDER_OK : PONDER_E_MEMORY;
    for (int64_t i = 0; i < count && !status; i++)
        if (!failed(&results[i]))
            status = fill_step(&steps[n++], problem, kept, &results[i]);
    if (status)
        err_memory(err, "a solution");
    else if (n > 0)
        status = judge->score(judge->data, steps, n, packed, cost, err);
    for (int64_t i = 0, at = 0; i < count && !status; i++)
        if (!failed(&results[i]))
            scores[i] = packed[at++];
    for (int64_t i = 0; i < n; i++)
        free((char *)steps[i].text);
    free(steps);
    free(packed);
    return status;
}

int step_choose(const struct step_judge *judge, const char *problem, const struct buf *kept,
                const struct engine_result *results, int64_t count, int64_t *best, struct ponder_ledger *cost,
                struct ponder_err *err)
{
    *best = -1;
    struct step_score *scores = calloc((size_t)count, sizeof *scores);
    if (!scores)
        return err_memory(err, "scores");
    int status = score_all(judge, problem, kept, results, count, scores, cost, err);
    for (int64_t i = 0; i < count && !status; i++)
        if (!failed(&results[i]) && (*best < 0 || better(scores, results, count, i, *best)))
            *best = i;
    free(scores);
    return status;
}
