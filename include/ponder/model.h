/* model.h - weights and tokenizer of one GGUF file. */
#ifndef PONDER_MODEL_H
#define PONDER_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/progress.h"
#include "ponder/sampling.h"
#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Never changed once it is open, so any number of threads may share it. */
struct ponder_model;

/* `*out` is the caller's. A missing, truncated or foreign file is an error that says what is wrong with it.
 */
PONDER_API int ponder_model_open(struct ponder_model **out, const char *path,
                                 struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_model_release(struct ponder_model *model);

/* What was guessed of a model because its file leaves it open, and what would say it: one line for whoever
 * runs the work. Owned by the model; NULL where nothing was. */
enum ponder_remark {
    PONDER_REMARK_TOKENIZER, /* how text is cut into tokens */
    PONDER_REMARK_PROMPT,    /* how questions are put to it, as ponder_model_prompting() left that */
};
enum { PONDER_REMARKS = PONDER_REMARK_PROMPT + 1 };
PONDER_API const char *ponder_model_remark(const struct ponder_model *model, enum ponder_remark remark);

/* The path of the model to use where none was named, freed by the caller: $PONDER_MODEL, or pocket-base.gguf
 * in $PONDER_MODELS_DIR, in the installed data folder, or in `models` beside the build folder of the running
 * program. PONDER_E_NOT_FOUND lists where it looked. */
PONDER_API int ponder_model_find(char **path, struct ponder_err *err) PONDER_USE;
/* The verifiers that are shipped with it, in the same places: of steps, and of outcomes. */
PONDER_API int ponder_verifier_find(char **path, struct ponder_err *err) PONDER_USE;
PONDER_API int ponder_outcome_verifier_find(char **path, struct ponder_err *err) PONDER_USE;

/* What is in a GGUF file, any architecture, as JSON text freed by the caller:
 * {"path", "parameters", "tensor_bytes", "metadata": {key: value}, "tensors": [{"name", "type", "shape",
 * "bytes"}]}. Arrays of over 8 elements become {"type", "count", "first": [8 elements]}. */
PONDER_API int ponder_model_describe(const char *path, char **json, struct ponder_err *err) PONDER_USE;

/* How the model in a GGUF file is sampled for a purpose: what the file says, or the default. */
PONDER_API struct ponder_purpose_sampling ponder_model_purpose(const struct ponder_model *model,
                                                               enum ponder_purpose purpose);
/* Writes what is known of `choice` into a GGUF file, in place of what it says of that; its weights, and so
 * what runs know it by, stay as they are. The old file or the new one, never half. */
PONDER_API int ponder_model_keep_sampling(const char *path, const struct ponder_sampling_choice *choice,
                                          struct ponder_err *err) PONDER_USE;

/* Token ids, freed by the caller with free(). */
struct ponder_tokens {
    int32_t *ids;
    size_t count;
};
enum ponder_tokenize_flags {
    PONDER_TOKENIZE_BOS = 1,     /* the model's BOS first, where the file says the model wants one */
    PONDER_TOKENIZE_SPECIAL = 2, /* text that spells a control token becomes that token */
};
/* These two read only the tokenizer of the file, so that files without weights will do. */
struct ponder_tokenizer;
PONDER_API int ponder_tokenizer_open(struct ponder_tokenizer **out, const char *path,
                                     struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_tokenizer_release(struct ponder_tokenizer *tokenizer);
/* As PONDER_REMARK_TOKENIZER of a model. */
PONDER_API const char *ponder_tokenizer_remark(const struct ponder_tokenizer *tokenizer);
PONDER_API int ponder_tokenize(const struct ponder_tokenizer *tokenizer, const char *text, size_t len,
                               unsigned flags, struct ponder_tokens *out, struct ponder_err *err) PONDER_USE;
/* `*text` is freed by the caller; it may hold any bytes, with a NUL behind them. */
PONDER_API int ponder_detokenize(const struct ponder_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                 char **text, size_t *len, struct ponder_err *err) PONDER_USE;

/* One continuation of a prompt. */
struct ponder_text {
    char *text; /* any bytes, with a NUL behind them; without the end token */
    size_t len;
    int64_t tokens;     /* generated, the end token included */
    double logprob;     /* mean over its tokens at temperature 1, natural log; NAN where unknown */
    const char *finish; /* "end", "stop", "length", "context", "cancelled" or "failed" */
};
struct ponder_texts_out {
    struct ponder_text *items;
    int64_t count; /* those that were finished, or begun before the work was stopped */
    struct ponder_ledger ledger;
};
/* Continues `prompt` raw (no template) sampling->n times. Filled too when the work was stopped by the watch
 * or the timeout; release it with ponder_texts_release(). */
PONDER_API int ponder_model_generate(struct ponder_model *model, const char *prompt, size_t len,
                                     const struct ponder_sampling *sampling, const struct ponder_watch *watch,
                                     struct ponder_texts_out *out, struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_texts_release(struct ponder_texts_out *texts);

/* What the model expects at each position of a text. */
struct ponder_logprobs {
    int64_t count;   /* positions, the BOS included where the model wants one */
    int64_t top;     /* K */
    int32_t *tokens; /* (count) the text's own tokens */
    double *next;    /* (count) natural log-probability of the token that follows; NAN at the last position */
    int32_t *top_ids;   /* (count, K) the most probable next tokens, best first */
    double *top_values; /* (count, K) their log-probabilities */
};
/* `precision` as in struct ponder_sampling. Release with ponder_logprobs_release(). */
PONDER_API int ponder_model_logprobs(struct ponder_model *model, const char *text, size_t len, int64_t top,
                                     const char *precision, int64_t threads, struct ponder_logprobs *out,
                                     struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_logprobs_release(struct ponder_logprobs *logprobs);

/* Mean cross-entropy of a question as the model is asked it, nats a token: how much its text surprises the
 * model. PONDER_E_UNSUPPORTED behind servers; PONDER_E_LIMIT where it is longer than the context. */
PONDER_API int ponder_model_surprise(struct ponder_model *model, const char *question, double *nats,
                                     struct ponder_err *err) PONDER_USE;
/* What the model knows, in words of its file's, where a question surprises it more than any of those that it
 * was made for did; NULL: it does not, or nothing is known. The model's. */
PONDER_API const char *ponder_model_surprised(struct ponder_model *model, const char *question);
/* Writes into a GGUF file what such questions come to at most, and what they are. */
PONDER_API int ponder_model_keep_surprise(const char *path, double most, const char *about,
                                          struct ponder_err *err) PONDER_USE;
/* {"tokens": [..], "positions": [{"token", "text", "next_logprob", "top": [{"token", "text", "logprob"}]}]},
 * freed by the caller. */
PONDER_API int ponder_logprobs_json(const struct ponder_model *model, const struct ponder_logprobs *logprobs,
                                    char **json, struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
