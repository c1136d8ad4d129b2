/* openai_jobs.c - requests at the servers: sent, read, counted, asked again.
 *
 * Requests wait in the order of their submission, those that are asked again in front. As soon as a server
 * has room the first one that may go leaves, together with those that ask for the same where the server gives
 * several texts of one request. A job is one request of HTTP for one or several of ours. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "engine/openai_impl.h"

enum { TRIES_MAX = 4 };

/* ---- sending ---- */

static void job_free(struct openai *remote, struct openai_job *job)
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

static bool asks_the_same(const struct openai_request *a, const struct openai_request *b)
{
    const struct engine_request *x = &a->asked, *y = &b->asked;
    const struct engine_sampling *s = &x->sampling, *t = &y->sampling;
    return a->path == b->path && x->tokens_max == y->tokens_max && x->stops == y->stops &&
           x->stop_count == y->stop_count && x->end == y->end && s->temperature == t->temperature &&
           s->top_k == t->top_k && s->top_p == t->top_p && s->min_p == t->min_p;
}

static int most_of(const struct openai_server *server)
{
    int room = server->room - server->busy;
    bool several = server->facts->takes & OPENAI_TAKES_N;
    return !several ? 1 : room < server->most ? room : server->most;
}

/* Moves the request behind `before`, and those that ask for the same, from the queue to the job. */
static void take_members(struct openai *remote, struct openai_job *job, struct openai_request *before)
{
    struct openai_request *first = openai_list_take(&remote->waiting, before);
    bool alone = first->asked.timed || first->asked.sampling.temperature == 0; /* or they are the same */
    int most = alone ? 1 : most_of(job->server);
    job->members[job->ask.n++] = first;
    for (struct openai_request *at = before; job->ask.n < most;) {
        struct openai_request *next = at ? at->next : remote->waiting.head;
        if (!next)
            break;
        if (next->again_s <= first->again_s && asks_the_same(first, next))
            job->members[job->ask.n++] = openai_list_take(&remote->waiting, at);
        else
            at = next;
    }
    remote->sent += job->ask.n;
}

static void fill_ask(const struct openai *remote, struct openai_job *job)
{
    const struct openai_request *first = job->members[0];
    const struct openai_facts *facts = job->server->facts;
    job->ask = (struct openai_ask){.api = remote->model->api,
                                   .takes = facts->takes,
                                   .echoes = facts->echoes,
                                   .model = remote->model->name,
                                   .system = openai_system(remote->model),
                                   .examples = remote->model->examples,
                                   .prompt = first->path->text,
                                   .prompt_len = first->path->prompt_len,
                                   .begun = first->path->text + first->path->prompt_len,
                                   .begun_len = first->path->len - first->path->prompt_len,
                                   .n = job->ask.n,
                                   .tokens_max = first->asked.tokens_max - (int)first->opened_tokens,
                                   .sampling = first->asked.sampling,
                                   .stream = first->asked.stream,
                                   .stops = first->asked.stops,
                                   .stop_count = first->asked.stop_count,
                                   .end = first->asked.end,
                                   .streamed = job->ask.n == 1 && first->asked.stop_count == 0,
                                   .seedless = remote->seedless,
                                   .thinking_max = remote->model->thinking_max,
                                   .thinking = facts->thinking};
}

/* The job's members go back to where they came from. */
static void put_back(struct openai *remote, struct openai_job *job)
{
    for (int i = job->ask.n; i-- > 0;) {
        if (!job->members[i])
            continue;
        remote->sent--;
        openai_list_push_front(&remote->waiting, job->members[i]);
    }
}

