/* forward.c - the forward pass. Shapes in the letters of model.h. */
#include "lm/forward.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/err.h"
#include "lm/run.h"

static void embed(struct lm_run *run, const struct lm_batch *batch, int padded)
{
    size_t width = (size_t)run->model->shape.width;
    float *x = run->acts[0].x;
    for (int row = 0; row < batch->rows; row++)
        lm_matrix_rows(&run->embedding, batch->tokens[row], 1, x + (size_t)row * width);
    memset(x + (size_t)batch->rows * width, 0, (size_t)(padded - batch->rows) * width * sizeof *x);
    lm_dropout(run, batch, LM_SITE_EMBEDDING, x, x, batch->rows);
}

static void norm_rows(struct lm_run *run, const float *x, const float *gain, int rows, void *y, float *inv)
{
    int width = run->model->shape.width;
    float eps = run->model->shape.rms_eps;
    LM_FOR_ROWS(run, rows, begin, count)
    {
        size_t at = (size_t)begin * (size_t)width;
        run->kernels->rmsnorm(x + at, gain, eps, count, width, lm_operand(run, y, at), lm_run_bf16(run),
                              inv + begin);
    }
}

/* y = x + projected, then y normed: one pass while the row is in the cache. */
static void add_and_norm(struct lm_run *run, const float *x, const float *gain, int rows, float *y,
                         void *normed, float *inv)
{
    int width = run->model->shape.width;
    float eps = run->model->shape.rms_eps;
    LM_FOR_ROWS(run, rows, begin, count)
    {
        size_t at = (size_t)begin * (size_t)width, n = (size_t)count * (size_t)width;
        if (y != x)
            memcpy(y + at, x + at, n * sizeof *y);
        run->kernels->add(y + at, run->projected + at, n);
        run->kernels->rmsnorm(y + at, gain, eps, count, width, lm_operand(run, normed, at), lm_run_bf16(run),
                              inv + begin);
    }
}

/* What stands between the projection of a layer and its attention: biases, norms of heads, rotation. */
static void finish_qkv(struct lm_run *run, const struct lm_batch *batch, const struct lm_layer *params,
                       float *qkv)
{
    const struct lm_shape *s = &run->model->shape;
    const struct lm_kernels *k = run->kernels;
    int width = lm_qkv_width(s), dim = s->head_dim;
    LM_FOR_ROWS(run, batch->rows, begin, count)
    for (int row = begin; row < begin + count; row++) {
        float *q = qkv + (size_t)row * (size_t)width, *keys = q + s->heads * dim;
        if (params->qkv_bias)
            k->add(q, params->qkv_bias, (size_t)width);
        if (params->q_norm) {
            k->rmsnorm(q, params->q_norm, s->rms_eps, s->heads, dim, q, false, NULL);
            k->rmsnorm(keys, params->k_norm, s->rms_eps, s->kv_heads, dim, keys, false, NULL);
        }
        k->rope(q, s->heads + s->kv_heads, dim, s->rope_halves,
                run->rope + (size_t)batch->positions[row] * (size_t)dim, 1.0f);
    }
}

/* --- attention over documents (training) --------------------------------------------------------------- */

struct lm_attend lm_document(struct lm_run *run, const struct lm_batch *batch, const struct lm_acts *acts,
                             int doc, int group)
{
    const struct lm_shape *shape = &run->model->shape;
    size_t stride = (size_t)lm_qkv_width(shape), first = (size_t)batch->doc_start[doc];
    return (struct lm_attend){
        .qkv = acts->qkv + first * stride,
        .stride = stride,
        .rows = batch->doc_start[doc + 1] - batch->doc_start[doc],
        .heads = shape->heads,
        .kv_heads = shape->kv_heads,
        .dim = shape->head_dim,
        .group = group,
        .lse = acts->lse + first * (size_t)shape->heads,
        .scratch = run->scratch + (size_t)omp_get_thread_num() * run->scratch_floats,
    };
}

static void attend_documents(struct lm_run *run, const struct lm_batch *batch, const struct lm_acts *acts,
                             int padded)
{
    const struct lm_shape *shape = &run->model->shape;
    size_t width = (size_t)(shape->heads * shape->head_dim);
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(run->options.threads)
    for (int doc = 0; doc < batch->docs; doc++)
        for (int group = 0; group < shape->kv_heads; group++) {
            struct lm_attend a = lm_document(run, batch, acts, doc, group);
            a.out = lm_operand(run, acts->attended, (size_t)batch->doc_start[doc] * width);
            a.out_bf16 = lm_run_bf16(run);
            run->kernels->attend(&a);
        }
    size_t rows = (size_t)batch->rows;
    memset(lm_operand(run, acts->attended, rows * width), 0,
           ((size_t)padded - rows) * width * (lm_run_bf16(run) ? 2 : 4));
}

/* --- attention over the tree (inference) --------------------------------------------------------------- */

