/* logprobs.c - what a model expects at each position of a text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "model/ponder_model.h"

enum { ROWS_MAX = 128 };

/* Natural log of the sum of exponentials of `logits`. */
static double log_sum(const float *logits, int n)
{
    double top = logits[0], sum = 0;
    for (int i = 1; i < n; i++)
        top = logits[i] > top ? logits[i] : top;
    for (int i = 0; i < n; i++)
        sum += exp(logits[i] - top);
    return top + log(sum);
}

/* The k largest logits, best first, the lower id of equals first. */
static void top_of(const float *logits, int n, int64_t k, double norm, int32_t *ids, double *values)
{
    int64_t held = 0;
    for (int i = 0; i < n; i++) {
        double value = logits[i] - norm;
        if (held == k && value <= values[k - 1])
            continue;
        int64_t at = held < k ? held++ : k - 1;
        for (; at > 0 && values[at - 1] < value; at--) {
            values[at] = values[at - 1];
            ids[at] = ids[at - 1];
        }
        values[at] = value;
        ids[at] = i;
    }
}

/* Rows [first, first + rows) of the text, whose logits stand in `logits` (rows, V). */
static void logprobs_fill(struct ponder_logprobs *out, int first, int rows, const float *logits, int vocab)
{
    for (int row = 0; row < rows; row++) {
        int at = first + row;
        const float *line = logits + (size_t)row * (size_t)vocab;
        double norm = log_sum(line, vocab);
        out->next[at] = at + 1 < out->count ? line[out->tokens[at + 1]] - norm : NAN;
        top_of(line, vocab, out->top, norm, out->top_ids + at * out->top, out->top_values + at * out->top);
    }
}

static int pass(struct lm_run *run, struct kv_tree *kv, int segment, int vocab, struct ponder_logprobs *out,
                struct ponder_err *err)
{
    int32_t positions[ROWS_MAX], segments[ROWS_MAX];
    for (int first = 0; first < out->count; first += ROWS_MAX) {
        int rows = out->count - first < ROWS_MAX ? (int)out->count - first : ROWS_MAX;
        for (int i = 0; i < rows; i++) {
            positions[i] = first + i;
            segments[i] = segment;
        }
        struct lm_batch batch = {.rows = rows,
                                 .tokens = out->tokens + first,
                                 .positions = positions,
                                 .kv = kv,
                                 .segments = segments};
        float *logits;
        int status = lm_forward(run, &batch, &logits, err);
        if (status)
            return status;
        logprobs_fill(out, first, rows, logits, vocab);
    }
    return PONDER_OK;
}

static int compute(const struct lm_model *lm, const struct lm_run_options *options,
                   struct ponder_logprobs *out, struct ponder_err *err)
{
    struct lm_run *run = NULL;
    struct kv_tree *kv = NULL;
    int status = lm_run_open(&run, lm, options, err);
    if (!status)
        status = kv_tree_open(&kv, &lm->shape, KV_F32, (size_t)1 << 40, err);
    int segment = status ? -1 : kv_segment_new(kv, -1, 0);
    if (!status && segment < 0)
        status = err_memory(err, "keys and values");
    if (!status &&
        (kv_append(kv, segment, out->tokens, (int)out->count) || kv_reserve(kv, segment, (int)out->count)))
        status = err_memory(err, "keys and values");
    if (!status)
        status = pass(run, kv, segment, lm->shape.vocab, out, err);
    kv_tree_release(kv);
    lm_run_release(run);
    return status;
}

static int encode(const struct lm_model *lm, const char *text, size_t len, struct ponder_logprobs *out,
                  struct ponder_err *err)
{
    struct tokenizer_ids ids = {0};
    int status = tokenizer_encode(lm->tokenizer, text, len, TOKENIZER_ADD_BOS, &ids, err);
    if (!status && ids.count == 0)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "the prompt is empty, and this model begins with no token of its own");
    if (!status && ids.count > (size_t)lm->shape.context)
        status = err_set(err, PONDER_E_LIMIT, "the prompt has %zu tokens; the model's context is %d",
                         ids.count, lm->shape.context);
    if (status) {
        tokenizer_ids_release(&ids);
        return status;
    }
    out->tokens = ids.ids;
    out->count = (int64_t)ids.count;
    size_t count = ids.count, cells = count * (size_t)out->top;
    out->next = malloc(count * sizeof *out->next);
    out->top_ids = malloc((cells + 1) * sizeof *out->top_ids);
    out->top_values = malloc((cells + 1) * sizeof *out->top_values);
    return out->next && out->top_ids && out->top_values ? PONDER_OK : err_memory(err, "log-probabilities");
}

int ponder_model_logprobs(struct ponder_model *model, const char *text, size_t len, int64_t top,
                          const char *precision, int64_t threads, struct ponder_logprobs *out,
                          struct ponder_err *err)
{
    *out = (struct ponder_logprobs){0};
    if (!model->lm)
        return err_set(err, PONDER_E_UNSUPPORTED, "%s is behind a server; give a GGUF file", model->path);
    int vocab = model->lm->shape.vocab;
    *out = (struct ponder_logprobs){.top = top < 0 ? 0 : top > vocab ? vocab : top};
    struct lm_run_options options = {.rows_max = ROWS_MAX, .threads = (int)threads};
    int status = precision_parse(precision, &options.precision, err);
    if (!status)
        status = encode(model->lm, text, len, out, err);
    if (!status)
        status = compute(model->lm, &options, out, err);
    if (status)
        ponder_logprobs_release(out);
    return status;
}

void ponder_logprobs_release(struct ponder_logprobs *logprobs)
{
    free(logprobs->tokens);
    free(logprobs->next);
    free(logprobs->top_ids);
    free(logprobs->top_values);
    *logprobs = (struct ponder_logprobs){0};
}

static json_t *piece_json(const struct ponder_model *model, int32_t id)
{
    struct buf piece = BUF_INIT(1 << 16);
    int status = tokenizer_piece(model->lm->tokenizer, id, true, &piece);
    json_t *text = status ? json_null() : json_from_text(buf_text(&piece), piece.len);
    buf_release(&piece);
    return text;
}

static json_t *position_json(const struct ponder_model *model, const struct ponder_logprobs *logprobs,
                             int64_t at)
{
    json_t *top = json_array();
    for (int64_t k = 0; k < logprobs->top; k++) {
        int32_t id = logprobs->top_ids[at * logprobs->top + k];
        json_array_append_new(top, json_pack("{s:i, s:o, s:f}", "token", id, "text", piece_json(model, id),
                                             "logprob", logprobs->top_values[at * logprobs->top + k]));
    }
    return json_pack("{s:i, s:o, s:o, s:o}", "token", logprobs->tokens[at], "text",
                     piece_json(model, logprobs->tokens[at]), "next_logprob",
                     json_from_real(logprobs->next[at]), "top", top);
}

int ponder_logprobs_json(const struct ponder_model *model, const struct ponder_logprobs *logprobs,
                         char **json, struct ponder_err *err)
{
    json_t *tokens = json_array(), *positions = json_array();
    for (int64_t i = 0; i < logprobs->count; i++) {
        json_array_append_new(tokens, json_integer(logprobs->tokens[i]));
        json_array_append_new(positions, position_json(model, logprobs, i));
    }
    return json_print(json_pack("{s:o, s:o}", "tokens", tokens, "positions", positions), json, err);
}
