/* shared_options.c - the options --model and --json that most commands share. */
#include <stdlib.h>

#include "cli.h"

const struct ponder_option *cli_model_options(void)
{
    static const struct ponder_option table[] = {
        {"model", 'm', PONDER_OPTION_TEXT, 0, "FILE", NULL, 0, 0, "GGUF file; else the shipped model"},
        PONDER_OPTION_END};
    return table;
}

const struct ponder_option *cli_json_options(void)
{
    static const struct ponder_option table[] = {
        {"json", 0, PONDER_OPTION_FLAG, 0, NULL, NULL, 0, 0, "one JSON object on stdout"}, PONDER_OPTION_END};
    return table;
}

int cli_model_open(const char *path, struct ponder_model **model, struct ponder_err *err)
{
    if (path)
        return ponder_model_open(model, path, err);
    char *found = NULL;
    int status = ponder_model_find(&found, err);
    if (!status)
        status = ponder_model_open(model, found, err);
    free(found);
    return status;
}
