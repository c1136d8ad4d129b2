/* cmd_eval.c - `ponder eval`: accuracy over a set of questions, with intervals. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct ponder_server server;
    const char *model;
    struct ponder_eval_settings settings;
    struct ponder_sampling sampling;
    struct ponder_prompting prompting;
    struct ponder_search search;
    const char *temperature; /* "auto", one, or several */
    bool json;
};

static const struct ponder_option *temperature_options(void)
{
    static const struct ponder_option table[] = {{"temperature", 't', PONDER_OPTION_TEXT,
                                                  offsetof(struct args, temperature), "T,T..", "auto", 0, 0,
                                                  "0: greedy; several: a sweep"},
                                                 PONDER_OPTION_END};
    return table;
}

static int eval_print(const struct args *args, const struct ponder_eval *eval, struct ponder_err *err)
{
    if (!args->json) {
        cli_print_eval(eval);
        return PONDER_OK;
    }
    char *json = NULL;
    int status = ponder_eval_json(eval, &json, err);
    if (!status)
        puts(json);
    free(json);
    return status;
}

static void say_stopped(int64_t done, int64_t asked, int64_t seeds)
{
    if (done == asked * seeds)
        return;
    fprintf(stderr, "ponder: stopped early; these are the %lld of %lld questions", (long long)done,
            (long long)(asked * seeds));
    fprintf(stderr, seeds > 1 ? " x seeds that were done\n" : " that were done\n");
}

static int eval_best_of_n(const struct args *args, struct ponder_model *model,
                          const struct ponder_watch *watch, struct cli_progress *line, struct ponder_err *err)
{
    struct ponder_eval *eval = NULL;
    int status = ponder_eval_run(model, &args->settings, &args->sampling, watch, &eval, err);
    cli_progress_end(line);
    if (!status && eval->failed)
        fprintf(stderr, "ponder: %lld samples failed and count as wrong%s; the first: %s\n",
                (long long)eval->failed,
                args->settings.store ? "; their questions are not kept, the same command asks them again"
                                     : "",
                eval->failure);
    if (!status)
        say_stopped(eval->done, eval->asked, eval->seeds);
    if (!status)
        status = eval_print(args, eval, err);
    ponder_eval_release(eval);
    return status;
}

static int eval_search(const struct args *args, struct ponder_model *model, const struct ponder_watch *watch,
                       struct cli_progress *line, struct ponder_err *err)
{
    struct ponder_search_eval *eval = NULL;
    char *json = NULL;
    int status =
        ponder_search_eval_run(model, &args->settings, &args->sampling, &args->search, watch, &eval, err);
    cli_progress_end(line);
    if (!status && eval->failed)
        fprintf(stderr, "ponder: %lld questions failed and count as wrong%s; the first: %s\n",
                (long long)eval->failed,
                args->settings.store ? "; they are not kept, the same command asks them again" : "",
                eval->failure);
    if (!status)
        say_stopped(eval->done, eval->asked, eval->seeds);
    if (!status && args->json)
        status = ponder_search_eval_json(eval, &json, err);
    if (!status && args->json)
        puts(json);
    else if (!status)
        cli_print_search(eval, &args->search, args->settings.against);
    free(json);
    ponder_search_eval_release(eval);
    return status;
}

static int eval_sweep(const struct args *args, const double *temperatures, int count,
                      struct ponder_model *model, const struct ponder_watch *watch, struct cli_progress *line,
                      struct ponder_err *err)
{
    struct ponder_sweep *sweep = NULL;
    const struct ponder_search *search = ponder_search_is_vote(&args->search) ? NULL : &args->search;
    char *json = NULL;
    int status = ponder_sweep_run(model, &args->settings, &args->sampling, search, temperatures, count, watch,
                                  &sweep, err);
    cli_progress_end(line);
    if (!status && args->json)
        status = ponder_figure_json(sweep->figure, &json, err);
    if (!status && args->json)
        puts(json);
    else if (!status)
        cli_print_sweep(sweep);
    free(json);
    ponder_sweep_release(sweep);
    return status;
}

/* One temperature, or none, goes into the sampling. */
static int read_temperatures(struct args *args, double *temperatures, int *count, struct ponder_err *err)
{
    *count = 0;
    args->sampling.temperature = NAN;
    if (strcmp(args->temperature, "auto") == 0)
        return PONDER_OK;
    int status = ponder_sweep_parse(args->temperature, temperatures, count, err);
    if (!status && *count == 1)
        args->sampling.temperature = temperatures[0];
    return status;
}

static int eval_check(const struct args *args, struct ponder_err *err)
{
    if (args->search.stop > 0) {
        snprintf(
            err->message, sizeof err->message,
            "--stop is for solving: an evaluation keeps every solution, and `ponder replay --stop %g` says "
            "where a vote over them could have stopped",
            args->search.stop);
        return err->status = PONDER_E_ARGUMENT;
    }
    if (!ponder_search_is_vote(&args->search) || !args->settings.against)
        return PONDER_OK;
    snprintf(err->message, sizeof err->message,
             "--against compares a search with best-of-N; add --search beam, lookahead, dvts or particles, "
             "or leave "
             "--against away");
    return err->status = PONDER_E_ARGUMENT;
}

static int cmd_eval_run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_model *model = NULL;
    struct cli_progress line = {.what = "eval"};
    struct ponder_watch watch = {cli_progress_show, &line, cli_progress_note};
    double temperatures[PONDER_SWEEP_MAX];
    int temperature_count;
    int status = eval_check(args, &err);
    if (!status)
        status = read_temperatures(args, temperatures, &temperature_count, &err);
    if (!status)
        status = cli_model_open(args->model, &args->server, &model, &err);
    if (!status)
        status = cli_model_prompting(model, &args->prompting, &err);
    cli_interrupt_catch();
    if (!status && temperature_count > 1)
        status = eval_sweep(args, temperatures, temperature_count, model, &watch, &line, &err);
    else if (!status && ponder_search_is_vote(&args->search))
        status = eval_best_of_n(args, model, &watch, &line, &err);
    else if (!status)
        status = eval_search(args, model, &watch, &line, &err);
    if (!status && !args->json) {
        struct ponder_start start = ponder_model_start(model);
        cli_print_start(&start);
    }
    ponder_model_release(model);
    if (!status)
        cli_note_flops(&args->server);
    return status ? cli_fail(&err) : CLI_DONE;
}

static const char *const eval_leading[] = {"data",   "model",    "n",      "temperature", "seeds", "store",
                                           "search", "verifier", "budget", "json",        NULL};

const struct cli_command cli_eval = {
    .name = "eval",
    .summary = "Measure pass@1, maj@k and pass@k of a model, with 95% intervals",
    .example = "ponder eval --data pocket:test:500 -n 64",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_model_options, offsetof(struct args, model)},
               {ponder_eval_options, offsetof(struct args, settings)},
               {temperature_options, 0},
               {ponder_eval_sampling_options, offsetof(struct args, sampling)},
               {ponder_prompting_options, offsetof(struct args, prompting)},
               {cli_json_options, offsetof(struct args, json)},
               {ponder_search_options, offsetof(struct args, search)},
               {ponder_server_options, offsetof(struct args, server)}},
    .leading = eval_leading,
    .run = cmd_eval_run,
};
