/* openai.c - the engine whose model is behind servers; see openai.h. Its nodes, requests and results; what
 * becomes of requests at the servers is in openai_jobs.c.
 *
 * A node is the text of its path: the prompt, and what of an answer stands behind it. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/clock.h"
#include "core/err.h"
#include "engine/openai_impl.h"

enum { NODES_MAX = 1 << 22, REQUESTS_MAX = 1 << 20, PATH_BYTES_MAX = 1 << 26 };

/* ---- lists ---- */

void openai_list_push(struct openai_list *list, struct openai_request *request)
{
    request->next = NULL;
    if (list->tail)
        list->tail->next = request;
    else
        list->head = request;
    list->tail = request;
    list->count++;
}

void openai_list_push_front(struct openai_list *list, struct openai_request *request)
{
    request->next = list->head;
    list->head = request;
    if (!list->tail)
        list->tail = request;
    list->count++;
}

struct openai_request *openai_list_take(struct openai_list *list, struct openai_request *before)
{
    struct openai_request **at = before ? &before->next : &list->head, *request = *at;
    *at = request->next;
    if (list->tail == request)
        list->tail = before;
    list->count--;
    return request;
}

/* ---- paths and nodes ---- */

static struct openai_path *path_new(const struct openai_path *parent, const char *text, size_t len)
{
    size_t before = parent ? parent->len : 0;
    if (len > PATH_BYTES_MAX - before)
        return NULL;
    struct openai_path *path = malloc(sizeof *path + before + len + 1);
    if (!path)
        return NULL;
    *path = (struct openai_path){.uses = 1, .tokens = parent ? parent->tokens : 0, .len = before + len};
    path->prompt_len = parent ? parent->prompt_len : len;
    if (before)
        memcpy(path->text, parent->text, before);
    if (len)
        memcpy(path->text + before, text, len);
    path->text[path->len] = '\0';
    return path;
}

static void path_drop(struct openai_path *path)
{
    if (path && --path->uses == 0)
        free(path);
}

static int node_slot(struct openai *remote)
{
    int slot = remote->node_free;
    if (slot >= 0) {
        remote->node_free = remote->nodes[slot].next_free;
        return slot;
    }
    if (array_reserve(&remote->nodes, sizeof *remote->nodes, &remote->node_cap, remote->node_top + 1,
                      NODES_MAX))
        return -1;
    remote->nodes[remote->node_top] = (struct openai_node){.generation = 1};
    return remote->node_top++;
}

/* Takes the path over. 0: out of memory or nodes. */
static int64_t node_new(struct openai *remote, struct openai_path *path)
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

static struct openai_node *node_find(const struct openai *remote, int64_t handle)
{
    int64_t slot = (handle & 0xffffffff) - 1;
    if (handle <= 0 || slot < 0 || slot >= remote->node_top)
        return NULL;
    struct openai_node *node = &remote->nodes[slot];
    return node->path && node->generation == handle >> 32 ? node : NULL;
}

static void remote_node_release(struct engine *engine, int64_t handle)
{
    struct openai *remote = (struct openai *)engine;
    struct openai_node *node = node_find(remote, handle);
    assert(node);
    if (!node)
        return;
    path_drop(node->path);
    *node = (struct openai_node){.generation = (node->generation + 1) & 0x7fffffff,
                                 .next_free = remote->node_free};
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
    struct openai *remote = (struct openai *)engine;
    const struct openai_node *node = parent ? node_find(remote, parent) : NULL;
    if (parent && !node)
        return no_node(parent, err);
    if (len > PATH_BYTES_MAX - (node ? node->path->len : 0))
        return err_set(err, PONDER_E_LIMIT, "the text has %zu bytes; a server is sent %d at most", len,
                       PATH_BYTES_MAX);
    *out = node_new(remote, path_new(node ? node->path : NULL, text, len));
    return *out ? PONDER_OK : err_memory(err, "a node");
}

/* ---- submitting and ending ---- */

static int unfinished(const struct openai *remote)
{
    return remote->waiting.count + remote->sent;
}

