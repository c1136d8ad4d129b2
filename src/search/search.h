/* search.h - a search strategy: it is asked for its next moves and told what came of them.
 *
 * A strategy is one const descriptor. It sees one question as a tree and never an engine, a clock or another
 * question: the driver (driver.h) runs many questions at once and tells each of its results one at a time, in
 * the order in which they were asked for, so that timing never shapes a tree. Behind each of them the
 * strategy is asked for its next moves, so that it may wait for a whole round or go on at once. A new
 * strategy is a file with its descriptor, a line in search.def and a line in meson.build. */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include <stdalign.h>

#include "answer/answer.h"
#include "ponder/option.h"
#include "tree/tree.h"

enum { SEARCH_ROUNDS_MAX = 40 }; /* Snell et al. 2024 */

enum { SEARCH_OWN_BYTES = 64 };

/* What strategies can be told. */
struct search_options {
    int64_t n; /* beams, particles or samples */
    int64_t rounds_max;
    bool greedy_first;                                         /* of whole solutions the first is greedy */
    _Alignas(max_align_t) unsigned char own[SEARCH_OWN_BYTES]; /* as the strategy's own table has it */
};

enum search_unit {
    SEARCH_STEP,    /* up to the end of the step */
    SEARCH_SOLUTION /* up to the end of the solution */
};

enum search_judge {
    SEARCH_JUDGED, /* what comes is read by the verifier before the strategy is told */
    SEARCH_QUIET   /* it is not, unless it ends a solution */
};

struct search_ask {
    int32_t node;  /* to be extended; the root for a new solution */
    int64_t count; /* so many times over */
    enum search_unit unit;
    enum search_judge judge;
    bool greedy;     /* at temperature 0 */
    bool rollout;    /* as a look ahead: what comes is no candidate */
    bool chain;      /* behind the root: a new attempt of a chain, shown .. */
    int32_t revises; /* .. this one and those that it revises; 0: none, it opens the chain */
};

enum search_select {
    SEARCH_BEST,     /* the solution of highest score */
    SEARCH_WEIGHTED, /* of the answer whose solutions' scores have the largest sum, the best one */
    SEARCH_MAJORITY  /* of the answer that most solutions have, the best one */
};

/* What a strategy says to the question what it wants next. */
enum search_next {
    SEARCH_WAIT, /* for what it has asked for, now or before */
    SEARCH_DONE  /* nothing more */
};

/* One question. */
struct search {
    const struct search_ops *ops;
    const struct search_options *options;
    struct tree tree;
    void *state;             /* of ops->state_size bytes, zero at first */
    struct search_ask *asks; /* (ask_count) what is asked for and not handed on yet, the next one first */
    int64_t ask_count, ask_cap;
    int64_t pending;  /* results asked for that the strategy has not been told of */
    int32_t *dropped; /* (dropped_count) by search_drop(), since the driver looked */
    int64_t dropped_count, dropped_cap;
    const struct search_ops *successor; /* of search_become(); NULL: none */
    struct search_options successor_options;
};

struct search_ops {
    const char *name, *summary;
    bool
        independent; /* its solutions are draws of their own, each behind the prompt: a stop rule may watch */
    bool revises;    /* shows the model its attempts: only with one that can be shown them */
    bool by_steps;   /* goes on with unfinished texts, a step at a time; else whole solutions are counted */
    const struct ponder_option *options; /* of search_options.own; NULL: none */
    size_t state_size;
    /* Works out what is left open in the options; PONDER_E_ARGUMENT for those it cannot work with. */
    int (*prepare)(struct search_options *options, struct ponder_err *err);
    /* Equal steps of different groups of so many siblings stay apart; NULL: all are one group. */
    int64_t (*group)(const struct search_options *options);
    /* How it counts generations: one is a full sampled solution. Of prepared options. */
    int64_t (*generations)(const struct search_options *options);
    /* Makes prepared options smaller until they come to `most` generations, 1 or more, or fewer. NULL: it
     * keeps to none. */
    void (*fit)(struct search_options *options, int64_t most);
    int (*begin)(struct search *search); /* PONDER_E_MEMORY; may be NULL */
    /* Asks for what it wants next (search_ask), if anything. Asked at first, and behind each result that is
     * there, told or not. An enum search_next, or PONDER_E_MEMORY; to wait without anything that is pending
     * is to be done. */
    int (*propose)(struct search *search);
    /* Told of every new node that stands for itself: of what was asked for first, first. */
    int (*observe)(struct search *search, int32_t node);
    /* The node of its result, as search_choose() has it, which is asked where this is NULL. */
    int (*select)(const struct search *search, enum search_select how, enum answer_mode mode, int32_t *out);
    void (*end)(struct search *search); /* frees what the state holds; may be NULL */
};

