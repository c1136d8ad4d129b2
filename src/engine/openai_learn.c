/* openai_learn.c - what servers can do is found out by asking: a struct openai_model.
 *
 * The fields that not every server takes are sent all at once, and where that is refused one by one. Whether
 * a server of chats goes on with an answer that is begun cannot be seen from one reply, since those that do
 * not know the fields for it start another turn. Three things are to hold of one that does: behind a text of
 * its own, greedy and k tokens long, it says what it said there before; its prompt is longer by those k
 * tokens and by none for a new turn; and a line end behind the text is not taken away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "engine/openai_impl.h"

enum { FACTS_TOKENS = 4, SEED_TOKENS = 8, BEGUN_TOKENS = 4, WHOLE_TOKENS = 12 };
static const char counting[] = "Write the numbers from 1 to 99, with a space between them and nothing else.";

/* A server that is being asked. */
struct learner {
    struct openai_model *model;
    struct openai_facts *facts;
    struct http *http;
};

/* ---- asking ---- */

/* Appends to a message what would be right. */
static void advise(struct ponder_err *err, const char *advice)
{
    if (!err)
        return;
    struct ponder_err said = *err;
    err_set(err, said.status, "%.*s; %s", (int)(sizeof said.message - strlen(advice) - 3), said.message,
            advice);
}

/* A small request to any path; the caller releases the job's reply. */
static int ask_path(const struct learner *l, const char *path, char *body, struct http_job *job,
                    struct ponder_err *err)
{
    *job = (struct http_job){.path = path, .body = body, .bytes_max = 1 << 20};
    int status = http_run(l->http, job, 1, NULL, err);
    if (status && job->end == HTTP_UNREACHABLE)
        advise(err, "--base-url is to be the address of a server that runs");
    return status;
}

static json_t *json_of(const struct http_job *job)
{
    return job->status == 200 ? json_loadb(buf_text(&job->reply), job->reply.len, 0, NULL) : NULL;
}

/* A page as JSON; NULL where there is none. */
static json_t *page(const struct learner *l, const char *path, char *body, int *status,
                    struct ponder_err *err)
{
    struct http_job job;
    *status = ask_path(l, path, body, &job, err);
    json_t *root = *status ? NULL : json_of(&job);
    if (!*status && (job.status == 401 || job.status == 403))
        *status = http_refused(l->http, &job, err);
    buf_release(&job.reply);
    return root;
}

static struct openai_ask tiny_ask(const struct learner *l, int tokens_max)
{
    struct openai_ask ask = {.api = l->model->api,
                             .takes = l->facts->takes,
                             .echoes = l->facts->echoes,
                             .model = l->model->name,
                             .prompt = counting,
                             .prompt_len = sizeof counting - 1,
                             .begun = "",
                             .n = 1,
                             .tokens_max = tokens_max,
                             .sampling = {.top_p = 1},
                             .stream = 7};
    return ask;
}

/* Whether a status says that the request is wrong. Some say 500 of a field that they do not know. */
static bool is_refusal(long status)
{
    return status == 400 || status == 404 || status == 405 || status == 422 || status == 500 || status == 501;
}

/* Names the models that the server lists, as many as `text` has room for; "" where it lists none or the one
 * asked for. */
static void list_models(const struct learner *l, char *text, size_t size)
{
    struct http_job job;
    struct ponder_err ignored;
    json_t *root = ask_path(l, "/v1/models", NULL, &job, &ignored) ? NULL : json_of(&job), *item;
    size_t i, len = 0;
    bool listed = false;
    *text = '\0';
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

static const char *const busy = "it is loading the model, or is busy: try again when it is ready";

/* What would be right where a server refuses to complete anything. */
static void advise_refused(const struct learner *l, const struct openai_ask *ask, long http_status,
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
                 !l->model->api_told       ? ""
                 : ask->api == OPENAI_CHAT ? "completions"
                                           : "chat");
    advise(err, advice);
}

