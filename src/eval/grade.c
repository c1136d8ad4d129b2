#include "eval/grade.h"

#include <stdlib.h>

#include "stats/stats.h"
#include "select/classes.h"
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

static int measure(struct grade *out, const struct classes *classes, const int64_t *ks, int k_count)
{
    for (int64_t i = 0; i < out->n; i++)
        out->correct[i] = classes_is_right(classes, i);
    out->answered = classes_answered_count(classes);
    out->correct_count = classes_right_count(classes);
    out->pass_1 = (double)out->correct_count / (double)out->n;
    for (int i = 0; i < k_count; i++) {
        out->pass[i] = stats_pass_at_k(out->n, out->correct_count, ks[i]);
        out->maj[i] = stats_maj_at_k(classes, ks[i]);
        if (out->maj[i] < 0)
            return PONDER_E_MEMORY;
    }
    out->gain = out->maj[k_count - 1] - out->pass_1;
    return PONDER_OK;
}

int grade_samples(struct grade *out, const struct question *question, const struct best_of_n_sample *samples,
                  enum answer_mode mode, int64_t n, const int64_t *ks, int k_count)
{
    struct classes classes = {0};
    *out = (struct grade){.n = n};
    out->answers = calloc((size_t)n, sizeof *out->answers);
    out->correct = calloc((size_t)n, sizeof *out->correct);
    int status = out->answers && out->correct ? extract(out, samples, mode) : PONDER_E_MEMORY;
    if (!status)
        status = classes_fill(&classes, (const char *const *)out->answers, n, question->answer);
    if (!status)
        status = measure(out, &classes, ks, k_count);
    out->of = classes.of; /* taken */
    classes.of = NULL;
    classes_release(&classes);
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
