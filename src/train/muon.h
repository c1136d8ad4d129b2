/* muon.h - the step of the matrices inside the layers.
 *
 * Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers"): the momentum of a matrix is replaced by
 * a nearly orthogonal one with the same singular vectors, so that every direction moves alike. Newton-Schulz
 * iterations find it with matrix products alone. A step is scaled to one root mean square whatever the shape,
 * so that AdamW's learning rate and decay serve both (Liu et al. 2025, "Muon is Scalable for LLM Training",
 * section 2.2; they take 0.2 for large models, the small ones here learn faster with 0.6). */
#ifndef TRAIN_MUON_H
#define TRAIN_MUON_H

#include <stddef.h>

#include "ponder/status.h"

struct muon {
    float *direction, *product; /* (elements) */
    float *gram, *polynomial;   /* (side, side) */
};

/* Scratch of one thread, for matrices of up to `elements` whose shorter side is up to `side`. */
int muon_init(struct muon *muon, size_t elements, size_t side, struct ponder_err *err) PONDER_USE;
void muon_release(struct muon *muon);
/* Adds `scale` times the gradient to the momentum (both (rows, cols)) and returns the direction to go
 * against, (rows, cols), valid until the next call. Its elements have a root mean square of about 0.6. */
const float *muon_direction(struct muon *muon, float *momentum, const float *gradient, float scale, int rows,
                            int cols);

#endif
