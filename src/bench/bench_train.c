/* bench.c - the speed of whole training steps. */
#include <stdlib.h>

#include "core/err.h"
#include "core/rng.h"
#include "bench/bench.h"
#include "lm/forward.h"
#include "model/ponder_model.h"
#include "train/adamw.h"

struct bench {
    struct lm_model *model;
    struct lm_run *run;
    struct adamw adamw;
    float *gradients;
    int32_t *tokens, *positions, *doc_start;
    struct lm_target *targets;
    int rows, docs;
};

static int open_run(struct bench *b, const struct ponder_bench_settings *settings, struct ponder_err *err)
{
    struct lm_run_options options = {.rows_max = b->rows, .threads = (int)settings->threads, .train = true};
    int status = precision_parse(settings->precision, &options.precision, err);
    if (!status)
        status = bench_model_open(&b->model, settings, (int)settings->row_tokens, NULL, err);
    if (!status && settings->row_tokens > b->model->shape.context)
        status = err_set(err, PONDER_E_LIMIT, "--row-tokens %d is over the model's context of %d",
                         (int)settings->row_tokens, b->model->shape.context);
    if (!status)
        lm_model_expand(b->model);
    if (!status)
        status = lm_run_open(&b->run, b->model, &options, err);
    return status;
}

static int open_optimiser(struct bench *b, const struct ponder_bench_settings *settings,
                          struct ponder_err *err)
{
    int count = lm_tensors(&b->model->shape, NULL);
    struct lm_tensor *tensors = calloc((size_t)count, sizeof *tensors);
    b->gradients = calloc(b->model->param_count, sizeof *b->gradients);
    if (!tensors || !b->gradients) {
        free(tensors);
        return err_memory(err, "gradients");
    }
    lm_tensors(&b->model->shape, tensors);
    struct adamw_options options = {
        .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .clip = 1, .threads = (int)settings->threads};
    int status = adamw_init(&b->adamw, &options, b->model->param_count, tensors, count, err);
    free(tensors);
    return status;
}

static int make_batch(struct bench *b, int row_tokens, struct ponder_err *err)
{
    b->tokens = calloc((size_t)b->rows, sizeof *b->tokens);
    b->positions = calloc((size_t)b->rows, sizeof *b->positions);
    b->targets = calloc((size_t)b->rows, sizeof *b->targets);
    b->doc_start = calloc((size_t)b->docs + 1, sizeof *b->doc_start);
    if (!b->tokens || !b->positions || !b->targets || !b->doc_start)
        return err_memory(err, "a batch");
    struct rng rng;
    rng_init(&rng, 1);
    for (int row = 0; row < b->rows; row++) {
        b->tokens[row] = rng_range(&rng, 0, b->model->shape.vocab - 1);
        b->positions[row] = row % row_tokens;
        b->targets[row] = (struct lm_target){.kind = LM_TARGET_NEXT,
                                             .token = rng_range(&rng, 0, b->model->shape.vocab - 1)};
    }
    for (int doc = 0; doc <= b->docs; doc++)
        b->doc_start[doc] = doc * row_tokens;
    return PONDER_OK;
}

static int64_t bench_train_step(void *data, int repeat, double *start_s, struct ponder_err *err)
{
    (void)repeat;
    (void)start_s;
    struct bench *b = data;
    struct lm_batch batch = {.rows = b->rows,
                             .tokens = b->tokens,
                             .positions = b->positions,
                             .doc_start = b->doc_start,
                             .docs = b->docs};
    float *logits;
    int status = lm_run_repack(b->run, err);
    if (!status)
        status = lm_forward(b->run, &batch, &logits, err);
    if (status)
        return status;
    for (size_t i = 0; i < b->model->param_count; i++)
        b->gradients[i] = 0;
    lm_loss(b->run, &batch, b->targets, 1.0f / (float)b->rows, 0);
    status = lm_backward(b->run, &batch, b->gradients, err);
    if (!status)
        adamw_step(&b->adamw, b->model->params, b->gradients, 1e-4);
    return status ? status : b->rows;
}

static void bench_release(struct bench *b)
{
    lm_run_release(b->run);
    lm_model_release(b->model);
    adamw_release(&b->adamw);
    free(b->gradients);
    free(b->tokens);
    free(b->positions);
    free(b->targets);
    free(b->doc_start);
}

int ponder_bench_train(const struct ponder_bench_settings *settings, const struct ponder_watch *watch,
                       struct ponder_bench *out, struct ponder_err *err)
{
    int status = bench_check(ponder_bench_train_options(), settings, err);
    if (status)
        return status;
    struct bench_loop loop = bench_loop_of(settings, watch, "steps", 1);
    struct bench b = {.rows = (int)(settings->rows * settings->row_tokens), .docs = (int)settings->rows};
    status = open_run(&b, settings, err);
    if (!status)
        status = open_optimiser(&b, settings, err);
    if (!status)
        status = make_batch(&b, (int)settings->row_tokens, err);
    if (!status)
        status = bench_repeat(&loop, bench_train_step, &b, err);
    if (!status) {
        double keys = ((double)settings->row_tokens + 1) / 2; /* a causal row sees half of its document */
        *out = (struct ponder_bench){
            .parameters = (int64_t)b.model->param_count,
            .precision = precision_name(lm_run_precision(b.run)),
            .flops_per_token = 3 * lm_flops_per_token(&b.model->shape, keys),
        };
        bench_rates(&loop, out);
        status = bench_peak(settings, out, err);
    }
    bench_release(&b);
    return status;
}
