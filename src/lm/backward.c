/* backward.c - the gradient of every parameter, half a layer at a time, in the reverse of forward.c.
 *
 * run->dx is the gradient of the residual stream. Each half adds its own part to it through the norm it began
 * with, so the stream's gradient passes straight through. Surplus rows are zero all the way. */
#include <omp.h>
#include <string.h>

#include "core/err.h"
#include "lm/run.h"

/* A gradient as the products want it: itself in f32, converted into run->dy in bf16. */
static const void *as_operand(struct lm_run *run, const float *gradient, int rows, int width)
{
    if (!lm_run_bf16(run))
        return gradient;
    LM_FOR_ROWS(run, rows, begin, count)
    {
        size_t at = (size_t)begin * (size_t)width;
        run->kernels->to_bf16(gradient + at, (uint16_t *)run->dy + at, (size_t)count * (size_t)width);
    }
    return run->dy;
}

/* The gradient of what a half added to the stream, as an operand. run->projected is free by now. */
static const void *added_gradient(struct lm_run *run, const struct lm_batch *batch, int site, int rows)
{
    const float *gradient = lm_dropout(run, batch, site, run->dx, run->projected, rows);
    return as_operand(run, gradient, rows, run->model->shape.width);
}

static void norm_backward(struct lm_run *run, const float *x, const float *gain, const float *inv,
                          const float *dy, int rows, float *dgain)
{
    int width = run->model->shape.width, threads = run->options.threads;
    memset(run->dgain, 0, (size_t)threads * (size_t)width * sizeof *run->dgain);
    LM_FOR_ROWS(run, rows, begin, count)
    {
        size_t at = (size_t)begin * (size_t)width;
        run->kernels->rmsnorm_backward(x + at, gain, inv + begin, dy + at, count, width, run->dx + at,
                                       run->dgain + (size_t)omp_get_thread_num() * (size_t)width);
    }
    for (int thread = 0; thread < threads; thread++)
        run->kernels->add(dgain, run->dgain + (size_t)thread * (size_t)width, (size_t)width);
}

static int output_backward(struct lm_run *run, int rows, float *gradients, struct ponder_err *err)
{
    const struct lm_shape *s = &run->model->shape;
    const void *dlogits = as_operand(run, run->logits, rows, s->vocab);
    int status = gemm_weight(run->gemm, dlogits, run->out_in, rows, s->vocab, s->width,
                             lm_output_at(s, gradients), err);
    if (!status)
        status = gemm_input(run->gemm, run->output, dlogits, rows, run->dwide, err);
    if (status)
        return status;
    memset(run->dx, 0, (size_t)rows * (size_t)s->width * sizeof *run->dx);
    norm_backward(run, run->final, lm_out_norm_at(s, run->model->params), run->out_inv, run->dwide, rows,
                  lm_out_norm_at(s, gradients));
    return PONDER_OK;
}

static int ffn_backward(struct lm_run *run, const struct lm_batch *batch, int layer, int rows,
                        float *gradients, struct ponder_err *err)
{
    const struct lm_shape *s = &run->model->shape;
    const struct lm_acts *acts = &run->acts[layer];
    const struct lm_packed_layer *weights = &run->layers[layer];
    struct lm_layer params = lm_layer_at(s, run->model->params, layer), d = lm_layer_at(s, gradients, layer);
    const void *dout = added_gradient(run, batch, lm_site(layer, true), rows);
    int status = gemm_weight(run->gemm, dout, acts->gated, rows, s->width, s->ffn, d.ffn_down, err);
    if (!status)
        status = gemm_input(run->gemm, weights->ffn_down, dout, rows, run->dwide, err);
    if (status)
        return status;
    LM_FOR_ROWS(run, rows, begin, count)
    {
        size_t at = (size_t)begin * (size_t)s->ffn;
        run->kernels->swiglu_backward(acts->gate_up + 2 * at, run->dwide + at, count, s->ffn,
                                      lm_operand(run, run->dy, 2 * at), lm_run_bf16(run));
    }
    status = gemm_weight(run->gemm, run->dy, acts->ffn_in, rows, 2 * s->ffn, s->width, d.gate_up, err);
    if (!status)
        status = gemm_input(run->gemm, weights->gate_up, run->dy, rows, run->dwide, err);
    if (!status)
        norm_backward(run, acts->mid, params.ffn_norm, acts->ffn_inv, run->dwide, rows, d.ffn_norm);
    return status;
}

