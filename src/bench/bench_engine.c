#include "bench/bench_engine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/rng.h"
#include "model/ponder_model.h"
#include "ponder/task.h"

enum { TEXT_BYTES = 1 << 18, ROWS_MAX = 512, CONTEXT_SPARE = 64 };

/* ---- the model ---- */

/* Pocket documents, which the tokenizer of a random model is learnt from. */
static int pocket_text(struct buf *text, struct ponder_err *err)
{
    struct ponder_pocket *pocket;
    struct ponder_pocket_item item;
    int status = ponder_pocket_new(&pocket, PONDER_POCKET_TRAIN, 1, false, err);
    if (status)
        return status;
    while (!status &&
           text->len < TEXT_BYTES - 2 * (PONDER_POCKET_PROBLEM_BYTES + PONDER_POCKET_SOLUTION_BYTES)) {
        status = ponder_pocket_next(pocket, &item, err);
        if (!status)
            buf_printf(text, "%s\n%s\n", item.problem, item.solution);
    }
    ponder_pocket_free(pocket);
    return !status && !buf_ok(text) ? err_memory(err, "a vocabulary") : status;
}

static int learn_vocabulary(struct tokenizer **out, int vocab, struct ponder_err *err)
{
    struct buf text = BUF_INIT(TEXT_BYTES);
    int status = pocket_text(&text, err);
    if (!status)
        status = tokenizer_learn(out, text.data, text.len, vocab, err);
    buf_release(&text);
    return status ? err_prefix(err, status, "--vocab %d (--vocabulary takes those of a file)", vocab)
                  : PONDER_OK;
}

static int read_vocabulary(struct tokenizer **out, const char *path, struct ponder_err *err)
{
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    status = tokenizer_open(out, file, err);
    gguf_release(file);
    return status;
}

static int64_t positions(const struct bench_work_size *size)
{
    return size->prompt_tokens + size->branch_tokens;
}

static int open_model(struct lm_model **out, const struct ponder_bench_settings *settings,
                      const struct bench_work_size *size, struct ponder_err *err)
{
    struct tokenizer *tokenizer = NULL;
    int status = PONDER_OK;
    if (!settings->model && settings->vocabulary)
        status = read_vocabulary(&tokenizer, settings->vocabulary, err);
    else if (!settings->model)
        status = learn_vocabulary(&tokenizer, (int)settings->vocab, err);
    if (!status)
        status = bench_model_open(out, settings, (int)positions(size) + CONTEXT_SPARE, tokenizer, err);
    if (status)
        tokenizer_release(tokenizer);
    return status;
}

int bench_engine_write_model(const struct ponder_bench_settings *settings, const struct bench_work_size *size,
                             const char *path, struct ponder_err *err)
{
    struct ponder_bench_settings saving = *settings;
    struct lm_model *model = NULL;
    saving.save_model = path;
    int status = open_model(&model, &saving, size, err);
    lm_model_release(model);
    return status;
}

/* ---- the engine ---- */

static size_t blocks(int64_t count)
{
    return (size_t)((count + KV_BLOCK - 1) / KV_BLOCK);
}

/* A segment may begin in the middle of a block, and the engine keeps one in reserve for each branch. */
size_t bench_engine_kv_bytes(const struct bench_engine *b, const struct bench_work_size *size,
                             int64_t prompts)
{
    size_t segments = size->segments ? (size_t)size->segments : 1;
    size_t prompt = blocks(size->prompt_tokens), branch = blocks(size->branch_tokens + 1) + segments + 1;
    return ((size_t)prompts * prompt + (size_t)size->branches * branch) * b->block_bytes;
}

static int check_size(const struct bench_engine *b, const struct bench_work_size *size,
                      struct ponder_err *err)
{
    size_t need = bench_engine_kv_bytes(b, size, 1);
    if (positions(size) > b->model->shape.context)
        return err_set(err, PONDER_E_ARGUMENT,
                       "%" PRId64 " tokens of prompt and %" PRId64 " behind it: the model's context is %d",
                       size->prompt_tokens, size->branch_tokens, b->model->shape.context);
    if (need > b->kv_bytes_max)
        return err_set(err, PONDER_E_ARGUMENT,
                       "keys and values of %" PRId64 " branches need %zu MiB; --kv-mib allows %zu",
                       size->branches, (need >> 20) + 1, b->kv_bytes_max >> 20);
    return PONDER_OK;
}

