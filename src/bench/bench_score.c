/* bench_score.c - the speed of a verifier that reads the solutions of one question, a step of each a round.
 */
#include <stdlib.h>

#include "core/err.h"
#include "core/rng.h"
#include "bench/bench_engine.h"
#include "ponder/model.h"

enum { ROWS_MAX = 1024 }; /* of a batch, as a verifier has them */

struct bench {
    struct bench_engine on;
    struct bench_work_size size;
    int64_t solutions, steps, step_tokens;
    int64_t *nodes; /* (solutions) how far each is read; 0: nothing of it */
};

static void release_nodes(struct bench *b)
{
    for (int64_t i = 0; i < b->solutions; i++) {
        if (b->nodes[i])
            engine_node_release(b->on.engine, b->nodes[i]);
        b->nodes[i] = 0;
    }
}

/* Every solution goes on by a step and is asked for the score behind it. */
static int one_round(struct bench *b, int64_t prompt, uint64_t round, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; !status && i < b->solutions; i++) {
        int64_t parent = b->nodes[i] ? b->nodes[i] : prompt, node;
        status = bench_engine_node(&b->on, parent, b->step_tokens, rng_key(round, (uint64_t)i), &node, err);
        if (status)
            break;
        if (b->nodes[i])
            engine_node_release(b->on.engine, b->nodes[i]);
        b->nodes[i] = node;
        status = bench_engine_score(&b->on, node, err);
    }
    if (!status)
        status = bench_engine_run(&b->on, err);
    int64_t taken = bench_engine_take(&b->on, status ? NULL : err);
    return status ? status : taken < 0 ? (int)taken : PONDER_OK;
}

static int64_t one_repeat(void *data, int repeat, double *start_s, struct ponder_err *err)
{
    struct bench *b = data;
    int64_t prompt;
    (void)start_s;
    int status = bench_engine_node(&b->on, 0, b->size.prompt_tokens, (uint64_t)repeat, &prompt, err);
    if (status)
        return status;
    for (int64_t step = 0; !status && step < b->steps; step++)
        status = one_round(b, prompt, rng_key((uint64_t)repeat, (uint64_t)step), err);
    release_nodes(b);
    engine_node_release(b->on.engine, prompt);
    return status ? status : b->size.prompt_tokens + b->solutions * b->size.branch_tokens;
}

/* Of the whole work over its tokens. Only rows with a score are multiplied by the output matrix. */
static double flops_per_token(const struct bench *b)
{
    const struct lm_shape *s = &b->on.model->shape;
    double prompt = (double)b->size.prompt_tokens, branch = (double)b->size.branch_tokens;
    double solutions = (double)b->solutions, tokens = prompt + solutions * branch;
    double silent = tokens - solutions * (double)b->steps, output = 2.0 * s->vocab * s->width;
    double all = prompt * lm_flops_per_token(s, (prompt + 1) / 2) +
                 solutions * branch * lm_flops_per_token(s, prompt + (branch + 1) / 2);
    return (all - silent * output) / tokens;
}

static int bench_score_measure(struct bench *b, const struct ponder_bench_settings *settings,
                               const struct ponder_watch *watch, struct ponder_bench *out,
                               struct ponder_err *err)
{
    struct bench_loop loop = bench_loop_of(settings, watch, "repeats", 1);
    int status = bench_repeat(&loop, one_repeat, b, err);
    if (status)
        return status;
    *out = (struct ponder_bench){.flops_per_token = flops_per_token(b)};
    bench_engine_describe(&b->on, &b->size, out);
    bench_rates(&loop, out);
    out->steps_per_s = out->tokens_per_s * (double)(b->solutions * b->steps) / (double)out->tokens;
    return bench_peak(settings, out, err);
}

int ponder_bench_score(const struct ponder_bench_settings *settings, const struct ponder_watch *watch,
                       struct ponder_bench *out, struct ponder_err *err)
{
    int status = bench_check(ponder_bench_score_options(), settings, err);
    if (status)
        return status;
    struct ponder_bench_settings own = *settings;
    char *shipped = NULL;
    struct bench b = {.size = {.branches = settings->solutions,
                               .prompt_tokens = settings->prompt_tokens,
                               .branch_tokens = settings->steps * settings->step_tokens,
                               .segments = settings->steps,
                               .rows_max = ROWS_MAX},
                      .solutions = settings->solutions,
                      .steps = settings->steps,
                      .step_tokens = settings->step_tokens,
                      .nodes = calloc((size_t)settings->solutions, sizeof *b.nodes)};
    status = b.nodes ? PONDER_OK : err_memory(err, "solutions");
    if (!status && own.model && own.random)
        status = err_set(err, PONDER_E_ARGUMENT, "--model and --random: give one of them");
    if (!status && !own.model && !own.random)
        status = ponder_verifier_find(&shipped, err);
    if (shipped)
        own.model = shipped;
    if (!status)
        status = bench_engine_open(&b.on, &own, &b.size, err);
    if (!status)
        status = bench_score_measure(&b, &own, watch, out, err);
    bench_engine_release(&b.on);
    free(b.nodes);
    free(shipped);
    return status;
}
