/* steps.h - greedy step-by-step search against a step verifier, over many questions at once.
 *
 * A question keeps one solution so far, at first nothing. A round samples M continuations of it by one step:
 * a line, or what is left up to the end token. The verifier scores each; the best is kept and the others are
 * dropped. That goes on until the kept one has ended, or for 40 rounds. It is beam search with one beam of
 * width M (Snell et al. 2024, section 5.2), and costs M generations: a full answer's worth of M candidates a
 * step.
 *
 * Of equally scored candidates a solved one is kept first, else the text that was sampled most often, else
 * the first. Questions do not wait for each other; the candidates of a round are looked at when all are in,
 * in the order in which they were asked for, and candidate i of round r draws from the stream (question's
 * key, r, i): timing changes nothing. */
#ifndef SEARCH_STEPS_H
#define SEARCH_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/clock.h"
#include "engine/engine.h"
#include "ponder/sampling.h"
#include "search/best_of_n.h"
#include "search/step_judge.h"

enum { STEPS_ROUNDS_MAX = 40, STEPS_CANDIDATES_MAX = 256 };

struct steps_question {
    struct best_of_n_prompt prompt;
    const char *problem; /* for the verifier; borrowed */
};

struct steps_solution {
    bool done; /* false where the search was stopped before */
    /* END; STOP: not ended in 40 rounds; LENGTH, CONTEXT: no room for more; FAILED: a round without a result,
     * `text` is what was kept before it. */
    enum engine_finish finish;
    struct buf text;
    int rounds;
    int64_t kept_tokens; /* of the solution */
    /* Of the question, all candidates: its own tokens once, however often they were computed. No seconds. */
    struct ponder_ledger cost;
};

/* Follows a search from question to question, as struct best_of_n_listener. */
struct steps_listener {
    int (*question_begin)(void *data, int64_t question, bool *take, struct ponder_err *err);
    int (*question_done)(void *data, int64_t question, const struct steps_solution *solution,
                         struct ponder_err *err);
    void *data;
};

struct steps {
    struct steps_solution *solutions; /* (questions) */
    int64_t question_count;
    enum ponder_stopped stopped;
    struct ponder_ledger ledger;
    char failure[256]; /* what the first failed request said */
    int64_t failed;    /* questions */
};

/* Uses temperature, top_k, top_p, min_p, max_tokens (of a whole solution) and timeout_s of `sampling`, and
 * `candidates` in place of its n: 1 to STEPS_CANDIDATES_MAX. A failed request is a candidate less. `watch`
 * and `listener` may be NULL. Being stopped is no error. A prompt that does not fit, an engine or a verifier
 * that fails, and all questions failing are. Release `out` in any case. */
int steps_run(struct engine *engine, const struct steps_question *questions, int64_t question_count,
              int64_t candidates, const struct step_judge *judge, const struct ponder_sampling *sampling,
              const struct clock *clock, const struct ponder_watch *watch,
              const struct steps_listener *listener, struct steps *out, struct ponder_err *err) PONDER_USE;
void steps_release(struct steps *steps);

#endif
