/* openai_learn_ask.c - the questions at the start: small ones, side by side, and what is made of refusals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/json_reply.h"
#include "core/clock.h"
#include "core/err.h"
#include "engine/openai_learn.h"

enum { QUESTIONS_MAX = 8, LEARNINGS_MAX = 4, MORE_TOKENS = 512 };
static const char counting[] = "Write the numbers from 1 to 99, with a space between them and nothing else.";

/* ---- advice ---- */

/* Appends to a message what would be right. */
static void advise(struct ponder_err *err, const char *advice)
{
    struct ponder_err said = *err;
    err_set(err, said.status, "%.*s; %s", (int)(sizeof said.message - strlen(advice) - 3), said.message,
            advice);
}

static const char *const busy = "it is loading the model, or is busy: try again when it is ready";

/* Names the models that the server lists, as many as `text` has room for; "" where it lists none or the one
 * asked for. */
static void list_models(const struct learner *l, char *text, size_t size)
{
    struct http_job job = {.path = "/v1/models"};
    struct ponder_err ignored;
    json_t *root = NULL, *item;
    size_t i, len = 0;
    bool listed = false;
    *text = '\0';
    if (learner_pages(l, &job, &root, 1, &ignored))
        root = NULL;
    json_array_foreach(json_object_get(root, "data"), i, item)
    {
        const char *id = json_string_value(json_object_get(item, "id"));
        listed |= id && strcmp(id, l->model->name) == 0;
        if (id && len + strnlen(id, 60) + strlen(", ") < size)
            len += (size_t)snprintf(text + len, size - len, "%s%.60s", len ? ", " : "", id);
    }
    if (listed)
        *text = '\0';
    buf_release(&job.reply);
    json_decref(root);
}

/* What would be right where a server refuses to complete anything. */
static void advise_refused(const struct learner *l, enum openai_api api, long http_status,
                           struct ponder_err *err)
{
    char models[160], advice[224];
    if (http_status == 503)
        advise(err, busy);
    if (http_status != 404 && http_status != 405)
        return;
    list_models(l, models, sizeof models);
    http_hide_key(l->http, models, strlen(models));
    if (*models)
        snprintf(advice, sizeof advice, "--model is to be one of: %s", models);
    else
        snprintf(advice, sizeof advice, "--base-url is the address in front of /v1%s%s",
                 !l->model->api_told ? "" : "; where that is right, try --api ",
                 !l->model->api_told  ? ""
                 : api == OPENAI_CHAT ? "completions"
                                      : "chat");
    advise(err, advice);
}

int learner_no_list(const struct learner *l, const struct http_job *job, struct ponder_err *err)
{
    static const char *const address = "--base-url is the address in front of /v1, of a server of OpenAI's "
                                       "protocol; where it lists no models, --model names one";
    struct ponder_err own;
    int status = job->status == 200 ? err_set(&own, PONDER_E_ENGINE,
                                              "%s/v1/models names no model in data[0].id", http_base(l->http))
                                    : http_refused(l->http, job, &own);
    if (job->status == 503)
        advise(&own, busy);
    else if (job->status != 401 && job->status != 403)
        advise(&own, address);
    if (err)
        *err = own;
    return status;
}

/* ---- pages ---- */

/* Tells of a wait, once. */
static bool tell_wait(const struct learner *l, double began_s)
{
    enum { LONG_S = 5 };
    char text[HTTP_WHY_BYTES];
    if (!l->model->note || clock_now_s(&clock_system) - began_s < LONG_S)
        return false;
    snprintf(text, sizeof text,
             "waiting for %.150s: it is asked what it can do, and has not answered for %d s",
             http_base(l->http), LONG_S);
    l->model->note(text, l->model->note_data);
    return true;
}

static int learn_run(const struct learner *l, struct http_job *jobs, int count, struct ponder_err *err)
{
    struct http_list *list;
    double began_s = clock_now_s(&clock_system);
    bool told = false;
    int under_way = 1, status = http_list_open(&list, l->http, jobs, count, err);
    while (!status && under_way > 0) {
        under_way = http_list_step(list, 0.02, NULL, err);
        told = told || tell_wait(l, began_s);
    }
    http_list_release(list);
    return status ? status : under_way < 0 ? under_way : PONDER_OK;
}

/* Side by side, and where that comes to nothing one by one, each with its own end. */
static int run_all(const struct learner *l, struct http_job *jobs, int count, struct ponder_err *errs)
{
    int failed = 0;
    if (count > 1 && learn_run(l, jobs, count, &errs[0]) == PONDER_OK) {
        for (int i = 0; i < count; i++)
            errs[i].status = PONDER_OK;
        return 0;
    }
    for (int i = 0; i < count; i++) {
        errs[i].status = learn_run(l, &jobs[i], 1, &errs[i]);
        failed += errs[i].status != PONDER_OK;
        if (errs[i].status && jobs[i].end == HTTP_UNREACHABLE)
            advise(&errs[i], "--base-url is to be the address of a server that runs");
    }
    return failed;
}

