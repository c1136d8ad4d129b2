/* record.c - grading and extraction over records of JSON, one a line. */
#include <string.h>

#include "answer/answer.h"
#include "core/err.h"
#include "core/json.h"
#include "ponder/answer.h"

static json_t *read_object(const char *line, struct ponder_err *err)
{
    json_error_t where;
    json_t *record = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
    if (json_is_object(record))
        return record;
    bool parsed = record != NULL;
    json_decref(record);
    if (parsed)
        err_set(err, PONDER_E_FORMAT, "this is JSON, but no object");
    else
        err_set(err, PONDER_E_FORMAT, "this is no JSON object: %s at column %d", where.text, where.column);
    return NULL;
}

static int grade(json_t *record, struct ponder_err *err)
{
    const json_t *gold = json_object_get(record, "gold"), *pred = json_object_get(record, "pred");
    if (!json_is_string(gold) || !json_is_string(pred))
        return err_set(err, PONDER_E_FORMAT, "there is no `%s`, a text",
                       json_is_string(gold) ? "pred" : "gold");
    const char *how = "text";
    bool equal = answer_equal(json_string_value(gold), json_string_length(gold), json_string_value(pred),
                              json_string_length(pred), &how);
    int failed = json_object_set_new(record, "equal", json_boolean(equal)) |
                 json_object_set_new(record, "how", json_string(how));
    return failed ? err_memory(err, "a verdict") : PONDER_OK;
}

int ponder_answer_grade(const char *line, char **out, bool *equal, struct ponder_err *err)
{
    *out = NULL;
    *equal = false;
    json_t *record = read_object(line, err);
    if (!record)
        return PONDER_E_FORMAT;
    int status = grade(record, err);
    if (status) {
        json_decref(record);
        return status;
    }
    *equal = json_is_true(json_object_get(record, "equal"));
    return json_print(record, out, err);
}

int ponder_answer_extract(const char *line, bool box_only, char **out, struct ponder_err *err)
{
    bool found = false;
    *out = NULL;
    json_t *record = read_object(line, err);
    if (!record)
        return PONDER_E_FORMAT;
    const json_t *field = json_object_get(record, "text");
    struct buf answer = BUF_INIT(PONDER_ANSWER_TEXT_BYTES_MAX);
    int status = PONDER_OK;
    if (!json_is_string(field))
        status = err_set(err, PONDER_E_FORMAT, "there is no `text`, a text");
    else if (answer_find(json_string_value(field), json_string_length(field),
                         box_only ? ANSWER_BOX_ONLY : ANSWER_ANY_SIGN, &answer, &found) ||
             json_object_set_new(record, "answer",
                                 found ? json_stringn(answer.data, answer.len) : json_null()))
        status = err_memory(err, "an answer");
    buf_release(&answer);
    if (status) {
        json_decref(record);
        return status;
    }
    return json_print(record, out, err);
}
