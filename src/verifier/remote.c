/* remote.c - a model behind a server: vLLM, llama-server, or another that completes texts and tells
 * log-probabilities (remote.h has the protocols).
 *
 * The server has the tokenizer, so the model's input goes out as one text, control tokens spelt, with the
 * places behind which a score is read known by their bytes. What question and solution say is kept from
 * spelling a control token or the tag. Beginnings that were asked about are remembered, a hash each, until
 * their question is forgotten. */
#include "verifier/remote.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "core/rng.h"
#include "verifier/verifier.h"

enum { TIMEOUT_S = 60, TEXT_BYTES_MAX = 1 << 22 };

/* ---- opening ---- */

static void remote_verifier_release(struct verifier *v)
{
    struct remote *remote = v->data;
    if (!remote)
        return;
    http_release(remote->http);
    verifier_input_release(&remote->input);
    free(remote);
}

static int read_key(const char *variable, const char **key, struct ponder_err *err)
{
    *key = variable ? getenv(variable) : NULL;
    if (variable && (!*key || !**key))
        return err_set(err, PONDER_E_ARGUMENT,
                       "--verifier-key-env: the environment has no %.100s, or it is empty", variable);
    return PONDER_OK;
}

static int read_profile(struct remote *remote, const char *name, struct ponder_err *err)
{
    struct verifier_profile *p = &remote->profile;
    if (!name)
        return err_set(
            err, PONDER_E_ARGUMENT,
            "--verifier-profile is missing: how the model behind the server reads a solution, such as "
            "math-shepherd, judge or a JSON file");
    int status = verifier_profile_open(p, name, err);
    if (!status && p->kind == VERIFIER_TAG && !*p->tag_text)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "--verifier-profile: for a server the tag is to be a text, not an id");
    remote->read = *p;
    if (p->kind == VERIFIER_TAG) { /* to a server, the tag is text like any */
        remote->read.kind = VERIFIER_TURN;
        strcpy(remote->read.turn, p->tag_text);
    }
    return status;
}

static int open_remote(struct verifier *v, const char *argument, const struct verifier_options *options,
                       struct ponder_err *err)
{
    const char *key;
    struct remote *remote = calloc(1, sizeof *remote);
    if (!remote)
        return err_memory(err, "a verifier");
    v->data = remote;
    int status = read_key(options->key_env, &key, err);
    if (!status)
        status = read_profile(remote, options->profile, err);
    if (!status)
        status = http_open(
            &remote->http,
            &(struct http_options){.base = argument,
                                   .key = key,
                                   .timeout_s = options->timeout_s > 0 ? options->timeout_s : TIMEOUT_S,
                                   .key_hint = "--verifier-key-env",
                                   .timeout_hint = "--verifier-timeout"},
            err);
    if (!status)
        status = remote_learn(remote, err);
    if (status)
        return err_prefix(err, status, "--verifier remote");
    v->profile = &remote->profile;
    v->aggregate = remote->profile.aggregate;
    v->hash = verifier_profile_hash(v->profile) | 1; /* the model's name is in it */
    return PONDER_OK;
}

/* ---- the text of a solution ---- */

/* Every byte a token: the places of the scores are those of bytes then. */
static int encode_bytes(void *data, const char *text, size_t len, unsigned flags, struct tokenizer_ids *out,
                        struct ponder_err *err)
{
    (void)data;
    (void)flags;
    for (size_t i = 0; i < len; i++)
        if (tokenizer_ids_push(out, (unsigned char)text[i]))
            return err_memory(err, "a verifier's input");
    return PONDER_OK;
}

static size_t no_control(void *data, const char *text)
{
    (void)data;
    (void)text;
    return 0;
}

/* Whether what begins here might be a control token to somebody: <..> or [..] without a space in it. */
static bool is_marked(const char *text)
{
    enum { MARK_BYTES_MAX = 64 };
    const char close = *text == '<' ? '>' : ']';
    size_t n = strcspn(text + 1, *text == '<' ? "> \t\n<" : "] \t\n[");
    bool capital = text[1] >= 'A' && text[1] <= 'Z';
    return (*text == '<' || (*text == '[' && (capital || text[1] == '/'))) && n > 0 && n < MARK_BYTES_MAX &&
           text[1 + n] == close;
}

