/* ponder_model.c - opening a model for programs, and finding the shipped one. */
#include "model/ponder_model.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"

#ifndef PONDER_MODELS_DIR
#define PONDER_MODELS_DIR "/usr/share/ponder/models"
#endif

#define BASE_FILE "pocket-base.gguf"
#define VERIFIER_FILE "pocket-prm.gguf"
#define OUTCOME_VERIFIER_FILE "pocket-orm.gguf"

static int remark_prompt(struct ponder_model *model, const char *path, struct ponder_err *err)
{
    struct buf text = BUF_INIT(2 * PATH_MAX);
    buf_printf(
        &text,
        "%s: its chat template is of no kind that is known; it is guessed that questions put as plain text "
        "will do; --chat says better, KIND being one of ",
        path);
    chat_kind_names(&text);
    model->remarks[PONDER_REMARK_PROMPT] = buf_take(&text, NULL);
    buf_release(&text);
    return model->remarks[PONDER_REMARK_PROMPT] ? PONDER_OK : err_memory(err, "a remark");
}

static int read_templates(struct ponder_model *model, const struct gguf_file *file, struct ponder_err *err)
{
    static const char own[] = "ponder.prompt.template", chat[] = "tokenizer.chat_template";
    struct gguf_string text;
    int status = PONDER_OK;
    model->boxes = gguf_find(file, own) != NULL;
    if (model->boxes) {
        status = gguf_get_string(file, own, &text, err);
        if (!status && !(model->own_template = strndup(text.data, text.len)))
            status = err_memory(err, "the prompt template");
    } else if (gguf_find(file, chat)) {
        status = gguf_get_string(file, chat, &text, err);
        if (!status && !(model->chat = chat_kind_of(text.data, text.len)))
            status = remark_prompt(model, gguf_path(file), err);
    }
    return status;
}

/* GGUF keys ponder.revision.template, what a chain of attempts begins with, .between and .shown. */
static int read_revision(struct ponder_model *model, const struct gguf_file *file, struct ponder_err *err)
{
    static const char *const keys[] = {"ponder.revision.template", "ponder.revision.between"};
    char *texts[2] = {NULL};
    uint32_t shown = 0;
    int status = PONDER_OK;
    if (!gguf_find(file, keys[0]))
        return model->chat
                   ? revision_of_chat(&model->revision, model->chat, CHAT_SYSTEM, REVISION_INSTRUCTION, err)
                   : PONDER_OK;
    for (int i = 0; i < 2 && !status; i++) {
        struct gguf_string text;
        status = gguf_get_string(file, keys[i], &text, err);
        if (!status && !(texts[i] = strndup(text.data, text.len)))
            status = err_memory(err, "a prompt template");
    }
    if (!status)
        status = gguf_get_u32(file, "ponder.revision.shown", &shown, err);
    if (!status)
        status =
            revision_of_marks(&model->revision, texts[0], texts[1], shown > INT32_MAX ? 0 : (int)shown, err);
    free(texts[0]);
    free(texts[1]);
    return status;
}

int ponder_model_plain_prompt(const struct ponder_model *model, bool own, struct prompt_template *out,
                              struct ponder_err *err)
{
    char *text = strdup(own && model->own_template ? model->own_template : PROMPT_SLOT "\n");
    if (!text)
        return err_memory(err, "a prompt template");
    *out = prompt_template_of(text);
    return PONDER_OK;
}

static int read_prompt(struct ponder_model *model, const char *path, struct ponder_err *err)
{
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    status = read_templates(model, file, err);
    if (!status)
        status = ponder_model_read_sampling(model, file, err);
    if (!status)
        status = read_revision(model, file, err);
    if (!status)
        status = ponder_model_read_surprise(model, file, err);
    gguf_release(file);
    if (status)
        return status;
    return model->chat ? chat_template(model->chat, CHAT_SYSTEM, &model->prompt, err)
                       : ponder_model_plain_prompt(model, true, &model->prompt, err);
}

int ponder_model_open(struct ponder_model **out, const char *path, struct ponder_err *err)
{
    *out = NULL;
    struct ponder_model *model = calloc(1, sizeof *model);
    if (!model)
        return err_memory(err, "a model");
    ponder_model_default_sampling(model);
    int status = read_prompt(model, path, err);
    if (!status)
        status = lm_model_open(&model->lm, path, err);
    if (!status && !(model->path = strdup(path)))
        status = err_memory(err, "a model");
    if (!status)
        status = tokenizer_remark(model->lm->tokenizer, path, &model->remarks[PONDER_REMARK_TOKENIZER], err);
    if (!status)
        model->hash = model->lm->hash;
    if (status) {
        ponder_model_release(model);
        return status;
    }
    *out = model;
    return PONDER_OK;
}

