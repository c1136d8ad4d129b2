/* oracle.c - a verifier that knows what is true, for experiments: it shows what a search would reach if its
 * verifier were perfect.
 *
 * Of a Pocket question it checks every step with the task's own checker: 0 where the answer can no longer be
 * reached, 1 for a whole solution with the right answer, and in between the more the more steps have settled
 * something. Of any other question it knows the right answer alone: 1 or 0 for a solution that has ended, a
 * half before. */
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "core/err.h"
#include "ponder/task.h"
#include "verifier/verifier.h"

static int open_oracle(struct verifier *v, const char *argument, const struct verifier_options *options,
                       struct ponder_err *err)
{
    (void)argument;
    (void)options;
    (void)err;
    v->aggregate = VERIFIER_LAST;
    return PONDER_OK;
}

static bool is_pocket(const struct verifier_case *question)
{
    struct ponder_pocket_verdict verdict;
    return ponder_pocket_check(question->problem, "", &verdict, NULL) == PONDER_OK;
}

static int accept(struct verifier *v, const struct verifier_case *question, struct ponder_err *err)
{
    (void)v;
    if (question->gold || is_pocket(question))
        return PONDER_OK;
    return err_set(err, PONDER_E_ARGUMENT,
                   "the oracle judges Pocket questions and those whose right answer is given, and this is "
                   "neither: %.80s",
                   question->problem);
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
static double oracle_worth(const char *text, const struct ponder_pocket_verdict *verdict)
{
    double near = 1 - 1.0 / (2 + settled(text));
    return verdict->first_wrong < 0 ? near : near / 2;
}

static int check_steps(struct verifier_item *item, struct ponder_err *err)
{
    struct ponder_pocket_verdict verdict;
    item->scores[0] = 0;
    item->count = 1;
    item->whole = true;
    if (strlen(item->text) != item->len)
        return PONDER_OK; /* a NUL byte is in no right line */
    int status = ponder_pocket_check(item->of->problem, item->text, &verdict, err);
    if (status == PONDER_E_LIMIT)
        return PONDER_OK; /* no right solution has so many lines */
    if (status)
        return status;
    item->solved = item->ended && verdict.answer_right;
    bool lost = verdict.line_count && !verdict.line[verdict.line_count - 1].reachable;
    item->scores[0] = (float)(lost           ? 0
                              : item->solved ? 1
                              : item->ended  ? 0
                                             : oracle_worth(item->text, &verdict));
    return PONDER_OK;
}

static int check_answer(struct verifier_item *item, struct ponder_err *err)
{
    const char *gold = item->of->gold;
    char *answer = NULL;
    if (item->ended && answer_of_text(item->text, item->len, ANSWER_ANY_SIGN, &answer))
        return err_memory(err, "an answer");
    item->solved = answer && answer_equal(gold, strlen(gold), answer, strlen(answer), NULL);
    item->scores[0] = item->solved ? 1 : item->ended ? 0 : 0.5f;
    item->count = 1;
    item->whole = true;
    free(answer);
    return PONDER_OK;
}

static int oracle_score(struct verifier *v, struct verifier_item *items, int64_t count,
                        const struct deadline *deadline, struct ponder_err *err)
{
    (void)v;
    int status = PONDER_OK;
    for (int64_t i = 0; i < count && !status && !deadline_passed(deadline); i++)
        status = is_pocket(items[i].of) ? check_steps(&items[i], err) : check_answer(&items[i], err);
    return status;
}

const struct verifier_ops verifier_oracle = {
    .name = "oracle",
    .summary = "knows the answer, and checks each step of a Pocket question: for experiments",
    .newest_only = true,
    .open = open_oracle,
    .accept = accept,
    .score = oracle_score,
};
