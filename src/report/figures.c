#include "report/figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "eval/compare.h"
#include "eval/report.h"
#include "stats/stats.h"
#include "search/search.h"
#include "tree/ledger.h"

enum { PAIRED_WITH_EACH_MAX = 6, QUINTILES_SAMPLES_MIN = 4 };

/* ---- costs ---- */

static struct figures_cost mean_cost(const struct ponder_ledger *sum, int64_t cells)
{
    double n = cells > 0 ? (double)cells : 1;
    int64_t tokens = sum->prompt_tokens + sum->generated_tokens + sum->verifier_tokens +
                     sum->difficulty_tokens + sum->recomputed_tokens;
    return (struct figures_cost){.generations = (double)sum->generations / n,
                                 .prompt_tokens = (double)sum->prompt_tokens / n,
                                 .generated_tokens = (double)sum->generated_tokens / n,
                                 .tokens = (double)tokens / n,
                                 .flops = sum->flops / n,
                                 .seconds = sum->seconds / n};
}

struct figures_cost figures_cost_at(const struct figures_run *run, int64_t group, int64_t k)
{
    struct figures_cost cost = run->costs[group];
    double part = (double)k / (double)run->eval->n;
    double tokens = cost.prompt_tokens + (cost.tokens - cost.prompt_tokens) * part;
    double share = cost.tokens > 0 ? tokens / cost.tokens : part;
    return (struct figures_cost){cost.generations * part,      cost.prompt_tokens,
                                 cost.generated_tokens * part, tokens,
                                 cost.flops * share,           cost.seconds * share};
}

double figures_accuracy(const struct figures_run *run, int64_t question)
{
    return run->grades[question].maj[run->cells.k_count - 1];
}

bool figures_have_pass_1(const struct figures *figures, const struct figures_pair *pair)
{
    return !figures->runs[pair->first].search && !figures->runs[pair->second].search;
}

/* Whether a question belongs to a group by level or subject, or to that of all. */
static bool is_in(const struct ponder_eval_group *group, const struct question *question)
{
    if (strcmp(group->by, "level") == 0)
        return strcmp(group->name, question->level) == 0;
    if (strcmp(group->by, "subject") == 0)
        return strcmp(group->name, question->subject) == 0;
    return true;
}

/* Quintile of each question as report_groups() cuts them; -1 where it is not done. */
static int mark_quintiles(const struct figures_run *run, const double *ease, int *quintile)
{
    int64_t count = run->cells.questions.count, done = 0;
    int64_t *kept = malloc((size_t)count * sizeof *kept), *order = malloc((size_t)count * sizeof *order);
    double *values = malloc((size_t)count * sizeof *values);
    int status = kept && order && values ? PONDER_OK : PONDER_E_MEMORY;
    for (int64_t q = 0; q < count && !status; q++) {
        quintile[q] = -1;
        if (run->grades[q].n == 0)
            continue;
        values[done] = ease[q];
        kept[done++] = q;
    }
    if (!status)
        status = stats_rank(values, done, order);
    for (int f = 0; f < STATS_QUINTILES && !status; f++)
        for (int64_t i = stats_quintile_begin(done, f); i < stats_quintile_begin(done, f + 1); i++)
            quintile[kept[order[i]]] = f;
    free(kept);
    free(order);
    free(values);
    return status;
}

static struct figures_cost group_cost(const struct figures_run *run, const struct ponder_eval_group *group,
                                      const int *quintile, int number)
{
    const struct cells *cells = &run->cells;
    struct ponder_ledger sum = {0};
    int64_t count = 0;
    bool by_quintile = strcmp(group->by, "quintile") == 0;
    for (int64_t c = 0; c < cells->count; c++) {
        bool inside = by_quintile ? quintile[c % cells->questions.count] == number
                                  : is_in(group, cells_question(cells, c));
        if (!inside || cells->grades[c].n == 0)
            continue;
        ledger_add(&sum, &cells->costs[c]);
        count++;
    }
    return mean_cost(&sum, count);
}

