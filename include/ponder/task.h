/* task.h - Pocket: an endless supply of mathematics questions with step-by-step solutions, and a checker.
 *
 * A generator is made from a split and a seed and yields items in the record form of MATH (Hendrycks et al.,
 * 2021): problem, solution, answer, subject, level, unique_id. Seven subjects, five levels (by the number and
 * size of the steps), one step a line, the answer boxed in the last line. The same split and seed give the
 * same items everywhere. Whether a question belongs to test or train is decided by a hash of its text alone,
 * so no seed of one split can produce a question of the other.
 *
 * By convention the training set is the first 12,000 train items and the test set the first 500 test items of
 * seed 1.
 *
 * Many of the questions ask for a choice that is hard to make and easy to check (a factor, an inverse, a
 * route). Their solutions either state the choice straight away or try a few, say of each whether it works
 * ("No.", "Yes."), and go back. The checker reads the text alone and shares no arithmetic with the generator.
 */
#ifndef PONDER_TASK_H
#define PONDER_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PONDER_POCKET_SUBJECTS = 7,
    PONDER_POCKET_LEVELS = 5,
    PONDER_POCKET_PROBLEM_BYTES = 400,   /* a problem with its NUL is never longer */
    PONDER_POCKET_SOLUTION_BYTES = 1000, /* a solution with its NUL is never longer */
    PONDER_POCKET_LINES_MAX = 64,        /* a checked solution has at most so many lines */
    PONDER_POCKET_ITEMS_MAX = 4000000,   /* a generator that avoids duplicates yields at most so many */
};

enum ponder_pocket_split { PONDER_POCKET_TRAIN, PONDER_POCKET_TEST };

/* One question. The strings belong to the generator and hold until its next call. */
struct ponder_pocket_item {
    const char *problem;   /* one line of ASCII */
    const char *solution;  /* lines ended by '\n' except the last, which is "The answer is \boxed{...}." */
    const char *answer;    /* what stands in the box */
    const char *subject;   /* as ponder_pocket_subject() */
    const char *kind;      /* the family of questions, e.g. "inverse" */
    int level;             /* 1 to 5 */
    const char *unique_id; /* "pocket/test/number_theory/0123456789abcdef.json", from the question's hash */
};

struct ponder_pocket;

/* The name of subject 0 to 6, e.g. "Number Theory"; NULL out of range. */
PONDER_API const char *ponder_pocket_subject(int index);

