/* loss.c - what a batch is trained towards, and the gradient of its logits. */
#include <math.h>
#include <string.h>

#include "lm/run.h"

/* Cross-entropy with one token: d loss / d logits = softmax - onehot. */
static double next_token(const struct lm_kernels *kernels, float *logits, int vocab, int32_t token,
                         float scale)
{
    float wanted = logits[token];
    float lse = kernels->softmax(logits, vocab, scale, scale > 0 ? logits : NULL);
    if (scale > 0)
        logits[token] -= scale;
    return (double)lse - (double)wanted;
}

/* Binary cross-entropy of the two-way softmax over two logits: with z = good - bad and q = sigmoid(z), the
 * loss is log(1 + e^-z) + (1 - p) z and its gradient q - p for good, p - q for bad. */
static double soft_pair(float *logits, int vocab, const struct lm_target *target, float scale, float weight)
{
    double z = (double)logits[target->token] - (double)logits[target->other];
    double q = 1.0 / (1.0 + exp(-z));
    double softplus = z > 0 ? log1p(exp(-z)) : log1p(exp(z)) - z; /* log(1 + e^-z) without overflow */
    if (scale > 0) {
        memset(logits, 0, (size_t)vocab * sizeof *logits);
        logits[target->token] = scale * weight * (float)(q - (double)target->p);
        logits[target->other] = -logits[target->token];
    }
    return softplus + (1.0 - (double)target->p) * z;
}

/* Rows in parallel, their losses added in order: the sum does not depend on the threads. */
struct lm_loss lm_loss(struct lm_run *run, const struct lm_batch *batch, const struct lm_target *targets,
                       float scale, float soft_weight)
{
    int vocab = run->model->shape.vocab;
#pragma omp parallel for schedule(static) num_threads(run->options.threads)
    for (int row = 0; row < batch->rows; row++) {
        float *logits = run->logits + (size_t)row * (size_t)vocab;
        const struct lm_target *target = &targets[row];
        if (target->kind == LM_TARGET_NEXT)
            run->row_loss[row] = next_token(run->kernels, logits, vocab, target->token, scale);
        else if (target->kind == LM_TARGET_SOFT)
            run->row_loss[row] = soft_pair(logits, vocab, target, scale, soft_weight);
        else if (scale > 0)
            memset(logits, 0, (size_t)vocab * sizeof *logits);
    }
    struct lm_loss loss = {0};
    for (int row = 0; row < batch->rows; row++)
        if (targets[row].kind == LM_TARGET_NEXT) {
            loss.next_sum += run->row_loss[row];
            loss.next_count++;
        } else if (targets[row].kind == LM_TARGET_SOFT) {
            loss.soft_sum += run->row_loss[row];
            loss.soft_count++;
        }
    int padded = gemm_rows(batch->rows);
    if (scale > 0)
        memset(run->logits + (size_t)batch->rows * (size_t)vocab, 0,
               (size_t)(padded - batch->rows) * (size_t)vocab * sizeof *run->logits);
    return loss;
}