/* *refused: the server says that the request is wrong. */
static int complete(const struct learner *l, const struct openai_ask *ask, struct openai_reply *reply,
                    bool *refused, struct ponder_err *err)
{
    char *body = NULL;
    struct http_job job = {0};
    struct ponder_err why;
    *reply = (struct openai_reply){0};
    int status = openai_body(ask, &body, err);
    if (!status)
        status = ask_path(l, openai_path(ask->api), body, &job, err);
    *refused = !status && is_refusal(job.status);
    if (!status && job.status != 200) {
        status = http_refused(l->http, &job, err);
        advise_refused(l, ask, job.status, err);
    } else if (!status &&
               (status = openai_reply_read(reply, ask, buf_text(&job.reply), job.reply.len, &why))) {
        http_hide_key(l->http, why.message, strlen(why.message));
        err_set(err, status, "%s%s: %s", http_base(l->http), openai_path(ask->api), why.message);
    }
    buf_release(&job.reply);
    free(body);
    return status;
}

/* ---- the model, and how it is asked ---- */

/* A list of models that is none: what would be right. */
static int no_list(const struct learner *l, const struct http_job *job, struct ponder_err *err)
{
    static const char *const address = "--base-url is the address in front of /v1, of a server of OpenAI's "
                                       "protocol; where it lists no models, --model names one";
    int status = job->status == 200 ? err_set(err, PONDER_E_ENGINE,
                                              "%s/v1/models names no model in data[0].id", http_base(l->http))
                                    : http_refused(l->http, job, err);
    if (job->status == 503)
        advise(err, busy);
    else if (job->status != 401 && job->status != 403)
        advise(err, address);
    return status;
}

static int learn_name(const struct learner *l, struct ponder_err *err)
{
    struct http_job job;
    if (l->model->name)
        return PONDER_OK;
    int status = ask_path(l, "/v1/models", NULL, &job, err);
    json_t *root = status ? NULL : json_of(&job);
    const char *id =
        json_string_value(json_object_get(json_array_get(json_object_get(root, "data"), 0), "id"));
    if (!status && (!id || !*id || strlen(id) > 512))
        status = no_list(l, &job, err);
    if (!status && !(l->model->name = strdup(id)))
        status = err_memory(err, "a model's name");
    if (!status)
        openai_hide_key(l->model, l->model->name, strlen(l->model->name));
    buf_release(&job.reply);
    json_decref(root);
    return status;
}

/* llama-server gives a model without a chat template one of its own, ChatML; then its marks are no tokens. */
static int learn_llama(const struct learner *l, const char *template, bool *chat, struct ponder_err *err)
{
    static const char mark[] = "<|im_start|>";
    static char body[] = "{\"content\":\"<|im_start|>\",\"add_special\":false,\"parse_special\":true}";
    int status = PONDER_OK;
    *chat = true;
    if (!strstr(template, mark))
        return PONDER_OK;
    json_t *root = page(l, "/tokenize", body, &status, err);
    *chat = json_array_size(json_object_get(root, "tokens")) == 1;
    json_decref(root);
    return status;
}

/* Another server refuses to chat with a model without a template. */
static int learn_chat(const struct learner *l, bool *chat, struct ponder_err *err)
{
    struct openai_reply reply;
    struct openai_ask ask = tiny_ask(l, 1);
    bool refused;
    ask.api = OPENAI_CHAT;
    ask.takes = 0;
    int status = complete(l, &ask, &reply, &refused, err);
    openai_reply_release(&reply);
    *chat = status == PONDER_OK;
    return refused ? PONDER_OK : status;
}

static int learn_api(const struct learner *l, struct ponder_err *err)
{
    int status;
    bool chat = false;
    if (l->model->api != OPENAI_AUTO)
        return PONDER_OK;
    json_t *props = page(l, "/props", NULL, &status, err);
    const char *template = json_string_value(json_object_get(props, "chat_template"));
    if (!status)
        status = template ? learn_llama(l, template, &chat, err) : learn_chat(l, &chat, err);
    l->model->api = chat ? OPENAI_CHAT : OPENAI_COMPLETIONS;
    json_decref(props);
    return status;
}

/* ---- fields ---- */

