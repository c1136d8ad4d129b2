/* examples.h - worked examples, shown to a model before the question that it is asked. */
#ifndef PROMPT_EXAMPLES_H
#define PROMPT_EXAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "ponder/status.h"

/* One more than is shown is kept: it takes the place of one that asks the question itself. */
enum { EXAMPLES_SHOWN = 4, EXAMPLES_MAX = 5 };

/* In a text that a model goes on with, what opens each problem, the question's too, and each solution. Where
 * a model writes the first, its solution is over. */
#define EXAMPLES_PROBLEM "Problem:\n"
#define EXAMPLES_SOLUTION "\n\nSolution:\n"

struct worked_example {
    char *problem, *solution; /* owned, without outer white space */
};
struct examples {
    struct worked_example items[EXAMPLES_MAX];
    int count;
};

/* Appends a copy where there is room. PONDER_E_MEMORY. */
int examples_add(struct examples *examples, const char *problem, const char *solution) PONDER_USE;
void examples_release(struct examples *examples);

/* Which one is not shown before this question, whose outer white space is left out: the one that asks it,
 * else the last where there are more than EXAMPLES_SHOWN, else none, `count`. */
int examples_left_out(const struct examples *examples, const char *question, size_t len);
/* Appends those that are shown before the question, each as EXAMPLES_PROBLEM problem EXAMPLES_SOLUTION
 * solution and a blank line. */
void examples_put(const struct examples *examples, const char *question, size_t len, struct buf *out);

/* Of all their texts. */
size_t examples_bytes(const struct examples *examples);
uint64_t examples_hash(const struct examples *examples);

#endif
