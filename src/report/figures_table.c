/* figures_table.c - the figures one by one, as CSV and as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "report/figures.h"
#include "eval/report.h"
#include "eval/run_record.h"

/* ---- row by row ---- */

struct walk {
    int (*each)(void *data, const struct figures_row *row);
    void *data;
    const struct figures *figures;
    const struct figures_run *run;
};

static int give(const struct walk *walk, int64_t g, const char *measure, int64_t k,
                const struct ponder_interval *figure)
{
    const struct ponder_eval_group *group = &walk->run->eval->groups[g];
    struct figures_row row = {.run = walk->run,
                              .by = group->by,
                              .group = group->name,
                              .measure = measure,
                              .k = k,
                              .questions = group->questions,
                              .figure = *figure,
                              .cost = figures_cost_at(walk->run, g, k),
                              .measured = k == walk->run->eval->n};
    return walk->each(walk->data, &row);
}

static int give_group(const struct walk *walk, int64_t g)
{
    const struct ponder_eval *eval = walk->run->eval;
    const struct ponder_eval_group *group = &eval->groups[g];
    int status = give(walk, g, "accuracy", eval->n, &group->maj[eval->k_count - 1]);
    if (status || walk->run->search)
        return status;
    status = give(walk, g, "pass_1", 1, &group->pass_1);
    for (int k = 0; k < eval->k_count && !status; k++)
        status = give(walk, g, "maj", eval->ks[k], &group->maj[k]);
    for (int k = 0; k < eval->k_count && !status; k++)
        status = give(walk, g, "pass", eval->ks[k], &group->pass[k]);
    return status ? status : give(walk, g, "gain", eval->n, &group->gain);
}

static int give_pair(const struct walk *walk, const struct figures_pair *pair)
{
    struct figures_row row = {
        .pair = pair, .by = "all", .group = "all", .questions = pair->diff.questions, .k = 0};
    row.measure = "accuracy_difference";
    row.figure = pair->diff.difference;
    int status = walk->each(walk->data, &row);
    if (status || !figures_have_pass_1(walk->figures, pair))
        return status;
    row.measure = "pass_1_difference";
    row.figure = pair->diff.pass_1_difference;
    return walk->each(walk->data, &row);
}

int figures_each_row(const struct figures *figures, int (*each)(void *data, const struct figures_row *row),
                     void *data)
{
    struct walk walk = {each, data, figures, NULL};
    int status = 0;
    for (int r = 0; r < figures->run_count; r++) {
        walk.run = &figures->runs[r];
        for (int64_t g = 0; g < walk.run->eval->group_count && !status; g++)
            status = give_group(&walk, g);
    }
    for (int p = 0; p < figures->pair_count && !status; p++)
        status = give_pair(&walk, &figures->pairs[p]);
    return status;
}

/* ---- CSV (RFC 4180, with plain line ends) ---- */

static void csv_text(struct buf *out, const char *text)
{
    if (!text[strcspn(text, "\",\r\n")]) {
        buf_puts(out, text);
        return;
    }
    buf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            buf_putc(out, '"');
        buf_putc(out, *text);
    }
    buf_putc(out, '"');
}

/* Behind a comma; nothing where there is no value. */
static void csv_number(struct buf *out, double number)
{
    buf_puts(out, ",");
    if (isfinite(number))
        buf_printf(out, "%.10g", number);
}

struct csv {
    struct buf *out;
    const struct figures *figures;
};

static int csv_row(void *data, const struct figures_row *row)
{
    const struct csv *csv = data;
    struct buf *out = csv->out;
    const struct figures_run *runs = csv->figures->runs;
    const struct figures_run *run = row->run ? row->run : &runs[row->pair->second];
    buf_printf(out, "%lld,", (long long)run->record.id);
    if (row->pair)
        buf_printf(out, "%lld", (long long)runs[row->pair->first].record.id);
    buf_putc(out, ',');
    csv_text(out, run->label);
    buf_printf(out, ",%s,", row->by);
    csv_text(out, row->group);
    buf_printf(out, ",%s,", row->measure);
    if (row->k > 0)
        buf_printf(out, "%lld", (long long)row->k);
    csv_number(out, row->figure.value);
    csv_number(out, row->figure.low);
    csv_number(out, row->figure.high);
    buf_printf(out, ",%lld", (long long)row->questions);
    if (row->pair) {
        buf_puts(out, ",,,,,,\n");
        return 0;
    }
    csv_number(out, row->cost.generations);
    csv_number(out, row->cost.generated_tokens);
    csv_number(out, row->cost.tokens);
    csv_number(out, row->cost.flops);
    csv_number(out, row->cost.seconds);
    buf_printf(out, ",%s\n", row->measured ? "measured" : "share");
    return 0;
}