/* Whether the server takes these fields; *reply is what it said. */
static int try_fields(const struct learner *l, unsigned takes, struct openai_reply *reply, bool *refused,
                      struct ponder_err *err)
{
    static const char *const stops[] = {"~~"};
    struct openai_ask ask = tiny_ask(l, FACTS_TOKENS);
    ask.takes = takes & ~OPENAI_TAKES_N;
    ask.sampling.temperature = 1;
    ask.stops = stops;
    ask.stop_count = 1;
    ask.system = l->model->system;
    return complete(l, &ask, reply, refused, err);
}

static int try_field(const struct learner *l, unsigned field, struct ponder_err *err)
{
    struct openai_reply reply;
    bool refused;
    int status = try_fields(l, l->facts->takes | field, &reply, &refused, err);
    openai_reply_release(&reply);
    if (!status)
        l->facts->takes |= field;
    return refused ? PONDER_OK : status;
}

static int learn_fields(const struct learner *l, struct ponder_err *err)
{
    struct openai_facts *facts = l->facts;
    struct openai_reply reply;
    unsigned all = OPENAI_TAKES_ALL & ~OPENAI_TAKES_N;
    bool refused;
    int status = try_fields(l, all, &reply, &refused, err);
    facts->takes = status ? 0 : all;
    if (status && refused) {
        openai_reply_release(&reply);
        status = try_fields(l, 0, &reply, &refused, err);
        for (unsigned field = 1; field < OPENAI_TAKES_ALL && !status; field *= 2)
            if (all & field)
                status = try_field(l, field, err);
        openai_reply_release(&reply);
        if (!status)
            status = try_fields(l, facts->takes, &reply, &refused, err);
    }
    if (!status) {
        facts->tells_stops = reply.tells_stops;
        if (reply.choices[0].logprob != reply.choices[0].logprob) /* not offered: NAN */
            facts->takes &= ~OPENAI_TAKES_LOGPROBS;
    }
    openai_reply_release(&reply);
    return status;
}

/* Several texts a request are of use where the usage has the tokens of all of them. */
static int learn_n(const struct learner *l, struct ponder_err *err)
{
    struct openai_reply reply;
    struct openai_ask ask = tiny_ask(l, FACTS_TOKENS);
    bool refused;
    ask.takes |= OPENAI_TAKES_N;
    ask.n = 2;
    ask.sampling.temperature = 1;
    int status = complete(l, &ask, &reply, &refused, err);
    bool several = !status && reply.counted && reply.generated_tokens > FACTS_TOKENS;
    openai_reply_release(&reply);
    if (several)
        l->facts->takes |= OPENAI_TAKES_N;
    return refused || status == PONDER_E_ENGINE ? PONDER_OK : status; /* or it gives one */
}

static int learn_seed(const struct learner *l, struct ponder_err *err)
{
    struct openai_reply replies[2];
    struct openai_ask ask = tiny_ask(l, SEED_TOKENS);
    bool refused;
    if (!(l->facts->takes & OPENAI_TAKES_SEED))
        return PONDER_OK;
    ask.sampling.temperature = 2;
    int status = complete(l, &ask, &replies[0], &refused, err);
    if (status) {
        openai_reply_release(&replies[0]);
        return status;
    }
    status = complete(l, &ask, &replies[1], &refused, err);
    l->facts->seeded = !status && strcmp(replies[0].choices[0].text, replies[1].choices[0].text) == 0;
    openai_reply_release(&replies[0]);
    openai_reply_release(&replies[1]);
    return status;
}

/* ---- answers that are begun ---- */

static const char *behind_space(const char *text)
{
    return text + strspn(text, " \n");
}

/* Behind `begun` the server says what stands there in `whole`, or the beginning of it. */
static bool goes_on(const char *whole, const char *begun, const char *said)
{
    size_t n = strlen(begun), len;
    if (strncmp(whole, begun, n) != 0)
        return false;
    whole = behind_space(whole + n);
    said = behind_space(said);
    len = strlen(said) < strlen(whole) ? strlen(said) : strlen(whole);
    return len > 0 && strncmp(said, whole, len) == 0;
}

/* Asks for no more tokens than `begun` has, so that one who begins anew says `begun` and nothing behind it.
 * Where the server is seen to repeat `begun`, the facts say so from then on. */
