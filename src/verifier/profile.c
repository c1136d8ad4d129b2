#include "verifier/profile.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"

#define KEY(name) "ponder.verifier." name

static const char *const aggregate_name[] = {"last", "min", "prod", "mean"};

struct verifier_profile verifier_profile_own(void)
{
    return (struct verifier_profile){
        .template = "Judge: {question}\nA:\n",
        .separator = "\n",
        .tag = TOKENIZER_STEP,
        .good = TOKENIZER_GOOD,
        .bad = TOKENIZER_BAD,
        .aggregate = VERIFIER_MIN,
        .class = -1,
        .probe = {.question = "Positive integers a and b satisfy a(a+1)=12 and b(b+5)=50. What is a+b?",
                  .right = "a(a+1)=12: a=3, 3+1=4, 3*4=12.\nb(b+5)=50: b=5, 5+5=10, 5*10=50.\n3+5=8.\n"
                           "The answer is \\boxed{8}.",
                  .wrong = "a(a+1)=12: a=3, 3+1=4, 3*4=12.\nb(b+5)=50: b=4, 4+5=9, 4*9=50.\n3+4=7.\n"
                           "The answer is \\boxed{7}."},
    };
}

/* ---- from step scores to one ---- */

int verifier_aggregate_parse(const char *text, enum verifier_aggregate *out, struct ponder_err *err)
{
    for (int i = 0; i < VERIFIER_AGGREGATES; i++) {
        if (strcmp(text, aggregate_name[i]) == 0) {
            *out = (enum verifier_aggregate)i;
            return PONDER_OK;
        }
    }
    return err_set(err, PONDER_E_ARGUMENT, "'%.40s' is no way to sum up step scores; last, min, prod or mean",
                   text);
}

const char *verifier_aggregate_name(enum verifier_aggregate how)
{
    return aggregate_name[how];
}

double verifier_aggregate(enum verifier_aggregate how, const float *scores, int n)
{
    if (n == 0)
        return 0;
    double score = scores[n - 1];
    for (int i = 0; i + 1 < n; i++) {
        if (how == VERIFIER_PROD)
            score *= scores[i];
        else if (how == VERIFIER_MEAN)
            score += scores[i];
        else if (how == VERIFIER_MIN && scores[i] < score)
            score = scores[i];
    }
    return how == VERIFIER_MEAN ? score / n : score;
}

/* ---- in a GGUF file ---- */

uint64_t verifier_profile_hash(const struct verifier_profile *p)
{
    const char *const texts[] = {p->template, p->separator, p->between,  p->turn,
                                 p->tag_text, p->good_text, p->bad_text, p->model};
    const int64_t numbers[] = {p->kind, p->tag, p->good, p->bad, p->strip, p->outcome, p->server, p->class};
    uint64_t hash = hash_bytes((const char *)numbers, sizeof numbers);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        hash = rng_key(hash, hash_bytes(texts[i], strlen(texts[i])));
    return hash;
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

/* A verifier of another task is not asked about ours. */
static int read_probe(const struct gguf_file *file, struct verifier_profile *out, struct ponder_err *err)
{
    struct verifier_probe *probe = &out->probe;
    struct verifier_profile own = verifier_profile_own();
    if (gguf_find(file, KEY("probe.question")) || strcmp(out->template, own.template) != 0)
        *probe = (struct verifier_probe){0};
    int status = read_text(file, KEY("probe.question"), probe->question, sizeof probe->question, err);
    if (!status)
        status = read_text(file, KEY("probe.right"), probe->right, sizeof probe->right, err);
    if (!status)
        status = read_text(file, KEY("probe.wrong"), probe->wrong, sizeof probe->wrong, err);
    if (!status && *probe->question && (!*probe->right || !*probe->wrong))
        status = err_set(err, PONDER_E_FORMAT,
                         "%s: a probe is three keys, " KEY("probe") ".question, .right and .wrong",
                         gguf_path(file));
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
    if (!status && gguf_find(file, KEY("outcome")))
        status = gguf_get_bool(file, KEY("outcome"), &out->outcome, err);
    return status ? status : read_probe(file, out, err);
}

void verifier_profile_put(const struct verifier_profile *profile, struct gguf_writer *writer)
{
    gguf_put_text(writer, KEY("template"), profile->template);
    gguf_put_text(writer, KEY("separator"), profile->separator);
    gguf_put_u32(writer, KEY("tag_token_id"), (uint32_t)profile->tag);
    gguf_put_u32(writer, KEY("good_token_id"), (uint32_t)profile->good);
    gguf_put_u32(writer, KEY("bad_token_id"), (uint32_t)profile->bad);
    gguf_put_text(writer, KEY("aggregate"), aggregate_name[profile->aggregate]);
    if (profile->outcome)
        gguf_put_bool(writer, KEY("outcome"), true);
    if (!*profile->probe.question)
        return;
    gguf_put_text(writer, KEY("probe.question"), profile->probe.question);
    gguf_put_text(writer, KEY("probe.right"), profile->probe.right);
    gguf_put_text(writer, KEY("probe.wrong"), profile->probe.wrong);
}