static int add_costs(struct figures_run *run, const double *ease, struct ponder_err *err)
{
    int *quintile = malloc(((size_t)run->cells.questions.count + 1) * sizeof *quintile);
    run->costs = calloc((size_t)run->eval->group_count + 1, sizeof *run->costs);
    int status = quintile && run->costs ? mark_quintiles(run, ease, quintile) : PONDER_E_MEMORY;
    for (int64_t g = 0, number = 0; g < run->eval->group_count && !status; g++) {
        const struct ponder_eval_group *group = &run->eval->groups[g];
        run->costs[g] = group_cost(run, group, quintile, (int)number);
        number += strcmp(group->by, "quintile") == 0;
    }
    free(quintile);
    return status ? err_memory(err, "the costs") : PONDER_OK;
}

/* ---- opening runs ---- */

static const char *figures_said(const char *name)
{
    return name ? name : "unknown";
}

/* "beam of 16", "best of 16 by prm", "best of 4 (judged by prm)". */
static char *label_of(const struct figures_run *run)
{
    const struct run_record *record = &run->cells.record;
    bool samples = record->kind != PONDER_RUN_SEARCH;
    struct buf text = BUF_INIT(256);
    if (samples && run->eval->n == 1)
        buf_puts(&text, "one sample");
    else if (samples)
        buf_printf(&text, "best of %lld", (long long)run->eval->n);
    else if (search_is(figures_said(record->search), "best_of_n"))
        buf_printf(&text, "best of %lld by %.40s", (long long)record->n, figures_said(record->verifier));
    else
        buf_printf(&text, "%.40s of %lld", figures_said(record->search), (long long)record->n);
    if (record->kind == PONDER_RUN_JUDGED)
        buf_printf(&text, " (judged by %.40s)", figures_said(record->verifier));
    else if (record->kind == PONDER_RUN_ROLLOUTS)
        buf_puts(&text, " (labelled)");
    return buf_take(&text, NULL);
}

static int open_run(struct figures_run *run, struct store *store, int64_t id, struct ponder_err *err)
{
    int status = store_run_find(store, id, &run->record, err);
    if (!status)
        status = cells_open_run(&run->cells, store, id, err);
    if (!status && !(run->grades = cells_by_question(&run->cells)))
        status = err_memory(err, "the grades");
    if (!status)
        status = eval_of_cells(&run->eval, &run->cells, run->record.data, strdup(run->record.settings), err);
    if (status)
        return status;
    run->search = run->record.kind == PONDER_RUN_SEARCH;
    run->quintiles_of = -1;
    run->data_hash = questions_hash(&run->cells.questions);
    run->label = label_of(run);
    return run->label ? PONDER_OK : err_memory(err, "a run");
}

static int open_runs(struct figures *figures, struct store *store, const int64_t *ids, int64_t count,
                     struct ponder_err *err)
{
    if (count > FIGURES_RUNS_MAX)
        return err_set(err, PONDER_E_LIMIT, "%lld runs; a report holds at most %d, name those it is to show",
                       (long long)count, FIGURES_RUNS_MAX);
    figures->runs = calloc((size_t)count + 1, sizeof *figures->runs);
    int status = figures->runs ? PONDER_OK : err_memory(err, "runs");
    for (int64_t i = 0; i < count && !status; i++) {
        for (int64_t j = 0; j < i; j++)
            if (ids[j] == ids[i])
                return err_set(err, PONDER_E_ARGUMENT, "run %lld is named twice", (long long)ids[i]);
        status = open_run(&figures->runs[figures->run_count++], store, ids[i], err);
    }
    return status;
}

static int open_all(struct figures *figures, struct store *store, struct ponder_err *err)
{
    struct ponder_run *runs;
    int64_t count, kept = 0, *ids = NULL;
    int status = store_runs(store, &runs, &count, err);
    if (!status && !(ids = malloc(((size_t)count + 1) * sizeof *ids)))
        status = err_memory(err, "runs");
    for (int64_t i = 0; i < count && !status; i++)
        if (runs[i].done > 0)
            ids[kept++] = runs[i].id;
    figures->left_out = count - kept;
    if (!status && kept == 0)
        status = err_set(err, PONDER_E_NOT_FOUND, "%s: no run in it has a question done yet", figures->store);
    if (!status)
        status = open_runs(figures, store, ids, kept, err);
    ponder_runs_release(runs, count);
    free(ids);
    return status;
}

