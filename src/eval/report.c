#include "eval/report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/json.h"
#include "stats/stats.h"
#include "tree/ledger.h"

enum { COLUMNS_MAX = 2 + 2 * PONDER_EVAL_KS_MAX };

struct table {
    struct ponder_eval *eval;
    const struct questions *questions;
    const struct grade *grades;
    const int64_t *kept;
    int64_t count;
    const double *ease; /* (questions) what cuts the quintiles; NULL: pass@1 */
    int64_t *members;   /* (count) questions of the group being made */
    double *values;     /* (COLUMNS_MAX, count) */
    int64_t group_cap;
};

typedef double metric(const struct grade *grade, int k); /* `k` is an index into ks */

static double metric_pass_1(const struct grade *grade, int k)
{
    (void)k;
    return grade->pass_1;
}

static double metric_gain(const struct grade *grade, int k)
{
    (void)k;
    return grade->gain;
}

static double metric_maj(const struct grade *grade, int k)
{
    return grade->maj[k];
}

static double metric_pass(const struct grade *grade, int k)
{
    return grade->pass[k];
}

/* What is measured of a group. */
struct measured {
    struct stats_column columns[COLUMNS_MAX];
    int count;
};

/* A metric of the first n members. */
static void report_measure(struct measured *measured, struct table *table, int64_t n, metric *of, int k,
                           struct ponder_interval *out)
{
    double *values = table->values + measured->count * table->count;
    for (int64_t i = 0; i < n; i++)
        values[i] = of(&table->grades[table->members[i]], k);
    measured->columns[measured->count++] = (struct stats_column){values, out};
}

/* A group of the first n members. */
static int add_group(struct table *table, const char *by, const char *name, int64_t n)
{
    struct ponder_eval *eval = table->eval;
    if (n == 0)
        return PONDER_OK;
    if (array_reserve(&eval->groups, sizeof *eval->groups, &table->group_cap, eval->group_count + 1,
                      INT32_MAX))
        return PONDER_E_MEMORY;
    struct ponder_eval_group *group = &eval->groups[eval->group_count];
    *group = (struct ponder_eval_group){.by = by, .name = strdup(name), .questions = n};
    if (!group->name)
        return PONDER_E_MEMORY;
    eval->group_count++;
    struct measured measured = {.count = 0};
    report_measure(&measured, table, n, metric_pass_1, 0, &group->pass_1);
    report_measure(&measured, table, n, metric_gain, 0, &group->gain);
    for (int k = 0; k < eval->k_count; k++) {
        report_measure(&measured, table, n, metric_maj, k, &group->maj[k]);
        report_measure(&measured, table, n, metric_pass, k, &group->pass[k]);
    }
    return stats_bootstrap_columns(measured.columns, measured.count, n, STATS_SEED);
}

static const char *level_of(const struct question *question)
{
    return question->level;
}

static const char *subject_of(const struct question *question)
{
    return question->subject;
}

struct labelled {
    const char *label;
    int64_t question;
};

static int by_label(const void *a, const void *b)
{
    const struct labelled *x = a, *y = b;
    int order = strcmp(x->label, y->label);
    return order ? order : x->question < y->question ? -1 : x->question > y->question;
}

/* A group for each label there is, where there are several. */
static int add_labelled(struct table *table, const char *by, const char *(*label)(const struct question *))
{
    int64_t count = table->count;
    struct labelled *sorted = malloc(((size_t)count + 1) * sizeof *sorted);
    if (!sorted)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < count; i++)
        sorted[i] = (struct labelled){label(&table->questions->items[table->kept[i]]), table->kept[i]};
    qsort(sorted, (size_t)count, sizeof *sorted, by_label);
    int status = PONDER_OK;
    bool several = count > 0 && strcmp(sorted[0].label, sorted[count - 1].label) != 0;
    for (int64_t i = 0, n = 0; i < count && several && !status; i++) {
        table->members[n++] = sorted[i].question;
        if (i + 1 < count && strcmp(sorted[i].label, sorted[i + 1].label) == 0)
            continue;
        status = add_group(table, by, sorted[i].label, n);
        n = 0;
    }
    free(sorted);
    return status;
}

