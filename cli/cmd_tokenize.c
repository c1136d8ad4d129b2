/* cmd_tokenize.c - `ponder tokenize`: text on standard input to token ids, and back. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { TEXT_BYTES_MAX = 1 << 28 };

struct args {
    const char *model;
    bool decode, bos, special;
};

static const struct ponder_option *tokenize_table(void)
{
    static const struct ponder_option options[] = {
        {"decode", 'd', PONDER_OPTION_FLAG, offsetof(struct args, decode), NULL, NULL, 0, 0,
         "ids on standard input to text"},
        {"bos", 0, PONDER_OPTION_FLAG, offsetof(struct args, bos), NULL, NULL, 0, 0,
         "begin with the model's first token where it wants one"},
        {"special", 0, PONDER_OPTION_FLAG, offsetof(struct args, special), NULL, NULL, 0, 0,
         "text that spells a control token becomes that token"},
        PONDER_OPTION_END};
    return options;
}

static int open_tokenizer(const char *path, struct ponder_tokenizer **tokenizer, struct ponder_err *err)
{
    char *found = NULL;
    int status = path ? PONDER_OK : ponder_model_find(&found, err);
    if (!status)
        status = ponder_tokenizer_open(tokenizer, path ? path : found, err);
    if (!status)
        cli_remark(ponder_tokenizer_remark(*tokenizer));
    free(found);
    return status;
}

static int encode(const struct ponder_tokenizer *tokenizer, const struct args *args, const char *text,
                  size_t len, struct ponder_err *err)
{
    struct ponder_tokens tokens;
    unsigned flags = (args->bos ? PONDER_TOKENIZE_BOS : 0u) | (args->special ? PONDER_TOKENIZE_SPECIAL : 0u);
    int status = ponder_tokenize(tokenizer, text, len, flags, &tokens, err);
    if (status)
        return status;
    for (size_t i = 0; i < tokens.count; i++)
        printf("%s%d", i ? " " : "", tokens.ids[i]);
    putchar('\n');
    free(tokens.ids);
    return PONDER_OK;
}

/* Numbers separated by white space or commas. */
static int parse_ids(const char *text, int32_t **ids, size_t *count, struct ponder_err *err)
{
    *ids = malloc((strlen(text) / 2 + 1) * sizeof **ids);
    *count = 0;
    if (!*ids)
        return err->status = PONDER_E_MEMORY;
    const char *at = text + strspn(text, " \t\r\n,");
    while (*at) {
        char *end;
        errno = 0;
        long id = strtol(at, &end, 10);
        if (end == at || errno || id < 0 || id > INT32_MAX || !strchr(" \t\r\n,", *end)) {
            snprintf(err->message, sizeof err->message,
                     "'%.20s' at offset %zu is no token id; give whole numbers with spaces between", at,
                     (size_t)(at - text));
            return err->status = PONDER_E_ARGUMENT;
        }
        (*ids)[(*count)++] = (int32_t)id;
        at = end + strspn(end, " \t\r\n,");
    }
    return PONDER_OK;
}

static int decode(const struct ponder_tokenizer *tokenizer, const char *text, struct ponder_err *err)
{
    int32_t *ids = NULL;
    size_t count, len;
    char *decoded = NULL;
    int status = parse_ids(text, &ids, &count, err);
    if (!status)
        status = ponder_detokenize(tokenizer, ids, count, &decoded, &len, err);
    if (!status && isatty(STDOUT_FILENO))
        cli_print_text(stdout, decoded, len, true);
    else if (!status)
        fwrite(decoded, 1, len, stdout);
    free(decoded);
    free(ids);
    return status;
}

static int tokenize_run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_tokenizer *tokenizer = NULL;
    char *text = NULL;
    size_t len;
    int status = open_tokenizer(args->model, &tokenizer, &err);
    if (!status)
        status = cli_read("-", TEXT_BYTES_MAX, &text, &len, &err);
    if (!status)
        status = args->decode ? decode(tokenizer, text, &err) : encode(tokenizer, args, text, len, &err);
    free(text);
    ponder_tokenizer_release(tokenizer);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_tokenize = {
    .name = "tokenize",
    .summary = "Text on standard input to token ids on one line, or back",
    .example = "printf 'Hello' | ponder tokenize",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_model_options, offsetof(struct args, model)}, {tokenize_table, 0}},
    .run = tokenize_run,
};
