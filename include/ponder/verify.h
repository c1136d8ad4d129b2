/* verify.h - what a verifier of steps is worth on sampled solutions.
 *
 * Scores labelled solutions (JSONL of `ponder task check`) and reports how well the scores tell right from
 * wrong, and what choosing by them gives. */
#ifndef PONDER_VERIFY_H
#define PONDER_VERIFY_H

#include <stdint.h>

#include "ponder/eval.h"
#include "ponder/progress.h"
#include "ponder/status.h"
#include "ponder/verifier.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ponder_score_settings {
    const char *verifier;  /* by name, or a GGUF file: verifier.h. NULL: the scores are in the file already */
    const char *samples;   /* labelled JSONL */
    const char *out;       /* the same with `scores` beside each text; gone on with where it exists */
    const char *aggregate; /* "last", "min", "prod", "mean"; NULL: as the verifier's profile says */
    int64_t threads;
    const char *precision;
    struct ponder_verifier_options verifier_options;
};
PONDER_API const struct ponder_option *ponder_score_options(void);

/* Of one way to choose among k samples, at each of ks. */
struct ponder_choice {
    struct ponder_interval maj[PONDER_EVAL_KS_MAX], best[PONDER_EVAL_KS_MAX], weighted[PONDER_EVAL_KS_MAX],
        pass[PONDER_EVAL_KS_MAX];
};

struct ponder_score {
    int64_t questions, n, verifier_tokens, probe_tokens;
    int64_t ks[PONDER_EVAL_KS_MAX];
    int k_count;
    const char *aggregate;
    int64_t mixed;                            /* questions that have right and wrong samples */
    struct ponder_interval auroc[4];          /* within a question: last, min, prod, mean */
    struct ponder_interval auroc_logprob[2];  /* the proposer's: mean of a token, sum */
    struct ponder_interval auroc_gain;        /* the aggregate's over the better of those two, paired */
    double auroc_over_all;                    /* all samples in one pot */
    int64_t wrong;                            /* samples with a step behind which the answer is lost */
    struct ponder_interval first_wrong_found; /* share of those whose largest drop is there, by question */
    struct ponder_choice choice;
    struct ponder_interval weighted_gain; /* weighted at n minus majority at n, paired */
    struct ponder_interval best_gain;     /* best-of-n minus best-of-4, paired */
};

/* One solution, step by step. */
struct ponder_step {
    char *text;
    double score; /* 0 to 1: can the right answer still be reached behind it */
};
struct ponder_steps {
    struct ponder_step *steps; /* (count); those that the verifier's context has no room for are left out */
    int64_t count;
    int64_t doubtful; /* the step of the largest drop, where some score is under a half; else -1 */
    double score;     /* of the whole, by `aggregate` */
    const char *aggregate;
    int64_t verifier_tokens, probe_tokens; /* of the solution; of the verifier's probe */
};
/* Uses verifier and its options, aggregate, threads and precision of the settings. `*out` is the caller's. */
PONDER_API int ponder_score_solution(const struct ponder_score_settings *settings, const char *question,
                                     const char *solution, struct ponder_steps **out,
                                     struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_steps_release(struct ponder_steps *steps);
PONDER_API int ponder_steps_json(const struct ponder_steps *steps, char **json,
                                 struct ponder_err *err) PONDER_USE;

/* Scores what has no scores yet, then reports over all. PONDER_E_CANCELLED where the watch stopped the
 * scoring; `out` then holds what was done. */
PONDER_API int ponder_score_run(const struct ponder_score_settings *settings,
                                const struct ponder_watch *watch, struct ponder_score *score,
                                struct ponder_err *err) PONDER_USE;
PONDER_API int ponder_score_json(const struct ponder_score *score, char **json,
                                 struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
