/* pocket.h - how the files of the Pocket generator and its checker fit together.
 *
 * A question is a *family* (what kind of question), a wording of it, and a few *holes*: the texts that stand
 * in the wording's {0}, {1}, ... The table of families and wordings (pocket_families.c) is all that generator
 * and checker share. The generator draws the holes and writes a solution (pocket_gen_*.c); the checker takes
 * the holes back out of the question's text and works on them with arithmetic of its own (pocket_check*.c).
 */
#ifndef TASK_POCKET_H
#define TASK_POCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rng.h"
#include "ponder/task.h"

enum {
    POCKET_HOLES_MAX = 6,
    POCKET_HOLE_BYTES = 160, /* a hole's text with its NUL */
    POCKET_PROBLEM_BYTES = PONDER_POCKET_PROBLEM_BYTES,
    POCKET_SOLUTION_BYTES = PONDER_POCKET_SOLUTION_BYTES,
    POCKET_ANSWER_BYTES = 32,
    POCKET_WORDINGS_MAX = 4,
    POCKET_PARTS_MAX = 9,
    POCKET_SUBJECTS = PONDER_POCKET_SUBJECTS,
    POCKET_LEVELS = PONDER_POCKET_LEVELS,
};

/* X(name): every kind of question there is, by subject. */
#define POCKET_FAMILY_LIST(X)                                                                                \
    X(EXPRESSION)                                                                                            \
    X(TAKE_AWAY)                                                                                             \
    X(TWO_KINDS)                                                                                             \
    X(SHARE)                                                                                                 \
    X(PAIR)                                                                                                  \
    X(TRIPLE)                                                                                                \
    X(SIGNS)                                                                                                 \
    X(EQUATION)                                                                                              \
    X(THINK)                                                                                                 \
    X(DIOPHANTINE)                                                                                           \
    X(COINS)                                                                                                 \
    X(FRACTION_SUM)                                                                                          \
    X(REDUCE)                                                                                                \
    X(LARGEST_FRACTION)                                                                                      \
    X(ADD_BOTH)                                                                                              \
    X(PART)                                                                                                  \
    X(GCD)                                                                                                   \
    X(INVERSE)                                                                                               \
    X(TWO_REMAINDERS)                                                                                        \
    X(POWER)                                                                                                 \
    X(REMAINDER)                                                                                             \
    X(TWO_PRIMES)                                                                                            \
    X(COMMITTEE)                                                                                             \
    X(OUTFITS)                                                                                               \
    X(COUNT_PAIRS)                                                                                           \
    X(ROUTE)                                                                                                 \
    X(ORDER)                                                                                                 \
    X(BAG)                                                                                                   \
    X(BAG_TWO)                                                                                               \
    X(TERM)                                                                                                  \
    X(SERIES)                                                                                                \
    X(NEXT)                                                                                                  \
    X(STEPS)                                                                                                 \
    X(BACKWARDS)                                                                                             \
    X(EVALUATE)                                                                                              \
    X(QUADRATIC)                                                                                             \
    X(CUBIC)                                                                                                 \
    X(COEFFICIENT)                                                                                           \
    X(PRODUCTS)                                                                                              \
    X(MIXES)                                                                                                 \
    X(DIVISORS)                                                                                              \
    X(INVERSES)                                                                                              \
    X(HANDSHAKES)                                                                                            \
    X(MACHINE)                                                                                               \
    X(ROOTS)

enum pocket_family {
#define X(name) POCKET_##name,
    POCKET_FAMILY_LIST(X)
#undef X
        POCKET_FAMILIES
};

/* How one part of a question of several is written: the same pen writes the same lines again. */
struct pocket_pen {
    uint64_t seed;
    bool careless; /* takes the tempting number for the right one, or slips, now and then */
};

/* One question on its way to an item. */
struct pocket_draft {
    struct rng *rng;
    int level;      /* 1 to POCKET_LEVELS */
    bool practises; /* a question of several parts may have fewer than the level says */
    bool wrong;     /* make one wrong choice; only where the family can */
    struct pocket_pen pen[POCKET_PARTS_MAX]; /* of families with `own_care` */
    char hole[POCKET_HOLES_MAX][POCKET_HOLE_BYTES];
    char solution[POCKET_SOLUTION_BYTES]; /* lines, each with its newline, without the answer's line */
    size_t solution_len;
    char answer[POCKET_ANSWER_BYTES];
};

struct pocket_family_info {
    const char *name; /* lower case, for ids and tables */
    int subject;
    bool own_care;             /* has several choices, each with its own chance to be wrong */
    int weight[POCKET_LEVELS]; /* how often, among the families of its subject at that level; 0: never */
    void (*generate)(struct pocket_draft *draft);
    const char *wording[POCKET_WORDINGS_MAX]; /* NULL after the last; {0} to {5} are holes */
};

