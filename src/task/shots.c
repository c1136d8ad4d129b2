/* shots.c - worked examples from a file of questions with solutions. */
#include "task/shots.h"

#include <stdbool.h>
#include <string.h>

#include "answer/answer.h"
#include "core/err.h"
#include "core/jsonl.h"
#include "task/questions.h"

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

static bool is_shown(const struct examples *out, const char *problem)
{
    for (int i = 0; i < out->count; i++)
        if (strcmp(out->items[i].problem, problem) == 0)
            return true;
    return false;
}

/* Adds the example where a model can learn from it: its solution ends in a box, and it is not long, nor there
 * already. */
static int offer(struct examples *out, const char *problem, const char *solution, struct ponder_err *err)
{
    struct buf asked = BUF_INIT(SHOT_BYTES_MAX + 1), solved = BUF_INIT(2 * SHOT_BYTES_MAX);
    struct answer_span box;
    int status = PONDER_OK;
    if (strlen(problem) + strlen(solution) > SHOT_BYTES_MAX)
        return PONDER_OK;
    put_trimmed(&asked, problem, strlen(problem));
    put_solution(&solved, solution);
    bool whole = buf_ok(&asked) && buf_ok(&solved);
    if (!whole || (answer_extract(buf_text(&solved), solved.len, &box) && !is_shown(out, buf_text(&asked))))
        status = whole ? examples_add(out, buf_text(&asked), buf_text(&solved)) : PONDER_E_MEMORY;
    buf_release(&asked);
    buf_release(&solved);
    return status ? err_memory(err, "worked examples") : PONDER_OK;
}

static int offer_record(struct examples *out, const json_t *record, struct ponder_err *err)
{
    const char *problem = text_of(record, "problem"), *solution = text_of(record, "solution");
    problem = problem ? problem : text_of(record, "question");
    solution = solution ? solution : text_of(record, "answer");
    return problem && solution ? offer(out, problem, solution, err) : PONDER_OK;
}

static int from_file(struct examples *out, const char *path, struct ponder_err *err)
{
    struct jsonl *file = NULL;
    int status = jsonl_open(&file, path, err), more = 1;
    while (!status && out->count < EXAMPLES_MAX && more > 0) {
        json_t *record;
        more = jsonl_next(file, &record, err);
        status = more < 0 ? more : PONDER_OK;
        if (more > 0)
            status = offer_record(out, record, err);
        json_decref(record);
    }
    jsonl_release(file);
    if (!status && out->count < EXAMPLES_SHOWN)
        status = err_set(err, PONDER_E_FORMAT,
                         "%s: %d of its lines are a question with a solution that ends in a boxed answer, of "
                         "at most %d bytes; %d are wanted",
                         path, out->count, SHOT_BYTES_MAX, EXAMPLES_SHOWN);
    return status;
}

/* The generated set: of its training part, for a test's questions are for asking. */
static int from_pocket(struct examples *out, const char *name, struct ponder_err *err)
{
    struct questions_pocket pocket;
    struct ponder_pocket_item item;
    int status = questions_pocket_open(&pocket, "--shots", name, err);
    if (!status && (pocket.split != PONDER_POCKET_TRAIN || pocket.count < EXAMPLES_SHOWN))
        status = err_set(err, PONDER_E_ARGUMENT,
                         "--shots: '%.60s': examples are %d or more of the training part, pocket:train:%d",
                         name, EXAMPLES_SHOWN, EXAMPLES_MAX);
    for (int64_t i = 0; i < pocket.count && out->count < EXAMPLES_MAX && !status; i++) {
        status = ponder_pocket_next(pocket.generator, &item, err);
        if (!status)
            status = offer(out, item.problem, item.solution, err);
    }
    ponder_pocket_free(pocket.generator);
    if (!status && out->count < EXAMPLES_SHOWN)
        status =
            err_set(err, PONDER_E_ARGUMENT,
                    "--shots: '%.60s': %d of its questions are different and at most %d bytes; %d are wanted",
                    name, out->count, SHOT_BYTES_MAX, EXAMPLES_SHOWN);
    return status;
}

int shots_read(struct examples *out, const char *data, struct ponder_err *err)
{
    *out = (struct examples){0};
    int status = strncmp(data, "pocket:", 7) == 0 ? from_pocket(out, data, err) : from_file(out, data, err);
    if (status)
        examples_release(out);
    return status;
}
