/* eval.h - how good a model is on a set of questions, and how much voting adds.
 *
 * n solutions are sampled per question and seed. Of those:
 *   pass@1  share of correct samples, averaged over questions
 *   pass@k  probability that one of k samples is correct: 1 - C(n-c,k)/C(n,k), unbiased (Chen et al. 2021)
 *   maj@k   share of correct majorities over the n/k disjoint blocks of k samples in sample order; ties go to
 *           the answer seen first in the block; a block without an answer is wrong
 * With several seeds a question's figure is the mean over them.
 * Every figure has a 95% percentile interval by bootstrap over questions with a fixed seed; `gain` is
 * maj@n - pass@1, paired: both are taken from the same resampled questions. */
#ifndef PONDER_EVAL_H
#define PONDER_EVAL_H

#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/model.h"
#include "ponder/progress.h"
#include "ponder/sampling.h"
#include "ponder/search.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PONDER_EVAL_KS_MAX = 8, PONDER_EVAL_SEEDS_MAX = 1000 };

/* What is asked and where it is kept. Filled by ponder_options_default(ponder_eval_options(), ..). Texts are
 * borrowed. */
struct ponder_eval_settings {
    /* A JSONL file, gzip allowed: MATH, GSM8K or {"question", "answer"} (docs/file-formats.md); or
     * "pocket:test:COUNT" or "pocket:test:COUNT:SEED", the generated questions. */
    const char *data;
    int64_t limit; /* over 0: the first ones */
    bool skip_bad; /* bad lines of the file are left out; else one is an error */
    const char
        *extract;  /* a text's answer: "box": in its last box or nowhere; "any": by the surest sign there is
                      (docs/answers.md); "auto": "box" for models of ours, which are trained to box it */
    int64_t seeds; /* how many: the sampling's seed and those that follow it */
    const char *against; /* a search is compared with this file of exported samples; NULL: with none */
    const char *store;   /* a store of runs where everything is kept; NULL: nothing is */
    bool mix;            /* a run that another version or CPU began may be gone on with */
};
PONDER_API const struct ponder_option *ponder_eval_options(void);

/* What a run is of. */
enum ponder_run_kind {
    PONDER_RUN_SAMPLES,  /* N solutions of each question, sampled apart */
    PONDER_RUN_JUDGED,   /* those of another run, with a verifier's scores */
    PONDER_RUN_SEARCH,   /* the solution that a search chose, kept with those it was chosen from */
    PONDER_RUN_ROLLOUTS, /* solutions whose lines were labelled by rollouts */
    PONDER_RUN_KINDS
};
/* "samples", "judged", "search" or "rollouts". */
PONDER_API const char *ponder_run_kind_name(enum ponder_run_kind kind);

struct ponder_interval {
    double value, low, high;
};

struct ponder_eval_group {
    const char *by; /* "all", "level", "subject" or "quintile" */
    char *name;     /* e.g. "3", "counting"; quintiles are cut by pass@1, "1" the easiest for this model */
    int64_t questions;
    struct ponder_interval pass_1;
    struct ponder_interval maj[PONDER_EVAL_KS_MAX], pass[PONDER_EVAL_KS_MAX]; /* at ks[i] */
    struct ponder_interval gain;
};

struct ponder_eval {
    char *data;
    int64_t run; /* its number in the store; 0: not kept */
    enum ponder_run_kind kind;
    char *settings;       /* JSON: all that shapes a sample */
    int64_t questions, n; /* questions with all samples of a seed done; samples per question and seed */
    int64_t asked; /* questions of the set, up to the limit; more than were done where the work was stopped */
    int64_t seeds;
    int64_t done;                   /* of asked x seeds */
    int64_t ks[PONDER_EVAL_KS_MAX]; /* 1, 4, 16, 64 .. up to n, and n */
    int k_count;
    struct ponder_eval_group *groups; /* groups[0] is all of them */
    int64_t group_count;
    struct ponder_interval accuracy; /* of the answer that was chosen: maj@n */
    double without_answer;           /* share of samples */
    double tokens_mean;              /* per sample */
    int64_t resumed;                 /* of questions x seeds: those that the store had already */
    int64_t failed;    /* samples that the engine could not give; they count as wrong and are not kept */
    char failure[512]; /* what the first of them said */
    /* What these figures cost, from whichever call: each token once, however often it was computed; seconds
     * are those between one question's end and the next. */
    struct ponder_ledger ledger;
    struct ponder_ledger spent; /* by this call, as the engine measured it */
};

