/* engine.c - calls go to the engine's own descriptor; what is wrong with any request is refused here. */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "kernels/sample.h"

#define X(name) extern const struct engine_ops engine_##name##_ops;
#include "engine/engine.def"
#undef X

static const struct engine_ops *const all_ops[] = {
#define X(name) &engine_##name##_ops,
#include "engine/engine.def"
#undef X
};

const struct engine_ops *engine_ops_at(int index)
{
    int count = (int)(sizeof all_ops / sizeof *all_ops);
    return index >= 0 && index < count ? all_ops[index] : NULL;
}

const struct engine_ops *engine_ops_find(const char *name)
{
    for (int i = 0; engine_ops_at(i); i++)
        if (!strcmp(engine_ops_at(i)->name, name))
            return engine_ops_at(i);
    return NULL;
}

void engine_release(struct engine *engine)
{
    if (engine)
        engine->ops->release(engine);
}

int engine_prompt(struct engine *engine, int64_t parent, const char *text, size_t len, int64_t *out,
                  struct ponder_err *err)
{
    *out = 0;
    return engine->ops->prompt(engine, parent, text, len, out, err);
}

int engine_prompt_parts(struct engine *engine, int64_t parent, const struct engine_text *text, int64_t *out,
                        struct ponder_err *err)
{
    *out = 0;
    if (engine->ops->prompt_parts)
        return engine->ops->prompt_parts(engine, parent, text, out, err);
    return engine->ops->prompt(engine, parent, text->text, text->len, out, err);
}

void engine_node_release(struct engine *engine, int64_t node)
{
    if (node)
        engine->ops->node_release(engine, node);
}

static int check_request(const struct engine_request *request, struct ponder_err *err)
{
    if (request->score)
        return PONDER_OK;
    if (request->tokens_max < 1)
        return err_set(err, PONDER_E_ARGUMENT, "tokens_max %d: a request asks for 1 token or more",
                       request->tokens_max);
    if (request->stop_count < 0 || request->stop_count > ENGINE_STOPS_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "%d stop strings: there may be 0 to %d", request->stop_count,
                       ENGINE_STOPS_MAX);
    for (int i = 0; i < request->stop_count; i++)
        if (!request->stops[i] || !request->stops[i][0])
            return err_set(err, PONDER_E_ARGUMENT, "stop string %d is empty", i + 1);
    if (request->end && !request->end[0])
        return err_set(err, PONDER_E_ARGUMENT, "the string that ends a text is empty");
    struct sample_options options = {request->sampling.temperature, request->sampling.top_k,
                                     request->sampling.top_p, request->sampling.min_p};
    return sample_options_check(&options, err);
}

int engine_submit(struct engine *engine, const struct engine_request *request, struct ponder_err *err)
{
    int status = check_request(request, err);
    if (!status && request->score && !(engine->can & ENGINE_CAN_SCORE))
        status = err_set(err, PONDER_E_UNSUPPORTED, "the engine %s cannot score", engine->ops->name);
    return status ? status : engine->ops->submit(engine, request, err);
}

void engine_cancel(struct engine *engine, int64_t tag)
{
    engine->ops->cancel(engine, tag);
}

int engine_step(struct engine *engine, double wait_s, struct ponder_err *err)
{
    return engine->ops->step(engine, wait_s, err);
}

bool engine_take(struct engine *engine, struct engine_result *out)
{
    return engine->ops->take(engine, out);
}

bool engine_peek(const struct engine *engine, int64_t tag, const char **text, size_t *len)
{
    return engine->ops->peek && engine->ops->peek(engine, tag, text, len);
}

void engine_usage_get(const struct engine *engine, struct engine_usage *out)
{
    engine->ops->usage(engine, out);
}

double engine_flops(const struct engine *engine, int64_t first, int64_t count)
{
    return engine->ops->flops ? engine->ops->flops(engine, first, count) : 0;
}

bool engine_news(struct engine *engine, char *text, size_t size)
{
    return engine->ops->news && engine->ops->news(engine, text, size);
}

int64_t engine_length(const struct engine *engine, int64_t node)
{
    return engine->ops->length ? engine->ops->length(engine, node) : -1;
}

int64_t engine_context(const struct engine *engine)
{
    return engine->ops->context ? engine->ops->context(engine) : INT64_MAX;
}

void engine_result_clear(struct engine_result *result)
{
    free(result->text);
    free(result->tokens);
    *result = (struct engine_result){0};
}
