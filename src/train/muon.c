#include "train/muon.h"

#include <math.h>
#include <stdlib.h>

#include "core/err.h"
#include "products/gemm.h"

enum { ITERATIONS = 5 };

static const float momentum_decay = 0.95f;
/* x -> A x + B x^3 + C x^5 brings singular values of (0, 1] close to 1 in five rounds (Jordan et al. 2024).
 */
static const float coefficient_a = 3.4445f, coefficient_b = -4.7750f, coefficient_c = 2.0315f;
static const double step_rms = 0.6; /* of a step's elements, in learning rates */

int muon_init(struct muon *muon, size_t elements, size_t side, struct ponder_err *err)
{
    *muon = (struct muon){
        .direction = malloc(elements * sizeof(float)),
        .product = malloc(elements * sizeof(float)),
        .gram = malloc(side * side * sizeof(float)),
        .polynomial = malloc(side * side * sizeof(float)),
    };
    if (muon->direction && muon->product && muon->gram && muon->polynomial)
        return PONDER_OK;
    muon_release(muon);
    return err_memory(err, "the optimiser's scratch");
}

void muon_release(struct muon *muon)
{
    free(muon->direction);
    free(muon->product);
    free(muon->gram);
    free(muon->polynomial);
    *muon = (struct muon){0};
}

static void scale_to_unit_norm(float *x, size_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    float factor = (float)(1 / (sqrt(sum) + 1e-12));
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* One round on x (rows, cols) with G = x x^T or x^T x, whichever is smaller: x <- A x + (B G + C G G) x. */
static void iterate(struct muon *muon, int rows, int cols)
{
    float *x = muon->direction, *gram = muon->gram, *polynomial = muon->polynomial, *product = muon->product;
    bool wide = rows <= cols;
    int side = wide ? rows : cols;
    if (wide)
        gemm_plain(false, true, rows, rows, cols, x, x, gram);
    else
        gemm_plain(true, false, cols, cols, rows, x, x, gram);
    gemm_plain(false, false, side, side, side, gram, gram, polynomial);
    for (size_t i = 0; i < (size_t)side * (size_t)side; i++)
        polynomial[i] = coefficient_b * gram[i] + coefficient_c * polynomial[i];
    if (wide)
        gemm_plain(false, false, rows, cols, rows, polynomial, x, product);
    else
        gemm_plain(false, false, rows, cols, cols, x, polynomial, product);
#pragma omp simd
    for (size_t i = 0; i < (size_t)rows * (size_t)cols; i++)
        x[i] = coefficient_a * x[i] + product[i];
}

const float *muon_direction(struct muon *muon, float *momentum, const float *gradient, float scale, int rows,
                            int cols)
{
    size_t n = (size_t)rows * (size_t)cols;
#pragma omp simd
    for (size_t i = 0; i < n; i++) { /* Nesterov: the gradient once more on top of the momentum */
        momentum[i] = momentum_decay * momentum[i] + scale * gradient[i];
        muon->direction[i] = momentum_decay * momentum[i] + scale * gradient[i];
    }
    scale_to_unit_norm(muon->direction, n);
    for (int i = 0; i < ITERATIONS; i++)
        iterate(muon, rows, cols);
    float size = (float)(step_rms * sqrt(rows > cols ? rows : cols));
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        muon->direction[i] *= size;
    return muon->direction;
}
