/* search.h - which search spends the budget, against which verifier. */
#ifndef PONDER_SEARCH_H
#define PONDER_SEARCH_H

#include <stdint.h>

#include "ponder/option.h"
#include "ponder/verifier.h"

#ifdef __cplusplus
extern "C" {
#endif

/* N is sampling->n. "beam" (Snell et al. 2024): N first steps are sampled, the N/M best in the verifier's
 * eyes are kept and extended M times each, and so on for at most 40 rounds. "dvts" (Beeching et al. 2024):
 * N/M groups that each keep their own best step. A step is a line. Filled by
 * ponder_options_default(ponder_search_options(), ..). Texts are borrowed. */
struct ponder_search {
    const char *name;     /* "best_of_n": whole samples without a verifier; "beam" or "dvts" */
    const char *verifier; /* by name: verifier.h */
    int64_t width;        /* M: candidates for each beam that is kept */
    const char *select;   /* which solution is the result: "best", or by vote "weighted" or "majority" */
    struct ponder_verifier_options verifier_options;
};
PONDER_API const struct ponder_option *ponder_search_options(void);

#ifdef __cplusplus
}
#endif
#endif
