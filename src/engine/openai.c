/* openai.c - the engine whose model is behind servers; see openai.h.
 *
 * A node is the text of its path: the prompt, and what of an answer stands behind it. Requests wait in the
 * order of their submission, those that are asked again in front. As soon as a server has room the first one
 * that may go leaves, together with those that ask for the same where the server gives several texts of one
 * request. A job is one request of HTTP for one or several of ours. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "engine/openai_impl.h"

enum { NODES_MAX = 1 << 22, REQUESTS_MAX = 1 << 20, PATH_BYTES_MAX = 1 << 26, TRIES_MAX = 4 };

/* A text, shared by nodes and requests. */
struct path {
    int uses;
    int64_t tokens; /* computed of it so far, by the servers' count; 0: none */
    size_t prompt_len, len;
    char text[]; /* (len), and a NUL */
};

struct node {
    int32_t generation;
    int32_t next_free;
    struct path *path; /* NULL: free */
};

struct request {
    struct request *next;
    struct engine_request asked;
    struct path *path;
    int tries, lost;                   /* failed; of those, worked on in vain */
    double again_s;                    /* not before */
    const struct openai_server *avoid; /* where it failed last */
    struct engine_result result;
};

struct list {
    struct request *head, *tail;
    int count;
};

struct job {
    struct job *next, *prev;
    struct http_job http;
    struct openai_server *server;
    struct openai_ask ask;
    struct request *members[OPENAI_N_MAX]; /* (ask.n) NULL: cancelled */
};

struct remote {
    struct engine engine; /* first */
    const struct openai_model *model;
    struct openai_pool pool;
    struct node *nodes;
    int node_top, node_cap, node_free, node_count;
    struct list waiting, done;
    struct job *jobs;
    int sent; /* members of jobs */
    struct engine_usage usage;
};

/* ---- lists ---- */

static void push(struct list *list, struct request *request)
{
    request->next = NULL;
    if (list->tail)
        list->tail->next = request;
    else
        list->head = request;
    list->tail = request;
    list->count++;
}

static void push_front(struct list *list, struct request *request)
{
    request->next = list->head;
    list->head = request;
    if (!list->tail)
        list->tail = request;
    list->count++;
}

/* Takes out the one behind `before`, NULL: the first. */
static struct request *take_behind(struct list *list, struct request *before)
{
    struct request **at = before ? &before->next : &list->head, *request = *at;
    *at = request->next;
    if (list->tail == request)
        list->tail = before;
    list->count--;
    return request;
}

/* ---- paths and nodes ---- */

static struct path *path_new(const struct path *parent, const char *text, size_t len)
{
    size_t before = parent ? parent->len : 0;
    if (len > PATH_BYTES_MAX - before)
        return NULL;
    struct path *path = malloc(sizeof *path + before + len + 1);
    if (!path)
        return NULL;
    *path = (struct path){.uses = 1, .tokens = parent ? parent->tokens : 0, .len = before + len};
    path->prompt_len = parent ? parent->prompt_len : len;
    if (before)
        memcpy(path->text, parent->text, before);
    if (len)
        memcpy(path->text + before, text, len);
    path->text[path->len] = '\0';
    return path;
}

static void path_drop(struct path *path)
{
    if (path && --path->uses == 0)
        free(path);
}

static int node_slot(struct remote *remote)
{
    int slot = remote->node_free;
    if (slot >= 0) {
        remote->node_free = remote->nodes[slot].next_free;
        return slot;
    }
    if (remote->node_top == remote->node_cap) {
        int cap = remote->node_cap ? 2 * remote->node_cap : 64;
        struct node *nodes = cap > NODES_MAX ? NULL : realloc(remote->nodes, (size_t)cap * sizeof *nodes);
        if (!nodes)
            return -1;
        remote->nodes = nodes;
        remote->node_cap = cap;
    }
    remote->nodes[remote->node_top] = (struct node){.generation = 1};
    return remote->node_top++;
}

