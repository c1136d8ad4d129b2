#include "task/questions_form.h"

#include <string.h>

#include "core/err.h"
#include "core/json.h"

enum { CHOICES_MAX = 26 };

/* NULL where there is none, or one with a NUL in it. */
static const char *form_text(const json_t *record, const char *key)
{
    const json_t *value = json_object_get(record, key);
    const char *text = json_string_value(value);
    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static const char *first_text(const json_t *record, const char *const *keys)
{
    const char *text = NULL;
    for (; *keys && !text; keys++)
        text = form_text(record, *keys);
    return text;
}

/* ---- choices ---- */

struct choices {
    const char *texts[CHOICES_MAX];
    char letters[CHOICES_MAX]; /* as they are shown: A, B, .. */
    int count, right;          /* right: -1 where nothing says which */
    const char *field;
};

static bool is_field(const json_t *record, const char *key)
{
    const json_t *value = json_object_get(record, key);
    return value && !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0);
}

static int refuse_field(const char *field, struct ponder_err *err)
{
    return err_set(
        err, PONDER_E_FORMAT,
        "\"%s\" changes the question, and is of no form that is known: choices are a list of 2 to %d texts, "
        "or \"text\" and \"label\" lists, and \"answer\", \"answerKey\" or \"correct\" names one of them by "
        "letter or by "
        "number from 0; leave the field away where the question stands without it",
        field, CHOICES_MAX);
}

/* Which one a letter, a label or a number from 0 names; -1: none. */
static int choice_named(const struct choices *choices, const json_t *labels, const json_t *name)
{
    const char *text = json_string_value(name);
    if (json_is_integer(name) && json_integer_value(name) >= 0 && json_integer_value(name) < choices->count)
        return (int)json_integer_value(name);
    for (int i = 0; text && i < choices->count; i++) {
        const char *label = json_string_value(json_array_get(labels, (size_t)i));
        if (label ? strcmp(label, text) == 0 : text[0] == 'A' + i && !text[1])
            return i;
    }
    for (int i = 0; text && i < choices->count; i++) /* or the choice itself */
        if (strcmp(text, choices->texts[i]) == 0)
            return i;
    return -1;
}

/* "A)21" and "(A) 21" are shown as 21. */
static const char *without_letter(const char *text, int index)
{
    const char *at = text + (text[0] == '(');
    bool lettered = at[0] == 'A' + index && (at[1] == ')' || at[1] == '.' || at[1] == ':');
    return lettered ? at + 2 + strspn(at + 2, " ") : text;
}

static int read_choices(const json_t *record, struct choices *out, struct ponder_err *err)
{
    static const char *const fields[] = {"choices", "options"}, *const names[] = {"answerKey", "correct",
                                                                                  "answer"};
    *out = (struct choices){.right = -1};
    for (int i = 0; i < 2 && !out->field; i++)
        out->field = is_field(record, fields[i]) ? fields[i] : NULL;
    if (!out->field)
        return PONDER_OK;
    const json_t *list = json_object_get(record, out->field), *labels = json_object_get(list, "label");
    list = json_is_object(list) ? json_object_get(list, "text") : list;
    size_t count = json_array_size(list);
    if (count < 2 || count > CHOICES_MAX)
        return refuse_field(out->field, err);
    for (; out->count < (int)count; out->count++) {
        const char *text = json_string_value(json_array_get(list, (size_t)out->count));
        if (!text)
            return refuse_field(out->field, err);
        out->texts[out->count] = without_letter(text, out->count);
        out->letters[out->count] = (char)('A' + out->count);
    }
    for (int i = 0; i < 3 && out->right < 0; i++)
        out->right = choice_named(out, labels, json_object_get(record, names[i]));
    return out->right < 0 ? refuse_field(out->field, err) : PONDER_OK;
}

/* ---- the question ---- */

int questions_form_read(const json_t *record, struct buf *problem, struct buf *answer, struct ponder_err *err)
{
    static const char *const asked[] = {"problem", "question", "Question", NULL};
    static const char *const about[] = {"context", "passage", "body", "Body", NULL};
    struct choices choices;
    const char *question = first_text(record, asked), *before = first_text(record, about);
    for (const char *const *field = about; *field && !before; field++)
        if (is_field(record, *field))
            return err_set(err, PONDER_E_FORMAT, "\"%s\" changes the question, and is no text", *field);
    int status = read_choices(record, &choices, err);
    if (status || !question)
        return status;
    if (before)
        buf_printf(problem, "%s\n", before);
    buf_puts(problem, question);
    for (int i = 0; i < choices.count; i++)
        buf_printf(problem, "\n%c) %s", choices.letters[i], choices.texts[i]);
    if (choices.count)
        buf_putc(answer, choices.letters[choices.right]);
    return buf_ok(problem) && buf_ok(answer) ? PONDER_OK : err_memory(err, "a question");
}
