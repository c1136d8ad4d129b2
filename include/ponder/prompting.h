/* prompting.h - how questions are put to a model. */
#ifndef PONDER_PROMPTING_H
#define PONDER_PROMPTING_H

#include "ponder/model.h"
#include "ponder/option.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A model of ours has its own template (GGUF key ponder.prompt.template). A model that was trained to chat is
 * asked as its tokenizer.chat_template wants it, which is recognised, not run (docs/file-formats.md), with a
 * system prompt. Others are given the question and a line end, or worked examples and then the question.
 * A model behind a server of chats is sent the system prompt, examples and question as messages.
 * Filled by ponder_options_default(ponder_prompting_options(), ..). Texts are borrowed during the call. */
struct ponder_prompting {
    const char *chat;   /* "auto": as above; "none": no chat template; or a kind, e.g. "chatml" */
    const char *system; /* of a chat; "": none; NULL: it asks for steps and a boxed answer */
    const char *shots;  /* a set of questions with solutions: a JSONL file (MATH, GSM8K), or
                           "pocket:train:COUNT". The first 4 that a model can learn from are shown to it, a
                           question never among its own; NULL: none */
};
PONDER_API const struct ponder_option *ponder_prompting_options(void);

/* From here on the model is asked so; the defaults leave it as it was, and ponder_model_open() as above. Not
 * while others use the model, and before engines are opened over it. PONDER_E_ARGUMENT for an unknown kind,
 * and for what the model's template has no place for. */
PONDER_API int ponder_model_prompting(struct ponder_model *model, const struct ponder_prompting *prompting,
                                      struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
