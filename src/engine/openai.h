/* openai.h - the engine whose model is behind servers that speak OpenAI's protocol: vLLM, SGLang,
 * llama-server and others. The servers are asked once what they can do; what they answered is a struct
 * openai_model, and any number of engines may be opened over it. */
#ifndef ENGINE_OPENAI_H
#define ENGINE_OPENAI_H

#include "engine/engine.h"
#include "engine/openai_protocol.h"
#include "ponder/ledger.h"

enum { OPENAI_SERVERS_MAX = 64, OPENAI_IN_FLIGHT_MAX = 4096 };

struct openai_options {
    const char *const *bases; /* (base_count) addresses, as in http.h */
    int base_count;
    const char *name;                           /* of the model; NULL: the first that the servers list */
    const char *key;                            /* NULL: none */
    enum openai_api api;                        /* AUTO: chat where the model has a chat template */
    const char *system;                         /* of chat */
    int in_flight;                              /* texts at once and server */
    double params;                              /* of the model, for FLOPs; 0: unknown */
    double timeout_s;                           /* of one request */
    int64_t thinking_max;                       /* tokens of a text's thoughts; OPENAI_THINKING_ANY */
    void (*note)(const char *text, void *data); /* told of a server that takes long to answer; NULL: nobody */
    void *note_data;
    /* 0: the usual ones. Tests have less patience. */
    double patience_s;   /* how long no server may answer before what waits for one fails */
    double first_wait_s; /* before a request is repeated, doubled each time */
    double aside_s;      /* before a server that failed is looked at again, doubled each time */
};

struct openai_model;

/* Asks every server what it can do, with a few tiny requests. PONDER_E_ENGINE where one does not answer, has
 * not this model, or answers wrongly. */
int openai_model_open(struct openai_model **out, const struct openai_options *options,
                      struct ponder_err *err) PONDER_USE;
void openai_model_release(struct openai_model *model);
/* Of chats: engines that are opened from here on send this system prompt, "" for none and NULL for the one it
 * was opened with, and show `examples` (NULL: none), which must outlive the model, before each question. */
int openai_model_ask(struct openai_model *model, const char *system, const struct examples *examples,
                     struct ponder_err *err) PONDER_USE;
const char *openai_model_name(const struct openai_model *model);
enum openai_api openai_model_api(const struct openai_model *model); /* never AUTO */
/* What all servers can: of enum engine_can. */
unsigned openai_model_can(const struct openai_model *model);
/* What that took. */
struct ponder_start openai_model_start(const struct openai_model *model);
/* What all servers take: of enum openai_takes. */
unsigned openai_model_takes(const struct openai_model *model);

/* The model must outlive the engine.
 *
 * Requests go to the server with the least to do. What a server refuses for a while (429, 503 with
 * Retry-After) waits; what fails is asked again, elsewhere where there is another server, up to 4 times, and
 * what has no reply in its time, once and elsewhere; a server that fails 3 times in a row, or cannot be
 * reached, is set aside and looked at again later. Where none answers for as long as the patience is, what
 * waits fails, and so does what is submitted until one answers.
 *
 * Texts of one prompt are asked for several in a request where a server does that, unless they are timed:
 * those are asked for singly and come piece by piece where a server does that, so that one that is cancelled
 * has what there was of it.
 *
 * Tokens are those that the servers count. A prompt token counts as recomputed where an earlier request of
 * this engine computed it and the server does not say that it had it still; so does all of a request that was
 * asked again because a server may have worked on it in vain, as far as what came in the end shows. */
int openai_open(struct engine **out, const struct openai_model *model, struct ponder_err *err) PONDER_USE;
/* From here on no seeds are sent. */
void openai_seedless(struct engine *engine);

/* For tests and reports. */
struct openai_state {
    int servers, aside; /* set aside now */
    int waiting, sent;  /* texts */
    int nodes;
    int64_t requests; /* of HTTP since open */
};
struct openai_state openai_state_get(const struct engine *engine);

#endif
