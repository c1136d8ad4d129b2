/* best_of_n.h - best-of-N: n independent samples of each of many prompts, through any engine.
 *
 * All prompts share the engine's batch: requests are handed over in order, as many at once as the stated
 * limit allows, and a prompt's place is taken by the next as soon as its samples are done. Sample i of a
 * prompt draws from the stream (prompt's key, i), so neither order nor company changes what it draws. */
#ifndef DRIVER_BEST_OF_N_H
#define DRIVER_BEST_OF_N_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "engine/engine.h"
#include "ponder/ledger.h"
#include "ponder/progress.h"
#include "ponder/sampling.h"
#include "ponder/solve.h"
#include "prompt/prompt.h"

enum { BEST_OF_N_SAMPLES_MAX = 1 << 24, BEST_OF_N_IN_FLIGHT_MAX = 1024 };

struct best_of_n_sample {
    bool begun, done; /* done: ended by itself, at its token limit, or failed; not cancelled */
    enum engine_finish finish;
    char *text; /* owned; NULL where not begun, or failed */
    size_t len;
    int32_t *tokens; /* owned; NULL from engines that do not tell */
    int64_t token_count;
    double logprob;       /* mean over its tokens; NAN where unknown */
    const double *scores; /* (score_count) of its steps, borrowed; NULL: nothing has scored them */
    int64_t score_count;
};

struct best_of_n {
    struct best_of_n_sample *samples; /* (prompts, n) */
    int64_t prompt_count, n;
    enum ponder_stopped stopped;
    struct ponder_ledger ledger;
    char failure[512]; /* what the first failed request said */
    int64_t failed;
};

struct driver_recalled; /* driver.h */

/* Follows a run from prompt to prompt. Errors end the run. */
struct best_of_n_listener {
    /* Before anything is asked about a prompt: with *take set to false it is left out. NULL takes all. */
    int (*prompt_begin)(void *data, int64_t prompt, bool *take, struct ponder_err *err);
    /* Of each prompt once, as soon as all of its n samples are done; never of one with a cancelled sample.
     * `cost` has what this prompt took: its own tokens once, however often they were computed, and no
     * seconds. It may free the samples' texts and tokens and leave NULL there, so that a run over many
     * prompts holds those in flight and no more. */
    int (*prompt_done)(void *data, int64_t prompt, struct best_of_n_sample *samples,
                       const struct ponder_ledger *cost, struct ponder_err *err);
    /* Of sample `i` of a prompt as soon as it has ended; it is borrowed. NULL: nobody wants to know. */
    int (*sample_ended)(void *data, int64_t prompt, int64_t i, const struct best_of_n_sample *sample,
                        struct ponder_err *err);
    /* Whether sample `i` of a prompt is there already (struct driver_question). NULL: none is. */
    bool (*recall)(void *data, int64_t prompt, int64_t i, struct driver_recalled *out);
    void *data;
};

/* Uses n, temperature, top_k, top_p, min_p, max_tokens and timeout_s of `sampling`. `watch` and `listener`
 * may be NULL. Being stopped is no error. A prompt that does not fit, an engine that fails as a whole, and
 * all samples failing are. Release `out` in any case. */
int best_of_n_run(struct engine *engine, const struct prompt *prompts, int64_t prompt_count,
                  const struct ponder_sampling *sampling, const struct clock *clock,
                  const struct ponder_watch *watch, const struct best_of_n_listener *listener,
                  struct best_of_n *out, struct ponder_err *err) PONDER_USE;
void best_of_n_release(struct best_of_n *run);

/* Whether the first of n solutions is the greedy one. */
bool pool_is_greedy(const struct ponder_sampling *sampling);

#endif
