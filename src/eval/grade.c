#include "eval/grade.h"

#include <stdlib.h>

#include "stats/stats.h"
#include "select/clusters.h"
#include "select/sample_answer.h"

int grade_ks(int64_t n, int64_t ks[PONDER_EVAL_KS_MAX])
{
    int count = 0;
    for (int64_t k = 1; k < n && count < PONDER_EVAL_KS_MAX - 1; k *= 4)
        ks[count++] = k;
    ks[count++] = n;
    return count;
}

static int extract(struct grade *out, const struct best_of_n_sample *samples, enum answer_mode mode)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < out->n && !status; i++) {
        enum answer_mode how = answer_mode_of(mode, samples[i].finish == ENGINE_FINISH_END);
        if (samples[i].text)
            status = sample_answer(samples[i].text, samples[i].len, how, &out->answers[i]);
        out->tokens += samples[i].token_count;
    }
    return status;
}

static int grade_measure(struct grade *out, const struct clusters *clusters, const int64_t *ks, int k_count)
{
    for (int64_t i = 0; i < out->n; i++)
        out->correct[i] = clusters_is_right(clusters, i);
    out->answered = clusters_answered_count(clusters);
    out->correct_count = clusters_right_count(clusters);
    out->pass_1 = (double)out->correct_count / (double)out->n;
    for (int i = 0; i < k_count; i++) {
        out->pass[i] = stats_pass_at_k(out->n, out->correct_count, ks[i]);
        out->maj[i] = stats_maj_at_k(clusters, ks[i]);
        if (out->maj[i] < 0)
            return PONDER_E_MEMORY;
    }
    out->gain = out->maj[k_count - 1] - out->pass_1;
    return PONDER_OK;
}

int grade_samples(struct grade *out, const struct question *question, const struct best_of_n_sample *samples,
                  enum answer_mode mode, int64_t n, const int64_t *ks, int k_count)
{
    struct clusters clusters = {0};
    *out = (struct grade){.n = n};
    out->answers = calloc((size_t)n, sizeof *out->answers);
    out->correct = calloc((size_t)n, sizeof *out->correct);
    int status = out->answers && out->correct ? extract(out, samples, mode) : PONDER_E_MEMORY;
    if (!status)
        status = clusters_fill(&clusters, (const char *const *)out->answers, n, question->answer);
    if (!status)
        status = grade_measure(out, &clusters, ks, k_count);
    out->of = clusters.of; /* taken */
    clusters.of = NULL;
    clusters_release(&clusters);
    return status;
}

void grade_clear_samples(struct grade *grade)
{
    for (int64_t i = 0; grade->answers && i < grade->n; i++)
        free(grade->answers[i]);
    free(grade->answers);
    free(grade->correct);
    free(grade->of);
    grade->of = NULL;
    grade->answers = NULL;
    grade->correct = NULL;
}

void grade_release(struct grade *grade)
{
    grade_clear_samples(grade);
    *grade = (struct grade){0};
}
