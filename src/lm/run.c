/* run.c - opening a run: resolve its options, pack the weights, carve the activations out of one block. */
#include "lm/run.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "products/qgemm.h"

enum { ROWS_MAX = 1 << 20, THREADS_MAX = 256 };

static bool has_integers(const struct lm_model *model)
{
    struct lm_matrix output = lm_output_matrix(model);
    bool any = qgemm_takes(&output);
    for (int i = 0; !any && i < model->shape.layers; i++) {
        struct lm_matrices layer = lm_matrices_at(model, i);
        any = qgemm_takes(&layer.qkv) || qgemm_takes(&layer.attn_out) || qgemm_takes(&layer.gate_up) ||
              qgemm_takes(&layer.ffn_down);
    }
    return any;
}

/* What AUTO becomes, or INT8 where there are no weights for it. */
static enum lm_precision resolve_precision(const struct lm_run_options *options, const struct lm_model *model)
{
    enum lm_precision asked = options->precision;
    if (asked == LM_PRECISION_F32 || asked == LM_PRECISION_BF16)
        return asked;
    bool integers = !options->exact && !options->train;
    if (integers && (asked == LM_PRECISION_INT8 || qgemm_is_fast()) && has_integers(model))
        return LM_PRECISION_INT8;
    return !options->exact && gemm_bf16_is_fast() ? LM_PRECISION_BF16 : LM_PRECISION_F32;
}

static int run_resolve(struct lm_run_options *options, const struct lm_model *model, struct ponder_err *err)
{
    if (options->threads == 0)
        options->threads = omp_get_num_procs();
    if (options->threads < 1 || options->threads > THREADS_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "%d threads: give a number from 1 to %d", options->threads,
                       THREADS_MAX);
    if (options->rows_max < 1 || options->rows_max > ROWS_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "%d rows a batch: give a number from 1 to %d",
                       options->rows_max, ROWS_MAX);
    if (options->logit_rows_max == 0)
        options->logit_rows_max = options->rows_max;
    if (options->exact &&
        (options->precision == LM_PRECISION_BF16 || options->precision == LM_PRECISION_INT8))
        return err_set(err, PONDER_E_ARGUMENT,
                       "exact mode multiplies in f32: ask for precision f32 or auto with it");
    options->precision = resolve_precision(options, model);
    return PONDER_OK;
}

/* --- weights ------------------------------------------------------------------------------------------- */

static enum gemm_keep keep_of(const struct lm_run *run, const struct lm_matrix *w)
{
    size_t limit = run->options.weights_bytes_max;
    size_t bytes = gemm_packed_bytes(run->gemm, w);
    if (run->options.train)
        return GEMM_KEEP_BOTH;
    return limit && (bytes > limit || run->packed_bytes > limit - bytes) ? GEMM_KEEP_NOTHING
                                                                         : GEMM_KEEP_PACKED;
}

static int pack(struct lm_run *run, struct gemm_weights **weights, struct lm_matrix w, struct ponder_err *err)
{
    if (*weights)
        return gemm_weights_update(run->gemm, *weights, &w, err);
    int status = gemm_weights_new(run->gemm, weights, &w, keep_of(run, &w), err);
    if (!status)
        run->packed_bytes += gemm_weights_bytes(*weights);
    return status;
}

/* Of the matrix the rows of the tokens that are wanted. */
static int select_outputs(struct lm_run *run, struct lm_matrix *output, struct ponder_err *err)
{
    size_t count = (size_t)run->options.output_count, width = (size_t)output->cols;
    if (!run->output_rows)
        run->output_rows = malloc(count * width * sizeof *run->output_rows);
    if (!run->output_rows)
        return err_memory(err, "rows of the output matrix");
    for (size_t i = 0; i < count; i++)
        lm_matrix_rows(output, run->options.outputs[i], 1, run->output_rows + i * width);
    *output = (struct lm_matrix){
        .rows = run->options.output_count, .cols = output->cols, .plain = run->output_rows};
    return PONDER_OK;
}

int lm_run_repack(struct lm_run *run, struct ponder_err *err)
{
    int status = PONDER_OK;
    run->embedding = lm_embedding_matrix(run->model);
    for (int i = 0; !status && i < run->model->shape.layers; i++) {
        struct lm_matrices layer = lm_matrices_at(run->model, i);
        struct lm_packed_layer *packed = &run->layers[i];
        status = pack(run, &packed->qkv, layer.qkv, err);
        if (!status)
            status = pack(run, &packed->attn_out, layer.attn_out, err);
        if (!status)
            status = pack(run, &packed->gate_up, layer.gate_up, err);
        if (!status)
            status = pack(run, &packed->ffn_down, layer.ffn_down, err);
    }
    struct lm_matrix output = lm_output_matrix(run->model);
    if (!status && run->options.output_count)
        status = select_outputs(run, &output, err);
    return status ? status : pack(run, &run->output, output, err);
}

/* --- activations --------------------------------------------------------------------------------------- */

/* Hands out aligned pieces of a block; with base NULL it only counts. */
struct carve {
    char *base;
    size_t bytes;
};

