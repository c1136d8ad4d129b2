/* bench_decode.c - the speed of continuing one shared prompt in many branches at once, through the engine;
 * and a peer's at the same work. */
#include "core/clock.h"
#include "core/rng.h"
#include "bench/bench_engine.h"
#include "bench/bench_peer.h"

struct bench {
    struct bench_engine on;
    struct bench_work_size size;
    struct bench_peer *peer; /* NULL: none */
};

/* All branches from prompt to last token. */
static int64_t decode(struct bench *b, int repeat, struct ponder_err *err)
{
    int64_t node;
    int status = bench_engine_node(&b->on, 0, b->size.prompt_tokens, 1, &node, err);
    if (status)
        return status;
    for (int i = 0; !status && i < b->size.branches; i++)
        status = bench_engine_continue(&b->on, node, b->size.branch_tokens,
                                       rng_key((uint64_t)repeat, (uint64_t)i), err);
    if (!status)
        status = bench_engine_run(&b->on, err);
    int64_t tokens = bench_engine_take(&b->on, status ? NULL : err);
    engine_node_release(b->on.engine, node);
    return status ? status : tokens;
}

/* The peer has its turn first, and warms up in it before it measures; so does this side then, by one repeat
 * that is not counted. */
static int64_t one_repeat(void *data, int repeat, double *start_s, struct ponder_err *err)
{
    struct bench *b = data;
    int64_t tokens = 0;
    int status = b->peer && repeat > 0 ? bench_peer_turn(b->peer, err) : PONDER_OK;
    if (!status && b->peer && repeat > 0)
        tokens = decode(b, repeat, err);
    if (status || tokens < 0)
        return status ? status : tokens;
    *start_s = clock_now_s(&clock_system);
    return decode(b, repeat, err);
}

static int decode_measure(struct bench *b, struct bench_loop *loop, struct ponder_bench *out,
                          struct ponder_err *err)
{
    int status = b->peer ? bench_peer_choose(b->peer, err) : PONDER_OK;
    if (!status)
        status = bench_repeat(loop, one_repeat, b, err);
    if (status)
        return status;
    double keys = (double)b->size.prompt_tokens + ((double)b->size.branch_tokens + 1) / 2;
    *out = (struct ponder_bench){.flops_per_token = lm_flops_per_token(&b->on.model->shape, keys)};
    bench_engine_describe(&b->on, &b->size, out);
    bench_rates(loop, out);
    if (b->peer)
        bench_peer_report(b->peer, out);
    return bench_peak(loop->settings, out, err);
}

int ponder_bench_decode(const struct ponder_bench_settings *settings, const struct ponder_watch *watch,
                        struct ponder_bench *out, struct ponder_err *err)
{
    int status = bench_check(ponder_bench_decode_options(), settings, err);
    if (status)
        return status;
    struct ponder_bench_settings own = *settings;
    struct bench_loop loop = bench_loop_of(settings, watch, settings->peer ? "runs" : "repeats", 1);
    if (settings->peer)
        loop.total += bench_peer_runs(settings);
    struct bench b = {.size = {.branches = settings->branches,
                               .prompt_tokens = settings->prompt_tokens,
                               .branch_tokens = settings->tokens}};
    status = settings->peer ? bench_peer_open(&b.peer, &own, &b.size, &loop, err) : PONDER_OK;
    if (!status)
        status = bench_engine_open(&b.on, &own, &b.size, err);
    if (!status)
        status = decode_measure(&b, &loop, out, err);
    bench_engine_release(&b.on);
    bench_peer_close(b.peer);
    return status;
}
