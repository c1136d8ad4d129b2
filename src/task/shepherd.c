#include "task/shepherd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

static const char mark[] = " ки"; /* behind a step; in `label` a space and a sign stand there */
enum { MARK_BYTES = sizeof mark - 1, SIGN_BYTES = 2, TEXT_BYTES_MAX = 1 << 26 };

struct text {
    const char *bytes;
    size_t len;
};

bool shepherd_is(const json_t *record)
{
    return json_object_get(record, "input") && json_object_get(record, "label");
}

void shepherd_release(struct shepherd *solution)
{
    free(solution->problem);
    free(solution->text);
    free(solution->labels);
    *solution = (struct shepherd){0};
}

/* ---- reading ---- */

/* The next mark at which a line or the text ends; NULL: none. */
static const char *find_mark(const char *at)
{
    for (; (at = strstr(at, mark)); at += MARK_BYTES)
        if (at[MARK_BYTES] == '\n' || at[MARK_BYTES] == '\0')
            return at;
    return NULL;
}

static int count_marks(const char *text)
{
    int count = 0;
    for (const char *at = text; (at = find_mark(at)) && count <= SHEPHERD_STEPS_MAX; at += MARK_BYTES)
        count++;
    return count;
}

/* Behind "Step N: ", where the text begins with that. */
static const char *skip_number(const char *text, const char *end, int number)
{
    char opening[32];
    size_t n = (size_t)snprintf(opening, sizeof opening, "Step %d: ", number);
    if ((size_t)(end - text) >= n && memcmp(text, opening, n) == 0)
        return text + n;
    return text;
}

/* Where the first step begins: at the last "Step 1: " before the first mark, as a question may have one. */
static const char *find_steps(const char *input, const char *first_mark)
{
    static const char opening[] = "Step 1: ";
    const char *found = NULL;
    for (const char *at = input; (at = strstr(at, opening)) && at < first_mark; at++)
        found = at;
    return found;
}

/* The sign in the label where the input has its mark number `number`, at byte `at`. */
static int take_sign(struct shepherd *out, const struct text *label, size_t at, int number,
                     struct ponder_err *err)
{
    size_t offset = at - (size_t)number * (MARK_BYTES - SIGN_BYTES);
    char sign = offset + 1 < label->len ? label->bytes[offset + 1] : '\0';
    if (sign != '+' && sign != '-')
        return err_set(err, PONDER_E_FORMAT, "\"label\" has no + or - where \"input\" has its mark %d",
                       number + 1);
    out->labels[number] = sign == '+';
    return PONDER_OK;
}

/* A step is one line here, however many it had. */
static void put_line(struct buf *text, const char *step, const char *end)
{
    for (; step < end; step++)
        buf_putc(text, *step == '\n' ? ' ' : *step);
}

static char *problem_of(const char *input, const char *step)
{
    size_t n = (size_t)(step - input);
    while (n > 0 && (input[n - 1] == ' ' || input[n - 1] == '\n'))
        n--;
    return strndup(input, n);
}

static int take_steps(struct shepherd *out, const char *input, const struct text *label,
                      struct ponder_err *err)
{
    struct buf text = BUF_INIT(TEXT_BYTES_MAX);
    const char *end = find_mark(input), *step = find_steps(input, end);
    int status = PONDER_OK;
    out->problem = problem_of(input, step);
    for (int i = 0; i < out->lines && !status; i++) {
        if (i)
            buf_putc(&text, '\n');
        put_line(&text, skip_number(step, end, i + 1), end);
        status = take_sign(out, label, (size_t)(end - input), i, err);
        step = end + MARK_BYTES + (end[MARK_BYTES] == '\n');
        end = find_mark(step);
    }
    out->text = buf_ok(&text) ? buf_take(&text, NULL) : NULL;
    buf_release(&text);
    if (!status && (!out->problem || !out->text))
        return err_set(err, PONDER_E_LIMIT, "a solution of over %d bytes, or memory is short",
                       TEXT_BYTES_MAX);
    return status;
}

