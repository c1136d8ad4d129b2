/* questions_file.c - question sets in JSONL: which field of which form holds what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "core/err.h"
#include "core/json.h"
#include "core/jsonl.h"
#include "prompt/prompt.h"
#include "task/questions.h"
#include "task/questions_form.h"

enum { NOTES_MAX = 5, ID_BYTES = 32 };

/* NULL where there is none, or one with a NUL in it. */
static const char *text_of(const json_t *record, const char *key)
{
    const json_t *value = json_object_get(record, key);
    const char *text = json_string_value(value);
    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

/* MATH writes the level as "Level 3", our own files as 3. */
void questions_level_text(const json_t *level, char text[QUESTIONS_LEVEL_BYTES])
{
    text[0] = '\0';
    if (json_is_integer(level))
        snprintf(text, QUESTIONS_LEVEL_BYTES, "%lld", (long long)json_integer_value(level));
    else if (json_is_string(level))
        snprintf(text, QUESTIONS_LEVEL_BYTES, "%s",
                 json_string_value(level) + (strncmp(json_string_value(level), "Level ", 6) == 0 ? 6 : 0));
}

/* Appends the part of a text, without the spaces around it. */
static int take_part(struct buf *out, const char *text, size_t len)
{
    while (len && strchr(" \t\r\n", text[0])) {
        text++;
        len--;
    }
    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    return buf_append(out, text, len);
}

/* The answer of a record: what stands behind GSM8K's last "####", else the answer as it is, else what is
 * boxed in the solution. False where there is none. */
static bool answer_of(const json_t *record, struct buf *out)
{
    char number[JSON_NUMBER_BYTES];
    const json_t *given = json_object_get(record, "answer");
    const char *answer = json_text_or_number(given ? given : json_object_get(record, "Answer"), number);
    const char *solution = text_of(record, "solution");
    struct answer_span box;
    const char *mark = NULL;
    for (const char *at = answer; at && (at = strstr(at, "####")); at += 4)
        mark = at;
    int status = PONDER_OK;
    if (mark)
        status = take_part(out, mark + 4, strlen(mark + 4));
    else if (answer)
        status = take_part(out, answer, strlen(answer));
    else if (solution && answer_extract(solution, strlen(solution), &box))
        status = take_part(out, solution + box.start, box.len);
    return !status && out->len > 0;
}

static int questions_refuse(const struct jsonl *file, const char *missing, struct ponder_err *err)
{
    err_set(err, PONDER_E_FORMAT,
            "no text under \"%s\"; each line is an object with \"problem\" (or \"question\") and \"answer\"",
            missing);
    return jsonl_prefix(file, PONDER_E_FORMAT, err);
}

/* What is asked is in `problem`, and with choices the answer in `answer`. */
static int add_question(struct questions *out, const json_t *record, const struct jsonl *file,
                        struct buf *problem, struct buf *answer, struct ponder_err *err)
{
    char level[QUESTIONS_LEVEL_BYTES], line[ID_BYTES];
    const char *id = text_of(record, "unique_id"), *subject = text_of(record, "subject");
    if (problem->len == 0)
        return questions_refuse(file, "problem", err);
    int unfit = prompt_check_question(buf_text(problem), problem->len, err);
    if (unfit) /* what no model can be asked */
        return jsonl_prefix(file, unfit, err);
    if (answer->len == 0 && !answer_of(record, answer))
        return questions_refuse(file, "answer", err);
    questions_level_text(json_object_get(record, "level"), level);
    snprintf(line, sizeof line, "line %lld", (long long)jsonl_line(file));
    struct question question = {(char *)buf_text(problem), (char *)buf_text(answer), level,
                                (char *)(subject ? subject : text_of(record, "type")),
                                (char *)(id ? id : line)};
    return questions_add(out, &question, err);
}

static int add_record(struct questions *out, const json_t *record, const struct jsonl *file,
                      struct ponder_err *err)
{
    struct buf problem = BUF_INIT(JSONL_LINE_BYTES_MAX), answer = BUF_INIT(JSONL_LINE_BYTES_MAX);
    int status = questions_form_read(record, &problem, &answer, err);
    if (status)
        jsonl_prefix(file, status, err);
    else
        status = add_question(out, record, file, &problem, &answer, err);
    buf_release(&problem);
    buf_release(&answer);
    return status;
}

/* A bad line that is to be skipped: counted, and the first few told. */
static void skip(struct questions *out, const struct questions_source *source, const struct ponder_err *err)
{
    char text[sizeof err->message + 16];
    if (out->skipped++ < NOTES_MAX && source->note) {
        snprintf(text, sizeof text, "skipped %s", err->message);
        source->note(text, source->note_data);
    }
}

int questions_read_lines(struct questions *out, const struct questions_source *source, struct jsonl *file,
                         struct ponder_err *err)
{
    struct ponder_err own = {0};
    err = err ? err : &own; /* what is skipped is told with its message */
    int more = 1;
    while (more > 0 && (source->limit <= 0 || out->count < source->limit)) {
        json_t *record;
        int status = more = jsonl_next(file, &record, err);
        if (more > 0)
            status = add_record(out, record, file, err);
        json_decref(record);
        bool bad = status == PONDER_E_FORMAT || status == PONDER_E_ARGUMENT;
        if (status < 0 && !(bad && source->skip_bad))
            return status;
        if (status < 0) {
            skip(out, source, err);
            more = 1;
        }
    }
    return PONDER_OK;
}

int questions_read_file(struct questions *out, const struct questions_source *source, struct ponder_err *err)
{
    struct jsonl *file;
    int status = jsonl_open(&file, source->data, err);
    if (!status)
        status = questions_read_lines(out, source, file, err);
    jsonl_release(file);
    return status;
}
