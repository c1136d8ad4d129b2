#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/number.h"
#include "core/json.h"
#include "http/json_reply.h"
#include "verifier/remote.h"

enum { LIKELY_COUNT = 20 };           /* as many as vLLM gives unless it is told otherwise */
static const double label_bias = 100; /* more than logits differ by */

/* ---- requests ---- */

const char *remote_path(const struct remote *remote)
{
    static const char *const paths[] = {[VERIFIER_SERVER_AUTO] = "",
                                        [VERIFIER_POOLING] = "/pooling",
                                        [VERIFIER_COMPLETIONS] = "/v1/completions",
                                        [VERIFIER_LLAMA] = "/completion",
                                        [VERIFIER_CLASSIFY] = "/classify"};
    return paths[remote->profile.server];
}

static json_t *llama_body(const struct verifier_profile *p, json_t *text)
{
    return json_pack("{s:o, s:i, s:i, s:b, s:f, s:[s], s:b, s:[[i,f],[i,f]], s:[s,s,s]}", "prompt", text,
                     "n_predict", 1, "n_probs", 2, "post_sampling_probs", 1, "temperature", 1.0, "samplers",
                     "temperature", "cache_prompt", 1, "logit_bias", p->good, label_bias, p->bad, label_bias,
                     "response_fields", "completion_probabilities", "tokens_evaluated", "timings");
}

static json_t *completions_body(const struct verifier_profile *p, json_t *text)
{
    json_t *body = json_pack("{s:s, s:o, s:i, s:i, s:f}", "model", p->model, "prompt", text, "max_tokens", 1,
                             "logprobs", LIKELY_COUNT, "temperature", 0.0);
    if (body && p->good >= 0)
        json_object_set_new(body, "return_tokens_as_token_ids", json_true());
    return body;
}

int remote_body(const struct remote *remote, const char *text, size_t len, char **body,
                struct ponder_err *err)
{
    const struct verifier_profile *p = &remote->profile;
    json_t *value = json_from_text(text, len);
    if (p->server == VERIFIER_LLAMA)
        return json_print(llama_body(p, value), body, err);
    if (p->server == VERIFIER_COMPLETIONS)
        return json_print(completions_body(p, value), body, err);
    if (p->server == VERIFIER_CLASSIFY)
        return json_print(json_pack("{s:s, s:o}", "model", p->model, "input", value), body, err);
    return json_print(
        json_pack("{s:s, s:o, s:s}", "model", p->model, "input", value, "task", "token_classify"), body, err);
}

int remote_tokenize_body(const struct remote *remote, const char *text, size_t len, char **body,
                         struct ponder_err *err)
{
    return json_print(
        json_pack("{s:s, s:o}", "model", remote->profile.model, "prompt", json_from_text(text, len)), body,
        err);
}

/* ---- replies ---- */

static int protocol_wrong(const struct remote *remote, const char *path, const char *what,
                          struct ponder_err *err)
{
    return err_set(err, PONDER_E_ENGINE, "%s%s: the reply %s", http_base(remote->http), path, what);
}

/* A reply's object; NULL with an error where it is none. */
static json_t *object_of(const struct remote *remote, const struct http_job *job, int *status,
                         struct ponder_err *err)
{
    json_error_t error;
    char what[256];
    *status = job->status == 200 ? PONDER_OK : http_refused(remote->http, job, err);
    if (*status)
        return NULL;
    json_t *root = json_reply(buf_text(&job->reply), job->reply.len, &error);
    if (json_is_object(root))
        return root;
    snprintf(what, sizeof what, "is no JSON object: %s", root ? "it is an array" : error.text);
    *status = protocol_wrong(remote, job->path, what, err);
    json_decref(root);
    return NULL;
}

bool remote_is_too_long(const struct remote *remote, const struct http_job *job, int bytes)
{
    enum { TOKEN_BYTES = 16 }; /* of a text's tokens, on average: never so many */
    static const char *const words[] = {"context length", "context size",  "context window", "max_model_len",
                                        "model length",   "too long",      "too large",      "maximum length",
                                        "input tokens",   "maximum input", "exceeds the"};
    if (!job)
        return remote->context > 0 && bytes / TOKEN_BYTES > remote->context;
    bool refused = job->status == 400 || job->status == 413 || job->status == 422 || job->status == 500;
    if (!refused || (remote->context > 0 && bytes <= remote->context)) /* a token is a byte at least */
        return false;
    char *said = http_words(buf_text(&job->reply), job->reply.len);
    bool named = job->status == 413;
    for (size_t i = 0; i < sizeof words / sizeof *words && said; i++)
        named |= strcasestr(said, words[i]) != NULL;
    free(said);
    return named;
}

