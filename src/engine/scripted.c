/* scripted.c - an engine of canned replies; see scripted.h.
 *
 * A node is the text of its path. A request is matched with its reply when it is submitted; it is started as
 * soon as there is room among those under way, and is due when its delay has passed. */
#include "engine/scripted.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/array.h"
#include "core/err.h"

enum { NODES_MAX = 1 << 22, REQUESTS_MAX = 1 << 20 };

struct node {
    char *text; /* NULL: released */
    size_t len;
};

struct request {
    struct engine_request asked;
    char *path; /* the parent's text */
    size_t path_len;
    const struct scripted_reply *reply; /* NULL: none fits */
    bool started, done;
    double due_s;
    enum engine_finish finish;
};

struct scripted {
    struct engine engine; /* first */
    struct scripted_options options;
    int *used; /* (reply_count) requests that each reply has served */

    struct node *nodes; /* handle - 1 is the index; handles are not used again */
    int node_top, node_count;
    int64_t node_cap;

    struct request *requests; /* (request_count) in order of submission; taken ones leave */
    int request_count;
    int64_t request_cap;
    struct engine_usage usage;
};

static struct node *node_find(const struct scripted *scripted, int64_t handle)
{
    if (handle < 1 || handle > scripted->node_top || !scripted->nodes[handle - 1].text)
        return NULL;
    return &scripted->nodes[handle - 1];
}

/* A node of `head` followed by `tail`; 0: out of memory or nodes. */
static int64_t node_new(struct scripted *scripted, const char *head, size_t head_len, const char *tail,
                        size_t tail_len)
{
    if (array_reserve(&scripted->nodes, sizeof *scripted->nodes, &scripted->node_cap, scripted->node_top + 1,
                      NODES_MAX))
        return 0;
    char *text = malloc(head_len + tail_len + 1);
    if (!text)
        return 0;
    if (head_len)
        memcpy(text, head, head_len);
    if (tail_len)
        memcpy(text + head_len, tail, tail_len);
    text[head_len + tail_len] = '\0';
    scripted->nodes[scripted->node_top] = (struct node){text, head_len + tail_len};
    scripted->node_count++;
    return ++scripted->node_top;
}

static int scripted_prompt(struct engine *engine, int64_t parent, const char *text, size_t len, int64_t *out,
                           struct ponder_err *err)
{
    struct scripted *scripted = (struct scripted *)engine;
    const struct node *node = parent ? node_find(scripted, parent) : NULL;
    if (parent && !node)
        return err_set(err, PONDER_E_ARGUMENT, "no node has the handle %" PRId64, parent);
    size_t before = node ? node->len : 0, context = (size_t)scripted->options.context;
    if (len > context - before)
        return err_set(err, PONDER_E_LIMIT, "the text is %zu tokens longer than the context of %zu",
                       len - (context - before), context);
    *out = node_new(scripted, node ? node->text : "", before, text, len);
    if (!*out)
        return err_memory(err, "a node");
    scripted->usage.prompt_tokens += (int64_t)len;
    scripted->usage.flops += (double)len * scripted->options.flops_per_token;
    return PONDER_OK;
}

static void scripted_node_release(struct engine *engine, int64_t handle)
{
    struct scripted *scripted = (struct scripted *)engine;
    struct node *node = node_find(scripted, handle);
    assert(node);
    if (!node)
        return;
    free(node->text);
    *node = (struct node){0};
    scripted->node_count--;
}

const char *scripted_node_text(const struct engine *engine, int64_t handle)
{
    const struct node *node = node_find((const struct scripted *)engine, handle);
    return node ? node->text : NULL;
}

int scripted_node_count(const struct engine *engine)
{
    return ((const struct scripted *)engine)->node_count;
}

/* ---- requests ---- */

static bool reply_fits(const struct scripted_reply *reply, const struct node *node)
{
    if (reply->when && !strstr(node->text, reply->when))
        return false;
    size_t len = reply->behind ? strlen(reply->behind) : 0;
    return len <= node->len && (len == 0 || !memcmp(node->text + node->len - len, reply->behind, len));
}

static const struct scripted_reply *reply_for(struct scripted *scripted, const struct node *node)
{
    for (int i = 0; i < scripted->options.reply_count; i++) {
        const struct scripted_reply *reply = &scripted->options.replies[i];
        if ((reply->times && scripted->used[i] >= reply->times) || !reply_fits(reply, node))
            continue;
        scripted->used[i]++;
        return reply;
    }
    return NULL;
}

