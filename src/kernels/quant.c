/* quant.c - quantised and 16-bit numbers to f32 (quant.h). Compiled once per instruction set, like the
 * kernels. */
#include "kernels/quant_block.h"

static void expand_f16(const unsigned char *from, size_t count, float *out)
{
    uint16_t halves[LANES];
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        memcpy(halves, from + 2 * i, sizeof halves);
        vec_store(out + i, vec_load_f16(halves));
    }
    for (; i < count; i++)
        out[i] = quant_half(from + 2 * i);
}

static void expand_bf16(const unsigned char *from, size_t count, float *out)
{
    uint16_t half;
    for (size_t i = 0; i < count; i++) {
        memcpy(&half, from + 2 * i, sizeof half);
        out[i] = bf16_to_f32(half);
    }
}

INLINE void expand_block(const struct quant_block *block, int elements, int group, bool offsets, float *out)
{
    for (int g = 0; g < elements / group; g++)
        for (int i = g * group; i < (g + 1) * group; i += LANES) {
            vec v = vec_load_i8(block->q + i) * block->scale[g];
            vec_store(out + i, offsets ? v + block->offset[g] : v);
        }
}

#define EXPAND(type, name, elements, bytes, group, offsets)                                                  \
    static void expand_##name(const unsigned char *from, size_t count, float *out)                           \
    {                                                                                                        \
        struct quant_block block;                                                                            \
        for (size_t i = 0; i < count / (elements); i++) {                                                    \
            quant_take_##name(from + i * (bytes), &block);                                                   \
            expand_block(&block, elements, group, offsets, out + i * (elements));                            \
        }                                                                                                    \
    }
QUANT_TYPES(EXPAND)

void KERNEL(expand)(int type, const void *from, size_t count, float *out)
{
    switch (type) {
    case GGUF_TENSOR_F16:
        expand_f16(from, count, out);
        break;
    case GGUF_TENSOR_BF16:
        expand_bf16(from, count, out);
        break;
#define CASE(type, name, elements, bytes, group, offsets)                                                    \
    case GGUF_TENSOR_##type:                                                                                 \
        expand_##name(from, count, out);                                                                     \
        break;
        QUANT_TYPES(CASE)
    default:
        memcpy(out, from, count * sizeof *out); /* f32 */
    }
}