static int64_t number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : 0;
    return number > 0 && number < INT32_MAX ? number : 0;
}

/* What was computed: not what the server had of an earlier request. */
static int64_t tokens_of(const json_t *root)
{
    const json_t *usage = json_object_get(root, "usage"), *timings = json_object_get(root, "timings");
    int64_t cached = number_at(json_object_get(usage, "prompt_tokens_details"), "cached_tokens");
    int64_t all = number_at(usage, "prompt_tokens");
    if (!usage)
        return timings ? number_at(timings, "prompt_n") : number_at(root, "tokens_evaluated");
    return cached < all ? all - cached : all;
}

/* ---- completions ---- */

/* Log-probabilities of the labels; -INFINITY: not among the likely tokens. */
struct labels {
    double good, bad, least;
    int seen;
    bool loose; /* tokens are told without the space that they begin with */
};

/* A SentencePiece mark of a word's beginning is a space. */
static bool is_text(const char *token, const char *label)
{
    static const char mark[] = "\xe2\x96\x81";
    for (; *token && *label; label++) {
        size_t n = strncmp(token, mark, 3) == 0 && *label == ' ' ? 3 : 1;
        if (n == 1 && *token != *label)
            return false;
        token += n;
    }
    return !*token && !*label;
}

static bool is_label(const char *token, int32_t id, const char *text, bool loose)
{
    char by_id[32];
    if (id < 0)
        return is_text(token, loose && *text == ' ' ? text + 1 : text);
    snprintf(by_id, sizeof by_id, "token_id:%d", id);
    return strcmp(token, by_id) == 0;
}

static bool add_token(struct labels *labels, const struct verifier_profile *p, const char *token,
                      const json_t *logprob)
{
    double value = json_number_value(logprob);
    if (!token || !json_is_number(logprob) || !(value <= 1e-3))
        return false;
    if (is_label(token, p->good, p->good_text, labels->loose))
        labels->good = value;
    if (is_label(token, p->bad, p->bad_text, labels->loose))
        labels->bad = value;
    labels->least = value < labels->least ? value : labels->least;
    labels->seen++;
    return true;
}

/* Either form: {"top_logprobs": [{TOKEN: LOGPROB}]}, or {"content": [{"top_logprobs": [{"token",
 * "logprob"}]}]}. */
static bool read_labels(struct labels *labels, const struct verifier_profile *p, json_t *logprobs)
{
    json_t *top = json_array_get(json_object_get(logprobs, "top_logprobs"), 0), *value;
    json_t *list = json_object_get(json_array_get(json_object_get(logprobs, "content"), 0), "top_logprobs");
    const char *token;
    size_t i;
    bool ok = true;
    json_object_foreach(top, token, value) ok = ok && add_token(labels, p, token, value);
    json_array_foreach(list, i, value) ok =
        ok && add_token(labels, p, json_string_value(json_object_get(value, "token")),
                        json_object_get(value, "logprob"));
    return ok && labels->seen > 0;
}

/* As a profile has it: a text in quotes, or an id. */
static void name_label(char text[96], int32_t id, const char *own)
{
    if (id >= 0)
        snprintf(text, 96, "token %d", id);
    else
        snprintf(text, 96, "'%.60s'", own);
}

/* The label that is not among the likely tokens is at most as likely as the last of them. */
static int share(const struct remote *remote, const struct labels *labels, float *score,
                 struct ponder_err *err)
{
    const struct verifier_profile *p = &remote->profile;
    double good = labels->good, bad = labels->bad;
    char names[2][96];
    name_label(names[0], p->good, p->good_text);
    name_label(names[1], p->bad, p->bad_text);
    if (isinf(good) && isinf(bad))
        return err_set(
            err, PONDER_E_ENGINE,
            "%s/v1/completions: neither %s nor %s is among the %d most likely tokens behind a step; "
            "is this the profile of %s?",
            http_base(remote->http), names[0], names[1], labels->seen, p->model);
    good = isinf(good) ? labels->least : good;
    bad = isinf(bad) ? labels->least : bad;
    *score = (float)(1 / (1 + exp(bad - good)));
    return PONDER_OK;
}

