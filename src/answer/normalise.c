/* normalise.c - the form in which two answers are compared.
 *
 * Works on LaTeX as a stream of commands and bytes: a command is dropped, renamed, or (text formatting)
 * replaced by what stands in its braces. Whether 1/2 equals 0.5 is not decided here. */
#include "answer/answer.h"

#include "core/ascii.h"

#include <string.h>

#include "ponder/status.h"

enum command_kind { COMMAND_KEEP, COMMAND_DROP, COMMAND_UNWRAP };

static const struct command {
    const char *name; /* with its backslash */
    enum command_kind kind;
    const char *instead; /* COMMAND_KEEP: written in its place */
} commands[] = {
    {"\\left", COMMAND_DROP, NULL},      {"\\right", COMMAND_DROP, NULL},
    {"\\text", COMMAND_UNWRAP, NULL},    {"\\textbf", COMMAND_UNWRAP, NULL},
    {"\\textit", COMMAND_UNWRAP, NULL},  {"\\textrm", COMMAND_UNWRAP, NULL},
    {"\\mathrm", COMMAND_UNWRAP, NULL},  {"\\mathbf", COMMAND_UNWRAP, NULL},
    {"\\mbox", COMMAND_UNWRAP, NULL},    {"\\dfrac", COMMAND_KEEP, "\\frac"},
    {"\\tfrac", COMMAND_KEEP, "\\frac"}, {"\\$", COMMAND_DROP, NULL},
    {"\\(", COMMAND_DROP, NULL},         {"\\)", COMMAND_DROP, NULL},
    {"\\[", COMMAND_DROP, NULL},         {"\\]", COMMAND_DROP, NULL},
    {"\\,", COMMAND_DROP, NULL},         {"\\;", COMMAND_DROP, NULL},
    {"\\!", COMMAND_DROP, NULL},         {"\\:", COMMAND_DROP, NULL},
    {"\\ ", COMMAND_DROP, NULL},
};

/* Bytes of the command that `text` begins with: a backslash and its letters, or one other byte. */
static size_t command_length(const char *text, size_t n)
{
    if (n < 2)
        return n;
    size_t i = 1;
    while (i < n && ascii_is_letter(text[i]))
        i++;
    return i > 1 ? i : 2;
}

static const struct command *command_find(const char *text, size_t n)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].name) == n && memcmp(commands[i].name, text, n) == 0)
            return &commands[i];
    return NULL;
}

/* Whether a gap parts two numbers: "3 1/2" is not 31/2, but "1 000" is 1000. */
static bool parts_numbers(const struct buf *out, size_t begin, const char *behind, const char *end)
{
    size_t n = 0;
    while (behind + n < end && ascii_is_digit(behind[n]))
        n++;
    bool thousands = n == 3 && (behind + n == end || behind[n] != '/');
    return n && !thousands && out->len > begin && ascii_is_digit(out->data[out->len - 1]);
}

enum { UNWRAP_MAX = 32 };

int answer_normalise(const char *answer, size_t len, struct buf *out)
{
    size_t begin = out->len;
    int depth = 0, unwrapped = 0;
    int closing[UNWRAP_MAX]; /* depths whose closing brace goes with an unwrapped command */
    for (size_t i = 0; i < len;) {
        char c = answer[i];
        if (c == '\\') {
            size_t n = command_length(answer + i, len - i);
            const struct command *command = command_find(answer + i, n);
            if (!command)
                buf_append(out, answer + i, n);
            else if (command->kind == COMMAND_KEEP)
                buf_puts(out, command->instead);
            i += n;
            if (command && command->kind == COMMAND_DROP &&
                parts_numbers(out, begin, answer + i, answer + len))
                buf_putc(out, ' ');
            if (command && command->kind == COMMAND_UNWRAP && i < len && answer[i] == '{' &&
                unwrapped < UNWRAP_MAX) {
                closing[unwrapped++] = depth++;
                i++;
            }
            continue;
        }
        i++;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '$' || c == '~') {
            if (c != '$' && parts_numbers(out, begin, answer + i, answer + len))
                buf_putc(out, ' ');
            continue;
        }
        depth += c == '{';
        depth -= c == '}';
        if (c == '}' && unwrapped > 0 && closing[unwrapped - 1] == depth)
            unwrapped--;
        else
            buf_putc(out, c);
    }
    if (out->len > begin && out->data[out->len - 1] == '.')
        out->data[--out->len] = '\0';
    return buf_ok(out) ? PONDER_OK : PONDER_E_MEMORY;
}
