/* print_search.c - the tables of a search of `eval`. */
#include <string.h>

#include "cli.h"

static const char first_column[] = "quintile by pass@1";

static void print_head(const struct ponder_search_eval *eval, const struct ponder_search *search,
                       const char *against)
{
    cli_print_text(stdout, eval->data, strlen(eval->data), false);
    printf(": %lld questions, %s of %lld", (long long)eval->questions, search->name, (long long)eval->n);
    if (eval->width)
        printf(" with width %lld", (long long)eval->width);
    printf(", judged by ");
    cli_print_text(stdout, ponder_search_verifier(search), strlen(ponder_search_verifier(search)), false);
    printf("; 95%% bootstrap intervals\n");
    if (eval->samples) {
        printf("beside best-of-N with a perfect verifier, from %lld samples a question of ",
               (long long)eval->samples);
        cli_print_text(stdout, against, strlen(against), false);
        printf("\n");
    }
}

static void best_of(char text[32], int64_t n)
{
    snprintf(text, 32, "best of %lld", (long long)n);
}

/* Quintiles first, all of them last. */
static const struct ponder_search_group *group_at(const struct ponder_search_eval *eval, int64_t row)
{
    return &eval->groups[(row + 1) % eval->group_count];
}

static void print_accuracies(const struct ponder_search_eval *eval, const char *name)
{
    char at_1x[32], at_4x[32];
    best_of(at_1x, eval->n);
    best_of(at_4x, 4 * eval->n);
    cli_style(stdout, "1");
    printf("\n%-15s %5s  %-17s  %-17s  %-17s  %s\n", first_column, "n", "pass@1", name, at_1x, at_4x);
    cli_style(stdout, "0");
    for (int64_t row = 0; row < eval->group_count; row++) {
        const struct ponder_search_group *group = group_at(eval, row);
        printf("%-15s %5lld", group->name, (long long)group->questions);
        cli_print_interval(&group->pass_1);
        cli_print_interval(&group->accuracy);
        cli_print_interval(&group->best_1x);
        cli_print_interval(&group->best_4x);
        printf("\n");
    }
}

static void print_differences(const struct ponder_search_eval *eval, const char *name)
{
    char at_1x[32], at_4x[32], difference[64];
    best_of(at_1x, eval->n);
    best_of(at_4x, 4 * eval->n);
    snprintf(difference, sizeof difference, "%s - %s", name, at_4x);
    cli_style(stdout, "1");
    printf("\n%-15s  %-24s  %13s %11s %11s\n", first_column, difference, "tokens", at_1x, at_4x);
    cli_style(stdout, "0");
    for (int64_t row = 0; row < eval->group_count; row++) {
        const struct ponder_search_group *group = group_at(eval, row);
        printf("%-15s  %+.3f %+.3f to %+.3f  %13.1f %11.1f %11.1f\n", group->name, group->difference.value,
               group->difference.low, group->difference.high, group->tokens, group->tokens_1x,
               group->tokens_4x);
    }
}

void cli_print_search(const struct ponder_search_eval *eval, const struct ponder_search *search,
                      const char *against)
{
    print_head(eval, search, against);
    if (eval->samples) {
        print_accuracies(eval, search->name);
        print_differences(eval, search->name);
    } else {
        printf("\n%s:", search->name);
        cli_print_interval(&eval->groups[0].accuracy);
        printf("; %.1f tokens a question\n", eval->groups[0].tokens);
    }
    printf("\n%.1f%% of solutions without an answer\n", 100 * eval->without_answer);
    cli_print_cost(&eval->ledger, &eval->spent, eval->resumed, eval->asked * eval->seeds);
}
