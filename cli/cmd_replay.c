/* cmd_replay.c - `ponder replay`: other choices among recorded samples. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct ponder_replay_settings settings;
    bool json;
};

static void print_head(const struct ponder_replay *replay)
{
    cli_print_text(stdout, replay->samples, strlen(replay->samples), false);
    printf(": %lld questions, %lld", (long long)replay->questions, (long long)replay->samples_min);
    if (replay->samples_max > replay->samples_min)
        printf(" to %lld", (long long)replay->samples_max);
    printf(" samples each (%s); 95%% bootstrap intervals over questions\n", replay->format);
    printf("%.1f%% of samples without an answer", 100 * replay->without_answer);
    if (replay->judged)
        printf("; verdicts %s, %lld of %lld the same either way", replay->graded ? "of now" : "as recorded",
               (long long)replay->judged_same, (long long)replay->judged);
    printf("\n");
    if (replay->logistic)
        printf("scores outside 0 to 1: weights are their logistic function\n");
}

static void print_method(const struct ponder_replay_method *method, const struct ponder_replay_figure *figure)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s%s", method->name, method->score ? ", " : "",
             method->score ? method->score : "");
    printf("%c %-20s", figure->exact ? ' ' : '~', name);
    cli_print_interval(&figure->accuracy);
    if (method->score)
        printf("  %+6.3f %+6.3f to %+6.3f", figure->over_majority.value, figure->over_majority.low,
               figure->over_majority.high);
    else if (figure->recorded)
        printf("  %-24s", "");
    if (figure->recorded)
        printf("  %lld/%lld", (long long)figure->same, (long long)figure->recorded);
    printf("\n");
}

static bool all_exact(const struct ponder_replay *replay)
{
    for (int m = 0; m < replay->method_count; m++)
        for (int at = 0; at < replay->n_count; at++)
            if (!replay->methods[m].at[at].exact)
                return false;
    return true;
}

static bool any_recorded(const struct ponder_replay *replay, int at)
{
    for (int m = 0; m < replay->method_count; m++)
        if (replay->methods[m].at[at].recorded)
            return true;
    return false;
}

static void print_rule(const struct ponder_replay_rule *rule)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s%s", rule->vote, rule->score ? ", " : "",
             rule->score ? rule->score : "");
    printf("  %-20s %-6s %6.1f  ", name, rule->rule, rule->taken.value);
    cli_print_interval(&rule->accuracy);
    if (strcmp(rule->rule, "all") != 0)
        printf("  %+6.3f %+6.3f to %+6.3f  %5.1f%%", rule->over_all.value, rule->over_all.low,
               rule->over_all.high, 100 * rule->other.value);
    printf("\n");
}

static void print_rules(const struct ponder_replay *replay)
{
    if (!replay->rule_count)
        return;
    printf("\n");
    cli_style(stdout, "1");
    printf("%-30s%6s  %-17s  %-24s  %s\n", "where a vote may stop", "taken", "accuracy", "over all, paired",
           "another answer");
    cli_style(stdout, "0");
    for (int i = 0; i < replay->rule_count; i++)
        print_rule(&replay->rules[i]);
}

static void print_table(const struct ponder_replay *replay)
{
    print_head(replay);
    for (int at = 0; at < replay->n_count; at++) {
        char name[64];
        snprintf(name, sizeof name, "N = %lld%s", (long long)replay->ns[at],
                 replay->first ? ", the first" : "");
        printf("\n");
        cli_style(stdout, "1");
        printf("%-22s  %-17s  over majority, paired%s\n", name, "accuracy",
               any_recorded(replay, at) ? "     as recorded" : "");
        cli_style(stdout, "0");
        for (int m = 0; m < replay->method_count; m++)
            print_method(&replay->methods[m], &replay->methods[m].at[at]);
    }
    if (!all_exact(replay))
        printf("\n~ over random subsets; without it, over all\n");
    print_rules(replay);
}

static int replay_print(const struct args *args, const struct ponder_replay *replay, struct ponder_err *err)
{
    if (!args->json) {
        print_table(replay);
        return PONDER_OK;
    }
    char *json = NULL;
    int status = ponder_replay_json(replay, &json, err);
    if (!status)
        puts(json);
    free(json);
    return status;
}

static int replay_run(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_replay *replay = NULL;
    int status = cli_check_writable("answers", args->settings.answers, &err);
    if (!status)
        status = ponder_replay_run(&args->settings, &replay, &err);
    if (!status)
        status = replay_print(args, replay, &err);
    ponder_replay_release(replay);
    return status ? cli_fail(&err) : cli_finish(CLI_DONE);
}

const struct cli_command cli_replay = {
    .name = "replay",
    .summary = "Choose anew among recorded samples, with 95% intervals",
    .example = "ponder replay --samples samples.jsonl --n 1,4,16",
    .notes = "Reads what `runs export` and `score --out` write, the output of\n"
             "search-and-learn, and that of Qwen2.5-Math's evaluation. Without --first a\n"
             "figure is the mean over all subsets of N of a question's samples, else of the\n"
             "first N. More: docs/replay.md",
    .args_bytes = sizeof(struct args),
    .groups = {{ponder_replay_options, offsetof(struct args, settings)},
               {cli_json_options, offsetof(struct args, json)}},
    .run = replay_run,
};
