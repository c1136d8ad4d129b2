/* cmd_generate.c - `ponder generate`: the raw continuation of a prompt. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct args {
    struct ponder_server server;
    const char *model, *prompt;
    struct ponder_sampling sampling;
};

static const struct ponder_option *generate_table(void)
{
    static const struct ponder_option options[] = {{"prompt", 'p', PONDER_OPTION_TEXT,
                                                    offsetof(struct args, prompt), "TEXT", "", 0, 0,
                                                    "continued as it is; empty: from the first token"},
                                                   PONDER_OPTION_END};
    return options;
}

/* Raw bytes for a pipe, harmless ones for a terminal. */
static void print_text(const struct ponder_text *text)
{
    if (isatty(STDOUT_FILENO))
        cli_print_text(stdout, text->text, text->len, true);
    else
        fwrite(text->text, 1, text->len, stdout);
    if (text->len == 0 || text->text[text->len - 1] != '\n')
        putchar('\n');
}

static int generate_run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_model *model = NULL;
    struct ponder_texts_out texts = {0};
    struct cli_progress line = {.what = "generate"};
    struct ponder_watch watch = {cli_progress_show, &line, cli_progress_note};
    if (strcmp(args->server.api, "auto") == 0)
        args->server.api = "completions";
    int status = cli_model_open(args->model, &args->server, &model, &err);
    cli_interrupt_catch();
    if (!status)
        status = ponder_model_generate(model, args->prompt, strlen(args->prompt), &args->sampling, &watch,
                                       &texts, &err);
    cli_progress_end(&line);
    for (int64_t i = 0; i < texts.count; i++) {
        if (texts.count > 1)
            printf("%s--- %lld\n", i ? "\n" : "", (long long)i + 1);
        print_text(&texts.items[i]);
    }
    int exit_status = status ? cli_fail(&err) : CLI_DONE;
    ponder_texts_release(&texts);
    ponder_model_release(model);
    return exit_status;
}

const struct cli_command cli_generate = {
    .name = "generate",
    .summary = "Continue a prompt as it is, without a template",
    .example = "ponder generate --prompt \"Q: What is 3 + 4?\" --max-tokens 40",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_model_options, offsetof(struct args, model)},
               {generate_table, 0},
               {ponder_generate_options, offsetof(struct args, sampling)},
               {ponder_server_options, offsetof(struct args, server)}},
    .run = generate_run,
};
