/* search_fixed.c - a beam search whose amount of work is fixed, through the engine, for bench/search-peer:
 * models with random weights end neither lines nor texts, so a step is so many tokens and a search so many
 * rounds.
 *
 *   search_fixed make FILE SEED        a model of 110 million parameters and 32,000 tokens
 *   search_fixed run PROPOSER VERIFIER N WIDTH STEP_TOKENS ROUNDS PROMPT_TOKENS QUESTION THREADS KEEP
 *
 * N first steps, the N/WIDTH best of them extended WIDTH times each, and so on; after every round each
 * candidate is scored behind its newest step's tag. KEEP 1: the verifier keeps what it has read of the kept
 * ones; 0: it reads whole solutions every round, what they share once, and scores every step, as
 * src/verifier/scorer.c does. Prints one JSON object. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/rng.h"
#include "engine/local.h"

enum { VOCAB = 32000, BASE = TOKENIZER_SPECIAL_COUNT + 256, ROUNDS_MAX = 64, N_MAX = 1024, TOKENS_MAX = 512 };

/* ---- a model ---- */

/* Specials and bytes, and then the words of two, three and four letters until the vocabulary is full: each is
 * merged from the word without its last letter and that letter. */
struct words {
    char token[VOCAB - BASE][8], merge[VOCAB - BASE][8];
    struct gguf_string tokens[VOCAB], merges[VOCAB - BASE];
    int32_t types[VOCAB];
};

static void fill_words(struct words *words)
{
    int index = 0;
    for (int length = 2, all = 26 * 26; index < VOCAB - BASE; length++, all *= 26)
        for (int k = 0; k < all && index < VOCAB - BASE; k++, index++) {
            char *token = words->token[index], *merge = words->merge[index];
            for (int i = length - 1, rest = k; i >= 0; i--, rest /= 26)
                token[i] = (char)('a' + rest % 26);
            memcpy(merge, token, (size_t)length - 1);
            merge[length - 1] = ' ';
            merge[length] = token[length - 1];
            words->tokens[BASE + index] = (struct gguf_string){token, (size_t)length};
            words->merges[index] = (struct gguf_string){merge, (size_t)length + 1};
            words->types[BASE + index] = 1; /* an ordinary token, by the GGUF specification */
        }
}

/* The specials and bytes are those of `base`. */
static void put_words(struct words *words, const struct gguf_file *base, struct gguf_writer *writer)
{
    const struct gguf_value *tokens = gguf_find(base, "tokenizer.ggml.tokens");
    const struct gguf_value *types = gguf_find(base, "tokenizer.ggml.token_type");
    for (int i = 0; i < BASE; i++) {
        words->tokens[i] = gguf_string_at(base, tokens, (uint64_t)i);
        words->types[i] = (int32_t)gguf_number_at(base, types, (uint64_t)i);
    }
    fill_words(words);
    gguf_put_text(writer, "tokenizer.ggml.model", "gpt2");
    gguf_put_text(writer, "tokenizer.ggml.pre", "smollm");
    gguf_put_strings(writer, "tokenizer.ggml.tokens", words->tokens, VOCAB);
    gguf_put_i32s(writer, "tokenizer.ggml.token_type", words->types, VOCAB);
    gguf_put_strings(writer, "tokenizer.ggml.merges", words->merges, VOCAB - BASE);
    gguf_put_u32(writer, "tokenizer.ggml.eos_token_id", TOKENIZER_END);
}

/* `writer` in memory, opened; *bytes is freed behind the file. */
static int reopen(struct gguf_writer *writer, struct gguf_file **file, char **bytes, struct ponder_err *err)
{
    size_t len;
    int status = writer ? gguf_writer_bytes(writer, bytes, &len, err) : err_memory(err, "a tokenizer");
    return status ? status : gguf_open_bytes(file, *bytes, len, "a tokenizer", err);
}

static int make_tokenizer(struct tokenizer **out, struct ponder_err *err)
{
    struct gguf_writer *writer[] = {gguf_writer_new(), gguf_writer_new()};
    struct gguf_file *file[2] = {NULL, NULL};
    char *bytes[2] = {NULL, NULL};
    struct words *words = malloc(sizeof *words);
    struct tokenizer *base = NULL;
    int status = words && writer[0] && writer[1] ? tokenizer_learn(&base, "", 0, BASE, err)
                                                 : err_memory(err, "a tokenizer");
    if (!status) {
        tokenizer_put(base, writer[0]);
        status = reopen(writer[0], &file[0], &bytes[0], err);
    }
    if (!status) {
        put_words(words, file[0], writer[1]);
        status = reopen(writer[1], &file[1], &bytes[1], err);
    }
    if (!status)
        status = tokenizer_open(out, file[1], err);
    tokenizer_release(base);
    for (int i = 0; i < 2; i++) {
        gguf_release(file[i]);
        gguf_writer_release(writer[i]);
        free(bytes[i]);
    }
    free(words);
    return status;
}

