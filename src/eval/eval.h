/* eval.h - a model over a question set; ponder_eval_run() is this over a model's own engine. */
#ifndef EVAL_EVAL_H
#define EVAL_EVAL_H

#include "core/clock.h"
#include "engine/engine.h"
#include "ponder/eval.h"

int eval_run(struct engine *engine, const char *template, const char *data, int64_t limit,
             const struct ponder_sampling *sampling, const char *samples_path, const struct clock *clock,
             const struct ponder_watch *watch, struct ponder_eval **out, struct ponder_err *err) PONDER_USE;

#endif
