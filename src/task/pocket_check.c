/* pocket_check.c - judges a whole solution: finds the question's family, works its answer out, and goes
 * through the lines to the boxed answer. */
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "task/pocket_check.h"

enum { PROBLEM_DIGITS_MAX = 6, LINE_DIGITS_MAX = 9 };

static const char answer_opens[] = "The answer is \\boxed{";

/* The reason why the answer's line is wrong, or NULL. */
static const char *judge_answer(const struct pocket_check *check, const char *line, const char *end,
                                const char **at)
{
    const char *given = line + sizeof answer_opens - 1, *close = memchr(given, '}', (size_t)(end - given));
    *at = given;
    if (!close || end - close != 2 || close[1] != '.')
        return "the box is not closed";
    size_t n = (size_t)(close - given);
    return n == strlen(check->right) && memcmp(given, check->right, n) == 0 ? NULL : "this is not the answer";
}

/* Whether some number has more than `most` digits: with none of those, nothing in the checker can overflow.
 */
static bool too_large(const char *text, size_t n, int most)
{
    int digits = 0;
    for (size_t i = 0; i < n; i++) {
        digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
        if (digits > most)
            return true;
    }
    return false;
}

static bool answer_line_is(const char *line, const char *end)
{
    size_t n = sizeof answer_opens - 1;
    return (size_t)(end - line) >= n && memcmp(line, answer_opens, n) == 0;
}

int ponder_pocket_check(const char *problem, const char *solution, struct ponder_pocket_verdict *verdict,
                        struct ponder_err *err)
{
    struct pocket_check check;
    memset(&check, 0, sizeof check);
    memset(verdict, 0, sizeof *verdict);
    verdict->first_wrong = -1;
    if (too_large(problem, strlen(problem), PROBLEM_DIGITS_MAX) ||
        !pocket_wording_match(problem, &check.family, check.hole) || !pocket_check_solve(&check))
        return err_set(err, PONDER_E_NOT_FOUND, "pocket: this is no Pocket question: %.80s", problem);
    snprintf(verdict->answer, sizeof verdict->answer, "%s", check.right);
    verdict->kind = pocket_families[check.family].name;

    bool answered = false, reachable = true;
    for (const char *line = solution; *line;) {
        const char *end = line + strcspn(line, "\n"), *at = line, *reason;
        bool harmless = false;
        if (verdict->line_count == PONDER_POCKET_LINES_MAX)
            return err_set(err, PONDER_E_LIMIT, "pocket: a solution has more than %d lines",
                           PONDER_POCKET_LINES_MAX);
        if (answered) {
            reason = "nothing belongs behind the answer";
        } else if (answer_line_is(line, end)) {
            answered = true;
            reason = judge_answer(&check, line, end, &at);
            verdict->answer_right = !reason;
        } else if (too_large(line, (size_t)(end - line), LINE_DIGITS_MAX)) {
            reason = "a number here is too large";
        } else {
            reason = pocket_check_line(&check, line, end, &at, &harmless);
        }
        if (reason && verdict->first_wrong < 0)
            verdict->first_wrong = verdict->line_count;
        reachable &= !reason || harmless;
        verdict->line[verdict->line_count++] =
            (struct ponder_pocket_line){.right = !reason,
                                        .reachable = reachable,
                                        .offset = (size_t)((reason ? at : line) - solution),
                                        .reason = reason ? reason : ""};
        line = end + (*end == '\n');
    }
    return 0;
}
