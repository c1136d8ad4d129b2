/* step_checker.c - Pocket's own checker as the judge of steps: it knows what is true, for experiments. */
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

static size_t line_length(const char *line)
{
    return strcspn(line, "\n");
}

/* Whether the line says the same as one before it. */
static bool said_before(const char *text, const char *line)
{
    size_t n = line_length(line);
    for (const char *p = text; p < line; p += line_length(p) + 1) {
        if (line_length(p) == n && memcmp(p, line, n) == 0)
            return true;
    }
    return false;
}

/* How many steps have settled something: all but candidates given up, and what was said before. */
static int settled(const char *text)
{
    int count = 0;
    for (const char *line = text; *line; line += line_length(line) + (line[line_length(line)] == '\n')) {
        size_t n = line_length(line);
        bool given_up = n > 4 && memcmp(line + n - 4, " No.", 4) == 0;
        count += !given_up && !said_before(text, line);
    }
    return count;
}

/* Of a solution on its way: one that has settled more is nearer to its end. */
static double worth(const char *text, const struct ponder_pocket_verdict *verdict)
{
    double near = 1 - 1.0 / (2 + settled(text));
    return verdict->first_wrong < 0 ? near : near / 2;
}

static int check_one(const struct step *step, struct step_score *out, struct ponder_err *err)
{
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
    bool lost = verdict.line_count && !verdict.line[verdict.line_count - 1].reachable;
    out->score = lost ? 0 : out->solved ? 1 : step->ended ? 0 : worth(step->text, &verdict);
    return PONDER_OK;
}

static int checker_score(void *data, const struct step *steps, int64_t count, struct step_score *out,
                         struct ponder_ledger *cost, struct ponder_err *err)
{
    (void)data;
    (void)cost;
    int status = PONDER_OK;
    for (int64_t i = 0; i < count && !status; i++)
        status = check_one(&steps[i], &out[i], err);
    return status;
}

const struct step_judge step_judge_checker = {
    .name = "checker",
    .summary = "Pocket's own checker: how much is settled, and whether all is lost",
    .accept = checker_accept,
    .score = checker_score,
};
