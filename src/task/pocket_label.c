/* pocket_label.c - the checker over records of JSON: questions with one solution, or with many samples. */
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "ponder/task.h"

static json_t *flags(const struct ponder_pocket_verdict *verdict, bool reachable)
{
    json_t *array = json_array();
    for (int i = 0; i < verdict->line_count; i++) {
        const struct ponder_pocket_line *line = &verdict->line[i];
        json_array_append_new(array, json_boolean(reachable ? line->reachable : line->right));
    }
    return array;
}

static int put_verdict(json_t *to, const struct ponder_pocket_verdict *verdict)
{
    int first = verdict->first_wrong;
    int failed = json_object_set_new(to, "right", flags(verdict, false)) |
                 json_object_set_new(to, "reachable", flags(verdict, true)) |
                 json_object_set_new(to, "first_wrong", first < 0 ? json_null() : json_integer(first)) |
                 json_object_set_new(to, "answer_right", json_boolean(verdict->answer_right));
    if (first >= 0)
        failed |= json_object_set_new(to, "reason", json_string(verdict->line[first].reason)) |
                  json_object_set_new(to, "offset", json_integer((json_int_t)verdict->line[first].offset));
    return failed ? PONDER_E_MEMORY : PONDER_OK;
}

/* A solution with more lines than the checker takes is no solution: nothing of it is right. */
static int label_text(json_t *to, const char *problem, const char *text, const char **kind,
                      struct ponder_err *err)
{
    struct ponder_pocket_verdict verdict;
    int status = ponder_pocket_check(problem, text, &verdict, err);
    if (status == PONDER_E_LIMIT)
        verdict.answer_right = false;
    else if (status)
        return status;
    *kind = verdict.kind;
    status = put_verdict(to, &verdict);
    return status ? err_memory(err, "labels") : PONDER_OK;
}

static int label_samples(json_t *samples, const char *problem, const char **kind, struct ponder_err *err)
{
    size_t i;
    json_t *sample;
    json_array_foreach(samples, i, sample)
    {
        const char *text = json_string_value(json_object_get(sample, "text"));
        if (!text)
            return err_set(err, PONDER_E_FORMAT, "sample %zu has no `text`", i);
        int status = label_text(sample, problem, text, kind, err);
        if (status)
            return status;
    }
    return PONDER_OK;
}

static int pocket_label_line(json_t *record, struct ponder_err *err)
{
    const char *problem = json_string_value(json_object_get(record, "problem")), *kind = NULL;
    const char *text = json_string_value(json_object_get(record, "solution"));
    json_t *samples = json_object_get(record, "samples");
    if (!text)
        text = json_string_value(json_object_get(record, "text"));
    if (!problem)
        return err_set(err, PONDER_E_FORMAT, "there is no `problem`, a text");
    if (!json_is_array(samples) && !text)
        return err_set(err, PONDER_E_FORMAT, "there is neither `solution`, a text, nor `samples`, an array");
    int status = json_is_array(samples) ? label_samples(samples, problem, &kind, err)
                                        : label_text(record, problem, text, &kind, err);
    if (!status && kind && json_object_set_new(record, "kind", json_string(kind)))
        status = err_memory(err, "labels");
    return status;
}

int ponder_pocket_label(const char *line, char **out, struct ponder_err *err)
{
    json_error_t where;
    *out = NULL;
    json_t *record = json_loads(line, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(record)) {
        json_decref(record);
        return err_set(err, PONDER_E_FORMAT, "this is no JSON object: %s at column %d", where.text,
                       where.column);
    }
    int status = pocket_label_line(record, err);
    if (status)
        json_decref(record);
    return status ? status : json_print(record, out, err);
}
