/* openai_connect.c - a struct ponder_model that is behind servers, from the settings of struct ponder_server.
 */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "engine/openai.h"
#include "prompt/chat.h"
#include "model/ponder_model.h"
#include "ponder/server.h"

#define OPTION_FIELD(field) offsetof(struct ponder_server, field)
#include "core/option_rows.h"

const struct ponder_option *ponder_server_options(void)
{
    static const struct ponder_option table[] = {
        ROW_TEXT("engine", engine, "E", "local", "local, or openai: --model is behind a server"),
        {.name = "base-url",
         .type = PONDER_OPTION_LIST,
         .offset = OPTION_FIELD(base_url),
         .meta = "URL",
         .help = "of the server, once or more; or several with commas"},
        ROW_TEXT("api-key-env", key_env, "VAR", NULL, "holds the server's key"),
        ROW_TEXT("api", api, "A", "auto", "of the server: auto, completions or chat"),
        ROW_TEXT("prompt-template", template_text, "T", "{question}\\n", "of completions, with {question}"),
        ROW_INT("in-flight", in_flight, "K", "32", 1, OPENAI_IN_FLIGHT_MAX, "texts at once and server"),
        ROW_REAL("model-params", params, "P", "0", 0, 1e14, "as 8e9: of a server's model, for FLOPs"),
        ROW_REAL("request-timeout", timeout_s, "S", "600", 0.1, 86400, "of one request to a server"),
        ROW_REAL("patience", patience_s, "S", "300", 0.1, 86400, "that no server may answer; then end"),
        ROW_INT("thinking-budget", thinking_max, "K", "0", 0, 1000000,
                "tokens of thoughts; 0: as the model likes"),
        PONDER_OPTION_END};
    return table;
}

/* ---- prompts ---- */

/* How a question becomes what a server's model is asked, in one place: completions go on with the template,
 * of chat the question is the user's message. `*template` is the caller's to free. */
static int prompt_of(const struct ponder_server *server, enum openai_api api, char **template,
                     const char **system)
{
    const char *from = api == OPENAI_CHAT ? "{question}" : server->template_text;
    char *to = *template = malloc(strlen(from) + 1);
    *system = CHAT_SYSTEM;
    if (!to)
        return PONDER_E_MEMORY;
    for (; *from; from++)
        if (from[0] == '\\' && from[1] == 'n') {
            *to++ = '\n';
            from++;
        } else {
            *to++ = *from;
        }
    *to = '\0';
    return PONDER_OK;
}

/* ---- the settings ---- */

static int read_key(const struct ponder_server *server, const char **key, struct ponder_err *err)
{
    *key = server->key_env ? getenv(server->key_env) : NULL;
    if (server->key_env && (!*key || !**key))
        return err_set(err, PONDER_E_ARGUMENT, "--api-key-env: the environment has no %.100s, or it is empty",
                       server->key_env);
    return PONDER_OK;
}

static int read_api(const char *text, enum openai_api *out, struct ponder_err *err)
{
    static const char *const names[] = {
        [OPENAI_AUTO] = "auto", [OPENAI_COMPLETIONS] = "completions", [OPENAI_CHAT] = "chat"};
    for (*out = OPENAI_AUTO; *out <= OPENAI_CHAT; ++*out)
        if (strcmp(text, names[*out]) == 0)
            return PONDER_OK;
    return err_set(err, PONDER_E_ARGUMENT, "--api: '%.40s' is none of auto, completions, chat", text);
}

/* Splits the addresses at commas, in `text`, which has room for all of them. */
static int read_bases(const struct ponder_server *server, char *text, const char **bases, int *count,
                      struct ponder_err *err)
{
    *count = 0;
    for (int i = 0; i < server->base_url.count; i++) {
        strcpy(text, server->base_url.items[i]);
        for (char *at = text, *comma; at; at = comma) {
            if ((comma = strchr(at, ',')))
                *comma++ = '\0';
            if (*count == OPENAI_SERVERS_MAX)
                return err_set(err, PONDER_E_LIMIT, "--base-url: more than %d servers", OPENAI_SERVERS_MAX);
            bases[(*count)++] = at;
        }
        text += strlen(server->base_url.items[i]) + 1;
    }
    if (*count == 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--engine openai needs the server's address: --base-url http://localhost:8000");
    return PONDER_OK;
}

static size_t bases_bytes(const struct ponder_server *server)
{
    size_t bytes = 1;
    for (int i = 0; i < server->base_url.count; i++)
        bytes += strlen(server->base_url.items[i]) + 1;
    return bytes;
}

/* ---- the model ---- */

static int open_model(struct openai_model **out, const char *name, const struct ponder_server *server,
                      const struct ponder_watch *watch, struct ponder_err *err)
{
    const char *bases[OPENAI_SERVERS_MAX];
    struct openai_options options = {.bases = bases,
                                     .name = name,
                                     .in_flight = (int)server->in_flight,
                                     .params = server->params,
                                     .timeout_s = server->timeout_s,
                                     .patience_s = server->patience_s,
                                     .note = watch ? watch->note : NULL,
                                     .note_data = watch ? watch->data : NULL,
                                     .thinking_max = server->thinking_max};
    char *text = malloc(bases_bytes(server)), *template = NULL;
    int status = text ? read_key(server, &options.key, err) : err_memory(err, "addresses");
    if (!status)
        status = read_api(server->api, &options.api, err);
    if (!status)
        status = read_bases(server, text, bases, &options.base_count, err);
    if (!status && prompt_of(server, OPENAI_CHAT, &template, &options.system))
        status = err_memory(err, "a prompt");
    if (!status)
        status = openai_model_open(out, &options, err);
    free(template);
    free(text);
    return status;
}

static int connect_fill(struct ponder_model *model, const struct ponder_server *server)
{
    const char *system;
    char *template = NULL;
    enum openai_api api = openai_model_api(model->remote);
    model->path = strdup(openai_model_name(model->remote));
    if (!model->path || prompt_of(server, api, &template, &system))
        return PONDER_E_MEMORY;
    model->prompt = prompt_template_of(template);
    model->hash = hash_bytes(model->path, strlen(model->path));
    if (api == OPENAI_CHAT)
        model->hash = rng_key(model->hash, hash_bytes(system, strlen(system)));
    return PONDER_OK;
}

int ponder_model_connect(struct ponder_model **out, const char *name, const struct ponder_server *server,
                         struct ponder_err *err)
{
    return ponder_model_connect_watched(out, name, server, NULL, err);
}

struct ponder_start ponder_model_start(const struct ponder_model *model)
{
    return model->remote ? openai_model_start(model->remote) : (struct ponder_start){0};
}

int ponder_model_connect_watched(struct ponder_model **out, const char *name,
                                 const struct ponder_server *server, const struct ponder_watch *watch,
                                 struct ponder_err *err)
{
    *out = NULL;
    struct ponder_model *model = calloc(1, sizeof *model);
    if (!model)
        return err_memory(err, "a model");
    model->remote_release = openai_model_release;
    ponder_model_default_sampling(model);
    int status = PONDER_OK;
    if (!strstr(server->template_text, "{question}"))
        status = err_set(err, PONDER_E_ARGUMENT, "--prompt-template has no {question}");
    if (!status)
        status = open_model(&model->remote, name, server, watch, err);
    if (!status && connect_fill(model, server))
        status = err_memory(err, "a model");
    if (!status)
        model->start_s = openai_model_start(model->remote).seconds;
    if (status)
        ponder_model_release(model);
    else
        *out = model;
    return status;
}
