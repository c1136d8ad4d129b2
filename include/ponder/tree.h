/* tree.h - a search as a tree of steps: taken from a solution or read from a trace, and drawn. */
#ifndef PONDER_TREE_H
#define PONDER_TREE_H

#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/solve.h"
#include "ponder/text.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ponder_tree;

/* `*out` is the caller's, and does not need the solution. Without a search each candidate is one node. */
PONDER_API int ponder_tree_of_solution(const struct ponder_solution *solution, struct ponder_tree **out,
                                       struct ponder_err *err) PONDER_USE;
/* A trace (docs/file-formats.md); "-" is standard input. The error names the node or the byte. */
PONDER_API int ponder_tree_read(const char *path, struct ponder_tree **out,
                                struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_tree_release(struct ponder_tree *tree);

/* Texts belong to the tree. */
struct ponder_tree_facts {
    const char *question, *answer;             /* NULL: none */
    const char *search, *verifier, *select;    /* verifier and select are NULL where there is none */
    const char *stopped;                       /* "caller" or "timeout"; NULL: it came to its end */
    int64_t n, width, rounds;                  /* width and rounds are 0 without a search */
    int64_t kept, pruned, failed;              /* steps, the same ones counted once */
    int64_t repeated;                          /* samples that said what a sibling had said */
    const struct ponder_ledger *ledger;
};
PONDER_API void ponder_tree_facts(const struct ponder_tree *tree, struct ponder_tree_facts *out);

enum ponder_tree_fold {
    PONDER_TREE_FOLD,   /* a few of those that were pruned, the rest as one line */
    PONDER_TREE_WINNER, /* the path to the result with its siblings; what lies behind those is counted */
    PONDER_TREE_ALL
};
/* Lines of text, freed by the caller: a step a line, with its score. The path to the result stays in one
 * column, and so does every other chain of steps; what branches off is drawn to the right of it. */
PONDER_API int ponder_tree_draw(const struct ponder_tree *tree, const struct ponder_look *look,
                                enum ponder_tree_fold fold, char **text, struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
