/* questions.h - a set of questions with their answers, from a JSONL file or from the Pocket generator. */
#ifndef EVAL_QUESTIONS_H
#define EVAL_QUESTIONS_H

#include <stdint.h>

#include "ponder/status.h"

struct question {
    char *problem, *answer;
    char *level;   /* "1" to "5", or "none" */
    char *subject; /* or "none" */
    char *id;
};

struct questions {
    struct question *items;
    int64_t count, cap;
};

/* `data` as ponder_eval_run() takes it; `limit` > 0 stops after so many. An error in a file names the line
 * and what is missing there. Release `out` in any case. */
int questions_open(struct questions *out, const char *data, int64_t limit, struct ponder_err *err) PONDER_USE;
void questions_release(struct questions *questions);
/* Of all their texts, in order: two sets with the same hash are the same set. */
uint64_t questions_hash(const struct questions *questions);

#endif