static void store_rows(struct lm_run *run, const struct lm_batch *batch, const struct lm_acts *acts,
                       int layer)
{
    const struct lm_shape *shape = &run->model->shape;
    int dim = shape->head_dim;
    bool f16 = kv_tree_type(batch->kv) == KV_F16;
    LM_FOR_ROWS(run, batch->rows, begin, count)
    for (int row = begin; row < begin + count; row++) {
        const float *k = acts->qkv + (size_t)row * (size_t)lm_qkv_width(shape) + shape->heads * dim;
        const float *v = k + shape->kv_heads * dim;
        int segment = batch->segments[row], position = batch->positions[row];
        for (int group = 0; group < shape->kv_heads; group++)
            run->kernels->store_kv(k + group * dim, v + group * dim, dim, position % KV_BLOCK, f16,
                                   kv_keys(batch->kv, segment, position, layer, group),
                                   kv_values(batch->kv, segment, position, layer, group));
    }
}

static void attend_tree(struct lm_run *run, const struct lm_batch *batch, const struct lm_acts *acts,
                        int layer)
{
    const struct lm_shape *shape = &run->model->shape;
    const struct tree_plan *plan = &run->plan;
    struct kv_tree *kv = batch->kv;
    int segment = batch->segments[0], position = batch->positions[0];
    const char *base = kv_keys(kv, segment, position, 0, 0);
    int chunk = (batch->rows + run->options.threads - 1) / run->options.threads;
    chunk = chunk < 8 ? 8 : chunk > LM_TREE_ROWS ? LM_TREE_ROWS : chunk;
    int chunks = (batch->rows + chunk - 1) / chunk;
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(run->options.threads)
    for (int c = 0; c < chunks; c++)
        for (int group = 0; group < shape->kv_heads; group++) {
            /* Every block is laid out alike, so one block tells where this layer and group is in all. */
            struct lm_tree_attend a = {
                .q = acts->qkv,
                .q_stride = (size_t)lm_qkv_width(shape),
                .out = acts->attended,
                .out_bf16 = lm_run_bf16(run),
                .heads = shape->heads,
                .kv_heads = shape->kv_heads,
                .dim = shape->head_dim,
                .rows = plan->rows,
                .lengths = plan->lengths,
                .spans = plan->spans,
                .span_count = plan->span_count,
                .f16 = kv_tree_type(kv) == KV_F16,
                .key_offset = (size_t)((const char *)kv_keys(kv, segment, position, layer, group) - base),
                .value_offset = (size_t)((const char *)kv_values(kv, segment, position, layer, group) - base),
                .group = group,
                .score_stride = plan->score_stride,
            };
            int end = (c + 1) * chunk < batch->rows ? (c + 1) * chunk : batch->rows;
            run->kernels->attend_tree(&a, c * chunk, end,
                                      run->scratch + (size_t)omp_get_thread_num() * run->scratch_floats);
        }
}

/* --- layers -------------------------------------------------------------------------------------------- */

static void swiglu_rows(struct lm_run *run, const struct lm_acts *acts, int rows)
{
    int ffn = run->model->shape.ffn;
    LM_FOR_ROWS(run, rows, begin, count)
    run->kernels->swiglu(acts->gate_up + (size_t)begin * 2 * (size_t)ffn, count, ffn,
                         lm_operand(run, acts->gated, (size_t)begin * (size_t)ffn), lm_run_bf16(run));
}

/* One layer; leaves the stream after attention in acts->mid and what the feed-forward half adds in
 * run->projected. */
static int layer_forward(struct lm_run *run, const struct lm_batch *batch, int layer, int padded,
                         struct ponder_err *err)
{
    struct lm_acts *acts = &run->acts[layer];
    const struct lm_packed_layer *weights = &run->layers[layer];
    struct lm_layer params = lm_layer_at(&run->model->shape, run->model->params, layer);
    int status = gemm_forward(run->gemm, weights->qkv, acts->attn_in, padded, acts->qkv, err);
    if (status)
        return status;
    finish_qkv(run, batch, &params, acts->qkv);
    if (batch->kv) {
        store_rows(run, batch, acts, layer);
        attend_tree(run, batch, acts, layer);
    } else {
        attend_documents(run, batch, acts, padded);
    }
    status = gemm_forward(run->gemm, weights->attn_out, acts->attended, padded, run->projected, err);
    if (status)
        return status;
    lm_dropout(run, batch, lm_site(layer, false), run->projected, run->projected, padded);
    add_and_norm(run, acts->x, params.ffn_norm, padded, acts->mid, acts->ffn_in, acts->ffn_inv);
    status = gemm_forward(run->gemm, weights->gate_up, acts->ffn_in, padded, acts->gate_up, err);
    if (status)
        return status;
    swiglu_rows(run, acts, padded);
    status = gemm_forward(run->gemm, weights->ffn_down, acts->gated, padded, run->projected, err);
    if (!status)
        lm_dropout(run, batch, lm_site(layer, true), run->projected, run->projected, padded);
    return status;
}