/* Takes the path over. 0: out of memory or nodes. */
static int64_t node_new(struct remote *remote, struct path *path)
{
    int slot = path ? node_slot(remote) : -1;
    if (slot < 0) {
        path_drop(path);
        return 0;
    }
    remote->nodes[slot].path = path;
    remote->node_count++;
    return (int64_t)remote->nodes[slot].generation << 32 | (slot + 1);
}

static struct node *node_find(const struct remote *remote, int64_t handle)
{
    int64_t slot = (handle & 0xffffffff) - 1;
    if (handle <= 0 || slot < 0 || slot >= remote->node_top)
        return NULL;
    struct node *node = &remote->nodes[slot];
    return node->path && node->generation == handle >> 32 ? node : NULL;
}

static void remote_node_release(struct engine *engine, int64_t handle)
{
    struct remote *remote = (struct remote *)engine;
    struct node *node = node_find(remote, handle);
    assert(node);
    if (!node)
        return;
    path_drop(node->path);
    *node = (struct node){.generation = (node->generation + 1) & 0x7fffffff, .next_free = remote->node_free};
    remote->node_free = (int)(node - remote->nodes);
    remote->node_count--;
}

static int no_node(int64_t handle, struct ponder_err *err)
{
    return err_set(err, PONDER_E_ARGUMENT,
                   "no node has the handle %" PRId64 ": it was released, or never made", handle);
}

static int remote_prompt(struct engine *engine, int64_t parent, const char *text, size_t len, int64_t *out,
                         struct ponder_err *err)
{
    struct remote *remote = (struct remote *)engine;
    const struct node *node = parent ? node_find(remote, parent) : NULL;
    if (parent && !node)
        return no_node(parent, err);
    if (len > PATH_BYTES_MAX - (node ? node->path->len : 0))
        return err_set(err, PONDER_E_LIMIT, "the text has %zu bytes; a server is sent %d at most", len,
                       PATH_BYTES_MAX);
    *out = node_new(remote, path_new(node ? node->path : NULL, text, len));
    return *out ? PONDER_OK : err_memory(err, "a node");
}

/* ---- submitting and ending ---- */

static int unfinished(const struct remote *remote)
{
    return remote->waiting.count + remote->sent;
}

static int check(const struct remote *remote, const struct engine_request *asked, struct ponder_err *err)
{
    const struct node *node = node_find(remote, asked->parent);
    if (!node)
        return no_node(asked->parent, err);
    if (asked->ignore_end)
        return err_set(err, PONDER_E_UNSUPPORTED, "a server's end token cannot be ignored");
    if (asked->stop_count && !(remote->engine.can & ENGINE_CAN_STOP))
        return err_set(err, PONDER_E_UNSUPPORTED, "the server does not tell a stop string from a text's end");
    if (node->path->len > node->path->prompt_len && !(remote->engine.can & ENGINE_CAN_CONTINUE))
        return err_set(err, PONDER_E_UNSUPPORTED, "the server cannot go on with an answer that is begun");
    if (unfinished(remote) + remote->done.count >= REQUESTS_MAX)
        return err_set(err, PONDER_E_LIMIT, "%d requests are unfinished or not taken: that is the most",
                       REQUESTS_MAX);
    return PONDER_OK;
}

static int remote_submit(struct engine *engine, const struct engine_request *asked, struct ponder_err *err)
{
    struct remote *remote = (struct remote *)engine;
    int status = check(remote, asked, err);
    struct request *request = status ? NULL : calloc(1, sizeof *request);
    if (!request)
        return status ? status : err_memory(err, "a request");
    if (unfinished(remote) == 0) /* nobody was asked for a while */
        remote->pool.heard_s = clock_now_s(&clock_system);
    request->asked = *asked;
    request->path = node_find(remote, asked->parent)->path;
    request->path->uses++;
    push(&remote->waiting, request);
    return PONDER_OK;
}

static void request_free(struct request *request)
{
    path_drop(request->path);
    engine_result_clear(&request->result);
    free(request);
}

static void finish_failed(struct remote *remote, struct request *request, int status, const char *why)
{
    struct engine_result *result = &request->result;
    result->finish = ENGINE_FINISH_FAILED;
    result->status = status;
    snprintf(result->error, sizeof result->error, "%.255s", why);
    push(&remote->done, request);
}