/* The text, which has a NUL behind it, with a space in what might be a control token, and without the tag. */
static int put_harmless(const struct remote *remote, const char *text, size_t len, struct buf *out)
{
    const char *tag = remote->profile.kind == VERIFIER_TAG ? remote->profile.tag_text : "";
    const char *end = text + len;
    for (size_t n = strlen(tag); text < end; text++) {
        if (n && strncmp(text, tag, n) == 0) {
            text += n - 1;
            continue;
        }
        buf_putc(out, *text);
        if (is_marked(text))
            buf_putc(out, ' ');
    }
    return buf_ok(out) ? PONDER_OK : PONDER_E_LIMIT;
}

/* A solution as it is asked about. */
struct text {
    char *bytes;
    int *ends; /* (steps) the text up to there has the score of a step behind it */
    int steps;
    bool whole; /* these are all its steps */
};

static void text_release(struct text *text)
{
    free(text->bytes);
    free(text->ends);
}

/* Of an outcome model's scores, the last is the one that counts. */
static int keep_ends(struct text *out, const struct remote *remote, int scores_max)
{
    const struct verifier_input *input = &remote->input;
    int first = remote->profile.outcome && input->steps ? input->steps - 1 : 0;
    out->steps = input->steps - first < scores_max ? input->steps - first : scores_max;
    out->whole = input->steps > 0 && first + out->steps == input->steps;
    out->ends = malloc(((size_t)out->steps + 1) * sizeof *out->ends);
    for (int i = 0; i < out->steps && out->ends; i++)
        out->ends[i] = input->tags[first + i] + 1;
    size_t len = out->steps ? (size_t)input->tags[first + out->steps - 1] + 1 : 0;
    out->bytes = malloc(len + 1);
    for (size_t i = 0; i < len && out->bytes; i++)
        out->bytes[i] = (char)input->ids.ids[i];
    if (!out->ends || !out->bytes)
        return PONDER_E_MEMORY;
    out->bytes[len] = '\0';
    return PONDER_OK;
}

static int render(struct remote *remote, const struct verifier_item *item, struct text *out,
                  struct ponder_err *err)
{
    struct buf question = BUF_INIT(TEXT_BYTES_MAX), solution = BUF_INIT(TEXT_BYTES_MAX);
    struct verifier_encoder bytes = {encode_bytes, no_control, NULL, "bytes"};
    int status = put_harmless(remote, item->of->problem, strlen(item->of->problem), &question);
    if (!status)
        status = put_harmless(remote, item->text, item->len, &solution);
    if (status)
        status = err_set(err, status, "a solution is too long for a verifier behind a server");
    if (!status)
        status = verifier_encode_by(&remote->read, &bytes, buf_text(&question), buf_text(&solution),
                                    solution.len, &remote->input, err);
    if (!status && keep_ends(out, remote, item->scores_max))
        status = err_memory(err, "a verifier's input");
    buf_release(&question);
    buf_release(&solution);
    return status;
}

/* ---- what is known of a case ---- */

enum { ASKED = -1, UNKNOWN = -2, TOO_LONG = -3 };

struct known {
    uint64_t hash; /* of a text up to a score; 0: a free place */
    float score;   /* or ASKED, UNKNOWN, TOO_LONG */
};

struct memory {
    struct known *table; /* (size, a power of 2) */
    size_t size, count;
};

static struct known *place_of(const struct memory *memory, uint64_t hash)
{
    size_t at = hash & (memory->size - 1);
    while (memory->table[at].hash && memory->table[at].hash != hash)
        at = (at + 1) & (memory->size - 1);
    return &memory->table[at];
}

static int grow_memory(struct memory *memory)
{
    struct memory bigger = {.size = memory->size ? 2 * memory->size : 64, .count = memory->count};
    if (2 * (memory->count + 1) < memory->size)
        return PONDER_OK;
    bigger.table = calloc(bigger.size, sizeof *bigger.table);
    if (!bigger.table)
        return PONDER_E_MEMORY;
    for (size_t i = 0; i < memory->size; i++)
        if (memory->table[i].hash)
            *place_of(&bigger, memory->table[i].hash) = memory->table[i];
    free(memory->table);
    *memory = bigger;
    return PONDER_OK;
}

static uint64_t hash_of(const struct text *text, int step)
{
    return hash_bytes(text->bytes, (size_t)text->ends[step]) | 1;
}

static void forget(struct verifier *v, struct verifier_case *question)
{
    (void)v;
    struct memory *memory = question->memory;
    free(memory->table);
    free(memory);
}

