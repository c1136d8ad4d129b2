/* questions_form.h - records whose question is more than one field: lettered choices, a story before the
 * question. */
#ifndef TASK_QUESTIONS_FORM_H
#define TASK_QUESTIONS_FORM_H

#include <jansson.h>

#include "core/buf.h"

/* What a model is asked, into `problem`: the question, behind what it is about ("context", "body", "Body",
 * "passage"), and with choices as lines "A) ..". With choices `answer` gets the letter of the right one, of
 * any of the forms of ARC
 * ("choices" of "text" and "label", "answerKey"), MMLU ("choices", "answer" a number from 0 or a letter),
 * MMLU-Pro ("options", "answer" a letter) and AQuA ("options" that begin with their letters, "correct"); else
 * it stays as it is. PONDER_E_FORMAT with the field that is of no such form; PONDER_E_MEMORY. */
int questions_form_read(const json_t *record, struct buf *problem, struct buf *answer,
                        struct ponder_err *err) PONDER_USE;

#endif
