#include "prompt/revision.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"

/* All of a mark's text but the slot is the template's own. */
static int take_mark(struct prompt_template *out, const char *text, struct ponder_err *err)
{
    char *copy = strdup(text);
    if (!copy)
        return err_memory(err, "a prompt template");
    *out = prompt_template_of(copy);
    size_t behind = out->slot == SIZE_MAX ? 0 : out->slot + sizeof PROMPT_SLOT - 1, len = strlen(copy);
    if (out->slot != SIZE_MAX && out->slot > 0)
        out->parts[out->part_count++] = (struct tokenizer_part){0, out->slot};
    if (behind < len)
        out->parts[out->part_count++] = (struct tokenizer_part){behind, len};
    return PONDER_OK;
}

int revision_of_marks(struct revision_template *out, const char *first, const char *between, int shown_max,
                      struct ponder_err *err)
{
    *out = (struct revision_template){.shown_max = shown_max};
    if (!strstr(first, PROMPT_SLOT) || shown_max < 1 || shown_max > REVISION_SHOWN_MAX)
        return err_set(err, PONDER_E_FORMAT,
                       "attempts are shown behind a template with " PROMPT_SLOT
                       ", from 1 to %d of them (GGUF keys ponder.revision.template and .shown)",
                       REVISION_SHOWN_MAX);
    int status = take_mark(&out->first, first, err);
    if (!status)
        status = take_mark(&out->between, between, err);
    if (status)
        revision_template_release(out);
    return status;
}

int revision_of_chat(struct revision_template *out, const struct chat_kind *kind, const char *system,
                     const char *instruction, struct ponder_err *err)
{
    enum { SHOWN = 4 }; /* Snell et al. 2024, section 6.1 */
    *out = (struct revision_template){.shown_max = SHOWN};
    int status = chat_template(kind, system, &out->first, err);
    if (!status)
        status = chat_turn(kind, instruction, &out->between, err);
    if (status)
        revision_template_release(out);
    return status;
}

void revision_template_release(struct revision_template *revision)
{
    free(revision->first.text);
    free(revision->between.text);
    *revision = (struct revision_template){0};
}

int revision_fill(const struct revision_template *revision, const char *question, size_t len, int64_t seed,
                  const char *name, struct revision *out, struct ponder_err *err)
{
    const struct prompt_template *between = &revision->between;
    *out = (struct revision){.shown_max = revision->shown_max};
    if (!revision->first.text)
        return err_set(err, PONDER_E_UNSUPPORTED,
                       "the model cannot be shown its earlier attempts: its file says nothing of it "
                       "(ponder.revision.template), and it is asked by no chat template");
    int status = prompt_fill(&revision->first, question, len, seed, name, &out->first, err);
    if (status)
        return status;
    out->between = (struct prompt){
        .text = between->text, .len = strlen(between->text), .part_count = between->part_count};
    memcpy(out->between.parts, between->parts, sizeof out->between.parts);
    return PONDER_OK;
}
