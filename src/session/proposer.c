/* proposer.c - what programs call: a model, its engine for the length of the call, and the work over it. */
#include "session/proposer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "engine/local.h"
#include "engine/openai.h"
#include "kernels/sample.h"
#include "driver/best_of_n.h"
#include "prompt/prompt.h"
#include "search/search.h"

static int check_range(const struct ponder_sampling *s, struct ponder_err *err)
{
    struct sample_options options = {s->temperature, 0, s->top_p, s->min_p};
    int status = sample_options_check(&options, err);
    if (status)
        return status;
    if (s->pool && strcmp(s->pool, "samples") != 0 && strcmp(s->pool, "greedy") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--pool: '%.40s' is neither samples nor greedy", s->pool);
    if (s->n < 1 || s->max_tokens < 1 || s->max_tokens > 1000000 || s->top_k < 0 || s->top_k > 1000000)
        return err_set(err, PONDER_E_ARGUMENT, "sampling: n, max-tokens or top-k is out of range");
    if (s->threads < 0 || s->threads > 1024 || s->kv_mib < 1 || s->kv_mib > 1048576)
        return err_set(err, PONDER_E_ARGUMENT, "sampling: threads or kv-mib is out of range");
    if (s->weights_mib < 0 || s->weights_mib > 1048576)
        return err_set(err, PONDER_E_ARGUMENT, "sampling: weights-memory is out of range");
    return PONDER_OK;
}

int proposer_check(const struct ponder_model *model, const struct ponder_sampling *sampling,
                   struct ponder_err *err)
{
    int status = check_range(sampling, err);
    if (!status && model->remote && (sampling->top_k > 0 || sampling->min_p > 0) &&
        !(openai_model_takes(model->remote) & OPENAI_TAKES_CUTS))
        status = err_set(err, PONDER_E_UNSUPPORTED,
                         "the server does not take --top-k and --min-p; leave them away, or use --top-p");
    return status;
}

static int open_remote(struct engine **out, const struct ponder_model *model,
                       const struct ponder_sampling *sampling, struct ponder_err *err)
{
    if (sampling->exact)
        return err_set(
            err, PONDER_E_ARGUMENT,
            "--exact is for a model in this process; what a server computes with is its own choice");
    int status = openai_open(out, model->remote, err);
    if (!status && sampling->seed < 0)
        openai_seedless(*out);
    return status;
}

static int open_local(struct engine **out, const struct ponder_model *model,
                      const struct ponder_sampling *sampling, struct ponder_err *err)
{
    struct local_options options = {
        .threads = (int)sampling->threads,
        .kv_bytes_max = (size_t)sampling->kv_mib << 20,
        .weights_bytes_max = (size_t)sampling->weights_mib << 20,
        .kv_type = sampling->exact ? KV_F32 : KV_F16,
        .exact = sampling->exact,
    };
    int status = precision_parse(sampling->precision, &options.precision, err);
    if (!status && sampling->seed < 0)
        status = err_set(err, PONDER_E_ARGUMENT, "--seed none is for a model behind a server");
    if (!status && sampling->exact &&
        (options.precision == LM_PRECISION_BF16 || options.precision == LM_PRECISION_INT8))
        status = err_set(err, PONDER_E_ARGUMENT, "--exact computes in f32; leave --precision %s away",
                         sampling->precision);
    if (!status && !model->lm->tokenizer)
        status = err_set(err, PONDER_E_UNSUPPORTED, "%s has no tokenizer", model->path);
    if (sampling->exact)
        options.precision = LM_PRECISION_F32;
    return status ? status : local_open(out, model->lm, &options, err);
}

int proposer_open(struct engine **out, const struct ponder_model *model,
                  const struct ponder_sampling *sampling, struct ponder_err *err)
{
    int status = proposer_check(model, sampling, err);
    if (status)
        return status;
    return model->remote ? open_remote(out, model, sampling, err) : open_local(out, model, sampling, err);
}

enum ponder_purpose proposer_purpose(const struct ponder_search *search, int64_t n)
{
    const struct search_ops *ops = search ? search_find(search->name) : NULL;
    if (ops && ops->by_steps)
        return PONDER_FOR_SEARCH;
    if (n == 1)
        return PONDER_FOR_ONE;
    if (!search || strcmp(ponder_search_verifier(search), "vote") == 0 ||
        strcmp(search->select, "majority") == 0)
        return PONDER_FOR_VOTE;
    return strcmp(search->select, "best") == 0 ? PONDER_FOR_BEST : PONDER_FOR_WEIGHTED;
}

struct ponder_sampling proposer_sampling(const struct ponder_model *model, const struct ponder_search *search,
                                         const struct ponder_sampling *sampling)
{
    return ponder_model_sampling(model, proposer_purpose(search, sampling->n), sampling);
}

/* The space that SentencePiece puts before the first word of a text is no part of a text that begins here. */
static int drop_first_space(const struct ponder_model *model, struct best_of_n_sample *sample)
{
    struct buf text = BUF_INIT(SIZE_MAX / 2);
    struct ponder_err ignored;
    int status =
        tokenizer_decode(model->lm->tokenizer, sample->tokens, (size_t)sample->token_count, &text, &ignored);
    if (!status) {
        free(sample->text);
        sample->len = text.len;
        sample->text = buf_take(&text, NULL);
        status = sample->text ? PONDER_OK : PONDER_E_MEMORY;
    }
    buf_release(&text);
    return status;
}

static int take_texts(const struct ponder_model *model, struct best_of_n *run, bool at_start,
                      struct ponder_texts_out *out)
{
    out->items = calloc((size_t)run->n, sizeof *out->items);
    if (!out->items)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < run->n; i++) {
        struct best_of_n_sample *sample = &run->samples[i];
        if (!sample->text)
            continue;
        int status = at_start && sample->tokens ? drop_first_space(model, sample) : PONDER_OK;
        if (status)
            return status;
        out->items[out->count++] = (struct ponder_text){sample->text, sample->len, sample->token_count,
                                                        sample->logprob, engine_finish_name(sample->finish)};
        sample->text = NULL;
    }
    out->ledger = run->ledger;
    return PONDER_OK;
}

int ponder_model_generate(struct ponder_model *model, const char *prompt, size_t len,
                          const struct ponder_sampling *sampling, const struct ponder_watch *watch,
                          struct ponder_texts_out *out, struct ponder_err *err)
{
    *out = (struct ponder_texts_out){0};
    struct engine *engine;
    int status = proposer_open(&engine, model, sampling, err);
    if (status)
        return status;
    struct prompt one = {.text = prompt, .len = len, .key = prompt_key(sampling->seed, prompt, len)};
    struct best_of_n run = {0};
    status = best_of_n_run(engine, &one, 1, sampling, &clock_system, watch, NULL, &run, err);
    if (!status && take_texts(model, &run, len == 0, out))
        status = err_memory(err, "the texts");
    best_of_n_release(&run);
    engine_release(engine);
    if (status)
        ponder_texts_release(out);
    return status;
}

void ponder_texts_release(struct ponder_texts_out *texts)
{
    for (int64_t i = 0; i < texts->count; i++)
        free(texts->items[i].text);
    free(texts->items);
    *texts = (struct ponder_texts_out){0};
}
