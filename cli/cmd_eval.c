/* cmd_eval.c - `ponder eval`: accuracy over a set of questions, with intervals. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    const char *model, *data, *samples;
    int64_t limit;
    struct ponder_sampling sampling;
    struct ponder_search search;
    bool json;
};

static const struct ponder_option *set_table(void)
{
    static const struct ponder_option options[] = {
        {"data", 'd', PONDER_OPTION_TEXT, offsetof(struct args, data), "FILE", "pocket:test:500", 0, 0,
         "JSONL, or pocket:test:N[:SEED]"},
        {"limit", 'l', PONDER_OPTION_INT, offsetof(struct args, limit), "K", "0", 0, 1000000,
         "only the first K questions; 0: all"},
        PONDER_OPTION_END};
    return options;
}

static const struct ponder_option *out_table(void)
{
    static const struct ponder_option options[] = {
        {"json", 0, PONDER_OPTION_FLAG, offsetof(struct args, json), NULL, NULL, 0, 0,
         "one JSON object on stdout"},
        {"samples", 0, PONDER_OPTION_TEXT, offsetof(struct args, samples), "FILE", NULL, 0, 0,
         "keep every sample there; resumes what it lacks"},
        PONDER_OPTION_END};
    return options;
}

static void print_header(const char *first, const struct ponder_eval *eval)
{
    cli_style(stdout, "1");
    printf("%-24s %5s  %-17s", first, "n", "pass@1");
    char name[32];
    snprintf(name, sizeof name, "maj@%lld", (long long)eval->n);
    printf("  %-17s", name);
    snprintf(name, sizeof name, "pass@%lld", (long long)eval->n);
    printf("  %s\n", name);
    cli_style(stdout, "0");
}

static void print_group(const struct ponder_eval *eval, const struct ponder_eval_group *group)
{
    int last = eval->k_count - 1;
    char *name = ponder_text_escape(group->name, strlen(group->name), false);
    printf("%-24.24s %5lld", name ? name : "", (long long)group->questions);
    free(name);
    cli_print_interval(&group->pass_1);
    cli_print_interval(&group->maj[last]);
    cli_print_interval(&group->pass[last]);
    printf("\n");
}

static void print_by_k(const struct ponder_eval *eval)
{
    const struct ponder_eval_group *all = &eval->groups[0];
    cli_style(stdout, "1");
    printf("%6s  %-17s  %s\n", "k", "maj@k", "pass@k");
    cli_style(stdout, "0");
    for (int i = 0; i < eval->k_count; i++) {
        printf("%6lld", (long long)eval->ks[i]);
        cli_print_interval(&all->maj[i]);
        cli_print_interval(&all->pass[i]);
        printf("\n");
    }
    printf("\nmaj@%lld - pass@1: %+.3f, 95%% interval %+.3f to %+.3f (paired)\n\n", (long long)eval->n,
           all->gain.value, all->gain.low, all->gain.high);
}

static void print_table(const struct ponder_eval *eval)
{
    char a[32], b[32], c[32];
    cli_print_text(stdout, eval->data, strlen(eval->data), false);
    printf(": %lld questions, %lld samples each; 95%% bootstrap intervals over questions\n\n",
           (long long)eval->questions, (long long)eval->n);
    print_by_k(eval);
    const char *by = "";
    for (int64_t i = 0; i < eval->group_count; i++) {
        const struct ponder_eval_group *group = &eval->groups[i];
        if (strcmp(by, group->by) != 0 && *by)
            printf("\n");
        if (strcmp(by, group->by) != 0)
            print_header(strcmp(group->by, "fifth") == 0 ? "fifth by pass@1" : group->by, eval);
        by = group->by;
        print_group(eval, group);
    }
    printf("\n%.1f%% of samples without an answer; %.1f tokens per sample\n", 100 * eval->without_answer,
           eval->tokens_mean);
    if (eval->resumed)
        printf("sampled before: %s of %s questions; now: ", cli_thousands(a, eval->resumed),
               cli_thousands(b, eval->asked));
    printf("%s generations, %s generated tokens, %sFLOP, %.1f s\n",
           cli_thousands(a, eval->ledger.generations), cli_thousands(b, eval->ledger.generated_tokens),
           cli_scaled(c, eval->ledger.flops), eval->ledger.seconds);
}

static int print(const struct args *args, const struct ponder_eval *eval, struct ponder_err *err)
{
    if (!args->json) {
        print_table(eval);
        return PONDER_OK;
    }
    char *json = NULL;
    int status = ponder_eval_json(eval, &json, err);
    if (!status)
        puts(json);
    free(json);
    return status;
}

static void say_stopped(int64_t done, int64_t asked)
{
    if (done < asked)
        fprintf(stderr, "ponder: stopped early; these are the %lld of %lld questions that were done\n",
                (long long)done, (long long)asked);
}

static int eval_best_of_n(const struct args *args, struct ponder_model *model,
                          const struct ponder_watch *watch, struct cli_progress *line, struct ponder_err *err)
{
    struct ponder_eval *eval = NULL;
    int status =
        ponder_eval_run(model, args->data, args->limit, &args->sampling, args->samples, watch, &eval, err);
    cli_progress_end(line);
    if (!status && eval->failed)
        fprintf(stderr, "ponder: %lld samples failed and count as wrong%s\n", (long long)eval->failed,
                args->samples ? "; their questions have no line, the same command asks them again" : "");
    if (!status)
        say_stopped(eval->questions, eval->asked);
    if (!status)
        status = print(args, eval, err);
    ponder_eval_release(eval);
    return status;
}

static int eval_search(const struct args *args, struct ponder_model *model, const struct ponder_watch *watch,
                       struct cli_progress *line, struct ponder_err *err)
{
    struct ponder_search_eval *eval = NULL;
    char *json = NULL;
    int status = ponder_search_eval_run(model, args->data, args->limit, &args->sampling, &args->search, watch,
                                        &eval, err);
    cli_progress_end(line);
    if (!status && eval->failed)
        fprintf(stderr, "ponder: %lld questions failed and count as wrong\n", (long long)eval->failed);
    if (!status)
        say_stopped(eval->questions, eval->asked);
    if (!status && args->json)
        status = ponder_search_eval_json(eval, &json, err);
    if (!status && args->json)
        puts(json);
    else if (!status)
        cli_print_search(eval, &args->search);
    free(json);
    ponder_search_eval_release(eval);
    return status;
}

static bool is_best_of_n(const struct args *args)
{
    return strcmp(args->search.name, "best_of_n") == 0;
}

/* Options that say nothing together. */
static int check(const struct args *args, struct ponder_err *err)
{
    const char *message = NULL;
    if (is_best_of_n(args) && args->search.against)
        message = "--against compares --search steps with best-of-N; add it, or leave --against away";
    if (!is_best_of_n(args) && args->samples)
        message = "--samples keeps what --search best_of_n samples; leave one of the two away";
    if (!message)
        return PONDER_OK;
    snprintf(err->message, sizeof err->message, "%s", message);
    return err->status = PONDER_E_ARGUMENT;
}

static int run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_model *model = NULL;
    struct cli_progress line = {.what = "eval"};
    struct ponder_watch watch = {cli_progress_show, &line};
    int status = check(args, &err);
    if (!status)
        status = cli_check_writable("samples", args->samples, &err);
    if (!status)
        status = cli_model_open(args->model, &model, &err);
    cli_interrupt_catch();
    if (!status && is_best_of_n(args))
        status = eval_best_of_n(args, model, &watch, &line, &err);
    else if (!status)
        status = eval_search(args, model, &watch, &line, &err);
    ponder_model_release(model);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_eval = {
    .name = "eval",
    .summary = "Measure pass@1, maj@k and pass@k of a model, with 95% intervals",
    .example = "ponder eval --data pocket:test:500 -n 64",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_model_options, offsetof(struct args, model)},
               {set_table, 0},
               {ponder_solve_options, offsetof(struct args, sampling)},
               {out_table, 0},
               {ponder_search_options, offsetof(struct args, search)}},
    .run = run,
};