/* run->dwide holds the gradient of what attention gave; run->dqkv gets that of queries, keys and values
 * before rotation. */
static void attend_backward(struct lm_run *run, const struct lm_batch *batch, const struct lm_acts *acts,
                            int padded)
{
    const struct lm_shape *s = &run->model->shape;
    size_t stride = (size_t)lm_qkv_width(s), width = (size_t)(s->heads * s->head_dim);
    LM_FOR_ROWS(run, padded, begin, count)
    memset(run->dqkv + (size_t)begin * stride, 0, (size_t)count * stride * sizeof *run->dqkv);
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(run->options.threads)
    for (int doc = 0; doc < batch->docs; doc++)
        for (int group = 0; group < s->kv_heads; group++) {
            struct lm_attend a = lm_document(run, batch, acts, doc, group);
            a.dout = run->dwide + (size_t)batch->doc_start[doc] * width;
            a.dqkv = run->dqkv + (size_t)batch->doc_start[doc] * stride;
            run->kernels->attend_backward(&a);
        }
    LM_FOR_ROWS(run, batch->rows, first, rows)
    for (int row = first; row < first + rows; row++)
        run->kernels->rope(run->dqkv + (size_t)row * stride, s->heads + s->kv_heads, s->head_dim,
                           s->rope_halves, run->rope + (size_t)batch->positions[row] * (size_t)s->head_dim,
                           -1.0f);
}

static int attention_backward(struct lm_run *run, const struct lm_batch *batch, int layer, int rows,
                              float *gradients, struct ponder_err *err)
{
    const struct lm_shape *s = &run->model->shape;
    const struct lm_acts *acts = &run->acts[layer];
    const struct lm_packed_layer *weights = &run->layers[layer];
    struct lm_layer params = lm_layer_at(s, run->model->params, layer), d = lm_layer_at(s, gradients, layer);
    const void *dout = added_gradient(run, batch, lm_site(layer, false), rows);
    int status =
        gemm_weight(run->gemm, dout, acts->attended, rows, s->width, s->heads * s->head_dim, d.attn_out, err);
    if (!status)
        status = gemm_input(run->gemm, weights->attn_out, dout, rows, run->dwide, err);
    if (status)
        return status;
    attend_backward(run, batch, acts, rows);
    const void *dqkv = as_operand(run, run->dqkv, rows, lm_qkv_width(s));
    status = gemm_weight(run->gemm, dqkv, acts->attn_in, rows, lm_qkv_width(s), s->width, d.qkv, err);
    if (!status)
        status = gemm_input(run->gemm, weights->qkv, dqkv, rows, run->dwide, err);
    if (!status)
        norm_backward(run, acts->x, params.attn_norm, acts->attn_inv, run->dwide, rows, d.attn_norm);
    return status;
}

/* Several rows hold the same token, so threads split the columns and each adds all rows in order. */
static void embedding_backward(struct lm_run *run, const struct lm_batch *batch, float *gradients)
{
    int width = run->model->shape.width, threads = run->options.threads;
    lm_dropout(run, batch, LM_SITE_EMBEDDING, run->dx, run->dx, batch->rows);
    float *table = lm_embedding_at(&run->model->shape, gradients);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int part = 0; part < threads; part++) {
        int begin = width * part / threads, end = width * (part + 1) / threads;
        for (int row = 0; row < batch->rows; row++)
            run->kernels->add(table + (size_t)batch->tokens[row] * (size_t)width + begin,
                              run->dx + (size_t)row * (size_t)width + begin, (size_t)(end - begin));
    }
}

static int run_backward(struct lm_run *run, const struct lm_batch *batch, float *gradients,
                        struct ponder_err *err)
{
    int padded = gemm_rows(batch->rows);
    int status = output_backward(run, padded, gradients, err);
    for (int layer = run->model->shape.layers - 1; !status && layer >= 0; layer--) {
        status = ffn_backward(run, batch, layer, padded, gradients, err);
        if (!status)
            status = attention_backward(run, batch, layer, padded, gradients, err);
    }
    if (!status)
        embedding_backward(run, batch, gradients);
    return status;
}

int lm_backward(struct lm_run *run, const struct lm_batch *batch, float *gradients, struct ponder_err *err)
{
    if (!run->options.train)
        return err_set(err, PONDER_E_ARGUMENT, "backward needs a run opened for training");
    int threads = omp_get_max_threads();
    omp_set_num_threads(run->options.threads);
    int status = run_backward(run, batch, gradients, err);
    omp_set_num_threads(threads);
    return status;
}
