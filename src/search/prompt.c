#include "search/prompt.h"

#include <stdbool.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "core/utf8.h"
#include "ponder/solve.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void trim(const char **text, size_t *len)
{
    while (*len && is_space(**text)) {
        ++*text;
        --*len;
    }
    while (*len && is_space((*text)[*len - 1]))
        --*len;
}

int prompt_check_question(const char *question, size_t len, struct ponder_err *err)
{
    if (len > PONDER_QUESTION_BYTES_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "the question has %zu bytes; the limit is %d", len,
                       PONDER_QUESTION_BYTES_MAX);
    int status = utf8_check(question, len, "the question", err);
    trim(&question, &len);
    if (!status && len == 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "the question is empty; give it as text, or - to read standard input");
    return status;
}

int prompt_fill(const char *template, const char *question, size_t len, struct buf *out,
                struct ponder_err *err)
{
    static const char slot[] = "{question}";
    const char *at = strstr(template, slot);
    if (!at)
        return err_set(err, PONDER_E_FORMAT,
                       "the model's prompt template has no {question} (GGUF key ponder.prompt.template)");
    trim(&question, &len);
    buf_append(out, template, (size_t)(at - template));
    buf_append(out, question, len);
    buf_puts(out, at + sizeof slot - 1);
    return buf_ok(out) ? PONDER_OK : err_memory(err, "a prompt");
}

uint64_t prompt_key(int64_t seed, const char *prompt, size_t len)
{
    return rng_key(rng_key((uint64_t)seed, 0), hash_bytes(prompt, len));
}
