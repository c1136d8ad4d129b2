/* chat.h - how models that were trained to chat want to be asked.
 *
 * Files carry a program in a template language (tokenizer.chat_template). It is not run: what kind it is, is
 * recognised by texts that stand in it, as llama.cpp does where it does not run it either, and each kind is
 * a row of texts here. One question is asked, with or without a system prompt; kinds without a system role
 * have it in front of the question. */
#ifndef PROMPT_CHAT_H
#define PROMPT_CHAT_H

#include "core/buf.h"
#include "prompt/prompt_template.h"
#include "ponder/status.h"

/* What models are told where the caller says nothing. */
#define CHAT_SYSTEM                                                                                          \
    "Solve the problem step by step, one step on each line. Put the final answer in \\boxed{} on the last "  \
    "line."

struct chat_kind;
/* By llama.cpp's name of it, e.g. "chatml"; NULL: there is none. */
const struct chat_kind *chat_kind_find(const char *name);
/* By the text of a tokenizer.chat_template, which may be such a name too; NULL: of no kind that is here. */
const struct chat_kind *chat_kind_of(const char *text, size_t len);
const char *chat_kind_name(const struct chat_kind *kind);
/* Appends all names, with ", " between. */
void chat_kind_names(struct buf *out);

/* The prompt for a question behind `system`, whose outer white space is left out; "" is no system prompt.
 * Control tokens in `system` and in the question stay text. `out->text` is the caller's. */
int chat_template(const struct chat_kind *kind, const char *system, struct prompt_template *out,
                  struct ponder_err *err) PONDER_USE;
/* What stands behind a reply and asks for another one by `message`; it has no slot. `out->text` is the
 * caller's. */
int chat_turn(const struct chat_kind *kind, const char *message, struct prompt_template *out,
              struct ponder_err *err) PONDER_USE;

#endif