/* With `text`, which is copied. The node's path is as long as `tokens`. */
static void finish(struct remote *remote, struct request *request, enum engine_finish how, const char *text,
                   size_t len, int64_t tokens)
{
    struct engine_result *result = &request->result;
    struct path *path = path_new(request->path, text, len);
    result->text = malloc(len + 1);
    if (path)
        path->tokens = tokens;
    result->node = result->text ? node_new(remote, path) : 0;
    if (!result->node) {
        free(result->text);
        result->text = NULL;
        finish_failed(remote, request, PONDER_E_MEMORY, "out of memory for a result");
        return;
    }
    memcpy(result->text, text, len);
    result->text[len] = '\0';
    result->text_len = len;
    result->finish = how;
    push(&remote->done, request);
}

static void finish_cancelled(struct remote *remote, struct request *request)
{
    request->result.logprob = NAN;
    finish(remote, request, ENGINE_FINISH_CANCELLED, "", 0, request->path->tokens);
}

/* ---- jobs ---- */

static void job_free(struct remote *remote, struct job *job)
{
    if (job->prev)
        job->prev->next = job->next;
    else
        remote->jobs = job->next;
    if (job->next)
        job->next->prev = job->prev;
    free(job->http.body);
    buf_release(&job->http.reply);
    free(job);
}

static bool asks_the_same(const struct request *a, const struct request *b)
{
    const struct engine_request *x = &a->asked, *y = &b->asked;
    const struct engine_sampling *s = &x->sampling, *t = &y->sampling;
    return a->path == b->path && x->tokens_max == y->tokens_max && x->stops == y->stops &&
           x->stop_count == y->stop_count && s->temperature == t->temperature && s->top_k == t->top_k &&
           s->top_p == t->top_p && s->min_p == t->min_p;
}

static int most_of(const struct openai_server *server)
{
    int room = server->room - server->busy;
    bool several = (server->facts->takes & OPENAI_TAKES_N) && !server->alone;
    return !several ? 1 : room < OPENAI_N_MAX ? room : OPENAI_N_MAX;
}

/* Moves the request behind `before`, and those that ask for the same, from the queue to the job. */
static void take_members(struct remote *remote, struct job *job, struct request *before)
{
    struct request *first = take_behind(&remote->waiting, before);
    int most = first->asked.sampling.temperature > 0 ? most_of(job->server) : 1; /* else they are the same */
    job->members[job->ask.n++] = first;
    for (struct request *at = before; job->ask.n < most;) {
        struct request *next = at ? at->next : remote->waiting.head;
        if (!next)
            break;
        if (next->again_s <= first->again_s && asks_the_same(first, next))
            job->members[job->ask.n++] = take_behind(&remote->waiting, at);
        else
            at = next;
    }
    remote->sent += job->ask.n;
}

static void fill_ask(const struct remote *remote, struct job *job)
{
    const struct request *first = job->members[0];
    const struct openai_facts *facts = job->server->facts;
    job->ask = (struct openai_ask){.api = remote->model->api,
                                   .takes = facts->takes,
                                   .echoes = facts->echoes,
                                   .model = remote->model->name,
                                   .system = remote->model->system,
                                   .prompt = first->path->text,
                                   .prompt_len = first->path->prompt_len,
                                   .begun = first->path->text + first->path->prompt_len,
                                   .begun_len = first->path->len - first->path->prompt_len,
                                   .n = job->ask.n,
                                   .tokens_max = first->asked.tokens_max,
                                   .sampling = first->asked.sampling,
                                   .stream = first->asked.stream,
                                   .stops = first->asked.stops,
                                   .stop_count = first->asked.stop_count};
}

/* The job's members go back to where they came from. */
static void put_back(struct remote *remote, struct job *job)
{
    for (int i = job->ask.n; i-- > 0;) {
        if (!job->members[i])
            continue;
        remote->sent--;
        push_front(&remote->waiting, job->members[i]);
    }
}

