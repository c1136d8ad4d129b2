/* model_fixture.h - small models of every architecture, and a file for them. */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lm/forward.h"

enum { VOCAB = 280, WIDTH = 16, LAYERS = 2, FFN = 24, CONTEXT = 700 };

static struct ponder_err err;
static char path[] = "/tmp/test_model_XXXXXX";

static inline int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd) ? -1 : 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static inline struct tokenizer *bytes_tokenizer(void)
{
    static const char text[] = "The answer is 12. The answer is 7.<|end|>";
    struct tokenizer *tokenizer;
    if (tokenizer_learn(&tokenizer, text, sizeof text - 1, VOCAB, &err))
        fail_msg("%s", err.message);
    return tokenizer;
}

/* ---- shapes ---- */

/* Everything that a file of these architectures can ask for, in turn. */
static const struct lm_shape shapes[] = {
    {.arch = LM_LLAMA, .head_dim = 4},
    {.arch = LM_LLAMA, .head_dim = 6, .tied = true, .rope_freqs = true},
    {.arch = LM_LLAMA, .head_dim = 4, .qkv_bias = true, .rope_divisor = 4},
    {.arch = LM_QWEN2, .head_dim = 4, .qkv_bias = true, .rope_halves = true, .tied = true},
    {.arch = LM_QWEN3, .head_dim = 10, .qk_norm = true, .rope_halves = true},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static inline struct lm_shape whole_shape(int index)
{
    struct lm_shape shape = shapes[index];
    shape.vocab = VOCAB;
    shape.width = WIDTH;
    shape.layers = LAYERS;
    shape.heads = 4;
    shape.kv_heads = 2;
    shape.ffn = FFN;
    shape.context = CONTEXT;
    shape.rope_base = 1000;
    shape.rms_eps = 1e-5f;
    return shape;
}

#endif
