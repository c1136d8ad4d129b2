/* gemm_peak.c - what this machine can do: the rate that others are stated as a share of. */
#include <omp.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/err.h"
#include "products/gemm.h"

int gemm_peak(int threads, int repeats, double *flops_per_s, struct ponder_err *err)
{
    enum { SIZE = 2048 };
    struct gemm *gemm = NULL;
    struct gemm_weights *w = NULL;
    size_t count = (size_t)SIZE * SIZE;
    float *x = aligned_alloc(64, 2 * count * sizeof *x);
    int status = x ? gemm_open(&gemm, &(struct gemm_options){.threads = threads}, err)
                   : err_memory(err, "the peak measurement");
    for (size_t i = 0; !status && i < 2 * count; i++)
        x[i] = 0.001f * (float)(i % 1000);
    if (!status)
        status = gemm_weights_new(gemm, &w, &(struct lm_matrix){.rows = SIZE, .cols = SIZE, .plain = x},
                                  GEMM_KEEP_PACKED, err);
    double best_s = 0;
    int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    for (int i = 0; !status && i < repeats + 1; i++) { /* the first warms up */
        double start = clock_now_s(&clock_system);
        status = gemm_forward(gemm, w, x, SIZE, x + count, err);
        double took = clock_now_s(&clock_system) - start;
        if (i && (best_s == 0 || took < best_s))
            best_s = took;
    }
    omp_set_num_threads(before);
    if (!status)
        *flops_per_s = 2.0 * (double)count * SIZE / best_s;
    gemm_weights_release(w);
    gemm_release(gemm);
    free(x);
    return status;
}
