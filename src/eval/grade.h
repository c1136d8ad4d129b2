/* grade.h - the samples of one question, judged. */
#ifndef EVAL_GRADE_H
#define EVAL_GRADE_H

#include <stdbool.h>
#include <stdint.h>

#include "task/questions.h"
#include "answer/answer.h"
#include "ponder/eval.h"
#include "driver/best_of_n.h"

struct grade {
    char **answers; /* (n) as written; NULL: no answer */
    bool *correct;  /* (n) */
    int64_t *of;    /* (n) the cluster of each answer (clusters.h); -1: it has none */
    int64_t n;      /* 0: not graded */
    int64_t correct_count, answered, tokens;
    double pass_1, gain;
    double maj[PONDER_EVAL_KS_MAX], pass[PONDER_EVAL_KS_MAX]; /* at ks[i] */
};

/* Judges the n samples of `question`, whose answers are found by `mode`. Release `out` in any case. */
int grade_samples(struct grade *out, const struct question *question, const struct best_of_n_sample *samples,
                  enum answer_mode mode, int64_t n, const int64_t *ks, int k_count) PONDER_USE;
void grade_release(struct grade *grade);
/* Gives the arrays over samples back and keeps the figures. */
void grade_clear_samples(struct grade *grade);

/* 1, 4, 16 .. below n, and n itself. Returns how many. */
int grade_ks(int64_t n, int64_t ks[PONDER_EVAL_KS_MAX]);

#endif
