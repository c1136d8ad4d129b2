/* openai_model.c - a struct openai_model: servers, and what was found out about them. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "engine/openai_learn.h"

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

static int openai_model_copy(char **out, const char *text)
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
    model->thinking_max = o->thinking_max;
    model->note = o->note;
    model->note_data = o->note_data;
    model->patience_s = o->patience_s > 0 ? o->patience_s : 300;
    model->first_wait_s = o->first_wait_s > 0 ? o->first_wait_s : 0.5;
    model->aside_s = o->aside_s > 0 ? o->aside_s : 5;
    model->servers = calloc((size_t)o->base_count + 1, sizeof *model->servers);
    bool whole = model->servers && !openai_model_copy(&model->name, o->name) &&
                 !openai_model_copy(&model->key, o->key) && !openai_model_copy(&model->system, o->system);
    for (int i = 0; i < o->base_count && whole; i++, model->count++)
        whole = !openai_model_copy(&model->servers[i].base, o->bases[i]);
    return whole ? PONDER_OK : err_memory(err, "a model behind servers");
}

static int openai_model_check(const struct openai_options *o, struct ponder_err *err)
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
    int status = openai_model_check(options, err);
    struct openai_model *model = status ? NULL : calloc(1, sizeof *model);
    if (!model)
        return status ? status : err_memory(err, "a model behind servers");
    double began_s = clock_now_s(&clock_system);
    status = set_model(model, options, err);
    for (int i = 0; i < model->count && !status; i++) {
        struct learner learner = {model, &model->servers[i], NULL};
        status = openai_connect(&learner.http, model, model->servers[i].base, err);
        if (!status)
            status = openai_learn(&learner, err);
        http_release(learner.http);
    }
    model->start.seconds = clock_now_s(&clock_system) - began_s;
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
    if (openai_model_copy(&other, system))
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

struct ponder_start openai_model_start(const struct openai_model *model)
{
    return model->start;
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
    for (int i = 0; i < model->count; i++)
        can |= model->servers[i].thinks && !model->servers[i].continues ? ENGINE_PARTS_THOUGHTS : 0u;
    return can | (model->params > 0 ? ENGINE_CAN_FLOPS : 0u);
}
