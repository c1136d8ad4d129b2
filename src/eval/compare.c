/* compare.c - two runs of a store on the questions that both have. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "eval/compare.h"
#include "stats/stats.h"
#include "store/store.h"

/* A pair of questions: the same problem. */
struct pair {
    const struct grade *grades[2];
};

/* ---- pairing ---- */

struct place {
    const char *problem;
    int64_t index;
};

static int by_problem(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->problem, y->problem);
    return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

/* The done questions of a side by their text. */
static struct place *sorted(const struct compare_side *side, int64_t *count)
{
    const struct questions *questions = &side->cells->questions;
    struct place *places = malloc(((size_t)questions->count + 1) * sizeof *places);
    *count = 0;
    for (int64_t i = 0; places && i < questions->count; i++)
        if (side->grades[i].n > 0)
            places[(*count)++] = (struct place){questions->items[i].problem, i};
    if (places)
        qsort(places, (size_t)*count, sizeof *places, by_problem);
    return places;
}

static struct pair *pair_up(const struct compare_side sides[2], int64_t *count)
{
    int64_t n[2], at[2] = {0, 0};
    struct place *places[2] = {sorted(&sides[0], &n[0]), sorted(&sides[1], &n[1])};
    struct pair *pairs = places[0] && places[1] ? malloc(((size_t)n[0] + 1) * sizeof *pairs) : NULL;
    *count = 0;
    while (pairs && at[0] < n[0] && at[1] < n[1]) {
        const struct place *a = &places[0][at[0]], *b = &places[1][at[1]];
        int order = strcmp(a->problem, b->problem);
        if (order == 0)
            pairs[(*count)++] = (struct pair){{&sides[0].grades[a->index], &sides[1].grades[b->index]}};
        at[0] += order <= 0;
        at[1] += order >= 0;
    }
    free(places[0]);
    free(places[1]);
    return pairs;
}

/* ---- figures ---- */

static double accuracy_of(const struct compare_side sides[2], const struct pair *pair, int side)
{
    return pair->grades[side]->maj[sides[side].cells->k_count - 1];
}

enum { COLUMNS = 6 };

/* values (COLUMNS, questions) is room to work in. */
static int compare_fill(struct ponder_comparison *out, const struct compare_side sides[2],
                        const struct pair *pairs, double *values)
{
    int64_t n = out->questions;
    double *accuracy[2] = {values, values + n}, *pass_1[2] = {values + 2 * n, values + 3 * n};
    double *difference = values + 4 * n, *pass_1_difference = values + 5 * n;
    for (int64_t i = 0; i < n; i++) {
        for (int side = 0; side < 2; side++) {
            accuracy[side][i] = accuracy_of(sides, &pairs[i], side);
            pass_1[side][i] = pairs[i].grades[side]->pass_1;
        }
        difference[i] = accuracy[1][i] - accuracy[0][i];
        pass_1_difference[i] = pass_1[1][i] - pass_1[0][i];
    }
    const struct stats_column columns[COLUMNS] = {
        {accuracy[0], &out->accuracy[0]}, {accuracy[1], &out->accuracy[1]},
        {pass_1[0], &out->pass_1[0]},     {pass_1[1], &out->pass_1[1]},
        {difference, &out->difference},   {pass_1_difference, &out->pass_1_difference}};
    return stats_bootstrap_columns(columns, COLUMNS, n, STATS_SEED);
}

static struct ponder_ledger mean_cost(const struct cells *cells)
{
    struct ponder_ledger sum = cells_cost(cells);
    int64_t n = cells->done > 0 ? cells->done : 1;
    return (struct ponder_ledger){.generations = sum.generations / n,
                                  .prompt_tokens = sum.prompt_tokens / n,
                                  .generated_tokens = sum.generated_tokens / n,
                                  .verifier_tokens = sum.verifier_tokens / n,
                                  .difficulty_tokens = sum.difficulty_tokens / n,
                                  .recomputed_tokens = sum.recomputed_tokens / n,
                                  .flops = sum.flops / (double)n,
                                  .seconds = sum.seconds / (double)n};
}