int learner_pages(const struct learner *l, struct http_job *jobs, json_t **roots, int count,
                  struct ponder_err *err)
{
    struct ponder_err errs[QUESTIONS_MAX];
    json_error_t ignored;
    int failed = run_all(l, jobs, count, errs);
    l->model->start.requests += count;
    for (int i = 0; i < count; i++)
        roots[i] = failed == 0 && jobs[i].status == 200
                       ? json_reply(buf_text(&jobs[i].reply), jobs[i].reply.len, &ignored)
                       : NULL;
    for (int i = 0; i < count && failed; i++) {
        if (!errs[i].status)
            continue;
        if (err)
            *err = errs[i];
        return errs[i].status;
    }
    return PONDER_OK;
}

/* ---- texts ---- */

struct openai_ask learner_tiny(const struct learner *l, int tokens_max)
{
    struct openai_ask ask = {.api = l->model->api,
                             .takes = l->facts->takes,
                             .model = l->model->name,
                             .prompt = counting,
                             .prompt_len = sizeof counting - 1,
                             .begun = "",
                             .n = 1,
                             .tokens_max = tokens_max,
                             .sampling = {.top_p = 1},
                             .stream = 7,
                             .thinking_max = OPENAI_THINKING_ANY};
    return ask;
}

/* Whether a status says that the request is wrong. Some say 500 of a field that they do not know. */
static bool is_refusal(long status)
{
    return status == 400 || status == 404 || status == 405 || status == 422 || status == 500 || status == 501;
}

static void read_one(const struct learner *l, struct learner_question *q, const struct http_job *job)
{
    struct ponder_err why;
    const char *path = openai_path(q->ask.api);
    q->refused = is_refusal(job->status);
    if (job->status != 200) {
        q->status = http_refused(l->http, job, &q->err);
        advise_refused(l, q->ask.api, job->status, &q->err);
        return;
    }
    q->status = openai_reply_read(&q->reply, &q->ask, buf_text(&job->reply), job->reply.len, &why);
    if (q->status) {
        http_hide_key(l->http, why.message, strlen(why.message));
        err_set(&q->err, q->status, "%s%s: %s", http_base(l->http), path, why.message);
        return;
    }
    l->facts->thinks |= q->reply.thinks;
    l->model->start.prompt_tokens += q->reply.prompt_tokens - q->reply.cached_tokens;
    l->model->start.generated_tokens += q->reply.generated_tokens;
}

static int ask_once(const struct learner *l, struct learner_question *questions, int count,
                    struct ponder_err *err)
{
    struct http_job jobs[QUESTIONS_MAX] = {{0}};
    struct ponder_err errs[QUESTIONS_MAX];
    int status = PONDER_OK;
    for (int i = 0; i < count; i++) {
        struct learner_question *q = &questions[i];
        *q = (struct learner_question){.ask = q->ask};
        jobs[i] = (struct http_job){.path = openai_path(q->ask.api), .bytes_max = 1 << 20};
        status = status ? status : openai_body(&q->ask, &jobs[i].body, err);
    }
    if (!status)
        run_all(l, jobs, count, errs);
    l->model->start.requests += status ? 0 : count;
    for (int i = 0; i < count; i++) {
        if (!status && errs[i].status) {
            questions[i].status = errs[i].status;
            questions[i].err = errs[i];
        } else if (!status) {
            read_one(l, &questions[i], &jobs[i]);
        }
        free(jobs[i].body);
        buf_release(&jobs[i].reply);
    }
    return status;
}

/* ---- fields that a server names when it refuses ---- */

/* The field of those sent that a refusal is about; 0: it names none of them. */
static unsigned field_of(const struct learner_question *q)
{
    static const struct {
        unsigned field;
        const char *word;
    } named[] = {{OPENAI_TAKES_MAX_TOKENS, "max_completion_tokens"},
                 {OPENAI_TAKES_MAX_TOKENS, "max_tokens"},
                 {OPENAI_TAKES_TOP_P, "top_p"},
                 {OPENAI_TAKES_TEMPERATURE, "temperature"}};
    for (size_t i = 0; i < sizeof named / sizeof *named && q->refused; i++)
        if ((q->ask.takes & named[i].field) && strstr(q->err.message, named[i].word))
            return named[i].field;
    return 0;
}

/* Some refuse where the few tokens were gone before there was a text: they are asked for more. */
static bool wants_more(const struct learner_question *q)
{
    return q->refused && q->ask.tokens_max < MORE_TOKENS && strstr(q->err.message, "limit was reached");
}

/* Takes from all questions what the first refusal names; false: it names nothing. */
static bool learn_refusal(const struct learner *l, struct learner_question *questions, int count)
{
    for (int i = 0; i < count; i++) {
        unsigned field = wants_more(&questions[i]) ? 0 : field_of(&questions[i]);
        bool more = wants_more(&questions[i]);
        if (!field && !more)
            continue;
        l->facts->takes &= ~field;
        for (int k = 0; k < count; k++) {
            questions[k].ask.takes &= ~field;
            questions[k].ask.tokens_max = more ? MORE_TOKENS : questions[k].ask.tokens_max;
        }
        return true;
    }
    return false;
}

int learner_ask(const struct learner *l, struct learner_question *questions, int count,
                struct ponder_err *err)
{
    int status = ask_once(l, questions, count, err);
    for (int i = 0; i < LEARNINGS_MAX && !status && learn_refusal(l, questions, count); i++) {
        learner_release(questions, count);
        status = ask_once(l, questions, count, err);
    }
    return status;
}

void learner_release(struct learner_question *questions, int count)
{
    for (int i = 0; i < count; i++)
        openai_reply_release(&questions[i].reply);
}
