/* shots.c - worked examples from a file of questions with solutions. */
#include "task/shots.h"

#include <stdbool.h>
#include <string.h>

#include "answer/answer.h"
#include "core/err.h"
#include "core/jsonl.h"

static const char *text_of(const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    return text && strlen(text) == json_string_length(json_object_get(record, key)) ? text : NULL;
}

/* Appends a text without its outer white space. */
static void put_trimmed(struct buf *out, const char *text, size_t len)
{
    while (len && strchr(" \t\r\n", *text)) {
        text++;
        len--;
    }
    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    buf_append(out, text, len);
}

/* GSM8K: "48/2 = <<48/2=24>>24", and the answer on a last line "#### 24". */
static void put_gsm8k(struct buf *out, const char *solution, const char *mark)
{
    struct buf plain = BUF_INIT(strlen(solution) + 1);
    for (const char *at = solution; at < mark;) {
        const char *note = strstr(at, "<<"), *close = note ? strstr(note, ">>") : NULL;
        const char *end = close && close < mark ? note : mark;
        buf_append(&plain, at, (size_t)(end - at));
        at = end == mark ? mark : close + 2;
    }
    put_trimmed(out, buf_text(&plain), plain.len);
    buf_puts(out, "\nThe answer is \\boxed{");
    put_trimmed(out, mark + 4, strlen(mark + 4));
    buf_puts(out, "}.");
    buf_release(&plain);
}

static void put_solution(struct buf *out, const char *solution)
{
    const char *mark = NULL;
    for (const char *at = solution; (at = strstr(at, "####")); at += 4)
        mark = at;
    if (mark)
        put_gsm8k(out, solution, mark);
    else
        put_trimmed(out, solution, strlen(solution));
}

/* Whether the record became an example at the end of `out`. */
static bool put_record(struct buf *out, const json_t *record)
{
    const char *problem = text_of(record, "problem"), *solution = text_of(record, "solution");
    struct answer_span box;
    size_t before = out->len;
    problem = problem ? problem : text_of(record, "question");
    solution = solution ? solution : text_of(record, "answer");
    if (!problem || !solution || strlen(problem) + strlen(solution) > SHOT_BYTES_MAX)
        return false;
    buf_puts(out, SHOTS_PROBLEM);
    put_trimmed(out, problem, strlen(problem));
    buf_puts(out, SHOTS_SOLUTION);
    size_t start = out->len;
    put_solution(out, solution);
    bool boxed = buf_ok(out) && answer_extract(out->data + start, out->len - start, &box);
    buf_puts(out, "\n\n");
    if (!boxed && buf_ok(out))
        out->len = before;
    return boxed;
}

int shots_read(const char *path, struct buf *out, struct ponder_err *err)
{
    struct jsonl *file = NULL;
    int status = jsonl_open(&file, path, err), more = 1, count = 0;
    while (!status && count < SHOTS_COUNT && more > 0) {
        json_t *record;
        more = jsonl_next(file, &record, err);
        status = more < 0 ? more : PONDER_OK;
        if (more > 0)
            count += put_record(out, record);
        json_decref(record);
        if (!buf_ok(out))
            status = err_memory(err, "worked examples");
    }
    jsonl_release(file);
    if (!status && count < SHOTS_COUNT)
        status = err_set(err, PONDER_E_FORMAT,
                         "%s: %d of its lines are a question with a solution that ends in a boxed answer, of "
                         "at most %d bytes; %d are wanted",
                         path, count, SHOT_BYTES_MAX, SHOTS_COUNT);
    return status;
}
