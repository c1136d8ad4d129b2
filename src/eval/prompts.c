#include "eval/prompts.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "prompt/prompt.h"

static int fill_one(struct prompt *out, const struct question *question,
                    const struct prompt_template *template, int64_t seed, struct ponder_err *err)
{
    size_t len = strlen(question->problem);
    int status = prompt_check_question(question->problem, len, err);
    if (!status)
        status = prompt_fill(template, question->problem, len, seed, question->id, out, err);
    return status ? err_prefix(err, status, "%s", question->id) : PONDER_OK;
}

int prompts_fill(struct prompt *prompts, const struct questions *questions,
                 const struct prompt_template *template, int64_t seed, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < questions->count && !status; i++)
        status = fill_one(&prompts[i], &questions->items[i], template, seed, err);
    return status;
}

void prompts_free(struct prompt *prompts, int64_t count)
{
    for (int64_t i = 0; prompts && i < count; i++)
        free((char *)prompts[i].text);
    free(prompts);
}