/* ---- a call ---- */

/* A request: about one item's text up to the end of a step. */
struct request {
    int64_t item;
    uint64_t hash;
    int64_t held; /* tokens, at most: one a byte */
    int len;
};

struct call {
    struct remote *remote;
    struct verifier_item *items;
    struct text *texts; /* (count) */
    int64_t count;
    struct request *requests; /* (request_count) */
    struct http_job *jobs;    /* (request_count) */
    int64_t request_count, request_cap;
    struct http_list *list;
};

static void stop(struct verifier *v, void *data)
{
    struct call *call = data;
    (void)v;
    if (!call)
        return;
    http_list_release(call->list);
    for (int64_t i = 0; call->texts && i < call->count; i++)
        text_release(&call->texts[i]);
    for (int64_t i = 0; i < call->request_count; i++) {
        free(call->jobs[i].body);
        buf_release(&call->jobs[i].reply);
    }
    free(call->texts);
    free(call->requests);
    free(call->jobs);
    free(call);
}

static int grow_requests(struct call *call)
{
    int64_t need = call->request_count + 1, cap = call->request_cap;
    int status = array_reserve(&call->requests, sizeof *call->requests, &cap, need, INT32_MAX);
    return status ? status
                  : array_reserve(&call->jobs, sizeof *call->jobs, &call->request_cap, need, INT32_MAX);
}

/* Asks about `len` bytes of an item's text, if its case can pay for as many tokens. */
static int add_request(struct call *call, int64_t item, int len, uint64_t hash, bool *added,
                       struct ponder_err *err)
{
    struct verifier_case *of = call->items[item].of;
    int64_t held = len + 8; /* a token is a byte at least, but for those that open a text */
    *added = of->tokens_left == VERIFIER_TOKENS_ANY || held <= of->tokens_left;
    if (!*added)
        return PONDER_OK;
    if (grow_requests(call))
        return err_memory(err, "requests");
    if (of->tokens_left != VERIFIER_TOKENS_ANY)
        of->tokens_left -= held;
    int64_t at = call->request_count++;
    call->requests[at] = (struct request){item, hash, held, len};
    call->jobs[at] = (struct http_job){.path = remote_path(call->remote)};
    return remote_body(call->remote, call->texts[item].bytes, (size_t)len, &call->jobs[at].body, err);
}

/* The beginnings that are not known yet, each asked about once. */
static int add_steps(struct call *call, int64_t item, struct ponder_err *err)
{
    const struct text *text = &call->texts[item];
    struct verifier_case *of = call->items[item].of;
    bool added = true;
    int status = PONDER_OK;
    if (!of->memory && !(of->memory = calloc(1, sizeof(struct memory))))
        return err_memory(err, "scores");
    struct memory *memory = of->memory;
    for (int step = 0; step < text->steps && !status && added; step++) {
        if (grow_memory(memory))
            return err_memory(err, "scores");
        uint64_t hash = hash_of(text, step);
        struct known *place = place_of(memory, hash);
        if (place->hash && place->score != UNKNOWN)
            continue;
        status = add_request(call, item, text->ends[step], hash, &added, err);
        if (added) {
            memory->count += place->hash == 0;
            *place = (struct known){hash, ASKED};
        }
    }
    return status;
}

/* Whether one request is about all steps. */
static bool has_rows(const struct remote *remote)
{
    return remote->profile.server == VERIFIER_POOLING || remote->profile.server == VERIFIER_CLASSIFY;
}

static int add_item(struct call *call, int64_t item, struct ponder_err *err)
{
    const struct text *text = &call->texts[item];
    bool added;
    if (text->steps == 0 || remote_is_too_long(call->remote, NULL, text->ends[text->steps - 1]))
        return PONDER_OK;
    if (!has_rows(call->remote))
        return add_steps(call, item, err);
    return add_request(call, item, text->ends[text->steps - 1], 0, &added, err);
}

static void charge(struct verifier_case *of, int64_t held, int64_t tokens)
{
    of->cost.verifier_tokens += tokens;
    if (of->tokens_left != VERIFIER_TOKENS_ANY)
        of->tokens_left += held - tokens;
}

