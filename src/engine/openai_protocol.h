/* openai_protocol.h - requests and replies of OpenAI's protocol, as vLLM, SGLang and llama-server speak it.
 *
 * completions  POST /v1/completions: the model continues any text, the prompt with what is begun behind it.
 * chat         POST /v1/chat/completions: a system's message, examples as a user's and an assistant's each, a
 *              user's, and where an answer is begun, an assistant's that is to go on: vLLM and SGLang are
 *              told so (continue_final_message, no generation prompt), llama-server does it by itself.
 *
 * Whether a text ended at a stop string or by itself is in no field of OpenAI's; it is told in vLLM's
 * `stop_reason`, SGLang's `matched_stop` and llama-server's `__verbose`. */
#ifndef ENGINE_OPENAI_PROTOCOL_H
#define ENGINE_OPENAI_PROTOCOL_H

#include "engine/engine.h"
#include "prompt/examples.h"

enum openai_api { OPENAI_AUTO, OPENAI_COMPLETIONS, OPENAI_CHAT };

/* Fields that not every server takes. */
enum openai_takes {
    OPENAI_TAKES_N = 1,           /* several texts of one request, all of them in its usage */
    OPENAI_TAKES_SEED = 2,        /* seed */
    OPENAI_TAKES_CUTS = 4,        /* top_k and min_p */
    OPENAI_TAKES_LOGPROBS = 8,    /* logprobs */
    OPENAI_TAKES_VERBOSE = 16,    /* verbose */
    OPENAI_TAKES_SYSTEM = 32,     /* a system's message; else its text opens the user's */
    OPENAI_TAKES_MAX_TOKENS = 64, /* max_tokens; else it is max_completion_tokens */
    OPENAI_TAKES_TEMPERATURE = 128,
    OPENAI_TAKES_TOP_P = 256,
    OPENAI_TAKES_STREAM = 512, /* stream, and the usage at its end */
    OPENAI_TAKES_ALL = 1023
};

/* The field by which a server is told how much may be thought. */
enum openai_thinking {
    OPENAI_THINKING_EFFORT,      /* reasoning_effort: a word */
    OPENAI_THINKING_VLLM,        /* thinking_token_budget */
    OPENAI_THINKING_LLAMA_SERVER /* thinking_budget_tokens, and reasoning_budget_tokens, its other name */
};

enum { OPENAI_N_MAX = 8, OPENAI_TOKENS_MAX = 1 << 30, OPENAI_THINKING_ANY = 0 };

/* What one request asks for; everything is borrowed. */
struct openai_ask {
    enum openai_api api;
    unsigned takes; /* fields that may be sent */
    bool echoes;    /* a reply repeats what is begun */
    const char *model;
    const char *system;              /* of chat; NULL: none */
    const struct examples *examples; /* of chat: turns before the question; NULL: none */
    const char *prompt;              /* of chat: the user's message */
    size_t prompt_len;
    const char *begun; /* of the answer */
    size_t begun_len;
    int n, tokens_max;
    struct engine_sampling sampling;
    uint64_t stream; /* a seed is made of it */
    const char *const *stops;
    int stop_count;
    const char *end;      /* a string that ends a text and is no part of it; NULL: none */
    bool streamed;        /* the reply is to come piece by piece */
    bool seedless;        /* no seed is sent */
    int64_t thinking_max; /* tokens of thoughts; OPENAI_THINKING_ANY: the model's own affair */
    enum openai_thinking thinking;
};

const char *openai_path(enum openai_api api);
/* The caller frees *body. */
int openai_body(const struct openai_ask *ask, char **body, struct ponder_err *err) PONDER_USE;
/* Bytes that a reply may have. */
size_t openai_reply_bytes(const struct openai_ask *ask);

struct openai_choice {
    char *text; /* owned; with the stop string that ended it */
    size_t len;
    enum engine_finish finish; /* END, STOP or LENGTH */
    int64_t tokens;            /* generated */
    int64_t listed;            /* .. of those whose log-probabilities were told */
    double logprob;            /* their sum; NAN: not told */
    bool thoughts;             /* its tokens were used up by thoughts: there is no text of an answer */
};

struct openai_reply {
    struct openai_choice choices[OPENAI_N_MAX];
    int count;
    bool partial;  /* it was broken off */
    bool streamed; /* it came as a stream */
    bool thinks;   /* it has thoughts in a field of their own */
    bool counted;  /* the server tells its usage; else the tokens are as many as there may be, one a byte */
    int64_t prompt_tokens, cached_tokens; /* of them, those that it had of an earlier request */
    int64_t generated_tokens;             /* of all choices */
    bool tells_stops;                     /* whether a text ended at a stop string can be seen */
};

/* Reads `len` bytes of a reply with status 200. PONDER_E_ENGINE says what is wrong with it: no JSON, another
 * number of choices than was asked for, a field of another type. A stream is read as the reply that it makes.
 * Release `out` in any case. */
int openai_reply_read(struct openai_reply *out, const struct openai_ask *ask, const char *bytes, size_t len,
                      struct ponder_err *err) PONDER_USE;
/* The same of a stream that was broken off: as much as has come of its one choice. What nobody counted has a
 * token an event. */
int openai_reply_read_partial(struct openai_reply *out, const struct openai_ask *ask, const char *bytes,
                              size_t len, struct ponder_err *err) PONDER_USE;
void openai_reply_release(struct openai_reply *reply);

#endif
