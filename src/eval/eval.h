/* eval.h - a model over a question set; ponder_eval_run() is eval_run() over a model's own engine. */
#ifndef EVAL_EVAL_H
#define EVAL_EVAL_H

#include "answer/answer.h"
#include "core/clock.h"
#include "engine/engine.h"
#include "prompt/prompt_template.h"
#include "ponder/eval.h"

/* What is asked of which model. Everything is borrowed. */
struct eval_job {
    const struct prompt_template *template;
    const struct revision_template *revision; /* how attempts are shown; NULL: they are not */
    const char *model;                        /* its file, for the reader */
    uint64_t model_hash;
    enum answer_mode extract;
    const char *precision; /* that the engine computes in: "f32", "bf16" or "int8" */
    const struct ponder_eval_settings *settings;
    const struct ponder_sampling *sampling;
    const struct ponder_search *search; /* NULL: best-of-N */
    uint64_t verifier_hash;             /* of its model; 0: none */
    int64_t rollouts;                   /* from behind each line of the samples; 0: they get no labels */
};

/* `engine` is the model's own. */
int eval_job_of(struct eval_job *out, const struct ponder_model *model, const struct engine *engine,
                const struct ponder_eval_settings *settings, const struct ponder_sampling *sampling,
                struct ponder_err *err) PONDER_USE;

struct cells;
/* The report on the cells that are done. `settings` is taken over; `*out` is NULL on failure. */
int eval_of_cells(struct ponder_eval **out, const struct cells *cells, const char *data, char *settings,
                  struct ponder_err *err) PONDER_USE;

int eval_run(struct engine *engine, const struct eval_job *job, const struct clock *clock,
             const struct ponder_watch *watch, struct ponder_eval **out, struct ponder_err *err) PONDER_USE;

#endif
