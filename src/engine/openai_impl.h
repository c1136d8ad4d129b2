/* openai_impl.h - what the files of the engine behind servers share: what was learnt of them, the pool of
 * them at work, and the engine's own requests and jobs. */
#ifndef ENGINE_OPENAI_IMPL_H
#define ENGINE_OPENAI_IMPL_H

#include "core/buf.h"
#include "http/http.h"
#include "core/rng.h"
#include "engine/openai.h"

/* What one server can do. */
struct openai_facts {
    char *base;
    unsigned takes;   /* enum openai_takes, found out */
    bool continues;   /* an unfinished answer */
    bool echoes;      /* .. and repeats it in its reply */
    bool tells_stops; /* from the end of a text */
    bool seeded;      /* the same seed gave the same text */
    bool thinks;      /* its replies had thoughts in a field of their own */
    enum openai_thinking thinking;
    int64_t context; /* tokens of a text and its prompt at most; 0: not told */
};

struct openai_model {
    char *name, *key, *system; /* key NULL: none */
    char *other_system;        /* in its place, "": none; NULL: that one */
    const struct examples *examples;
    struct openai_facts *servers; /* (count) */
    int count;
    enum openai_api api;
    bool api_told; /* it was asked for, not found out */
    int in_flight;
    double params, timeout_s, patience_s, first_wait_s, aside_s;
    int64_t thinking_max;
    struct ponder_start start;
    void (*note)(const char *text, void *data); /* while servers are asked what they can do; NULL: nobody */
    void *note_data;
};

/* Puts stars where a text of a server has the key, unless that is so short that a text may have it by chance.
 */
void openai_hide_key(const struct openai_model *model, char *text, size_t len);
/* Of chats; NULL: none. */
const char *openai_system(const struct openai_model *model);
/* A connection to one of its servers. */
int openai_connect(struct http **out, const struct openai_model *model, const char *base,
                   struct ponder_err *err) PONDER_USE;

/* ---- the pool (openai_pool.c) ---- */

struct openai_server {
    const struct openai_facts *facts;
    struct http *http;
    int most;        /* texts of one request: fewer where it refused more */
    int busy, room;  /* texts on their way, and how many there may be */
    int failures;    /* in a row */
    double paused_s; /* it takes nothing before that moment */
    bool aside, looking;
    double aside_s; /* the next look at it is so long after the last .. */
    double look_s;  /* .. at that moment */
    struct http_job look;
};

struct openai_pool {
    const struct openai_model *model;
    struct http_loop *loop;
    struct openai_server *servers; /* (count) */
    int count;
    struct rng jitter;
    double heard_s;            /* when a server last answered */
    double failing_s;          /* when the first request failed since then; 0: none did */
    char last[HTTP_WHY_BYTES]; /* what was last wrong */
    int64_t requests;
};

/* What is to become of a request. */
enum openai_verdict {
    OPENAI_GOOD,    /* its reply can be read */
    OPENAI_LATER,   /* the server did not take it, and nothing is lost */
    OPENAI_LOST,    /* the server may have worked on it in vain */
    OPENAI_SLOW,    /* the same, for as long as a request may take */
    OPENAI_REFUSED, /* asking again would not help */
};

int openai_pool_open(struct openai_pool *pool, const struct openai_model *model,
                     struct ponder_err *err) PONDER_USE;
void openai_pool_release(struct openai_pool *pool);
/* The server with the least to do of those that have room at `now_s`; `avoid` (NULL: none) only where there
 * is no other. NULL: none has room. */
struct openai_server *openai_pool_choose(struct openai_pool *pool, const struct openai_server *avoid,
                                         double now_s);
int openai_pool_send(struct openai_pool *pool, struct openai_server *server, struct http_job *job, int texts,
                     struct ponder_err *err) PONDER_USE;
/* Of a job that has ended: what its end says about the server. Fills pool->last where it is not GOOD. */
enum openai_verdict openai_pool_judge(struct openai_pool *pool, struct openai_server *server,
                                      const struct http_job *job, int texts, double now_s);
