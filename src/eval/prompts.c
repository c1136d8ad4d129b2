#include "eval/prompts.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "search/prompt.h"

static int fill_one(struct best_of_n_prompt *out, const struct question *question, const char *template,
                    int64_t seed, struct ponder_err *err)
{
    struct buf text = BUF_INIT(4u * PONDER_QUESTION_BYTES_MAX);
    size_t len = strlen(question->problem), filled = 0;
    int status = prompt_check_question(question->problem, len, err);
    if (!status)
        status = prompt_fill(template, question->problem, len, &text, err);
    char *taken = status ? NULL : buf_take(&text, &filled);
    buf_release(&text);
    if (!status && !taken)
        status = err_memory(err, "prompts");
    if (status)
        return err_prefix(err, status, "%s", question->id);
    *out = (struct best_of_n_prompt){taken, filled, prompt_key(seed, taken, filled), question->id};
    return PONDER_OK;
}

int prompts_fill(struct best_of_n_prompt *prompts, const struct questions *questions, const char *template,
                 int64_t seed, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < questions->count && !status; i++)
        status = fill_one(&prompts[i], &questions->items[i], template, seed, err);
    return status;
}

void prompts_free(struct best_of_n_prompt *prompts, int64_t count)
{
    for (int64_t i = 0; prompts && i < count; i++)
        free((char *)prompts[i].text);
    free(prompts);
}
