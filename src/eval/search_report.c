#include "eval/search_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "eval/report.h"
#include "stats/stats.h"
#include "tree/ledger.h"

/* What is known of a question, as a column over the questions. */
enum column { RIGHT, TOKENS, PASS_1, BEST_1X, BEST_4X, DIFFERENCE, SAMPLE_TOKENS, COLUMNS };

struct table {
    struct ponder_search_eval *eval;
    int64_t count;
    double *columns[COLUMNS]; /* (count) each */
    double *values;           /* (COLUMNS, count) of one group */
    bool compared;
};

static void fill_row(struct table *table, int64_t row, const struct search_outcome *outcome,
                     const struct against *against)
{
    int64_t m = table->eval->n;
    table->columns[RIGHT][row] = outcome->right;
    table->columns[TOKENS][row] = outcome->tokens;
    if (!against)
        return;
    int64_t correct = against->correct[outcome->question];
    double best_4x = stats_pass_at_k(against->n, correct, 4 * m);
    table->columns[PASS_1][row] = (double)correct / (double)against->n;
    table->columns[BEST_1X][row] = stats_pass_at_k(against->n, correct, m);
    table->columns[BEST_4X][row] = best_4x;
    table->columns[DIFFERENCE][row] = outcome->right - best_4x;
    table->columns[SAMPLE_TOKENS][row] = against->tokens[outcome->question];
}

static struct stats_column picked(struct table *table, enum column column, const int64_t *members, int64_t n,
                                  struct ponder_interval *out)
{
    double *values = table->values + column * table->count;
    for (int64_t i = 0; i < n; i++)
        values[i] = table->columns[column][members[i]];
    return (struct stats_column){values, out};
}

static double mean(const struct table *table, enum column column, const int64_t *members, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += table->columns[column][members[i]];
    return sum / (double)n;
}

static int add_group(struct table *table, const char *by, const char *name, const int64_t *members, int64_t n)
{
    struct ponder_search_group *group = &table->eval->groups[table->eval->group_count++];
    int64_t m = table->eval->n;
    *group = (struct ponder_search_group){
        .by = by, .name = name, .questions = n, .tokens = mean(table, TOKENS, members, n)};
    struct stats_column columns[COLUMNS] = {picked(table, RIGHT, members, n, &group->accuracy)};
    if (!table->compared)
        return stats_bootstrap_columns(columns, 1, n, STATS_SEED);
    group->tokens_1x = (double)m * mean(table, SAMPLE_TOKENS, members, n);
    group->tokens_4x = 4 * group->tokens_1x;
    const struct {
        enum column column;
        struct ponder_interval *out;
    } figures[] = {{PASS_1, &group->pass_1},
                   {BEST_1X, &group->best_1x},
                   {BEST_4X, &group->best_4x},
                   {DIFFERENCE, &group->difference}};
    int count = 1;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        columns[count++] = picked(table, figures[i].column, members, n, figures[i].out);
    return stats_bootstrap_columns(columns, count, n, STATS_SEED);
}

/* Each quintile, and the third and fourth together: the questions that are neither easy nor out of reach. */
static int add_quintiles(struct table *table, const int64_t *ranked)
{
    int64_t n = table->count;
    int status = PONDER_OK;
    for (int f = 0; f < STATS_QUINTILES && !status; f++) {
        int64_t begin = stats_quintile_begin(n, f);
        status = add_group(table, "quintile", stats_quintile_names[f], ranked + begin,
                           stats_quintile_begin(n, f + 1) - begin);
    }
    int64_t begin = stats_quintile_begin(n, 2);
    return status
               ? status
               : add_group(table, "quintiles", "3 and 4", ranked + begin, stats_quintile_begin(n, 4) - begin);
}

static int add_groups(struct table *table)
{
    int64_t n = table->count;
    int64_t *members = malloc(((size_t)n + 1) * sizeof *members);
    if (!members)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        members[i] = i;
    int status = add_group(table, "all", "all", members, n);
    if (!status && table->compared && n >= STATS_QUINTILES) {
        status = stats_rank(table->columns[PASS_1], n, members);
        if (!status)
            status = add_quintiles(table, members);
    }
    free(members);
    return status;
}

int search_report(struct ponder_search_eval *eval, const struct search_outcome *outcomes, int64_t count,
                  const struct against *against)
{
    struct table table = {.eval = eval, .count = count, .compared = against != NULL};
    size_t bytes = ((size_t)count + 1) * sizeof(double);
    double *block = malloc(2 * COLUMNS * bytes);
    eval->groups = calloc(STATS_QUINTILES + 2, sizeof *eval->groups);
    int status = block && eval->groups ? PONDER_OK : PONDER_E_MEMORY;
    for (int c = 0; c < COLUMNS && !status; c++)
        table.columns[c] = block + (size_t)c * ((size_t)count + 1);
    if (!status) {
        table.values = block + (size_t)COLUMNS * ((size_t)count + 1);
        for (int64_t i = 0; i < count; i++)
            fill_row(&table, i, &outcomes[i], against);
        status = add_groups(&table);
    }
    free(block);
    return status;
}

/* ---- as JSON ---- */

/* {"M": of M samples, "4M": of four times as many}. */
static json_t *by_n_json(const struct ponder_search_eval *eval, json_t *at_1x, json_t *at_4x)
{
    char n_1x[24], n_4x[24];
    snprintf(n_1x, sizeof n_1x, "%lld", (long long)eval->n);
    snprintf(n_4x, sizeof n_4x, "%lld", (long long)(4 * eval->n));
    return json_pack("{s:o, s:o}", n_1x, at_1x, n_4x, at_4x);
}

static json_t *group_json(const struct ponder_search_eval *eval, const struct ponder_search_group *group)
{
    json_t *row = json_pack("{s:s, s:s, s:I, s:o, s:o}", "by", group->by, "name", group->name, "questions",
                            (json_int_t)group->questions, "accuracy", report_interval_json(&group->accuracy),
                            "tokens", json_from_real(group->tokens));
    if (!row || eval->samples == 0)
        return row;
    json_object_set_new(row, "pass_1", report_interval_json(&group->pass_1));
    json_object_set_new(
        row, "best_of",
        by_n_json(eval, report_interval_json(&group->best_1x), report_interval_json(&group->best_4x)));
    json_object_set_new(row, "difference", report_interval_json(&group->difference));
    json_object_set_new(row, "best_of_tokens",
                        by_n_json(eval, json_from_real(group->tokens_1x), json_from_real(group->tokens_4x)));
    return row;
}

int ponder_search_eval_json(const struct ponder_search_eval *eval, char **json, struct ponder_err *err)
{
    const struct report_head head = {.accuracy = &eval->groups[0].accuracy,
                                     .kind = PONDER_RUN_SEARCH,
                                     .data = eval->data,
                                     .settings = eval->settings,
                                     .run = eval->run,
                                     .questions = eval->questions,
                                     .asked = eval->asked,
                                     .seeds = eval->seeds,
                                     .done = eval->done,
                                     .resumed = eval->resumed,
                                     .failed = eval->failed,
                                     .ledger = &eval->ledger,
                                     .spent = &eval->spent};
    json_t *groups = json_array();
    for (int64_t i = 0; i < eval->group_count; i++)
        json_array_append_new(groups, group_json(eval, &eval->groups[i]));
    json_t *more =
        json_pack("{s:I, s:I, s:o, s:o}", "n", (json_int_t)eval->n, "samples", (json_int_t)eval->samples,
                  "groups", groups, "without_answer", json_from_real(eval->without_answer));
    return report_print(&head, more, json, err);
}