static int scripted_submit(struct engine *engine, const struct engine_request *asked, struct ponder_err *err)
{
    struct scripted *scripted = (struct scripted *)engine;
    const struct node *node = node_find(scripted, asked->parent);
    if (!node)
        return err_set(err, PONDER_E_ARGUMENT, "no node has the handle %" PRId64, asked->parent);
    int status = array_reserve(&scripted->requests, sizeof *scripted->requests, &scripted->request_cap,
                               scripted->request_count + 1, NODES_MAX);
    if (status)
        return err_memory(err, "a request");
    char *path = malloc(node->len + 1);
    if (!path)
        return err_memory(err, "a request");
    memcpy(path, node->text, node->len + 1);
    scripted->requests[scripted->request_count++] = (struct request){
        .asked = *asked, .path = path, .path_len = node->len, .reply = reply_for(scripted, node)};
    return PONDER_OK;
}

static void scripted_cancel(struct engine *engine, int64_t tag)
{
    struct scripted *scripted = (struct scripted *)engine;
    for (int i = 0; i < scripted->request_count; i++) {
        struct request *request = &scripted->requests[i];
        if (request->asked.tag != tag || request->done)
            continue;
        request->done = true;
        request->finish = ENGINE_FINISH_CANCELLED;
        request->due_s = 0;
    }
}

static double now_s(const struct scripted *scripted)
{
    return clock_now_s(scripted->options.clock);
}

/* Starts what there is room for, ends what is due. Returns the seconds until the next one is due, or -1. */
static double advance(struct scripted *scripted, double now)
{
    int under_way = 0, most = scripted->options.concurrent_max;
    double next = -1;
    for (int i = 0; i < scripted->request_count; i++)
        under_way += scripted->requests[i].started && !scripted->requests[i].done;
    for (int i = 0; i < scripted->request_count; i++) {
        struct request *request = &scripted->requests[i];
        if (request->done)
            continue;
        if (!request->started) {
            if (most > 0 && under_way >= most)
                continue;
            request->started = true;
            request->due_s = now + (request->reply ? request->reply->delay_s : 0);
            under_way++;
        }
        if (request->due_s <= now) {
            request->done = true;
            request->finish =
                request->reply && request->reply->text ? ENGINE_FINISH_END : ENGINE_FINISH_FAILED;
            under_way--;
        } else if (next < 0 || request->due_s - now < next) {
            next = request->due_s - now;
        }
    }
    return next;
}

static int unfinished(const struct scripted *scripted)
{
    int count = 0;
    for (int i = 0; i < scripted->request_count; i++)
        count += !scripted->requests[i].done;
    return count;
}

static int scripted_step(struct engine *engine, double wait_s, struct ponder_err *err)
{
    struct scripted *scripted = (struct scripted *)engine;
    (void)err;
    int before = unfinished(scripted);
    double next = advance(scripted, now_s(scripted));
    int left = unfinished(scripted);
    if (left == before && next > 0 && wait_s > 0 && scripted->options.clock->now_s == clock_system.now_s) {
        double wait = next < wait_s ? next : wait_s;
        struct timespec t = {(time_t)wait, (long)((wait - floor(wait)) * 1e9)};
        nanosleep(&t, NULL);
        advance(scripted, now_s(scripted));
        left = unfinished(scripted);
    }
    return left;
}

/* ---- results ---- */

/* How much of the reply is generated, and how that ends. */
static size_t cut_reply(const struct scripted *scripted, const struct request *request,
                        enum engine_finish *finish)
{
    const char *text = request->reply->text;
    size_t len = strlen(text), most = (size_t)request->asked.tokens_max;
    size_t room = (size_t)scripted->options.context - request->path_len;
    size_t stop = engine_stop_end(request->asked.stops, request->asked.stop_count, text, len, 0);
    stop = stop ? stop : SIZE_MAX;
    bool ends = !request->reply->open_ended && stop == SIZE_MAX;
    *finish = ends ? ENGINE_FINISH_END : stop < SIZE_MAX ? ENGINE_FINISH_STOP : ENGINE_FINISH_LENGTH;
    len = stop < len ? stop : len;
    if (len + ends > most) { /* the end token needs room too */
        *finish = ENGINE_FINISH_LENGTH;
        len = most < len ? most : len;
    }
    if (len > room) {
        *finish = ENGINE_FINISH_CONTEXT;
        len = room;
    }
    return len;
}