static int go_on(const struct learner *l, const char *begun, struct openai_reply *reply, bool *refused,
                 struct ponder_err *err)
{
    struct openai_ask ask = tiny_ask(l, BEGUN_TOKENS);
    ask.begun = begun;
    ask.begun_len = strlen(begun);
    int status = complete(l, &ask, reply, refused, err);
    bool repeats = !status && strncmp(reply->choices[0].text, begun, ask.begun_len) == 0;
    if (!repeats || l->facts->echoes)
        return status;
    l->facts->echoes = true;
    memmove(reply->choices[0].text, reply->choices[0].text + ask.begun_len,
            reply->choices[0].len - ask.begun_len + 1);
    return PONDER_OK;
}

/* `begun` and `whole` are what it says by itself. */
static int learn_begun(const struct learner *l, const struct openai_reply *begun,
                       const struct openai_reply *whole, struct ponder_err *err)
{
    struct openai_reply more = {0}, line = {0};
    char text[512];
    bool refused;
    const char *own = begun->choices[0].text;
    if (!begun->counted || !*own || begun->choices[0].len + 2 > sizeof text)
        return PONDER_OK;
    int status = go_on(l, own, &more, &refused, err);
    int64_t added = more.prompt_tokens - begun->prompt_tokens;
    bool on = !status && added > 0 && added <= begun->generated_tokens &&
              goes_on(whole->choices[0].text, own, more.choices[0].text);
    if (on) {
        snprintf(text, sizeof text, "%s\n", own);
        status = go_on(l, text, &line, &refused, err);
        l->facts->continues = !status && line.prompt_tokens > more.prompt_tokens;
    }
    openai_reply_release(&more);
    openai_reply_release(&line);
    return refused || status == PONDER_E_ENGINE ? PONDER_OK : status;
}

static int learn_continuing(const struct learner *l, struct ponder_err *err)
{
    struct openai_reply begun, whole = {0};
    struct openai_ask ask = tiny_ask(l, BEGUN_TOKENS);
    bool refused;
    if (l->model->api == OPENAI_COMPLETIONS) {
        l->facts->continues = true;
        return PONDER_OK;
    }
    int status = complete(l, &ask, &begun, &refused, err);
    ask.tokens_max = WHOLE_TOKENS;
    if (!status)
        status = complete(l, &ask, &whole, &refused, err);
    if (!status)
        status = learn_begun(l, &begun, &whole, err);
    if (!l->facts->continues)
        l->facts->echoes = false;
    openai_reply_release(&begun);
    openai_reply_release(&whole);
    return status;
}

static int learn(struct learner *l, struct ponder_err *err)
{
    int status = learn_name(l, err);
    if (!status)
        status = learn_api(l, err);
    if (!status)
        status = learn_fields(l, err);
    if (!status)
        status = learn_n(l, err);
    if (!status)
        status = learn_seed(l, err);
    return status ? status : learn_continuing(l, err);
}

/* ---- the model ---- */

void openai_hide_key(const struct openai_model *model, char *text, size_t len)
{
    enum { SHORT_BYTES = 8 };
    size_t n = model->key ? strlen(model->key) : 0;
    for (char *at = text; n >= SHORT_BYTES && (at = memmem(at, len - (size_t)(at - text), model->key, n));
         at += n)
        memset(at, '*', n);
}

int openai_connect(struct http **out, const struct openai_model *model, const char *base,
                   struct ponder_err *err)
{
    struct http_options options = {.base = base,
                                   .key = model->key,
                                   .timeout_s = model->timeout_s,
                                   .key_hint = "--api-key-env",
                                   .timeout_hint = "--request-timeout"};
    return http_open(out, &options, err);
}

static int copy(char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return text && !*out ? PONDER_E_MEMORY : PONDER_OK;
}