static int take_completion(const struct remote *remote, json_t *root, const char *path, float *score,
                           struct ponder_err *err)
{
    struct labels labels = {-INFINITY, -INFINITY, 0, 0, false};
    json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    json_t *logprobs = json_object_get(choice, "logprobs");
    bool read = read_labels(&labels, &remote->profile, logprobs);
    if (read && isinf(labels.good) && isinf(labels.bad)) {
        labels = (struct labels){-INFINITY, -INFINITY, 0, 0, true};
        read = read_labels(&labels, &remote->profile, logprobs);
    }
    if (!read)
        return protocol_wrong(
            remote, path,
            "has no log-probabilities: choices[0].logprobs is to have top_logprobs of the first token", err);
    return share(remote, &labels, score, err);
}

/* ---- llama ---- */

static int take_llama(const struct remote *remote, json_t *root, const char *path, float *score,
                      struct ponder_err *err)
{
    json_t *token = json_array_get(json_object_get(root, "completion_probabilities"), 0), *one;
    double good = -1, bad = -1;
    size_t i;
    json_array_foreach(json_object_get(token, "top_probs"), i, one)
    {
        json_int_t id = json_integer_value(json_object_get(one, "id"));
        double prob = json_number_value(json_object_get(one, "prob"));
        if (id == remote->profile.good)
            good = prob;
        else if (id == remote->profile.bad)
            bad = prob;
    }
    if (good < 0 && bad > 0.999) /* so unlikely that the server rounds it away */
        good = 0;
    if (bad < 0 && good > 0.999)
        bad = 0;
    if (!(good >= 0 && good <= 1.001 && bad >= 0 && bad <= 1.001 && good + bad > 0))
        return protocol_wrong(remote, path, "has not the two labels in completion_probabilities[0].top_probs",
                              err);
    *score = (float)(good / (good + bad));
    return PONDER_OK;
}

int remote_take_score(const struct remote *remote, const struct http_job *job, float *score, int64_t *tokens,
                      struct ponder_err *err)
{
    int status;
    json_t *root = object_of(remote, job, &status, err);
    if (!root)
        return status;
    *tokens = tokens_of(root);
    status = remote->profile.server == VERIFIER_LLAMA ? take_llama(remote, root, job->path, score, err)
                                                      : take_completion(remote, root, job->path, score, err);
    json_decref(root);
    return status;
}

/* ---- pooling ---- */

/* A row is a number a class, or one number. */
static int take_row(const struct remote *remote, json_t *row, float *score, struct ponder_err *err)
{
    const char *path = remote_path(remote);
    size_t classes = json_array_size(row);
    int class = remote->profile.class;
    char what[200];
    const json_t *value =
        json_is_array(row) ? json_array_get(row, class < 0 ? classes - 1 : (size_t) class) : row;
    double number = json_number_value(value);
    if (json_is_number(value) && number >= 0 && number <= 1) {
        *score = (float)number;
        return PONDER_OK;
    }
    if (json_is_number(value))
        number_print(what, sizeof what,
                     "has %g where a probability is wanted: the server's pooler is to use its activation",
                     number);
    else if (json_is_array(row) && class >= 0 && (size_t) class >= classes)
        snprintf(what, sizeof what, "has %zu classes a row, and the profile's class is %d", classes, class);
    else
        snprintf(what, sizeof what, "has a row in data[0] that is neither a number nor numbers");
    return protocol_wrong(remote, path, what, err);
}

static json_t *rows_of(const struct remote *remote, json_t *root, int *status, struct ponder_err *err)
{
    json_t *first = json_array_get(json_object_get(root, "data"), 0), *rows = json_object_get(first, "data");
    *status = json_array_size(rows) > 0
                  ? PONDER_OK
                  : protocol_wrong(remote, "/pooling", "has no rows in data[0].data", err);
    return rows;
}

/* The one row of all of the text. */
static int take_classes(const struct remote *remote, json_t *root, float *score, struct ponder_err *err)
{
    json_t *probs = json_object_get(json_array_get(json_object_get(root, "data"), 0), "probs");
    return probs ? take_row(remote, probs, score, err)
                 : protocol_wrong(remote, "/classify",
                                  "has no probs in data[0]: is it a model of sequence classification?", err);
}

