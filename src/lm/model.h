/* model.h - a language model of the `llama` architecture: its shape, its parameters, its file.
 *
 * The architecture is that of Touvron et al. 2023: RMSNorm before each half of a layer, rotary positions
 * (pairs (2i, 2i+1) of a head, as llama.cpp's `llama` files store them), grouped-query attention, SwiGLU,
 * tied or untied output. All parameters are f32 in one block, in the order of lm_tensors(); rows of Q, K, V
 * and of gate, up stand next to each other, so that each is one matrix product.
 *
 * Letters used for shapes here and in forward.c: V vocabulary, C width, L layers, H heads, G key/value heads,
 * D head_dim, F ffn, T rows of a batch. */
#ifndef LM_MODEL_H
#define LM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lm/gguf.h"
#include "lm/tokenizer.h"

struct lm_shape {
    int vocab, width, layers, heads, kv_heads, head_dim, ffn;
    int context; /* positions */
    float rope_base;
    float rms_eps;
    bool tied; /* the output matrix is the token embedding */
};

/* One tensor as GGUF names it: rows x cols f32 at params + offset. */
struct lm_tensor {
    char name[48];
    size_t offset;
    int rows, cols; /* a vector has rows == 1 */
    bool decay;     /* weight decay applies: matrices yes, norm gains no */
};

struct lm_model {
    struct lm_shape shape;
    float *params; /* lm_param_count(shape) floats, owned, 64-byte aligned */
    size_t param_count;
    struct tokenizer *tokenizer; /* owned; NULL for a random shape made for a benchmark */
    uint64_t hash;               /* of the parameters as loaded, for the fingerprint of a run */
};

/* Reasonable bounds and divisibility; the error names the field by its GGUF key. */
int lm_shape_check(const struct lm_shape *shape, struct ponder_err *err) PONDER_USE;
size_t lm_param_count(const struct lm_shape *shape);
/* Parameters that take part in matrix products with every token: all but norms and, unless tied, the
 * embedding. */
size_t lm_matrix_param_count(const struct lm_shape *shape);
/* Number of tensors; fills `table` (that many rows) unless NULL. */
int lm_tensors(const struct lm_shape *shape, struct lm_tensor *table);
/* FLOPs of one token's forward pass that attends to `keys` positions: 2 per matrix parameter, and 4 C' per
 * key and layer for scores and values (C' = H*D). A training token costs three times that. */
double lm_flops_per_token(const struct lm_shape *shape, double keys);

/* Views into one layer of a parameter block (or of a gradient block of the same layout). */
struct lm_layer {
    float *attn_norm; /* (C) */
    float *qkv;       /* ((H+2G)*D, C): Q rows, then K, then V */
    float *attn_out;  /* (C, H*D) */
    float *ffn_norm;  /* (C) */
    float *gate_up;   /* (2F, C): gate rows, then up */
    float *ffn_down;  /* (C, F) */
};
struct lm_layer lm_layer_at(const struct lm_shape *shape, float *params, int layer);
float *lm_embedding_at(const struct lm_shape *shape, float *params); /* (V, C) */
float *lm_out_norm_at(const struct lm_shape *shape, float *params);  /* (C) */
float *lm_output_at(const struct lm_shape *shape, float *params);    /* (V, C); the embedding where tied */

/* Reads a GGUF file of architecture `llama` and its tokenizer. */
int lm_model_open(struct lm_model **out, const char *path, struct ponder_err *err) PONDER_USE;
/* A model with random weights (normal, deviation 0.02; projections into the residual scaled by 1/sqrt(2L)).
 * Takes `tokenizer` over when it succeeds; it may be NULL. */
int lm_model_new(struct lm_model **out, const struct lm_shape *shape, uint64_t seed,
                 struct tokenizer *tokenizer, struct ponder_err *err) PONDER_USE;
void lm_model_release(struct lm_model *model);
/* Writes a GGUF that llama.cpp opens: matrices as `type` (F32, F16, BF16), norms as F32. `extra` may be NULL;
 * it is called with the writer to put further keys (how the model was made). */
int lm_model_save(const struct lm_model *model, const char *path, enum gguf_tensor_type type,
                  const char *name, void (*extra)(struct gguf_writer *writer, void *data), void *data,
                  struct ponder_err *err) PONDER_USE;

#endif
