/* bench.h - what all benchmarks share: the model they run, their repeats, and the rates that come of these.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "lm/model.h"
#include "ponder/bench.h"

enum { BENCH_REPEATS_MAX = 100 };

/* Whether the numbers are what the table allows, for callers that did not read them by it. */
int bench_check(const struct ponder_option *table, const struct ponder_bench_settings *settings,
                struct ponder_err *err) PONDER_USE;
/* The model of settings->model, or one with random weights of the settings' shape and `tokenizer` (NULL:
 * none), which is taken over when this succeeds; it is written to settings->save_model where that is set. */
int bench_model_open(struct lm_model **out, const struct ponder_bench_settings *settings, int context,
                     struct tokenizer *tokenizer, struct ponder_err *err) PONDER_USE;

/* The repeats of one benchmark, which may measure several works one after the other. */
struct bench_loop {
    const struct ponder_bench_settings *settings;
    const struct ponder_watch *watch; /* NULL: nobody watches */
    const char *unit;                 /* of the progress */
    int64_t done, total;              /* of all works, warm-ups included */
    double began_s;
    int64_t tokens_so_far;

    int64_t tokens;                    /* filled: of one repeat of the last work */
    double seconds[BENCH_REPEATS_MAX]; /* filled: what each took */
};
struct bench_loop bench_loop_of(const struct ponder_bench_settings *settings,
                                const struct ponder_watch *watch, const char *unit, int works);
/* Does the work once; repeat 0 is the warm-up. Returns its tokens, or a negative status. `*start_s` is when
 * the call began; a work whose beginning is not to be measured moves it. */
typedef int64_t bench_work(void *data, int repeat, double *start_s, struct ponder_err *err);
/* A warm-up and settings->repeats repeats. PONDER_E_CANCELLED where the watch says so. */
int bench_repeat(struct bench_loop *loop, bench_work *work, void *data, struct ponder_err *err) PONDER_USE;

/* Tells the watch how far the loop is; PONDER_E_CANCELLED where it is to stop. */
int bench_show(struct bench_loop *loop, struct ponder_err *err) PONDER_USE;

/* Sorts the numbers, ascending. */
double bench_median(double *numbers, int count);
/* Fills in what the last work came to: its tokens and their rates. */
void bench_rates(struct bench_loop *loop, struct ponder_bench *out);
/* Fills in what is known at the end: the largest resident size, the machine's peak, measured here, and the
 * share of it that out->tokens_per_s is at out->flops_per_token. */
int bench_peak(const struct ponder_bench_settings *settings, struct ponder_bench *out,
               struct ponder_err *err) PONDER_USE;

#endif
