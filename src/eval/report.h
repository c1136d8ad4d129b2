/* report.h - from the grades of the questions to groups with intervals. */
#ifndef EVAL_REPORT_H
#define EVAL_REPORT_H

#include <jansson.h>

#include "eval/grade.h"
#include "task/questions.h"
#include "ponder/eval.h"

/* Fills eval->groups from questions[kept[i]] and grades[kept[i]], i < count: all, then by level, by subject,
 * and by quintile of ease[question], the largest first; NULL: of pass@1. eval->ks is filled already. */
int report_groups(struct ponder_eval *eval, const struct questions *questions, const struct grade *grades,
                  const int64_t *kept, int64_t count, const double *ease) PONDER_USE;

/* What every evaluation begins with: "accuracy", "accuracy_ci95", "n_questions", "kind", "data", "run",
 * "asked", "seeds", "done", "resumed", "failed", "settings", "ledger" and "spent". */
struct report_head {
    const struct ponder_interval *accuracy;
    enum ponder_run_kind kind;
    const char *data, *settings;
    int64_t run, questions, asked, seeds, done, resumed, failed;
    const struct ponder_ledger *ledger, *spent;
};
/* The head and behind it the fields of `more`, which is taken over, as one line freed by the caller. */
int report_print(const struct report_head *head, json_t *more, char **json,
                 struct ponder_err *err) PONDER_USE;

/* {"value", "low", "high"}; NULL: out of memory. */
json_t *report_interval_json(const struct ponder_interval *interval);

#endif
