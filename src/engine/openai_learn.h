/* openai_learn.h - asking servers what they can do. */
#ifndef ENGINE_OPENAI_LEARN_H
#define ENGINE_OPENAI_LEARN_H

#include "core/json.h"
#include "engine/openai_impl.h"

/* A server that is being asked. */
struct learner {
    struct openai_model *model;
    struct openai_facts *facts;
    struct http *http;
};

/* Finds out all about a server. */
int openai_learn(const struct learner *learner, struct ponder_err *err) PONDER_USE;

/* ---- asking (openai_learn_ask.c) ---- */

/* A small text that is asked for, and what came of it. */
struct learner_question {
    struct openai_ask ask;
    struct openai_reply reply;
    int status;   /* 0: the reply is there */
    bool refused; /* the server says that the request is wrong */
    struct ponder_err err;
};

/* A greedy one of the question that all are. */
struct openai_ask learner_tiny(const struct learner *learner, int tokens_max);
/* Asks all side by side; the caller releases them. The facts learn what the server does not take, and what
 * was refused for it is asked again without. PONDER_E_MEMORY. */
int learner_ask(const struct learner *learner, struct learner_question *questions, int count,
                struct ponder_err *err) PONDER_USE;
void learner_release(struct learner_question *questions, int count);

/* Pages, side by side, a body each where it is no NULL. roots[i], the caller's to release, is NULL where
 * there is none and jobs[i] has why; the caller releases the jobs' replies. */
int learner_pages(const struct learner *learner, struct http_job *jobs, json_t **roots, int count,
                  struct ponder_err *err) PONDER_USE;
/* A list of models that is none: an error that says what would be right. */
int learner_no_list(const struct learner *learner, const struct http_job *job,
                    struct ponder_err *err) PONDER_USE;

/* ---- answers that are begun (openai_learn_begun.c) ---- */

/* `begun` and `whole` are what it says by itself, in few tokens and in more. */
int learner_continuing(const struct learner *learner, const struct openai_reply *begun,
                       const struct openai_reply *whole, struct ponder_err *err) PONDER_USE;

enum { LEARNER_BEGUN_TOKENS = 4, LEARNER_WHOLE_TOKENS = 12 };

#endif
