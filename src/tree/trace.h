/* trace.h - what struct ponder_tree is: the steps of a search, how it was set up, what came of it.
 *
 * Nodes stand in the order in which they were asked for, so that a parent stands before its children; a step
 * that was sampled several times behind the same parent is one node. As a file: trace_write.c, trace_read.c;
 * as a drawing: draw.c. */
#ifndef TREE_TRACE_H
#define TREE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "ponder/ledger.h"
#include "ponder/tree.h"
#include "tree/tree.h"

#define TRACE_FORMAT "ponder trace"
enum {
    TRACE_VERSION = 1,
    TRACE_BYTES_MAX = 1 << 27, /* of the file; and of all texts in memory */
    TRACE_VALUE_BYTES_MAX = 1 << 24,
    TRACE_SAMPLES_MAX = 1 << 24, /* of a node */
    TRACE_VOTES_MAX = 1 << 20,
    TRACE_NODES_MAX = TREE_NODES_MAX
};

enum trace_state {
    TRACE_KEPT,   /* the search went on from here */
    TRACE_PRUNED, /* it did not */
    TRACE_OPEN,   /* it ended before that was decided; of a rollout: it may go on */
    TRACE_ENDED,  /* a solution ends here */
    TRACE_CUT,    /* no room for more */
    TRACE_FAILED, /* asked for and not given */
    TRACE_STATES
};
/* As they stand in the file. */
const char *trace_state_name(enum trace_state state);

struct trace_node {
    int32_t parent; /* -1: the prompt */
    int32_t depth;  /* steps from the prompt */
    enum trace_state state;
    bool rollout;    /* a look ahead, no candidate */
    int64_t revises; /* the attempt that the model was shown last before it; 0: none */
    bool winning;    /* on the path to the result; the prompt too */
    int64_t samples; /* that said this */
    int64_t vote;    /* index into votes; -1: none */
    const char *text;
    size_t len;
    const char *answer; /* of a solution; NULL: none */
    int64_t tokens;
    double logprob, score, total; /* as in struct tree_node; score and total from 0 to 1; NAN: none */
};

struct trace_vote {
    const char *answer;
    int64_t count;
};

/* Texts are NULL where there is none. */
struct trace_settings {
    const char *search, *verifier, *select, *aggregate, *budget;
    int64_t n, width, lookahead, seed;
    double temperature;
};

struct ponder_tree {
    struct arena memory; /* of all texts */
    struct trace_settings settings;
    const char *question, *answer, *ended_by;
    int64_t rounds;
    struct trace_node *nodes; /* (count) */
    int32_t count;
    int64_t cap;
    int32_t result;           /* the node at which the result's path ends; -1: none */
    struct trace_vote *votes; /* (vote_count) */
    int64_t vote_count, vote_cap;
    struct ponder_ledger ledger;
};

/* Empty; ponder_tree_release. NULL: out of memory. */
struct ponder_tree *trace_new(void);
/* A copy that the tree owns; NULL of NULL. False: out of memory, or over TRACE_BYTES_MAX. */
bool trace_copy(struct ponder_tree *tree, const char **to, const char *text, size_t len) PONDER_USE;
/* Adds a node behind an earlier one and fills in its depth; the first one is the prompt. Copies its texts.
 * PONDER_E_MEMORY; PONDER_E_LIMIT for more than TRACE_NODES_MAX, or than TRACE_BYTES_MAX of text in all. */
int trace_add(struct ponder_tree *tree, const struct trace_node *node) PONDER_USE;
int trace_add_vote(struct ponder_tree *tree, const char *answer, int64_t count) PONDER_USE;
/* Sets the result and marks the nodes of its path; -1: the prompt alone. */
void trace_set_result(struct ponder_tree *tree, int32_t node);

/* Appends what ponder_tree_save writes; check buf_ok(). PONDER_E_MEMORY; PONDER_E_LIMIT for a text of more
 * than TRACE_VALUE_BYTES_MAX. */
int trace_print(struct buf *out, const struct ponder_tree *tree, struct ponder_err *err) PONDER_USE;
/* ponder_tree_read of `len` bytes in memory, which errors call `name`. */
int trace_read_text(struct ponder_tree **out, const char *name, const char *text, size_t len,
                    struct ponder_err *err) PONDER_USE;

#endif
