/* kernels_rows.c - norms, gates, rotations, softmax: one pass over the rows each. */
#include "kernels/kernels_impl.h"

/* Runs BODY for each stretch of a row: `n` is LANES but for the last one. */
#define FOR_STRETCHES(width, i, n)                                                                           \
    for (int i = 0, n; n = (width)-i < LANES ? (width)-i : LANES, i < (width); i += LANES)

INLINE vec load(const float *p, int n)
{
    return n == LANES ? vec_load(p) : vec_load_part(p, n, 0);
}

INLINE void store(float *p, vec v, int n)
{
    if (n == LANES)
        vec_store(p, v);
    else
        vec_store_part(p, v, n);
}

INLINE void store_operand(void *y, bool bf16, size_t i, vec v, int n)
{
    if (n == LANES)
        operand_store(y, bf16, i, v, LANES);
    else
        operand_store(y, bf16, i, v, n);
}

void KERNEL(rmsnorm)(const float *x, const float *gain, float eps, int rows, int width, void *y, bool bf16,
                     float *inv)
{
    for (int row = 0; row < rows; row++, x += width) {
        vec squares = {0};
        FOR_STRETCHES(width, i, n)
        {
            vec v = load(x + i, n);
            squares += v * v;
        }
        float scale = 1.0f / sqrtf(vec_sum(squares) / (float)width + eps);
        FOR_STRETCHES(width, i, n)
        store_operand(y, bf16, (size_t)row * (size_t)width + (size_t)i,
                      load(x + i, n) * scale * load(gain + i, n), n);
        if (inv)
            inv[row] = scale;
    }
}

/* y_i = g_i x_i s with s = (mean(x^2) + eps)^-1/2, so dx_i = s g_i dy_i - x_i s^3 / C * sum_j g_j dy_j x_j.
 */
void KERNEL(rmsnorm_backward)(const float *x, const float *gain, const float *inv, const float *dy, int rows,
                              int width, float *dx, float *dgain)
{
    for (int row = 0; row < rows; row++, x += width, dy += width, dx += width) {
        vec dots = {0};
        FOR_STRETCHES(width, i, n)
        dots += load(x + i, n) * load(gain + i, n) * load(dy + i, n);
        float s = inv[row];
        float pull = vec_sum(dots) * s * s * s / (float)width;
        FOR_STRETCHES(width, i, n)
        {
            vec xi = load(x + i, n), dyi = load(dy + i, n);
            store(dx + i, load(dx + i, n) + dyi * load(gain + i, n) * s - xi * pull, n);
            store(dgain + i, load(dgain + i, n) + dyi * xi * s, n);
        }
    }
}

void KERNEL(add)(float *x, const float *y, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(x + i, vec_load(x + i) + vec_load(y + i));
    for (; i < n; i++)
        x[i] += y[i];
}

void KERNEL(to_bf16)(const float *x, uint16_t *y, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store_bf16(y + i, vec_load(x + i));
    for (; i < n; i++)
        y[i] = f32_to_bf16(x[i]);
}

/* Pair i is elements step * i and step * i + apart. */
INLINE void rope_head(float *x, int pairs, int step, int apart, const float *cos_sin, float sign)
{
    for (int i = 0; i < pairs; i++) {
        float c = cos_sin[2 * i], s = cos_sin[2 * i + 1] * sign;
        float a = x[step * i], b = x[step * i + apart];
        x[step * i] = a * c - b * s;
        x[step * i + apart] = a * s + b * c;
    }
}

void KERNEL(rope)(float *x, int heads, int dim, bool halves, const float *cos_sin, float sign)
{
    for (int head = 0; head < heads; head++, x += dim)
        if (halves)
            rope_head(x, dim / 2, 1, dim / 2, cos_sin, sign);
        else
            rope_head(x, dim / 2, 2, 1, cos_sin, sign);
}

INLINE vec sigmoid(vec x)
{
    return 1.0f / (1.0f + vec_exp(-x));
}

void KERNEL(swiglu)(const float *gate_up, int rows, int ffn, void *y, bool bf16)
{
    for (int row = 0; row < rows; row++, gate_up += 2 * (size_t)ffn)
        FOR_STRETCHES(ffn, i, n)
        {
            vec gate = load(gate_up + i, n), up = load(gate_up + ffn + i, n);
            store_operand(y, bf16, (size_t)row * (size_t)ffn + (size_t)i, gate * sigmoid(gate) * up, n);
        }
}

void KERNEL(swiglu_backward)(const float *gate_up, const float *dy, int rows, int ffn, void *dgate_up,
                             bool bf16)
{
    for (int row = 0; row < rows; row++, gate_up += 2 * (size_t)ffn, dy += ffn)
        FOR_STRETCHES(ffn, i, n)
        {
            vec gate = load(gate_up + i, n), up = load(gate_up + ffn + i, n), d = load(dy + i, n);
            vec s = sigmoid(gate), silu = gate * s;
            size_t at = (size_t)row * 2 * (size_t)ffn + (size_t)i;
            store_operand(dgate_up, bf16, at, d * up * (s + silu * (1.0f - s)), n);
            store_operand(dgate_up, bf16, at + (size_t)ffn, d * silu, n);
        }
}

float KERNEL(dot)(const float *x, const float *y, int n)
{
    enum { CHAINS = 4 };
    vec sums[CHAINS] = {{0}};
    int i = 0;
    for (; i + CHAINS * LANES <= n; i += CHAINS * LANES)
        for (int c = 0; c < CHAINS; c++)
            sums[c] += vec_load(x + i + c * LANES) * vec_load(y + i + c * LANES);
    for (; i < n; i += LANES) {
        int m = n - i < LANES ? n - i : LANES;
        sums[0] += load(x + i, m) * load(y + i, m);
    }
    return vec_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

float KERNEL(softmax)(const float *x, int n, float scale, float *p)
{
    vec tops = vec_all(-INFINITY);
    FOR_STRETCHES(n, i, m)
    tops = vec_max(tops, m == LANES ? vec_load(x + i) : vec_load_part(x + i, m, -INFINITY));
    float top = vec_max_of(tops);
    vec sums = {0};
    FOR_STRETCHES(n, i, m)
    sums += vec_exp((m == LANES ? vec_load(x + i) : vec_load_part(x + i, m, -INFINITY)) - top);
    float total = vec_sum(sums);
    if (p) {
        float factor = scale / total;
        FOR_STRETCHES(n, i, m)
        store(p + i, vec_exp(load(x + i, m) - top) * factor, m);
    }
    return top + logf(total);
}

const struct lm_kernels KERNEL(table) = {
#define NAME_OF(isa) NAME_TEXT(isa)
#define NAME_TEXT(isa) #isa
    .name = NAME_OF(ISA),
    .rmsnorm = KERNEL(rmsnorm),
    .rmsnorm_backward = KERNEL(rmsnorm_backward),
    .add = KERNEL(add),
    .to_bf16 = KERNEL(to_bf16),
    .rope = KERNEL(rope),
    .swiglu = KERNEL(swiglu),
    .swiglu_backward = KERNEL(swiglu_backward),
    .softmax = KERNEL(softmax),
    .attend = KERNEL(attend),
    .attend_backward = KERNEL(attend_backward),
    .attend_tree = KERNEL(attend_tree),
    .store_kv = KERNEL(store_kv),
    .expand = KERNEL(expand),
    .dots = KERNEL(dots),
    .dot_round = KERNEL(dot_round),
    .round_i8 = KERNEL(round_i8),
    .sample = KERNEL(sample),
};
