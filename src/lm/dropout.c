/* dropout.c - dropout of what is added to the residual stream (Srivastava et al. 2014; where it is done is as
 * in Vaswani et al. 2017, section 5.4). A mask is a function of (seed, site, row, column) and never kept:
 * backward makes it again. */
#include "core/rng.h"
#include "lm/run.h"

enum { AT_ONCE = 4 }; /* columns that share 64 random bits */

static void drop_row(uint64_t key, uint64_t least, float scale, const float *from, float *to, int width)
{
    for (int begin = 0; begin < width; begin += AT_ONCE) {
        uint64_t bits = rng_key(key, (uint64_t)begin);
        int end = begin + AT_ONCE < width ? begin + AT_ONCE : width;
        for (int i = begin; i < end; i++, bits >>= 16)
            to[i] = (bits & 0xffff) >= least ? from[i] * scale : 0;
    }
}

const float *lm_dropout(struct lm_run *run, const struct lm_batch *batch, int site, const float *from,
                        float *to, int rows)
{
    int width = run->model->shape.width;
    if (!(batch->dropout > 0))
        return from;
    uint64_t key = rng_key(batch->dropout_seed, (uint64_t)site);
    uint64_t least = (uint64_t)(batch->dropout * 65536);
    float scale = 65536.0f / (float)(65536 - least);
    LM_FOR_ROWS(run, rows, begin, count)
    for (int row = begin; row < begin + count; row++) {
        size_t at = (size_t)row * (size_t)width;
        drop_row(rng_key(key, (uint64_t)row), least, scale, from + at, to + at, width);
    }
    return to;
}
