/* bench_decode.c - the speed of continuing one shared prompt in many branches at once, through the engine. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/rng.h"
#include "engine/local.h"
#include "lm/bench.h"
#include "lm/ponder_model.h"
#include "ponder/task.h"

enum { TEXT_BYTES = 1 << 18 };

struct bench {
    struct lm_model *model;
    struct engine *engine;
    enum lm_precision precision;
    struct buf prompt;
    int64_t prompt_tokens;
};

/* Pocket documents: what the tokenizer of a random model is learnt from, and what prompts are cut out of. */
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
    return !status && !buf_ok(text) ? err_memory(err, "a prompt") : status;
}

static int open_vocabulary(struct tokenizer **out, const char *path, struct ponder_err *err)
{
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    status = tokenizer_open(out, file, err);
    gguf_release(file);
    return status;
}

static int open_model(struct bench *b, const struct ponder_bench_settings *settings, const struct buf *text,
                      struct ponder_err *err)
{
    struct tokenizer *tokenizer = NULL;
    int status = PONDER_OK;
    if (!settings->model && settings->vocabulary)
        status = open_vocabulary(&tokenizer, settings->vocabulary, err);
    else if (!settings->model)
        status = tokenizer_learn(&tokenizer, text->data, text->len, (int)settings->vocab, err);
    if (!status)
        status = bench_model_open(&b->model, settings, (int)(settings->prompt_tokens + settings->tokens) + 64,
                                  tokenizer, err);
    if (status)
        tokenizer_release(tokenizer);
    return status;
}

/* The opening of `text` that makes `tokens` tokens (cut between tokens, so a re-encoding may differ by one or
 * two). */
static int cut_prompt(struct bench *b, const struct buf *text, int64_t tokens, struct ponder_err *err)
{
    struct tokenizer_ids ids = {0};
    int status = tokenizer_encode(b->model->tokenizer, text->data, text->len, TOKENIZER_ADD_BOS, &ids, err);
    if (!status && (size_t)tokens > ids.count)
        status = err_set(err, PONDER_E_LIMIT, "--prompt-tokens %d: at most %zu", (int)tokens, ids.count);
    if (!status)
        status = tokenizer_decode(b->model->tokenizer, ids.ids, (size_t)tokens, &b->prompt, err);
    tokenizer_ids_release(&ids);
    return status;
}

static int open_engine(struct bench *b, const struct ponder_bench_settings *settings, struct ponder_err *err)
{
    struct local_options options = {
        .threads = (int)settings->threads,
        .branches_max = (int)settings->branches,
        .exact = settings->exact,
        .weights_bytes_max = (size_t)settings->weights_mib << 20,
        .kv_type = strcmp(settings->kv_type, "f32") == 0 ? KV_F32 : KV_F16,
    };
    if (strcmp(settings->kv_type, "f32") && strcmp(settings->kv_type, "f16"))
        return err_set(err, PONDER_E_ARGUMENT, "--kv-type %s: give f16 or f32", settings->kv_type);
    int status = precision_parse(settings->precision, &options.precision, err);
    if (!status)
        status = local_open(&b->engine, b->model, &options, err);
    b->precision = options.precision;
    return status;
}

static int submit_branches(struct bench *b, const struct ponder_bench_settings *settings, int repeat,
                           int64_t node, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int i = 0; !status && i < settings->branches; i++) {
        struct engine_request request = {
            .tag = i,
            .parent = node,
            .tokens_max = (int)settings->tokens,
            .sampling = {.temperature = 1, .top_p = 1},
            .ignore_end = true,
            .stream = rng_key((uint64_t)repeat, (uint64_t)i),
        };
        status = engine_submit(b->engine, &request, err);
    }
    return status;
}

/* All branches from prompt to last token; returns how many tokens were generated, or a negative status. */
static int64_t one_repeat(struct bench *b, const struct ponder_bench_settings *settings, int repeat,
                          struct ponder_err *err)
{
    int64_t node, tokens = 0;
    int status = engine_prompt(b->engine, 0, b->prompt.data, b->prompt.len, &node, err);
    if (status)
        return status;
    status = submit_branches(b, settings, repeat, node, err);
    int unfinished = 1;
    while (!status && unfinished > 0) {
        unfinished = engine_step(b->engine, 1, err);
        status = unfinished < 0 ? unfinished : PONDER_OK;
    }
    struct engine_result result;
    while (engine_take(b->engine, &result)) {
        tokens += result.token_count;
        if (result.finish == ENGINE_FINISH_FAILED && !status)
            status = err_set(err, result.status, "%s", result.error);
        if (result.node)
            engine_node_release(b->engine, result.node);
        engine_result_clear(&result);
    }
    engine_node_release(b->engine, node);
    return status ? status : tokens;
}

static int measure(struct bench *b, const struct ponder_bench_settings *settings,
                   const struct ponder_watch *watch, double *seconds, int64_t *tokens, struct ponder_err *err)
{
    double start_s = clock_now_s(&clock_system);
    for (int i = -1; i < settings->repeats; i++) { /* the first warms up */
        double before_s = clock_now_s(&clock_system);
        *tokens = one_repeat(b, settings, i + 1, err);
        if (*tokens < 0)
            return (int)*tokens;
        double now_s = clock_now_s(&clock_system);
        if (i >= 0)
            seconds[i] = now_s - before_s;
        struct ponder_progress progress = {.done = i + 1,
                                           .total = settings->repeats,
                                           .unit = "repeats",
                                           .seconds = now_s - start_s,
                                           .tokens = (int64_t)(i + 2) * *tokens};
        if (watch && watch->progress && !watch->progress(&progress, watch->data))
            return err_set(err, PONDER_E_CANCELLED, "stopped before all repeats were done");
    }
    return PONDER_OK;
}

static void fill(const struct bench *b, const struct ponder_bench_settings *settings, int64_t tokens,
                 struct ponder_bench *out)
{
    struct engine_usage usage;
    engine_usage_get(b->engine, &usage);
    double keys = (double)settings->prompt_tokens + ((double)settings->tokens + 1) / 2;
    *out = (struct ponder_bench){
        .tokens = tokens,
        .prompt_tokens = usage.prompt_tokens / (settings->repeats + 1),
        .parameters = (int64_t)b->model->param_count,
        .precision = local_precision(b->engine) == LM_PRECISION_BF16 ? "bf16" : "f32",
        .flops_per_token = lm_flops_per_token(&b->model->shape, keys),
        .kv_bytes_max = usage.kv_bytes_peak,
    };
}

int ponder_bench_decode(const struct ponder_bench_settings *settings, const struct ponder_watch *watch,
                        struct ponder_bench *out, struct ponder_err *err)
{
    double seconds[BENCH_REPEATS_MAX];
    int64_t tokens = 0;
    struct bench b = {.prompt = BUF_INIT(TEXT_BYTES)};
    struct buf text = BUF_INIT(TEXT_BYTES);
    int status = pocket_text(&text, err);
    if (!status)
        status = open_model(&b, settings, &text, err);
    if (!status)
        status = cut_prompt(&b, &text, settings->prompt_tokens, err);
    if (!status)
        status = open_engine(&b, settings, err);
    if (!status)
        status = measure(&b, settings, watch, seconds, &tokens, err);
    if (!status) {
        fill(&b, settings, tokens, out);
        status = bench_summarise(settings, seconds, out, err);
    }
    engine_release(b.engine);
    lm_model_release(b.model);
    buf_release(&b.prompt);
    buf_release(&text);
    return status;
}