/* Whether one score is of all of the text, at its end. */
static bool is_of_whole(const struct remote *remote, int steps)
{
    return steps == 1 && (remote->profile.outcome || remote->profile.kind == VERIFIER_JUDGE);
}

int remote_take_rows(const struct remote *remote, const struct http_job *job, int steps, float *scores,
                     size_t *rows, int64_t *tokens, struct ponder_err *err)
{
    int status;
    json_t *root = object_of(remote, job, &status, err);
    *tokens = tokens_of(root);
    if (root && remote->profile.server == VERIFIER_CLASSIFY) {
        status = take_classes(remote, root, scores, err);
        *rows = 1;
        json_decref(root);
        return status;
    }
    json_t *all = root ? rows_of(remote, root, &status, err) : NULL;
    *rows = json_array_size(all);
    if (*rows > 1 && is_of_whole(remote, steps)) {
        status = take_row(remote, json_array_get(all, *rows - 1), scores, err);
        *rows = 1;
        json_decref(root);
        return status;
    }
    for (int i = 0; i < steps && !status && *rows == (size_t)steps; i++)
        status = take_row(remote, json_array_get(all, (size_t)i), &scores[i], err);
    json_decref(root);
    return status;
}

static int take_tagged(const struct remote *remote, json_t *rows, json_t *ids, int steps, float *scores,
                       struct ponder_err *err)
{
    size_t count = json_array_size(rows);
    const json_t *tag = json_array_get(ids, count - 1);
    int found = 0, before = 0, status = PONDER_OK;
    if (json_array_size(ids) != count || !json_is_integer(tag))
        return err_set(err, PONDER_E_ENGINE,
                       "%s/pooling: %zu rows for %zu tokens and %d steps; one a token or one a step",
                       http_base(remote->http), count, json_array_size(ids), steps);
    /* A judge is asked behind the solution: what is the tag before that is not. */
    for (size_t i = 0; i < count && remote->profile.kind == VERIFIER_JUDGE; i++)
        before += json_equal(json_array_get(ids, i), tag);
    before = before > steps ? before - steps : 0;
    for (size_t i = 0; i < count && !status; i++) {
        if (!json_equal(json_array_get(ids, i), tag) || before-- > 0)
            continue;
        if (found < steps)
            status = take_row(remote, json_array_get(rows, i), &scores[found], err);
        found++;
    }
    if (!status && found != steps)
        status = err_set(
            err, PONDER_E_ENGINE,
            "%s/tokenize: the tag's token stands %d times in a solution of %d steps; is '%s' the tag?",
            http_base(remote->http), found, steps, remote->profile.tag_text);
    return status;
}

int remote_take_tagged(const struct remote *remote, const struct http_job *rows, const struct http_job *ids,
                       int steps, float *scores, struct ponder_err *err)
{
    int status;
    json_t *row_root = object_of(remote, rows, &status, err);
    json_t *all = row_root ? rows_of(remote, row_root, &status, err) : NULL;
    json_t *id_root = status ? NULL : object_of(remote, ids, &status, err);
    if (!status)
        status = take_tagged(remote, all, json_object_get(id_root, "tokens"), steps, scores, err);
    json_decref(row_root);
    json_decref(id_root);
    return status;
}

/* ---- learning about the server ---- */

/* One request; the caller releases the job's reply. */
static int protocol_ask(const struct remote *remote, const char *path, char *body, struct http_job *job,
                        struct ponder_err *err)
{
    *job = (struct http_job){.path = path, .body = body};
    return http_run(remote->http, job, 1, NULL, err);
}

/* llama-server is known by the page on which it tells its settings. */
static int learn_server(struct remote *remote, struct ponder_err *err)
{
    struct verifier_profile *p = &remote->profile;
    if (p->server != VERIFIER_SERVER_AUTO)
        return PONDER_OK;
    struct http_job job;
    int status = protocol_ask(remote, "/props", NULL, &job, err);
    json_t *root =
        !status && job.status == 200 ? json_loadb(buf_text(&job.reply), job.reply.len, 0, NULL) : NULL;
    bool labels = p->good >= 0 || *p->good_text;
    p->server = json_object_get(root, "default_generation_settings") ? VERIFIER_LLAMA
                : labels                                             ? VERIFIER_COMPLETIONS
                                                                     : VERIFIER_POOLING;
    json_decref(root);
    buf_release(&job.reply);
    return status;
}