static int openai_check(const struct openai *remote, const struct engine_request *asked,
                        struct ponder_err *err)
{
    const struct openai_node *node = node_find(remote, asked->parent);
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

static void say_silent(const struct openai *remote, double now_s, struct ponder_err *err)
{
    err_set(err, PONDER_E_ENGINE, "no server has answered for %.0f s; the last word: %s",
            now_s - remote->pool.failing_s, remote->pool.last);
}

/* Once nobody has answered for too long, nothing is asked until somebody does. */
static int check_answering(struct openai *remote, struct ponder_err *err)
{
    double now_s = clock_now_s(&clock_system);
    int status = remote->given_up ? openai_pool_look(&remote->pool, now_s, err) : PONDER_OK;
    if (!status && remote->given_up)
        status = http_loop_step(remote->pool.loop, 0, err);
    if (!status)
        openai_take_ended(remote);
    for (int i = 0; i < remote->pool.count && remote->given_up; i++)
        remote->given_up = remote->pool.servers[i].aside;
    if (!status && remote->given_up) {
        say_silent(remote, now_s, err);
        status = PONDER_E_ENGINE;
    }
    return status;
}

static int remote_submit(struct engine *engine, const struct engine_request *asked, struct ponder_err *err)
{
    struct openai *remote = (struct openai *)engine;
    int status = openai_check(remote, asked, err);
    if (!status)
        status = check_answering(remote, err);
    struct openai_request *request = status ? NULL : calloc(1, sizeof *request);
    if (!request)
        return status ? status : err_memory(err, "a request");
    if (unfinished(remote) == 0 && !remote->given_up) { /* nobody was asked for a while */
        remote->pool.heard_s = clock_now_s(&clock_system);
        remote->pool.failing_s = 0;
    }
    request->asked = *asked;
    request->path = node_find(remote, asked->parent)->path;
    request->path->uses++;
    openai_list_push(&remote->waiting, request);
    return PONDER_OK;
}

static void request_free(struct openai_request *request)
{
    path_drop(request->path);
    buf_release(&request->opened);
    engine_result_clear(&request->result);
    free(request);
}

void openai_finish_failed(struct openai *remote, struct openai_request *request, int status, const char *why)
{
    struct engine_result *result = &request->result;
    result->finish = ENGINE_FINISH_FAILED;
    result->status = status;
    snprintf(result->error, sizeof result->error, "%.255s", why);
    openai_list_push(&remote->done, request);
}

void openai_finish(struct openai *remote, struct openai_request *request, enum engine_finish how,
                   const char *text, size_t len, int64_t tokens)
{
    struct engine_result *result = &request->result;
    struct openai_path *path = path_new(request->path, text, len);
    size_t before = request->opened.len;
    if (path)
        path->tokens = tokens;
    result->node = node_new(remote, path);
    result->text = result->node ? malloc(before + len + 1) : NULL;
    if (!result->text) {
        if (result->node)
            remote_node_release(&remote->engine, result->node);
        result->node = 0;
        openai_finish_failed(remote, request, PONDER_E_MEMORY, "out of memory for a result");
        return;
    }
    memcpy(result->text, buf_text(&request->opened), before);
    memcpy(result->text + before, text, len);
    result->text[before + len] = '\0';
    result->text_len = before + len;
    result->finish = how;
    openai_list_push(&remote->done, request);
}

void openai_reopen(struct openai *remote, struct openai_request *request, const struct openai_choice *choice,
                   int64_t tokens)
{
    struct openai_path *path = path_new(request->path, choice->text, choice->len);
    if (!request->openings++)
        request->opened = BUF_INIT(PATH_BYTES_MAX);
    if (!path || buf_append(&request->opened, choice->text, choice->len)) {
        path_drop(path);
        openai_finish_failed(remote, request, PONDER_E_MEMORY, "out of memory for a result");
        return;
    }
    path->tokens = tokens;
    path_drop(request->path);
    request->path = path;
    request->opened_tokens += choice->tokens;
    request->opened_logprob += choice->logprob;
    openai_list_push_front(&remote->waiting, request);
}

void openai_finish_cancelled(struct openai *remote, struct openai_request *request)
{
    request->result.logprob = NAN;
    request->result.token_count = (int)request->opened_tokens;
    openai_finish(remote, request, ENGINE_FINISH_CANCELLED, "", 0, request->path->tokens);
}

/* ---- stepping ---- */

/* Until when nothing will happen unless a server answers. */
static double next_s(const struct openai *remote, double now_s)
{
    double next_s = openai_pool_next_s(&remote->pool, now_s);
    for (const struct openai_request *r = remote->waiting.head; r; r = r->next)
        if (r->again_s > now_s && r->again_s < next_s)
            next_s = r->again_s;
    return next_s;
}

/* Nobody has answered for so long that nobody will: what waits fails, and whoever asked goes on with what
 * there is.
 */
static void give_up(struct openai *remote, double now_s)
{
    struct ponder_err err;
    if (remote->sent > 0 || remote->waiting.count == 0 || remote->pool.failing_s == 0 ||
        now_s - remote->pool.failing_s < remote->model->patience_s)
        return;
    remote->given_up = true;
    say_silent(remote, now_s, &err);
    while (remote->waiting.head)
        openai_finish_failed(remote, openai_list_take(&remote->waiting, NULL), PONDER_E_ENGINE, err.message);
}

static int remote_step(struct engine *engine, double wait_s, struct ponder_err *err)
{
    struct openai *remote = (struct openai *)engine;
    double now_s = clock_now_s(&clock_system);
    give_up(remote, now_s);
    int status = openai_pool_look(&remote->pool, now_s, err);
    if (!status)
        status = openai_dispatch(remote, now_s, err);
    bool idle = remote->done.count > 0 || unfinished(remote) == 0;
    double most_s = idle ? 0 : fmin(wait_s, next_s(remote, now_s) - now_s);
    if (!status)
        status = http_loop_step(remote->pool.loop, fmax(most_s, 0), err);
    if (status)
        return status;
    openai_take_ended(remote);
    return unfinished(remote);
}

/* ---- the rest ---- */

static void cancel_waiting(struct openai *remote, int64_t tag)
{
    for (struct openai_request *before = NULL, *at = remote->waiting.head; at;) {
        struct openai_request *next = at->next;
        if (at->asked.tag == tag)
            openai_finish_cancelled(remote, openai_list_take(&remote->waiting, before));
        else
            before = at;
        at = next;
    }
}

static void remote_cancel(struct engine *engine, int64_t tag)
{
    struct openai *remote = (struct openai *)engine;
    cancel_waiting(remote, tag);
    openai_jobs_cancel(remote, tag);
}

static bool remote_take(struct engine *engine, struct engine_result *out)
{
    struct openai *remote = (struct openai *)engine;
    *out = (struct engine_result){0};
    if (!remote->done.head)
        return false;
    struct openai_request *request = openai_list_take(&remote->done, NULL);
    *out = request->result;
    out->tag = request->asked.tag;
    request->result = (struct engine_result){0};
    request_free(request);
    return true;
}

static void remote_usage(const struct engine *engine, struct engine_usage *out)
{
    *out = ((const struct openai *)engine)->usage;
}

/* 2 per parameter and token (Kaplan et al. 2020, section 2.1); attention is not known. */
static double remote_flops(const struct engine *engine, int64_t first, int64_t count)
{
    (void)first;
    return 2 * ((const struct openai *)engine)->model->params * (double)count;
}

/* A token has a byte at least; a chat's marks come on top. */
static int64_t remote_length(const struct engine *engine, int64_t handle)
{
    enum { MARKS_MAX = 64 }; /* of a message */
    const struct openai *remote = (const struct openai *)engine;
    const struct openai_node *node = node_find(remote, handle);
    if (!node)
        return -1;
    if (node->path->tokens > 0)
        return node->path->tokens;
    if (remote->model->api != OPENAI_CHAT)
        return (int64_t)node->path->len + 1;
    const char *system = openai_system(remote->model);
    const struct examples *examples = remote->model->examples;
    int64_t more = MARKS_MAX + (int64_t)(system ? strlen(system) : 0);
    if (examples)
        more += 2 * MARKS_MAX * examples->count + (int64_t)examples_bytes(examples);
    return (int64_t)node->path->len + more;
}

static void remote_release(struct engine *engine)
{
    struct openai *remote = (struct openai *)engine;
    openai_jobs_release(remote);
    while (remote->waiting.head)
        request_free(openai_list_take(&remote->waiting, NULL));
    while (remote->done.head)
        request_free(openai_list_take(&remote->done, NULL));
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
    .news = openai_news,
};

int openai_open(struct engine **out, const struct openai_model *model, struct ponder_err *err)
{
    *out = NULL;
    struct openai *remote = calloc(1, sizeof *remote);
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

void openai_seedless(struct engine *engine)
{
    ((struct openai *)engine)->seedless = true;
}

struct openai_state openai_state_get(const struct engine *engine)
{
    const struct openai *remote = (const struct openai *)engine;
    struct openai_state state = {.servers = remote->pool.count,
                                 .waiting = remote->waiting.count,
                                 .sent = remote->sent,
                                 .nodes = remote->node_count,
                                 .requests = remote->pool.requests};
    for (int i = 0; i < remote->pool.count; i++)
        state.aside += remote->pool.servers[i].aside;
    return state;
}
