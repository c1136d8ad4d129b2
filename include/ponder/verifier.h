/* verifier.h - how a verifier is chosen and held in bounds, the same wherever one is asked for.
 *
 * A verifier is named by a text: "vote" (none), "prm" (the shipped process model) or "prm:FILE", "orm" or
 * "orm:FILE" (an outcome model), a GGUF file alone (what it says it is), "judge:FILE" (any model, asked
 * whether the solution is right), "oracle" (knows the answer), "command:PROGRAM ARGUMENTS" (reads question
 * and solution as JSON, prints a score) and "remote:URL" (a model behind a server). */
#ifndef PONDER_VERIFIER_H
#define PONDER_VERIFIER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ponder_verifier_options {
    const char *profile; /* how a model reads a solution: a name that is built in, or a JSON file (see
                            docs/file-formats.md); NULL: as its file says */
    double timeout_s;    /* of one run of a command, of one request to a server; 0: 10 s, 60 s */
    int64_t memory_mib;  /* of a command; 0: 512 */
    const char *key_env; /* the environment variable with a server's key; NULL: no key */
};

#ifdef __cplusplus
}
#endif
#endif
