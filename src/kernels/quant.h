/* quant.h - the numbers of a tensor, as its type packs them, to f32.
 *
 * Source of the formats: the ggml project, ggml/src/ggml-common.h (the blocks) and ggml/src/ggml-quants.c
 * (dequantize_row_*). All numbers are little-endian, and a block stands at any address. */
#ifndef KERNELS_QUANT_H
#define KERNELS_QUANT_H

#include <stddef.h>

#include "kernels/tensor_type.h"

/* By the best instructions of this CPU. `count` elements, a multiple of the type's block, from `from` to
 * `out`. What no block of a quantiser holds (a scale that is infinite or no number) gives elements that are
 * no numbers either. */
void quant_expand(enum gguf_tensor_type type, const void *from, size_t count, float *out);

#endif
