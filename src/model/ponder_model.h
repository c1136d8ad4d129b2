/* ponder_model.h - what stands behind the public struct ponder_model. */
#ifndef MODEL_PONDER_MODEL_H
#define MODEL_PONDER_MODEL_H

#include "prompt/revision.h"
#include "lm/forward.h"
#include "lm/model.h"
#include "ponder/model.h"

struct openai_model;

struct ponder_model {
    struct lm_model *lm;         /* NULL: it is behind servers .. */
    struct openai_model *remote; /* .. as the engine for them knows it; owned, given back by .. */
    void (*remote_release)(struct openai_model *remote);
    double start_s;                /* that servers took at the start, and no clock has counted yet */
    char *path;                    /* or a server's name of it */
    uint64_t hash;                 /* of its weights, or of that name */
    char *own_template;            /* GGUF key ponder.prompt.template, with {question} in it; NULL: none */
    bool boxes;                    /* it has that key: a model of ours, whose solutions end in a box */
    const struct chat_kind *chat;  /* by tokenizer.chat_template; NULL: none, or none that is known */
    struct prompt_template prompt; /* by which it is asked; its text is owned */
    struct revision_template
        revision;             /* by which it is shown its attempts; the file's, or turns of its chat */
    struct examples examples; /* shown to it, in that prompt or in a server's chat */
    double
        surprise_most; /* nats a token of a question's prompt, of those that it knows; INFINITY: not known */
    char *about;       /* what it knows, in words; NULL: nothing says */
    char *remarks[PONDER_REMARKS];                            /* what was guessed; NULL: nothing */
    struct ponder_purpose_sampling sampling[PONDER_PURPOSES]; /* as its file says */
};

/* Fills the sampling with what holds for models that say nothing. */
void ponder_model_default_sampling(struct ponder_model *model);
/* Reads GGUF keys ponder.sampling.PURPOSE.temperature, .top_p and .min_p, as far as they are there. */
int ponder_model_read_sampling(struct ponder_model *model, const struct gguf_file *file,
                               struct ponder_err *err) PONDER_USE;
int ponder_model_read_surprise(struct ponder_model *model, const struct gguf_file *file,
                               struct ponder_err *err) PONDER_USE;
/* A copy in which nothing is left open; a pool that is, is of samples. */
struct ponder_sampling ponder_model_sampling(const struct ponder_model *model, enum ponder_purpose purpose,
                                             const struct ponder_sampling *sampling);

/* Its own template where it has one and `own` is set, else "{question}\n". `out->text` is the caller's. */
int ponder_model_plain_prompt(const struct ponder_model *model, bool own, struct prompt_template *out,
                              struct ponder_err *err) PONDER_USE;

/* "auto", "f32", "bf16" or "int8"; NULL is auto. */
int precision_parse(const char *text, enum lm_precision *out, struct ponder_err *err) PONDER_USE;
const char *precision_name(enum lm_precision precision);

#endif
