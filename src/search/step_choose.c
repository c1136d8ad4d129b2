#include "search/step_choose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"

static bool failed(const struct engine_result *result)
{
    return result->finish == ENGINE_FINISH_FAILED;
}

static int score_one(const struct step_judge *judge, const char *problem, const struct buf *kept,
                     const struct engine_result *result, struct step_score *out, struct ponder_err *err)
{
    struct buf text = BUF_INIT(2u * STEP_TEXT_BYTES_MAX);
    buf_append(&text, buf_text(kept), kept->len);
    buf_append(&text, result->text, result->text_len);
    struct step step = {
        .problem = problem,
        .text = buf_text(&text),
        .len = text.len,
        .ended = result->finish != ENGINE_FINISH_STOP,
        .logprob = result->token_count > 0 ? result->logprob / result->token_count : NAN,
    };
    int status = buf_ok(&text) ? judge->score(judge->data, &step, out, err) : err_memory(err, "a solution");
    buf_release(&text);
    return status;
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

int step_choose(const struct step_judge *judge, const char *problem, const struct buf *kept,
                const struct engine_result *results, int64_t count, int64_t *best, struct ponder_err *err)
{
    *best = -1;
    struct step_score *scores = calloc((size_t)count, sizeof *scores);
    if (!scores)
        return err_memory(err, "scores");
    int status = PONDER_OK;
    for (int64_t i = 0; i < count && !status; i++) {
        if (failed(&results[i]))
            continue;
        status = score_one(judge, problem, kept, &results[i], &scores[i], err);
        if (!status && (*best < 0 || better(scores, results, count, i, *best)))
            *best = i;
    }
    free(scores);
    return status;
}
