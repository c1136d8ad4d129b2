/* bench_tree.c - what a decoded token costs as branches of one prompt grow.
 *
 * Without sharing every branch stands on a prompt of its own: the same tokens, given to the engine once more,
 * are other segments of its tree, with keys and values of their own. Copies are computed once and stay, so a
 * repeat only decodes. Its first step, which finds the logits behind the prompt, is not measured: all others
 * compute one row for each branch, with sharing and without. */
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/rng.h"
#include "bench/bench_engine.h"

enum { COPIES_AT_ONCE = 16 };

struct bench {
    struct bench_engine on;
    struct bench_work_size size; /* .branches: of the point under way */
    struct bench_loop loop;
    int64_t *copies; /* (copy_count) nodes of the prompt, computed */
    int64_t copy_count;
    int64_t copy_bytes; /* keys and values of one */
    bool shared;        /* the work under way: all branches stand on the first copy */
    int64_t kv_bytes;   /* filled by it */
};

static int64_t kv_bytes_now(const struct bench *b)
{
    return (int64_t)local_state_get(b->on.engine).kv_bytes;
}

/* A score asked for behind a node has everything before it computed. */
static int add_copies(struct bench *b, int64_t count, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < count && !status; i++) {
        int64_t *node = &b->copies[b->copy_count];
        status = bench_engine_node(&b->on, 0, b->size.prompt_tokens, 1, node, err);
        b->copy_count += !status;
        if (!status)
            status = bench_engine_score(&b->on, *node, err);
    }
    if (!status)
        status = bench_engine_run(&b->on, err);
    int64_t taken = bench_engine_take(&b->on, status ? NULL : err);
    if (status || taken < 0)
        return status ? status : (int)taken;
    b->copy_bytes = kv_bytes_now(b) / b->copy_count;
    return bench_show(&b->loop, err);
}

static int make_copies(struct bench *b, int64_t count, struct ponder_err *err)
{
    int status = PONDER_OK;
    while (!status && b->copy_count < count) {
        int64_t missing = count - b->copy_count;
        status = add_copies(b, missing < COPIES_AT_ONCE ? missing : COPIES_AT_ONCE, err);
    }
    return status;
}

static void release_copies(struct bench *b, int64_t keep)
{
    while (b->copy_count > keep)
        engine_node_release(b->on.engine, b->copies[--b->copy_count]);
}

/* Prompts and branches of the work under way; other copies lie beside them. */
static int64_t kv_bytes_of_work(const struct bench *b)
{
    int64_t used = b->shared ? 1 : b->size.branches;
    return kv_bytes_now(b) + (used - b->copy_count) * b->copy_bytes;
}

static int64_t one_repeat(void *data, int repeat, double *start_s, struct ponder_err *err)
{
    struct bench *b = data;
    int status = PONDER_OK;
    for (int64_t i = 0; !status && i < b->size.branches; i++)
        status = bench_engine_continue(&b->on, b->copies[b->shared ? 0 : i], b->size.branch_tokens,
                                       rng_key((uint64_t)repeat, (uint64_t)i), err);
    int unfinished = status ? status : engine_step(b->on.engine, 1, err);
    *start_s = clock_now_s(&clock_system);
    status = unfinished < 0 ? unfinished : bench_engine_run(&b->on, err);
    b->kv_bytes = kv_bytes_of_work(b);
    int64_t tokens = bench_engine_take(&b->on, status ? NULL : err);
    return status ? status : tokens < 0 ? tokens : tokens - b->size.branches;
}

static int measure_way(struct bench *b, bool shared, struct ponder_bench *rates, struct ponder_bench_way *out,
                       struct ponder_err *err)
{
    b->shared = shared;
    int status = make_copies(b, shared ? 1 : b->size.branches, err);
    if (!status)
        status = bench_repeat(&b->loop, one_repeat, b, err);
    if (status)
        return status;
    bench_rates(&b->loop, rates);
    *out = (struct ponder_bench_way){.tokens_per_s = rates->tokens_per_s, .kv_bytes = b->kv_bytes};
    return PONDER_OK;
}

