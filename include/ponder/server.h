/* server.h - a model behind servers that speak OpenAI's protocol (vLLM, SGLang, llama-server and others), in
 * place of one in this process. */
#ifndef PONDER_SERVER_H
#define PONDER_SERVER_H

#include <stdint.h>

#include "ponder/ledger.h"
#include "ponder/model.h"
#include "ponder/option.h"
#include "ponder/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Filled by ponder_options_default(ponder_server_options(), ..). Texts are borrowed. */
struct ponder_server {
    const char *engine;           /* "local": none of the rest counts; "openai" */
    struct ponder_texts base_url; /* addresses such as http://localhost:8000, several in one with commas */
    const char *key_env;          /* the environment variable with the servers' key; NULL: no key */
    const char *api;              /* "completions", "chat", or "auto": chat where the model has a template */
    const char *template_text;    /* of completions, with {question} in it; "\n" in it is a line end */
    int64_t in_flight;            /* texts at once and server */
    double params;                /* of the model, for FLOPs, which are 2 a parameter and token; 0: unknown */
    double timeout_s;             /* of one request */
    double patience_s;            /* how long no server may answer before what waits fails */
    int64_t thinking_max;         /* tokens of a text's thoughts, in the form that the server takes; 0: any */
};
PONDER_API const struct ponder_option *ponder_server_options(void);

/* As ponder_model_open(), of the model `name` (NULL: the first that the servers list). Every server is asked
 * what it can do, with a few tiny requests: one that does not answer is an error. The key is in nothing that
 * is printed or kept.
 *
 * Such a model can be sampled from: ponder_solve(), ponder_solve_search(), ponder_eval_run() and so on. Its
 * log-probabilities of given texts cannot be had. FLOPs are 0 in its ledgers where `params` is, and a budget
 * of FLOPs is refused. A search by steps is refused where a server cannot go on with an unfinished answer. */
PONDER_API int ponder_model_connect(struct ponder_model **out, const char *name,
                                    const struct ponder_server *server, struct ponder_err *err) PONDER_USE;
/* The same with somebody to tell where a server takes more than 5 seconds to answer: `watch->note`, from this
 * thread.
 */
PONDER_API int ponder_model_connect_watched(struct ponder_model **out, const char *name,
                                            const struct ponder_server *server,
                                            const struct ponder_watch *watch,
                                            struct ponder_err *err) PONDER_USE;
/* What those requests took. The first ponder_solve() or ponder_solve_search() counts their time in its own.
 */
PONDER_API struct ponder_start ponder_model_start(const struct ponder_model *model);

#ifdef __cplusplus
}
#endif
#endif
