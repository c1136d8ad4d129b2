/* cmd_logits.c - `ponder logits`: what a model expects at each position of a prompt. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    const char *model, *prompt, *precision;
    int64_t top, threads;
    bool json;
};

static const struct ponder_option *logits_table(void)
{
    static const struct ponder_option options[] = {
        {"prompt", 'p', PONDER_OPTION_TEXT, offsetof(struct args, prompt), "TEXT", "", 0, 0,
         "the text, as it is"},
        {"top", 'k', PONDER_OPTION_INT, offsetof(struct args, top), "K", "5", 0, 100000,
         "most probable next tokens shown per position"},
        {"precision", 0, PONDER_OPTION_TEXT, offsetof(struct args, precision), "P", "auto", 0, 0,
         "of products: auto, f32, bf16 or int8"},
        {"threads", 0, PONDER_OPTION_INT, offsetof(struct args, threads), "T", "0", 0, 1024, "0: all cores"},
        {"json", 0, PONDER_OPTION_FLAG, offsetof(struct args, json), NULL, NULL, 0, 0,
         "one JSON object on stdout"},
        PONDER_OPTION_END};
    return options;
}

static void print_table(const struct ponder_logprobs *logprobs)
{
    printf("position  token  next logprob  most probable next tokens\n");
    for (int64_t i = 0; i < logprobs->count; i++) {
        printf("%8lld %6d ", (long long)i, logprobs->tokens[i]);
        if (isnan(logprobs->next[i]))
            printf("%13s ", "-");
        else
            printf("%13.4f ", logprobs->next[i]);
        for (int64_t k = 0; k < logprobs->top; k++)
            printf(" %d:%.3f", logprobs->top_ids[i * logprobs->top + k],
                   logprobs->top_values[i * logprobs->top + k]);
        printf("\n");
    }
}

static int logits_print(const struct args *args, const struct ponder_model *model,
                        const struct ponder_logprobs *logprobs, struct ponder_err *err)
{
    if (!args->json) {
        print_table(logprobs);
        return PONDER_OK;
    }
    char *json = NULL;
    int status = ponder_logprobs_json(model, logprobs, &json, err);
    if (!status)
        puts(json);
    free(json);
    return status;
}

static int logits_run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_model *model = NULL;
    struct ponder_logprobs logprobs = {0};
    int status = cli_model_open(args->model, NULL, &model, &err);
    if (!status)
        status = ponder_model_logprobs(model, args->prompt, strlen(args->prompt), args->top, args->precision,
                                       args->threads, &logprobs, &err);
    if (!status)
        status = logits_print(args, model, &logprobs, &err);
    ponder_logprobs_release(&logprobs);
    ponder_model_release(model);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_logits = {
    .name = "logits",
    .summary = "Log-probabilities of the top tokens at each position of a prompt",
    .example = "ponder logits --prompt \"3 + 4 = \" --top 3 --json",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_model_options, offsetof(struct args, model)}, {logits_table, 0}},
    .run = logits_run,
};
