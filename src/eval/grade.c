#include "eval/grade.h"

#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "eval/stats.h"

int grade_ks(int64_t n, int64_t ks[PONDER_EVAL_KS_MAX])
{
    int count = 0;
    for (int64_t k = 1; k < n && count < PONDER_EVAL_KS_MAX - 1; k *= 4)
        ks[count++] = k;
    ks[count++] = n;
    return count;
}

static int extract(struct grade *out, const char *truth, const struct best_of_n_sample *samples)
{
    for (int64_t i = 0; i < out->n; i++) {
        int status = samples[i].text
                         ? answer_of_text(samples[i].text, samples[i].len, &out->answers[i], &out->keys[i])
                         : PONDER_OK;
        if (status)
            return status;
        out->correct[i] = out->keys[i] && strcmp(out->keys[i], truth) == 0;
        out->correct_count += out->correct[i];
        out->answered += out->keys[i] != NULL;
        out->tokens += samples[i].token_count;
    }
    return PONDER_OK;
}

static int measure(struct grade *out, const char *truth, const int64_t *ks, int k_count)
{
    out->pass_1 = (double)out->correct_count / (double)out->n;
    for (int i = 0; i < k_count; i++) {
        out->pass[i] = stats_pass_at_k(out->n, out->correct_count, ks[i]);
        out->maj[i] = stats_maj_at_k((const char *const *)out->keys, out->n, ks[i], truth);
        if (out->maj[i] < 0)
            return PONDER_E_MEMORY;
    }
    out->gain = out->maj[k_count - 1] - out->pass_1;
    return PONDER_OK;
}

int grade_samples(struct grade *out, const struct question *question, const struct best_of_n_sample *samples,
                  int64_t n, const int64_t *ks, int k_count)
{
    *out = (struct grade){.n = n};
    out->answers = calloc((size_t)n, sizeof *out->answers);
    out->keys = calloc((size_t)n, sizeof *out->keys);
    out->correct = calloc((size_t)n, sizeof *out->correct);
    size_t len = strlen(question->answer);
    struct buf truth = BUF_INIT(len + 1);
    int status = out->answers && out->keys && out->correct ? answer_normalise(question->answer, len, &truth)
                                                           : PONDER_E_MEMORY;
    if (!status)
        status = extract(out, buf_text(&truth), samples);
    if (!status)
        status = measure(out, buf_text(&truth), ks, k_count);
    buf_release(&truth);
    return status;
}

void grade_clear_samples(struct grade *grade)
{
    for (int64_t i = 0; grade->answers && grade->keys && i < grade->n; i++) {
        free(grade->answers[i]);
        free(grade->keys[i]);
    }
    free(grade->answers);
    free(grade->keys);
    free(grade->correct);
    grade->answers = grade->keys = NULL;
    grade->correct = NULL;
}

void grade_release(struct grade *grade)
{
    grade_clear_samples(grade);
    *grade = (struct grade){0};
}