/* ---- the questions of all runs, the same problem once ---- */

struct place {
    const char *problem;
    int run;
    int64_t index;
};

static int by_problem(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->problem, y->problem);
    if (order == 0)
        order = x->run - y->run;
    return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

/* The first of a question's places, which orders the questions. */
static struct place first_place(const struct figures_question *question)
{
    struct place place = {.run = 0};
    while (question->at[place.run] < 0)
        place.run++;
    place.index = question->at[place.run];
    return place;
}

static int by_place(const void *a, const void *b)
{
    struct place x = first_place(a), y = first_place(b);
    return x.run != y.run ? x.run - y.run : x.index < y.index ? -1 : x.index > y.index;
}

static struct place *all_places(const struct figures *figures, int64_t *count)
{
    int64_t total = 0;
    for (int r = 0; r < figures->run_count; r++)
        total += figures->runs[r].cells.questions.count;
    struct place *places = malloc(((size_t)total + 1) * sizeof *places);
    *count = 0;
    for (int r = 0; places && r < figures->run_count; r++) {
        const struct figures_run *run = &figures->runs[r];
        for (int64_t q = 0; q < run->cells.questions.count; q++)
            if (run->grades[q].n > 0)
                places[(*count)++] = (struct place){run->cells.questions.items[q].problem, r, q};
    }
    if (places)
        qsort(places, (size_t)*count, sizeof *places, by_problem);
    return places;
}

/* Where a set has a problem twice, its second one belongs to the second of another set. */
static void unite(struct figures *figures, const struct place *places, int64_t count)
{
    int64_t begin = 0; /* of the questions with the problem at hand */
    for (int64_t i = 0; i < count; i++) {
        const struct place *place = &places[i];
        if (i == 0 || strcmp(places[i - 1].problem, place->problem) != 0)
            begin = figures->question_count;
        int64_t q = begin;
        while (q < figures->question_count && figures->questions[q].at[place->run] >= 0)
            q++;
        struct figures_question *question = &figures->questions[q];
        if (q == figures->question_count) {
            question->text = &figures->runs[place->run].cells.questions.items[place->index];
            question->at = figures->at + q * figures->run_count;
            for (int r = 0; r < figures->run_count; r++)
                question->at[r] = -1;
            figures->question_count++;
        }
        question->at[place->run] = place->index;
    }
    qsort(figures->questions, (size_t)figures->question_count, sizeof *figures->questions, by_place);
}

static int open_questions(struct figures *figures, struct ponder_err *err)
{
    int64_t count;
    struct place *places = all_places(figures, &count);
    figures->questions = calloc((size_t)count + 1, sizeof *figures->questions);
    figures->at = calloc(((size_t)count + 1) * (size_t)figures->run_count, sizeof *figures->at);
    int status = places && figures->questions && figures->at ? PONDER_OK : err_memory(err, "the questions");
    if (!status)
        unite(figures, places, count);
    free(places);
    return status;
}

/* ---- quintiles, the same ones for runs over the same questions ---- */

static bool covers(const struct figures *figures, int whole, int part)
{
    for (int64_t q = 0; q < figures->question_count; q++)
        if (figures->questions[q].at[part] >= 0 && figures->questions[q].at[whole] < 0)
            return false;
    return true;
}

/* Pass@1 of few samples says little of how hard a question is: the run with the most samples of all that have
 * this one's questions cuts the quintiles. */
static int quintiles_of(const struct figures *figures, int run)
{
    int best = -1;
    for (int r = 0; r < figures->run_count; r++) {
        int64_t n = figures->runs[r].eval->n * figures->runs[r].eval->seeds;
        if (figures->runs[r].search || n < QUINTILES_SAMPLES_MIN || !covers(figures, r, run) ||
            figures->runs[r].cells.record.model_hash != figures->runs[run].cells.record.model_hash)
            continue;
        if (best < 0 || n > figures->runs[best].eval->n * figures->runs[best].eval->seeds)
            best = r;
    }
    return best;
}

static void drop_quintiles(struct ponder_eval *eval)
{
    int64_t kept = 0;
    for (int64_t g = 0; g < eval->group_count; g++)
        if (strcmp(eval->groups[g].by, "quintile") == 0)
            free(eval->groups[g].name);
        else
            eval->groups[kept++] = eval->groups[g];
    eval->group_count = kept;
}

