#include "prompt/prompt.h"

#include <stdbool.h>
#include <string.h>

#include "core/ascii.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/rng.h"
#include "core/utf8.h"
#include "ponder/solve.h"

static void prompt_trim(const char **text, size_t *len)
{
    while (*len && ascii_is_space(**text)) {
        ++*text;
        --*len;
    }
    while (*len && ascii_is_space((*text)[*len - 1]))
        --*len;
}

int prompt_check_question(const char *question, size_t len, struct ponder_err *err)
{
    if (len > PONDER_QUESTION_BYTES_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "the question has %zu bytes; the limit is %d", len,
                       PONDER_QUESTION_BYTES_MAX);
    int status = utf8_check(question, len, "the question", err);
    prompt_trim(&question, &len);
    if (!status && len == 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "the question is empty; give it as text, or - to read standard input");
    return status;
}

/* The template's parts, moved by what the question has more bytes than the slot. */
static void fill_parts(const struct prompt_template *template, size_t len, struct prompt *out)
{
    size_t slot = sizeof PROMPT_SLOT - 1;
    out->part_count = template->part_count;
    for (int i = 0; i < template->part_count; i++) {
        struct tokenizer_part part = template->parts[i];
        if (part.start > template->slot)
            part = (struct tokenizer_part){part.start - slot + len, part.end - slot + len};
        out->parts[i] = part;
    }
}

int prompt_fill(const struct prompt_template *template, const char *question, size_t len, int64_t seed,
                const char *name, struct prompt *out, struct ponder_err *err)
{
    *out = (struct prompt){.name = name, .end = template->end};
    if (template->slot == SIZE_MAX)
        return err_set(err, PONDER_E_FORMAT,
                       "the model's prompt template has no {question} (GGUF key ponder.prompt.template)");
    prompt_trim(&question, &len);
    struct buf text = BUF_INIT(SIZE_MAX / 2);
    if (template->examples)
        examples_put(template->examples, question, len, &text);
    buf_append(&text, template->text, template->slot);
    buf_append(&text, question, len);
    buf_puts(&text, template->text + template->slot + sizeof PROMPT_SLOT - 1);
    out->text = buf_take(&text, &out->len);
    buf_release(&text);
    if (!out->text)
        return err_memory(err, "a prompt");
    fill_parts(template, len, out);
    out->key = prompt_key(seed, out->text, out->len);
    return PONDER_OK;
}

uint64_t prompt_key(int64_t seed, const char *prompt, size_t len)
{
    return rng_key(rng_key((uint64_t)seed, 0), hash_bytes(prompt, len));
}
