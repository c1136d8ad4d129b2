#include "eval/export_line.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "tree/ledger.h"

/* ---- writing ---- */

/* `scores_name` is what the scores of steps are called. */
static json_t *sample_json(const struct store_sample *sample, const char *scores_name)
{
    json_t *object = json_pack("{s:o, s:b, s:o, s:I, s:o, s:o}", "answer", json_from_string(sample->answer),
                               "correct", (int)sample->correct, "text",
                               sample->text ? json_from_text(sample->text, sample->len) : json_null(),
                               "tokens", (json_int_t)sample->token_count, "logprob",
                               json_from_real(sample->logprob), "finish", json_from_string(sample->finish));
    if (!object || !sample->scores)
        return object;
    json_t *scores = json_array();
    for (int64_t i = 0; i < sample->score_count; i++)
        json_array_append_new(scores, json_from_real(sample->scores[i]));
    json_object_set_new(object, scores_name, scores);
    return object;
}

static json_t *samples_json(const struct store_sample *samples, int64_t n, const char *scores_name)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < n; i++)
        if (json_array_append_new(array, sample_json(&samples[i], scores_name))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* As its one sample; step scores stand with the candidates. */
static json_t *chosen_json(const struct store_cell *cell)
{
    struct store_sample chosen = cell->samples[cell->found->chosen];
    chosen.scores = NULL;
    return samples_json(&chosen, 1, NULL);
}

/* What a search chose from, with its totals. */
static json_t *candidates_json(const struct store_cell *cell)
{
    json_t *array = samples_json(cell->samples, cell->n, "scores");
    int failed = !array;
    for (int64_t i = 0; i < cell->n && !failed; i++) {
        json_t *sample = json_array_get(array, (size_t)i);
        failed = json_object_set_new(sample, "score", json_from_real(cell->found->totals[i])) ||
                 json_object_set_new(sample, "repeats", json_integer(cell->found->repeats[i]));
    }
    if (failed)
        json_decref(array);
    return failed ? NULL : array;
}

static int add_found(json_t *line, const struct store_cell *cell)
{
    return json_object_set_new(line, "chosen", json_integer((json_int_t)cell->found->chosen)) ||
           json_object_set_new(line, "candidates", candidates_json(cell));
}

static json_t *run_json(const json_t *run, const struct store_cell *cell)
{
    json_t *object =
        json_pack("{s:I, s:I}", "index", (json_int_t)cell->question, "seed", (json_int_t)cell->seed);
    if (object && json_object_update(object, (json_t *)run)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

int export_line_print(char **out, const struct question *question, const json_t *run,
                      enum ponder_run_kind kind, const struct store_cell *cell, struct ponder_err *err)
{
    const char *scores_name = kind == PONDER_RUN_ROLLOUTS ? "values" : "scores";
    json_t *line = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "unique_id", json_from_string(question->id), "problem",
        json_from_string(question->problem), "answer", json_from_string(question->answer), "level",
        json_from_string(question->level), "subject", json_from_string(question->subject), "run",
        run_json(run, cell), "ledger", ledger_json(&cell->cost), "samples",
        cell->found ? chosen_json(cell) : samples_json(cell->samples, cell->n, scores_name));
    if (line && cell->found && add_found(line, cell)) {
        json_decref(line);
        line = NULL;
    }
    return json_print(line, out, err);
}

/* ---- reading ---- */

static int take_samples(struct export_line *out, const json_t *samples, struct ponder_err *err)
{
    size_t n = json_array_size(samples);
    out->samples = calloc(n + 1, sizeof *out->samples);
    if (!out->samples)
        return err_memory(err, "samples");
    for (size_t i = 0; i < n; i++) {
        json_t *sample = json_array_get(samples, i), *text = json_object_get(sample, "text");
        json_t *tokens = json_object_get(sample, "tokens");
        if (!json_is_string(text) || !json_is_integer(tokens) || json_integer_value(tokens) < 0 ||
            json_integer_value(tokens) > STORE_TOKENS_MAX)
            return err_set(err, PONDER_E_FORMAT, "sample %zu has no \"text\" or no \"tokens\"", i + 1);
        out->samples[i].text = (char *)json_string_value(text);
        out->samples[i].len = json_string_length(text);
        out->samples[i].token_count = json_integer_value(tokens);
    }
    out->n = (int64_t)n;
    return PONDER_OK;
}

int export_line_take(struct export_line *out, const json_t *record, struct ponder_err *err)
{
    *out = (struct export_line){.record = record, .run = json_object_get(record, "run")};
    out->problem = json_string_value(json_object_get(record, "problem"));
    out->answer = json_string_value(json_object_get(record, "answer"));
    out->id = json_string_value(json_object_get(record, "unique_id"));
    json_t *index = json_object_get(out->run, "index"), *samples = json_object_get(record, "samples");
    if (!json_is_integer(index) || !json_is_array(samples) || !out->problem || !out->answer || !out->id)
        return err_set(err, PONDER_E_FORMAT, "no line of `ponder runs export`: \"%s\" is missing",
                       !json_is_array(samples)   ? "samples"
                       : !json_is_integer(index) ? "run"
                                                 : "problem");
    out->index = json_integer_value(index);
    return take_samples(out, samples, err);
}

void export_line_release(struct export_line *line)
{
    free(line->samples);
    *line = (struct export_line){0};
}
