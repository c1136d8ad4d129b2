/* openai_learn.c - what servers can do is found out by asking: a struct openai_model.
 *
 * First the pages that tell of the model, then small texts, those that do not depend on each other side by
 * side. The fields that not every server takes are sent all at once, and where that is refused one by one. */
#include "engine/openai_learn.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"

enum { FACTS_TOKENS = 4, SEED_TOKENS = 8, CONTEXT_MAX = 1 << 30 };
enum {
    TAKES_ALWAYS = OPENAI_TAKES_MAX_TOKENS | OPENAI_TAKES_TEMPERATURE | OPENAI_TAKES_TOP_P,
    TAKES_ASKED = OPENAI_TAKES_SEED | OPENAI_TAKES_CUTS | OPENAI_TAKES_LOGPROBS | OPENAI_TAKES_VERBOSE |
                  OPENAI_TAKES_SYSTEM
};

/* ---- pages ---- */

static int learn_name(const struct learner *l, const struct http_job *job, const json_t *first,
                      struct ponder_err *err)
{
    const char *id = json_string_value(json_object_get(first, "id"));
    if (l->model->name)
        return PONDER_OK;
    if (!id || !*id || strlen(id) > 512)
        return learner_no_list(l, job, err);
    if (!(l->model->name = strdup(id)))
        return err_memory(err, "a model's name");
    openai_hide_key(l->model, l->model->name, strlen(l->model->name));
    return PONDER_OK;
}

/* What kind of server it is, as far as that matters. */
static void learn_kind(const struct learner *l, const json_t *first, const json_t *props)
{
    const char *owner = json_string_value(json_object_get(first, "owned_by"));
    const json_t *most = json_object_get(first, "max_model_len");
    most = most ? most : json_object_get(json_object_get(first, "meta"), "n_ctx");
    json_int_t context = json_integer_value(most);
    l->facts->context = context > 0 && context < CONTEXT_MAX ? context : 0;
    if (json_object_get(props, "default_generation_settings") || (owner && strcmp(owner, "llamacpp") == 0))
        l->facts->thinking = OPENAI_THINKING_LLAMA_SERVER;
    else if (owner && strcmp(owner, "vllm") == 0)
        l->facts->thinking = OPENAI_THINKING_VLLM;
}

/* llama-server gives a model without a chat template one of its own, ChatML; then its marks are no tokens. */
static int learn_llama(const struct learner *l, const char *template, bool *chat, struct ponder_err *err)
{
    static const char mark[] = "<|im_start|>";
    static char body[] = "{\"content\":\"<|im_start|>\",\"add_special\":false,\"parse_special\":true}";
    struct http_job job = {.path = "/tokenize", .body = body, .bytes_max = 1 << 20};
    json_t *root = NULL;
    *chat = true;
    if (!strstr(template, mark))
        return PONDER_OK;
    int status = learner_pages(l, &job, &root, 1, err);
    *chat = json_array_size(json_object_get(root, "tokens")) == 1;
    buf_release(&job.reply);
    json_decref(root);
    return status;
}

/* *open: only asking tells whether it chats. */
static int learn_template(const struct learner *l, const json_t *props, bool *open, struct ponder_err *err)
{
    const char *template = json_string_value(json_object_get(props, "chat_template"));
    bool chat = true;
    *open = l->model->api == OPENAI_AUTO && !template;
    if (l->model->api != OPENAI_AUTO)
        return PONDER_OK;
    int status = template ? learn_llama(l, template, &chat, err) : PONDER_OK;
    l->model->api = chat ? OPENAI_CHAT : OPENAI_COMPLETIONS;
    return status;
}

static int learn_pages(const struct learner *l, bool *open, struct ponder_err *err)
{
    struct http_job jobs[] = {{.path = "/v1/models", .bytes_max = 1 << 20},
                              {.path = "/props", .bytes_max = 1 << 20}};
    json_t *roots[2] = {NULL, NULL};
    int status = learner_pages(l, jobs, roots, 2, err);
    const json_t *first = json_array_get(json_object_get(roots[0], "data"), 0);
    bool locked = jobs[0].status == 401 || jobs[0].status == 403;
    if (!status && locked)
        status = learner_no_list(l, &jobs[0], err);
    if (!status)
        status = learn_name(l, &jobs[0], first, err);
    if (!status)
        learn_kind(l, first, roots[1]);
    if (!status)
        status = learn_template(l, roots[1], open, err);
    for (int i = 0; i < 2; i++) {
        json_decref(roots[i]);
        buf_release(&jobs[i].reply);
    }
    return status;
}

/* ---- fields ---- */

/* A text with a seed, as random as may be. */
static struct openai_ask ask_with(const struct learner *l, unsigned takes)
{
    static const char *const stops[] = {"~~"};
    struct openai_ask ask = learner_tiny(l, SEED_TOKENS);
    ask.takes = takes;
    ask.sampling.temperature = 2;
    ask.stops = stops;
    ask.stop_count = 1;
    ask.system = l->model->system;
    return ask;
}

/* Of the fields that are not taken all at once, each by itself. *refused: the server takes no request at all.
 */
