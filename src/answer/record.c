/* record.c - grading and extraction over records of JSON, one a line. */
#include <stdlib.h>
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

/* The line with the fields of `added` behind its own, which stay as they are written; where it has one of
 * them already, all of it is written anew. Takes `added` over. */
static int put_back(const char *line, json_t *record, json_t *added, char **out, struct ponder_err *err)
{
    const char *key, *close = strrchr(line, '}');
    json_t *value;
    char *fields = NULL;
    bool there = false;
    json_object_foreach(added, key, value) there |= json_object_get(record, key) != NULL;
    if (there && !json_object_update(record, added)) {
        json_decref(added);
        return json_print(json_incref(record), out, err);
    }
    int status = json_print(added, &fields, err);
    if (status || there)
        return status ? status : err_memory(err, "a line");
    size_t head = (size_t)(close - line), tail = strlen(fields);
    *out = malloc(head + tail + 1);
    if (*out) {
        memcpy(*out, line, head);
        memcpy(*out + head, fields, tail + 1);
        (*out)[head] = ','; /* in place of the brace that opens the fields */
    }
    free(fields);
    return *out ? PONDER_OK : err_memory(err, "a line");
}

static int record_grade(const json_t *record, bool *equal, const char **how, struct ponder_err *err)
{
    const json_t *gold = json_object_get(record, "gold"), *pred = json_object_get(record, "pred");
    char numbers[2][JSON_NUMBER_BYTES];
    const char *right = json_text_or_number(gold, numbers[0]), *given = json_text_or_number(pred, numbers[1]);
    *how = json_is_null(pred) ? "no answer" : "text";
    *equal = false;
    if (!right || (!given && !json_is_null(pred)))
        return err_set(err, PONDER_E_FORMAT, "there is no `%s`, a text or a number", right ? "pred" : "gold");
    if (given)
        *equal = answer_equal(right, strlen(right), given, strlen(given), how);
    return PONDER_OK;
}

int ponder_answer_grade(const char *line, char **out, bool *equal, struct ponder_err *err)
{
    const char *how;
    *out = NULL;
    *equal = false;
    json_t *record = read_object(line, err);
    if (!record)
        return PONDER_E_FORMAT;
    int status = record_grade(record, equal, &how, err);
    if (!status)
        status = put_back(line, record, json_pack("{s:b, s:s}", "equal", (int)*equal, "how", how), out, err);
    json_decref(record);
    return status;
}

static int record_find(const json_t *record, bool box_only, json_t **answer, struct ponder_err *err)
{
    const json_t *field = json_object_get(record, "text");
    struct buf text = BUF_INIT(PONDER_ANSWER_TEXT_BYTES_MAX);
    bool found = false;
    if (!json_is_string(field))
        return err_set(err, PONDER_E_FORMAT, "there is no `text`, a text");
    int status = answer_find(json_string_value(field), json_string_length(field),
                             box_only ? ANSWER_BOX_ONLY : ANSWER_ANY_SIGN, &text, &found);
    if (!status)
        *answer = found ? json_from_text(text.data, text.len) : json_null();
    buf_release(&text);
    return !status && *answer ? PONDER_OK : err_memory(err, "an answer");
}

bool ponder_answer_equal(const char *gold, const char *pred)
{
    return answer_equal(gold, strlen(gold), pred, strlen(pred), NULL);
}

int ponder_answer_extract(const char *line, bool box_only, char **out, struct ponder_err *err)
{
    json_t *answer = NULL;
    *out = NULL;
    json_t *record = read_object(line, err);
    if (!record)
        return PONDER_E_FORMAT;
    int status = record_find(record, box_only, &answer, err);
    if (!status)
        status = put_back(line, record, json_pack("{s:o}", "answer", answer), out, err);
    json_decref(record);
    return status;
}
