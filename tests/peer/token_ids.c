/* token_ids.c - our side of tests/peer/tokens: `token_ids MODEL [special]`, a line of bytes -> a line of
 * token ids. Built with everything else; sees only the public headers. */
#include <ponder.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 1024 };

static int answer(const struct ponder_tokenizer *tokenizer, unsigned flags, const char *line,
                  struct ponder_err *err)
{
    char text[TEXT_MAX];
    size_t len = 0;
    for (char *end; len < TEXT_MAX; line = end) {
        long byte = strtol(line, &end, 10);
        if (end == line)
            break;
        text[len++] = (char)byte;
    }
    struct ponder_tokens tokens;
    int status = ponder_tokenize(tokenizer, text, len, flags, &tokens, err);
    if (status)
        return status;
    for (size_t i = 0; i < tokens.count; i++)
        printf("%s%d", i ? " " : "", tokens.ids[i]);
    putchar('\n');
    free(tokens.ids);
    return PONDER_OK;
}

int main(int argc, char **argv)
{
    struct ponder_tokenizer *tokenizer = NULL;
    struct ponder_err err;
    char *line = NULL;
    size_t size = 0;
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: token_ids MODEL [special]\n");
        return 2;
    }
    unsigned flags = PONDER_TOKENIZE_BOS | (argc == 3 ? PONDER_TOKENIZE_SPECIAL : 0u);
    int status = ponder_tokenizer_open(&tokenizer, argv[1], &err);
    while (!status && getline(&line, &size, stdin) >= 0)
        status = answer(tokenizer, flags, line, &err);
    if (status)
        fprintf(stderr, "token_ids: %s\n", err.message);
    free(line);
    ponder_tokenizer_release(tokenizer);
    return status ? 1 : 0;
}