static int make(const char *path, uint64_t seed, struct ponder_err *err)
{
    struct lm_shape shape = {.vocab = VOCAB,
                             .width = 768,
                             .layers = 12,
                             .heads = 12,
                             .kv_heads = 12,
                             .head_dim = 64,
                             .ffn = 2048,
                             .context = 1024,
                             .rope_base = 10000,
                             .rms_eps = 1e-5f,
                             .tied = true};
    struct tokenizer *tokenizer = NULL;
    struct lm_model *model = NULL;
    int status = make_tokenizer(&tokenizer, err);
    if (!status)
        status = lm_model_new(&model, &shape, seed, tokenizer, err);
    if (status)
        tokenizer_release(tokenizer);
    else
        status = lm_model_save(model, path, GGUF_TENSOR_F16, "random weights", NULL, NULL, err);
    lm_model_release(model);
    return status;
}

/* ---- a search ---- */

struct candidate {
    int32_t tokens[TOKENS_MAX + 1]; /* the step's, and the tag */
    int parent;                     /* of the round before, -1: the prompt */
    int64_t node, read;             /* the proposer's and the verifier's handles; 0: none */
    double score;
};

struct search {
    struct lm_model *proposer_model, *verifier_model;
    struct engine *proposer, *verifier;
    int n, width, step_tokens, rounds, prompt_tokens, question, threads;
    bool keep;
    int32_t prompt[TOKENS_MAX];
    int64_t prompt_node, prompt_read;
    struct candidate *all; /* (rounds, n) */
    int *order;            /* (n) of the last round, the best first */
};

static struct candidate *at(const struct search *s, int round, int i)
{
    return &s->all[(size_t)round * s->n + i];
}

static int wait_all(struct engine *engine, int (*take)(struct search *, struct engine_result *),
                    struct search *s, struct ponder_err *err)
{
    struct engine_result result;
    int unfinished = 1, status = PONDER_OK;
    while (unfinished > 0 && !status) {
        unfinished = engine_step(engine, 1, err);
        while (unfinished >= 0 && engine_take(engine, &result)) {
            if (result.finish == ENGINE_FINISH_FAILED)
                status = err_set(err, result.status, "%s", result.error);
            else if (take(s, &result))
                status = err_set(err, PONDER_E_ENGINE, "a step has %d tokens", result.token_count);
            engine_result_clear(&result);
        }
    }
    return unfinished < 0 ? unfinished : status;
}

static int take_step(struct search *s, struct engine_result *result)
{
    struct candidate *one = &s->all[result->tag];
    one->node = result->node;
    if (result->token_count != s->step_tokens)
        return -1;
    memcpy(one->tokens, result->tokens, (size_t)s->step_tokens * sizeof *one->tokens);
    one->tokens[s->step_tokens] = TOKENIZER_STEP;
    return 0;
}

static int propose(struct search *s, int round, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int i = 0; i < s->n && !status; i++) {
        struct candidate *one = at(s, round, i);
        one->parent = round ? s->order[i / s->width] : -1;
        struct engine_request request = {
            .tag = one - s->all,
            .parent = round ? at(s, round - 1, one->parent)->node : s->prompt_node,
            .tokens_max = s->step_tokens,
            .sampling = {.temperature = 0.8, .top_p = 1},
            .stream = rng_key((uint64_t)s->question, (uint64_t)(one - s->all)),
            .ignore_end = true,
        };
        status = engine_submit(s->proposer, &request, err);
    }
    return status ? status : wait_all(s->proposer, take_step, s, err);
}

static int take_score(struct search *s, struct engine_result *result)
{
    s->all[result->tag].score = result->score;
    engine_node_release(s->verifier, result->node);
    return 0;
}

/* The verifier reads a step with its tag, and what stands before it where that is not there. */
static int read_step(struct search *s, int round, int i, struct ponder_err *err)
{
    struct candidate *one = at(s, round, i);
    if (one->read)
        return PONDER_OK;
    int status = round ? read_step(s, round - 1, one->parent, err) : PONDER_OK;
    int64_t before = round ? at(s, round - 1, one->parent)->read : s->prompt_read;
    if (!status)
        status = local_prompt_ids(s->verifier, before, one->tokens, s->step_tokens + 1, &one->read, err);
    struct engine_request request = {.tag = one - s->all,
                                     .parent = one->read,
                                     .score = true,
                                     .good = TOKENIZER_GOOD,
                                     .bad = TOKENIZER_BAD};
    return status ? status : engine_submit(s->verifier, &request, err);
}

static void forget(struct engine *engine, int64_t *node)
{
    if (*node)
        engine_node_release(engine, *node);
    *node = 0;
}

static int judge(struct search *s, int round, struct ponder_err *err)
{
    int status = PONDER_OK;
    if (!s->prompt_read)
        status = local_prompt_ids(s->verifier, 0, s->prompt, s->prompt_tokens, &s->prompt_read, err);
    for (int i = 0; i < s->n && !status; i++)
        status = read_step(s, round, i, err);
    if (!status)
        status = wait_all(s->verifier, take_score, s, err);
    for (int r = 0; r <= round && !s->keep; r++)
        for (int i = 0; i < s->n; i++)
            forget(s->verifier, &at(s, r, i)->read);
    if (!s->keep)
        forget(s->verifier, &s->prompt_read);
    return status;
}