/* A generator; release it with ponder_pocket_free. With `distinct` no question is yielded twice. */
PONDER_API int ponder_pocket_new(struct ponder_pocket **pocket, enum ponder_pocket_split split, uint64_t seed,
                                 bool distinct, struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_pocket_free(struct ponder_pocket *pocket);
/* The next item. Subjects and levels come in shuffled rounds of 35, so every run of items is balanced. Fails
 * with PONDER_E_LIMIT where `distinct` finds no new question, and PONDER_E_MEMORY. */
PONDER_API int ponder_pocket_next(struct ponder_pocket *pocket, struct ponder_pocket_item *item,
                                  struct ponder_err *err) PONDER_USE;

/* The split that a question's text belongs to, whoever wrote it: -1 where it is no Pocket question. */
PONDER_API int ponder_pocket_split_of(const char *problem);

/* Writes the item as one line of JSON with a newline, as MATH's files have it. Returns the length it has or
 * would have (as snprintf); it fits in 4,096 bytes. */
PONDER_API size_t ponder_pocket_json(char *out, size_t size, const struct ponder_pocket_item *item);

/* The prompt in front of a solution, the one form used for training and for asking:
 *     Q: PROBLEM\nA:\n
 * Returns the length it has or would have (as snprintf). */
PONDER_API size_t ponder_pocket_prompt(char *out, size_t size, const char *problem);

/* ---- training documents ---- */

/* Control characters that stand in a document's text for what is no text. END: an end token, between solved
 * questions; one more belongs behind the document. RIGHT and WRONG: a step tag behind a line, and whether the
 * answer can still be reached there, what a verifier is to say at the tag. ATTEMPT: a token that opens an
 * attempt. */
#define PONDER_POCKET_END '\x04'
#define PONDER_POCKET_RIGHT '\x05'
#define PONDER_POCKET_WRONG '\x06'
#define PONDER_POCKET_ATTEMPT '\x07'

enum ponder_pocket_document {
    PONDER_POCKET_SOLVED,      /* prompt and solution */
    PONDER_POCKET_SOLVED_MANY, /* several of those in a row, all in one visible context */
    PONDER_POCKET_ATTEMPTS,    /* "Attempts: PROBLEM\n", then 2 to 5 attempts at it, ATTEMPT before and a line
                                  end behind each; each has much of the one before it, some are better and
                                  some worse */
    PONDER_POCKET_CHECK_AFTER, /* "Check: PROBLEM\nA:\n", an attempt, "Verdict:\n", then "1: right." ... up to
                                  the first wrong line */
    PONDER_POCKET_CHECK_BETWEEN, /* "Judge: PROBLEM\nA:\n" and an attempt, RIGHT or WRONG behind each line; in
                                  half of them behind each claim of a line too */
    PONDER_POCKET_CLAIMS, /* "Judge: claims\nA:\n" and claims like "5*8=41", one a line, RIGHT or WRONG each
                           */
    PONDER_POCKET_DOCUMENTS
};

struct ponder_pocket_mix {
    double share[PONDER_POCKET_DOCUMENTS]; /* of the documents; need not add up to 1 */
    int many_max;                          /* most questions in one SOLVED_MANY, at least 2 */
    size_t many_bytes_max; /* a SOLVED_MANY takes no further question past this, ATTEMPTS no attempt */
    double wrong_share;    /* of the attempts to check that have an error planted */
};

/* Shares 0.60, 0.06, 0.14, 0.03, 0.13, 0.04; up to 12 questions or 1,500 bytes (under 1,024 tokens); 0.6
 * wrong. */
PONDER_API struct ponder_pocket_mix ponder_pocket_mix_default(void);

/* The next training document. `text` belongs to the generator and holds until its next call. */
PONDER_API int ponder_pocket_next_document(struct ponder_pocket *pocket, const struct ponder_pocket_mix *mix,
                                           const char **text, size_t *len, enum ponder_pocket_document *kind,
                                           struct ponder_err *err) PONDER_USE;

/* ---- the checker ---- */

struct ponder_pocket_line {
    bool right;
    /* The answer can still be reached behind this line: no line so far commits the solution to something
     * false. A slip in a try that is given up for good reason ("Try 3: 4*3=11 mod 7. No.") commits to
     * nothing. */
    bool reachable;
    size_t offset;      /* of the first problem in the solution's text, or of the line where it is right */
    const char *reason; /* a constant string: why it is wrong; "" where it is right */
};

struct ponder_pocket_verdict {
    int line_count;
    struct ponder_pocket_line line[PONDER_POCKET_LINES_MAX];
    int first_wrong;   /* index of the first wrong line, -1: none */
    bool answer_right; /* the boxed answer is the answer to the question */
    const char *kind;  /* the family of questions; a constant string */
    char answer[64];   /* the right answer, worked out from the problem's text alone */
};

/* Judges every line of a solution from the text of problem and solution alone. A line is right where each
 * equality, congruence and "Yes" or "No" in it is true and fits the question. Fails with PONDER_E_NOT_FOUND
 * where the problem is no Pocket question, PONDER_E_LIMIT where the solution has too many lines. */
PONDER_API int ponder_pocket_check(const char *problem, const char *solution,
                                   struct ponder_pocket_verdict *verdict, struct ponder_err *err) PONDER_USE;

/* Labels one line of JSONL: an object with a `problem` and a `solution` (or `text`), or with `samples`,
 * objects that have a `text` each. Adds `kind` to the object and, beside each text, "right": [true, ..] a
 * line each, "reachable": [true, ..], "first_wrong": an index or null, "answer_right": whether the boxed
 * answer is right, and where a line is wrong "reason" and "offset".
 * `*out` is the object in one line without its newline, freed by the caller. PONDER_E_FORMAT says what is
 * missing, PONDER_E_NOT_FOUND that this is no Pocket question. */
PONDER_API int ponder_pocket_label(const char *line, char **out, struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
