/* eval.h - how good a model is on a set of questions, and how much voting adds.
 *
 * n solutions are sampled per question. Of those:
 *   pass@1  share of correct samples, averaged over questions
 *   pass@k  probability that one of k samples is correct: 1 - C(n-c,k)/C(n,k), unbiased (Chen et al. 2021)
 *   maj@k   share of correct majorities over the n/k disjoint blocks of k samples in sample order; ties go to
 *           the answer seen first in the block; a block without an answer is wrong
 * Every figure has a 95% percentile interval by bootstrap over questions with a fixed seed; `gain` is
 * maj@n - pass@1, paired: both are taken from the same resampled questions. */
#ifndef PONDER_EVAL_H
#define PONDER_EVAL_H

#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/model.h"
#include "ponder/progress.h"
#include "ponder/sampling.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PONDER_EVAL_KS_MAX = 8, PONDER_EVAL_QUESTIONS_MAX = 1000000 };

struct ponder_interval {
    double value, low, high;
};

struct ponder_eval_group {
    const char *by; /* "all", "level", "subject" or "fifth" */
    char *name;     /* e.g. "3", "counting"; fifths are cut by pass@1, "1" the easiest for this model */
    int64_t questions;
    struct ponder_interval pass_1;
    struct ponder_interval maj[PONDER_EVAL_KS_MAX], pass[PONDER_EVAL_KS_MAX]; /* at ks[i] */
    struct ponder_interval gain;
};

struct ponder_eval {
    char *data;
    int64_t questions, n; /* questions whose samples were all done */
    int64_t asked; /* questions of the set, up to the limit; more than were done where the work was stopped */
    int64_t ks[PONDER_EVAL_KS_MAX]; /* 1, 4, 16, 64 .. up to n, and n */
    int k_count;
    struct ponder_eval_group *groups; /* groups[0] is all of them */
    int64_t group_count;
    double without_answer;       /* share of samples */
    double tokens_mean;          /* per sample */
    int64_t resumed;             /* questions that the file of samples had already */
    int64_t failed;              /* samples that the engine could not give; they count as wrong */
    struct ponder_ledger ledger; /* of this call: without what `resumed` cost */
};

/* A set is a JSONL file with one object a line: `problem` or `question`, `answer`, and where there are
 * `level`, `subject`, `unique_id`; or "pocket:test:COUNT" or "pocket:test:COUNT:SEED", the generated
 * questions. `limit` > 0 takes the first ones. A question longer than the context is an error that names it.
 * When the watch stops the work, the result covers the questions that were done.
 *
 * `samples_path` may be NULL. Else every question's line is appended to that file as soon as its samples are
 * done (docs/file-formats.md), and questions that have a line there are not sampled again: the same call goes
 * on after any interruption, and where nothing is missing it only makes the report. A file of another model,
 * question set or sampling is PONDER_E_ARGUMENT with what differs, and is left as it is. Questions with a
 * failed sample get no line. Once every question has its line the file stands in the order of the set. */
PONDER_API int ponder_eval_run(struct ponder_model *model, const char *data, int64_t limit,
                               const struct ponder_sampling *sampling, const char *samples_path,
                               const struct ponder_watch *watch, struct ponder_eval **out,
                               struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_eval_release(struct ponder_eval *eval);
/* The same as JSON text, freed by the caller. */
PONDER_API int ponder_eval_json(const struct ponder_eval *eval, char **json,
                                struct ponder_err *err) PONDER_USE;

/* ---- search against a verifier, compared with best-of-N ---- */

/* Filled by ponder_options_default(ponder_search_options(), ..). Texts are borrowed. */
struct ponder_search {
    const char *name;     /* "best_of_n": independent samples, which is ponder_eval_run(); or "steps" */
    const char *verifier; /* of the steps: "checker", for Pocket questions */
    int64_t candidates;   /* M, sampled for each step */
    const char *against;  /* file of samples that the search is compared with; NULL: none */
};
PONDER_API const struct ponder_option *ponder_search_options(void);

/* A verifier that knows the right answer makes best-of-N right where one of N samples is: pass@N. */
struct ponder_search_group {
    const char *by;   /* "all", "fifth" (by pass@1 of the samples compared with) or "fifths" */
    const char *name; /* "all", "1 (easiest)" .. "5 (hardest)", "3 and 4" */
    int64_t questions;
    struct ponder_interval accuracy; /* of the search */
    double tokens;                   /* generated per question, all candidates; measured */
    /* Of the samples compared with; all zero without. */
    struct ponder_interval pass_1;
    struct ponder_interval best_1x, best_4x; /* pass@M: the same generations; pass@4M: four times as many */
    struct ponder_interval difference;       /* accuracy - best_4x, paired */
    double tokens_1x, tokens_4x;             /* M and 4M times the mean tokens of a sample */
};

struct ponder_search_eval {
    char *data;
    int64_t candidates;
    int64_t questions, asked;           /* as in struct ponder_eval */
    int64_t samples;                    /* per question, compared with; 0: none */
    struct ponder_search_group *groups; /* groups[0] is all of them */
    int64_t group_count;
    double without_answer; /* share of the questions */
    double rounds_mean;
    int64_t failed; /* questions that ended in a round without a result; they count as wrong */
    struct ponder_ledger ledger;
};

/* The search "steps" over a set named as for ponder_eval_run(): each question keeps one solution, samples
 * search->candidates continuations of it by one step (a line), keeps the best in the verifier's eyes, and so
 * on until it has ended, for at most 40 rounds. `sampling` as for ponder_eval_run(), n is not used and
 * max_tokens is of a whole solution. A question that the verifier cannot judge, a name that is not known, and
 * a file to compare with that is of another model or set, not finished, or of fewer than 4 M samples a
 * question are errors before the work starts. */
PONDER_API int ponder_search_eval_run(struct ponder_model *model, const char *data, int64_t limit,
                                      const struct ponder_sampling *sampling,
                                      const struct ponder_search *search, const struct ponder_watch *watch,
                                      struct ponder_search_eval **out, struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_search_eval_release(struct ponder_search_eval *eval);
PONDER_API int ponder_search_eval_json(const struct ponder_search_eval *eval, char **json,
                                       struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