/* What was asked about and not answered may be asked about again. */
static int take_scores(struct call *call, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t r = 0; r < call->request_count && !status; r++) {
        const struct request *request = &call->requests[r];
        struct verifier_case *of = call->items[request->item].of;
        int64_t tokens = 0;
        struct known *place = place_of(of->memory, request->hash);
        place->score = UNKNOWN;
        if (call->jobs[r].status && remote_is_too_long(call->remote, &call->jobs[r], request->len))
            place->score = TOO_LONG;
        else if (call->jobs[r].status)
            status = remote_take_score(call->remote, &call->jobs[r], &place->score, &tokens, err);
        charge(of, request->held, tokens);
    }
    for (int64_t i = 0; i < call->count && !status; i++) {
        struct verifier_item *item = &call->items[i];
        const struct text *text = &call->texts[i];
        for (item->count = 0; item->of->memory && item->count < text->steps; item->count++) {
            const struct known *known = place_of(item->of->memory, hash_of(text, item->count));
            if (!known->hash || known->score < 0)
                break;
            item->scores[item->count] = known->score;
        }
        if (item->count < text->steps)
            item->count = 0;
        item->whole = item->count > 0 && text->whole;
    }
    return status;
}

/* Where a server has a row for each token, it is asked for the tokens. */
static int take_by_ids(struct call *call, const struct http_job *rows, int64_t item,
                       const struct deadline *deadline, struct ponder_err *err)
{
    const struct text *text = &call->texts[item];
    struct http_job ids = {.path = "/tokenize"};
    int status =
        remote_tokenize_body(call->remote, text->bytes, (size_t)text->ends[text->steps - 1], &ids.body, err);
    if (!status)
        status = http_run(call->remote->http, &ids, 1, deadline, err);
    if (!status && ids.status) {
        status = remote_take_tagged(call->remote, rows, &ids, text->steps, call->items[item].scores, err);
        call->items[item].count = status ? 0 : text->steps;
    }
    free(ids.body);
    buf_release(&ids.reply);
    return status;
}

static int take_rows(struct call *call, const struct deadline *deadline, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t r = 0; r < call->request_count && !status; r++) {
        const struct request *request = &call->requests[r];
        struct verifier_item *item = &call->items[request->item];
        const struct text *text = &call->texts[request->item];
        int64_t tokens = 0;
        size_t rows = 0;
        bool too_long =
            call->jobs[r].status && remote_is_too_long(call->remote, &call->jobs[r], request->len);
        if (call->jobs[r].status && !too_long)
            status = remote_take_rows(call->remote, &call->jobs[r], text->steps, item->scores, &rows, &tokens,
                                      err);
        charge(item->of, request->held, tokens);
        if (!status && !too_long && rows == (size_t)text->steps)
            item->count = text->steps;
        else if (!status && rows)
            status = take_by_ids(call, &call->jobs[r], request->item, deadline, err);
        item->whole = item->count > 0 && text->whole;
    }
    return status;
}

static int remote_start(struct verifier *v, struct verifier_item *items, int64_t count, void **out,
                        struct ponder_err *err)
{
    struct call *call = *out = calloc(1, sizeof *call);
    if (!call)
        return err_memory(err, "scores");
    *call = (struct call){.remote = v->data, .items = items, .count = count};
    call->texts = calloc((size_t)count, sizeof *call->texts);
    int status = call->texts ? PONDER_OK : err_memory(err, "scores");
    for (int64_t i = 0; i < count && !status; i++) {
        status = render(call->remote, &items[i], &call->texts[i], err);
        if (!status)
            status = add_item(call, i, err);
    }
    return status ? status
                  : http_list_open(&call->list, call->remote->http, call->jobs, call->request_count, err);
}

static int go_on(struct verifier *v, void *data, double wait_s, const struct deadline *deadline,
                 struct ponder_err *err)
{
    struct call *call = data;
    (void)v;
    int busy = http_list_step(call->list, wait_s, deadline, err);
    if (busy != 0)
        return busy;
    http_list_release(call->list);
    call->list = NULL;
    return has_rows(call->remote) ? take_rows(call, deadline, err) : take_scores(call, err);
}

const struct verifier_ops verifier_remote = {
    .name = "remote",
    .summary = "a model behind a server: vLLM, llama-server or another that completes texts",
    .argument = "URL",
    .needs_argument = true,
    .takes_profile = true,
    .takes_key = true,
    .rereads = true,
    .trial = true,
    .open = open_remote,
    .release = remote_verifier_release,
    .start = remote_start,
    .go_on = go_on,
    .stop = stop,
    .forget = forget,
};