int figures_csv(struct buf *out, const struct figures *figures, struct ponder_err *err)
{
    struct csv csv = {out, figures};
    buf_puts(out, "run,minus,label,by,group,measure,k,value,low,high,questions,generations,generated_tokens,"
                  "tokens,flops,seconds,cost\n");
    int failed = figures_each_row(figures, csv_row, &csv) || !buf_ok(out);
    return failed ? err_memory(err, "the table") : PONDER_OK;
}

/* ---- JSON ---- */

static json_t *cost_json(const struct figures_row *row)
{
    const struct figures_cost *cost = &row->cost;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "generations", json_from_real(cost->generations),
                     "generated_tokens", json_from_real(cost->generated_tokens), "tokens",
                     json_from_real(cost->tokens), "flops", json_from_real(cost->flops), "seconds",
                     json_from_real(cost->seconds), "measured", (int)row->measured);
}

struct lists {
    const struct figures *figures;
    json_t *figures_list, *differences;
};

static int json_row(void *data, const struct figures_row *row)
{
    struct lists *lists = data;
    const struct figures_run *runs = lists->figures->runs;
    if (row->run)
        return json_array_append_new(
            lists->figures_list,
            json_pack("{s:I, s:s, s:o, s:s, s:I, s:o, s:I, s:o}", "run", (json_int_t)row->run->record.id,
                      "by", row->by, "group", json_from_string(row->group), "measure", row->measure, "k",
                      (json_int_t)row->k, "figure", report_interval_json(&row->figure), "questions",
                      (json_int_t)row->questions, "cost", cost_json(row)));
    return json_array_append_new(
        lists->differences,
        json_pack("{s:I, s:I, s:s, s:o, s:I, s:o}", "run", (json_int_t)runs[row->pair->second].record.id,
                  "minus", (json_int_t)runs[row->pair->first].record.id, "measure", row->measure, "figure",
                  report_interval_json(&row->figure), "questions", (json_int_t)row->questions, "settings",
                  json_loads(row->pair->diff.settings, 0, NULL)));
}

static json_t *run_json(const struct figures_run *run)
{
    const struct ponder_run *record = &run->record;
    return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "run",
                     (json_int_t)record->id, "kind", ponder_run_kind_name(record->kind), "label",
                     json_from_string(run->label), "created", json_from_string(record->created), "model",
                     json_from_string(record->model), "data", json_from_string(record->data), "data_hash",
                     run_hash_json(run->data_hash), "questions", (json_int_t)run->eval->questions, "asked",
                     (json_int_t)run->eval->asked, "seeds", (json_int_t)run->eval->seeds, "n",
                     (json_int_t)run->eval->n, "settings", json_loads(record->settings, 0, NULL),
                     "fingerprints", json_loads(record->fingerprints, 0, NULL));
}

int figures_json(struct buf *out, const struct figures *figures, struct ponder_err *err)
{
    struct lists lists = {figures, json_array(), json_array()};
    json_t *runs = json_array();
    int failed = 0;
    for (int r = 0; r < figures->run_count; r++)
        failed |= json_array_append_new(runs, run_json(&figures->runs[r]));
    failed |= figures_each_row(figures, json_row, &lists);
    json_t *root = json_pack("{s:s, s:o, s:o, s:o}", "version", PONDER_VERSION, "runs", runs, "figures",
                             lists.figures_list, "differences", lists.differences);
    char *text = NULL;
    if (failed) {
        json_decref(root);
        root = NULL;
    }
    int status = json_print(root, &text, err);
    if (!status && (buf_puts(out, text) || buf_putc(out, '\n')))
        status = err_memory(err, "the figures");
    free(text);
    return status;
}
