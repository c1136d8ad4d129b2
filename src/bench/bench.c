#include "bench/bench.h"

#include <inttypes.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/clock.h"
#include "core/err.h"
#include "products/gemm.h"

enum { PEAK_REPEATS = 8 };

static int save(const struct lm_model *model, const char *path, struct ponder_err *err)
{
    return path ? lm_model_save(model, path, GGUF_TENSOR_F16, "random weights", NULL, NULL, err) : PONDER_OK;
}

/* What differs between the architectures. */
static int shape_of_arch(const char *name, struct lm_shape *shape, struct ponder_err *err)
{
    static const enum lm_arch arches[] = {LM_LLAMA, LM_QWEN2, LM_QWEN3};
    for (size_t i = 0; i < sizeof arches / sizeof *arches; i++)
        if (strcmp(name, lm_arch_name(arches[i])) == 0) {
            shape->arch = arches[i];
            shape->qkv_bias = arches[i] == LM_QWEN2;
            shape->qk_norm = arches[i] == LM_QWEN3;
            shape->rope_halves = arches[i] != LM_LLAMA;
            return PONDER_OK;
        }
    return err_set(err, PONDER_E_ARGUMENT, "--arch %s: give llama, qwen2 or qwen3", name);
}

int bench_model_open(struct lm_model **out, const struct ponder_bench_settings *settings, int context,
                     struct tokenizer *tokenizer, struct ponder_err *err)
{
    if (settings->model) {
        int status = lm_model_open(out, settings->model, err);
        if (!status)
            tokenizer_release(tokenizer);
        return status;
    }
    if (settings->width % settings->heads)
        return err_set(err, PONDER_E_ARGUMENT, "--width %d is no multiple of --heads %d",
                       (int)settings->width, (int)settings->heads);
    struct lm_shape shape = {
        .vocab = tokenizer ? tokenizer_size(tokenizer) : (int)settings->vocab,
        .width = (int)settings->width,
        .layers = (int)settings->layers,
        .heads = (int)settings->heads,
        .kv_heads = (int)(settings->kv_heads ? settings->kv_heads : settings->heads),
        .head_dim = (int)(settings->width / settings->heads),
        .ffn = (int)settings->ffn,
        .context = context,
        .rope_base = 10000,
        .rms_eps = 1e-5f,
        .tied = true,
    };
    struct lm_model *model;
    int status = shape_of_arch(settings->arch, &shape, err);
    if (!status)
        status = lm_model_new(&model, &shape, 1, NULL, err);
    if (status)
        return status;
    model->tokenizer = tokenizer;
    status = save(model, settings->save_model, err);
    if (status) {
        model->tokenizer = NULL; /* stays the caller's */
        lm_model_release(model);
        return status;
    }
    *out = model;
    return PONDER_OK;
}

int bench_check(const struct ponder_option *table, const struct ponder_bench_settings *settings,
                struct ponder_err *err)
{
    for (const struct ponder_option *option = table; option->name; option++) {
        int64_t number;
        if (option->type != PONDER_OPTION_INT)
            continue;
        memcpy(&number, (const char *)settings + option->offset, sizeof number);
        if ((double)number < option->min || (double)number > option->max)
            return err_set(err, PONDER_E_ARGUMENT, "%s is %" PRId64 ": give a number from %.0f to %.0f",
                           option->name, number, option->min, option->max);
    }
    return PONDER_OK;
}

/* ---- repeats ---- */

struct bench_loop bench_loop_of(const struct ponder_bench_settings *settings,
                                const struct ponder_watch *watch, const char *unit, int works)
{
    return (struct bench_loop){.settings = settings,
                               .watch = watch,
                               .unit = unit,
                               .total = works * (settings->repeats + 1),
                               .began_s = clock_now_s(&clock_system)};
}

int bench_show(struct bench_loop *loop, struct ponder_err *err)
{
    struct ponder_progress progress = {.done = loop->done,
                                       .total = loop->total,
                                       .unit = loop->unit,
                                       .seconds = clock_now_s(&clock_system) - loop->began_s,
                                       .tokens = loop->tokens_so_far};
    if (loop->watch && loop->watch->progress && !loop->watch->progress(&progress, loop->watch->data))
        return err_set(err, PONDER_E_CANCELLED, "stopped before all repeats were done");
    return PONDER_OK;
}

int bench_repeat(struct bench_loop *loop, bench_work *work, void *data, struct ponder_err *err)
{
    int repeats = (int)loop->settings->repeats;
    for (int i = 0; i <= repeats; i++) {
        double start_s = clock_now_s(&clock_system);
        int64_t tokens = work(data, i, &start_s, err);
        double now_s = clock_now_s(&clock_system);
        if (tokens < 0)
            return (int)tokens;
        loop->tokens = tokens;
        loop->tokens_so_far += tokens;
        loop->done++;
        if (i > 0)
            loop->seconds[i - 1] = now_s - start_s;
        int status = bench_show(loop, err);
        if (status)
            return status;
    }
    return PONDER_OK;
}

/* ---- what they came to ---- */

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

double bench_median(double *numbers, int count)
{
    qsort(numbers, (size_t)count, sizeof *numbers, by_size);
    return count % 2 ? numbers[count / 2] : (numbers[count / 2 - 1] + numbers[count / 2]) / 2;
}

void bench_rates(struct bench_loop *loop, struct ponder_bench *out)
{
    int n = (int)loop->settings->repeats;
    double tokens = (double)loop->tokens;
    out->tokens = loop->tokens;
    out->repeats = n;
    out->tokens_per_s = tokens / bench_median(loop->seconds, n);
    out->tokens_per_s_max = tokens / loop->seconds[0];
    out->tokens_per_s_min = tokens / loop->seconds[n - 1];
}

static int64_t rss_bytes_max(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (int64_t)usage.ru_maxrss * 1024;
}

int bench_peak(const struct ponder_bench_settings *settings, struct ponder_bench *out, struct ponder_err *err)
{
    out->threads = settings->threads ? settings->threads : omp_get_num_procs();
    out->rss_bytes_max = rss_bytes_max(); /* before the peak's own matrices */
    int status = gemm_peak((int)out->threads, PEAK_REPEATS, &out->peak_flops_per_s, err);
    if (!status)
        out->peak_share = out->flops_per_token * out->tokens_per_s / out->peak_flops_per_s;
    return status;
}
