/* sample_answer.h - the answer of a text that a model wrote, which may hold any bytes. */
#ifndef SELECT_SAMPLE_ANSWER_H
#define SELECT_SAMPLE_ANSWER_H

#include "answer/answer.h"

/* As answer_of_text(). A NUL byte, which would end the answer's string, stands as U+FFFD in it: what a model
 * wrote as "4\0 2" is not 4. */
int sample_answer(const char *text, size_t len, enum answer_mode mode, char **answer) PONDER_USE;
/* The text itself where it has no NUL byte, else a copy in `copy` with U+FFFD for each; *len is its length.
 * NULL: out of memory. Release `copy` in any case. */
const char *sample_without_nul(const char *text, size_t *len, struct buf *copy) PONDER_USE;

#endif