/* The server answered: with a reply that could be read, or that a request is wrong. */
void openai_pool_heard(struct openai_pool *pool, struct openai_server *server, double now_s);
/* The server answered with something that cannot be read. */
void openai_pool_fault(struct openai_pool *pool, struct openai_server *server, const char *why, double now_s);
/* Looks at those set aside whose time has come. */
int openai_pool_look(struct openai_pool *pool, double now_s, struct ponder_err *err) PONDER_USE;
/* Whether the job was such a look; then it is dealt with. */
bool openai_pool_looked(struct openai_pool *pool, const struct http_job *job, double now_s);
/* When a server's pause or time aside ends next, behind `now_s`; INFINITY: none does. */
double openai_pool_next_s(const struct openai_pool *pool, double now_s);
/* Seconds until a request that failed `tries` times is asked again. */
double openai_pool_wait_s(struct openai_pool *pool, int tries);

/* ---- the engine (openai.c) ---- */

/* A text, shared by nodes and requests. */
struct openai_path {
    int uses;
    int64_t tokens; /* computed of it so far, by the servers' count; 0: none */
    size_t prompt_len, len;
    char text[]; /* (len), and a NUL */
};

struct openai_node {
    int32_t generation;
    int32_t next_free;
    struct openai_path *path; /* NULL: free */
};

struct openai_request {
    struct openai_request *next;
    struct engine_request asked;
    struct openai_path *path;
    int tries, lost;                   /* failed; of those, worked on in vain */
    double again_s;                    /* not before */
    const struct openai_server *avoid; /* where it failed last */
    /* White space at which the server stopped, though that ends no text: it opens the text, and stands in
     * `path` too. */
    struct buf opened;
    int openings;
    int64_t opened_tokens;
    double opened_logprob;
    struct engine_result result;
};

struct openai_list {
    struct openai_request *head, *tail;
    int count;
};

struct openai_job {
    struct openai_job *next, *prev;
    struct http_job http;
    struct openai_server *server;
    struct openai_ask ask;
    struct openai_request *members[OPENAI_N_MAX]; /* (ask.n) NULL: cancelled */
};

struct openai {
    struct engine engine; /* first */
    const struct openai_model *model;
    struct openai_pool pool;
    struct openai_node *nodes;
    int64_t node_cap;
    int node_top, node_free, node_count;
    struct openai_list waiting, done;
    struct openai_job *jobs;
    int sent; /* members of jobs */
    struct engine_usage usage;
    bool seedless;
    bool given_up;          /* no server has answered for too long, nor has one since */
    int64_t thought, texts; /* texts that were thoughts alone, of all that came .. */
    int64_t thought_told;   /* .. and so many when that was last news */
    double waited_told_s;   /* how long a wait was when it was last news; 0: nothing is waited for */
    bool fields_told;       /* that some are not taken */
    size_t bytes_told;      /* of replies under way when that was last looked at */
};

void openai_list_push(struct openai_list *list, struct openai_request *request);
void openai_list_push_front(struct openai_list *list, struct openai_request *request);
/* Takes out the one behind `before`, NULL: the first. */
struct openai_request *openai_list_take(struct openai_list *list, struct openai_request *before);

/* A request, out of every list, is done: with `text`, which is copied, and a node whose path has `tokens`. */
void openai_finish(struct openai *remote, struct openai_request *request, enum engine_finish how,
                   const char *text, size_t len, int64_t tokens);
/* A request, out of every list, waits again, behind what has come of it, which is white space. */
void openai_reopen(struct openai *remote, struct openai_request *request, const struct openai_choice *choice,
                   int64_t tokens);
void openai_finish_cancelled(struct openai *remote, struct openai_request *request);
void openai_finish_failed(struct openai *remote, struct openai_request *request, int status, const char *why);

/* ---- requests at the servers (openai_jobs.c) ---- */

/* Sends what there is room and time for. */
int openai_dispatch(struct openai *remote, double now_s, struct ponder_err *err) PONDER_USE;
/* Reads what has come: requests are done, or wait to be asked again. */
void openai_take_ended(struct openai *remote);
/* Members with this tag are done. A job that nobody waits for is dropped. */
void openai_jobs_cancel(struct openai *remote, int64_t tag);
/* Drops all; their members wait. */
void openai_jobs_release(struct openai *remote);

/* ---- what is to be told (openai_news.c) ---- */

bool openai_news(struct engine *engine, char *text, size_t size);

#endif