static int set_model(struct openai_model *model, const struct openai_options *o, struct ponder_err *err)
{
    model->api = o->api;
    model->api_told = o->api != OPENAI_AUTO;
    model->in_flight = o->in_flight;
    model->params = o->params;
    model->timeout_s = o->timeout_s;
    model->patience_s = o->patience_s > 0 ? o->patience_s : 300;
    model->first_wait_s = o->first_wait_s > 0 ? o->first_wait_s : 0.5;
    model->aside_s = o->aside_s > 0 ? o->aside_s : 5;
    model->servers = calloc((size_t)o->base_count + 1, sizeof *model->servers);
    bool whole = model->servers && !copy(&model->name, o->name) && !copy(&model->key, o->key) &&
                 !copy(&model->system, o->system);
    for (int i = 0; i < o->base_count && whole; i++, model->count++)
        whole = !copy(&model->servers[i].base, o->bases[i]);
    return whole ? PONDER_OK : err_memory(err, "a model behind servers");
}

static int check(const struct openai_options *o, struct ponder_err *err)
{
    if (o->base_count < 1 || o->base_count > OPENAI_SERVERS_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "%d servers; give 1 to %d", o->base_count, OPENAI_SERVERS_MAX);
    if (o->in_flight < 1 || o->in_flight > OPENAI_IN_FLIGHT_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "%d texts at once; give 1 to %d", o->in_flight,
                       OPENAI_IN_FLIGHT_MAX);
    if (!(o->params >= 0 && o->params < 1e15) || !(o->timeout_s > 0 && o->timeout_s <= 86400))
        return err_set(err, PONDER_E_ARGUMENT, "a model's parameters or a request's time is out of range");
    return PONDER_OK;
}

int openai_model_open(struct openai_model **out, const struct openai_options *options, struct ponder_err *err)
{
    *out = NULL;
    int status = check(options, err);
    struct openai_model *model = status ? NULL : calloc(1, sizeof *model);
    if (!model)
        return status ? status : err_memory(err, "a model behind servers");
    status = set_model(model, options, err);
    for (int i = 0; i < model->count && !status; i++) {
        struct learner learner = {model, &model->servers[i], NULL};
        status = openai_connect(&learner.http, model, model->servers[i].base, err);
        if (!status)
            status = learn(&learner, err);
        http_release(learner.http);
    }
    if (status)
        openai_model_release(model);
    else
        *out = model;
    return status;
}

int openai_model_ask(struct openai_model *model, const char *system, const struct examples *examples,
                     struct ponder_err *err)
{
    char *other = NULL;
    if (copy(&other, system))
        return err_memory(err, "a system prompt");
    free(model->other_system);
    model->other_system = other;
    model->examples = examples;
    return PONDER_OK;
}

const char *openai_system(const struct openai_model *model)
{
    const char *system = model->other_system ? model->other_system : model->system;
    return system && *system ? system : NULL;
}

void openai_model_release(struct openai_model *model)
{
    if (!model)
        return;
    for (int i = 0; i < model->count; i++)
        free(model->servers[i].base);
    free(model->servers);
    free(model->name);
    free(model->key);
    free(model->system);
    free(model->other_system);
    free(model);
}

const char *openai_model_name(const struct openai_model *model)
{
    return model->name;
}

enum openai_api openai_model_api(const struct openai_model *model)
{
    return model->api;
}

unsigned openai_model_takes(const struct openai_model *model)
{
    unsigned takes = OPENAI_TAKES_ALL;
    for (int i = 0; i < model->count; i++)
        takes &= model->servers[i].takes;
    return takes;
}

unsigned openai_model_can(const struct openai_model *model)
{
    unsigned can = ENGINE_CAN_CONTINUE | ENGINE_CAN_SEED | ENGINE_CAN_STOP;
    for (int i = 0; i < model->count; i++) {
        const struct openai_facts *facts = &model->servers[i];
        can &= (facts->continues ? ENGINE_CAN_CONTINUE : 0u) | (facts->seeded ? ENGINE_CAN_SEED : 0u) |
               (facts->tells_stops ? ENGINE_CAN_STOP : 0u);
    }
    if (openai_model_takes(model) & OPENAI_TAKES_LOGPROBS)
        can |= ENGINE_CAN_LOGPROBS;
    return can | (model->params > 0 ? ENGINE_CAN_FLOPS : 0u);
}
