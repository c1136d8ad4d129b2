/* search_eval.h - a search over a question set; ponder_search_eval_run() is this over a model's own engine.
 */
#ifndef EVAL_SEARCH_EVAL_H
#define EVAL_SEARCH_EVAL_H

#include "eval/eval.h"

/* job->search is the search. */
int search_eval_run(struct engine *engine, const struct eval_job *job, const struct clock *clock,
                    const struct ponder_watch *watch, struct ponder_search_eval **out,
                    struct ponder_err *err) PONDER_USE;

#endif
