/* revision.h - how a model is shown its own earlier attempts at a question, to write a better one.
 *
 * A chain begins with a prompt of its own. The first attempt stands right behind it, and behind each attempt
 * a text that asks for the next: marks that the model was trained with (GGUF keys ponder.revision.*), or
 * turns of a chat with an instruction. So an attempt stands behind all that stood before the one before it,
 * which an engine that keeps what it computed need not compute again; where older attempts are left out, it
 * must. */
#ifndef PROMPT_REVISION_H
#define PROMPT_REVISION_H

#include "prompt/chat.h"
#include "prompt/prompt.h"

enum { REVISION_SHOWN_MAX = 8 };

/* What an instruct model is told behind an attempt. */
#define REVISION_INSTRUCTION                                                                                 \
    "Check your solution step by step. If a step is wrong, find the first one that is and solve the "        \
    "problem again from "                                                                                    \
    "there; if all is right, write the solution again. One step on each line, the final answer in "          \
    "\\boxed{} on the last "                                                                                 \
    "line."

struct revision_template {
    struct prompt_template
        first; /* with a slot for the question; its text is owned. NULL: attempts can't be shown */
    struct prompt_template between; /* behind an attempt; without a slot; its text is owned */
    int shown_max;                  /* the latest attempts that are shown, so many */
};

/* Of marks as a file spells them: texts whose control tokens stand for themselves. */
int revision_of_marks(struct revision_template *out, const char *first, const char *between, int shown_max,
                      struct ponder_err *err) PONDER_USE;
/* Of turns of a chat, which begins as it does for one answer. */
int revision_of_chat(struct revision_template *out, const struct chat_kind *kind, const char *system,
                     const char *instruction, struct ponder_err *err) PONDER_USE;
void revision_template_release(struct revision_template *revision);

/* A template filled for one question. */
struct revision {
    struct prompt first, between; /* texts owned by `first.text`, and borrowed from the template */
    int shown_max;
};
/* `out->first.text` is the caller's to free. PONDER_E_UNSUPPORTED where the template has none. */
int revision_fill(const struct revision_template *revision, const char *question, size_t len, int64_t seed,
                  const char *name, struct revision *out, struct ponder_err *err) PONDER_USE;

#endif
