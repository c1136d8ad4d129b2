/* solve.h - solving one question over any engine; ponder_solve() is this over a model's own engine. */
#ifndef SEARCH_SOLVE_H
#define SEARCH_SOLVE_H

#include "core/clock.h"
#include "answer/answer.h"
#include "engine/engine.h"
#include "lm/prompt_template.h"
#include "ponder/solve.h"

/* `clock` measures the ledger and the timeout. */
int solve_run(struct engine *engine, const struct prompt_template *template, enum answer_mode mode,
              const char *question, const struct ponder_sampling *sampling, const struct clock *clock,
              const struct ponder_watch *watch, struct ponder_solution **out,
              struct ponder_err *err) PONDER_USE;

#endif