static int learn_singly(const struct learner *l, bool *refused, struct ponder_err *err)
{
    static const unsigned fields[] = {0,
                                      OPENAI_TAKES_SEED,
                                      OPENAI_TAKES_CUTS,
                                      OPENAI_TAKES_LOGPROBS,
                                      OPENAI_TAKES_VERBOSE,
                                      OPENAI_TAKES_SYSTEM};
    enum { COUNT = sizeof fields / sizeof *fields };
    struct learner_question q[COUNT] = {{.status = 0}};
    for (int i = 0; i < COUNT; i++)
        q[i].ask = ask_with(l, l->facts->takes | fields[i]);
    int status = learner_ask(l, q, COUNT, err);
    if (!status && q[0].status) {
        *refused = q[0].refused;
        *err = q[0].err;
        status = q[0].status;
    }
    for (int i = 1; i < COUNT && !status; i++)
        l->facts->takes |= q[i].status ? 0 : fields[i];
    learner_release(q, COUNT);
    return status;
}

/* ---- texts, side by side ---- */

enum { FIELDS, STREAMED, SEVERAL, BEGUN, WHOLE, QUESTIONS };

static int ask_all(const struct learner *l, struct learner_question *q, struct ponder_err *err)
{
    int count = l->model->api == OPENAI_CHAT ? QUESTIONS : BEGUN;
    unsigned takes = l->facts->takes;
    q[FIELDS].ask = ask_with(l, takes);
    q[STREAMED].ask = ask_with(l, takes | OPENAI_TAKES_STREAM);
    q[STREAMED].ask.streamed = true;
    q[SEVERAL].ask = learner_tiny(l, FACTS_TOKENS);
    q[SEVERAL].ask.takes |= OPENAI_TAKES_N;
    q[SEVERAL].ask.n = 2;
    q[SEVERAL].ask.sampling.temperature = 1;
    q[BEGUN].ask = learner_tiny(l, LEARNER_BEGUN_TOKENS);
    q[WHOLE].ask = learner_tiny(l, LEARNER_WHOLE_TOKENS);
    return learner_ask(l, q, count, err);
}

/* The same seed, asked for twice: as a stream and as none, or where it does not stream, as none again. */
static int learn_seed(const struct learner *l, const struct learner_question *q, struct ponder_err *err)
{
    struct learner_question again = {.ask = q[FIELDS].ask};
    const struct learner_question *other = &q[STREAMED];
    int status = PONDER_OK;
    if (!(l->facts->takes & OPENAI_TAKES_SEED))
        return PONDER_OK;
    if (q[STREAMED].status) {
        status = learner_ask(l, &again, 1, err);
        other = &again;
    }
    l->facts->seeded = !status && !other->status &&
                       strcmp(q[FIELDS].reply.choices[0].text, other->reply.choices[0].text) == 0;
    learner_release(&again, 1);
    return status;
}

/* Several texts a request are of use where the tokens of all of them are counted, or listed. Streams, where
 * their tokens are counted. */
static void learn_forms(const struct learner *l, const struct learner_question *q)
{
    const struct openai_reply *several = &q[SEVERAL].reply, *streamed = &q[STREAMED].reply;
    struct openai_facts *facts = l->facts;
    if (!q[SEVERAL].status && several->count == 2 && several->counted &&
        several->generated_tokens > q[SEVERAL].ask.tokens_max)
        facts->takes |= OPENAI_TAKES_N;
    if (!q[STREAMED].status && streamed->streamed && streamed->counted)
        facts->takes |= OPENAI_TAKES_STREAM;
}

static void learn_ends(const struct learner *l, const struct openai_reply *reply)
{
    l->facts->tells_stops = reply->tells_stops;
    if (reply->choices[0].logprob != reply->choices[0].logprob) /* not offered: NAN */
        l->facts->takes &= ~(unsigned)OPENAI_TAKES_LOGPROBS;
}

static int learn_from(const struct learner *l, const struct learner_question *q, struct ponder_err *err)
{
    learn_ends(l, &q[FIELDS].reply);
    learn_forms(l, q);
    int status = learn_seed(l, q, err);
    l->facts->continues = l->model->api == OPENAI_COMPLETIONS;
    if (!status && !l->facts->continues && !q[BEGUN].status && !q[WHOLE].status)
        status = learner_continuing(l, &q[BEGUN].reply, &q[WHOLE].reply, err);
    return status;
}

static int learn_texts(const struct learner *l, bool *refused, struct ponder_err *err)
{
    struct learner_question q[QUESTIONS] = {{.status = 0}};
    l->facts->takes = TAKES_ALWAYS | TAKES_ASKED;
    *refused = false;
    int status = ask_all(l, q, err);
    if (!status && q[FIELDS].refused) {
        learner_release(q, QUESTIONS);
        memset(q, 0, sizeof q);
        l->facts->takes &= TAKES_ALWAYS;
        status = learn_singly(l, refused, err);
        if (!status)
            status = ask_all(l, q, err);
    }
    if (!status && q[FIELDS].status) {
        *err = q[FIELDS].err;
        status = q[FIELDS].status;
    }
    if (!status)
        status = learn_from(l, q, err);
    learner_release(q, QUESTIONS);
    return status;
}

int openai_learn(const struct learner *l, struct ponder_err *err)
{
    struct ponder_err own;
    bool open = false, refused = false;
    int status = learn_pages(l, &open, &own);
    if (!status)
        status = learn_texts(l, &refused, &own);
    if (open && refused) { /* it does not chat with a model without a template */
        l->model->api = OPENAI_COMPLETIONS;
        status = learn_texts(l, &refused, &own);
    }
    if (status && err)
        *err = own;
    return status;
}
