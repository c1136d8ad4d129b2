/* prompt.h - from a question to the text that a model continues. */
#ifndef PROMPT_PROMPT_H
#define PROMPT_PROMPT_H

#include <stddef.h>
#include <stdint.h>

#include "prompt/prompt_template.h"
#include "ponder/status.h"

struct prompt {
    const char *text; /* borrowed */
    size_t len;
    uint64_t key;
    const char *name; /* opens an error about this prompt, e.g. its unique_id; NULL: none */
    /* What in it is a chat template's own (struct engine_text). */
    struct tokenizer_part parts[PROMPT_PARTS_MAX];
    int part_count;
    const char *end; /* a string that ends a text behind it (struct engine_request); NULL: none. Borrowed */
};

/* PONDER_E_ARGUMENT for a question that is empty, over PONDER_QUESTION_BYTES_MAX, not UTF-8, or holds control
 * characters; the message says what to do. */
int prompt_check_question(const char *question, size_t len, struct ponder_err *err) PONDER_USE;
/* The question, its outer white space left out, in a template; `out->text` is the caller's to free, `name` is
 * borrowed. The key is that of `seed`. */
int prompt_fill(const struct prompt_template *template, const char *question, size_t len, int64_t seed,
                const char *name, struct prompt *out, struct ponder_err *err) PONDER_USE;
/* The key of a prompt's random streams. */
uint64_t prompt_key(int64_t seed, const char *prompt, size_t len);

#endif