static int take_values(struct shepherd *out, const json_t *values, struct ponder_err *err)
{
    if (json_array_size(values) != (size_t)out->lines)
        return err_set(err, PONDER_E_FORMAT, "%zu \"values\" for %d steps", json_array_size(values),
                       out->lines);
    for (int i = 0; i < out->lines; i++) {
        const json_t *value = json_array_get(values, (size_t)i);
        double share = json_is_number(value) ? json_number_value(value) : -1;
        if (!(share >= 0 && share <= 1))
            return err_set(err, PONDER_E_FORMAT, "value %d is no number from 0 to 1", i + 1);
        out->labels[i] = (float)share;
    }
    return PONDER_OK;
}

int shepherd_take(struct shepherd *out, const json_t *record, struct ponder_err *err)
{
    const char *input = json_string_value(json_object_get(record, "input")),
               *label = json_string_value(json_object_get(record, "label"));
    const json_t *values = json_object_get(record, "values");
    *out = (struct shepherd){0};
    if (!input || !label)
        return err_set(err, PONDER_E_FORMAT, "\"input\" or \"label\" is no text");
    out->lines = count_marks(input);
    if (out->lines == 0 || out->lines > SHEPHERD_STEPS_MAX || !find_steps(input, find_mark(input)))
        return err_set(
            err, PONDER_E_FORMAT,
            "\"input\" is no question with \"Step 1: \" and 1 to %d steps behind it, each with its "
            "mark,%s, at the end of its line",
            SHEPHERD_STEPS_MAX, mark);
    out->labels = calloc((size_t)out->lines, sizeof *out->labels);
    if (!out->labels)
        return err_memory(err, "labels");
    struct text signs = {label, strlen(label)};
    int status = take_steps(out, input, &signs, err);
    out->right = !status && out->labels[out->lines - 1] > 0;
    return status || !values || json_is_null(values) ? status : take_values(out, values, err);
}

/* ---- writing ---- */

/* Both texts; false where the form cannot say it. */
static bool put_steps(const struct shepherd_solution *s, struct buf *input, struct buf *label)
{
    size_t at = 0;
    int64_t step = 0;
    if (find_mark(s->problem))
        return false;
    buf_puts(input, s->problem);
    buf_puts(label, s->problem);
    for (; at < s->len && step < s->count; step++) {
        const char *line = s->text + at, *end = memchr(line, '\n', s->len - at);
        size_t n = end ? (size_t)(end - line) : s->len - at;
        if (memchr(line, '\0', n) ||
            (n >= MARK_BYTES && memcmp(line + n - MARK_BYTES, mark, MARK_BYTES) == 0))
            return false;
        const char *gap = step ? "\n" : " ";
        buf_printf(input, "%sStep %lld: %.*s%s", gap, (long long)step + 1, (int)n, line, mark);
        buf_printf(label, "%sStep %lld: %.*s %c", gap, (long long)step + 1, (int)n, line,
                   s->values[step] > 0 ? '+' : '-');
        at += n + (end != NULL);
    }
    return at == s->len && step == s->count && step > 0;
}

static json_t *values_json(const struct shepherd_solution *s)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < s->count; i++)
        json_array_append_new(array, json_from_real(s->values[i]));
    return array;
}

int shepherd_print(char **out, const struct shepherd_solution *s, struct ponder_err *err)
{
    struct buf input = BUF_INIT(TEXT_BYTES_MAX), label = BUF_INIT(TEXT_BYTES_MAX);
    bool said = put_steps(s, &input, &label);
    json_t *texts[] = {json_stringn(buf_text(&input), input.len), json_stringn(buf_text(&label), label.len)};
    int status = PONDER_OK;
    *out = NULL;
    if (said && (!buf_ok(&input) || !buf_ok(&label)))
        status = err_set(err, PONDER_E_LIMIT, "a solution of over %d bytes", TEXT_BYTES_MAX);
    if (said && !status && texts[0] && texts[1])
        status = json_print(json_pack("{s:O, s:O, s:o, s:o, s:I}", "input", texts[0], "label", texts[1],
                                      "task", json_from_string(s->task), "values", values_json(s), "rollouts",
                                      (json_int_t)s->rollouts),
                            out, err);
    json_decref(texts[0]);
    json_decref(texts[1]);
    buf_release(&input);
    buf_release(&label);
    return status;
}
