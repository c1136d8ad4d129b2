/* search.h - a search strategy: it is asked for its next moves and told what came of them.
 *
 * A strategy is one const descriptor. It sees one question at a time as a tree and never an engine, a clock
 * or another question: the driver (driver.h) runs many questions at once and has each of them told of its
 * results in the order in which they were asked for, so that timing never shapes a tree. A new strategy is a
 * file with its descriptor, a line in search.def and a line in meson.build. */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "answer/answer.h"
#include "tree/tree.h"

enum { SEARCH_ROUNDS_MAX = 40 }; /* Snell et al. 2024 */

/* What strategies can be told; each says which of them it heeds. */
struct search_options {
    int64_t n;         /* beams, or samples */
    int64_t width;     /* candidates for each beam that is kept; 0: the largest divisor of N up to its root */
    int64_t lookahead; /* steps that a rollout goes on */
    int64_t rounds_max;
    bool greedy_first;        /* of whole solutions the first is greedy */
    int64_t rollouts;         /* from behind each line of the solutions */
    enum answer_mode extract; /* how a solution's answer is found */
};

struct search_ask {
    int32_t node;  /* to be extended */
    int64_t count; /* so many times over */
    bool rollout;  /* at temperature 0, as a look ahead */
    bool greedy;   /* at temperature 0 */
    bool quiet;    /* what comes is not to be judged */
};

/* One question. */
struct search {
    const struct search_ops *ops;
    const struct search_options *options;
    struct tree tree;
    void *state;             /* of ops->state_size bytes, zero at first */
    struct search_ask *asks; /* (ask_count) what propose wants */
    int64_t ask_count, ask_cap;
};

struct search_ops {
    const char *name, *summary;
    bool by_steps;  /* extends by one step; else to the end of the solution */
    bool by_groups; /* equal steps of different groups of options->width siblings stay apart */
    size_t state_size;
    /* Works out what is left open in the options; PONDER_E_ARGUMENT for those it cannot work with. */
    int (*prepare)(struct search_options *options, struct ponder_err *err);
    /* How it counts generations: one is a full sampled solution. Of prepared options. */
    int64_t (*generations)(const struct search_options *options);
    /* Makes prepared options smaller until they come to `most` generations, 1 or more, or fewer. NULL: it
     * keeps to none. */
    void (*fit)(struct search_options *options, int64_t most);
    int (*begin)(struct search *search); /* PONDER_E_MEMORY; may be NULL */
    /* Asks for what it wants next (search_ask); whoever asks for nothing is done. */
    int (*propose)(struct search *search);
    /* Told of every new node that stands for itself, once all that was asked for is there. */
    int (*observe)(struct search *search, int32_t node);
    void (*end)(struct search *search); /* frees what the state holds; may be NULL */
};

/* Those of search.def by name; NULL where there is none. */
const struct search_ops *search_find(const char *name);
const struct search_ops *search_at(int index); /* NULL behind the last */
/* The same, with an error that says which there are. */
int search_find_or_say(const char *name, const struct search_ops **out, struct ponder_err *err) PONDER_USE;

/* PONDER_E_MEMORY. */
int search_ask(struct search *search, struct search_ask ask) PONDER_USE;
/* Puts a node with this text behind `parent`, from which it can be asked: the model reads the text as it
 * reads a prompt. Streams behind it derive from `key`. Where the context has no room for it, nothing comes of
 * what is asked there. -1: out of memory, or of nodes. */
int32_t search_place(struct search *search, int32_t parent, const char *text, size_t len, uint64_t key);
/* Whether `a` is to be kept rather than `b`: the higher score; of equals the solved one, the one that was
 * sampled more often, the earlier one. A failed node, and one without a score, is never better. */
bool search_better(const struct tree *tree, int32_t a, int32_t b);
bool search_better_total(const struct tree *tree, int32_t a, int32_t b); /* by the whole path's score */
enum search_select {
    SEARCH_BEST,     /* the solution of highest score */
    SEARCH_WEIGHTED, /* of the answer whose solutions' scores have the largest sum, the best one */
    SEARCH_MAJORITY  /* of the answer that most solutions have, the best one */
};
/* "best", "weighted" or "majority". */
int search_select_parse(const char *text, enum search_select *out, struct ponder_err *err) PONDER_USE;
/* The node whose path is the search's result, among the solutions that have ended, by their totals; a step
 * sampled several times counts so often. Votes are among answers found by `mode` (vote.h); where there is
 * none, the best. Where no solution has ended, a rollout that has; where none has, the best of the unfinished
 * ones: they never win against an ended one. -1: nothing was found. PONDER_E_MEMORY. */
int search_choose(const struct tree *tree, enum search_select how, enum answer_mode mode,
                  int32_t *out) PONDER_USE;
/* Sorts nodes so that the better one stands first, by score or by total. */
void search_sort(const struct tree *tree, int32_t *nodes, int64_t count);
void search_sort_totals(const struct tree *tree, int32_t *nodes, int64_t count);

#endif