static int send_job(struct openai *remote, struct openai_server *server, struct openai_request *before,
                    struct ponder_err *err)
{
    struct openai_job *job = calloc(1, sizeof *job);
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

int openai_dispatch(struct openai *remote, double now_s, struct ponder_err *err)
{
    int status = PONDER_OK;
    struct openai_request *before = NULL;
    while (!status) {
        struct openai_request *request = before ? before->next : remote->waiting.head;
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
 * them those that had been computed before. Of several texts, all but the first have the prompt from the
 * first: that it was cached says nothing, unless an earlier request had computed it. */
static void charge_prompt(struct openai *remote, struct openai_request *request,
                          const struct openai_reply *reply)
{
    int64_t cached = reply->cached_tokens;
    if (reply->count > 1 && cached > request->path->tokens)
        cached = request->path->tokens;
    int64_t computed = reply->prompt_tokens - cached;
    int64_t fresh = reply->prompt_tokens - request->path->tokens;
    fresh = fresh < 0 ? 0 : fresh < computed ? fresh : computed;
    remote->usage.prompt_tokens += fresh;
    request->result.recomputed_tokens += computed - fresh;
    if (request->path->tokens < reply->prompt_tokens)
        request->path->tokens = reply->prompt_tokens;
}

/* Whether a text is white space, which ends nothing; then what follows is its beginning. */
static bool is_opening(const struct openai_request *request, const struct openai_choice *choice)
{
    enum { OPENINGS_MAX = 16 };
    if (choice->finish != ENGINE_FINISH_STOP || choice->tokens < 1 || request->openings == OPENINGS_MAX)
        return false;
    return strspn(choice->text, " \t\r\n") == choice->len &&
           request->opened_tokens + choice->tokens < request->asked.tokens_max;
}

static void accept(struct openai *remote, struct openai_request *request, const struct openai_reply *reply,
                   const struct openai_choice *choice, int members)
{
    struct engine_result *result = &request->result;
    double per_token = 2 * remote->model->params;
    int64_t own = reply->prompt_tokens / members + choice->tokens;
    int64_t end = reply->prompt_tokens + choice->tokens;
    remote->usage.generated_tokens += choice->tokens;
    if (!reply->partial && is_opening(request, choice)) {
        openai_reopen(remote, request, choice, end);
        return;
    }
    result->token_count = (int)(request->opened_tokens + choice->tokens);
    result->logprob = request->opened_logprob + choice->logprob;
    result->position = reply->prompt_tokens - request->opened_tokens;
    result->recomputed_tokens += request->lost * own;
    result->recomputed_flops = per_token * (double)result->recomputed_tokens;
    remote->usage.recomputed_tokens += result->recomputed_tokens;
    remote->texts++;
    remote->thought += choice->thoughts;
    openai_finish(remote, request, reply->partial ? ENGINE_FINISH_CANCELLED : choice->finish, choice->text,
                  choice->len, end);
}

static void count_flops(struct openai *remote)
{
    remote->usage.flops = 2 * remote->model->params *
                          (double)(remote->usage.prompt_tokens + remote->usage.generated_tokens +
                                   remote->usage.recomputed_tokens);
}

static void accept_all(struct openai *remote, struct openai_job *job, struct openai_reply *reply)
{
    bool charged = false;
    for (int i = 0; i < reply->count; i++) {
        struct openai_request *request = job->members[i];
        struct openai_choice *choice = &reply->choices[i];
        openai_hide_key(remote->model, choice->text, choice->len);
        if (!request) { /* given up, and computed all the same */
            remote->usage.generated_tokens += choice->tokens;
            continue;
        }
        job->members[i] = NULL;
        remote->sent--;
        if (!charged)
            charge_prompt(remote, request, reply);
        charged = true;
        accept(remote, request, reply, choice, reply->count);
    }
    count_flops(remote);
    if (reply->count == job->ask.n)
        return;
    job->server->most = reply->count; /* it gives no more at once; the others are asked for again */
    put_back(remote, job);
}

/* What has come of a job that is broken off. */
static bool read_partial(struct openai *remote, struct openai_job *job, struct openai_reply *reply)
{
    struct ponder_err ignored;
    const struct buf *bytes = &job->http.reply;
    bool some =
        job->ask.n == 1 && bytes->len > 0 &&
        openai_reply_read_partial(reply, &job->ask, buf_text(bytes), bytes->len, &ignored) == PONDER_OK;
    if (some && !reply->counted && job->members[0] && job->members[0]->path->tokens > 0)
        reply->prompt_tokens = job->members[0]->path->tokens; /* an earlier reply said so */
    if (some)
        openai_hide_key(remote->model, reply->choices[0].text, reply->choices[0].len);
    return some;
}

/* Counts what was generated of a job that comes to nothing. */
static void charge_lost(struct openai *remote, struct openai_job *job)
{
    struct openai_reply reply = {0};
    if (read_partial(remote, job, &reply))
        remote->usage.generated_tokens += reply.generated_tokens;
    count_flops(remote);
    openai_reply_release(&reply);
}

/* What failed is asked again, unless it has failed too often. What took all its time would take it again: it
 * is asked once more elsewhere, if there is an elsewhere. */
static void repeat(struct openai *remote, struct openai_job *job, bool slow, double now_s)
{
    int tries_max = !slow ? TRIES_MAX : remote->pool.count > 1 ? 2 : 1;
    for (int i = job->ask.n; i-- > 0;) {
        struct openai_request *request = job->members[i];
        if (!request)
            continue;
        job->members[i] = NULL;
        remote->sent--;
        request->lost++;
        request->avoid = job->server;
        if (++request->tries >= tries_max) {
            charge_lost(remote, job);
            openai_finish_failed(remote, request, PONDER_E_ENGINE, remote->pool.last);
            continue;
        }
        request->again_s = now_s + openai_pool_wait_s(&remote->pool, request->tries);
        openai_list_push_front(&remote->waiting, request);
    }
}

static void jobs_refuse(struct openai *remote, struct openai_job *job)
{
    if (job->ask.n > 1) { /* it may have been too many at once */
        job->server->most = job->ask.n / 2;
        put_back(remote, job);
        return;
    }
    if (!job->members[0])
        return;
    remote->sent--;
    openai_finish_failed(remote, job->members[0], PONDER_E_ENGINE, remote->pool.last);
}

static void read_reply(struct openai *remote, struct openai_job *job, double now_s)
{
    struct openai_reply reply;
    struct ponder_err err;
    const struct buf *bytes = &job->http.reply;
    if (openai_reply_read(&reply, &job->ask, buf_text(bytes), bytes->len, &err) == PONDER_OK) {
        openai_pool_heard(&remote->pool, job->server, now_s);
        accept_all(remote, job, &reply);
    } else {
        http_hide_key(job->server->http, err.message, strlen(err.message));
        openai_pool_fault(&remote->pool, job->server, err.message, now_s);
        repeat(remote, job, false, now_s);
    }
    openai_reply_release(&reply);
}

static void end_job(struct openai *remote, struct openai_job *job, double now_s)
{
    enum openai_verdict verdict =
        openai_pool_judge(&remote->pool, job->server, &job->http, job->ask.n, now_s);
    switch (verdict) {
    case OPENAI_GOOD:
        read_reply(remote, job, now_s);
        break;
    case OPENAI_LATER:
        put_back(remote, job);
        break;
    case OPENAI_LOST:
    case OPENAI_SLOW:
        repeat(remote, job, verdict == OPENAI_SLOW, now_s);
        break;
    case OPENAI_REFUSED:
        jobs_refuse(remote, job);
        break;
    }
    job_free(remote, job);
}

void openai_take_ended(struct openai *remote)
{
    struct http_job *http;
    double now_s = clock_now_s(&clock_system);
    while ((http = http_loop_take(remote->pool.loop)))
        if (!openai_pool_looked(&remote->pool, http, now_s))
            end_job(remote, http->data, now_s);
}

/* ---- giving up ---- */

/* A request that is given up has what has come of it, which counts. */
static void cancel_one(struct openai *remote, struct openai_job *job, struct openai_request *request)
{
    struct openai_reply reply = {0};
    if (read_partial(remote, job, &reply)) {
        charge_prompt(remote, request, &reply);
        accept(remote, request, &reply, &reply.choices[0], 1);
        count_flops(remote);
    } else {
        openai_finish_cancelled(remote, request);
    }
    openai_reply_release(&reply);
}

/* A job nobody waits for is dropped, which frees its place at the server. */
static void cancel_sent(struct openai *remote, struct openai_job *job, int64_t tag)
{
    bool wanted = false;
    for (int i = 0; i < job->ask.n; i++) {
        struct openai_request *request = job->members[i];
        if (request && request->asked.tag == tag) {
            cancel_one(remote, job, request);
            job->members[i] = NULL;
            remote->sent--;
        }
        wanted |= job->members[i] != NULL;
    }
    if (wanted)
        return;
    http_loop_drop(remote->pool.loop, &job->http);
    job->server->busy -= job->ask.n;
    job_free(remote, job);
}

void openai_jobs_cancel(struct openai *remote, int64_t tag)
{
    for (struct openai_job *job = remote->jobs, *next; job; job = next) {
        next = job->next;
        cancel_sent(remote, job, tag);
    }
}

void openai_jobs_release(struct openai *remote)
{
    while (remote->jobs) {
        http_loop_drop(remote->pool.loop, &remote->jobs->http);
        put_back(remote, remote->jobs);
        job_free(remote, remote->jobs);
    }
}
