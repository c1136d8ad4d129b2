/* openai_pool.c - servers at work: who gets the next request, and what is thought of one that fails.
 *
 * A server that says 429 has its room halved and is left alone for as long as it says; every text that it
 * gives raises its room by one again, up to what the options allow. One that cannot be reached, or fails
 * FAILURES_MAX times in a row, is set aside: it gets no requests until it answers a GET of /v1/models. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "engine/openai_impl.h"

enum { FAILURES_MAX = 3, ASIDE_S_MAX = 60, WAIT_S_MAX = 30, RETRY_AFTER_S_MAX = 120, LOOK_BYTES = 1 << 20 };

int openai_pool_open(struct openai_pool *pool, const struct openai_model *model, struct ponder_err *err)
{
    *pool = (struct openai_pool){.model = model, .count = model->count};
    rng_init(&pool->jitter, (uint64_t)(clock_now_s(&clock_system) * 1e6));
    int status = http_loop_open(&pool->loop, err);
    pool->servers = calloc((size_t)model->count, sizeof *pool->servers);
    if (!status && !pool->servers)
        status = err_memory(err, "servers");
    for (int i = 0; i < model->count && !status; i++) {
        struct openai_server *server = &pool->servers[i];
        *server = (struct openai_server){
            .facts = &model->servers[i], .room = model->in_flight, .most = OPENAI_N_MAX};
        server->aside_s = model->aside_s;
        status = openai_connect(&server->http, model, server->facts->base, err);
    }
    return status;
}

void openai_pool_release(struct openai_pool *pool)
{
    http_loop_release(pool->loop);
    for (int i = 0; pool->servers && i < pool->count; i++) {
        http_release(pool->servers[i].http);
        buf_release(&pool->servers[i].look.reply);
    }
    free(pool->servers);
}

struct openai_server *openai_pool_choose(struct openai_pool *pool, const struct openai_server *avoid,
                                         double now_s)
{
    struct openai_server *best = NULL;
    for (int i = 0; i < pool->count; i++) {
        struct openai_server *server = &pool->servers[i];
        if (server->aside || server->paused_s > now_s || server->busy >= server->room)
            continue;
        if (!best || best == avoid || (server != avoid && server->busy < best->busy))
            best = server;
    }
    return best;
}

int openai_pool_send(struct openai_pool *pool, struct openai_server *server, struct http_job *job, int texts,
                     struct ponder_err *err)
{
    int status = http_loop_send(pool->loop, server->http, job, err);
    if (status)
        return status;
    server->busy += texts;
    pool->requests++;
    return PONDER_OK;
}

static void set_aside(struct openai_server *server, double now_s)
{
    if (!server->aside)
        server->look_s = now_s + server->aside_s;
    server->aside = true;
}

static void pool_fail(struct openai_server *server, double now_s)
{
    if (++server->failures >= FAILURES_MAX)
        set_aside(server, now_s);
}

void openai_pool_heard(struct openai_pool *pool, struct openai_server *server, double now_s)
{
    pool->heard_s = now_s;
    pool->failing_s = 0;
    server->failures = 0;
    server->aside_s = pool->model->aside_s;
}

static void pause_server(struct openai_pool *pool, struct openai_server *server, const struct http_job *job,
                         double now_s)
{
    double wait_s =
        job->retry_after_s > 0 ? fmin(job->retry_after_s, RETRY_AFTER_S_MAX) : openai_pool_wait_s(pool, 1);
    server->paused_s = fmax(server->paused_s, now_s + wait_s);
    server->room = server->room > 1 ? server->room / 2 : 1;
}

static void note(struct openai_pool *pool, const char *why, double now_s)
{
    if (pool->failing_s == 0)
        pool->failing_s = now_s;
    snprintf(pool->last, sizeof pool->last, "%.255s", why);
}

static enum openai_verdict judge_status(struct openai_pool *pool, struct openai_server *server,
                                        const struct http_job *job, int texts, double now_s)
{
    struct ponder_err err;
    if (job->status == 200) {
        server->room =
            server->room + texts < pool->model->in_flight ? server->room + texts : pool->model->in_flight;
        return OPENAI_GOOD;
    }
    if (http_refused(server->http, job, &err))
        note(pool, err.message, now_s);
    if (job->status == 429 || (job->status == 503 && job->retry_after_s > 0)) {
        pause_server(pool, server, job, now_s);
        return OPENAI_LATER;
    }
    if (job->status >= 500 || job->status == 408) {
        pool_fail(server, now_s);
        return OPENAI_LOST;
    }
    openai_pool_heard(pool, server, now_s);
    return OPENAI_REFUSED;
}

enum openai_verdict openai_pool_judge(struct openai_pool *pool, struct openai_server *server,
                                      const struct http_job *job, int texts, double now_s)
{
    server->busy -= texts;
    if (job->end == HTTP_REPLIED)
        return judge_status(pool, server, job, texts, now_s);
    note(pool, job->why, now_s);
    if (job->end == HTTP_UNREACHABLE) {
        set_aside(server, now_s);
        return OPENAI_LATER;
    }
    pool_fail(server, now_s);
    return job->end == HTTP_TIMED_OUT ? OPENAI_SLOW : OPENAI_LOST;
}

void openai_pool_fault(struct openai_pool *pool, struct openai_server *server, const char *why, double now_s)
{
    char text[HTTP_WHY_BYTES];
    snprintf(text, sizeof text, "%.100s: %.150s", http_base(server->http), why);
    note(pool, text, now_s);
    pool_fail(server, now_s);
}

int openai_pool_look(struct openai_pool *pool, double now_s, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int i = 0; i < pool->count && !status; i++) {
        struct openai_server *server = &pool->servers[i];
        if (!server->aside || server->looking || now_s < server->look_s)
            continue;
        server->look.path = "/v1/models";
        server->look.bytes_max = LOOK_BYTES;
        server->looking = true;
        status = http_loop_send(pool->loop, server->http, &server->look, err);
    }
    return status;
}

bool openai_pool_looked(struct openai_pool *pool, const struct http_job *job, double now_s)
{
    for (int i = 0; i < pool->count; i++) {
        struct openai_server *server = &pool->servers[i];
        if (job != &server->look)
            continue;
        server->looking = false;
        if (job->end == HTTP_REPLIED && job->status < 500 && job->status != 429) {
            server->aside = false;
            server->failures = FAILURES_MAX - 1; /* the next one counts */
            server->room = pool->model->in_flight;
        }
        server->aside_s = fmin(2 * server->aside_s, ASIDE_S_MAX);
        server->look_s = now_s + server->aside_s;
        return true;
    }
    return false;
}

double openai_pool_next_s(const struct openai_pool *pool, double now_s)
{
    double next_s = INFINITY;
    for (int i = 0; i < pool->count; i++) {
        const struct openai_server *server = &pool->servers[i];
        if (server->aside && !server->looking)
            next_s = fmin(next_s, server->look_s);
        else if (!server->aside && server->paused_s > now_s)
            next_s = fmin(next_s, server->paused_s);
    }
    return next_s;
}

double openai_pool_wait_s(struct openai_pool *pool, int tries)
{
    double wait_s = pool->model->first_wait_s * (double)(1 << (tries < 16 ? tries - 1 : 15));
    return fmin(wait_s, WAIT_S_MAX) * (0.5 + rng_unit(&pool->jitter));
}