/* What the server tells of a model, "": of its first. */
static const json_t *entry_of(const json_t *root, const char *model)
{
    json_t *list = json_object_get(root, "data"), *entry;
    size_t i;
    json_array_foreach(list, i, entry)
    {
        const char *id = json_string_value(json_object_get(entry, "id"));
        if (!*model || (id && strcmp(id, model) == 0))
            return entry;
    }
    return NULL;
}

/* vLLM's max_model_len, llama-server's meta.n_ctx. */
static int64_t context_of(const json_t *entry)
{
    int64_t most = number_at(entry, "max_model_len");
    return most ? most : number_at(json_object_get(entry, "meta"), "n_ctx");
}

static int learn_model(struct remote *remote, struct ponder_err *err)
{
    struct verifier_profile *p = &remote->profile;
    struct http_job job;
    int status = protocol_ask(remote, "/v1/models", NULL, &job, err);
    json_t *root = status ? NULL : object_of(remote, &job, &status, *p->model ? NULL : err);
    const json_t *entry = entry_of(root, p->model);
    const char *id = json_string_value(json_object_get(entry, "id"));
    remote->context = context_of(entry);
    if (*p->model && root == NULL && job.end == HTTP_REPLIED) /* it lists none, and need not */
        status = PONDER_OK;
    else if (!*p->model && !status && (!id || strlen(id) >= sizeof p->model))
        status =
            protocol_wrong(remote, job.path, "names no model in data[0].id; the profile's `model` can", err);
    else if (!*p->model && !status)
        strcpy(p->model, id);
    json_decref(root);
    buf_release(&job.reply);
    return status;
}

/* The number of tokens that llama-server makes of `text`; where it is one that spells `piece`, its id. */
static int tokenize(const struct remote *remote, const char *text, const char *piece, int32_t *id,
                    size_t *count, struct ponder_err *err)
{
    struct http_job job = {0};
    char *body = NULL;
    int status = json_print(json_pack("{s:s, s:b, s:b, s:b}", "content", text, "add_special", 0,
                                      "parse_special", 1, "with_pieces", 1),
                            &body, err);
    if (!status)
        status = protocol_ask(remote, "/tokenize", body, &job, err);
    json_t *root = status ? NULL : object_of(remote, &job, &status, err);
    json_t *tokens = json_object_get(root, "tokens"), *first = json_array_get(tokens, 0);
    const char *spelt = json_string_value(json_object_get(first, "piece"));
    json_int_t found = json_integer_value(json_object_get(first, "id"));
    *count = json_array_size(tokens);
    if (*count == 1 && spelt && strcmp(spelt, piece) == 0 && found >= 0 && found <= INT32_MAX)
        *id = (int32_t)found;
    json_decref(root);
    buf_release(&job.reply);
    free(body);
    return status;
}

/* Some tokenizers put a space in front of a text themselves. */
static int learn_token(const struct remote *remote, const char *what, const char *text, int32_t *id,
                       struct ponder_err *err)
{
    size_t count = 0, shorter;
    int status = *id < 0 && *text ? tokenize(remote, text, text, id, &count, err) : PONDER_OK;
    if (!status && *id < 0 && *text == ' ')
        status = tokenize(remote, text + 1, text, id, &shorter, err);
    if (!status && *id < 0)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "the verifier's profile: its %s, '%s', is %zu tokens of %s, and has to be one", what,
                         text, count, http_base(remote->http));
    return status;
}

int remote_learn(struct remote *remote, struct ponder_err *err)
{
    struct verifier_profile *p = &remote->profile;
    int status = learn_server(remote, err);
    if (!status)
        status = learn_model(remote, err);
    if (status || p->server != VERIFIER_LLAMA)
        return status;
    if (p->kind == VERIFIER_TAG)
        status = learn_token(remote, "tag", p->tag_text, &p->tag, err);
    if (!status)
        status = learn_token(remote, "good token", p->good_text, &p->good, err);
    if (!status)
        status = learn_token(remote, "bad token", p->bad_text, &p->bad, err);
    if (!status && p->good == p->bad)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "the verifier's profile: its good and its bad token are the same");
    return status;
}