/* Samples and grades. A question longer than the context is an error that names it. When the watch stops the
 * work, the result covers the questions that were done.
 *
 * With a store, every question is kept as soon as its samples are done, and what the store has is not sampled
 * again: the same call goes on after any interruption, kill -9 included, and where nothing is missing it only
 * makes the report. Several processes may work on one store, on the same run too: each question is sampled
 * once. Questions with a failed sample are not kept. */
PONDER_API int ponder_eval_run(struct ponder_model *model, const struct ponder_eval_settings *settings,
                               const struct ponder_sampling *sampling, const struct ponder_watch *watch,
                               struct ponder_eval **out, struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_eval_release(struct ponder_eval *eval);
/* The same as JSON text, freed by the caller. */
PONDER_API int ponder_eval_json(const struct ponder_eval *eval, char **json,
                                struct ponder_err *err) PONDER_USE;

/* ---- search against a verifier, compared with best-of-N ---- */

/* A verifier that knows the right answer makes best-of-N right where one of N samples is: pass@N. */
struct ponder_search_group {
    const char *by;   /* "all", "quintile" (by pass@1 of the samples compared with) or "quintiles" */
    const char *name; /* "all", "1 (easiest)" .. "5 (hardest)", "3 and 4" */
    int64_t questions;
    struct ponder_interval accuracy; /* of the search */
    double tokens;                   /* generated per question, all candidates; measured */
    /* Of the samples compared with; all zero without. */
    struct ponder_interval pass_1;
    struct ponder_interval best_1x, best_4x; /* pass@N: the same generations; pass@4N: four times as many */
    struct ponder_interval difference;       /* accuracy - best_4x, paired */
    double tokens_1x, tokens_4x;             /* N and 4N times the mean tokens of a sample */
};

struct ponder_search_eval {
    char *data;
    int64_t run; /* this and those that follow as in struct ponder_eval */
    char *settings;
    int64_t n;     /* generations: beams, particles or samples */
    int64_t width; /* candidates of each beam; 0: the strategy has none */
    int64_t questions, asked, seeds, done, resumed;
    int64_t samples;                    /* per question, compared with; 0: none */
    struct ponder_search_group *groups; /* groups[0] is all of them */
    int64_t group_count;
    double without_answer; /* share of the questions */
    int64_t failed;        /* questions that could not be searched to an end; they count as wrong */
    char failure[512];     /* what the first of them said */
    struct ponder_ledger ledger, spent; /* as in struct ponder_eval */
};

/* A search over a set named as for ponder_eval_run(), with N = sampling->n: N first steps (lines) are
 * sampled, the N/M best in the verifier's eyes are kept and extended M times each, and so on for at most 40
 * rounds (beam search, Snell et al. 2024; "dvts": N/M groups that keep their own best one). max_tokens is of
 * a whole solution. A question that the verifier cannot judge, names that are not known, beams that do not
 * come out even, and a file to compare with that is of another model or set, not finished, or of fewer than 4
 * N samples a question are errors before the work starts. */
PONDER_API int ponder_search_eval_run(struct ponder_model *model, const struct ponder_eval_settings *settings,
                                      const struct ponder_sampling *sampling,
                                      const struct ponder_search *search, const struct ponder_watch *watch,
                                      struct ponder_search_eval **out, struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_search_eval_release(struct ponder_search_eval *eval);
PONDER_API int ponder_search_eval_json(const struct ponder_search_eval *eval, char **json,
                                       struct ponder_err *err) PONDER_USE;

/* How much the questions of a set surprise a model (ponder_model_surprise()), and how many of them more than
 * the limit in its file, if it has one. */
struct ponder_surprise {
    int64_t questions, above;
    double least, median, most; /* nats a token */
};
PONDER_API int ponder_surprise_of_set(struct ponder_model *model, const char *data,
                                      struct ponder_surprise *out, struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
