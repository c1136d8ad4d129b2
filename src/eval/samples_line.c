#include "eval/samples_line.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"

const char samples_line_start[] = "{\"unique_id\":";

/* ---- writing ---- */

static json_t *sample_json(const struct best_of_n_sample *sample, const struct grade *grade, int64_t i)
{
    return json_pack("{s:o, s:b, s:o, s:I, s:o, s:s}", "answer", json_from_string(grade->answers[i]),
                     "correct", (int)grade->correct[i], "text", json_from_text(sample->text, sample->len),
                     "tokens", (json_int_t)sample->token_count, "logprob", json_from_real(sample->logprob),
                     "finish", best_of_n_finish_name(sample->finish));
}

static json_t *samples_json(const struct best_of_n_sample *samples, const struct grade *grade)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < grade->n; i++)
        if (json_array_append_new(array, sample_json(&samples[i], grade, i))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *run_json(const json_t *run, int64_t index)
{
    json_t *object = json_pack("{s:I}", "index", (json_int_t)index);
    if (object && json_object_update(object, (json_t *)run)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

int samples_line_print(struct buf *out, const struct question *question, int64_t index, const json_t *run,
                       const struct best_of_n_sample *samples, const struct grade *grade,
                       struct ponder_err *err)
{
    char *line = NULL;
    int status = json_print(
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "unique_id", json_from_string(question->id),
                  "problem", json_from_string(question->problem), "answer",
                  json_from_string(question->answer), "level", json_from_string(question->level), "subject",
                  json_from_string(question->subject), "run", run_json(run, index), "samples",
                  samples_json(samples, grade)),
        &line, err);
    if (!status && (buf_puts(out, line) || buf_putc(out, '\n')))
        status = err_memory(err, "a line of samples");
    free(line);
    return status;
}

/* ---- reading ---- */

static int take_samples(struct samples_line *out, const json_t *samples, struct ponder_err *err)
{
    size_t n = json_array_size(samples);
    out->samples = calloc(n + 1, sizeof *out->samples);
    if (!out->samples)
        return err_memory(err, "samples");
    for (size_t i = 0; i < n; i++) {
        json_t *sample = json_array_get(samples, i), *text = json_object_get(sample, "text");
        json_t *tokens = json_object_get(sample, "tokens");
        if (!json_is_string(text) || !json_is_integer(tokens))
            return err_set(err, PONDER_E_FORMAT, "sample %zu has no \"text\" or no \"tokens\"", i + 1);
        out->samples[i].text = (char *)json_string_value(text);
        out->samples[i].len = json_string_length(text);
        out->samples[i].token_count = json_integer_value(tokens);
    }
    out->n = (int64_t)n;
    return PONDER_OK;
}

int samples_line_parse(struct samples_line *out, const char *text, size_t len, struct ponder_err *err)
{
    json_error_t where;
    *out = (struct samples_line){.root = json_loadb(text, len, JSON_ALLOW_NUL, &where)};
    if (!out->root)
        return err_set(err, PONDER_E_FORMAT, "not JSON: %s", where.text);
    out->run = json_object_get(out->root, "run");
    out->problem = json_string_value(json_object_get(out->root, "problem"));
    out->answer = json_string_value(json_object_get(out->root, "answer"));
    out->id = json_string_value(json_object_get(out->root, "unique_id"));
    json_t *index = json_object_get(out->run, "index"), *samples = json_object_get(out->root, "samples");
    if (!json_is_integer(index) || !json_is_array(samples) || !out->problem || !out->answer || !out->id)
        return err_set(err, PONDER_E_FORMAT, "no line of `ponder eval --samples`: \"%s\" is missing",
                       !json_is_array(samples)   ? "samples"
                       : !json_is_integer(index) ? "run"
                                                 : "problem");
    out->index = json_integer_value(index);
    return take_samples(out, samples, err);
}

void samples_line_release(struct samples_line *line)
{
    free(line->samples);
    json_decref(line->root);
    *line = (struct samples_line){0};
}
