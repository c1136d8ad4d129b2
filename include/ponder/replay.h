/* replay.h - other ways to choose among samples that were recorded earlier, without a model.
 *
 * Of a question's n recorded samples, N are taken; a method chooses one answer among theirs:
 *   pass        one of them is right: 1 - C(n-c,N)/C(n,N), unbiased (Chen et al. 2021)
 *   majority    the answer that most of them have (self-consistency, Wang et al. 2022)
 *   best_of_n   that of the sample of highest score
 *   weighted    that of the largest sum of scores ("best-of-N weighted")
 * A figure is the mean over all subsets of N samples, exact where that can be counted, else over random ones;
 * or with `first`, of the first N in recorded order. docs/replay.md says which formats are read, how ties
 * count and what is exact. Intervals are 95% percentile bootstrap intervals over questions, those of
 * differences paired. */
#ifndef PONDER_REPLAY_H
#define PONDER_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "ponder/eval.h"
#include "ponder/option.h"
#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PONDER_REPLAY_NS_MAX = 32, PONDER_REPLAY_METHODS_MAX = 10, PONDER_REPLAY_RULES_MAX = 16 };

/* Filled by ponder_options_default(ponder_replay_options(), ..). */
struct ponder_replay_settings {
    const char *samples;   /* file of recorded samples, or a store; "-": standard input */
    int64_t run;           /* of a store; 0: the only one */
    const char *n;         /* "1,2,4"; NULL: 1, 2, 4, 8 .. and all */
    const char *score;     /* "auto", "steps", "outcome", "logprob" or "none" */
    const char *aggregate; /* of step scores: "last", "min", "prod", "mean" or "all" */
    const char *extract;   /* what a sample's answer is: "any", "number", "box", "recorded", or "auto" */
    const char *verdicts;  /* "auto": recorded where another program judged all; "recorded", "graded" */
    bool first;
    double stop; /* chance at most that the stop rule, with others beside it, elects another answer than
                    unlimited sampling would; 0: no rules */
    const char *answers; /* file for the answer that each method picks, with `first`; NULL: none */
};
PONDER_API const struct ponder_option *ponder_replay_options(void);

/* At one N. `recorded` counts the questions for which the file says what was picked there when it was made,
 * and `same` those where the same answer was picked now; only with `first`. */
struct ponder_replay_figure {
    struct ponder_interval accuracy, over_majority; /* the second paired; NAN where it says nothing */
    int64_t recorded, same;
    bool exact; /* no question's subsets were random ones */
};

struct ponder_replay_method {
    const char *name;  /* "pass", "majority", "best_of_n", "weighted" */
    const char *score; /* "last", "min", "prod", "mean" of steps, "outcome", "logprob"; NULL: none is used */
    struct ponder_replay_figure at[PONDER_REPLAY_NS_MAX];
};

/* What a vote takes that may stop before the last sample, over several orders of each question's samples. */
struct ponder_replay_rule {
    const char *vote;  /* "majority" or "weighted" */
    const char *score; /* of a weighted one; NULL: none is used */
    /* "all": never; "stop": the rule of `solve --stop`; "beta": adaptive consistency (Aggarwal et al. 2023)
     * at 95%; "share": where the leader has 95% of four answers or more; "fixed": after as many samples as
     * "stop" takes on average */
    const char *rule;
    struct ponder_interval taken, accuracy; /* samples; */
    struct ponder_interval over_all;        /* accuracy over that of all samples, paired */
    struct ponder_interval other;           /* how often the answer is not the one that all samples elect */
};

struct ponder_replay {
    char *samples;
    const char *format; /* "samples", "search-and-learn" or "qwen" */
    bool first;
    int64_t questions, samples_min, samples_max; /* of a question */
    double without_answer;                       /* share of samples */
    bool graded;                 /* answers were graded now; else verdicts are the recorded ones */
    int64_t judged, judged_same; /* samples with a recorded verdict, and those graded the same now */
    bool logistic;               /* outcome scores were outside 0 to 1: weights are their logistic function */
    int n_count;
    int64_t ns[PONDER_REPLAY_NS_MAX];
    int method_count;
    struct ponder_replay_method methods[PONDER_REPLAY_METHODS_MAX];
    int rule_count; /* with settings->stop */
    struct ponder_replay_rule rules[PONDER_REPLAY_RULES_MAX];
};

/* Errors in the file name the line. An N above the samples of some question, and a score that some sample
 * lacks, are PONDER_E_ARGUMENT. The result is freed by ponder_replay_release(). */
PONDER_API int ponder_replay_run(const struct ponder_replay_settings *settings, struct ponder_replay **out,
                                 struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_replay_release(struct ponder_replay *replay);
/* The same as JSON text, freed by the caller. */
PONDER_API int ponder_replay_json(const struct ponder_replay *replay, char **json,
                                  struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
