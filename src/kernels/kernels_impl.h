/* kernels_impl.h - what the kernel sources share: they are compiled once per instruction set, with ISA the
 * suffix of their names. */
#ifndef KERNELS_KERNELS_IMPL_H
#define KERNELS_KERNELS_IMPL_H

#include "kernels/kernels.h"
#include "kernels/vec.h"

#define KERNEL_JOIN(name, isa) kernel_##name##_##isa
#define KERNEL_NAME(name, isa) KERNEL_JOIN(name, isa)
#define KERNEL(name) KERNEL_NAME(name, ISA)

void KERNEL(rmsnorm)(const float *x, const float *gain, float eps, int rows, int width, void *y, bool bf16,
                     float *inv);
void KERNEL(rmsnorm_backward)(const float *x, const float *gain, const float *inv, const float *dy, int rows,
                              int width, float *dx, float *dgain);
void KERNEL(add)(float *x, const float *y, size_t n);
void KERNEL(to_bf16)(const float *x, uint16_t *y, size_t n);
void KERNEL(rope)(float *x, int heads, int dim, bool halves, const float *cos_sin, float sign);
void KERNEL(swiglu)(const float *gate_up, int rows, int ffn, void *y, bool bf16);
void KERNEL(swiglu_backward)(const float *gate_up, const float *dy, int rows, int ffn, void *dgate_up,
                             bool bf16);
float KERNEL(softmax)(const float *x, int n, float scale, float *p);
void KERNEL(attend)(const struct lm_attend *a);
void KERNEL(attend_backward)(const struct lm_attend *a);
void KERNEL(attend_tree)(const struct lm_tree_attend *a, int begin, int end, float *scratch);
void KERNEL(store_kv)(const float *key, const float *value, int dim, int slot, bool f16, void *keys,
                      void *values);
void KERNEL(expand)(int type, const void *from, size_t count, float *out);
void KERNEL(dots)(const struct lm_dots *d, const void *weights, int count, float *y);
void KERNEL(dot_round)(const float *x, int k, int16_t *numbers, float *scales, float *sums);
void KERNEL(round_i8)(const float *x, int k, int8_t *numbers, size_t spread, float *scales, int32_t *sums,
                      size_t stride);
struct sample KERNEL(sample)(const float *logits, int vocab, const struct sample_options *options, double u);
float KERNEL(dot)(const float *x, const float *y, int n);

extern const struct lm_kernels KERNEL(table);

/* Stores up to LANES values of an operand row at element `i`. */
INLINE void operand_store(void *y, bool bf16, size_t i, vec v, int n)
{
    if (bf16) {
        vech h = vec_to_bf16(v);
        memcpy((uint16_t *)y + i, &h, (size_t)n * sizeof(uint16_t));
    } else {
        memcpy((float *)y + i, &v, (size_t)n * sizeof(float));
    }
}

#endif
