/* verifier.h - a verifier says how good a solution is, or its beginning: step by step, or as a whole.
 *
 * A verifier is one const descriptor, opened under a name such as "prm" or "prm:FILE". What it judges are
 * items, each of one question (a case); items of many cases may come in one call, which a verifier that is a
 * model reads as one batch. What was spent on a case is added to its own ledger, and a case may be given a
 * allowance: what it can no longer pay for stays without a score. A new verifier is a file with its
 * descriptor, a line in verifier.def and a line in meson.build. */
#ifndef VERIFIER_VERIFIER_H
#define VERIFIER_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "ponder/ledger.h"
#include "ponder/sampling.h"
#include "ponder/verifier.h"
#include "verifier/profile.h"

/* One question before the verifier. Release what it remembers with verifier_forget(). */
struct verifier_case {
    const char *problem; /* borrowed */
    const char *gold;    /* the right answer, for the oracle alone; NULL: not known. Borrowed */
    int64_t tokens_left; /* the allowance: at most so many tokens .. */
    double
        flops_left; /* .. and FLOPs are spent; set to VERIFIER_TOKENS_ANY and INFINITY where there is none */
    struct ponder_ledger cost; /* added to: verifier_tokens and flops */
    void *memory;              /* the verifier's own of this question; NULL at first */
    int status;        /* filled by verifier_advance(): not PONDER_OK once it could not be judged .. */
    char failure[512]; /* .. and why */
};
#define VERIFIER_TOKENS_ANY INT64_MAX

/* A solution up to and with its newest step. */
struct verifier_item {
    struct verifier_case *of;
    const char *text; /* all steps so far; any bytes, with a NUL behind them */
    size_t len;
    bool ended;                 /* nothing follows: the end token, or no room for more */
    float *scores;              /* (scores_max) filled: in [0,1], behind each step, the newest last */
    int scores_max;             /* 1 or more */
    int count;                  /* filled; 0: no score, for want of time, of money or of anything to say */
    bool whole;                 /* filled: what is in `scores` reaches to the text's end */
    bool solved;                /* filled: known to be a right solution, ended */
    struct deadline deadline;   /* of what is handed over by verifier_submit(); no clock: none */
    struct verifier_item *next; /* the verifier's own */
};

/* Items in the order of their coming. */
struct verifier_queue {
    struct verifier_item *first, *last;
    int64_t count;
};

/* Tokens that reading takes, apart from those of the solutions' own text: an upper bound. */
struct verifier_reading {
    int64_t prompt; /* of the question, once */
    int64_t each;   /* of a text, each time it or what is new of it is read */
};

/* What a verifier may be told when it is opened. Texts are borrowed until then. */
struct verifier_options {
    int threads; /* 0: all cores */
    const char *precision;
    bool exact;
    int64_t kv_mib;      /* of a model in this process, for keys and values; 0: the engine's default .. */
    int64_t weights_mib; /* .. and for weights made ready for products; 0: no limit */
    const char *profile; /* a name or a JSON file; NULL: the verifier's own */
    double timeout_s;    /* of one run of a program, of one request to a server; 0: the default */
    int64_t memory_mib;  /* of a program; 0: the default */
    const char *key_env; /* the environment variable with a server's key; NULL: none */
    int64_t
        probe_tokens_max; /* that its probe may cost, which is left out where it would cost more; 0: any */
    double probe_flops_max;
};
struct verifier_options verifier_options_of(const struct ponder_sampling *sampling,
                                            const struct ponder_verifier_options *options);

