/* token_ids.c - our side of tests/peer/tokens: `token_ids MODEL [special]`, a line of bytes -> a line of
 * token ids; `token_ids nfc`, a line of bytes -> those of its normal form C, which llama.cpp does not make.
 * Built with everything else; sees only the public headers. */
#include <ponder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { TEXT_MAX = 1024 };

static size_t parse(const char *line, char text[TEXT_MAX])
{
    size_t len = 0;
    for (char *end; len < TEXT_MAX; line = end) {
        long byte = strtol(line, &end, 10);
        if (end == line)
            break;
        text[len++] = (char)byte;
    }
    return len;
}

static int answer(const struct ponder_tokenizer *tokenizer, unsigned flags, const char *line,
                  struct ponder_err *err)
{
    char text[TEXT_MAX];
    struct ponder_tokens tokens;
    int status = ponder_tokenize(tokenizer, text, parse(line, text), flags, &tokens, err);
    if (status)
        return status;
    for (size_t i = 0; i < tokens.count; i++)
        printf("%s%d", i ? " " : "", tokens.ids[i]);
    putchar('\n');
    free(tokens.ids);
    return PONDER_OK;
}

static void print_bytes(const utf8proc_uint8_t *bytes, utf8proc_ssize_t len)
{
    for (utf8proc_ssize_t i = 0; i < len; i++)
        printf("%d ", bytes[i]);
}

/* Each stretch of well-formed UTF-8 by itself; other bytes stay. */
static void print_normal_form(const char *line)
{
    char text[TEXT_MAX];
    utf8proc_ssize_t len = (utf8proc_ssize_t)parse(line, text);
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    for (utf8proc_ssize_t at = 0, end = 0; at < len; at = ++end) {
        utf8proc_int32_t code;
        for (utf8proc_ssize_t n; end < len && (n = utf8proc_iterate(bytes + end, len - end, &code)) > 0;)
            end += n;
        utf8proc_uint8_t *normal = NULL;
        utf8proc_ssize_t size =
            utf8proc_map(bytes + at, end - at, &normal, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
        print_bytes(normal, size);
        print_bytes(bytes + end, end < len);
        free(normal);
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    struct ponder_tokenizer *tokenizer = NULL;
    struct ponder_err err;
    char *line = NULL;
    size_t size = 0;
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: token_ids MODEL [special] | nfc\n");
        return 2;
    }
    bool nfc = strcmp(argv[1], "nfc") == 0;
    unsigned flags = PONDER_TOKENIZE_BOS | (argc == 3 ? PONDER_TOKENIZE_SPECIAL : 0u);
    int status = nfc ? PONDER_OK : ponder_tokenizer_open(&tokenizer, argv[1], &err);
    while (!status && getline(&line, &size, stdin) >= 0)
        if (nfc)
            print_normal_form(line);
        else
            status = answer(tokenizer, flags, line, &err);
    if (status)
        fprintf(stderr, "token_ids: %s\n", err.message);
    free(line);
    ponder_tokenizer_release(tokenizer);
    return status ? 1 : 0;
}
