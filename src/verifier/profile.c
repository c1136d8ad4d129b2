#include "verifier/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"

#define KEY(name) "ponder.verifier." name

static const char *const aggregate_name[] = {"last", "min", "prod"};

struct verifier_profile verifier_profile_own(void)
{
    return (struct verifier_profile){.template = "Judge: {question}\nA:\n",
                                     .separator = "\n",
                                     .tag = TOKENIZER_STEP,
                                     .good = TOKENIZER_GOOD,
                                     .bad = TOKENIZER_BAD,
                                     .aggregate = VERIFIER_MIN};
}

int verifier_aggregate_parse(const char *text, enum verifier_aggregate *out, struct ponder_err *err)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, aggregate_name[i]) == 0) {
            *out = (enum verifier_aggregate)i;
            return PONDER_OK;
        }
    }
    return err_set(err, PONDER_E_ARGUMENT, "'%.40s' is no way to sum up step scores; last, min or prod",
                   text);
}

double verifier_aggregate(enum verifier_aggregate how, const float *scores, int n)
{
    if (n == 0)
        return 0;
    double score = scores[n - 1];
    for (int i = 0; i + 1 < n; i++) {
        if (how == VERIFIER_PROD)
            score *= scores[i];
        else if (how == VERIFIER_MIN && scores[i] < score)
            score = scores[i];
    }
    return score;
}

static int read_text(const struct gguf_file *file, const char *key, char *out, size_t size,
                     struct ponder_err *err)
{
    struct gguf_string text;
    if (!gguf_find(file, key))
        return PONDER_OK;
    int status = gguf_get_string(file, key, &text, err);
    if (status)
        return status;
    if (text.len == 0 || text.len >= size)
        return err_set(err, PONDER_E_FORMAT, "%s: key '%s' has %zu bytes; 1 to %zu are taken",
                       gguf_path(file), key, text.len, size - 1);
    memcpy(out, text.data, text.len);
    out[text.len] = 0;
    return PONDER_OK;
}

static int read_token(const struct gguf_file *file, const char *key, int vocab, int32_t *out,
                      struct ponder_err *err)
{
    uint32_t id;
    if (!gguf_find(file, key))
        return PONDER_OK;
    int status = gguf_get_u32(file, key, &id, err);
    if (!status && id >= (uint32_t)vocab)
        return err_set(err, PONDER_E_FORMAT, "%s: key '%s' is %u, and the vocabulary has %d tokens",
                       gguf_path(file), key, id, vocab);
    if (!status)
        *out = (int32_t)id;
    return status;
}

int verifier_profile_read(struct verifier_profile *out, const struct gguf_file *file, int vocab,
                          struct ponder_err *err)
{
    *out = verifier_profile_own();
    char how[16] = "";
    int status = read_text(file, KEY("template"), out->template, sizeof out->template, err);
    if (!status)
        status = read_text(file, KEY("separator"), out->separator, sizeof out->separator, err);
    if (!status)
        status = read_token(file, KEY("tag_token_id"), vocab, &out->tag, err);
    if (!status)
        status = read_token(file, KEY("good_token_id"), vocab, &out->good, err);
    if (!status)
        status = read_token(file, KEY("bad_token_id"), vocab, &out->bad, err);
    if (!status)
        status = read_text(file, KEY("aggregate"), how, sizeof how, err);
    if (!status && *how)
        status = verifier_aggregate_parse(how, &out->aggregate, err);
    return status;
}

void verifier_profile_put(const struct verifier_profile *profile, struct gguf_writer *writer)
{
    gguf_put_text(writer, KEY("template"), profile->template);
    gguf_put_text(writer, KEY("separator"), profile->separator);
    gguf_put_u32(writer, KEY("tag_token_id"), (uint32_t)profile->tag);
    gguf_put_u32(writer, KEY("good_token_id"), (uint32_t)profile->good);
    gguf_put_u32(writer, KEY("bad_token_id"), (uint32_t)profile->bad);
    gguf_put_text(writer, KEY("aggregate"), aggregate_name[profile->aggregate]);
}

static int put_tag(struct verifier_input *out, int32_t tag)
{
    if (out->steps == out->cap) {
        int cap = out->cap ? out->cap * 2 : 16;
        int *more = realloc(out->tags, (size_t)cap * sizeof *more);
        if (!more)
            return PONDER_E_MEMORY;
        out->tags = more;
        out->cap = cap;
    }
    out->tags[out->steps++] = (int)out->ids.count;
    return tokenizer_ids_push(&out->ids, tag);
}

static int put_prompt(const struct verifier_profile *profile, const struct tokenizer *tokenizer,
                      const char *question, struct verifier_input *out, struct ponder_err *err)
{
    const char *hole = strstr(profile->template, "{question}");
    struct buf text = BUF_INIT(1 << 20);
    if (!hole)
        return err_set(err, PONDER_E_FORMAT, "the verifier's template has no {question}");
    buf_append(&text, profile->template, (size_t)(hole - profile->template));
    buf_puts(&text, question);
    buf_puts(&text, hole + strlen("{question}"));
    int status = buf_ok(&text) ? tokenizer_encode(tokenizer, buf_text(&text), text.len, TOKENIZER_ADD_BOS,
                                                  &out->ids, err)
                               : err_memory(err, "a verifier's prompt");
    buf_release(&text);
    return status;
}

int verifier_encode(const struct verifier_profile *profile, const struct tokenizer *tokenizer,
                    const char *question, const char *solution, struct verifier_input *out,
                    struct ponder_err *err)
{
    out->ids.count = 0;
    out->steps = 0;
    size_t gap = strlen(profile->separator);
    int status = put_prompt(profile, tokenizer, question, out, err);
    out->prompt = out->ids.count;
    for (const char *step = solution; !status && *step;) {
        const char *end = strstr(step, profile->separator);
        size_t n = end ? (size_t)(end - step) : strlen(step);
        status = tokenizer_encode(tokenizer, step, n, 0, &out->ids, err);
        if (!status && put_tag(out, profile->tag))
            status = err_memory(err, "a verifier's input");
        step += n;
        if (!status && end) {
            status = tokenizer_encode(tokenizer, profile->separator, gap, 0, &out->ids, err);
            step += gap;
        }
    }
    return status;
}

void verifier_input_release(struct verifier_input *input)
{
    tokenizer_ids_release(&input->ids);
    free(input->tags);
    *input = (struct verifier_input){0};
}
