/* peer_decode.c - the workload of `ponder bench decode` in llama.cpp: its text is in ponder, which has it
 * compiled against libllama for `--peer DIR`. Never part of the build.
 *
 * One prompt, computed once and shared by all branches (llama_memory_seq_cp), then every branch decoded
 * together, one token a step; prompt and decoding are measured, as there. Sampling is an argmax over the
 * logits, cheaper than what ponder does. Keys and values are f16; in one cache or split by branch, with flash
 * attention or without, as MODE says, or all of these after one another ("all"). Prints the best mode's
 * median and its name. */
#include <ggml-backend.h>
#include <llama.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void quiet(enum ggml_log_level level, const char *text, void *data)
{
    (void)level;
    (void)text;
    (void)data;
}

struct work {
    int branches, prompt_tokens, tokens, threads, repeats, vocab;
};

static llama_token argmax(const float *logits, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

static void put(struct llama_batch *batch, llama_token token, int position, int sequence, bool logits)
{
    int i = batch->n_tokens++;
    batch->token[i] = token;
    batch->pos[i] = position;
    batch->n_seq_id[i] = 1;
    batch->seq_id[i][0] = sequence;
    batch->logits[i] = logits;
}

static int decode(struct llama_context *context, struct llama_batch *batch)
{
    int status = llama_decode(context, *batch);
    if (status)
        fprintf(stderr, "llama_decode: status %d\n", status);
    return status;
}

/* Seconds for all branches, or negative. */
static double one_repeat(struct llama_context *context, struct llama_batch *batch, const struct work *w)
{
    llama_memory_t memory = llama_get_memory(context);
    llama_memory_clear(memory, false);
    double start = now_s();
    batch->n_tokens = 0;
    for (int i = 0; i < w->prompt_tokens; i++)
        put(batch, 16 + i % (w->vocab - 16), i, 0, i == w->prompt_tokens - 1);
    if (decode(context, batch))
        return -1;
    llama_token first = argmax(llama_get_logits_ith(context, w->prompt_tokens - 1), w->vocab);
    for (int b = 1; b < w->branches; b++)
        llama_memory_seq_cp(memory, 0, b, -1, -1);
    llama_token *last = calloc((size_t)w->branches, sizeof *last);
    for (int b = 0; b < w->branches; b++)
        last[b] = (first + b) % w->vocab; /* branches differ, as sampled ones do */
    for (int step = 1; step < w->tokens; step++) {
        batch->n_tokens = 0;
        for (int b = 0; b < w->branches; b++)
            put(batch, last[b], w->prompt_tokens + step - 1, b, true);
        if (decode(context, batch)) {
            free(last);
            return -1;
        }
        for (int b = 0; b < w->branches; b++)
            last[b] = argmax(llama_get_logits_ith(context, b), w->vocab);
    }
    free(last);
    return now_s() - start;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Median tokens/s of one configuration, 0 where it does not run. */
static double measure(struct llama_model *model, const struct work *w, bool unified,
                      enum llama_flash_attn_type flash)
{
    struct llama_context_params params = llama_context_default_params();
    int per_sequence = w->prompt_tokens + w->tokens + 8;
    params.n_ctx = (uint32_t)(unified ? w->prompt_tokens + w->branches * (w->tokens + 1) + 64
                                      : w->branches * per_sequence);
    params.n_batch = params.n_ubatch =
        (uint32_t)(w->branches > w->prompt_tokens ? w->branches : w->prompt_tokens);
    params.n_seq_max = (uint32_t)w->branches;
    params.n_threads = params.n_threads_batch = w->threads;
    params.type_k = params.type_v = GGML_TYPE_F16;
    params.kv_unified = unified;
    params.flash_attn_type = flash;
    params.no_perf = true;
    struct llama_context *context = llama_init_from_model(model, params);
    if (!context)
        return 0;
    struct llama_batch batch = llama_batch_init((int32_t)params.n_batch, 0, 1);
    double seconds[101];
    int done = 0;
    for (int i = -1; i < w->repeats; i++) {
        double took = one_repeat(context, &batch, w);
        if (took < 0)
            break;
        if (i >= 0)
            seconds[done++] = took;
    }
    llama_batch_free(batch);
    llama_free(context);
    if (!done)
        return 0;
    qsort(seconds, (size_t)done, sizeof *seconds, by_size);
    return (double)w->branches * w->tokens / seconds[done / 2];
}

static const struct mode {
    const char *name;
    bool unified;
    enum llama_flash_attn_type flash;
} modes[] = {{"unified", true, LLAMA_FLASH_ATTN_TYPE_DISABLED},
             {"unified+flash", true, LLAMA_FLASH_ATTN_TYPE_ENABLED},
             {"split", false, LLAMA_FLASH_ATTN_TYPE_DISABLED},
             {"split+flash", false, LLAMA_FLASH_ATTN_TYPE_ENABLED}};

/* The fastest of those asked for; NULL where none runs. */
static const char *measure_modes(struct llama_model *model, const struct work *w, const char *asked,
                                 double *best)
{
    const char *name = NULL;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(asked, "all") != 0 && strcmp(asked, modes[i].name) != 0)
            continue;
        double rate = measure(model, w, modes[i].unified, modes[i].flash);
        if (rate > *best) {
            *best = rate;
            name = modes[i].name;
        }
    }
    return name;
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: peer_decode MODEL BRANCHES PROMPT_TOKENS TOKENS THREADS REPEATS MODE\n");
        return 2;
    }
    struct work w = {atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]), 0};
    if (w.repeats < 1 || w.repeats > 100)
        return 2;
    if (w.branches > (int)llama_max_parallel_sequences()) {
        fprintf(stderr, "it decodes at most %d branches at once\n", (int)llama_max_parallel_sequences());
        return 1;
    }
    llama_log_set(quiet, NULL);
    ggml_backend_load_all();
    llama_backend_init();
    struct llama_model *model = llama_model_load_from_file(argv[1], llama_model_default_params());
    if (!model) {
        fprintf(stderr, "it cannot open %s\n", argv[1]);
        return 1;
    }
    w.vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
    double best = 0;
    const char *name = measure_modes(model, &w, argv[7], &best);
    llama_model_free(model);
    if (!name) {
        fprintf(stderr, "it does this work in none of its modes\n");
        return 1;
    }
    printf("%.1f %s\n", best, name);
    return 0;
}
