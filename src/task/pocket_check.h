/* pocket_check.h - what the files of the checker share.
 *
 * The checker takes a problem's holes, works the answer out by the bluntest means there are (trying every
 * candidate, every route, every order), and then reads the solution line by line. */
#ifndef TASK_POCKET_CHECK_H
#define TASK_POCKET_CHECK_H

#include "task/pocket.h"
#include "task/pocket_claim.h"

enum { CHECK_WAY_MAX = 128, CHECK_LIST_MAX = 12, CHECK_PLACES = 8, CHECK_PARTS_MAX = 9 };

struct pocket_check {
    int family;
    char hole[POCKET_HOLES_MAX][POCKET_HOLE_BYTES];
    int64_t n[POCKET_HOLES_MAX];  /* the holes that are integers */
    int64_t list[CHECK_LIST_MAX]; /* the numbers in hole 0, in order, where that is a list */
    int lists;
    char right[64];        /* the answer */
    int64_t answer;        /* the answer where it is an integer */
    struct rational value; /* what every line must be worth, where lines carry one value along */
    struct rational
        way[CHECK_WAY_MAX]; /* results that belong to a right solution, where those can be listed */
    int ways;
    int64_t known[CHECK_WAY_MAX]; /* results of the lines so far, for families whose lines lean on them */
    int knowns;
    int lines; /* judged so far */
    int64_t road[CHECK_PLACES][CHECK_PLACES];
    int64_t polynomial[8]; /* coefficients, low first */
    int64_t part[CHECK_PARTS_MAX][4], part_right[CHECK_PARTS_MAX];
    char part_text[CHECK_PARTS_MAX][40];
    int parts; /* of questions of several parts: their numbers, and what each letter stands for */
};

/* Fills everything that follows from the problem. False where the holes make no such question. */
bool pocket_check_solve(struct pocket_check *check);
/* The same for the families whose answer is found by trying candidates. */
bool pocket_check_search(struct pocket_check *check);

/* Questions of several parts: whether the family is one, and its solution as pocket_check_solve(). */
bool check_parts_is(int family);
bool check_parts(struct pocket_check *check);

void check_way(struct pocket_check *check, struct rational value);
void check_answer(struct pocket_check *check, struct rational value);
int64_t check_remainder(int64_t a, int64_t m);
/* Whether a candidate solves the question: an integer, for families that try integers. */
bool check_candidate(const struct pocket_check *check, int64_t candidate);
/* Whether the people in `order` (letters, first to last) stand as the clue or all clues in `text` say. A clue
 * that cannot be read does not hold. */
bool check_clue(const char *order, const char *clue, size_t len);
bool check_clues(const char *order, const char *clues);
/* Whether a rule of POCKET_NEXT holds for the terms. */
bool check_rule(const struct pocket_check *check, const char *rule, size_t len);

/* NULL where the line (no newline; `end` behind it) is right; else why it is wrong, *at is where, and
 * *harmless says whether it commits the solution to nothing false. */
const char *pocket_check_line(struct pocket_check *check, const char *line, const char *end, const char **at,
                              bool *harmless);

#endif