static int better_first(const void *left, const void *right, void *candidates)
{
    const struct candidate *all = candidates;
    double a = all[*(const int *)left].score, b = all[*(const int *)right].score;
    return a > b ? -1 : a < b;
}

/* The best come first in s->order; the others' nodes, and all of the round before, are given back. */
static void choose(struct search *s, int round)
{
    for (int i = 0; i < s->n; i++)
        s->order[i] = i;
    qsort_r(s->order, (size_t)s->n, sizeof *s->order, better_first, at(s, round, 0));
    for (int i = s->n / s->width; i < s->n; i++) {
        forget(s->proposer, &at(s, round, s->order[i])->node);
        forget(s->verifier, &at(s, round, s->order[i])->read);
    }
    for (int i = 0; i < s->n && round; i++) {
        forget(s->proposer, &at(s, round - 1, i)->node);
        forget(s->verifier, &at(s, round - 1, i)->read);
    }
}

static int run(struct search *s, struct ponder_err *err)
{
    for (int i = 0; i < s->prompt_tokens; i++)
        s->prompt[i] = TOKENIZER_SPECIAL_COUNT +
                       (int32_t)((i * 7919LL + s->question * 104729LL) % (VOCAB - TOKENIZER_SPECIAL_COUNT));
    int status = local_prompt_ids(s->proposer, 0, s->prompt, s->prompt_tokens, &s->prompt_node, err);
    for (int round = 0; round < s->rounds && !status; round++) {
        status = propose(s, round, err);
        if (!status)
            status = judge(s, round, err);
        if (!status)
            choose(s, round);
    }
    return status;
}

/* ---- the program ---- */

static int open_one(struct lm_model **model, struct engine **engine, const char *path, int threads, int rows,
                    struct ponder_err *err)
{
    struct local_options options = {
        .threads = threads, .rows_max = rows, .branches_max = rows, .kv_type = KV_F16};
    int status = lm_model_open(model, path, err);
    if (!status && (*model)->shape.vocab != VOCAB)
        status = err_set(err, PONDER_E_ARGUMENT, "%s is not of `search_fixed make`", path);
    return status ? status : local_open(engine, *model, &options, err);
}

static void report(const struct search *s, double seconds)
{
    struct engine_usage proposed, judged;
    engine_usage_get(s->proposer, &proposed);
    engine_usage_get(s->verifier, &judged);
    printf("{\"seconds\": %.4f, \"rounds\": %d, \"generated_tokens\": %d, \"verifier_tokens\": %lld}\n",
           seconds, s->rounds, s->rounds * s->n * s->step_tokens,
           (long long)(judged.prompt_tokens + judged.recomputed_tokens));
}

static int open_run(struct search *s, char **argv, struct ponder_err *err)
{
    int *const numbers[] = {&s->n,        &s->width,  &s->step_tokens, &s->rounds, &s->prompt_tokens,
                            &s->question, &s->threads};
    for (int i = 0; i < 7; i++)
        *numbers[i] = atoi(argv[4 + i]);
    s->keep = atoi(argv[11]) != 0;
    if (s->n < 1 || s->n > N_MAX || s->width < 1 || s->n % s->width || s->step_tokens < 1 ||
        s->step_tokens > TOKENS_MAX || s->rounds < 1 || s->rounds > ROUNDS_MAX || s->prompt_tokens < 1 ||
        s->prompt_tokens > TOKENS_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "a number is out of range");
    s->all = calloc((size_t)s->rounds * s->n, sizeof *s->all);
    s->order = calloc((size_t)s->n, sizeof *s->order);
    if (!s->all || !s->order)
        return err_memory(err, "candidates");
    int status = open_one(&s->proposer_model, &s->proposer, argv[2], s->threads, 0, err);
    return status ? status : open_one(&s->verifier_model, &s->verifier, argv[3], s->threads, 1024, err);
}

static int run_and_report(char **argv, struct ponder_err *err)
{
    struct search s = {0};
    int status = open_run(&s, argv, err);
    double start_s = clock_now_s(&clock_system);
    if (!status)
        status = run(&s, err);
    if (!status)
        report(&s, clock_now_s(&clock_system) - start_s);
    engine_release(s.proposer);
    engine_release(s.verifier);
    lm_model_release(s.proposer_model);
    lm_model_release(s.verifier_model);
    free(s.all);
    free(s.order);
    return status;
}

int main(int argc, char **argv)
{
    struct ponder_err err = {0};
    int status;
    if (argc == 4 && !strcmp(argv[1], "make"))
        status = make(argv[2], strtoull(argv[3], NULL, 10), &err);
    else if (argc == 12 && !strcmp(argv[1], "run"))
        status = run_and_report(argv, &err);
    else {
        fprintf(stderr,
                "usage: search_fixed make FILE SEED | run PROPOSER VERIFIER N WIDTH STEP_TOKENS ROUNDS "
                "PROMPT_TOKENS QUESTION THREADS KEEP\n");
        return 2;
    }
    if (status)
        fprintf(stderr, "search_fixed: %s\n", err.message);
    return status ? 1 : 0;
}
