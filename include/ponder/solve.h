/* solve.h - answer one question: sample many solutions, take the answer that most of them reach. */
#ifndef PONDER_SOLVE_H
#define PONDER_SOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/model.h"
#include "ponder/progress.h"
#include "ponder/sampling.h"
#include "ponder/search.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A question has at most this many bytes; the model's context is the tighter limit in practice. */
enum { PONDER_QUESTION_BYTES_MAX = 1 << 20 };

struct ponder_candidate {
    char
        *answer; /* as written: in its last box, for models not of ours by any sign; NULL where it has none */
    char *text;  /* any bytes, with a NUL behind them */
    size_t len;
    int64_t tokens;
    double logprob;     /* mean over its tokens at temperature 1; NAN where unknown */
    double score;       /* a verifier's, behind its last step; NAN without one */
    const char *finish; /* as in struct ponder_text */
    int64_t vote;       /* index into votes, or -1 */
};

struct ponder_vote {
    char *answer;  /* as its first voter wrote it */
    int64_t count; /* candidates that voted for it */
    int64_t first; /* the first of them */
    int64_t best;  /* the one of highest mean log-probability */
};

enum ponder_stopped { PONDER_STOPPED_NO, PONDER_STOPPED_BY_CALLER, PONDER_STOPPED_BY_TIMEOUT };

/* Majority over candidates (self-consistency, Wang et al. 2022); answers of the same value are one answer
 * (docs/answers.md), and of answers with equally many votes the one seen first wins. */
struct ponder_solution {
    char *question, *prompt;
    const char *answer;        /* of votes[0]; NULL where no candidate has an answer */
    struct ponder_vote *votes; /* most votes first, then first seen; of a search the chosen one first */
    int64_t vote_count;
    struct ponder_candidate *candidates; /* in order of their random streams */
    int64_t candidate_count;
    int64_t best;     /* the winner's best candidate; without an answer, of all; -1 where there is none */
    int64_t finished; /* candidates that ended by themselves or at their token limit */
    char *agreement;  /* without an answer: the longest opening that `agreeing` candidates share, else NULL */
    int64_t agreeing;
    enum ponder_stopped stopped;
    int64_t planned; /* solutions, or beams or particles of a search by steps .. */
    double sure;   /* .. and where a vote needed fewer: the chance at most that unlimited sampling would elect
                      another answer; 0: it did not stop for that */
    char *warning; /* what ended the search before its time, such as a verifier that failed, or the first of
                      its requests that came to nothing: the solution holds what there was; NULL: nothing */
    struct ponder_ledger ledger;
    struct ponder_start
        start; /* of a model behind servers: in no ledger, and its time in the clock of the first call */
    struct ponder_tree *tree; /* all that was sampled, step by step (tree.h) */
};

/* `*out` is the caller's. Stopping early is no error: the solution holds what there was. */
PONDER_API int ponder_solve(struct ponder_model *model, const char *question,
                            const struct ponder_sampling *sampling, const struct ponder_watch *watch,
                            struct ponder_solution **out, struct ponder_err *err) PONDER_USE;
/* The same by search->name. Of a search the candidates are the solutions that ended, the best one first, each
 * once however often it was sampled; votes count it so often. Stopped early, without one that ended, there is
 * no answer. */
PONDER_API int ponder_solve_search(struct ponder_model *model, const char *question,
                                   const struct ponder_sampling *sampling, const struct ponder_search *search,
                                   const struct ponder_watch *watch, struct ponder_solution **out,
                                   struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_solution_release(struct ponder_solution *solution);

/* {"question", "answer", "votes": [{"answer", "count", "share"}], "candidates": [{"answer", "text", "tokens",
 * "logprob", "finish"}], "best", "stopped", "ledger": {..}}, freed by the caller. Bytes that are no UTF-8
 * become U+FFFD. */
PONDER_API int ponder_solution_json(const struct ponder_solution *solution, char **json,
                                    struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
