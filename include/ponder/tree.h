/* tree.h - a search as a tree of steps: kept as a trace, read again, and drawn. */
#ifndef PONDER_TREE_H
#define PONDER_TREE_H

#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/status.h"
#include "ponder/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of a solution, which owns it (solve.h), or of a trace. Node 0 is the prompt; every other node is a step of
 * text behind an earlier node, or a whole solution where none was asked for in steps. */
struct ponder_tree;

/* A trace (docs/file-formats.md), written whole or not at all. PONDER_E_LIMIT where it would be larger than
 * can be read. */
PONDER_API int ponder_tree_save(const struct ponder_tree *tree, const char *path,
                                struct ponder_err *err) PONDER_USE;
/* "-" is standard input. The error names the node or the byte. `*out` is the caller's. */
PONDER_API int ponder_tree_read(const char *path, struct ponder_tree **out,
                                struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_tree_release(struct ponder_tree *tree);

/* Texts belong to the tree, and are any that the file held. Nodes are counted without the prompt, the same
 * step of the same parent once. */
struct ponder_tree_facts {
    const char *question, *answer;                      /* answer NULL: none */
    const char *search, *verifier, *select, *aggregate; /* the latter three NULL where there is none */
    const char *budget;                                 /* "": none */
    const char *ended_by; /* "budget", "time", "agreement", "timeout", "caller", "failed"; NULL: by itself */
    int64_t n, width, lookahead, seed, rounds; /* width, lookahead and rounds are 0 where there are none */
    int64_t nodes, depth;                      /* steps of the longest path */
    int64_t samples, repeated; /* asked for, and those of them that said what a sibling had said */
    int64_t kept, pruned, open, ended, cut, failed; /* by state; rollouts apart */
    int64_t rollouts;
    int64_t votes, voters; /* for the answer, of all that have one */
    int64_t path;          /* steps of the result */
    double score;          /* of the result; NAN: none */
    struct ponder_ledger ledger;
};
PONDER_API void ponder_tree_facts(const struct ponder_tree *tree, struct ponder_tree_facts *out);
/* The same as one JSON object, with the path to the result; freed by the caller. */
PONDER_API int ponder_tree_json(const struct ponder_tree *tree, char **json,
                                struct ponder_err *err) PONDER_USE;

enum ponder_tree_fold {
    PONDER_TREE_FOLD,   /* the best of the steps that lead nowhere, the rest of them as one line */
    PONDER_TREE_WINNER, /* the path to the result with its siblings; what lies behind those is counted */
    PONDER_TREE_ALL
};
/* Lines of text, freed by the caller: the question, then a step a line with its score and how often it was
 * sampled. The path to the result stands in the first column of the graph, every other chain of steps in a
 * column of its own to the right of where it branches off. */
PONDER_API int ponder_tree_draw(const struct ponder_tree *tree, const struct ponder_look *look,
                                enum ponder_tree_fold fold, char **text, struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
