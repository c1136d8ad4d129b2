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

static bool inside_layer(const struct lm_tensor *tensor)
{
    return tensor->rows > 1 && strncmp(tensor->name, "blk.", 4) == 0;
}

static int open_muon(struct adamw *adamw, struct ponder_err *err)
{
    size_t elements = 1, side = 1;
    for (int i = 0; i < adamw->tensor_count; i++) {
        const struct lm_tensor *t = &adamw->tensors[i];
        if (!inside_layer(t))
            continue;
        size_t rows = (size_t)t->rows, cols = (size_t)t->cols, shorter = rows < cols ? rows : cols;
        elements = rows * cols > elements ? rows * cols : elements;
        side = shorter > side ? shorter : side;
    }
    adamw->muon = calloc((size_t)adamw->options.threads, sizeof *adamw->muon);
    int status = adamw->muon ? PONDER_OK : err_memory(err, "the optimiser's scratch");
    for (int i = 0; i < adamw->options.threads && !status; i++)
        status = muon_init(&adamw->muon[i], elements, side, err);
    if (status)
        adamw_release(adamw);
    return status;
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
    return options->muon ? open_muon(adamw, err) : PONDER_OK;
}

void adamw_release(struct adamw *adamw)
{
    free(adamw->m);
    free(adamw->v);
    free(adamw->tensors);
    free(adamw->partials);
    for (int i = 0; adamw->muon && i < adamw->options.threads; i++)
        muon_release(&adamw->muon[i]);
    free(adamw->muon);
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

static void move_by_muon(struct adamw *adamw, const struct factors *f, const struct lm_tensor *tensor,
                         float *params, const float *gradients, float lr)
{
    size_t count = (size_t)tensor->rows * (size_t)tensor->cols;
    float *p = params + tensor->offset;
    const float *direction = muon_direction(&adamw->muon[omp_get_thread_num()], adamw->m + tensor->offset,
                                            gradients + tensor->offset, f->scale, tensor->rows, tensor->cols);
    for (size_t i = 0; i < count; i++)
        p[i] = f->keep * p[i] - lr * direction[i];
}

/* A matrix a thread: they are many, and each is too small to share; so products inside take one thread too.
 */
static void move_layers(struct adamw *adamw, const struct factors *f, float *params, const float *gradients,
                        float lr)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(1);
#pragma omp parallel for schedule(dynamic) num_threads(adamw->options.threads)
    for (int i = 0; i < adamw->tensor_count; i++)
        if (inside_layer(&adamw->tensors[i]))
            move_by_muon(adamw, f, &adamw->tensors[i], params, gradients, lr);
    omp_set_num_threads(before);
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
        if (o->muon && inside_layer(tensor))
            continue;
        f.keep = tensor->decay ? (float)(1 - lr * o->decay) : 1.0f;
#pragma omp parallel for num_threads(o->threads) if (chunks > 1)
        for (long c = 0; c < chunks; c++) {
            size_t at = (size_t)c * CHUNK;
            size_t n = count - at < CHUNK ? count - at : CHUNK;
            at += tensor->offset;
            update(&f, params + at, adamw->m + at, adamw->v + at, gradients + at, n);
        }
    }
    if (o->muon) {
        f.keep = (float)(1 - lr * o->decay);
        move_layers(adamw, &f, params, gradients, (float)lr);
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
