/* search.h - which search spends the budget, against which verifier. */
#ifndef PONDER_SEARCH_H
#define PONDER_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "ponder/option.h"
#include "ponder/verifier.h"

#ifdef __cplusplus
extern "C" {
#endif

/* N is sampling->n. "best_of_n": N whole solutions. "beam" (Snell et al. 2024): N first steps are sampled,
 * the N/M best in the verifier's eyes are kept and extended M times each, and so on for at most 40 rounds.
 * "lookahead": the same, but a step is worth what K more steps at temperature 0 lead to. "dvts" (Beeching et
 * al. 2024): N/M groups that each keep their own best step. "particles" (Puri et
 * al. 2025): N solutions under way, drawn anew behind each step in proportion to the verifier's odds.
 * "revise" (Snell et al. 2024, section 6): N attempts in C chains, each shown those before it in its chain.
 * Options of a strategy's own may stand behind its name, "particles:temperature=0.5,ess=0.5" (docs/cli.md).
 * Filled by ponder_options_default(ponder_search_options(), ..). Texts are borrowed. */
#define PONDER_STOP_DEFAULT 0.05
struct ponder_search {
    const char *name;
    const char *verifier;  /* "auto": "vote" for best_of_n, else "prm"; or "prm:FILE", "oracle" and so on */
    int64_t width;         /* M: candidates for each beam that is kept; 0: about the root of N */
    int64_t lookahead;     /* K */
    int64_t chains;        /* C: of attempts, N/C each; 0: about the root of N */
    const char *select;    /* which solution is the result: "best", or by vote "weighted" or "majority" */
    const char *aggregate; /* from step scores to a solution's: "last", "min", "prod", "mean"; "auto": the
                              verifier's */
    const char *budget;    /* of a question, as "64g", "20000t", "5s", "1e12f" or several; "": none */
    double stop; /* of a vote over whole solutions: chance at most that the one that is elected when it stops
                    is not the one that unlimited sampling would elect (docs/concepts.md); 0: it samples all;
                    NAN: as solving does, PONDER_STOP_DEFAULT for a vote */
    const char *step_end; /* what ends a step: "line" (a thought, <think> to </think>, is one step whatever
                             its lines),  "blank" (a blank line), or any text */
    struct ponder_verifier_options verifier_options;
};
/* Whether it is whole samples and a vote among them, without a verifier or a budget. */
PONDER_API bool ponder_search_is_vote(const struct ponder_search *search);
/* Its verifier, or the one that stands for "auto". */
PONDER_API const char *ponder_search_verifier(const struct ponder_search *search);
PONDER_API const struct ponder_option *ponder_search_options(void);

#ifdef __cplusplus
}
#endif
#endif
