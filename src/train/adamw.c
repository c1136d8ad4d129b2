#include "train/adamw.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"

enum { CHUNK = 16384 }; /* floats of one partial sum and of one thread's turn */

static size_t chunk_count(size_t count)
{
    return (count + CHUNK - 1) / CHUNK;
}

int adamw_init(struct adamw *adamw, const struct adamw_options *options, size_t count,
               const struct lm_tensor *tensors, int tensor_count, struct ponder_err *err)
{
    *adamw = (struct adamw){.options = *options, .count = count, .tensor_count = tensor_count};
    if (adamw->options.threads <= 0)
        adamw->options.threads = omp_get_num_procs();
    adamw->m = calloc(count, sizeof *adamw->m);
    adamw->v = calloc(count, sizeof *adamw->v);
    adamw->tensors = calloc((size_t)tensor_count, sizeof *adamw->tensors);
    adamw->partials = calloc(chunk_count(count), sizeof *adamw->partials);
    if (!adamw->m || !adamw->v || !adamw->tensors || !adamw->partials) {
        adamw_release(adamw);
        return err_memory(err, "the optimiser's moments");
    }
    memcpy(adamw->tensors, tensors, (size_t)tensor_count * sizeof *tensors);
    return PONDER_OK;
}

void adamw_release(struct adamw *adamw)
{
    free(adamw->m);
    free(adamw->v);
    free(adamw->tensors);
    free(adamw->partials);
    *adamw = (struct adamw){0};
}

static double square_sum(const float *x, size_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

static double global_norm(const struct adamw *adamw, const float *gradients)
{
    long chunks = (long)chunk_count(adamw->count);
#pragma omp parallel for num_threads(adamw->options.threads)
    for (long c = 0; c < chunks; c++) {
        size_t at = (size_t)c * CHUNK;
        size_t n = adamw->count - at < CHUNK ? adamw->count - at : CHUNK;
        adamw->partials[c] = square_sum(gradients + at, n);
    }
    double sum = 0;
    for (long c = 0; c < chunks; c++)
        sum += adamw->partials[c];
    return sqrt(sum);
}

/* The numbers of one step that are the same for all parameters. */
struct factors {
    float beta1, beta2, eps;
    float scale;      /* of the gradient, from clipping */
    float rate;       /* lr / (1 - beta1^t) */
    float correction; /* 1 / sqrt(1 - beta2^t) */
    float keep;       /* 1 - lr * decay, or 1 */
};

static void update(const struct factors *f, float *restrict p, float *restrict m, float *restrict v,
                   const float *restrict g, size_t n)
{
    const struct factors k = *f;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float gradient = g[i] * k.scale;
        m[i] = k.beta1 * m[i] + (1 - k.beta1) * gradient;
        v[i] = k.beta2 * v[i] + (1 - k.beta2) * gradient * gradient;
        p[i] = k.keep * p[i] - k.rate * m[i] / (sqrtf(v[i]) * k.correction + k.eps);
    }
}

double adamw_step(struct adamw *adamw, float *params, const float *gradients, double lr)
{
    const struct adamw_options *o = &adamw->options;
    double norm = global_norm(adamw, gradients);
    if (!isfinite(norm))
        return norm;
    double t = (double)++adamw->step;
    struct factors f = {
        .beta1 = (float)o->beta1,
        .beta2 = (float)o->beta2,
        .eps = (float)o->eps,
        .scale = o->clip > 0 && norm > o->clip ? (float)(o->clip / norm) : 1.0f,
        .rate = (float)(lr / (1 - pow(o->beta1, t))),
        .correction = (float)(1 / sqrt(1 - pow(o->beta2, t))),
    };
    for (int i = 0; i < adamw->tensor_count; i++) {
        const struct lm_tensor *tensor = &adamw->tensors[i];
        size_t count = (size_t)tensor->rows * (size_t)tensor->cols;
        long chunks = (long)chunk_count(count);
        f.keep = tensor->decay ? (float)(1 - lr * o->decay) : 1.0f;
#pragma omp parallel for num_threads(o->threads) if (chunks > 1)
        for (long c = 0; c < chunks; c++) {
            size_t at = (size_t)c * CHUNK;
            size_t n = count - at < CHUNK ? count - at : CHUNK;
            at += tensor->offset;
            update(&f, params + at, adamw->m + at, adamw->v + at, gradients + at, n);
        }
    }
    return norm;
}

double train_schedule_lr(const struct train_schedule *schedule, int64_t step)
{
    if (step <= schedule->warmup)
        return schedule->lr * (double)step / (double)schedule->warmup;
    if (step >= schedule->steps)
        return schedule->lr * schedule->lr_final;
    double done = (double)(step - schedule->warmup) / (double)(schedule->steps - schedule->warmup);
    double cosine = 0.5 * (1 + cos(M_PI * done));
    return schedule->lr * (schedule->lr_final + (1 - schedule->lr_final) * cosine);
}