/* The rows that get logits, normed, in run->out_in. */
static int gather_outputs(struct lm_run *run, const struct lm_batch *batch, const struct lm_acts *last,
                          int padded)
{
    const struct lm_shape *shape = &run->model->shape;
    const float *gain = lm_out_norm_at(shape, run->model->params);
    if (!batch->logit_rows) {
        add_and_norm(run, last->mid, gain, padded, run->final, run->out_in, run->out_inv);
        return padded;
    }
    size_t width = (size_t)shape->width;
    for (int i = 0; i < batch->logit_count; i++) {
        size_t row = (size_t)batch->logit_rows[i];
        memcpy(run->final + (size_t)i * width, last->mid + row * width, width * sizeof *run->final);
        run->kernels->add(run->final + (size_t)i * width, run->projected + row * width, width);
    }
    norm_rows(run, run->final, gain, batch->logit_count, run->out_in, run->out_inv);
    return batch->logit_count;
}

static int check_batch(const struct lm_run *run, const struct lm_batch *batch, struct ponder_err *err)
{
    const struct lm_shape *shape = &run->model->shape;
    int wanted = batch->logit_rows ? batch->logit_count : batch->rows;
    if (batch->rows < 1 || batch->rows > run->options.rows_max)
        return err_set(err, PONDER_E_LIMIT, "a batch of %d rows: this run takes 1 to %d", batch->rows,
                       run->options.rows_max);
    if (wanted > run->options.logit_rows_max)
        return err_set(err, PONDER_E_LIMIT, "logits of %d rows: this run gives at most %d", wanted,
                       run->options.logit_rows_max);
    if (run->options.train ? !batch->doc_start : !batch->kv)
        return err_set(err, PONDER_E_ARGUMENT, "a training run takes documents, an inference run a KV tree");
    if (!(batch->dropout >= 0 && batch->dropout < 1) || (batch->dropout > 0 && !run->options.train))
        return err_set(err, PONDER_E_ARGUMENT, "dropout of %g: from 0 to below 1, and in training alone",
                       (double)batch->dropout);
    for (int row = 0; row < batch->rows; row++) {
        if (batch->tokens[row] < 0 || batch->tokens[row] >= shape->vocab)
            return err_set(err, PONDER_E_ARGUMENT, "row %d: token %d is not in the vocabulary of %d", row,
                           (int)batch->tokens[row], shape->vocab);
        if (batch->positions[row] < 0 || batch->positions[row] >= shape->context)
            return err_set(err, PONDER_E_LIMIT, "row %d: position %d is outside the context of %d", row,
                           (int)batch->positions[row], shape->context);
    }
    return PONDER_OK;
}

/* What the batch needs besides the activations: angles and scratch for its last position, and its plan. */
static int forward_prepare(struct lm_run *run, const struct lm_batch *batch, struct ponder_err *err)
{
    int last = 0;
    for (int row = 0; row < batch->rows; row++)
        last = batch->positions[row] > last ? batch->positions[row] : last;
    int status = lm_run_reserve(run, last + 1, err);
    if (!status && batch->kv && tree_plan_make(&run->plan, batch))
        status = err_memory(err, "the plan of a batch");
    return status;
}

static void mark_resident(const struct lm_batch *batch)
{
    for (int row = 0; row < batch->rows; row++)
        if (row + 1 == batch->rows || batch->segments[row + 1] != batch->segments[row])
            kv_set_resident(batch->kv, batch->segments[row], batch->positions[row] + 1);
}

static int run_layers(struct lm_run *run, const struct lm_batch *batch, struct ponder_err *err)
{
    const struct lm_shape *shape = &run->model->shape;
    int padded = run->options.train ? gemm_rows(batch->rows) : batch->rows;
    embed(run, batch, padded);
    norm_rows(run, run->acts[0].x, lm_layer_at(shape, run->model->params, 0).attn_norm, padded,
              run->acts[0].attn_in, run->acts[0].attn_inv);
    for (int layer = 0; layer < shape->layers; layer++) {
        int status = layer_forward(run, batch, layer, padded, err);
        if (status)
            return status;
        if (layer + 1 == shape->layers)
            break;
        struct lm_acts *next = &run->acts[layer + 1];
        const float *gain = lm_layer_at(shape, run->model->params, layer + 1).attn_norm;
        add_and_norm(run, run->acts[layer].mid, gain, padded, next->x, next->attn_in, next->attn_inv);
    }
    int wanted = gather_outputs(run, batch, &run->acts[shape->layers - 1], padded);
    return wanted ? gemm_forward(run->gemm, run->output, run->out_in, wanted, run->logits, err) : PONDER_OK;
}

int lm_forward(struct lm_run *run, const struct lm_batch *batch, float **logits, struct ponder_err *err)
{
    int status = check_batch(run, batch, err);
    if (!status)
        status = forward_prepare(run, batch, err);
    if (status)
        return status;
    int threads = omp_get_max_threads();
    omp_set_num_threads(run->options.threads);
    status = run_layers(run, batch, err);
    omp_set_num_threads(threads);
    if (status)
        return status;
    if (batch->kv)
        mark_resident(batch);
    *logits = run->logits;
    return PONDER_OK;
}