/* ---- settings ---- */

static void note_difference(json_t *out, const char *key, const json_t *first, const json_t *second)
{
    if (first && second && json_equal(first, second))
        return;
    json_object_set_new(out, key, json_pack("[O?, O?]", (json_t *)first, (json_t *)second));
}

static char *differing_settings(const struct compare_side sides[2])
{
    json_t *a = json_loads(sides[0].run->settings, 0, NULL), *b = json_loads(sides[1].run->settings, 0, NULL);
    json_t *out = json_object(), *value;
    const char *key;
    json_object_foreach(a, key, value) note_difference(out, key, value, json_object_get(b, key));
    json_object_foreach(b, key, value) if (!json_object_get(a, key)) note_difference(out, key, NULL, value);
    const char *const names[3][3] = {
        {"data", sides[0].run->data, sides[1].run->data},
        {"model", sides[0].run->model, sides[1].run->model},
        {"kind", ponder_run_kind_name(sides[0].run->kind), ponder_run_kind_name(sides[1].run->kind)}};
    for (int i = 0; i < 3; i++)
        if (strcmp(names[i][1], names[i][2]) != 0)
            json_object_set_new(
                out, names[i][0],
                json_pack("[o, o]", json_from_string(names[i][1]), json_from_string(names[i][2])));
    json_decref(a);
    json_decref(b);
    char *text = NULL;
    return json_print(out, &text, NULL) ? NULL : text;
}

int compare_sides(struct ponder_comparison *out, const struct compare_side sides[2], struct ponder_err *err)
{
    struct pair *pairs = pair_up(sides, &out->questions);
    double *values = malloc(((size_t)out->questions + 1) * COLUMNS * sizeof *values);
    int status = PONDER_OK;
    if (!pairs || !values)
        status = err_memory(err, "a comparison");
    else if (out->questions == 0)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "runs %lld and %lld have no question in common that is done in both",
                         (long long)sides[0].run->id, (long long)sides[1].run->id);
    else if (compare_fill(out, sides, pairs, values) || !(out->settings = differing_settings(sides)))
        status = err_memory(err, "a comparison");
    out->cost[0] = mean_cost(sides[0].cells);
    out->cost[1] = mean_cost(sides[1].cells);
    free(pairs);
    free(values);
    return status;
}

/* ---- from a store ---- */

/* What a side borrows. */
struct opened {
    struct ponder_run run;
    struct cells cells;
    struct grade *grades; /* (questions) */
};

static int open_run(struct opened *opened, struct store *store, int64_t id, struct ponder_err *err)
{
    int status = store_run_find(store, id, &opened->run, err);
    if (!status)
        status = cells_open_run(&opened->cells, store, id, err);
    if (!status && !(opened->grades = cells_by_question(&opened->cells)))
        status = err_memory(err, "the grades");
    return status;
}

static void close_run(struct opened *opened)
{
    free(opened->grades);
    cells_release(&opened->cells);
    store_run_release(&opened->run);
}

int ponder_runs_compare(const char *path, int64_t first, int64_t second, struct ponder_comparison *out,
                        struct ponder_err *err)
{
    struct store *store;
    struct opened opened[2] = {0};
    *out = (struct ponder_comparison){0};
    int status = store_open(&store, path, STORE_READ, err);
    if (!status)
        status = open_run(&opened[0], store, first, err);
    if (!status)
        status = open_run(&opened[1], store, second, err);
    struct compare_side sides[2] = {{&opened[0].run, &opened[0].cells, opened[0].grades},
                                    {&opened[1].run, &opened[1].cells, opened[1].grades}};
    if (!status)
        status = compare_sides(out, sides, err);
    close_run(&opened[0]);
    close_run(&opened[1]);
    store_release(store);
    return status;
}