/* Options of a strategy with its defaults and then `text`: "KEY=VALUE,.." of its own ("" or NULL: none);
 * prepared. The error names the key. */
int search_options_of(struct search_options *out, const struct search_ops *ops, int64_t n, const char *text,
                      struct ponder_err *err) PONDER_USE;
bool search_options_has(const struct search_ops *ops, const char *name);
/* A whole number of the strategy's own; `otherwise` where it has none of this name. */
int64_t search_options_get(const struct search_options *options, const struct search_ops *ops,
                           const char *name, int64_t otherwise);
/* What stands behind the colon of "NAME:KEY=VALUE,.."; "" where nothing does. */
const char *search_own_text(const char *name);
/* Whether a name with or without options of its own is this strategy's. */
bool search_is(const char *name, const char *strategy);

/* Those of search.def by name, which may have options behind a colon; NULL where there is none. */
const struct search_ops *search_find(const char *name);
const struct search_ops *search_at(int index); /* NULL behind the last */
/* The same, with an error that says which there are. */
int search_find_or_say(const char *name, const struct search_ops **out, struct ponder_err *err) PONDER_USE;

/* PONDER_E_MEMORY. */
int search_ask(struct search *search, struct search_ask ask) PONDER_USE;
/* Nothing more will be asked for behind this node, or anywhere below it: what is under way there is given up,
 * and its place in the engine is free. What the engine keeps of other nodes is given back by itself where
 * nothing is asked behind them when nothing is pending, unless they are `held`. PONDER_E_MEMORY. */
int search_drop(struct search *search, int32_t node) PONDER_USE;
/* Hands the tree over to another strategy as soon as nothing is pending; what was sampled so far stays in it,
 * and what the other one may spend is what is left of the budget. The options are prepared, and copied. */
void search_become(struct search *search, const struct search_ops *ops, const struct search_options *options);
/* Puts a node with this text behind `parent`, from which it can be asked: the model reads the text as it
 * reads a prompt. Streams behind it derive from `key`. Where the context has no room for it, nothing comes of
 * what is asked there. -1: out of memory, or of nodes. */
int32_t search_place(struct search *search, int32_t parent, const char *text, size_t len, uint64_t key);
/* Whether `a` is to be kept rather than `b`: the higher score; of equals the solved one, the one that was
 * sampled more often, the earlier one. A failed node, and one without a score, is never better. */
bool search_better(const struct tree *tree, int32_t a, int32_t b);
bool search_better_total(const struct tree *tree, int32_t a, int32_t b); /* by the whole path's score */
/* "best", "weighted" or "majority". */
int search_select_parse(const char *text, enum search_select *out, struct ponder_err *err) PONDER_USE;
/* Solutions among which is chosen, each once: those that ended, and those that were cut off with an answer in
 * a whole box (answer_mode_of). `nodes` has room for all of the tree. PONDER_E_MEMORY. */
int search_solutions(const struct tree *tree, enum answer_mode mode, int32_t *nodes,
                     int64_t *count) PONDER_USE;
/* The node whose path is the search's result, among its solutions, by their totals; a step sampled several
 * times counts so often. Votes are among answers found by `mode` (vote.h); where there is none, the best.
 * Where there is no solution, a rollout that has ended; where there is none, the best of the unfinished ones:
 * they never win against a solution. -1: nothing was found. PONDER_E_MEMORY. */
int search_choose(const struct tree *tree, enum search_select how, enum answer_mode mode,
                  int32_t *out) PONDER_USE;
/* The same among these; `*out` stays where there are none. */
int search_choose_among(const struct tree *tree, const int32_t *nodes, int64_t count, enum search_select how,
                        enum answer_mode mode, int32_t *out) PONDER_USE;
/* The same of a search whose strategy may know better. */
int search_result(const struct search *search, enum search_select how, enum answer_mode mode,
                  int32_t *out) PONDER_USE;
/* Sorts nodes so that the better one stands first, by score or by total. */
void search_sort(const struct tree *tree, int32_t *nodes, int64_t count);
void search_sort_totals(const struct tree *tree, int32_t *nodes, int64_t count);

#endif
