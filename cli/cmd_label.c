/* cmd_label.c - `ponder label`: labels for the steps of a model's own solutions, by rollouts. */
#include <stddef.h>
#include <stdlib.h>

#include "cli.h"

struct args {
    struct ponder_server server;
    const char *model;
    struct ponder_label_settings settings;
    struct ponder_sampling sampling;
    struct ponder_prompting prompting;
    bool json;
};

static void print_label(const struct ponder_label *label, const char *store)
{
    char number[4][32];
    printf("%s, run %lld: %s of %s questions, %s solutions (%.3f right), %s with labels\n", store,
           (long long)label->run, cli_thousands(number[0], label->done),
           cli_thousands(number[1], label->asked), cli_thousands(number[2], label->solutions), label->right,
           cli_thousands(number[3], label->labelled));
    printf("%s labels, mean %.3f\n", cli_thousands(number[0], label->steps), label->value);
    if (label->rollouts)
        printf("%s rollouts from %s prefixes now\n", cli_thousands(number[0], label->rollouts),
               cli_thousands(number[1], label->prefixes));
    cli_print_cost(&label->ledger, &label->spent, label->resumed, label->asked);
}

static int label_print(const struct args *args, const struct ponder_label *label, struct ponder_err *err)
{
    char *json = NULL;
    if (!args->json) {
        print_label(label, args->settings.store);
        return PONDER_OK;
    }
    int status = ponder_label_json(label, &json, err);
    if (!status)
        puts(json);
    free(json);
    return status;
}

static int label_run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_model *model = NULL;
    struct ponder_label label;
    struct cli_progress line = {.what = "label"};
    struct ponder_watch watch = {cli_progress_show, &line, cli_progress_note};
    int status = cli_model_open(args->model, &args->server, &model, &err);
    if (!status)
        status = cli_model_prompting(model, &args->prompting, &err);
    cli_interrupt_catch();
    if (!status)
        status = ponder_label_run(model, &args->settings, &args->sampling, &watch, &label, &err);
    cli_progress_end(&line);
    if (!status && label.done < label.asked)
        fprintf(stderr, "ponder: stopped early; the same command goes on with the other %lld questions\n",
                (long long)(label.asked - label.done));
    if (!status)
        status = label_print(args, &label, &err);
    ponder_model_release(model);
    if (!status)
        cli_note_flops(&args->server);
    return status ? cli_fail(&err) : cli_finish(CLI_DONE);
}

const struct cli_command cli_label = {
    .name = "label",
    .summary = "Label the steps of a model's own solutions, by rollouts",
    .example = "ponder label --data pocket:train:1000 -n 4 --rollouts 4 --store FILE",
    .notes = "`runs export FILE RUN` prints them, `train prm --store FILE` learns them.",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_model_options, offsetof(struct args, model)},
               {ponder_label_options, offsetof(struct args, settings)},
               {ponder_label_sampling_options, offsetof(struct args, sampling)},
               {ponder_prompting_options, offsetof(struct args, prompting)},
               {cli_json_options, offsetof(struct args, json)},
               {ponder_server_options, offsetof(struct args, server)}},
    .run = label_run,
};
