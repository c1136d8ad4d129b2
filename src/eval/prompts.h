/* prompts.h - the prompts of a question set. */
#ifndef EVAL_PROMPTS_H
#define EVAL_PROMPTS_H

#include "task/questions.h"
#include "prompt/prompt_template.h"
#include "driver/best_of_n.h"

/* One prompt per question into `prompts` (questions), which are zero: `template` with the question in it, its
 * key from the seed, its name borrowed from the question. A question that cannot be asked is an error that
 * names it. Free them in any case. */
int prompts_fill(struct prompt *prompts, const struct questions *questions,
                 const struct prompt_template *template, int64_t seed, struct ponder_err *err) PONDER_USE;
void prompts_free(struct prompt *prompts, int64_t count);

#endif
