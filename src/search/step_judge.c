#include "search/step_judge.h"

#include <string.h>

#include "core/err.h"
#include "ponder/task.h"

static int checker_accept(void *data, const char *problem, struct ponder_err *err)
{
    (void)data;
    struct ponder_pocket_verdict verdict;
    if (ponder_pocket_check(problem, "", &verdict, NULL))
        return err_set(err, PONDER_E_ARGUMENT, "the checker judges Pocket questions, and this is none: %.80s",
                       problem);
    return PONDER_OK;
}

static int checker_score(void *data, const struct step *step, struct step_score *out, struct ponder_err *err)
{
    (void)data;
    struct ponder_pocket_verdict verdict;
    *out = (struct step_score){0};
    if (strlen(step->text) != step->len)
        return PONDER_OK; /* a NUL byte is in no right line */
    int status = ponder_pocket_check(step->problem, step->text, &verdict, err);
    if (status == PONDER_E_LIMIT)
        return PONDER_OK; /* no right solution has so many lines */
    if (status)
        return status;
    out->solved = step->ended && verdict.answer_right;
    out->score = verdict.first_wrong < 0 && (!step->ended || out->solved);
    return PONDER_OK;
}

const struct step_judge step_judge_checker = {
    .name = "checker",
    .summary = "Pocket's own checker: whether every line is right",
    .accept = checker_accept,
    .score = checker_score,
};

const struct step_judge *step_judge_find(const char *name)
{
    return strcmp(name, step_judge_checker.name) == 0 ? &step_judge_checker : NULL;
}