static int cut_again(struct figures_run *run, const double *ease)
{
    struct ponder_eval *eval = run->eval;
    int64_t count = 0, *kept = malloc(((size_t)run->cells.questions.count + 1) * sizeof *kept);
    if (!kept)
        return PONDER_E_MEMORY;
    for (int64_t q = 0; q < run->cells.questions.count; q++)
        if (run->grades[q].n > 0)
            kept[count++] = q;
    for (int64_t g = 0; g < eval->group_count; g++)
        free(eval->groups[g].name);
    free(eval->groups);
    eval->groups = NULL;
    eval->group_count = 0;
    int status = report_groups(eval, &run->cells.questions, run->grades, kept, count, ease);
    free(kept);
    return status;
}

static int group_run(struct figures *figures, int r, struct ponder_err *err)
{
    struct figures_run *run = &figures->runs[r];
    double *ease = calloc((size_t)run->cells.questions.count + 1, sizeof *ease);
    if (!ease)
        return err_memory(err, "the groups");
    run->quintiles_of = quintiles_of(figures, r);
    if (run->quintiles_of < 0)
        drop_quintiles(run->eval);
    for (int64_t q = 0; q < figures->question_count && run->quintiles_of >= 0; q++) {
        const int64_t *at = figures->questions[q].at;
        if (at[r] >= 0)
            ease[at[r]] = figures->runs[run->quintiles_of].grades[at[run->quintiles_of]].pass_1;
    }
    int status = PONDER_OK;
    if (run->quintiles_of >= 0 && run->quintiles_of != r && cut_again(run, ease))
        status = err_memory(err, "the groups");
    if (!status)
        status = add_costs(run, ease, err);
    free(ease);
    return status;
}

/* ---- pairs ---- */

static int add_pair(struct figures *figures, int first, int second, struct ponder_err *err)
{
    struct figures_pair *pair = &figures->pairs[figures->pair_count];
    const struct figures_run *runs = figures->runs;
    struct compare_side sides[2] = {{&runs[first].record, &runs[first].cells, runs[first].grades},
                                    {&runs[second].record, &runs[second].cells, runs[second].grades}};
    *pair = (struct figures_pair){.first = first, .second = second};
    int status = compare_sides(&pair->diff, sides, err);
    if (status == PONDER_E_ARGUMENT)
        return PONDER_OK; /* no question in common */
    figures->pair_count++;
    return status;
}

static int open_pairs(struct figures *figures, struct ponder_err *err)
{
    int n = figures->run_count, status = PONDER_OK;
    figures->against_first = n > PAIRED_WITH_EACH_MAX;
    figures->pairs = calloc((size_t)n * (size_t)n + 1, sizeof *figures->pairs);
    if (!figures->pairs)
        return err_memory(err, "the comparisons");
    for (int a = 0; a < n && !status; a++)
        for (int b = a + 1; b < n && !status && (a == 0 || !figures->against_first); b++)
            status = add_pair(figures, a, b, err);
    return status;
}

/* ---- all ---- */

int figures_open(struct figures *figures, struct store *store, const char *path, const int64_t *runs,
                 int64_t count, struct ponder_err *err)
{
    *figures = (struct figures){.store = path};
    int status = count > 0 ? open_runs(figures, store, runs, count, err) : open_all(figures, store, err);
    if (!status)
        status = open_questions(figures, err);
    for (int r = 0; r < figures->run_count && !status; r++)
        status = group_run(figures, r, err);
    return status ? status : open_pairs(figures, err);
}

void figures_release(struct figures *figures)
{
    for (int p = 0; p < figures->pair_count; p++)
        free(figures->pairs[p].diff.settings);
    for (int r = 0; r < figures->run_count; r++) {
        struct figures_run *run = &figures->runs[r];
        ponder_eval_release(run->eval);
        free(run->costs);
        free(run->label);
        free(run->grades);
        cells_release(&run->cells);
        store_run_release(&run->record);
    }
    free(figures->runs);
    free(figures->pairs);
    free(figures->questions);
    free(figures->at);
    *figures = (struct figures){0};
}
