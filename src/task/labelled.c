#include "task/labelled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static char *copy_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? strdup(text) : NULL;
}

static int read_lines(struct labelled_text *out, const json_t *flags, struct ponder_err *err)
{
    size_t n = json_array_size(flags);
    if (n > LABELLED_LINES_MAX)
        return err_set(err, PONDER_E_FORMAT, "a sample has more than %d lines", LABELLED_LINES_MAX);
    out->reachable = calloc(n + 1, 1);
    if (!out->reachable)
        return err_memory(err, "labels");
    out->lines = (int)n;
    for (size_t i = 0; i < n; i++) {
        out->reachable[i] = json_is_true(json_array_get(flags, i));
        if (!out->reachable[i] && out->first_lost < 0)
            out->first_lost = (int)i;
    }
    return PONDER_OK;
}

static int read_scores(struct labelled_text *out, const json_t *scores, struct ponder_err *err)
{
    if (!scores)
        return PONDER_OK;
    if (json_array_size(scores) != (size_t)out->lines)
        return err_set(err, PONDER_E_FORMAT, "a sample has %zu scores and %d lines", json_array_size(scores),
                       out->lines);
    out->scores = calloc((size_t)out->lines + 1, sizeof *out->scores);
    if (!out->scores)
        return err_memory(err, "scores");
    for (int i = 0; i < out->lines; i++)
        out->scores[i] = (float)json_number_value(json_array_get(scores, (size_t)i));
    return PONDER_OK;
}

static int read_text(struct labelled_text *out, const json_t *sample, struct ponder_err *err)
{
    *out = (struct labelled_text){.first_lost = -1};
    const json_t *flags = json_object_get(sample, "reachable"),
                 *right = json_object_get(sample, "answer_right");
    out->text = copy_of(sample, "text");
    out->answer = copy_of(sample, "answer");
    if (!out->text)
        return err_set(err, PONDER_E_FORMAT, "a sample has no `text`");
    if (!json_is_array(flags) || !json_is_boolean(right))
        return err_set(err, PONDER_E_FORMAT,
                       "a sample has no `reachable` and `answer_right`; `ponder task check` adds them");
    out->right = json_is_true(right);
    out->logprob = number_of(sample, "logprob");
    out->logprob_sum = out->logprob * number_of(sample, "tokens");
    int status = read_lines(out, flags, err);
    return status ? status : read_scores(out, json_object_get(sample, "scores"), err);
}

int labelled_take(struct labelled *out, const json_t *record, struct ponder_err *err)
{
    *out = (struct labelled){0};
    const json_t *samples = json_object_get(record, "samples");
    out->problem = copy_of(record, "problem");
    out->id = copy_of(record, "unique_id");
    out->answer = copy_of(record, "answer");
    if (!out->problem || !json_is_array(samples))
        return err_set(err, PONDER_E_FORMAT,
                       "no `problem` or no `samples`; `ponder runs export` writes them");
    size_t n = json_array_size(samples);
    out->texts = calloc(n + 1, sizeof *out->texts);
    if (!out->texts)
        return err_memory(err, "samples");
    int status = PONDER_OK;
    for (size_t i = 0; i < n && !status; i++) {
        status = read_text(&out->texts[i], json_array_get(samples, i), err);
        out->count++;
    }
    return status;
}

int labelled_next(struct jsonl *file, struct labelled *out, json_t **object, struct ponder_err *err)
{
    json_t *record;
    *out = (struct labelled){0};
    int status = jsonl_next(file, &record, err);
    if (status == 1) {
        int read = labelled_take(out, record, err);
        status = read ? jsonl_prefix(file, read, err) : 1;
    }
    if (object)
        *object = record;
    else
        json_decref(record);
    return status;
}

int labelled_each(const char *path,
                  int (*each)(void *data, const struct labelled *record, struct ponder_err *err), void *data,
                  struct ponder_err *err)
{
    struct jsonl *file;
    int status = jsonl_open(&file, path, err), more = 1;
    while (!status && more > 0) {
        struct labelled record;
        more = labelled_next(file, &record, NULL, err);
        status = more > 0 ? each(data, &record, err) : more;
        if (status && more > 0)
            jsonl_prefix(file, status, err);
        labelled_release(&record);
    }
    jsonl_release(file);
    return status;
}

void labelled_release(struct labelled *record)
{
    for (int64_t i = 0; i < record->count; i++) {
        free(record->texts[i].text);
        free(record->texts[i].answer);
        free(record->texts[i].reachable);
        free(record->texts[i].scores);
    }
    free(record->texts);
    free(record->problem);
    free(record->id);
    free(record->answer);
    *record = (struct labelled){0};
}

int64_t labelled_first_equal(const struct labelled *record, int64_t index)
{
    int64_t i = 0;
    while (i < index && strcmp(record->texts[i].text, record->texts[index].text) != 0)
        i++;
    return i;
}
