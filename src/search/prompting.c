/* prompting.c - how questions are put to a model: its own template, a chat, or worked examples. */
#include "ponder/prompting.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "lm/chat.h"
#include "lm/ponder_model.h"
#include "task/shots.h"

#define OPTION_FIELD(field) offsetof(struct ponder_prompting, field)
#include "core/option_rows.h"

const struct ponder_option *ponder_prompting_options(void)
{
    static const struct ponder_option table[] = {
        ROW_TEXT("chat", chat, "KIND", "auto", "auto, none, or a kind of chat template"),
        ROW_TEXT("system", system, "TEXT", NULL, "system prompt of a chat; \"\": none"),
        ROW_TEXT("shots", shots, "FILE", NULL, "JSONL with solutions: 4 shown before the question"),
        PONDER_OPTION_END};
    return table;
}

static int few_shots(const char *path, struct prompt_template *out, struct ponder_err *err)
{
    struct buf text = BUF_INIT(SHOTS_COUNT * 2 * SHOT_BYTES_MAX);
    int status = shots_read(path, &text, err);
    buf_puts(&text, SHOTS_PROBLEM);
    out->slot = text.len;
    out->end = SHOTS_PROBLEM;
    out->kind = "shots";
    buf_puts(&text, PROMPT_SLOT SHOTS_SOLUTION);
    out->text = status ? NULL : buf_take(&text, NULL);
    buf_release(&text);
    return status || out->text ? status : err_memory(err, "a prompt template");
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

int ponder_model_prompting(struct ponder_model *model, const struct ponder_prompting *prompting,
                           struct ponder_err *err)
{
    const struct chat_kind *kind;
    bool own;
    struct prompt_template template = {0};
    if (strcmp(prompting->chat, "auto") == 0 && !prompting->system && !prompting->shots)
        return PONDER_OK; /* as it was opened */
    if (model->remote)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--chat, --system and --shots are for a model in this process; a server is asked by "
                       "--api and --prompt-template");
    int status = choose(model, prompting->chat, &kind, &own, err);
    if (!status && prompting->system && !kind)
        status =
            err_set(err, PONDER_E_ARGUMENT,
                    "--system: %s is not asked by a chat template; name a kind with --chat", model->path);
    if (!status && prompting->shots && (kind || own))
        status = err_set(err, PONDER_E_ARGUMENT,
                         "--shots: %s is asked by a template of its own; --chat none leaves that away",
                         model->path);
    if (status)
        return status;
    if (kind)
        status = chat_template(kind, prompting->system ? prompting->system : CHAT_SYSTEM, &template, err);
    else if (prompting->shots)
        status = few_shots(prompting->shots, &template, err);
    else
        status = ponder_model_plain_prompt(model, own, &template, err);
    if (status)
        return status;
    free(model->prompt.text);
    model->prompt = template;
    return PONDER_OK;
}
