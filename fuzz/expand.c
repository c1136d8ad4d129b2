/* expand.c - quant_expand() for the fuzz targets, which are built without the choice of kernels: the plain
 * one. */
#include "kernels/kernels_impl.h"
#include "kernels/quant.h"

void quant_expand(enum gguf_tensor_type type, const void *from, size_t count, float *out)
{
    KERNEL(expand)((int)type, from, count, out);
}