void ponder_model_release(struct ponder_model *model)
{
    if (!model)
        return;
    lm_model_release(model->lm);
    if (model->remote)
        model->remote_release(model->remote);
    free(model->path);
    free(model->own_template);
    free(model->about);
    for (int i = 0; i < PONDER_REMARKS; i++)
        free(model->remarks[i]);
    free(model->prompt.text);
    revision_template_release(&model->revision);
    examples_release(&model->examples);
    free(model);
}

const char *precision_name(enum lm_precision precision)
{
    static const char *const names[] = {[LM_PRECISION_AUTO] = "auto",
                                        [LM_PRECISION_F32] = "f32",
                                        [LM_PRECISION_BF16] = "bf16",
                                        [LM_PRECISION_INT8] = "int8"};
    return names[precision];
}

const char *ponder_model_remark(const struct ponder_model *model, enum ponder_remark remark)
{
    return model->remarks[remark];
}

int precision_parse(const char *text, enum lm_precision *out, struct ponder_err *err)
{
    *out = LM_PRECISION_AUTO;
    for (enum lm_precision p = LM_PRECISION_AUTO; text && p <= LM_PRECISION_INT8; p++)
        if (strcmp(text, precision_name(p)) == 0) {
            *out = p;
            return PONDER_OK;
        }
    if (!text)
        return PONDER_OK;
    return err_set(err, PONDER_E_ARGUMENT, "--precision: '%.20s' is none of auto, f32, bf16, int8", text);
}

/* ---- where the shipped model is ---- */

struct hunt {
    const char *file;
    struct buf path, looked;
    bool found;
};

static void model_look(struct hunt *hunt, const char *folder, const char *below)
{
    if (hunt->found || !folder || !*folder)
        return;
    buf_clear(&hunt->path);
    buf_printf(&hunt->path, "%s%s/%s", folder, below, hunt->file);
    hunt->found = access(buf_text(&hunt->path), R_OK) == 0;
    if (!hunt->found)
        buf_printf(&hunt->looked, "%s%s", hunt->looked.len ? ", " : "", buf_text(&hunt->path));
}

/* The folder of the running program, or "". */
static void program_folder(char *folder, size_t bytes)
{
    ssize_t n = readlink("/proc/self/exe", folder, bytes - 1);
    folder[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
}

/* A shipped file by its name; `wanted` opens the error. */
static int find_shipped(const char *file, const char *wanted, char **path, struct ponder_err *err)
{
    struct hunt hunt = {.file = file, .path = BUF_INIT(3 * PATH_MAX), .looked = BUF_INIT(16 * PATH_MAX)};
    char program[PATH_MAX];
    program_folder(program, sizeof program);
    model_look(&hunt, getenv("PONDER_MODELS_DIR"), "");
    model_look(&hunt, program, "/../share/ponder/models"); /* an installation that was moved */
    model_look(&hunt, PONDER_MODELS_DIR, "");
    model_look(&hunt, program, "/../../models"); /* run from the build folder */
    int status = PONDER_OK;
    if (!hunt.found)
        status = err_set(err, PONDER_E_NOT_FOUND, "%s; looked for %s", wanted, buf_text(&hunt.looked));
    else if (!(*path = buf_take(&hunt.path, NULL)))
        status = err_memory(err, "a path");
    buf_release(&hunt.path);
    buf_release(&hunt.looked);
    return status;
}

int ponder_model_find(char **path, struct ponder_err *err)
{
    *path = NULL;
    const char *named = getenv("PONDER_MODEL");
    if (!named || !*named)
        return find_shipped(BASE_FILE, "no model: give one with --model or PONDER_MODEL", path, err);
    if (access(named, R_OK) != 0)
        return err_set(err, PONDER_E_NOT_FOUND, "PONDER_MODEL names %s, which cannot be read", named);
    *path = strdup(named);
    return *path ? PONDER_OK : err_memory(err, "a path");
}

int ponder_verifier_find(char **path, struct ponder_err *err)
{
    *path = NULL;
    return find_shipped(VERIFIER_FILE, "no verifier: give one with --verifier", path, err);
}

int ponder_outcome_verifier_find(char **path, struct ponder_err *err)
{
    *path = NULL;
    return find_shipped(OUTCOME_VERIFIER_FILE, "no outcome verifier: give one with --verifier orm:FILE", path,
                        err);
}