static int add_quintiles(struct table *table)
{
    int64_t *order = malloc((size_t)table->count * sizeof *order);
    if (!order)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < table->count; i++) {
        int64_t q = table->kept[i];
        table->values[i] = table->ease ? table->ease[q] : table->grades[q].pass_1;
    }
    int status = stats_rank(table->values, table->count, order);
    for (int f = 0; f < STATS_QUINTILES && !status; f++) {
        int64_t begin = stats_quintile_begin(table->count, f),
                end = stats_quintile_begin(table->count, f + 1);
        for (int64_t i = begin; i < end; i++)
            table->members[i - begin] = table->kept[order[i]];
        status = add_group(table, "quintile", stats_quintile_names[f], end - begin);
    }
    free(order);
    return status;
}

int report_groups(struct ponder_eval *eval, const struct questions *questions, const struct grade *grades,
                  const int64_t *kept, int64_t count, const double *ease)
{
    struct table table = {
        .eval = eval, .questions = questions, .grades = grades, .kept = kept, .count = count, .ease = ease};
    eval->groups = NULL;
    table.members = malloc(((size_t)count + 1) * sizeof *table.members);
    table.values = malloc(((size_t)count + 1) * COLUMNS_MAX * sizeof *table.values);
    int status = table.members && table.values ? PONDER_OK : PONDER_E_MEMORY;
    if (!status) {
        memcpy(table.members, kept, (size_t)count * sizeof *kept);
        status = add_group(&table, "all", "all", count);
    }
    if (!status)
        status = add_labelled(&table, "level", level_of);
    if (!status)
        status = add_labelled(&table, "subject", subject_of);
    if (!status && count >= STATS_QUINTILES)
        status = add_quintiles(&table);
    free(table.members);
    free(table.values);
    return status;
}

/* ---- as JSON ---- */

json_t *report_interval_json(const struct ponder_interval *interval)
{
    return json_pack("{s:o, s:o, s:o}", "value", json_from_real(interval->value), "low",
                     json_from_real(interval->low), "high", json_from_real(interval->high));
}

static json_t *by_k_json(const struct ponder_eval *eval, const struct ponder_interval *intervals)
{
    json_t *object = json_object();
    for (int k = 0; k < eval->k_count; k++) {
        char name[24];
        snprintf(name, sizeof name, "%lld", (long long)eval->ks[k]);
        json_object_set_new(object, name, report_interval_json(&intervals[k]));
    }
    return object;
}

static json_t *group_json(const struct ponder_eval *eval, const struct ponder_eval_group *group)
{
    return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:o}", "by", group->by, "name",
                     json_from_string(group->name), "questions", (json_int_t)group->questions, "pass_1",
                     report_interval_json(&group->pass_1), "maj", by_k_json(eval, group->maj), "pass",
                     by_k_json(eval, group->pass), "gain", report_interval_json(&group->gain));
}

static json_t *head_json(const struct report_head *head)
{
    return json_pack("{s:o, s:[o, o], s:I, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
                     "accuracy", json_from_real(head->accuracy->value), "accuracy_ci95",
                     json_from_real(head->accuracy->low), json_from_real(head->accuracy->high), "n_questions",
                     (json_int_t)head->questions, "kind", ponder_run_kind_name(head->kind), "data",
                     json_from_string(head->data), "run",
                     head->run ? json_integer((json_int_t)head->run) : json_null(), "asked",
                     (json_int_t)head->asked, "seeds", (json_int_t)head->seeds, "done",
                     (json_int_t)head->done, "resumed", (json_int_t)head->resumed, "failed",
                     (json_int_t)head->failed, "settings", json_loads(head->settings, 0, NULL), "ledger",
                     ledger_json(head->ledger), "spent", ledger_json(head->spent));
}

int report_print(const struct report_head *head, json_t *more, char **json, struct ponder_err *err)
{
    json_t *root = head_json(head);
    if (json_object_update(root, more)) {
        json_decref(root);
        root = NULL;
    }
    json_decref(more);
    return json_print(root, json, err);
}

int ponder_eval_json(const struct ponder_eval *eval, char **json, struct ponder_err *err)
{
    const struct report_head head = {.accuracy = &eval->accuracy,
                                     .kind = eval->kind,
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
        json_pack("{s:I, s:o, s:o, s:o}", "n", (json_int_t)eval->n, "groups", groups, "without_answer",
                  json_from_real(eval->without_answer), "tokens_mean", json_from_real(eval->tokens_mean));
    return report_print(&head, more, json, err);
}
