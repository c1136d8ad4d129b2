/* ponder_model.h - what stands behind the public struct ponder_model. */
#ifndef LM_PONDER_MODEL_H
#define LM_PONDER_MODEL_H

#include "lm/forward.h"
#include "lm/model.h"
#include "ponder/model.h"

struct ponder_model {
    struct lm_model *lm;
    char *path;
    char *prompt_template; /* GGUF key ponder.prompt.template, with {question} in it; else "{question}\n" */
    bool boxes;            /* it has that key: a model of ours, whose solutions end in a box */
};

/* "auto", "f32" or "bf16"; NULL is auto. */
int precision_parse(const char *text, enum lm_precision *out, struct ponder_err *err) PONDER_USE;

#endif