static int send_job(struct remote *remote, struct openai_server *server, struct request *before,
                    struct ponder_err *err)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return err_memory(err, "a request");
    job->server = server;
    job->next = remote->jobs;
    if (job->next)
        job->next->prev = job;
    remote->jobs = job;
    take_members(remote, job, before);
    fill_ask(remote, job);
    job->http = (struct http_job){
        .path = openai_path(job->ask.api), .bytes_max = openai_reply_bytes(&job->ask), .data = job};
    int status = openai_body(&job->ask, &job->http.body, err);
    if (!status)
        status = openai_pool_send(&remote->pool, server, &job->http, job->ask.n, err);
    if (status) {
        put_back(remote, job);
        job_free(remote, job);
    }
    return status;
}

/* Sends what there is room and time for. */
static int dispatch(struct remote *remote, double now_s, struct ponder_err *err)
{
    int status = PONDER_OK;
    struct request *before = NULL;
    while (!status) {
        struct request *request = before ? before->next : remote->waiting.head;
        if (!request)
            break;
        if (request->again_s > now_s) {
            before = request;
            continue;
        }
        struct openai_server *server = openai_pool_choose(&remote->pool, request->avoid, now_s);
        if (!server)
            break;
        status = send_job(remote, server, before, err);
    }
    return status;
}

/* ---- replies ---- */

/* Of a reply's prompt, what this request has to answer for: the tokens that the server computed, and among
 * them those that had been computed before. */
static void charge_prompt(struct remote *remote, struct request *request, const struct openai_reply *reply)
{
    int64_t computed = reply->prompt_tokens - reply->cached_tokens;
    int64_t fresh = reply->prompt_tokens - request->path->tokens;
    fresh = fresh < 0 ? 0 : fresh < computed ? fresh : computed;
    remote->usage.prompt_tokens += fresh;
    request->result.recomputed_tokens += computed - fresh;
    if (request->path->tokens < reply->prompt_tokens)
        request->path->tokens = reply->prompt_tokens;
}

static void accept(struct remote *remote, struct request *request, const struct openai_reply *reply,
                   const struct openai_choice *choice, int members)
{
    struct engine_result *result = &request->result;
    double per_token = 2 * remote->model->params;
    int64_t own = reply->prompt_tokens / members + choice->tokens;
    result->token_count = (int)choice->tokens;
    result->logprob = choice->logprob;
    result->position = reply->prompt_tokens;
    result->recomputed_tokens += request->lost * own;
    result->recomputed_flops = per_token * (double)result->recomputed_tokens;
    remote->usage.recomputed_tokens += result->recomputed_tokens;
    remote->usage.generated_tokens += choice->tokens;
    finish(remote, request, choice->finish, choice->text, choice->len, reply->prompt_tokens + choice->tokens);
}

static void accept_all(struct remote *remote, struct job *job, struct openai_reply *reply)
{
    bool charged = false;
    for (int i = 0; i < job->ask.n; i++) {
        struct request *request = job->members[i];
        struct openai_choice *choice = &reply->choices[i];
        http_hide_key(job->server->http, choice->text, choice->len);
        if (!request) { /* given up, and computed all the same */
            remote->usage.generated_tokens += choice->tokens;
            continue;
        }
        job->members[i] = NULL;
        remote->sent--;
        if (!charged)
            charge_prompt(remote, request, reply);
        charged = true;
        accept(remote, request, reply, choice, job->ask.n);
    }
    remote->usage.flops = 2 * remote->model->params *
                          (double)(remote->usage.prompt_tokens + remote->usage.generated_tokens +
                                   remote->usage.recomputed_tokens);
}

/* What failed is asked again, unless it has failed too often. */
static void repeat(struct remote *remote, struct job *job, double now_s)
{
    for (int i = job->ask.n; i-- > 0;) {
        struct request *request = job->members[i];
        if (!request)
            continue;
        job->members[i] = NULL;
        remote->sent--;
        request->lost++;
        request->avoid = job->server;
        if (++request->tries >= TRIES_MAX) {
            finish_failed(remote, request, PONDER_E_ENGINE, remote->pool.last);
            continue;
        }
        request->again_s = now_s + openai_pool_wait_s(&remote->pool, request->tries);
        push_front(&remote->waiting, request);
    }
}

