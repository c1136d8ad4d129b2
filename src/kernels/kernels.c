#include "kernels/kernels.h"

#include <string.h>

#include "kernels/quant.h"

extern const struct lm_kernels kernel_table_plain;
#ifdef __x86_64__
extern const struct lm_kernels kernel_table_avx2, kernel_table_avx512;
#endif

const struct lm_kernels *lm_kernels_named(const char *name)
{
#ifdef __x86_64__
    if (strcmp(name, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("bmi2")
                   ? &kernel_table_avx512
                   : NULL;
    if (strcmp(name, "avx2") == 0) /* every CPU with AVX2 and FMA also converts f16 */
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                       __builtin_cpu_supports("bmi2")
                   ? &kernel_table_avx2
                   : NULL;
#endif
    return strcmp(name, "plain") == 0 ? &kernel_table_plain : NULL;
}

const struct lm_kernels *lm_kernels_best(void)
{
    const struct lm_kernels *best = lm_kernels_named("avx512");
    if (!best)
        best = lm_kernels_named("avx2");
    return best ? best : lm_kernels_named("plain");
}

void quant_expand(enum gguf_tensor_type type, const void *from, size_t count, float *out)
{
    lm_kernels_best()->expand((int)type, from, count, out);
}

size_t lm_attend_scratch(int rows, int dim)
{
    size_t padded = ((size_t)rows + 15) / 16 * 16;
    size_t tiles = 3 * 32; /* scores, their gradient, one turned */
    return padded * (2 * (size_t)dim + tiles) + 32 * (size_t)dim;
}

size_t lm_tree_scratch(const struct lm_tree_attend *a)
{
    size_t queries = (size_t)LM_TREE_ROWS * (size_t)(a->heads / a->kv_heads);
    return queries * (2 * (size_t)a->dim + 1 + (size_t)a->score_stride);
}
