/* prompting.c - how questions are put to a model: its own template, a chat, or worked examples. */
#include "ponder/prompting.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "engine/openai.h"
#include "prompt/chat.h"
#include "model/ponder_model.h"
#include "task/shots.h"

#define OPTION_FIELD(field) offsetof(struct ponder_prompting, field)
#include "core/option_rows.h"

const struct ponder_option *ponder_prompting_options(void)
{
    static const struct ponder_option table[] = {
        ROW_TEXT("chat", chat, "KIND", "auto", "auto, none, or a kind of chat template"),
        ROW_TEXT("system", system, "TEXT", NULL, "system prompt of a chat; \"\": none"),
        ROW_TEXT("shots", shots, "FILE", NULL, "of worked questions, 4 are shown first; or pocket:train:N"),
        PONDER_OPTION_END};
    return table;
}

/* The question stands behind the model's examples and is put as they are. */
static int few_shots(const struct ponder_model *model, struct prompt_template *out, struct ponder_err *err)
{
    char *text = strdup(EXAMPLES_PROBLEM PROMPT_SLOT EXAMPLES_SOLUTION);
    if (!text)
        return err_memory(err, "a prompt template");
    *out = prompt_template_of(text);
    out->end = EXAMPLES_PROBLEM;
    out->kind = "shots";
    out->examples = &model->examples;
    out->more_hash = examples_hash(&model->examples);
    return PONDER_OK;
}

static int take_shots(struct ponder_model *model, const char *data, struct ponder_err *err)
{
    struct examples examples;
    int status = shots_read(&examples, data, err);
    if (status)
        return status;
    examples_release(&model->examples);
    model->examples = examples;
    return PONDER_OK;
}

static int unknown_kind(const char *name, struct ponder_err *err)
{
    struct buf names = BUF_INIT(1024);
    chat_kind_names(&names);
    int status =
        err_set(err, PONDER_E_ARGUMENT, "--chat: '%.40s' is none of auto, none, %s", name, buf_text(&names));
    buf_release(&names);
    return status;
}

/* What the model is asked by: `*kind` NULL is no chat; `*own` is its own template. */
static int choose(const struct ponder_model *model, const char *chat, const struct chat_kind **kind,
                  bool *own, struct ponder_err *err)
{
    bool automatic = strcmp(chat, "auto") == 0, none = strcmp(chat, "none") == 0;
    *own = automatic && model->boxes;
    *kind = automatic && !model->boxes ? model->chat : NULL;
    if (automatic || none)
        return PONDER_OK;
    *kind = chat_kind_find(chat);
    return *kind ? PONDER_OK : unknown_kind(chat, err);
}

static int check_local(const struct ponder_model *model, const struct ponder_prompting *prompting,
                       const struct chat_kind *kind, bool own, struct ponder_err *err)
{
    if (prompting->system && !kind)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--system: %s is not asked by a chat template; name a kind with --chat", model->path);
    if (prompting->shots && (kind || own))
        return err_set(err, PONDER_E_ARGUMENT,
                       "--shots: %s is asked by a template of its own; --chat none leaves that away",
                       model->path);
    return PONDER_OK;
}

static int prompt_local(struct ponder_model *model, const struct ponder_prompting *prompting,
                        struct prompt_template *out, struct ponder_err *err)
{
    const struct chat_kind *kind;
    bool own;
    int status = choose(model, prompting->chat, &kind, &own, err);
    if (!status)
        status = check_local(model, prompting, kind, own, err);
    if (!status && prompting->shots)
        status = take_shots(model, prompting->shots, err);
    if (status)
        return status;
    const char *system = prompting->system ? prompting->system : CHAT_SYSTEM;
    if (kind)
        status = chat_template(kind, system, out, err);
    if (!own)
        revision_template_release(&model->revision);
    if (kind && !status) {
        status = revision_of_chat(&model->revision, kind, system, REVISION_INSTRUCTION, err);
        if (status)
            free(out->text);
    }
    if (kind)
        return status;
    return prompting->shots ? few_shots(model, out, err) : ponder_model_plain_prompt(model, own, out, err);
}

/* ---- behind servers ---- */

static int check_remote(const struct ponder_model *model, const struct ponder_prompting *prompting,
                        struct ponder_err *err)
{
    bool chat = openai_model_api(model->remote) == OPENAI_CHAT;
    if (strcmp(prompting->chat, "auto") != 0)
        return err_set(
            err, PONDER_E_ARGUMENT,
            "--chat is for a model in this process; a server has the chat template of its model, and "
            "--api says whether it is used");
    if (prompting->system && !chat)
        return err_set(
            err, PONDER_E_ARGUMENT,
            "--system: completions have no system prompt; put it into --prompt-template, or ask by "
            "--api chat");
    if (prompting->shots && !chat && strcmp(model->prompt.text, PROMPT_SLOT "\n") != 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--shots puts the question as it puts the examples; leave --prompt-template away");
    return PONDER_OK;
}

/* A server of chats is sent the system prompt and the examples as messages. */
static int prompt_chat(struct ponder_model *model, const struct ponder_prompting *prompting,
                       struct prompt_template *out, struct ponder_err *err)
{
    const char *system = prompting->system;
    const struct examples *examples = prompting->shots ? &model->examples : NULL;
    char *text = strdup(PROMPT_SLOT);
    int status =
        text ? openai_model_ask(model->remote, system, examples, err) : err_memory(err, "a prompt template");
    if (status) {
        free(text);
        return status;
    }
    *out = prompt_template_of(text);
    out->kind = examples ? "shots" : NULL;
    out->more_hash =
        rng_key(system ? hash_bytes(system, strlen(system)) : 0, examples ? examples_hash(examples) : 0);
    return PONDER_OK;
}

static int prompt_remote(struct ponder_model *model, const struct ponder_prompting *prompting,
                         struct prompt_template *out, struct ponder_err *err)
{
    int status = check_remote(model, prompting, err);
    if (!status && prompting->shots)
        status = take_shots(model, prompting->shots, err);
    if (status)
        return status;
    return openai_model_api(model->remote) == OPENAI_CHAT ? prompt_chat(model, prompting, out, err)
                                                          : few_shots(model, out, err);
}

int ponder_model_prompting(struct ponder_model *model, const struct ponder_prompting *prompting,
                           struct ponder_err *err)
{
    struct prompt_template template = {0};
    if (strcmp(prompting->chat, "auto") == 0 && !prompting->system && !prompting->shots)
        return PONDER_OK; /* as it was opened */
    int status = model->remote ? prompt_remote(model, prompting, &template, err)
                               : prompt_local(model, prompting, &template, err);
    if (status)
        return status;
    free(model->prompt.text);
    model->prompt = template;
    free(model->remarks[PONDER_REMARK_PROMPT]); /* it was chosen */
    model->remarks[PONDER_REMARK_PROMPT] = NULL;
    return PONDER_OK;
}
