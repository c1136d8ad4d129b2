/* pocket_judge.h - one line of a solution while it is being read, for the files that judge lines. */
#ifndef TASK_POCKET_JUDGE_H
#define TASK_POCKET_JUDGE_H

#include "task/pocket_check.h"

static const char *const reason_untrue = "this is not true";
static const char *const reason_foreign = "this does not come from the question";
static const char *const reason_unread = "this cannot be read";
static const char *const reason_misjudged = "the verdict is wrong";

struct judge {
    struct pocket_check *check;
    const char *p; /* how far the line was read; where the problem is once something is wrong */
    struct claim claim;
};

/* Goes past `text` or a number where the line goes on with it. */
bool judge_take(struct judge *j, const char *text);
bool judge_take_int(struct judge *j, int64_t *value);

/* These return NULL, or the reason why the line is wrong. */
/* Reads a claim that must relate at least two things and be true. */
const char *judge_true(struct judge *j);
const char *judge_end(struct judge *j); /* nothing may follow */
const char *judge_sum(struct judge *j, bool is_try);
const char *judge_order(struct judge *j, bool is_try);
const char *judge_parts(struct judge *j);
bool judge_part_solves(
    struct judge *j); /* whether "5b=2: b=7, ", which the line goes on with, is the solution */
const char *judge_try(struct judge *j); /* what stands behind "Try " */

/* Whether the line, which is wrong, gives a candidate up that is indeed no solution: a slip that decides
 * nothing. */
bool judge_harmless(const struct pocket_check *check, const char *line);

struct rational claim_last(const struct claim *claim);
/* The last number, before the modulus where there is one. */
int64_t claim_remainder(const struct claim *claim);
/* Whether the claim's numbers begin with these. */
bool claim_numbers_are(const struct claim *claim, const int64_t *wanted, int n);

#endif