static void leave_out(struct bench *b, struct ponder_bench_point *point, size_t need)
{
    const struct ponder_watch *watch = b->loop.watch;
    char text[160];
    point->unshared.kv_bytes = point->shared.kv_bytes + (point->branches - 1) * b->copy_bytes;
    b->loop.total -= b->loop.settings->repeats + 1;
    snprintf(text, sizeof text,
             "without sharing, keys and values of %lld branches need %zu MiB: left out, --kv-mib allows %zu",
             (long long)point->branches, (need >> 20) + 1, b->on.kv_bytes_max >> 20);
    if (watch && watch->note)
        watch->note(text, watch->data);
}

/* `whole` gets the rates with sharing. */
static int measure_point(struct bench *b, struct ponder_bench_point *point, struct ponder_bench *whole,
                         struct ponder_err *err)
{
    struct ponder_bench unshared;
    b->size.branches = point->branches;
    size_t need = bench_engine_kv_bytes(&b->on, &b->size, point->branches);
    bool fits = need <= b->on.kv_bytes_max;
    if (!fits)
        release_copies(b, 1); /* they will not do for more branches either */
    int status = measure_way(b, true, whole, &point->shared, err);
    if (!status && fits)
        status = measure_way(b, false, &unshared, &point->unshared, err);
    else if (!status)
        leave_out(b, point, need);
    return status;
}

static void list_points(int64_t branches, struct ponder_bench_tree *out)
{
    for (int64_t count = 1; count < branches; count *= 2)
        out->points[out->point_count++].branches = count;
    out->points[out->point_count++].branches = branches;
}

static int bench_tree_measure(struct bench *b, const struct ponder_bench_settings *settings,
                              const struct ponder_watch *watch, struct ponder_bench_tree *out,
                              struct ponder_err *err)
{
    double keys = (double)settings->prompt_tokens + ((double)settings->tokens + 1) / 2;
    int status = PONDER_OK;
    list_points(settings->branches, out);
    b->loop = bench_loop_of(settings, watch, "repeats", 2 * out->point_count);
    out->whole.flops_per_token = lm_flops_per_token(&b->on.model->shape, keys);
    for (int i = 0; !status && i < out->point_count; i++)
        status = measure_point(b, &out->points[i], &out->whole, err);
    bench_engine_describe(&b->on, &b->size, &out->whole);
    if (!status)
        status = bench_peak(settings, &out->whole, err);
    double tokens_per_s = out->whole.peak_flops_per_s / out->whole.flops_per_token; /* at the peak */
    for (int i = 0; !status && i < out->point_count; i++) {
        out->points[i].shared.peak_share = out->points[i].shared.tokens_per_s / tokens_per_s;
        out->points[i].unshared.peak_share = out->points[i].unshared.tokens_per_s / tokens_per_s;
    }
    return status;
}

int ponder_bench_tree(const struct ponder_bench_settings *settings, const struct ponder_watch *watch,
                      struct ponder_bench_tree *out, struct ponder_err *err)
{
    int status = bench_check(ponder_bench_tree_options(), settings, err);
    if (status)
        return status;
    struct bench b = {.size = {.branches = settings->branches,
                               .prompt_tokens = settings->prompt_tokens,
                               .branch_tokens = settings->tokens + 1},
                      .copies = calloc((size_t)settings->branches, sizeof *b.copies)};
    *out = (struct ponder_bench_tree){0};
    status = b.copies ? bench_engine_open(&b.on, settings, &b.size, err) : err_memory(err, "prompts");
    if (!status)
        status = bench_tree_measure(&b, settings, watch, out, err);
    release_copies(&b, 0);
    bench_engine_release(&b.on);
    free(b.copies);
    return status;
}
