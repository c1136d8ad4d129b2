/* judge.h - from scored solutions to the figures of a verifier. */
#ifndef VERIFY_JUDGE_H
#define VERIFY_JUDGE_H

#include "ponder/verify.h"
#include "task/labelled.h"
#include "verifier/profile.h"

/* Probability that a right sample has the higher value than a wrong one, equals counting half: the area under
 * the ROC curve, by ranks. NAN where one kind is absent. Sorts nothing of the caller's. Negative: out of
 * memory. */
double judge_auroc(const double *values, const bool *right, int64_t n);

/* The step at which the score drops most from the one before (the first from 1); the first of equals. -1 of
 * none. */
int judge_largest_drop(const float *scores, int n);

/* Reads the file of scored samples and fills `score`. */
int judge_report(const char *path, enum verifier_aggregate how, struct ponder_score *score,
                 struct ponder_err *err) PONDER_USE;

#endif
