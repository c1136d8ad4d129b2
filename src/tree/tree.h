/* tree.h - one question's search as data.
 *
 * Node 0 is the prompt. Every other node is a step of text behind its parent, so a path from the root to a
 * leaf spells a solution, or the beginning of one. A node is an index; pointers to nodes hold until the next
 * one is added. Texts live in the tree's arena. */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "ponder/status.h"

enum { TREE_NODES_MAX = 1 << 20, TREE_BYTES_MAX = 1 << 28 };

enum tree_end {
    TREE_OPEN,  /* another step may follow */
    TREE_ENDED, /* the solution ends here */
    TREE_CUT,   /* no room for more */
    TREE_FAILED /* asked for and not given; it has no text */
};

struct tree_node {
    int32_t parent;   /* -1: the root */
    int32_t ordinal;  /* among its parent's children, as they were asked for */
    int32_t children; /* asked for so far */
    int32_t depth;    /* steps from the root */
    int32_t repeats;  /* how often the same step was sampled here, 1 or more */
    int32_t same_as;  /* the sibling that says the same and stands for it; -1: it stands for itself */
    enum tree_end end;
    bool kept;       /* the strategy went on from here, or ended with it */
    bool held;       /* the strategy may yet go on from here: its handle is kept */
    bool rollout;    /* a look ahead: it says what its beginning is worth, and is no candidate */
    bool awaited;    /* asked for, and not there yet */
    bool quiet;      /* asked for as one that is not to be judged, unless it ends */
    bool reading;    /* the verifier has it before it */
    bool judged;     /* the verifier has been asked about it */
    bool charged;    /* its last token, computed with the first token behind it, has been */
    bool thinks;     /* a thought is open at its end */
    bool surplus;    /* asked for, and not needed any more when it came: no candidate */
    bool placed;     /* its text was given, not sampled */
    bool chain;      /* it stands behind the prompt of a chain of attempts .. */
    int32_t revises; /* .. and behind this one, which was shown last before it; 0: it is the chain's first */
    const char *text;
    size_t len;
    const int32_t *ids; /* (tokens) its own tokens, an end token included; NULL: not kept, or not told */
    int finish;         /* why the engine ended its text (enum engine_finish) */
    int64_t before;     /* tokens of prompt and path before its own; 0: not known */
    int64_t tokens;     /* of its own */
    int64_t tokens_all; /* of the path */
    double logprob;     /* mean over its own tokens; NAN where unknown */
    double score;       /* what the strategy ranks by: the verifier's, behind this step; NAN: none */
    double total;       /* the verifier's of the whole path, its step scores summed up; NAN: none */
    const float *steps; /* (step_count) the path's step scores, where it is a whole solution */
    int step_count;
    bool solved;    /* known to be a right solution */
    int64_t handle; /* the engine's node; 0: none */
    uint64_t key;   /* of its random streams: its children's derive from it */
};

struct tree {
    struct tree_node *nodes; /* (count) */
    int32_t count;
    int64_t cap;
    struct arena memory;
};

/* With a root of this key. Release in any case. PONDER_E_MEMORY. */
int tree_init(struct tree *tree, uint64_t key) PONDER_USE;
void tree_release(struct tree *tree);
/* A child of `parent` whose key derives from the parent's and its ordinal; or PONDER_E_MEMORY, or
 * PONDER_E_LIMIT for more than TREE_NODES_MAX. */
int32_t tree_add(struct tree *tree, int32_t parent);
/* Appends to a node's text. PONDER_E_MEMORY; PONDER_E_LIMIT for more than TREE_BYTES_MAX in all, as below. */
int tree_append(struct tree *tree, int32_t node, const char *text, size_t len) PONDER_USE;
/* Gives a node a copy of its path's step scores. */
int tree_set_steps(struct tree *tree, int32_t node, const float *scores, int count) PONDER_USE;
/* The same with the ids of its own tokens. */
int tree_set_ids(struct tree *tree, int32_t node, const int32_t *ids, int count) PONDER_USE;
/* Says what a call above, or one of trace.h with its own `bytes_max`, returned. Returns it. */
int tree_fail(int status, size_t bytes_max, struct ponder_err *err);
/* Where an earlier sibling of the same group has the same text and end, and both or none are rollouts, the
 * node is made one with it. Siblings are grouped by `group` of them in the order of their ordinals; 0: all
 * are one group. */
void tree_merge(struct tree *tree, int32_t node, int64_t group);
/* Appends the texts from the root's child down to `node`. */
int tree_path_text(const struct tree *tree, int32_t node, struct buf *out) PONDER_USE;
/* Copies the last bytes of that text, `most` at most, and returns how many they are. */
size_t tree_path_tail(const struct tree *tree, int32_t node, char *tail, size_t most);

#endif
