/* model.h - a language model: its shape, its parameters, its file.
 *
 * One graph computes the architectures of enum lm_arch. What they share is that of Touvron et al. 2023:
 * RMSNorm before each half of a layer, rotary positions, grouped-query attention, SwiGLU, tied or untied
 * output. Where they differ is stated by fields of the shape: a bias behind the projections to queries, keys
 * and values (Qwen2), an RMSNorm of each head of queries and keys before they are rotated (Qwen3), and which
 * elements of a head are rotated together. All parameters are f32 in one block, in the order of lm_tensors();
 * rows of Q, K, V and of gate, up stand next to each other, so that each is one matrix product.
 *
 * Letters used for shapes here and in forward.c: V vocabulary, C width, L layers, H heads, G key/value heads,
 * D head_dim, F ffn, T rows of a batch. */
#ifndef LM_MODEL_H
#define LM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gguf/gguf.h"
#include "products/matrix.h"
#include "tokenizer/tokenizer.h"

/* Architectures by their names in files, which also open the keys of their metadata ("qwen2.block_count"). */
#define LM_ARCHES(X)                                                                                         \
    X(LLAMA, "llama")                                                                                        \
    X(QWEN2, "qwen2")                                                                                        \
    X(QWEN3, "qwen3")
enum lm_arch {
#define X(id, name) LM_##id,
    LM_ARCHES(X)
#undef X
};
const char *lm_arch_name(enum lm_arch arch);

struct lm_shape {
    enum lm_arch arch;
    int vocab, width, layers, heads, kv_heads, head_dim, ffn;
    int context; /* positions that the model was made for; a run may hold fewer (kv.h) */
    float rope_base;
    float rope_divisor; /* linear scaling: positions are divided by it; 0: not scaled */
    float rms_eps;
    bool tied;        /* the output matrix is the token embedding */
    bool qkv_bias;    /* a vector is added to queries, keys and values */
    bool qk_norm;     /* each head of queries and keys is normed */
    bool rope_halves; /* elements i and i + D/2 of a head are rotated together ("NEOX"), else 2i and 2i + 1 */
    bool rope_freqs;  /* a tensor divides the frequencies (Llama 3) */
};

/* One tensor as GGUF names it: rows x cols f32 at params + offset. */
struct lm_tensor {
    char name[48];
    size_t offset;
    int rows, cols; /* a vector has rows == 1 */
    bool decay;     /* weight decay applies: matrices yes, norm gains and biases no */
};

struct lm_model {
    struct lm_shape shape;
    /* lm_param_count(shape) floats, owned, 64-byte aligned. With a `file` the vectors alone are set: matrices
     * are in the file, and what they would take here is never touched and so no memory. */
    float *params;
    size_t param_count;
    struct gguf_file *file;      /* owned; NULL where all parameters are set */
    struct tokenizer *tokenizer; /* owned; NULL for a random shape made for a benchmark */
    uint64_t hash;               /* of the parameters, for the fingerprint of a run */
};

/* Reasonable bounds and divisibility; the error names the field by its GGUF key. */
int lm_shape_check(const struct lm_shape *shape, struct ponder_err *err) PONDER_USE;
size_t lm_param_count(const struct lm_shape *shape);
/* Parameters that take part in matrix products with every token: all matrices but, unless tied, the
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
    float *qkv_bias;  /* ((H+2G)*D); NULL where the shape has none */
    float *q_norm;    /* (D), as k_norm; NULL where the shape has none */
    float *k_norm;
    float *attn_out; /* (C, H*D) */
    float *ffn_norm; /* (C) */
    float *gate_up;  /* (2F, C): gate rows, then up */
    float *ffn_down; /* (C, F) */
};
struct lm_layer lm_layer_at(const struct lm_shape *shape, float *params, int layer);
float *lm_embedding_at(const struct lm_shape *shape, float *params); /* (V, C) */
float *lm_out_norm_at(const struct lm_shape *shape, float *params);  /* (C) */
float *lm_output_at(const struct lm_shape *shape, float *params);    /* (V, C); the embedding where tied */
float *lm_rope_freqs_at(const struct lm_shape *shape,
                        float *params); /* (D/2); NULL where the shape has none */

/* The same where the model has them: in its parameters, or in its file. */
struct lm_matrices {
    struct lm_matrix qkv, attn_out, gate_up, ffn_down;
};
struct lm_matrices lm_matrices_at(const struct lm_model *model, int layer);
struct lm_matrix lm_embedding_matrix(const struct lm_model *model);
struct lm_matrix lm_output_matrix(const struct lm_model *model);

/* Up to so many parameters are expanded when a file is opened, unless they are quantised. */
enum { LM_EXPANDED_MAX = 1 << 25 };
/* Reads a GGUF file of one of the architectures, with tensors of any type of gguf.h, and its tokenizer. What
 * the file asks for and this graph does not compute is PONDER_E_UNSUPPORTED, with the key or tensor named.
 * A model of over LM_EXPANDED_MAX parameters, or with quantised weights, stays in its mapped file, from which
 * runs take what they need.
 */
int lm_model_open(struct lm_model **out, const char *path, struct ponder_err *err) PONDER_USE;
/* The same with another limit. */
int lm_model_open_within(struct lm_model **out, const char *path, size_t expanded_max,
                         struct ponder_err *err) PONDER_USE;
/* Sets all parameters of a model that stays in its file, and closes that: before training. No run is open. */
void lm_model_expand(struct lm_model *model);
/* A model with random weights (normal, deviation 0.02; projections into the residual scaled by 1/sqrt(2L);
 * norm gains and divisors of frequencies 1, biases 0). Takes `tokenizer` over when it succeeds; it may be
 * NULL. */
int lm_model_new(struct lm_model **out, const struct lm_shape *shape, uint64_t seed,
                 struct tokenizer *tokenizer, struct ponder_err *err) PONDER_USE;
/* A model whose parameters are not set and which has no tokenizer yet. The shape was checked. */
int lm_model_alloc(struct lm_model **out, const struct lm_shape *shape, struct ponder_err *err) PONDER_USE;
void lm_model_release(struct lm_model *model);
/* Of its weights in memory: the tensors of its mapped file, or its parameters. */
size_t lm_model_bytes(const struct lm_model *model);
/* Writes a GGUF that llama.cpp opens: matrices as `type` (F32, F16, BF16), vectors as F32. `extra` may be
 * NULL; it is called with the writer to put further keys (how the model was made). */
int lm_model_save(const struct lm_model *model, const char *path, enum gguf_tensor_type type,
                  const char *name, void (*extra)(struct gguf_writer *writer, void *data), void *data,
                  struct ponder_err *err) PONDER_USE;

#endif
