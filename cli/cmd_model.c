/* cmd_model.c - `ponder model FILE`: what is in a GGUF. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    const char *sampling, *data, *surprise, *about;
    bool json;
};

static const struct ponder_option *sampling_options(void)
{
    static const struct ponder_option table[] = {{.name = "keep-sampling",
                                                  .type = PONDER_OPTION_TEXT,
                                                  .offset = offsetof(struct args, sampling),
                                                  .meta = "STORE",
                                                  .help = "put into FILE what was best in STORE"},
                                                 {.name = "data",
                                                  .letter = 'd',
                                                  .type = PONDER_OPTION_TEXT,
                                                  .offset = offsetof(struct args, data),
                                                  .meta = "SET",
                                                  .help = "questions that say so; else the newest runs'"},
                                                 {.name = "surprise",
                                                  .type = PONDER_OPTION_TEXT,
                                                  .offset = offsetof(struct args, surprise),
                                                  .meta = "SET",
                                                  .help = "say how much its questions surprise it"},
                                                 {.name = "keep-surprise",
                                                  .type = PONDER_OPTION_TEXT,
                                                  .offset = offsetof(struct args, about),
                                                  .meta = "WORDS",
                                                  .help = "of --surprise, what it knows, in FILE"},
                                                 PONDER_OPTION_END};
    return table;
}

/* Lays the one line of JSON out for reading: a line per member of the outer three levels' objects. */
static void print_laid_out(const char *json)
{
    int depth = 0;
    bool string = false;
    for (const char *c = json; *c; c++) {
        if (string || *c == '"') {
            if (*c == '\\' && string)
                putchar(*c++);
            else if (*c == '"')
                string = !string;
            putchar(*c);
            continue;
        }
        bool open = *c == '{' || *c == '[', close = *c == '}' || *c == ']';
        depth -= close;
        if (close && depth < 2)
            printf("\n%*s", 2 * depth, "");
        putchar(*c);
        depth += open;
        if ((open || *c == ',') && depth <= 2)
            printf("\n%*s", 2 * depth, "");
        else if (*c == ':' || *c == ',')
            putchar(' ');
    }
    putchar('\n');
}

static int keep_sampling(const struct args *args, const char *path)
{
    struct ponder_err err = {0};
    struct ponder_sampling_choice best;
    int status = ponder_sampling_choose(args->sampling, args->data, &best, &err);
    if (!status)
        status = ponder_model_keep_sampling(path, &best, &err);
    for (int p = 0; !status && p < PONDER_PURPOSES; p++)
        if (best.known[p])
            printf("ponder.sampling.%s.temperature %g\n", ponder_purpose_name((enum ponder_purpose)p),
                   best.sampling[p].temperature);
    return status ? cli_fail(&err) : CLI_DONE;
}

/* A question that it knows may surprise it a little more than any of those that were tried. */
static const double MARGIN = 1.25;

static int show_surprise(const struct args *args, const char *path)
{
    struct ponder_err err = {0};
    struct ponder_model *model = NULL;
    struct ponder_surprise surprise;
    int status = ponder_model_open(&model, path, &err);
    if (!status)
        status = ponder_surprise_of_set(model, args->surprise, &surprise, &err);
    ponder_model_release(model);
    if (!status && args->about)
        status = ponder_model_keep_surprise(path, MARGIN * surprise.most, args->about, &err);
    if (status)
        return cli_fail(&err);
    printf("%lld questions: %.3f to %.3f nats a token, median %.3f; %lld above the limit\n",
           (long long)surprise.questions, surprise.least, surprise.most, surprise.median,
           (long long)surprise.above);
    if (args->about)
        printf("ponder.surprise.most %.3f\n", MARGIN * surprise.most);
    return CLI_DONE;
}

static int check_wishes(const struct args *args, struct ponder_err *err)
{
    const char *wrong = args->about && !args->surprise
                            ? "--keep-surprise says what the questions of --surprise SET are; give that too"
                        : args->sampling && args->surprise ? "--keep-sampling and --surprise: one at a time"
                                                           : NULL;
    if (!wrong)
        return PONDER_OK;
    snprintf(err->message, sizeof err->message, "%s", wrong);
    return err->status = PONDER_E_ARGUMENT;
}

static int model_run(void *data, int count, char **operands)
{
    const struct args *args = data;
    struct ponder_err err = {0};
    char *found = NULL, *json = NULL;
    int status = check_wishes(args, &err);
    if (!status && !count)
        status = ponder_model_find(&found, &err);
    if (!status && (args->sampling || args->surprise)) {
        const char *path = count ? operands[0] : found;
        int exit_status = args->sampling ? keep_sampling(args, path) : show_surprise(args, path);
        free(found);
        return exit_status;
    }
    if (!status)
        status = ponder_model_describe(count ? operands[0] : found, &json, &err);
    if (!status && args->json)
        puts(json);
    else if (!status)
        print_laid_out(json);
    free(json);
    free(found);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_model = {
    .name = "model",
    .summary = "Show what is in a GGUF file: metadata and tensors",
    .example = "ponder model models/pocket-base.gguf",
    .operands = "[FILE]",
    .operands_max = 1,
    .notes = "Without FILE: the shipped model.",
    .args_bytes = sizeof(struct args),
    .groups = {{sampling_options, 0}, {cli_json_options, offsetof(struct args, json)}},
    .run = model_run,
};