struct verifier;
struct verifier_batch;
struct verifier_ops { /* one const descriptor per verifier; registered in verifier.def */
    const char *name, *summary;
    const char *argument; /* what may stand behind "NAME:", for help; NULL: nothing may */
    bool needs_argument, takes_profile;
    bool takes_key;   /* is behind a server that may want one */
    bool scoreless;   /* never says anything */
    bool newest_only; /* says one thing of a text, however many steps it has */
    bool outcome;     /* made to judge whole solutions; what it says of a beginning is a guess */
    bool tokenless;   /* takes time, and no tokens */
    bool rereads;     /* remembers nothing: every text is read from the question on */
    bool trial; /* may turn out not to work: where its profile has no probe, one text is scored to see */
    /* Sets v->data, and what else it knows of. `argument` is NULL where there is none. */
    int (*open)(struct verifier *v, const char *argument, const struct verifier_options *options,
                struct ponder_err *err);
    void (*release)(struct verifier *v); /* of what open made, all or a part; may be NULL */
    /* PONDER_E_ARGUMENT for a question that it cannot judge, asked before the work begins; NULL: it can any.
     */
    int (*accept)(struct verifier *v, const struct verifier_case *question, struct ponder_err *err);
    /* Fills the items, whose `count`, `whole` and `solved` are 0. Those that are not done by the deadline
     * stay so. */
    int (*score)(struct verifier *v, struct verifier_item *items, int64_t count,
                 const struct deadline *deadline, struct ponder_err *err);
    /* Instead of `score`, of one that waits for others, so that nobody has to wait with it: begins a call,
     * whose items stay where they are until it is ended; goes on with it, waiting at most `wait_s`, and
     * returns whether it is still under way, 0 or 1, or an error; ends it, whatever became of it. */
    int (*start)(struct verifier *v, struct verifier_item *items, int64_t count, void **call,
                 struct ponder_err *err);
    int (*go_on)(struct verifier *v, void *call, double wait_s, const struct deadline *deadline,
                 struct ponder_err *err);
    void (*stop)(struct verifier *v, void *call);
    void (*forget)(struct verifier *v, struct verifier_case *question); /* may be NULL */
    /* What of a question is read before any solution, and on top of each; NULL: verifier_reading_of() has
     * defaults. */
    void (*reading)(struct verifier *v, const struct verifier_case *question, struct verifier_reading *out);
    /* FLOPs of reading `count` tokens at `first` of a text; NULL: not known. */
    double (*flops)(const struct verifier *v, int64_t first, int64_t count);
};

struct verifier {
    const struct verifier_ops *ops; /* NULL: not open */
    void *data;
    enum verifier_aggregate aggregate; /* how its step scores are best summed up */
    uint64_t hash; /* of all that its scores depend on, its profile too; of a model that reads as
                      verifier_profile_own() has it, the weights' hash. 0: none */
    const struct verifier_profile *profile; /* of a verifier that is a model; NULL: steps are lines */
    struct ponder_ledger probed;            /* what its probe cost; its scores are in no case's ledger */
    struct verifier_queue waiting, done;    /* of verifier_submit() */
    struct verifier_batch *running;         /* of verifier_advance(); NULL: none */
};

/* "NAME", "NAME:ARGUMENT" or the path of a GGUF file, which is what its profile says: a "prm", an "orm" or a
 * "judge". A profile's probe is scored; where it is flat or inverted, that is PONDER_E_ARGUMENT. Release
 * `out` in any case. */
int verifier_open(struct verifier *out, const char *name, const struct verifier_options *options,
                  struct ponder_err *err) PONDER_USE;
void verifier_release(struct verifier *v);
int verifier_accept(struct verifier *v, const struct verifier_case *question,
                    struct ponder_err *err) PONDER_USE;
int verifier_score(struct verifier *v, struct verifier_item *items, int64_t count,
                   const struct deadline *deadline, struct ponder_err *err) PONDER_USE;
/* Hands an item over, which stays where it is, with all that it points to, until verifier_take() returns it.
 */
void verifier_submit(struct verifier *v, struct verifier_item *item);
/* Scores what is waiting and goes together: items of one case, and those without deadlines; or goes on with
 * that, where the verifier waits for others (verifier_is_busy()), for `wait_s` at most. A case that cannot be
 * judged gets a status, and its items no scores; those of others are scored all the same. Returns how many
 * items are not done, or PONDER_E_MEMORY. */
int64_t verifier_advance(struct verifier *v, double wait_s, struct ponder_err *err) PONDER_USE;
/* Whether something is under way that only time moves on. */
bool verifier_is_busy(const struct verifier *v);
/* Whether it waits for others, so that there is no reason to let items wait for company. */
bool verifier_waits(const struct verifier *v);
/* The next item that is done; NULL: none. */
struct verifier_item *verifier_take(struct verifier *v);
/* An item of the case, read or not, that is not to be done any more; NULL: none. What is under way is given
 * up with it. */
struct verifier_item *verifier_withdraw(struct verifier *v, const struct verifier_case *question);
void verifier_forget(struct verifier *v, struct verifier_case *question);
/* `prompt` tokens have the proposer's prompt: as many are assumed where the verifier does not say. */
struct verifier_reading verifier_reading_of(struct verifier *v, const struct verifier_case *question,
                                            int64_t prompt);
double verifier_flops(const struct verifier *v, int64_t first, int64_t count); /* 0: not known */
/* A case without a allowance. */
struct verifier_case verifier_case_of(const char *problem, const char *gold);

/* Those of verifier.def by number; NULL behind the last. */
const struct verifier_ops *verifier_at(int index);

#endif
