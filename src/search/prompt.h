/* prompt.h - from a question to the text that a model continues. */
#ifndef SEARCH_PROMPT_H
#define SEARCH_PROMPT_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "ponder/status.h"

/* PONDER_E_ARGUMENT for a question that is empty, over PONDER_QUESTION_BYTES_MAX, not UTF-8, or holds control
 * characters; the message says what to do. */
int prompt_check_question(const char *question, size_t len, struct ponder_err *err) PONDER_USE;
/* Appends `template` with its first "{question}" replaced by the question, its outer white space left out. */
int prompt_fill(const char *template, const char *question, size_t len, struct buf *out,
                struct ponder_err *err) PONDER_USE;
/* The key of a prompt's random streams. */
uint64_t prompt_key(int64_t seed, const char *prompt, size_t len);

#endif
