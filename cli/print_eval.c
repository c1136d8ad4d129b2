/* print_eval.c - the tables of `eval` and `runs show`. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

void cli_print_cost(const struct ponder_ledger *whole, const struct ponder_ledger *spent, int64_t resumed,
                    int64_t asked)
{
    char a[32], b[32], c[32], d[32];
    printf("%s generations, %s generated tokens, ", cli_thousands(a, whole->generations),
           cli_thousands(b, whole->generated_tokens));
    if (whole->verifier_tokens)
        printf("%s verifier tokens, ", cli_thousands(a, whole->verifier_tokens));
    if (whole->flops > 0)
        printf("%sFLOP, ", cli_scaled(c, whole->flops));
    printf("%.1f s\n", whole->seconds);
    if (resumed && spent->seconds > 0)
        printf("%s of %s were done before; this call: %s generations, %s generated tokens, %.1f s\n",
               cli_thousands(a, resumed), cli_thousands(b, asked), cli_thousands(c, spent->generations),
               cli_thousands(d, spent->generated_tokens), spent->seconds);
    else if (resumed)
        printf("all were done before; nothing was sampled\n");
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

void cli_print_eval(const struct ponder_eval *eval)
{
    cli_print_text(stdout, eval->data, strlen(eval->data), false);
    printf(": %lld questions, %lld samples each", (long long)eval->questions, (long long)eval->n);
    if (eval->seeds > 1)
        printf(", %lld seeds", (long long)eval->seeds);
    printf("; 95%% bootstrap intervals over questions\n\n");
    print_by_k(eval);
    const char *by = "";
    for (int64_t i = 0; i < eval->group_count; i++) {
        const struct ponder_eval_group *group = &eval->groups[i];
        if (strcmp(by, group->by) != 0 && *by)
            printf("\n");
        if (strcmp(by, group->by) != 0)
            print_header(strcmp(group->by, "quintile") == 0 ? "quintile by pass@1" : group->by, eval);
        by = group->by;
        print_group(eval, group);
    }
    printf("\n%.1f%% of samples without an answer; %.1f tokens per sample\n", 100 * eval->without_answer,
           eval->tokens_mean);
    cli_print_cost(&eval->ledger, &eval->spent, eval->resumed, eval->asked * eval->seeds);
}

void cli_print_calibration(const char *what, const struct ponder_calibration *c)
{
    char number[32];
    printf("%s: %s scores, loss %.4f, expected calibration error %.3f\n", what,
           cli_thousands(number, c->count), c->loss, c->ece);
    cli_style(stdout, "1");
    printf("  %-10s %10s  %6s  %s\n", "score", "how many", "mean", "share that is so");
    cli_style(stdout, "0");
    for (int i = 0; i < PONDER_CALIBRATION_BINS; i++) {
        const struct ponder_calibration_bin *bin = &c->bins[i];
        if (bin->count)
            printf("  %.1f to %.1f %10s  %6.3f  %.3f\n", 0.1 * i, 0.1 * (i + 1),
                   cli_thousands(number, bin->count), bin->score, bin->label);
    }
}