static void *run_take(struct carve *carve, size_t count, size_t size)
{
    void *piece = carve->base ? carve->base + carve->bytes : NULL;
    carve->bytes += (count * size + 63) / 64 * 64;
    return piece;
}

static void carve_layer(const struct lm_run *run, struct carve *c, struct lm_acts *acts)
{
    const struct lm_shape *s = &run->model->shape;
    size_t rows = (size_t)run->rows_padded, width = (size_t)s->width, operand = lm_run_bf16(run) ? 2 : 4;
    acts->x = run_take(c, rows * width, sizeof(float));
    acts->attn_inv = run_take(c, rows, sizeof(float));
    acts->attn_in = run_take(c, rows * width, operand);
    acts->qkv = run_take(c, rows * (size_t)lm_qkv_width(s), sizeof(float));
    acts->lse = run_take(c, run->options.train ? rows * (size_t)s->heads : 0, sizeof(float));
    acts->attended = run_take(c, rows * (size_t)(s->heads * s->head_dim), operand);
    acts->mid = run_take(c, rows * width, sizeof(float));
    acts->ffn_inv = run_take(c, rows, sizeof(float));
    acts->ffn_in = run_take(c, rows * width, operand);
    acts->gate_up = run_take(c, rows * 2 * (size_t)s->ffn, sizeof(float));
    acts->gated = run_take(c, rows * (size_t)s->ffn, operand);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void carve_backward(struct lm_run *run, struct carve *c)
{
    const struct lm_shape *s = &run->model->shape;
    size_t rows = (size_t)run->rows_padded, operand = lm_run_bf16(run) ? 2 : 4;
    size_t width = (size_t)s->width, ffn = (size_t)s->ffn, qkv = (size_t)lm_qkv_width(s);
    size_t heads_width = (size_t)(s->heads * s->head_dim);
    run->dx = run_take(c, rows * width, sizeof(float));
    run->dwide = run_take(c, rows * larger(larger(width, heads_width), ffn), sizeof(float));
    run->dy = run_take(c, rows * larger(larger(width, qkv), larger(2 * ffn, (size_t)s->vocab)), operand);
    run->dqkv = run_take(c, rows * qkv, sizeof(float));
    run->row_loss = run_take(c, rows, sizeof(double));
    run->dgain = run_take(c, (size_t)run->options.threads * width, sizeof(float));
}

static void carve_all(struct lm_run *run, struct carve *c)
{
    const struct lm_shape *s = &run->model->shape;
    size_t rows = (size_t)run->rows_padded, width = (size_t)s->width, operand = lm_run_bf16(run) ? 2 : 4;
    for (int i = 0; i < s->layers; i++)
        if (run->options.train || i == 0)
            carve_layer(run, c, &run->acts[i]);
        else
            run->acts[i] = run->acts[0];
    run->final = run_take(c, rows * width, sizeof(float));
    run->out_inv = run_take(c, rows, sizeof(float));
    run->out_in = run_take(c, rows * width, operand);
    run->projected = run_take(c, rows * width, sizeof(float));
    run->logits = run_take(c, (size_t)gemm_rows(run->options.logit_rows_max) * (size_t)lm_run_outputs(run),
                           sizeof(float));
    if (run->options.train)
        carve_backward(run, c);
}

static int make_activations(struct lm_run *run, struct ponder_err *err)
{
    struct carve counting = {0};
    run->rows_padded = gemm_rows(run->options.rows_max);
    carve_all(run, &counting);
    run->block = aligned_alloc(64, counting.bytes);
    if (!run->block)
        return err_memory(err, "activations");
    memset(run->block, 0, counting.bytes); /* surplus rows of a product are read, so they must be finite */
    run->block_bytes = counting.bytes;
    struct carve carving = {.base = run->block};
    carve_all(run, &carving);
    return PONDER_OK;
}

/* --- what grows with the longest path ------------------------------------------------------------------ */

/* Angles position / divisor * base^(-2i/D) (Su et al. 2021, "RoFormer"; the divisor is the linear scaling of
 * Chen et al. 2023), over a divisor of its own for each frequency where the model has such. */
static void fill_rope(const struct lm_run *run, int from, int to, float *rope)
{
    const struct lm_shape *s = &run->model->shape;
    const float *freqs = lm_rope_freqs_at(s, run->model->params);
    for (int i = 0; i < s->head_dim / 2; i++) {
        double step = pow((double)s->rope_base, -2.0 * i / s->head_dim);
        if (s->rope_divisor > 0)
            step /= (double)s->rope_divisor;
        if (freqs)
            step /= (double)freqs[i];
        for (int position = from; position < to; position++) {
            float *pair = rope + (size_t)position * (size_t)s->head_dim + 2 * i;
            pair[0] = (float)cos(position * step);
            pair[1] = (float)sin(position * step);
        }
    }
}

static size_t scratch_floats(const struct lm_run *run, int positions)
{
    const struct lm_shape *s = &run->model->shape;
    struct lm_tree_attend tree = {.heads = s->heads,
                                  .kv_heads = s->kv_heads,
                                  .dim = s->head_dim,
                                  .score_stride = (positions + KV_BLOCK - 1) / KV_BLOCK * KV_BLOCK};
    size_t floats = run->options.train ? lm_attend_scratch(positions, s->head_dim) : lm_tree_scratch(&tree);
    return (floats + 15) / 16 * 16;
}

int lm_run_reserve(struct lm_run *run, int positions, struct ponder_err *err)
{
    enum { POSITIONS_MIN = 512 };
    const struct lm_shape *s = &run->model->shape;
    if (positions <= run->positions)
        return PONDER_OK;
    int want = run->positions ? 2 * run->positions : POSITIONS_MIN;
    want = want < positions ? positions : want;
    want = want > s->context ? s->context : want;
    size_t floats = scratch_floats(run, want), bytes = (size_t)run->options.threads * floats * sizeof(float);
    float *rope = malloc((size_t)want * (size_t)s->head_dim * sizeof *rope);
    float *scratch = aligned_alloc(64, bytes);
    if (!rope || !scratch) {
        free(rope);
        free(scratch);
        return err_memory(err, "rotary angles and attention scores");
    }
    memset(scratch, 0, bytes); /* kernels multiply by 0 what they never wrote */
    if (run->positions)
        memcpy(rope, run->rope, (size_t)run->positions * (size_t)s->head_dim * sizeof *rope);
    fill_rope(run, run->positions, want, rope);
    free(run->rope);
    free(run->scratch);
    run->rope = rope;
    run->scratch = scratch;
    run->scratch_floats = floats;
    run->positions = want;
    return PONDER_OK;
}

/* --- opening ------------------------------------------------------------------------------------------- */

static int check_model(const struct lm_model *model, const struct lm_run_options *options,
                       struct ponder_err *err)
{
    const struct lm_shape *s = &model->shape;
    if (options->train && options->output_count)
        return err_set(err, PONDER_E_ARGUMENT, "training needs the logits of all tokens");
    for (int i = 0; i < options->output_count; i++)
        if (options->outputs[i] < 0 || options->outputs[i] >= s->vocab)
            return err_set(err, PONDER_E_ARGUMENT, "logits of token %d: tokens are 0 to %d",
                           (int)options->outputs[i], s->vocab - 1);
    if (options->train && model->file)
        return err_set(err, PONDER_E_ARGUMENT, "training needs all parameters: expand the model first");
    if (options->train && (s->qkv_bias || s->qk_norm))
        return err_set(err, PONDER_E_UNSUPPORTED,
                       "training is for llama models without biases: there are no gradients of the %s of %s",
                       s->qkv_bias ? "biases" : "norms of heads", lm_arch_name(s->arch));
    return PONDER_OK;
}

int lm_run_open(struct lm_run **out, const struct lm_model *model, const struct lm_run_options *options,
                struct ponder_err *err)
{
    struct lm_run *run = calloc(1, sizeof *run);
    if (!run)
        return err_memory(err, "a model run");
    run->model = model;
    run->options = *options;
    run->kernels = lm_kernels_best();
    run->layers = calloc((size_t)model->shape.layers, sizeof *run->layers);
    run->acts = calloc((size_t)model->shape.layers, sizeof *run->acts);
    int status = run->layers && run->acts ? check_model(model, options, err) : err_memory(err, "a model run");
    if (!status)
        status = run_resolve(&run->options, model, err);
    if (!status)
        status = gemm_open(&run->gemm,
                           &(struct gemm_options){.threads = run->options.threads,
                                                  .bf16 = run->options.precision == LM_PRECISION_BF16,
                                                  .integers = run->options.precision == LM_PRECISION_INT8,
                                                  .exact = run->options.exact},
                           err);
    if (!status)
        status = lm_run_repack(run, err);
    if (!status)
        status = make_activations(run, err);
    if (status) {
        lm_run_release(run);
        return status;
    }
    *out = run;
    return PONDER_OK;
}

void lm_run_release(struct lm_run *run)
{
    if (!run)
        return;
    for (int i = 0; run->layers && i < run->model->shape.layers; i++) {
        gemm_weights_release(run->layers[i].qkv);
        gemm_weights_release(run->layers[i].attn_out);
        gemm_weights_release(run->layers[i].gate_up);
        gemm_weights_release(run->layers[i].ffn_down);
    }
    gemm_weights_release(run->output);
    gemm_release(run->gemm);
    tree_plan_release(&run->plan);
    free(run->layers);
    free(run->acts);
    free(run->rope);
    free(run->scratch);
    free(run->block);
    free(run->output_rows);
    free(run);
}

int lm_run_outputs(const struct lm_run *run)
{
    return run->options.output_count ? run->options.output_count : run->model->shape.vocab;
}

enum lm_precision lm_run_precision(const struct lm_run *run)
{
    return run->options.precision;
}

size_t lm_run_bytes(const struct lm_run *run)
{
    size_t scratch = (size_t)run->options.threads * run->scratch_floats * sizeof *run->scratch;
    return run->block_bytes + run->packed_bytes + scratch;
}

size_t lm_run_weights_bytes(const struct lm_run *run)
{
    return run->packed_bytes;
}