static int read_options(struct local_options *options, const struct ponder_bench_settings *settings,
                        const struct bench_work_size *size, struct ponder_err *err)
{
    int rows = size->rows_max > ROWS_MAX ? size->rows_max : ROWS_MAX;
    *options = (struct local_options){
        .threads = (int)settings->threads,
        .rows_max = size->branches > rows ? (int)size->branches : rows,
        .branches_max = (int)size->branches,
        .exact = settings->exact,
        .kv_bytes_max = (size_t)settings->kv_mib << 20,
        .weights_bytes_max = (size_t)settings->weights_mib << 20,
        .kv_type = strcmp(settings->kv_type, "f32") == 0 ? KV_F32 : KV_F16,
    };
    if (strcmp(settings->kv_type, "f32") && strcmp(settings->kv_type, "f16"))
        return err_set(err, PONDER_E_ARGUMENT, "--kv-type %s: give f16 or f32", settings->kv_type);
    return precision_parse(settings->precision, &options->precision, err);
}

int bench_engine_open(struct bench_engine *b, const struct ponder_bench_settings *settings,
                      const struct bench_work_size *size, struct ponder_err *err)
{
    struct local_options options;
    *b = (struct bench_engine){0};
    int status = read_options(&options, settings, size, err);
    if (!status)
        status = open_model(&b->model, settings, size, err);
    if (status)
        return status;
    const struct lm_shape *s = &b->model->shape;
    size_t bytes = options.kv_type == KV_F32 ? 4 : 2;
    b->block_bytes = 2 * bytes * KV_BLOCK * (size_t)s->layers * (size_t)s->kv_heads * (size_t)s->head_dim;
    b->kv_bytes_max = options.kv_bytes_max;
    status = check_size(b, size, err);
    return status ? status : local_open(&b->engine, b->model, &options, err);
}

void bench_engine_release(struct bench_engine *b)
{
    engine_release(b->engine);
    lm_model_release(b->model);
}

/* ---- work ---- */

int bench_engine_node(struct bench_engine *b, int64_t parent, int64_t count, uint64_t stream, int64_t *out,
                      struct ponder_err *err)
{
    int32_t *ids = malloc((size_t)count * sizeof *ids);
    struct rng rng;
    *out = 0;
    if (!ids)
        return err_memory(err, "a prompt");
    rng_init(&rng, stream);
    for (int64_t i = 0; i < count; i++)
        ids[i] = rng_range(&rng, 0, b->model->shape.vocab - 1);
    int status = local_prompt_ids(b->engine, parent, ids, (int)count, out, err);
    free(ids);
    return status;
}

int bench_engine_continue(struct bench_engine *b, int64_t node, int64_t tokens, uint64_t stream,
                          struct ponder_err *err)
{
    struct engine_request request = {
        .parent = node,
        .tokens_max = (int)tokens,
        .sampling = {.temperature = 1, .top_p = 1},
        .ignore_end = true,
        .stream = stream,
    };
    return engine_submit(b->engine, &request, err);
}

int bench_engine_score(struct bench_engine *b, int64_t node, struct ponder_err *err)
{
    struct engine_request request = {.parent = node, .score = true, .good = 0, .bad = 1};
    return engine_submit(b->engine, &request, err);
}

int bench_engine_run(struct bench_engine *b, struct ponder_err *err)
{
    int unfinished;
    while ((unfinished = engine_step(b->engine, 1, err)) > 0)
        ;
    return unfinished;
}

int64_t bench_engine_take(struct bench_engine *b, struct ponder_err *err)
{
    struct engine_result result;
    int64_t tokens = 0;
    int status = PONDER_OK;
    while (engine_take(b->engine, &result)) {
        tokens += result.token_count;
        if (result.finish == ENGINE_FINISH_FAILED && !status)
            status = err_set(err, result.status, "%s", result.error);
        if (result.node)
            engine_node_release(b->engine, result.node);
        engine_result_clear(&result);
    }
    return status ? status : tokens;
}

void bench_engine_describe(const struct bench_engine *b, const struct bench_work_size *size,
                           struct ponder_bench *out)
{
    struct engine_usage usage;
    engine_usage_get(b->engine, &usage);
    out->prompt_tokens = size->prompt_tokens;
    out->parameters = (int64_t)b->model->param_count;
    out->precision = precision_name(local_precision(b->engine));
    out->weights_bytes = (int64_t)local_weights_bytes(b->engine);
    out->kv_bytes_max = usage.kv_bytes_peak;
}