static void refuse(struct remote *remote, struct job *job)
{
    if (job->ask.n > 1) { /* it may have been too many at once */
        job->server->alone = true;
        put_back(remote, job);
        return;
    }
    if (!job->members[0])
        return;
    remote->sent--;
    finish_failed(remote, job->members[0], PONDER_E_ENGINE, remote->pool.last);
}

static void read_reply(struct remote *remote, struct job *job, double now_s)
{
    struct openai_reply reply;
    struct ponder_err err;
    const struct buf *bytes = &job->http.reply;
    if (openai_reply_read(&reply, &job->ask, buf_text(bytes), bytes->len, &err) == PONDER_OK) {
        accept_all(remote, job, &reply);
    } else {
        http_hide_key(job->server->http, err.message, strlen(err.message));
        openai_pool_fault(&remote->pool, job->server, err.message, now_s);
        repeat(remote, job, now_s);
    }
    openai_reply_release(&reply);
}

static void end_job(struct remote *remote, struct job *job, double now_s)
{
    switch (openai_pool_judge(&remote->pool, job->server, &job->http, job->ask.n, now_s)) {
    case OPENAI_GOOD:
        read_reply(remote, job, now_s);
        break;
    case OPENAI_LATER:
        put_back(remote, job);
        break;
    case OPENAI_LOST:
        repeat(remote, job, now_s);
        break;
    case OPENAI_REFUSED:
        refuse(remote, job);
        break;
    }
    job_free(remote, job);
}

/* ---- stepping ---- */

static void take_ended(struct remote *remote)
{
    struct http_job *http;
    double now_s = clock_now_s(&clock_system);
    while ((http = http_loop_take(remote->pool.loop)))
        if (!openai_pool_looked(&remote->pool, http, now_s))
            end_job(remote, http->data, now_s);
}

/* Until when nothing will happen unless a server answers. */
static double next_s(const struct remote *remote, double now_s)
{
    double next_s = openai_pool_next_s(&remote->pool, now_s);
    for (const struct request *r = remote->waiting.head; r; r = r->next)
        if (r->again_s > now_s && r->again_s < next_s)
            next_s = r->again_s;
    return next_s;
}

/* Nobody has answered for so long that nobody will. */
static int give_up(const struct remote *remote, double now_s, struct ponder_err *err)
{
    double silent_s = now_s - remote->pool.heard_s;
    if (remote->sent > 0 || remote->waiting.count == 0 || silent_s < remote->model->patience_s)
        return PONDER_OK;
    return err_set(err, PONDER_E_ENGINE, "no server has answered for %.0f s; the last word: %s", silent_s,
                   remote->pool.last);
}

static int remote_step(struct engine *engine, double wait_s, struct ponder_err *err)
{
    struct remote *remote = (struct remote *)engine;
    double now_s = clock_now_s(&clock_system);
    int status = give_up(remote, now_s, err);
    if (!status)
        status = openai_pool_look(&remote->pool, now_s, err);
    if (!status)
        status = dispatch(remote, now_s, err);
    bool idle = remote->done.count > 0 || unfinished(remote) == 0;
    double most_s = idle ? 0 : fmin(wait_s, next_s(remote, now_s) - now_s);
    if (!status)
        status = http_loop_step(remote->pool.loop, fmax(most_s, 0), err);
    if (status)
        return status;
    take_ended(remote);
    return unfinished(remote);
}

/* ---- the rest ---- */

static void cancel_waiting(struct remote *remote, int64_t tag)
{
    for (struct request *before = NULL, *at = remote->waiting.head; at;) {
        struct request *next = at->next;
        if (at->asked.tag == tag)
            finish_cancelled(remote, take_behind(&remote->waiting, before));
        else
            before = at;
        at = next;
    }
}

/* A job nobody waits for is dropped, which frees its place at the server. */
static void cancel_sent(struct remote *remote, struct job *job, int64_t tag)
{
    bool wanted = false;
    for (int i = 0; i < job->ask.n; i++) {
        struct request *request = job->members[i];
        if (request && request->asked.tag == tag) {
            job->members[i] = NULL;
            remote->sent--;
            finish_cancelled(remote, request);
        }
        wanted |= job->members[i] != NULL;
    }
    if (wanted)
        return;
    http_loop_drop(remote->pool.loop, &job->http);
    job->server->busy -= job->ask.n;
    job_free(remote, job);
}

