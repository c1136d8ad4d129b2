/* lines.c - a command that turns each line of JSONL into another. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static int each_line(FILE *in, cli_line_fn *each, void *data, long long *number, struct ponder_err *err)
{
    char *line = NULL, *out = NULL;
    size_t cap = 0;
    ssize_t n;
    int status = PONDER_OK;
    while (!status && !cli_interrupted() && !ferror(stdout) && (n = getline(&line, &cap, in)) >= 0) {
        ++*number;
        if (strlen(line) != (size_t)n) {
            snprintf(err->message, sizeof err->message, "a NUL byte; JSON has none");
            status = err->status = PONDER_E_FORMAT;
        } else if (strspn(line, " \t\r\n") != (size_t)n) {
            status = each(line, data, &out, err);
        }
        if (out)
            puts(out);
        free(out);
        out = NULL;
    }
    if (!status && ferror(in) && !cli_interrupted()) {
        err->status = status = PONDER_E_IO;
        snprintf(err->message, sizeof err->message, "cannot be read on: %s", strerror(errno));
    }
    free(line);
    return status;
}

int cli_each_line(const char *path, cli_line_fn *each, void *data)
{
    struct ponder_err err = {.status = PONDER_OK};
    bool standard = strcmp(path, "-") == 0;
    long long number = 0;
    FILE *in = standard ? stdin : fopen(path, "r");
    if (!in) {
        err.status = PONDER_E_IO;
        snprintf(err.message, sizeof err.message, "--in: %.200s cannot be read; give a file of JSONL", path);
        return cli_fail(&err);
    }
    cli_interrupt_catch();
    int status = each_line(in, each, data, &number, &err);
    if (!standard)
        fclose(in);
    if (!status)
        return cli_finish(cli_interrupted() ? CLI_FAILED : CLI_DONE);
    fflush(stdout);
    fprintf(stderr, "ponder: %s, line %lld: %s\n", standard ? "standard input" : path, number, err.message);
    return CLI_FAILED;
}
