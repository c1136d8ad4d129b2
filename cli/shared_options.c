/* shared_options.c - the options --model and --json that most commands share. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const struct ponder_option *cli_model_options(void)
{
    static const struct ponder_option table[] = {
        {"model", 'm', PONDER_OPTION_TEXT, 0, "FILE", NULL, 0, 0, "GGUF file; else the shipped one"},
        PONDER_OPTION_END};
    return table;
}

const struct ponder_option *cli_json_options(void)
{
    static const struct ponder_option table[] = {
        {"json", 0, PONDER_OPTION_FLAG, 0, NULL, NULL, 0, 0, "one JSON object on stdout"}, PONDER_OPTION_END};
    return table;
}

/* Whether --engine names servers; *status says what is wrong with the options. */
static bool is_remote(const struct ponder_server *server, int *status, struct ponder_err *err)
{
    *status = PONDER_OK;
    if (!server || strcmp(server->engine, "openai") == 0)
        return server != NULL;
    if (strcmp(server->engine, "local") != 0)
        snprintf(err->message, sizeof err->message, "--engine: '%.40s' is neither local nor openai",
                 server->engine);
    else if (server->base_url.count)
        snprintf(err->message, sizeof err->message, "--base-url is for a server; add --engine openai");
    else
        return false;
    *status = err->status = PONDER_E_ARGUMENT;
    return false;
}

/* The file given, or the one that is found. */
static int open_file(const char *path, struct ponder_model **model, struct ponder_err *err)
{
    char *found = NULL;
    int status = path ? PONDER_OK : ponder_model_find(&found, err);
    if (!status)
        status = ponder_model_open(model, path ? path : found, err);
    free(found);
    return status;
}

int cli_model_open(const char *path, const struct ponder_server *server, struct ponder_model **model,
                   struct ponder_err *err)
{
    int status;
    struct cli_progress line = {.what = "ponder"};
    struct ponder_watch watch = {.data = &line, .note = cli_progress_note};
    if (is_remote(server, &status, err))
        return ponder_model_connect_watched(model, path, server, &watch, err);
    if (!status)
        status = open_file(path, model, err);
    if (!status)
        cli_remark(ponder_model_remark(*model, PONDER_REMARK_TOKENIZER));
    return status;
}

int cli_model_prompting(struct ponder_model *model, const struct ponder_prompting *prompting,
                        struct ponder_err *err)
{
    int status = ponder_model_prompting(model, prompting, err);
    if (!status)
        cli_remark(ponder_model_remark(model, PONDER_REMARK_PROMPT));
    return status;
}

void cli_remark(const char *remark)
{
    if (remark)
        cli_progress_note(remark, NULL);
}

void cli_note_flops(const struct ponder_server *server)
{
    if (strcmp(server->engine, "openai") == 0 && server->params == 0)
        fputs("ponder: the FLOPs of the server's model are not known; --model-params, such as 8e9, says its "
              "size\n",
              stderr);
}
