/* openai_news.c - what whoever runs the work should know of its servers: what is waited for and why, texts
 * that were thoughts alone, fields that a server does not take. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/number.h"
#include "core/clock.h"
#include "engine/openai_impl.h"

/* A wait is told of when it is so long, and again whenever it is twice as long as the last time. */
static const double first_told_s = 5;

static bool tell_thoughts(struct openai *remote, char *text, size_t size)
{
    int64_t due = remote->thought_told ? 2 * remote->thought_told : 1;
    if (remote->thought < due)
        return false;
    remote->thought_told = remote->thought;
    number_print(text, size,
                 "%" PRId64 " of %" PRId64
                 " texts were cut off in their thoughts and have no answer, so they do not vote; "
                 "give them more --max-tokens, or less to think with --thinking-budget",
                 remote->thought, remote->texts);
    return true;
}

static bool tell_fields(struct openai *remote, char *text, size_t size)
{
    unsigned takes = openai_model_takes(remote->model);
    if (remote->fields_told || (takes & OPENAI_TAKES_TEMPERATURE))
        return false;
    remote->fields_told = true;
    snprintf(text, size, "the server takes no temperature; texts are sampled at its own");
    return true;
}

/* Seconds until a server may be asked again; 0: one may be asked now. */
static double until_asked_s(const struct openai_pool *pool, double now_s)
{
    double wait_s = INFINITY;
    for (int i = 0; i < pool->count; i++) {
        const struct openai_server *server = &pool->servers[i];
        double next_s = server->aside ? server->look_s : server->paused_s;
        wait_s = fmin(wait_s, fmax(next_s - now_s, 0));
    }
    return wait_s;
}

/* Bytes of the replies under way: where they grow, somebody answers. */
static size_t bytes_under_way(const struct openai *remote)
{
    size_t bytes = 0;
    for (const struct openai_job *job = remote->jobs; job; job = job->next)
        bytes += job->http.reply.len;
    return bytes;
}

static void say_wait(const struct openai *remote, double silent_s, double now_s, char *text, size_t size)
{
    const struct openai_model *model = remote->model;
    if (remote->sent > 0)
        number_print(text, size,
                     "waiting for %d texts: no server has sent anything for %.0f s; a request has %.0f s, "
                     "--request-timeout",
                     remote->sent, silent_s, model->timeout_s);
    else
        number_print(
            text, size,
            "%d texts wait: no server has answered for %.0f s; the last word: %.160s; asked again in "
            "%.0f s, and "
            "given up in %.0f s",
            remote->waiting.count, silent_s, remote->pool.last, until_asked_s(&remote->pool, now_s),
            fmax(model->patience_s - silent_s, 0));
}

/* Nothing comes, and something is waited for. */
static bool tell_wait(struct openai *remote, char *text, size_t size)
{
    double now_s = clock_now_s(&clock_system);
    size_t bytes = bytes_under_way(remote);
    if (bytes > remote->bytes_told)
        remote->pool.heard_s = now_s;
    remote->bytes_told = bytes;
    bool failing = remote->sent == 0 && remote->pool.failing_s > 0;
    double silent_s = now_s - (failing ? remote->pool.failing_s : remote->pool.heard_s);
    double due_s = remote->waited_told_s > 0 ? 2 * remote->waited_told_s : first_told_s;
    bool waits = remote->sent > 0 || (remote->waiting.count > 0 && failing);
    if (!waits || silent_s < first_told_s)
        remote->waited_told_s = 0;
    if (!waits || silent_s < due_s)
        return false;
    remote->waited_told_s = silent_s;
    say_wait(remote, silent_s, now_s, text, size);
    return true;
}

bool openai_news(struct engine *engine, char *text, size_t size)
{
    struct openai *remote = (struct openai *)engine;
    return tell_fields(remote, text, size) || tell_thoughts(remote, text, size) ||
           tell_wait(remote, text, size);
}
