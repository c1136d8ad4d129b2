/* ponder.h - answer a question with a small language model and a compute budget.
 *
 * The objects, each with its own header:
 *
 *   struct ponder_model      weights and tokenizer of one GGUF file, never changed once loaded    model.h
 *   struct ponder_server     a model behind servers of OpenAI's protocol instead                  server.h
 *   struct ponder_prompting  how questions are put to it: chat template, system prompt, examples  prompting.h
 *   struct ponder_sampling   how many texts to sample, and how: an option table fills it          sampling.h
 *   struct ponder_search     which search spends the budget, against which verifier               search.h
 *   struct ponder_solution   what solving a question gave: answer, votes, candidates, ledger      solve.h
 *   struct ponder_tree       the steps of a search, drawn or kept as a trace                       tree.h
 *   struct ponder_eval       accuracy over a set of questions, with intervals; and of a search    eval.h
 *   struct ponder_label      labels of steps by rollouts, from a model alone                       label.h
 *   struct ponder_replay     other choices among recorded samples                                  replay.h
 *   struct ponder_run        what a store holds: listed, compared, exported                       runs.h
 *   struct ponder_figure     the figures of the paper from the runs of a store                     figure.h
 *   struct ponder_report     the runs of a store as a page to read                                report.h
 *   struct ponder_ledger     what was spent                                                       ledger.h
 *   struct ponder_watch      the caller's progress line and its way to stop long work             progress.h
 *   struct ponder_option     tables that fill settings from text                                  option.h
 *   struct ponder_err        what went wrong, in one line                                         status.h
 *
 * A whole program:
 *
 *   struct ponder_err err;
 *   struct ponder_model *model;
 *   struct ponder_sampling sampling;
 *   struct ponder_solution *solution;
 *   char *path;
 *   if (ponder_model_find(&path, &err) || ponder_model_open(&model, path, &err) ||
 *       ponder_options_default(ponder_solve_options(), &sampling, &err) ||
 *       ponder_solve(model, "What is 3 + 4?", &sampling, NULL, &solution, &err))
 *       fail(err.message);
 *   puts(solution->answer ? solution->answer : "no answer");
 *
 * Calls that may fail return 0 or a negative enum ponder_status. The library never prints and never exits. */
#ifndef PONDER_H
#define PONDER_H

#include "ponder/answer.h"
#include "ponder/eval.h"
#include "ponder/figure.h"
#include "ponder/label.h"
#include "ponder/ledger.h"
#include "ponder/model.h"
#include "ponder/option.h"
#include "ponder/progress.h"
#include "ponder/prompting.h"
#include "ponder/replay.h"
#include "ponder/report.h"
#include "ponder/runs.h"
#include "ponder/sampling.h"
#include "ponder/search.h"
#include "ponder/session.h"
#include "ponder/server.h"
#include "ponder/solve.h"
#include "ponder/status.h"
#include "ponder/sweep.h"
#include "ponder/task.h"
#include "ponder/text.h"
#include "ponder/train.h"
#include "ponder/tree.h"
#include "ponder/verifier.h"
#include "ponder/verify.h"

#endif