static void scripted_fail(const struct request *request, struct engine_result *out)
{
    const struct scripted_reply *reply = request->reply;
    struct ponder_err err = {0};
    if (reply)
        err_set(&err, 0, "%s", reply->error ? reply->error : "this reply was scripted to fail");
    else
        err_set(&err, 0, "no reply is left that fits: %s", request->path);
    out->finish = ENGINE_FINISH_FAILED;
    out->status = !reply ? PONDER_E_NOT_FOUND : reply->status ? reply->status : PONDER_E_ENGINE;
    size_t len = strlen(err.message);
    len = len < sizeof out->error ? len : sizeof out->error - 1;
    memcpy(out->error, err.message, len);
}

static void succeed(struct scripted *scripted, const struct request *request, struct engine_result *out)
{
    const char *text = "";
    size_t len = 0;
    out->finish = request->finish;
    if (request->finish != ENGINE_FINISH_CANCELLED) {
        text = request->reply->text;
        len = cut_reply(scripted, request, &out->finish);
        out->logprob = request->reply->logprob;
    }
    out->text = malloc(len + 1);
    out->node = out->text ? node_new(scripted, request->path, request->path_len, text, len) : 0;
    if (!out->node) {
        out->finish = ENGINE_FINISH_FAILED;
        out->status = PONDER_E_MEMORY;
        return;
    }
    memcpy(out->text, text, len);
    out->text[len] = '\0';
    out->text_len = len;
    out->position = (int64_t)request->path_len;
    out->token_count = (int)len + (out->finish == ENGINE_FINISH_END);
    scripted->usage.generated_tokens += out->token_count;
    scripted->usage.flops += out->token_count * scripted->options.flops_per_token;
}

static bool scripted_take(struct engine *engine, struct engine_result *out)
{
    struct scripted *scripted = (struct scripted *)engine;
    struct request *first = NULL;
    *out = (struct engine_result){0};
    for (int i = 0; i < scripted->request_count; i++) {
        struct request *request = &scripted->requests[i];
        if (request->done && (!first || request->due_s < first->due_s))
            first = request;
    }
    if (!first)
        return false;
    out->tag = first->asked.tag;
    if (first->finish == ENGINE_FINISH_FAILED)
        scripted_fail(first, out);
    else
        succeed(scripted, first, out);
    free(first->path);
    int index = (int)(first - scripted->requests);
    memmove(first, first + 1, (size_t)(--scripted->request_count - index) * sizeof *first);
    return true;
}

static void scripted_usage(const struct engine *engine, struct engine_usage *out)
{
    *out = ((const struct scripted *)engine)->usage;
}

static double scripted_flops(const struct engine *engine, int64_t first, int64_t count)
{
    (void)first;
    return (double)count * ((const struct scripted *)engine)->options.flops_per_token;
}

static int64_t scripted_length(const struct engine *engine, int64_t handle)
{
    const struct node *node = node_find((const struct scripted *)engine, handle);
    return node ? (int64_t)node->len : -1;
}

static void scripted_release(struct engine *engine)
{
    struct scripted *scripted = (struct scripted *)engine;
    for (int i = 0; i < scripted->node_top; i++)
        free(scripted->nodes[i].text);
    for (int i = 0; i < scripted->request_count; i++)
        free(scripted->requests[i].path);
    free(scripted->nodes);
    free(scripted->requests);
    free(scripted->used);
    free(scripted);
}

const struct engine_ops engine_scripted_ops = {
    .name = "scripted",
    .summary = "canned replies, for tests",
    .release = scripted_release,
    .prompt = scripted_prompt,
    .node_release = scripted_node_release,
    .submit = scripted_submit,
    .cancel = scripted_cancel,
    .step = scripted_step,
    .take = scripted_take,
    .usage = scripted_usage,
    .flops = scripted_flops,
    .length = scripted_length,
};

int scripted_open(struct engine **out, const struct scripted_options *options, struct ponder_err *err)
{
    *out = NULL;
    struct scripted *scripted = calloc(1, sizeof *scripted);
    if (!scripted)
        return err_memory(err, "the engine");
    scripted->engine.ops = &engine_scripted_ops;
    scripted->engine.can = ENGINE_CAN_CONTINUE | ENGINE_CAN_LOGPROBS | ENGINE_CAN_SEED | ENGINE_CAN_STOP |
                           ENGINE_CAN_FLOPS | ENGINE_CAN_KEEP;
    scripted->options = *options;
    if (!scripted->options.clock)
        scripted->options.clock = &clock_system;
    if (!scripted->options.context)
        scripted->options.context = 1 << 20;
    scripted->used = calloc((size_t)options->reply_count + 1, sizeof *scripted->used);
    if (!scripted->used) {
        scripted_release(&scripted->engine);
        return err_memory(err, "the engine");
    }
    *out = &scripted->engine;
    return PONDER_OK;
}