extern const struct pocket_family_info pocket_families[POCKET_FAMILIES];
extern const char *const pocket_subjects[POCKET_SUBJECTS];

/* Writes the wording with its holes filled. Returns the length, or 0 where `size` is too small. */
size_t pocket_wording_fill(char *out, size_t size, const char *wording, const char hole[][POCKET_HOLE_BYTES]);
/* Finds the family and wording of a problem and takes its holes out. False where no wording fits. */
bool pocket_wording_match(const char *problem, int *family, char hole[][POCKET_HOLE_BYTES]);
/* The hash that decides between test and train: of the family's first wording filled with these holes, so
 * that the same question in other words falls on the same side. */
uint64_t pocket_question_hash(int family, const char hole[][POCKET_HOLE_BYTES]);

/* ---- for the generators ---- */

int draft_range(struct pocket_draft *draft, int low, int high);
bool draft_chance(struct pocket_draft *draft, int percent);
/* The entry for this level out of five. */
int draft_by_level(const struct pocket_draft *draft, int a, int b, int c, int d, int e);
void draft_hole(struct pocket_draft *draft, int index, const char *format, ...) PONDER_PRINTF(3, 4);
/* Adds text to the solution; draft_line ends the line. What does not fit makes the draft fail. */
void draft_put(struct pocket_draft *draft, const char *format, ...) PONDER_PRINTF(2, 3);
void draft_line(struct pocket_draft *draft, const char *format, ...) PONDER_PRINTF(2, 3);
void draft_answer(struct pocket_draft *draft, const char *format, ...) PONDER_PRINTF(2, 3);
/* `n` different numbers of [low, high] in random order. */
void draft_distinct(struct pocket_draft *draft, int n, int low, int high, int *out);
void draft_shuffle(struct pocket_draft *draft, int *items, int n);
/* Whether this solution states the choice straight away, without trying others first. */
bool draft_guesses(struct pocket_draft *draft);
/* How many failing tries come before the right one, 0 to `most`. */
int draft_fails(struct pocket_draft *draft, int most);
/* The candidates of [low, high] to try, at most `most` + 1, the right one last: now and then in order from
 * `low`, else at random. Returns their count. */
int draft_tries(struct pocket_draft *draft, int low, int high, int right, int most, int *out);
/* The choice a guess states: the right one, or another of [low, high] where the draft is to be wrong. */
int draft_choice(struct pocket_draft *draft, int low, int high, int right);

struct number_text {
    char s[16];
};
/* "7", and "(-7)" for what follows an operator. */
struct number_text number_factor(int value);

/* a linear text "3x-4", "x", "-5" */
struct poly_text {
    char s[96];
};
/* The polynomial with coefficient[i] before x^i, highest first: "x^2-5x+6". */
struct poly_text poly_print(const int *coefficient, int degree);

int int_gcd(int a, int b);

#define POCKET_GENERATOR(name) void pocket_generate_##name(struct pocket_draft *draft);
POCKET_GENERATOR(expression)
POCKET_GENERATOR(take_away)
POCKET_GENERATOR(two_kinds)
POCKET_GENERATOR(share)
POCKET_GENERATOR(pair)
POCKET_GENERATOR(triple)
POCKET_GENERATOR(signs)
POCKET_GENERATOR(equation)
POCKET_GENERATOR(think)
POCKET_GENERATOR(diophantine)
POCKET_GENERATOR(coins)
POCKET_GENERATOR(fraction_sum)
POCKET_GENERATOR(reduce)
POCKET_GENERATOR(largest_fraction)
POCKET_GENERATOR(add_both)
POCKET_GENERATOR(part)
POCKET_GENERATOR(gcd)
POCKET_GENERATOR(inverse)
POCKET_GENERATOR(two_remainders)
POCKET_GENERATOR(power)
POCKET_GENERATOR(remainder)
POCKET_GENERATOR(two_primes)
POCKET_GENERATOR(committee)
POCKET_GENERATOR(outfits)
POCKET_GENERATOR(count_pairs)
POCKET_GENERATOR(route)
POCKET_GENERATOR(order)
POCKET_GENERATOR(bag)
POCKET_GENERATOR(bag_two)
POCKET_GENERATOR(term)
POCKET_GENERATOR(series)
POCKET_GENERATOR(next)
POCKET_GENERATOR(steps)
POCKET_GENERATOR(backwards)
POCKET_GENERATOR(evaluate)
POCKET_GENERATOR(quadratic)
POCKET_GENERATOR(cubic)
POCKET_GENERATOR(coefficient)
POCKET_GENERATOR(products)
POCKET_GENERATOR(mixes)
POCKET_GENERATOR(divisors)
POCKET_GENERATOR(inverses)
POCKET_GENERATOR(handshakes)
POCKET_GENERATOR(machine)
POCKET_GENERATOR(roots)

#endif