static void remote_cancel(struct engine *engine, int64_t tag)
{
    struct remote *remote = (struct remote *)engine;
    cancel_waiting(remote, tag);
    for (struct job *job = remote->jobs, *next; job; job = next) {
        next = job->next;
        cancel_sent(remote, job, tag);
    }
}

static bool remote_take(struct engine *engine, struct engine_result *out)
{
    struct remote *remote = (struct remote *)engine;
    *out = (struct engine_result){0};
    if (!remote->done.head)
        return false;
    struct request *request = take_behind(&remote->done, NULL);
    *out = request->result;
    out->tag = request->asked.tag;
    request->result = (struct engine_result){0};
    request_free(request);
    return true;
}

static void remote_usage(const struct engine *engine, struct engine_usage *out)
{
    *out = ((const struct remote *)engine)->usage;
}

/* 2 per parameter and token (Kaplan et al. 2020, section 2.1); attention is not known. */
static double remote_flops(const struct engine *engine, int64_t first, int64_t count)
{
    (void)first;
    return 2 * ((const struct remote *)engine)->model->params * (double)count;
}

/* A token has a byte at least; a chat's marks come on top. */
static int64_t remote_length(const struct engine *engine, int64_t handle)
{
    enum { MARKS_MAX = 64 };
    const struct remote *remote = (const struct remote *)engine;
    const struct node *node = node_find(remote, handle);
    const char *system = remote->model->system;
    if (!node)
        return -1;
    if (node->path->tokens > 0)
        return node->path->tokens;
    int64_t marks =
        remote->model->api == OPENAI_CHAT ? MARKS_MAX + (int64_t)(system ? strlen(system) : 0) : 1;
    return (int64_t)node->path->len + marks;
}

static void remote_release(struct engine *engine)
{
    struct remote *remote = (struct remote *)engine;
    while (remote->jobs) {
        http_loop_drop(remote->pool.loop, &remote->jobs->http);
        put_back(remote, remote->jobs);
        job_free(remote, remote->jobs);
    }
    while (remote->waiting.head)
        request_free(take_behind(&remote->waiting, NULL));
    while (remote->done.head)
        request_free(take_behind(&remote->done, NULL));
    openai_pool_release(&remote->pool);
    for (int i = 0; i < remote->node_top; i++)
        path_drop(remote->nodes[i].path);
    free(remote->nodes);
    free(remote);
}

const struct engine_ops engine_openai_ops = {
    .name = "openai",
    .summary = "a model behind servers: vLLM, SGLang, llama-server or another with OpenAI's protocol",
    .release = remote_release,
    .prompt = remote_prompt,
    .node_release = remote_node_release,
    .submit = remote_submit,
    .cancel = remote_cancel,
    .step = remote_step,
    .take = remote_take,
    .usage = remote_usage,
    .flops = remote_flops,
    .length = remote_length,
};

int openai_open(struct engine **out, const struct openai_model *model, struct ponder_err *err)
{
    *out = NULL;
    struct remote *remote = calloc(1, sizeof *remote);
    if (!remote)
        return err_memory(err, "the engine");
    remote->engine.ops = &engine_openai_ops;
    remote->engine.can = openai_model_can(model);
    remote->model = model;
    remote->node_free = -1;
    int status = openai_pool_open(&remote->pool, model, err);
    if (status) {
        remote_release(&remote->engine);
        return status;
    }
    *out = &remote->engine;
    return PONDER_OK;
}

struct openai_state openai_state_get(const struct engine *engine)
{
    const struct remote *remote = (const struct remote *)engine;
    struct openai_state state = {.servers = remote->pool.count,
                                 .waiting = remote->waiting.count,
                                 .sent = remote->sent,
                                 .nodes = remote->node_count,
                                 .requests = remote->pool.requests};
    for (int i = 0; i < remote->pool.count; i++)
        state.aside += remote->pool.servers[i].aside;
    return state;
}
